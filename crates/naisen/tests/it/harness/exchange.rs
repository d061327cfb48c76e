//! The program itself, in a folder of its own, on ports that the kernel chose.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::{PATIENCE, ask, end, folder, signal};

/// Domain of the company that every test has.
pub(crate) const DOMAIN: &str = "test.example.jp";
/// The administrator's password.
pub(crate) const PASSWORD: &str = "Test-Password-1";
/// Secret of the extension `dn`.
pub(crate) fn secret(dn: u32) -> String {
    format!("pw{dn}")
}

/// The program under test; `NAISEN_BIN` names another build of it.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("NAISEN_BIN").map_or(env!("CARGO_BIN_EXE_naisen").into(), PathBuf::from)
}

/// A company with extensions, and the program that serves it.
pub(crate) struct Exchange {
    /// Its folder; the data are in `data`.
    pub(crate) dir: PathBuf,
    child: Option<Child>,
    listeners: Vec<(String, SocketAddr)>,
    /// Further environment of the program.
    env: Vec<(&'static str, String)>,
    /// It is told of a file that may not grow by an error alone, as of a full disk.
    pub(crate) survives_large_files: bool,
}

impl Exchange {
    /// Makes the company and starts the program with `[media] path = path`.
    #[track_caller]
    pub(crate) fn start(name: &str, path: &str, extensions: std::ops::Range<u32>) -> Self {
        let mut exchange = Self::prepared(name, path, extensions);
        exchange.serve();
        exchange
    }

    /// Makes the company without starting the program.
    #[track_caller]
    pub(crate) fn prepared(name: &str, path: &str, extensions: std::ops::Range<u32>) -> Self {
        let exchange = Self::empty(name, path);
        exchange.good(&["init", "--tenant", DOMAIN, "--name", "Test", "--admin", "admin"]);
        let (mut lines, mut people) = (String::new(), String::new());
        for dn in extensions {
            let mobile = format!("080{}", 10_000_000 + dn);
            lines += &format!("{mobile}\r\n");
            let secret = secret(dn);
            people += &format!("{dn},{mobile},000000000000,,{secret},0,0,u{dn},abcd{dn},0\r\n");
        }
        exchange.write("lines.csv", lines.as_bytes());
        exchange.write("people.csv", people.as_bytes());
        exchange.good(&["import", "mobile-lines", "lines.csv", "--tenant", DOMAIN]);
        exchange.good(&["import", "extensions", "people.csv", "--tenant", DOMAIN]);
        exchange
    }

    /// Only a folder with a configuration.
    pub(crate) fn empty(name: &str, path: &str) -> Self {
        let dir = folder(name);
        let (listeners, env) = (Vec::new(), Vec::new());
        let exchange = Exchange { dir, child: None, listeners, env, survives_large_files: false };
        exchange.configure(path, "");
        exchange
    }

    /// Writes `naisen.toml`; `more` goes behind the rest.
    pub(crate) fn configure(&self, path: &str, more: &str) {
        let text = format!(
            "[node]\ndata = \"data\"\ndrain = \"3s\"\n[sip]\nudp = [\"127.0.0.1:0\"]\n\
             tcp = [\"127.0.0.1:0\"]\ntls = [\"127.0.0.1:0\"]\n[media]\naddress = \"127.0.0.1\"\n\
             path = \"{path}\"\n[portal]\nclosed = \"127.0.0.1:0\"\n[phones]\nlisten = \"\"\n\
             [metrics]\nlisten = \"127.0.0.1:0\"\n{more}"
        );
        self.write("naisen.toml", text.as_bytes());
    }

    /// Agrees on sessions of so many seconds instead of half an hour, before it is started. False
    /// when the program under test is not the one that was built for the tests.
    #[must_use]
    pub(crate) fn short_sessions(&mut self, seconds: u32, least: u32) -> bool {
        let own = std::env::var_os("NAISEN_BIN").is_none() && cfg!(debug_assertions);
        self.env.push(("NAISEN_TEST_SESSION", format!("{seconds},{least}")));
        if !own {
            super::skip("only a debug build takes sessions that are shorter than 90 s");
        }
        own
    }

    /// Listens on both loopback addresses, and names in SDP whichever faces the telephone.
    pub(crate) fn on_both_families(&self) {
        let file = self.dir.join("naisen.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace("udp = [\"127.0.0.1:0\"]", "udp = [\"127.0.0.1:0\", \"[::1]:0\"]");
        let text = text.replace("address = \"127.0.0.1\"", "address = \"auto\"");
        std::fs::write(file, text).unwrap();
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.dir.join(name), content).unwrap();
    }

