//! S11: lamps show what is. Each subscription is told its documents without a gap, no oftener than
//! dialogs may be told, and in the end the truth; who calls is seen by those only who may pick up
//! the call, another company's numbers do not exist, and a box is its owner's (R310, R311).
//!
//! A document is judged when it differs from the truth for [`LATE`] while nothing stands in its
//! way: no NOTIFY without answer, no connection that was cut.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base::id::DeviceId;
use base::limits::{DIALOG_NOTIFY_EVERY, SUBSCRIPTION_MIN_S};
use base::{Dn, Micros, Mono, Now};
use bytes::Bytes;
use sip::event::Package;
use sip::msg::event::SubState;
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene, text};
use crate::lamp;
use crate::machine::Machine;
use crate::world::World;

/// How long a lamp may be behind: the interval between two NOTIFYs, and something.
const LATE: Micros = Micros::seconds(3);

/// Least time between two looks at all lamps.
const LOOK_EVERY: Micros = Micros::millis(400);

/// 64·T1: a NOTIFY without answer until then ends its subscription.
const UNANSWERED: Micros = Micros::seconds(32);

/// A SUBSCRIBE that reached the node.
#[derive(Debug, Clone)]
struct Asked {
    device: DeviceId,
    phone: IpAddr,
    package: Package,
    user: String,
    expires_s: u32,
    begins: bool,
    done: bool,
}

/// A subscription as the wire shows it.
#[derive(Debug)]
struct Sub {
    device: DeviceId,
    phone: IpAddr,
    package: Package,
    /// Which number; until the answer has been judged nobody knows.
    dn: Option<Dn>,
    until: Mono,
    /// A SUBSCRIBE was accepted, and nothing has been told since.
    owes: Option<Mono>,
    last: Option<(u32, Mono)>,
    version: u32,
    body: Bytes,
    unanswered: bool,
    /// Something came in between: the phone may not be reached, or the subscription be gone.
    doubtful: bool,
    ended: bool,
    /// What should be shown and is not, and since when.
    off: Option<(Mono, String)>,
}

/// By Call-ID and the node's tag.
type Key = (Vec<u8>, Vec<u8>);

/// What was asked for, and what was told.
#[derive(Default)]
pub struct Lamps {
    asked: BTreeMap<(Vec<u8>, u32), Asked>,
    subs: BTreeMap<Key, Sub>,
    /// Answers that are to be judged by the configuration of now.
    answers: Vec<(Asked, u16, Option<Key>)>,
    looked_at: Mono,
    /// The newest configuration. What one that goes back leaves behind is S8's.
    revision: u64,
    goes_back: bool,
    found: Vec<String>,
}

impl Checker for Lamps {
    fn name(&self) -> Name {
        Name::S11
    }

    fn arrived(&mut self, scene: &mut Scene<'_>, at: Arrived<'_>) {
        self.report(scene);
        let (Some(cseq), Some(phone)) = (at.msg.cseq(), scene.phones.get(&at.from.ip())) else {
            return;
        };
        match (at.msg.status(), cseq.method) {
            (None, Method::Subscribe) => {
                let package = at.msg.event().and_then(|e| Package::of(e.package));
                let user = sip::msg::uri::Uri::parse(at.msg.request_uri());
                let user = user.and_then(|u| u.user().map(|u| text(&u))).unwrap_or_default();
                let Some(package) = package else { return };
                let asked = Asked {
                    device: phone.device,
                    phone: at.from.ip(),
                    package,
                    user,
                    expires_s: at.msg.expires().unwrap_or(0),
                    begins: at.msg.to().is_some_and(|to| to.tag().is_none()),
                    done: false,
                };
                let key = (at.msg.call_id().to_vec(), cseq.number);
                self.asked.entry(key).or_insert(asked);
            }
            (Some(status @ 200..), Method::Notify) => {
                let Some(sub) = key_of(at.msg, false).and_then(|k| self.subs.get_mut(&k)) else {
                    return;
                };
                // Of several answers the first counts.
                if sub.unanswered && sub.last.is_some_and(|(number, _)| number == cseq.number) {
                    (sub.unanswered, sub.doubtful) = (false, false);
                    sub.ended |= status >= 300;
                }
            }
            _ => {}
        }
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        self.report(scene);
        let Done::Sent(msg, to) = done else { return };
        if !scene.phones.contains_key(&to.ip()) {
            return;
        }
        let Some(cseq) = msg.cseq() else { return };
        match (msg.status(), cseq.method) {
            (Some(status @ 200..), Method::Subscribe) if !matches!(status, 401 | 407) => {
                let key = (msg.call_id().to_vec(), cseq.number);
                let Some(asked) = self.asked.get_mut(&key).filter(|a| !a.done) else { return };
                asked.done = true;
                let asked = asked.clone();
                self.answered(&asked, (msg, status), scene.mono);
                let sub = key_of(msg, true).filter(|_| status < 300);
                self.answers.push((asked, status, sub));
            }
            (None, Method::Notify) if is_lamp(msg) => {
                if let Err(what) = self.told(msg, cseq.number, scene.mono) {
                    let call = text(msg.call_id());
                    scene.report(Name::S11, format!("subscription {call}: {what}"));
                }
            }
            _ => {}
        }
    }

