//! S1: each server transaction of the node gets exactly one final response; each 2xx to an
//! INVITE is acknowledged or its dialog ended.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use base::{Micros, Mono};
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene, text};
use crate::world::World;

/// Source, branch and method of a request; the port of its source may change between copies.
type Key = (IpAddr, Vec<u8>, Vec<u8>);

/// Call-ID and CSeq of an INVITE.
type Invite = (Vec<u8>, u32);

/// 64·T1: as long as a request may be repeated.
const TRANSACTION: Micros = Micros::seconds(32);

/// What is owed.
#[derive(Default)]
pub struct OneFinal {
    /// Requests, with the final responses that they got: status and To tag.
    requests: BTreeMap<Key, Vec<(u16, Vec<u8>)>>,
    /// When they first got one.
    answered_at: BTreeMap<Key, Mono>,
    /// 2xx that we sent and that nobody has acknowledged, and to whom.
    unacknowledged: BTreeMap<Invite, IpAddr>,
    /// 2xx whose phone lost its connection before it could acknowledge them.
    excused: BTreeSet<Invite>,
    /// INVITEs that we sent, and to whom.
    invited: BTreeMap<Invite, IpAddr>,
    /// 2xx that we got and have not acknowledged, by To tag, and from whom.
    to_acknowledge: BTreeMap<(Invite, Vec<u8>), IpAddr>,
    /// When a 2xx to an INVITE last came, by Call-ID: what overtook it was refused with 481.
    born: BTreeMap<Vec<u8>, Mono>,
    /// When a BYE last came or went, by Call-ID: whoever was challenged before it is refused now.
    parted: BTreeMap<Vec<u8>, Mono>,
    /// When the port of a phone last changed.
    moved: BTreeMap<IpAddr, Mono>,
}

impl Checker for OneFinal {
    fn name(&self) -> Name {
        Name::S1
    }

    fn arrived(&mut self, scene: &mut Scene<'_>, at: Arrived<'_>) {
        let Some((invite, method)) = invite_of(at.msg) else { return };
        if let Some(status) = at.msg.status() {
            let is_2xx = (200..300).contains(&status) && method == Method::Invite;
            if is_2xx {
                self.born.insert(invite.0.clone(), scene.mono);
            }
            if is_2xx && self.invited.contains_key(&invite) {
                self.to_acknowledge.insert((invite, to_tag(at.msg)), at.from.ip());
            }
            return;
        }
        match method {
            Method::Ack => {
                self.unacknowledged.remove(&invite);
            }
            _ => {
                if method == Method::Bye {
                    self.parted.insert(invite.0.clone(), scene.mono);
                    self.unacknowledged.retain(|(call_id, _), _| *call_id != invite.0);
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
            let may_be_owed = !self.excused.contains(&invite);
            if method == Method::Invite && status < 300 && may_be_owed {
                self.unacknowledged.insert(invite, to.ip());
            }
            return self.answered(scene, msg, *to, status);
        }
        if !msg.is_request() {
            return;
        }
        match method {
            Method::Invite => {
                self.invited.insert(invite, to.ip());
            }
            Method::Ack => {
                self.to_acknowledge.remove(&(invite, to_tag(msg)));
            }
            Method::Bye => {
                self.parted.insert(invite.0.clone(), scene.mono);
                self.unacknowledged.retain(|(call_id, _), _| *call_id != invite.0);
            }
            _ => {}
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        *self = OneFinal::default();
    }

    /// What came by a connection is answered by it or not at all; who cannot be told of an end any
    /// more may answer too late.
    fn cut(&mut self, scene: &mut Scene<'_>, phone: IpAddr) {
        self.moved.insert(phone, scene.mono);
        self.requests.retain(|(from, ..), finals| *from != phone || !finals.is_empty());
        let lost = self.unacknowledged.extract_if(.., |_, to| *to == phone);
        self.excused.extend(lost.map(|(invite, _)| invite));
        self.invited.retain(|_, to| *to != phone);
        self.to_acknowledge.retain(|_, from| *from != phone);
    }

    fn ended(&mut self, world: &World) -> Vec<String> {
        // Who logs in too often in vain is not heard for a while.
        let heard = !world.company.locked_out;
        let silent = self.requests.iter().filter(|(_, finals)| finals.is_empty() && heard);
        let silent = silent.map(|((from, branch, method), _)| {
            format!("no final response to {} {} from {from}", text(method), text(branch))
        });
        let open = self.unacknowledged.keys().map(|(call_id, cseq)| {
            format!("2xx of the node neither acknowledged nor ended: {} {cseq}", text(call_id))
        });
        let owed = self.to_acknowledge.keys().map(|((call_id, cseq), _)| {
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
        // Challenges and refusals outside of dialogs keep no state: the same request may be right
        // after a change of rights or of its sender's port, or when its dialog has come about; and
        // its dialog may be over.
        let recent = |at: Option<&Mono>| at.is_some_and(|at| scene.mono.since(*at) < TRANSACTION);
        let rights = recent(Some(&scene.configured_at)) || recent(self.moved.get(&to.ip()));
        let late = recent(self.born.get(msg.call_id())) && key.2 != b"Cancel";
        let parted = recent(self.parted.get(msg.call_id())) && status == 481;
        // A copy that comes when timer J is over is another request (RFC 3261 §17.2.2).
        let first = *self.answered_at.entry(key.clone()).or_insert(scene.mono);
        let over = scene.mono.since(first) >= TRANSACTION && key.2 != b"Invite";
        match finals.as_slice() {
            [_] if over => finals.clear(),
            [(401 | 403 | 407, _)] if rights || parted => finals.clear(),
            [(481, _)] if late => finals.clear(),
            _ => {}
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
    Some((peer.ip(), branch, format!("{:?}", msg.cseq()?.method).into_bytes()))
}

fn to_tag(msg: &Msg) -> Vec<u8> {
    msg.to().and_then(|to| to.tag().map(<[u8]>::to_vec)).unwrap_or_default()
}
