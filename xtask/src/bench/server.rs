//! The servers under load: this program, Kamailio, Kamailio with rtpengine.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;

use super::api::Api;
use super::proc;
use super::sipp::{end, signal};
use crate::run::{find, root};

/// First extension; the others follow.
pub(crate) const FIRST: u32 = 20_000;
/// How many there are.
pub(crate) const USERS: u32 = 10_000;

/// How calls are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaPath {
    /// `[media] path = "auto"`.
    Auto,
    /// `[media] path = "relay"`.
    Relay,
}

impl MediaPath {
    /// The word of the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            MediaPath::Auto => "auto",
            MediaPath::Relay => "relay",
        }
    }
}

/// A running server.
pub(crate) struct Server {
    /// Name in the report.
    pub(crate) name: String,
    /// Where it takes SIP over UDP.
    pub(crate) at: SocketAddr,
    /// Its HTTP interfaces; only this program has them.
    pub(crate) api: Option<Api>,
    main: Child,
    /// rtpengine, where there is one.
    relay: Option<Child>,
}

impl Server {
    /// The process that signals, with its descendants.
    pub(crate) fn pids(&self) -> Vec<u32> {
        proc::tree(self.main.id())
    }

    /// The process that carries audio.
    pub(crate) fn media_pids(&self) -> Vec<u32> {
        match &self.relay {
            Some(relay) => proc::tree(relay.id()),
            None => self.pids(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in [Some(&mut self.main), self.relay.as_mut()].into_iter().flatten() {
            signal(child, Signal::TERM);
            end(child, Duration::from_secs(15));
        }
    }
}

/// A port of loopback that nobody has at the moment.
pub(crate) fn free_port(ip: Ipv4Addr) -> Result<u16> {
    Ok(UdpSocket::bind((ip, 0))?.local_addr()?.port())
}

/// A data folder with every user in it, to be copied for each start.
pub(crate) struct Template {
    binary: PathBuf,
    dir: PathBuf,
    /// Key to the API.
    token: String,
    /// CPU seconds of the import.
    pub(crate) import_cpu: f64,
}

/// The settings that the report prints; everything else is at its default.
pub(crate) fn settings(path: MediaPath) -> String {
    format!(
        "[node]\ndata = \"data\"\n[sip]\nudp = [\"127.0.0.1:0\"]\ntcp = [\"127.0.0.1:0\"]\n\
         tls = [\"127.0.0.1:0\"]\n[media]\naddress = \"127.0.0.1\"\npath = \"{}\"\n\
         [portal]\nclosed = \"127.0.0.1:0\"\n[phones]\nlisten = \"\"\n\
         [metrics]\nlisten = \"127.0.0.1:0\"\n",
        path.word()
    )
}

impl Template {
    /// Makes the company and imports its people through the command line.
    pub(crate) fn make(binary: &Path, dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("naisen.toml"), settings(MediaPath::Auto))?;
        let (mut lines, mut people) = (String::new(), String::new());
        for n in 0..USERS {
            let (dn, mobile) = (FIRST + n, 8_010_000_000_u64 + u64::from(n));
            lines += &format!("0{mobile}\r\n");
            people += &format!("{dn},0{mobile},000000000000,,pw{dn},0,0,u{dn},a00{dn},0\r\n");
        }
        std::fs::write(dir.join("lines.csv"), lines)?;
        std::fs::write(dir.join("people.csv"), people)?;
        let naisen = |args: &[&str]| -> Result<f64> {
            let mut stdin = File::create(dir.join("password"))?;
            std::io::Write::write_all(&mut stdin, b"Bench-Password-1\n")?;
            let log = File::create(dir.join("command.log"))?;
            let before = children_cpu();
            let status = Command::new(binary)
                .args(args)
                .args(["--config"])
                .arg(dir.join("naisen.toml"))
                .current_dir(dir)
                .stdin(File::open(dir.join("password"))?)
                .stdout(log.try_clone()?)
                .stderr(log)
                .status()
                .context("cannot start naisen")?;
            let said = std::fs::read_to_string(dir.join("command.log")).unwrap_or_default();
            let said: String = said.chars().take(2_000).collect();
            ensure!(status.success(), "naisen {args:?}: {status}\n{said}");
            Ok(children_cpu() - before)
        };
        let said = || std::fs::read_to_string(dir.join("command.log")).unwrap_or_default();
        naisen(&["init", "--tenant", "bench.test", "--name", "Bench", "--admin", "admin"])?;
        naisen(&["import", "mobile-lines", "lines.csv", "--tenant", "bench.test"])?;
        let import_cpu = naisen(&["import", "extensions", "people.csv", "--tenant", "bench.test"])?;
        naisen(&["token", "--tenant", "bench.test"])?;
        let token = said();
        let token = token.split_whitespace().find(|word| word.starts_with("naisen_"));
        let token = token.context("naisen token printed none")?.to_owned();
        Ok(Template { binary: binary.to_path_buf(), dir: dir.to_path_buf(), token, import_cpu })
    }

    /// Starts the program on a fresh copy.
    pub(crate) fn start(&self, dir: &Path, path: MediaPath) -> Result<Server> {
        copy(&self.dir, dir)?;
        std::fs::write(dir.join("naisen.toml"), settings(path))?;
        let listeners = dir.join("data/listeners");
        let _ = std::fs::remove_file(&listeners);
        let log = File::create(dir.join("serve.log"))?;
        let mut main = Command::new(&self.binary)
            .args(["serve", "--config"])
            .arg(dir.join("naisen.toml"))
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let found = until(Duration::from_secs(20), || {
            let text = std::fs::read_to_string(&listeners).ok()?;
            let line = text.lines().find(|line| line.contains("udp"))?;
            line.split_whitespace().last()?.parse::<SocketAddr>().ok()
        });
        let Some(at) = found else {
            end(&mut main, Duration::ZERO);
            let said = std::fs::read_to_string(dir.join("serve.log")).unwrap_or_default();
            bail!("naisen serve did not open its listeners\n{said}");
        };
        let name = format!("naisen {}", path.word());
        let mut server = Server { name, at, api: None, main, relay: None };
        server.api = Some(Api::of(&listeners, &self.token)?);
        Ok(server)
    }
}

/// CPU of children that ended, from the ticks of our own process.
fn children_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = text.rfind(')').map_or("", |at| &text[at + 2..]);
    let fields: Vec<f64> = rest.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    // The state letter is left out, so that cutime and cstime stand one earlier.
    (fields.get(12).unwrap_or(&0.0) + fields.get(13).unwrap_or(&0.0)) / 100.0
}