    fn after(&mut self, machine: &Machine, now: Now) {
        let now = now.mono;
        self.goes_back |= machine.revision() < self.revision;
        self.revision = machine.revision();
        if self.goes_back {
            return self.answers.clear();
        }
        for (asked, status, sub) in std::mem::take(&mut self.answers) {
            self.judge_answer(machine, &asked, status, sub);
        }
        if now.since(self.looked_at) >= LOOK_EVERY && machine.shards_len() == 1 {
            self.looked_at = now;
            self.look(machine, now);
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        let found = std::mem::take(&mut self.found);
        *self = Lamps { found, ..Lamps::default() };
    }

    fn cut(&mut self, _scene: &mut Scene<'_>, phone: IpAddr) {
        for sub in self.subs.values_mut().filter(|s| s.phone == phone) {
            (sub.doubtful, sub.off) = (true, None);
        }
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Err("the node is down".into()) };
        if machine.shards_len() > 1 {
            return Ok(());
        }
        let mut live = 0;
        for phone in &world.phones {
            let device = phone.card.device;
            for key in phone.panel.keys() {
                live += usize::from(key.is_live());
                let told = key.told.as_ref().map(|t| &t.body);
                let what = (key.package, key.number.as_str());
                judge_key(world, machine, device, (what, told, key.refused))
                    .map_err(|e| format!("phone {}: {what:?}: {e}", phone.card.index))?;
            }
        }
        let held = machine.subscriptions_len();
        match held == live {
            true => Ok(()),
            false => Err(format!("{held} subscriptions at the node, {live} at phones")),
        }
    }

    fn ended(&mut self, _world: &World) -> Vec<String> {
        std::mem::take(&mut self.found)
    }
}

impl Lamps {
    fn report(&mut self, scene: &mut Scene<'_>) {
        for what in self.found.drain(..) {
            scene.report(Name::S11, what);
        }
    }

    /// A SUBSCRIBE was accepted or refused.
    fn answered(&mut self, asked: &Asked, (msg, status): (&Msg, u16), now: Mono) {
        let Some(key) = key_of(msg, true) else { return };
        if let Some(sub) = self.subs.get_mut(&key) {
            match status {
                200..=299 => {
                    let granted = msg.expires().unwrap_or(0);
                    sub.until = now + Micros::seconds(u64::from(granted));
                    (sub.owes, sub.doubtful) = (Some(now), false);
                }
                // It may have ended, which its last NOTIFY says.
                _ => sub.doubtful = true,
            }
        } else if asked.begins && status < 300 {
            let granted = msg.expires().unwrap_or(0);
            self.subs.insert(
                key,
                Sub {
                    device: asked.device,
                    phone: asked.phone,
                    package: asked.package,
                    dn: None,
                    until: now + Micros::seconds(u64::from(granted)),
                    owes: Some(now),
                    last: None,
                    version: 0,
                    body: Bytes::new(),
                    unanswered: false,
                    doubtful: false,
                    ended: false,
                    off: None,
                },
            );
        }
    }

    /// Another company's numbers are as those that nobody has, and a box is its owner's.
    fn judge_answer(&mut self, machine: &Machine, asked: &Asked, status: u16, sub: Option<Key>) {
        let snapshot = machine.snapshot();
        let watched = lamp::watched(snapshot, asked.device, asked.package, &asked.user);
        if let (Ok(dn), Some(sub)) = (watched, sub.and_then(|k| self.subs.get_mut(&k)))
            && asked.begins
        {
            sub.dn = Some(dn);
        }
        let brief = asked.expires_s != 0 && asked.expires_s < SUBSCRIPTION_MIN_S;
        let is_active = lamp::is_active(snapshot, asked.device);
        let agrees = match (status, watched) {
            _ if !asked.begins => true,
            (200..=299, Ok(_)) => !brief,
            (200..=299, Err(_)) => false,
            (403 | 404, Ok(_)) => !is_active,
            (403 | 404, Err(expected)) => !is_active || status == expected,
            (423, _) => brief,
            _ => true,
        };
        if !agrees {
            let Asked { device, package, user, .. } = asked;
            self.found.push(format!(
                "{device} asks for {package:?} of {user} and is told {status}, not {watched:?}"
            ));
        }
    }

