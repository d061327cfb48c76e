//! S1: each server transaction of the node gets exactly one final response; each 2xx to an
//! INVITE is acknowledged or its dialog ended.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use base::Micros;
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene, text};
use crate::world::World;

/// Source, branch and method of a request.
type Key = (SocketAddr, Vec<u8>, Vec<u8>);

/// Call-ID and CSeq of an INVITE.
type Invite = (Vec<u8>, u32);

/// 64·T1: as long as a request may be repeated.
const TRANSACTION: Micros = Micros::seconds(32);

/// What is owed.
#[derive(Default)]
pub struct OneFinal {
    /// Requests, with the final responses that they got: status and To tag.
    requests: BTreeMap<Key, Vec<(u16, Vec<u8>)>>,
    /// 2xx that we sent and that nobody has acknowledged.
    unacknowledged: BTreeSet<Invite>,
    /// INVITEs that we sent.
    invited: BTreeSet<Invite>,
    /// 2xx that we got and have not acknowledged, by To tag.
    to_acknowledge: BTreeSet<(Invite, Vec<u8>)>,
}

impl Checker for OneFinal {
    fn name(&self) -> Name {
        Name::S1
    }

    fn arrived(&mut self, _scene: &mut Scene<'_>, at: Arrived<'_>) {
        let Some((invite, method)) = invite_of(at.msg) else { return };
        if let Some(status) = at.msg.status() {
            let is_2xx = (200..300).contains(&status) && method == Method::Invite;
            if is_2xx && self.invited.contains(&invite) {
                self.to_acknowledge.insert((invite, to_tag(at.msg)));
            }
            return;
        }
        match method {
            Method::Ack => {
                self.unacknowledged.remove(&invite);
            }
            _ => {
                if method == Method::Bye {
                    self.unacknowledged.retain(|(call_id, _)| *call_id != invite.0);
                }
                if let Some(key) = key_of(at.msg, at.from) {
                    self.requests.entry(key).or_default();
                }
            }
        }
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        let Done::Sent(msg, to) = done else { return };
        let Some((invite, method)) = invite_of(msg) else { return };
        if let Some(status) = msg.status().filter(|s| *s >= 200) {
            if method == Method::Invite && status < 300 {
                self.unacknowledged.insert(invite);
            }
            return self.answered(scene, msg, *to, status);
        }
        if !msg.is_request() {
            return;
        }
        match method {
            Method::Invite => {
                self.invited.insert(invite);
            }
            Method::Ack => {
                self.to_acknowledge.remove(&(invite, to_tag(msg)));
            }
            Method::Bye => self.unacknowledged.retain(|(call_id, _)| *call_id != invite.0),
            _ => {}
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        *self = OneFinal::default();
    }

    fn ended(&mut self, world: &World) -> Vec<String> {
        // Who logs in too often in vain is not heard for a while.
        let heard = !world.company.locked_out;
        let silent = self.requests.iter().filter(|(_, finals)| finals.is_empty() && heard);
        let silent = silent.map(|((from, branch, method), _)| {
            format!("no final response to {} {} from {from}", text(method), text(branch))
        });
        let open = self.unacknowledged.iter().map(|(call_id, cseq)| {
            format!("2xx of the node neither acknowledged nor ended: {} {cseq}", text(call_id))
        });
        let owed = self.to_acknowledge.iter().map(|((call_id, cseq), _)| {
            format!("the node never acknowledged a 2xx: {} {cseq}", text(call_id))
        });
        silent.chain(open).chain(owed).collect()
    }
}

impl OneFinal {
    fn answered(&mut self, scene: &mut Scene<'_>, msg: &Msg, to: SocketAddr, status: u16) {
        let Some(key) = key_of(msg, to) else { return };
        let Some(finals) = self.requests.get_mut(&key) else { return };
        let this = (status, to_tag(msg));
        if finals.contains(&this) {
            return;
        }
        // A challenge keeps no state: the same request may be right after a change of rights.
        let recent = scene.mono.since(scene.configured_at) < TRANSACTION;
        if recent && matches!(finals.as_slice(), [(401 | 403 | 407, _)]) {
            finals.clear();
        }
        finals.push(this);
        if let [first, second] = finals.as_slice() {
            let (a, b) = (first.0, second.0);
            let (method, branch) = (text(&key.2), text(&key.1));
            scene.report(Name::S1, format!("two final responses, {a} and {b}: {method} {branch}"));
        }
    }
}

fn invite_of(msg: &Msg) -> Option<(Invite, Method)> {
    let cseq = msg.cseq()?;
    Some(((msg.call_id().to_vec(), cseq.number), cseq.method))
}

fn key_of(msg: &Msg, peer: SocketAddr) -> Option<Key> {
    let branch = msg.top_via()?.branch()?.to_vec();
    Some((peer, branch, format!("{:?}", msg.cseq()?.method).into_bytes()))
}

fn to_tag(msg: &Msg) -> Vec<u8> {
    msg.to().and_then(|to| to.tag().map(<[u8]>::to_vec)).unwrap_or_default()
}
