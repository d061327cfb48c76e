//! baresip, a telephone with a voice: driven over its control connection, heard through files.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::audio::{Tone, Wav, tone};
use super::exchange::{DOMAIN, secret};
use super::{PATIENCE, ask, end, free_port, own_address, signal};

/// One telephone.
pub(crate) struct Baresip {
    dir: PathBuf,
    child: Child,
    control: TcpStream,
    rest: Vec<u8>,
    events: Vec<Value>,
    token: u32,
    name: String,
}

/// How its account is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    /// Its extension.
    pub(crate) dn: u32,
    /// The listener of the exchange.
    pub(crate) exchange: SocketAddr,
    /// `udp`, `tcp` or `tls`.
    pub(crate) transport: &'a str,
    /// Further parameters, each with its semicolon.
    pub(crate) more: &'a str,
}

impl Baresip {
    /// Starts one that sends a tone of so many hertz.
    #[track_caller]
    pub(crate) fn start(parent: &Path, name: &str, hertz: u32) -> Self {
        let dir = parent.join(name);
        std::fs::create_dir_all(dir.join("rec")).unwrap();
        let ip = own_address();
        let (sip, control) = (free_port(ip), SocketAddr::from((ip, free_port(ip))));
        std::fs::write(dir.join("config"), config(&dir, ip, sip, control, hertz)).unwrap();
        // Both must exist, or it writes samples of its own.
        std::fs::write(dir.join("accounts"), "").unwrap();
        std::fs::write(dir.join("contacts"), "").unwrap();
        let log = File::create(dir.join("log")).unwrap();
        let mut child = Command::new("baresip")
            .arg("-f")
            .arg(&dir)
            .arg("-s")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let Some(stream) = ask(PATIENCE, || TcpStream::connect(control).ok()) else {
            let _ = end(&mut child, Duration::ZERO);
            panic!("{name}: baresip did not start\n{}", read(&dir.join("log")));
        };
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Baresip {
            dir,
            child,
            control: stream,
            rest: Vec::new(),
            events: Vec::new(),
            token: 0,
            name: name.into(),
        }
    }

    /// Registers an extension.
    #[track_caller]
    pub(crate) fn register(&mut self, account: Account<'_>) {
        let Account { dn, exchange, transport, more } = account;
        let line = format!(
            "<sip:{dn}@{DOMAIN};transport={transport}>;outbound=\"sip:{exchange};lr;transport={transport}\"\
             ;auth_pass={};regint=600;audio_codecs=PCMU/8000/1{more}",
            secret(dn)
        );
        self.register_as(&line);
    }

    /// Registers by an account line of baresip's own form.
    #[track_caller]
    pub(crate) fn register_as(&mut self, line: &str) {
        let since = self.events.len();
        self.command("uanew", line);
        self.event_since(since, "REGISTER_OK");
    }

    fn poll(&mut self) {
        let mut buffer = [0; 65_536];
        if let Ok(count) = self.control.read(&mut buffer) {
            self.rest.extend(&buffer[..count]);
        }
        // Netstrings: length, colon, JSON, comma.
        while let Some(colon) = self.rest.iter().position(|b| *b == b':') {
            let text = String::from_utf8_lossy(&self.rest[..colon]).into_owned();
            let Ok(size) = text.parse::<usize>() else { return self.rest.clear() };
            let Some(body) = self.rest.get(colon + 1..colon + 1 + size) else { return };
            if let Ok(event) = serde_json::from_slice(body) {
                self.events.push(event);
            }
            self.rest.drain(..(colon + size + 2).min(self.rest.len()));
        }
    }

    /// Gives a command and returns its answer.
    #[track_caller]
    pub(crate) fn command(&mut self, command: &str, params: &str) -> String {
        self.token += 1;
        let token = self.token.to_string();
        let body = json!({"command": command, "params": params, "token": token}).to_string();
        self.control.write_all(format!("{}:{body},", body.len()).as_bytes()).unwrap();
        let answer = ask(PATIENCE, || {
            self.poll();
            let answer = self.events.iter().find(|e| e["token"] == token && e["response"] == true);
            answer.map(|e| e["data"].as_str().unwrap_or_default().to_owned())
        });
        answer.unwrap_or_else(|| panic!("{}: no answer to {command}", self.name))
    }

    /// How many events came so far: a mark for [`Self::event_since`].
    pub(crate) fn mark(&mut self) -> usize {
        self.poll();
        self.events.len()
    }