    /// A NOTIFY is sent.
    fn told(&mut self, msg: &Msg, number: u32, now: Mono) -> Result<(), String> {
        let sub = key_of(msg, false).and_then(|k| self.subs.get_mut(&k));
        let sub = sub.ok_or("a NOTIFY without a subscription")?;
        if sub.last.is_some_and(|(last, _)| last == number) {
            return Ok(());
        }
        let owes = sub.owes.take().is_some();
        if let Some((last, at)) = sub.last {
            if number != last + 1 {
                return Err(format!("CSeq {number} follows {last}"));
            }
            let ends = is_over(msg);
            let early = now.since(at) < DIALOG_NOTIFY_EVERY && sub.package == Package::Dialog;
            if early && !owes && !ends && !sub.unanswered {
                return Err(format!("told again after {} ms", now.since(at).0 / 1_000));
            }
        }
        if sub.ended {
            return Err("a NOTIFY after the last one".into());
        }
        let body = String::from_utf8_lossy(msg.body());
        if let Some(version) = lamp::version_of(&body).filter(|v| *v != sub.version) {
            return Err(format!("version {version} instead of {}", sub.version));
        }
        sub.version += 1;
        (sub.last, sub.unanswered, sub.off) = (Some((number, now)), true, None);
        (sub.body, sub.ended) = (msg.body_bytes(), is_over(msg));
        Ok(())
    }

    /// Each lamp against the truth.
    fn look(&mut self, machine: &Machine, now: Mono) {
        let lives = |sub: &Sub| !sub.ended && sub.until + LATE > now;
        for ((call_id, _), sub) in self.subs.iter_mut().filter(|(_, sub)| lives(sub)) {
            if sub.unanswered && sub.last.is_some_and(|(_, at)| now.since(at) > UNANSWERED) {
                sub.doubtful = true;
            }
            let settled = !sub.doubtful && !sub.unanswered && sub.until >= now;
            let Some(dn) = sub.dn.filter(|_| settled) else {
                sub.off = None;
                continue;
            };
            if sub.owes.is_some_and(|since| now.since(since) > LATE) {
                sub.owes = None;
                self.found.push(format!("subscription {} is told nothing", text(call_id)));
            }
            let sight = lamp::sees_who(machine.snapshot(), sub.device, dn);
            let truth = match sub.package {
                Package::Dialog => lamp::truth(&machine.lamp(dn), sight),
                _ => lamp::messages(machine.waiting(dn)),
            };
            let shown = lamp::shown(&String::from_utf8_lossy(&sub.body));
            if shown == truth || sub.last.is_none() {
                sub.off = None;
                continue;
            }
            match &sub.off {
                Some((since, same)) if *same == truth && now.since(*since) > LATE => {
                    let number = dn.text();
                    let what = format!("the lamp of {number} shows {shown:?}, it is {truth:?}");
                    self.found.push(format!("{what} for {}", sub.device));
                    sub.doubtful = true;
                }
                Some((_, same)) if *same == truth => {}
                _ => sub.off = Some((now, truth)),
            }
        }
    }
}

/// What a phone has been told, when all is calm, against the truth of the store and of the calls.
fn judge_key(
    world: &World,
    machine: &Machine,
    device: DeviceId,
    ((package, user), told, refused): ((Package, &str), Option<&Bytes>, Option<u16>),
) -> Result<(), String> {
    let snapshot = machine.snapshot();
    let told = told.map(|body| lamp::shown(&String::from_utf8_lossy(body)));
    let dn = match lamp::watched(snapshot, device, package, user) {
        Ok(dn) => dn,
        Err(_) if told.is_none() => return Ok(()),
        Err(status) => return Err(format!("is told {told:?}, should have been told {status}")),
    };
    let truth = match package {
        Package::Dialog => lamp::truth(&machine.lamp(dn), lamp::sees_who(snapshot, device, dn)),
        _ => lamp::messages(world.store.waiting(crate::company::tenant_id(), dn)),
    };
    match told {
        Some(told) if told == truth => Ok(()),
        Some(told) => Err(format!("shows {told:?}, it is {truth:?}")),
        None => Err(format!("has no subscription, refused with {refused:?}")),
    }
}

fn is_lamp(msg: &Msg) -> bool {
    msg.event().is_some_and(|e| Package::of(e.package).is_some())
}

fn is_over(msg: &Msg) -> bool {
    msg.subscription_state().is_some_and(|s| s.state == SubState::Terminated)
}

/// The node's tag is in To of what it answers to, in From of what it begins.
fn key_of(msg: &Msg, answers: bool) -> Option<Key> {
    let address = if answers { msg.to() } else { msg.from() };
    Some((msg.call_id().to_vec(), address?.tag()?.to_vec()))
}
