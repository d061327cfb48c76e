//! S10: the explanation kept with a call equals `explain` on the configuration and live state
//! that its decisions found, given the answers that came (R318).
//!
//! The first decision falls when the INVITE comes, so that it is always compared. Later ones are
//! compared when nothing that decisions read has changed until the call was answered or ended.

use std::collections::BTreeMap;

use base::event::Kind;
use base::id::DeviceId;
use base::{CallId, Dn, Mono, Wall};
use callctl::Moment;
use callctl::whatif::{Answer, Explanation, Question};
use model::record::{CallRecord, Service, Step};
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene};
use crate::company::tenant_id;
use crate::machine::Machine;
use crate::world::World;

/// Groups with a shorter limit are not followed beyond their first member: how long phones ring
/// decides then.
const LIMIT_S: u16 = 600;

/// An attempt that a record will tell of.
struct Attempt {
    device: DeviceId,
    at: Wall,
    call: Option<CallId>,
    shard: usize,
    moment: Moment,
    /// Something that decisions read has changed.
    changed: bool,
    /// So has the pointer of a hunting group.
    pointed: bool,
    /// Decisions may still fall.
    open: bool,
}

/// Attempts with the moments of their beginning.
#[derive(Default)]
pub struct Explained {
    at_hand: Option<(Moment, DeviceId)>,
    attempts: Vec<Attempt>,
}

impl Checker for Explained {
    fn name(&self) -> Name {
        Name::S10
    }

    fn arrived(&mut self, scene: &mut Scene<'_>, at: Arrived<'_>) {
        let phone = scene.phones.get(&at.from.ip());
        self.at_hand = at.moment.cloned().zip(phone.map(|p| p.device)).filter(|_| begins(at.msg));
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        let Done::Event(event) = done else { return };
        if event.kind != Kind::CallBegan {
            return;
        }
        let Some((moment, device)) = self.at_hand.take() else { return };
        let (call, shard, at) = (None, 0, scene.wall);
        let (changed, pointed, open) = (false, false, true);
        self.attempts.push(Attempt { device, at, call, shard, moment, changed, pointed, open });
    }

    fn after(&mut self, machine: &Machine, now: Mono) {
        for attempt in self.attempts.iter_mut().filter(|a| a.open) {
            attempt.look(machine, now);
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        self.at_hand = None;
        self.attempts.iter_mut().for_each(|a| a.open = false);
    }

    fn ended(&mut self, world: &World) -> Vec<String> {
        let mut records: BTreeMap<(DeviceId, Wall), Vec<&CallRecord>> = BTreeMap::new();
        for record in world.store.records.values() {
            if let Some(device) = record.caller.device {
                records.entry((device, record.called_at)).or_default().push(record);
            }
        }
        let mut found = Vec::new();
        for attempt in &self.attempts {
            let of = records.get(&(attempt.device, attempt.at));
            let [record] = of.map(Vec::as_slice).unwrap_or_default() else { continue };
            // What is retrieved is found before anything is decided.
            let found_before = [Service::Transfer, Service::ParkRetrieve];
            let strange = found_before.into_iter().any(|s| record.services.contains(s))
                || record.trace.iter().any(|s| s.code.starts_with("permit."));
            if !strange && let Err(what) = attempt.compare(record) {
                found.push(what);
            }
        }
        found
    }
}

fn begins(msg: &Msg) -> bool {
    msg.method() == Some(Method::Invite) && msg.to().is_some_and(|to| to.tag().is_none())
}

impl Attempt {
    /// Whether decisions still find what they found at first.
    fn look(&mut self, machine: &Machine, now: Mono) {
        let shards = 0..machine.shards_len();
        let found = shards.into_iter().find_map(|shard| {
            let newest = |c: &callctl::CallSummary| match self.call {
                Some(call) => c.call == call,
                None => c.called_at == self.at,
            };
            machine.calls_of(shard).filter(newest).last().map(|c| (shard, c))
        });
        if let Some((shard, call)) = &found {
            (self.call, self.shard) = (Some(call.call), *shard);
        }
        let now = |call| machine.moment(self.shard, (now, tenant_id()), call);
        let moment = match &found {
            Some((_, call)) => now(Some(call.call)),
            // It is over, with all that it had reserved.
            None => self.call.and_then(|_| now(None)),
        };
        self.open = found.is_some_and(|(_, call)| call.answered_at.is_none());
        let Some(moment) = moment else { return };
        self.changed |= !self.moment.finds_same(&moment);
        self.pointed |= !self.moment.points_same(&moment);
        self.open &= !self.changed;
    }

