//! SIPp, which speaks exactly what a script says.

use std::fmt::Display;
use std::fs::File;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::exchange::{DOMAIN, Exchange, secret};
use super::line::Line;
use super::script::{self, Script};
use super::{PATIENCE, ask, end, free_port, own_address};

/// How a telephone reaches the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Datagrams.
    Udp,
    /// One connection for all calls.
    Tcp,
    /// The same, secured.
    Tls,
    /// Datagrams, by IPv6.
    Udp6,
}

/// Caller and callee on different transports, and the other way round.
pub(crate) const MIXED: [(Over, Over); 2] = [(Over::Tcp, Over::Udp), (Over::Udp, Over::Tcp)];

/// A telephone played by SIPp: one extension at one address.
pub(crate) struct Phone {
    /// Its extension.
    pub(crate) dn: u32,
    /// Where it is.
    pub(crate) at: SocketAddr,
    exchange: SocketAddr,
    over: Over,
    /// The connection that calls to it come by.
    line: Option<Line>,
    dir: PathBuf,
    runs: u32,
}

/// A script that is being played.
pub(crate) struct Run {
    child: Child,
    /// Every message, as SIPp wrote it down.
    log: PathBuf,
    errors: PathBuf,
    name: String,
}

impl Phone {
    /// A telephone that is not registered yet.
    pub(crate) fn new(dir: &Path, dn: u32, exchange: SocketAddr, over: Over) -> Self {
        let ip: IpAddr = match over {
            Over::Udp | Over::Tcp | Over::Tls => own_address().into(),
            Over::Udp6 => Ipv6Addr::LOCALHOST.into(),
        };
        let at = SocketAddr::from((ip, free_port(ip)));
        Phone { dn, at, exchange, over, line: None, dir: dir.to_path_buf(), runs: 0 }
    }

    /// A telephone of `exchange` that calls without being registered.
    #[track_caller]
    pub(crate) fn calling(exchange: &Exchange, dn: u32, over: Over) -> Self {
        let address = match over {
            Over::Udp => exchange.udp(),
            Over::Tcp => exchange.tcp(),
            Over::Tls => exchange.tls(),
            Over::Udp6 => exchange.udp6(),
        };
        let mut phone = Self::new(&exchange.dir, dn, address, over);
        if over == Over::Tls {
            let authority = exchange.data().join("tls/ca.pem");
            phone.line = Some(Line::open(phone.at, address, Some(&authority)));
        }
        phone
    }

    /// A telephone of `exchange` that is registered.
    #[track_caller]
    pub(crate) fn on(exchange: &Exchange, dn: u32, over: Over) -> Self {
        let mut phone = Self::calling(exchange, dn, over);
        if over == Over::Tcp {
            phone.line = Some(Line::open(phone.at, exchange.tcp(), None));
        }
        phone.play(&script::register(), dn).good();
        phone
    }

    /// One that is registered.
    #[track_caller]
    pub(crate) fn registered(dir: &Path, dn: u32, exchange: SocketAddr) -> Self {
        let mut phone = Self::new(dir, dn, exchange, Over::Udp);
        phone.play(&script::register(), dn).good();
        phone
    }

    /// Plays a script towards `called`.
    #[track_caller]
    pub(crate) fn play(&mut self, script: &Script, called: impl Display) -> Run {
        self.play_many(script, called, 1, 1)
    }