    /// Waits for an event of that type.
    #[track_caller]
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.event_since(0, kind)
    }

    /// Waits for an event of that type after the mark.
    #[track_caller]
    pub(crate) fn event_since(&mut self, mark: usize, kind: &str) -> Value {
        let found = ask(PATIENCE, || {
            self.poll();
            self.events.iter().skip(mark).find(|e| e["type"] == kind).cloned()
        });
        found.unwrap_or_else(|| {
            let seen: Vec<_> = self.events.iter().filter_map(|e| e["type"].as_str()).collect();
            panic!("{}: no {kind}, only {seen:?}\n{}", self.name, read(&self.dir.join("log")))
        })
    }

    /// Calls a number.
    #[track_caller]
    pub(crate) fn dial(&mut self, number: &str) {
        self.command("dial", number);
    }

    /// Its digits, as the far end sent them.
    pub(crate) fn digits(&mut self) -> String {
        self.poll();
        let starts = self.events.iter().filter(|e| e["type"] == "CALL_DTMF_START");
        starts.filter_map(|e| e["param"].as_str()).collect()
    }

    /// Everything it heard, a file for each call, oldest first.
    pub(crate) fn heard(&self) -> Vec<Wav> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.dir.join("rec"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        files.sort();
        files.iter().filter_map(|file| Wav::read(file)).collect()
    }

    /// Waits until it has heard half a second of anything in its last call.
    #[track_caller]
    pub(crate) fn hears_something(&self) {
        let heard = ask(PATIENCE, || {
            let last = self.heard().pop()?;
            (tone(&last, 1).loud_seconds >= 0.5).then_some(())
        });
        assert!(heard.is_some(), "{} heard nothing", self.name);
    }

    /// Waits until the last second of its last call is that tone, or until it is loud and not that
    /// tone.
    #[track_caller]
    pub(crate) fn hears_now(&self, hertz: u32, that: bool) {
        let mut last = Tone::default();
        let heard = ask(PATIENCE, || {
            last = tone(&self.heard().pop()?.tail(1.0), hertz);
            let fits = if that { last.seconds >= 0.8 } else { last.seconds < 0.1 };
            (fits && last.loud_seconds >= 0.5).then_some(())
        });
        assert!(heard.is_some(), "{}, {hertz} Hz, {that}: {last:?}", self.name);
    }

    /// Waits until it has heard a tone of so many hertz for at least half a second.
    #[track_caller]
    pub(crate) fn hears(&self, hertz: u32) {
        self.hears_for(hertz, 0.5);
    }

    /// Waits until it has heard a tone of so many hertz for so many seconds.
    #[track_caller]
    pub(crate) fn hears_for(&self, hertz: u32, seconds: f64) {
        let mut last = String::new();
        let heard = ask(PATIENCE, || {
            let wavs = self.heard();
            last = format!("{:?}", wavs.iter().map(|w| tone(w, hertz)).collect::<Vec<_>>());
            wavs.iter().any(|wav| tone(wav, hertz).seconds >= seconds).then_some(())
        });
        assert!(heard.is_some(), "{} never heard {hertz} Hz: {last}", self.name);
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        signal(&self.child, Signal::TERM);
        let _ = end(&mut self.child, Duration::from_secs(3));
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn config(dir: &Path, ip: Ipv4Addr, sip: u16, control: SocketAddr, hertz: u32) -> String {
    let modules = ["g711.so", "ausine.so", "aubridge.so", "sndfile.so", "srtp.so", "stun.so"];
    let mut text = format!(
        "poll_method epoll\nnet_interface {ip}\nsip_listen {ip}:{sip}\ncall_local_timeout 120\n\
         call_max_calls 8\naudio_source ausine,{hertz}\nausrc_srate 48000\nausrc_channels 2\n\
         auplay_srate 48000\nauplay_channels 2\naudio_player aubridge,sink\n\
         audio_alert aubridge,alert\nausrc_format s16\nauplay_format s16\nauenc_format s16\n\
         audec_format s16\nsnd_path {}/rec\nringback_disabled yes\nmenu_bell no\n\
         rtp_ports 20000-40000\nrtcp_mux no\njitter_buffer_delay 5-10\nrtp_stats yes\n\
         module_path {}\n",
        dir.display(),
        modules_path()
    );
    for module in modules {
        text += &format!("module {module}\n");
    }
    for module in ["uuid.so", "account.so"] {
        text += &format!("module_tmp {module}\n");
    }
    for module in ["contact.so", "debug_cmd.so", "menu.so", "ctrl_tcp.so"] {
        text += &format!("module_app {module}\n");
    }
    text + &format!("ctrl_tcp_listen {control}\n")
}

fn modules_path() -> &'static str {
    let places = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];
    places.into_iter().find(|place| Path::new(place).is_dir()).unwrap_or(places[0])
}
