//! How long an answer takes, read from a capture of the loopback.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::sipp::{end, signal};

/// A running tcpdump.
pub(crate) struct Capture(Child);

impl Capture {
    /// Captures the packets of one port of an address.
    pub(crate) fn start(file: &Path, ip: &str, port: u16) -> Result<Self> {
        let child = Command::new(crate::run::find("tcpdump").context("tcpdump is missing")?)
            .args(["-i", "lo", "-U", "-s", "1600", "-w"])
            .arg(file)
            .arg(format!("udp and host {ip} and port {port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let opened = super::server::until(Duration::from_secs(5), || {
            std::fs::metadata(file).ok().filter(|meta| meta.len() >= 24).map(|_| ())
        });
        opened.context("tcpdump did not start (it needs the right to capture)")?;
        Ok(Capture(child))
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        signal(&self.0, Signal::INT);
        end(&mut self.0, Duration::from_secs(3));
    }
}

/// Milliseconds from each authenticated INVITE to its 200, sorted.
pub(crate) fn answer_times(file: &Path) -> Result<Vec<f64>> {
    let data = std::fs::read(file)?;
    let mut asked: BTreeMap<String, f64> = BTreeMap::new();
    let mut times = Vec::new();
    for (at, payload) in packets(&data) {
        let text = String::from_utf8_lossy(payload);
        let header = |name: &str| {
            let line = text.lines().find(|l| l.get(..name.len()).is_some_and(|n| n == name))?;
            Some(line[name.len()..].trim().to_owned())
        };
        let (Some(call), Some(cseq)) = (header("Call-ID:"), header("CSeq:")) else { continue };
        if cseq != "2 INVITE" {
            continue;
        }
        if text.starts_with("INVITE ") {
            asked.entry(call).or_insert(at);
        } else if text.starts_with("SIP/2.0 200")
            && let Some(begin) = asked.remove(&call)
        {
            times.push((at - begin) * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Milliseconds from each request of that method to the first word about it, sorted.
pub(crate) fn reply_times(file: &Path, method: &str) -> Result<Vec<f64>> {
    let data = std::fs::read(file)?;
    let mut asked: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut times = Vec::new();
    for (at, payload) in packets(&data) {
        let text = String::from_utf8_lossy(payload);
        let header = |name: &str| text.lines().find_map(|l| Some(l.strip_prefix(name)?.trim()));
        let (Some(call), Some(cseq)) = (header("Call-ID:"), header("CSeq:")) else { continue };
        if !cseq.ends_with(method) {
            continue;
        }
        let key = (call.to_owned(), cseq.to_owned());
        if !text.starts_with("SIP/2.0 ") {
            asked.entry(key).or_insert(at);
        } else if let Some(begin) = asked.remove(&key) {
            times.push((at - begin) * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Time in seconds and UDP payload of each packet of an Ethernet capture.
fn packets(data: &[u8]) -> Vec<(f64, &[u8])> {
    let word = |at: usize| {
        let bytes = data.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let mut found = Vec::new();
    let mut at = 24;
    while let (Some(seconds), Some(micros), Some(length)) = (word(at), word(at + 4), word(at + 8)) {
        let frame = data.get(at + 16..at + 16 + length as usize).unwrap_or_default();
        at += 16 + length as usize;
        let Some(header) = frame.get(14).map(|first| usize::from(first & 15) * 4) else { continue };
        if let Some(payload) = frame.get(14 + header + 8..) {
            found.push((f64::from(seconds) + f64::from(micros) / 1e6, payload));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_a_capture_are_read() {
        let mut data = vec![0; 24];
        let payload = b"INVITE sip:a SIP/2.0";
        let length = (14 + 20 + 8 + payload.len()) as u32;
        for word in [7_u32, 500_000, length, length] {
            data.extend(word.to_le_bytes());
        }
        data.extend([0; 14]);
        data.push(0x45);
        data.extend([0; 19 + 8]);
        data.extend(payload);
        assert_eq!(packets(&data), vec![(7.5, payload.as_slice())]);
        assert_eq!(packets(&data[..30]), vec![]);
    }
}