    /// Plays a script `calls` times, `rate` a second.
    #[track_caller]
    pub(crate) fn play_many(
        &mut self,
        script: &Script,
        called: impl Display,
        calls: u32,
        rate: u32,
    ) -> Run {
        self.runs += 1;
        let name = format!("{}-{}-{}", self.dn, self.runs, script.name());
        let file = |kind: &str| self.dir.join(format!("{name}.{kind}"));
        let secret = secret(self.dn);
        let users = format!(
            "SEQUENTIAL\n{0};[authentication username={0} password={secret}];\
             {called};{DOMAIN};{1}\n",
            self.dn, self.at
        );
        std::fs::write(file("csv"), users).unwrap();
        std::fs::write(file("xml"), script.file()).unwrap();
        let output = File::create(file("out")).unwrap();
        let exchange = self.line.as_ref().map_or(self.exchange, |line| line.at);
        let ip = self.at.ip().to_string();
        let child = Command::new("sipp")
            .arg(exchange.to_string())
            .arg("-sf")
            .arg(file("xml"))
            .arg("-inf")
            .arg(file("csv"))
            .args(["-i", &ip, "-mi", &ip, "-bind_local", "-p", &self.at.port().to_string()])
            .args(["-m", &calls.to_string(), "-r", &rate.to_string(), "-nostdin"])
            .args(["-t", if self.is_stream() { "t1" } else { "u1" }])
            .args(["-recv_timeout", "12000", "-max_socket", "200", "-timer_resol", "5"])
            .args(["-trace_msg", "-message_file"])
            .arg(file("log"))
            .args(["-trace_err", "-error_file"])
            .arg(file("err"))
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let run = Run { child, log: file("log"), errors: file("err"), name };
        if script.listens() {
            self.ready(&run);
        }
        run
    }

    fn is_stream(&self) -> bool {
        matches!(self.over, Over::Tcp | Over::Tls)
    }

    /// Waits until SIPp has its port.
    #[track_caller]
    fn ready(&self, run: &Run) {
        let name = if self.is_stream() { "tcp" } else { "udp" };
        let ready = ask(PATIENCE, || is_open(name, self.at).then_some(()));
        assert!(ready.is_some(), "{}: SIPp does not listen\n{}", run.name, run.said());
    }
}

/// Whether a socket of this machine has the address, by the kernel's own list: to try and bind it
/// could take it from SIPp at just that moment.
fn is_open(protocol: &str, at: SocketAddr) -> bool {
    let (file, ip) = match at.ip() {
        IpAddr::V4(ip) => (protocol.to_owned(), format!("{:08X}", u32::from(ip).swap_bytes())),
        IpAddr::V6(ip) => {
            let words = ip.octets();
            let words = words.as_chunks::<4>().0.iter().map(|w| u32::from_le_bytes(*w));
            (format!("{protocol}6"), words.map(|w| format!("{w:08X}")).collect())
        }
    };
    // Streams: only a socket that listens (0A).
    let end = if protocol == "tcp" { ":0000 0A" } else { " " };
    let wanted = format!(" {ip}:{:04X} ", at.port());
    let list = std::fs::read_to_string(format!("/proc/net/{file}")).unwrap_or_default();
    list.lines().any(|line| line.contains(&wanted) && line.contains(end))
}

impl Run {
    /// Waits for its good end.
    #[track_caller]
    pub(crate) fn good(mut self) -> Messages {
        let code = end(&mut self.child, PATIENCE * 3);
        assert_eq!(code, Some(0), "{}", self.said());
        self.messages()
    }

    /// Waits for the good end of all; what every one of them saw is shown when one fails.
    #[track_caller]
    pub(crate) fn all_good<const N: usize>(mut runs: [Run; N]) -> [Messages; N] {
        let codes: Vec<_> = runs.iter_mut().map(|run| end(&mut run.child, PATIENCE * 3)).collect();
        let good = codes.iter().all(|code| *code == Some(0));
        let said = || runs.iter().map(Run::said).collect::<Vec<_>>().join("\n");
        assert!(good, "{codes:?}\n{}", said());
        runs.map(|run| run.messages())
    }

    /// Everything known of it.
    fn said(&self) -> String {
        let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
        format!("SIPp {}: {errors}\nmessages:\n{}", self.name, self.messages().brief())
    }

