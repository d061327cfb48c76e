//! A caller and a callee in one, as small as can be: for thousands of calls in a row, and for
//! knowing exactly which requests were answered before a process died.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use sip::digest::{Algorithm, Ha1, Proof};

use super::exchange::{DOMAIN, secret};
use super::own_address;

/// A telephone.
pub(crate) struct Tiny {
    socket: UdpSocket,
    at: SocketAddr,
    exchange: SocketAddr,
    dn: u32,
    turn: u32,
    nonce: String,
    count: u32,
}

impl Tiny {
    /// At an address of its own.
    pub(crate) fn new(dn: u32, exchange: SocketAddr) -> Self {
        let socket = UdpSocket::bind((own_address(), 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        let at = socket.local_addr().unwrap();
        Tiny { socket, at, exchange, dn, turn: 0, nonce: String::new(), count: 0 }
    }

    /// The exchange stands elsewhere now.
    pub(crate) fn moved(&mut self, exchange: SocketAddr) {
        (self.exchange, self.nonce) = (exchange, String::new());
    }

    fn credentials(&mut self, header: &str, method: &str, uri: &str) -> String {
        if self.nonce.is_empty() {
            return String::new();
        }
        self.count += 1;
        let (dn, nonce, nc) = (self.dn.to_string(), &self.nonce, format!("{:08x}", self.count));
        let ha1 = Ha1::compute(dn.as_bytes(), DOMAIN.as_bytes(), secret(self.dn).as_bytes());
        let proof = Proof {
            method: method.as_bytes(),
            uri: uri.as_bytes(),
            nonce: nonce.as_bytes(),
            counted: Some((nc.as_bytes(), b"tiny")),
        };
        let response = proof.response(Algorithm::Md5, &ha1);
        let response = String::from_utf8_lossy(response.as_bytes()).into_owned();
        format!(
            "{header}: Digest username=\"{dn}\", realm=\"{DOMAIN}\", nonce=\"{nonce}\", \
             uri=\"{uri}\", response=\"{response}\", algorithm=MD5, qop=auth, nc={nc}, \
             cnonce=\"tiny\"\r\n"
        )
    }

    fn send(&self, text: &str) {
        let _ = self.socket.send_to(text.as_bytes(), self.exchange);
    }

    fn read(&self) -> Option<String> {
        let mut buffer = [0; 8192];
        let (length, _) = self.socket.recv_from(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// Registers with a contact that carries `mark`; without one it only asks. The 200, or `None`
    /// when nobody answers in time.
    pub(crate) fn register(&mut self, mark: Option<u32>, time: Duration) -> Option<String> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.turn += 1;
            let (dn, at, turn) = (self.dn, self.at, self.turn);
            let uri = format!("sip:{DOMAIN}");
            let proof = self.credentials("Authorization", "REGISTER", &uri);
            let contact = mark.map_or(String::new(), |mark| {
                format!("Contact: <sip:{dn}@{at};mark={mark}>\r\nExpires: 600\r\n")
            });
            let call = format!("{dn}-registers");
            self.send(&format!(
                "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKr{turn}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{dn}@{DOMAIN}>;tag=r\r\nTo: <sip:{dn}@{DOMAIN}>\r\n\
                 Call-ID: {call}\r\nCSeq: {turn} REGISTER\r\n{contact}{proof}\
                 Content-Length: 0\r\n\r\n"
            ));
            let answer = self.answer(&format!("{turn} REGISTER"), deadline)?;
            if answer.starts_with("SIP/2.0 200") {
                return Some(answer);
            }
            self.challenged(&answer);
        }
        None
    }

    fn challenged(&mut self, answer: &str) {
        let nonce = answer.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next());
        if let Some(nonce) = nonce {
            (self.nonce, self.count) = (nonce.to_owned(), 0);
        }
    }

    /// The next final response with that CSeq.
    fn answer(&self, cseq: &str, deadline: Instant) -> Option<String> {
        while Instant::now() < deadline {
            if let Some(text) = self.read()
                && text.starts_with("SIP/2.0 ")
                && !text.starts_with("SIP/2.0 1")
                && field(&text, "CSeq") == Some(cseq)
            {
                return Some(text);
            }
        }
        None
    }

    /// Calls `callee`, who answers at once, and hangs up. Whether the BYE was answered; `None`
    /// when it was not even sent.
    pub(crate) fn call(&mut self, callee: &Tiny, time: Duration) -> Option<bool> {
        let deadline = Instant::now() + time;
        let (dn, at, to) = (self.dn, self.at, callee.dn);
        let uri = format!("sip:{to}@{DOMAIN}");
        let answer = loop {
            self.turn += 1;
            let turn = self.turn;
            let proof = self.credentials("Proxy-Authorization", "INVITE", &uri);
            let body = format!(
                "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n\
                 m=audio 30000 RTP/AVP 0\r\n",
                at.ip()
            );
            self.send(&format!(
                "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKi{turn}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{dn}@{DOMAIN}>;tag=i{turn}\r\nTo: <{uri}>\r\n\
                 Call-ID: {dn}-calls-{turn}\r\nCSeq: 1 INVITE\r\nContact: <sip:{dn}@{at}>\r\n\
                 {proof}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ));
            let answer = self.final_answer(callee, deadline)?;
            if answer.starts_with("SIP/2.0 200") {
                break answer;
            }
            if !answer.starts_with("SIP/2.0 407") {
                return None;
            }
            let tag = field(&answer, "To")?.to_owned();
            self.send(&format!(
                "ACK {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKi{turn}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{dn}@{DOMAIN}>;tag=i{turn}\r\nTo: {tag}\r\n\
                 Call-ID: {dn}-calls-{turn}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
            ));
            self.challenged(&answer);
        };
        let turn = self.turn;
        let (tag, contact) = (field(&answer, "To")?.to_owned(), field(&answer, "Contact")?);
        let target = contact.trim_start_matches('<').split('>').next()?.to_owned();
        let inside = |method: &str, cseq: u32, branch: &str| {
            format!(
                "{method} {target} SIP/2.0\r\n\
                 Via: SIP/2.0/UDP {at};branch=z9hG4bK{branch}{turn}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{dn}@{DOMAIN}>;tag=i{turn}\r\nTo: {tag}\r\n\
                 Call-ID: {dn}-calls-{turn}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
            )
        };
        self.send(&inside("ACK", 1, "a"));
        self.send(&inside("BYE", 2, "b"));
        while Instant::now() < deadline {
            callee.serve();
            if let Some(text) = self.read()
                && text.starts_with("SIP/2.0 200")
                && field(&text, "CSeq") == Some("2 BYE")
            {
                return Some(true);
            }
        }
        Some(false)
    }

    fn final_answer(&self, callee: &Tiny, deadline: Instant) -> Option<String> {
        while Instant::now() < deadline {
            callee.serve();
            if let Some(text) = self.read()
                && field(&text, "CSeq") == Some("1 INVITE")
                && text.starts_with("SIP/2.0 ")
                && !text.starts_with("SIP/2.0 1")
            {
                return Some(text);
            }
        }
        None
    }

    /// Answers whatever came: 200 to each request.
    pub(crate) fn serve(&self) {
        while let Some(text) = self.read() {
            let method = text.split(' ').next().unwrap_or_default();
            if text.starts_with("SIP/2.0") || method == "ACK" {
                continue;
            }
            let get = |name: &str| field(&text, name).unwrap_or_default();
            let tag = if get("To").contains("tag=") { "" } else { ";tag=tiny" };
            let body = match method {
                "INVITE" => format!(
                    "v=0\r\no=- 2 2 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n\
                     m=audio 30002 RTP/AVP 0\r\n",
                    self.at.ip()
                ),
                _ => String::new(),
            };
            let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
            self.send(&format!(
                "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\n\
                 CSeq: {}\r\nContact: <sip:{}@{}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
                get("Via"),
                get("From"),
                get("To"),
                get("Call-ID"),
                get("CSeq"),
                self.dn,
                self.at,
                body.len()
            ));
        }
    }
}

/// A header's value.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let lines = text.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| *key == name)
        .map(|(_, v)| v.trim())
}
