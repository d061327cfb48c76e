//! What the wire shows: one line for each datagram, and crossings that are counted.

use std::collections::BTreeSet;

use model::Write;
use sip::msg::{Method, Msg};

use crate::counts::Counts;
use crate::network::Datagram;

/// CANCELs and answers that meet, and glares.
#[derive(Default)]
pub(crate) struct Crossings {
    /// Call-IDs in which the node sent a CANCEL.
    cancelled: BTreeSet<Vec<u8>>,
    /// Call-IDs in which the node answered the first INVITE.
    answered: BTreeSet<Vec<u8>>,
    counted: BTreeSet<Vec<u8>>,
}

impl Crossings {
    /// A message reached the node.
    pub(crate) fn arrived(&mut self, msg: &Msg, counts: &mut Counts) {
        let Some(cseq) = msg.cseq() else { return };
        let call_id = msg.call_id();
        match (msg.status(), cseq.method) {
            (Some(200..=299), Method::Invite) if self.cancelled.contains(call_id) => {
                self.count(call_id, counts);
            }
            (None, Method::Cancel) if self.answered.contains(call_id) => {
                self.count(call_id, counts);
            }
            (Some(491), _) => counts.add("glares (491)"),
            _ => {}
        }
    }

    /// The node sent a message.
    pub(crate) fn sent(&mut self, msg: &Msg, counts: &mut Counts) {
        let Some(cseq) = msg.cseq() else { return };
        match (msg.status(), cseq.method) {
            (None, Method::Cancel) => {
                self.cancelled.insert(msg.call_id().to_vec());
            }
            (Some(200..=299), Method::Invite) => {
                self.answered.insert(msg.call_id().to_vec());
            }
            (Some(491), _) => counts.add("glares (491)"),
            _ => {}
        }
    }

    fn count(&mut self, call_id: &[u8], counts: &mut Counts) {
        if self.counted.insert(call_id.to_vec()) {
            counts.add("CANCEL/200 crossings");
        }
    }
}

/// A datagram in one line.
pub(crate) fn line(datagram: &Datagram, copies: usize) -> String {
    let Datagram { from, to, bytes, .. } = datagram;
    let fate = match copies {
        0 => " LOST",
        1 => "",
        _ => " TWICE",
    };
    let Ok(msg) = Msg::parse_datagram(bytes.clone()) else {
        return format!("{from} > {to} {} broken bytes{fate}", bytes.len());
    };
    let start = bytes.split(|b| *b == b'\r').next().unwrap_or_default();
    let cseq = msg.cseq().map(|c| format!("{} {:?}", c.number, c.method)).unwrap_or_default();
    let call_id = String::from_utf8_lossy(msg.call_id()).into_owned();
    let call_id = call_id.chars().take(10).collect::<String>();
    let sdp = if msg.body().is_empty() {
        String::new()
    } else {
        let text = String::from_utf8_lossy(msg.body()).into_owned();
        let audio = text.lines().filter(|l| {
            l.starts_with("m=")
                || l.starts_with("a=") && {
                    matches!(&l[2..], "sendrecv" | "sendonly" | "recvonly" | "inactive")
                }
        });
        format!(" [{}]", audio.collect::<Vec<_>>().join(" "))
    };
    format!(
        "{} > {} {} ({cseq}) {call_id}{sdp}{fate}",
        short(from),
        short(to),
        String::from_utf8_lossy(start)
    )
}

/// A phone by its number in the list, the node by its name.
fn short(address: &std::net::SocketAddr) -> String {
    match address.ip() {
        std::net::IpAddr::V4(ip) if ip.octets()[0] == 198 => {
            format!("phone{}", i32::from(ip.octets()[3]) - 1)
        }
        std::net::IpAddr::V4(ip) if ip.octets()[0] == 192 => "node".into(),
        other => other.to_string(),
    }
}

/// A write in one line.
pub(crate) fn written(write: &Write) -> String {
    match write {
        Write::Record(r) => format!(
            "record {} {} -> {} answered {} {:?} by {:?} blame {:?}",
            r.call,
            r.caller.number,
            r.dialed,
            r.is_answered(),
            r.cause,
            r.ended_by,
            r.blame
        ),
        Write::BindingPut(b) => format!("binding of {} until {:?}", b.device, b.expires_at),
        Write::BindingRemove { device, .. } => format!("binding of {device} removed"),
        Write::MessagePut(m) => {
            format!("message {:x} at {}: {} ms, heard {}", m.file, m.dn, m.duration_ms, m.heard)
        }
        Write::MessageRemove { file } => format!("message {file:x} removed"),
        Write::CallerPut(c) => format!("{} may be called back", c.device),
        Write::PointerPut(p) => format!("group {} offered to {}", p.group, p.member),
        Write::GreetingPut(g) => format!("greeting of {}: {:?}", g.dn, g.file),
    }
}