    /// What went over the wire so far.
    pub(crate) fn messages(&self) -> Messages {
        let log = std::fs::read(&self.log).unwrap_or_default();
        Messages::read(&String::from_utf8_lossy(&log))
    }

    /// Waits until a message fits.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let found = ask(PATIENCE, || self.messages().0.into_iter().find(&fits));
        match found {
            Some(message) => message,
            None => panic!("no {what}: {}", self.said()),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = end(&mut self.child, Duration::ZERO);
    }
}

/// One message of a log.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// From the telephone to the exchange.
    pub(crate) sent: bool,
    /// As it went.
    pub(crate) text: String,
}

impl Message {
    /// The first line.
    pub(crate) fn first(&self) -> &str {
        self.text.lines().next().unwrap_or_default().trim()
    }

    /// A header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// What follows the empty line.
    pub(crate) fn body(&self) -> &str {
        let text = &self.text;
        let at = text.find("\r\n\r\n").map(|at| at + 4).or(text.find("\n\n").map(|at| at + 2));
        at.map_or("", |at| text[at..].trim())
    }

    /// Whether it is that request, or a response to it.
    pub(crate) fn is(&self, start: &str, method: &str) -> bool {
        self.first().starts_with(start)
            && self.header("CSeq").is_some_and(|cseq| cseq.ends_with(method))
    }

    /// Lines of the SDP that begin with this.
    pub(crate) fn sdp(&self, start: &str) -> Vec<String> {
        let lines = self.body().lines().map(str::trim);
        lines.filter(|line| line.starts_with(start)).map(str::to_owned).collect()
    }
}

/// Every message of a run, in order.
#[derive(Debug, Clone)]
pub(crate) struct Messages(pub(crate) Vec<Message>);

impl Messages {
    fn read(log: &str) -> Self {
        let mut all = Vec::new();
        for part in log.split("-----------------------------------------------").skip(1) {
            // "UDP message sent [123] bytes :" or "UDP message received [123] bytes :"
            let Some(at) = part.find("message ") else { continue };
            let sent = part[at..].starts_with("message sent");
            let Some(begin) = part[at..].find("\n\n").map(|n| at + n + 2) else { continue };
            all.push(Message { sent, text: part[begin..].trim_start().to_owned() });
        }
        Messages(all)
    }

    /// The first message that fits.
    #[track_caller]
    pub(crate) fn find(&self, what: &str, fits: impl Fn(&Message) -> bool) -> &Message {
        let found = self.0.iter().find(|message| fits(message));
        found.unwrap_or_else(|| panic!("no {what} among\n{}", self.brief()))
    }

    /// The first received message that begins so and is of that method.
    #[track_caller]
    pub(crate) fn got(&self, start: &str, method: &str) -> &Message {
        self.find(&format!("{start} ({method}) received"), |m| !m.sent && m.is(start, method))
    }

    /// The first sent message that begins so and is of that method.
    #[track_caller]
    pub(crate) fn sent(&self, start: &str, method: &str) -> &Message {
        self.find(&format!("{start} ({method}) sent"), |m| m.sent && m.is(start, method))
    }

    /// The last message that fits.
    #[track_caller]
    pub(crate) fn last(&self, what: &str, fits: impl Fn(&Message) -> bool) -> &Message {
        let found = self.0.iter().rfind(|message| fits(message));
        found.unwrap_or_else(|| panic!("no {what} among\n{}", self.brief()))
    }

    /// How many different messages fit; repetitions count once.
    pub(crate) fn count(&self, fits: impl Fn(&Message) -> bool) -> usize {
        let mut texts: Vec<&str> =
            self.0.iter().filter(|m| fits(m)).map(|m| m.text.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.len()
    }

    /// First lines only.
    pub(crate) fn brief(&self) -> String {
        let line = |m: &Message| {
            let arrow = if m.sent { "->" } else { "<-" };
            format!("{arrow} {} [{}]", m.first(), m.header("CSeq").unwrap_or_default())
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
