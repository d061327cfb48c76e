//! A browser without JavaScript: cookies, forms, redirects.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{PASSWORD, World};

/// An answer of the portal.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// What a reader sees: the text outside of tags.
    pub(crate) fn words(&self) -> String {
        let html = self.text();
        let body = html.split_once("<body").map_or(html.as_str(), |(_, body)| body);
        let parts = body.split('<').skip(1).filter_map(|part| part.split_once('>'));
        let mut out = String::new();
        for (_, text) in parts {
            out.push_str(text);
            out.push(' ');
        }
        out
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        assert!(self.words().contains(text), "{text:?} is missing in: {}", self.words());
        self
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Self {
        assert!(!self.text().contains(text), "{text:?} is shown in: {}", self.words());
        self
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.words());
        self
    }

    /// Values of the hidden field `csrf`.
    pub(crate) fn csrf(&self) -> String {
        let html = self.text();
        let rest = html.split_once("name=\"csrf\" value=\"").map(|(_, rest)| rest);
        rest.and_then(|r| r.split_once('"')).map(|(v, _)| v.to_owned()).unwrap_or_default()
    }
}

/// One browser with its cookies.
pub(crate) struct Browser {
    address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Sent with every request.
    pub(crate) headers: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new(world: &World) -> Self {
        Browser { address: world.address, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// A browser in which an administrator has signed in.
    pub(crate) async fn signed_in(world: &World, domain: &str, user: &str) -> Self {
        let mut browser = Browser::new(world);
        let answer = browser.login(domain, user, PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.words());
        browser
    }

    pub(crate) async fn login(&mut self, domain: &str, user: &str, password: &str) -> Answer {
        let fields = [("domain", domain), ("user", user), ("password", password)];
        self.post("/login", &fields).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// As a page that updates itself.
    pub(crate) async fn live(&mut self, path: &str, key: &str) -> Answer {
        self.headers.push(("X-Live".to_owned(), key.to_owned()));
        let answer = self.get(path).await;
        self.headers.pop();
        answer
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> =
            fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        self.send("POST", path, Some(pairs.join("&"))).await
    }

    /// Posts with the word that the page at `from` carries.
    pub(crate) async fn submit(
        &mut self,
        from: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let csrf = self.get(from).await.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: Option<String>) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        head.push_str("Connection: close\r\n");
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", pairs.join("; ")));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &body {
            head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        head.push_str(&body.unwrap_or_default());
        let answer = exchange(self.address, &head).await;
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for (_, value) in
            answer.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"))
        {
            let (pair, rest) = value.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            if rest.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Sends a request on a connection of its own.
pub(crate) async fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("the portal listens");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("answered");
    parse(&bytes)
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body = &bytes[end + 4..];
    let chunked = headers.iter().any(|(n, v)| {
        n.eq_ignore_ascii_case("transfer-encoding") && v.eq_ignore_ascii_case("chunked")
    });
    let bytes = if chunked { join_chunks(body) } else { body.to_vec() };
    Answer { status: status.expect("a status"), headers, bytes }
}

fn join_chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
        if size == 0 {
            break;
        }
        out.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    out
}
