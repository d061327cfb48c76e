//! Chromium without a window, driven over its debugging pipe (DevTools protocol).

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::end;

/// How long a page may take until it says what is waited for, in milliseconds.
const PATIENCE_MS: u32 = 20_000;

/// One page in a browser of its own.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    asked: u64,
}

impl Browser {
    /// Starts it with an empty page; what it keeps lies in `parent`.
    pub(crate) fn start(parent: &Path) -> Self {
        let log = File::create(parent.join("chromium.log")).unwrap();
        // The pipe is its third and fourth file.
        let begin = "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>&2";
        let mut child = Command::new("/bin/sh")
            .args(["-c", begin, "sh", "--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--remote-debugging-pipe", "--no-first-run", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", parent.join("chromium").display()))
            .env("HOME", parent)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        let mut browser = Browser { child, to, from, session: None, asked: 0 };
        let page = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let page = json!({"targetId": page["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", page);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        browser.ask("Page.enable", json!({}));
        browser
    }

    /// One command, and what it gave.
    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut command = json!({"id": self.asked, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let mut said = Vec::new();
            self.from.read_until(0, &mut said).unwrap();
            assert!(said.pop() == Some(0), "{method}: the browser has gone");
            let said: Value = serde_json::from_slice(&said).unwrap();
            if said["id"] == json!(self.asked) {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
        }
    }

    /// What an expression is worth on the page; a promise is waited for.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression holds; every change of the page is looked at.
    #[track_caller]
    pub(crate) fn until(&mut self, holds: &str) {
        let promise = format!(
            "new Promise((good, bad) => {{
                const look = () => {{ if ({holds}) {{ watch.disconnect(); good(true); }} }};
                const watch = new MutationObserver(look);
                watch.observe(document, {{
                    subtree: true, childList: true, characterData: true, attributes: true,
                }});
                setTimeout(() => bad(new Error(document.body.innerText)), {PATIENCE_MS});
                look();
            }})"
        );
        self.value(&promise);
    }

    /// Does something that leads to another page, and waits for that.
    #[track_caller]
    fn leave(&mut self, go: impl FnOnce(&mut Self)) {
        self.value("window.left = true");
        go(self);
        loop {
            // While one page gives way to the next there is nobody to ask.
            let asked = json!({"expression": "!window.left && document.readyState"});
            let answer = self.ask("Runtime.evaluate", asked);
            if answer["result"]["value"] == json!("complete") {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Opens a page.
    #[track_caller]
    pub(crate) fn open(&mut self, url: &str) {
        self.leave(|page| {
            page.ask("Page.navigate", json!({ "url": url }));
        });
    }

    /// Fills the fields of the page's form, sends it, and waits for the next page.
    #[track_caller]
    pub(crate) fn send(&mut self, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            self.value(&format!("document.getElementById({name:?}).value = {text:?}"));
        }
        self.leave(|page| {
            let last = fields.last().map_or("", |(name, _)| *name);
            page.value(&format!("document.getElementById({last:?}).form.requestSubmit()"));
        });
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = end(&mut self.child, Duration::from_secs(2));
    }
}