    /// The record's decisions against those of the explanation.
    fn compare(&self, record: &CallRecord) -> Result<(), String> {
        let Some(from) = record.caller.dn else { return Ok(()) };
        let told = segments(&record.trace);
        let mut answers: Vec<(Dn, Answer)> = Vec::new();
        for (n, (steps, came)) in told.iter().enumerate() {
            let steady = self.is_steady(&told, n);
            if n > 0 && !steady {
                return Ok(());
            }
            let (to, answers_so_far) = (&*record.dialed, answers.as_slice());
            let asked = Question { tenant: tenant_id(), from, to, answers: answers_so_far };
            let explained = self.moment.explain(&asked);
            let expected = expected(&explained, n);
            // A hunt pauses before a round: what follows is decided later, or never.
            let left = steps.last().is_some_and(|s| is_round(s));
            let (steps, expected) = match (steady, left) {
                (false, _) => (at_once(steps), at_once(&expected)),
                (true, true) => {
                    (steps.as_slice(), expected.get(..steps.len()).unwrap_or(&expected))
                }
                (true, false) => (steps.as_slice(), expected.as_slice()),
            };
            if steps != expected && !is_over(steps) && !is_over(expected) {
                return Err(format!(
                    "decision {n} of {from} -> {to}: the record tells {steps:?}, \
                     the explanation {expected:?}; answers {answers:?}"
                ));
            }
            let Some(answer) = came.as_ref().filter(|_| steady) else { return Ok(()) };
            let Some((dn, _)) = explained.steps.get(n).and_then(|e| e.assumed) else {
                return Ok(());
            };
            match answers.iter().find(|(of, _)| *of == dn) {
                None => answers.push((dn, *answer)),
                Some((_, before)) if before == answer => {}
                // One question cannot say that a number does now this, now that.
                Some(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Whether what was found at first still decides about the n-th step.
    fn is_steady(&self, told: &[Segment], n: usize) -> bool {
        let before = told.iter().take(n + 1);
        let hunts = before.flat_map(|(steps, _)| steps);
        let pilots = hunts.filter_map(|s| s.strip_prefix("route.hunt "));
        let snapshot = self.moment.snapshot();
        let brief = pilots.filter_map(|p| Dn::parse(p).ok()).any(|pilot| {
            let group = snapshot.hunt_by_pilot(tenant_id(), pilot);
            group.is_none_or(|g| g.limit_s < LIMIT_S)
        });
        let later = told.iter().take(n + 1).skip(1).flat_map(|(steps, _)| steps);
        let mut later = later.filter(|s| s.starts_with("route.hunt"));
        let pointer = self.pointed && (n == 0 || later.next().is_some());
        !self.changed && !brief && !pointer
    }
}

/// Decisions up to one that hangs on a phone, and what came of that; `None` when nothing more is
/// to be said.
type Segment = (Vec<String>, Option<Answer>);

/// The decisions of a record.
fn segments(trace: &[Step]) -> Vec<Segment> {
    let mut out = Vec::new();
    let mut steps: Vec<String> = Vec::new();
    let mut came: Vec<&Step> = Vec::new();
    let mut rings = false;
    for step in trace {
        if rings && is_routing(step) {
            out.push((std::mem::take(&mut steps), answer(&came)));
            came.clear();
            rings = false;
        }
        if is_routing(step) {
            rings = &*step.code == "ring.begin";
            steps.push(text(step));
        } else if rings {
            came.push(step);
        }
    }
    out.push((steps, answer(&came).filter(|_| rings)));
    out
}

fn is_routing(step: &Step) -> bool {
    let families = ["route.", "forward.", "group.", "hunt.", "department.", "voicemail"];
    &*step.code == "ring.begin" || families.iter().any(|f| step.code.starts_with(f))
}

/// A step in one text. How long it rings hangs in a hunt on how long the others took.
fn text(step: &Step) -> String {
    format!("{} {}", step.code, step.args)
}

/// What the phones did, when it is one of the answers that an explanation knows.
fn answer(came: &[&Step]) -> Option<Answer> {
    let has = |code: &str| came.iter().any(|s| &*s.code == code);
    if has("answer") {
        return Some(Answer::Answers);
    }
    if has("ring.over") {
        return Some(Answer::NoAnswer);
    }
    let mut reasons = came.iter().filter(|s| &*s.code == "ring.refused").peekable();
    if reasons.peek().is_none() {
        return has("ring.silent").then_some(Answer::Unreachable);
    }
    // One phone that ended all, or phones that agree: others are weighed, which is not asked here.
    let mut reasons = reasons.filter_map(|s| s.args.split(' ').nth(1));
    let first = reasons.next()?;
    if reasons.any(|r| r != first) {
        return None;
    }
    match first {
        _ if has("ring.silent") && first != base::Cause::Unregistered.name() => None,
        r if r == base::Cause::RingTimeout.name() => Some(Answer::NoAnswer),
        r if r == base::Cause::UserBusy.name() => Some(Answer::Busy),
        r if r == base::Cause::UserRejected.name() => Some(Answer::Declines),
        r if r == base::Cause::Unregistered.name() => Some(Answer::Unreachable),
        _ => None,
    }
}

/// The n-th decisions of an explanation.
fn expected(explained: &Explanation, n: usize) -> Vec<String> {
    let part = explained.steps.get(n);
    part.into_iter().flat_map(|p| &p.steps).filter(|s| is_routing(s)).map(text).collect()
}

fn is_round(step: &str) -> bool {
    step.starts_with("hunt.round")
}

/// What is decided before the first pause.
fn at_once(steps: &[String]) -> &[String] {
    let pause = steps.iter().position(|s| is_round(s)).unwrap_or(steps.len());
    steps.get(..pause).unwrap_or(steps)
}

/// The time of a hunt is over, which hangs on how long phones rang.
fn is_over(steps: &[String]) -> bool {
    steps.iter().any(|s| s.starts_with("hunt.over"))
}