    /// Starts `naisen serve` and waits for its listeners.
    #[track_caller]
    pub(crate) fn serve(&mut self) {
        let file = self.dir.join("data/listeners");
        let _ = std::fs::remove_file(&file);
        let log = File::options().create(true).append(true).open(self.dir.join("log")).unwrap();
        let mut command = match self.survives_large_files {
            false => self.command(&["serve"]),
            true => self.without_signal(&["serve"]),
        };
        let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = command.spawn().unwrap();
        let opened = ask(PATIENCE, || {
            let text = std::fs::read_to_string(&file).ok()?;
            let lines: Vec<(String, SocketAddr)> = text
                .lines()
                .filter_map(|line| {
                    let (name, address) = line.rsplit_once(' ')?;
                    Some((name.trim().to_owned(), address.parse().ok()?))
                })
                .collect();
            let complete = text.ends_with('\n') && lines.iter().any(|(n, _)| n.contains("metrics"));
            complete.then_some(lines)
        });
        let Some(listeners) = opened else {
            let _ = end(&mut child, Duration::ZERO);
            panic!("serve opened no listeners:\n{}", self.log());
        };
        self.listeners = listeners;
        self.child = Some(child);
    }

    /// What the program said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// The address of the listener whose name holds all of these words.
    #[track_caller]
    pub(crate) fn listener(&self, words: &[&str]) -> SocketAddr {
        let matches = |name: &str| words.iter().all(|w| name.to_lowercase().contains(w));
        let found = self.listeners.iter().find(|(name, _)| matches(name));
        found.unwrap_or_else(|| panic!("no listener {words:?} in {:?}", self.listeners)).1
    }

    /// Where SIP over UDP is taken.
    #[track_caller]
    pub(crate) fn udp(&self) -> SocketAddr {
        self.listener(&["udp"])
    }

    /// Where SIP over UDP is taken by IPv6.
    #[track_caller]
    pub(crate) fn udp6(&self) -> SocketAddr {
        let found = self.listeners.iter().find(|(n, at)| n.contains("udp") && at.is_ipv6());
        found.unwrap_or_else(|| panic!("no IPv6 in {:?}", self.listeners)).1
    }

    /// The process that serves.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Where SIP over TCP is taken.
    #[track_caller]
    pub(crate) fn tcp(&self) -> SocketAddr {
        self.listener(&["tcp"])
    }

    /// Where SIP over TLS is taken.
    #[track_caller]
    pub(crate) fn tls(&self) -> SocketAddr {
        self.listener(&["tls"])
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args).arg("--config").arg(self.dir.join("naisen.toml"));
        command.current_dir(&self.dir);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The same, by way of a shell that has SIGXFSZ ignored.
    fn without_signal(&self, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(program());
        command.args(args).arg("--config").arg(self.dir.join("naisen.toml"));
        command.current_dir(&self.dir);
        command
    }

    /// Runs a command with a password at hand on its standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a command that must succeed; its standard output.
    #[track_caller]
    pub(crate) fn good(&self, args: &[&str]) -> Vec<u8> {
        let out = self.run(args);
        assert!(
            out.status.success(),
            "naisen {args:?}: {}\n{}\n{}",
            out.status,
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
        out.stdout
    }

    /// The call history, one row of columns a call.
    #[track_caller]
    pub(crate) fn history(&self) -> Vec<Vec<String>> {
        let args = ["export", "history", "--tenant", DOMAIN, "--format", "utf8"];
        let text = String::from_utf8(self.good(&args)).unwrap();
        let text = text.trim_start_matches('\u{feff}');
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    /// Waits for so many rows of history.
    #[track_caller]
    pub(crate) fn history_of(&self, rows: usize) -> Vec<Vec<String>> {
        let mut last = Vec::new();
        let found = ask(PATIENCE, || {
            last = self.history();
            (last.len() >= rows).then_some(())
        });
        assert!(found.is_some(), "{rows} rows of history expected, there are {last:?}");
        assert_eq!(last.len(), rows, "{last:?}");
        last
    }

    /// Kills it at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop; the exit status.
    pub(crate) fn stop(&mut self, at_most: Duration) -> Option<i32> {
        let mut child = self.child.take()?;
        signal(&child, Signal::TERM);
        end(&mut child, at_most)
    }

    /// Sends the program a signal.
    pub(crate) fn send(&self, what: Signal) {
        if let Some(child) = &self.child {
            signal(child, what);
        }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let good = !std::thread::panicking();
        if self.stop(Duration::from_secs(10)).is_none() && good {
            self.kill();
        }
        if good {
            let _ = std::fs::remove_dir_all(&self.dir);
        } else {
            eprint!("the folder of the failed test: {}\n{}\n", self.dir.display(), tail(&self.dir));
        }
    }
}

/// The last lines of the log.
fn tail(dir: &Path) -> String {
    let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