/// Asks until there is an answer.
pub(crate) fn until<T>(at_most: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + at_most;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
            std::fs::set_permissions(&target, entry.metadata()?.permissions())?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Starts Kamailio; with `anchor` its calls' audio goes through an rtpengine of its own.
pub(crate) fn kamailio(dir: &Path, anchor: bool) -> Result<Server> {
    std::fs::create_dir_all(dir)?;
    let program = find("kamailio").context("kamailio is not installed")?;
    let modules = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|triple| PathBuf::from(format!("/usr/lib/{triple}/kamailio/modules/")))
        .into_iter()
        .find(|folder| folder.is_dir())
        .context("no folder with Kamailio's modules")?;
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port(Ipv4Addr::LOCALHOST)?));
    let ng = format!("127.0.0.1:{}", free_port(Ipv4Addr::LOCALHOST)?);
    let config = std::fs::read_to_string(root().join("xtask/bench/peers/kamailio.cfg"))?
        .replace("__LISTEN__", &at.to_string())
        .replace("__MODULES__", &modules.to_string_lossy())
        .replace("__NG__", &ng);
    std::fs::write(dir.join("kamailio.cfg"), config)?;
    let relay = if anchor { Some(rtpengine(dir, &ng)?) } else { None };
    let log = File::create(dir.join("kamailio.log"))?;
    let mut command = Command::new(program);
    command.args(["-DD", "-E", "-m", "512", "-M", "16", "-f"]).arg(dir.join("kamailio.cfg"));
    command.arg("-P").arg(dir.join("kamailio.pid")).arg("-Y").arg(dir);
    if anchor {
        command.args(["-A", "ANCHOR"]);
    }
    let main = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    let name = if anchor { "Kamailio + rtpengine" } else { "Kamailio" };
    let server = Server { name: name.into(), at, api: None, main, relay };
    ensure!(answers(at, Duration::from_secs(10)).is_some(), "kamailio does not answer");
    Ok(server)
}

fn rtpengine(dir: &Path, ng: &str) -> Result<Child> {
    let program = find("rtpengine").context("rtpengine is not installed")?;
    let log = File::create(dir.join("rtpengine.log"))?;
    Command::new(program)
        .args(["--config-file=none", "--interface=127.0.0.1", "--table=-1", "--num-threads=2"])
        .args(["--port-min=40000", "--port-max=49998", "--foreground", "--log-stderr"])
        .args(["--log-level=3".to_owned(), format!("--listen-ng={ng}")])
        .arg(format!("--pidfile={}", dir.join("rtpengine.pid").display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start rtpengine")
}

/// Sends a REGISTER without credentials until something comes back.
pub(crate) fn answers(at: SocketAddr, at_most: Duration) -> Option<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    socket.set_read_timeout(Some(Duration::from_millis(50))).ok()?;
    let own = socket.local_addr().ok()?;
    let mut turn = 0_u32;
    until(at_most, || {
        turn += 1;
        let request = format!(
            "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKready{turn}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{FIRST}@127.0.0.1>;tag=ready{turn}\r\n\
             To: <sip:{FIRST}@127.0.0.1>\r\nCall-ID: ready{turn}@{own}\r\nCSeq: 1 REGISTER\r\n\
             Contact: <sip:{FIRST}@{own}>\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send_to(request.as_bytes(), at).ok()?;
        let mut buffer = [0; 2048];
        let (length, _) = socket.recv_from(&mut buffer).ok()?;
        buffer.get(..length)?.starts_with(b"SIP/2.0 ").then_some(())
    })
}
