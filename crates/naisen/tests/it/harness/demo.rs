//! The sample company of `naisen demo`, with telephones at its free terminals.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::baresip::Baresip;
use super::exchange::program;
use super::{end, folder, own_address, signal, wait};

/// A running demo and what it has printed.
pub(crate) struct Demo {
    child: Child,
    dir: PathBuf,
    ip: Ipv4Addr,
    said: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        signal(&self.child, rustix::process::Signal::TERM);
        let _ = end(&mut self.child, Duration::from_secs(15));
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Demo {
    /// Starts it and waits for its first call.
    #[track_caller]
    pub(crate) fn start(name: &str) -> Self {
        let (dir, ip) = (folder(name), own_address());
        let out = std::fs::File::create(dir.join("said")).unwrap();
        let child = Command::new(program())
            .args(["demo", "--listen", &ip.to_string()])
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        let mut demo = Demo { child, dir, ip, said: String::new() };
        demo.said = wait("the demo's first call", || {
            let said = std::fs::read_to_string(demo.dir.join("said")).unwrap_or_default();
            said.lines().any(|line| line == "合格").then_some(said)
        });
        demo
    }

    /// A telephone at a free terminal that sends this tone.
    #[track_caller]
    pub(crate) fn phone(&self, dn: u32, hertz: u32) -> Baresip {
        let word = |line: &str, from_the_end: usize| {
            line.split_whitespace().rev().nth(from_the_end).unwrap().to_owned()
        };
        let number = format!(" {dn} ");
        let row = self.said.lines().find(|line| line.contains(&number)).unwrap();
        let domain = word(self.said.lines().find(|line| line.contains("ドメイン")).unwrap(), 0);
        let (secret, id, ip) = (word(row, 0), word(row, 1), self.ip);
        let mut phone = Baresip::start(&self.dir, &format!("phone-{dn}"), hertz);
        phone.register_as(&format!(
            "<sip:{id}@{domain}>;outbound=\"sip:{ip};lr\";auth_pass={secret};regint=600;\
             audio_codecs=PCMU/8000/1"
        ));
        phone
    }
}
