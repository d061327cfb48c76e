//! S10: the explanation kept with a call equals `explain` on the configuration and live state
//! that each of its decisions found, given the answers that came (R318).
//!
//! A decision falls while an input is handled: what it found is what was there before that input,
//! or what a configuration or the leg of the caller itself has put there, with the hunts where
//! they stood before or after; or a new configuration with the calls of before, since it is a step
//! of one call after the other; or the contacts that a lost connection leaves with the channels of
//! before, which its calls give back as they end. All are tried. Between two rounds of a hunt
//! something may change unseen: then only what was decided before the pause is compared.

use std::collections::{BTreeMap, BTreeSet};

use base::event::Kind;
use base::id::{DeviceId, GatewayId, SiteId};
use base::{CallId, Cause, Mono, Now, Wall};
use callctl::Moment;
use callctl::whatif::{Answer, Caller, Came, Found, retrace};
use model::record::{CallRecord, Service, Step};
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene};
use crate::company::tenant_id;
use crate::machine::Machine;
use crate::world::World;

/// Ways that a record may have gone, as far as its decisions tell.
const WAYS_MAX: usize = 8;

/// What there was when a decision fell: before the input, after it, after it with the hunts where
/// they stood before, and before it with a new configuration or with fewer contacts.
struct Fell {
    at: Mono,
    wall: Wall,
    around: Vec<Moment>,
    /// A new configuration came, which ends one call after the other.
    renewed: bool,
    /// Something has changed since.
    changes: bool,
    /// Something had changed when they went on after a pause.
    changed: bool,
}

/// An attempt that a record will tell of.
struct Attempt {
    device: DeviceId,
    /// Where the device stands.
    site: Option<SiteId>,
    /// It is a gateway's account.
    gateway: Option<GatewayId>,
    at: Wall,
    call: Option<CallId>,
    shard: usize,
    /// What there is now.
    moment: Moment,
    /// Its decisions that led to a number that rang, and the last ones.
    fell: Vec<Fell>,
    /// Numbers rung so far, and steps decided since.
    decided: (usize, usize),
    /// Decisions may still fall.
    open: bool,
}

/// Attempts with the moments of their beginning.
#[derive(Default)]
pub struct Explained {
    at_hand: Option<(Moment, DeviceId)>,
    attempts: Vec<Attempt>,
    /// Decisions that were compared.
    compared: usize,
    /// Calls that there were after the input before.
    known: BTreeSet<CallId>,
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
        let (call, shard, at, fell) = (None, 0, scene.wall, Vec::new());
        let (decided, open) = ((0, 0), true);
        let site = moment.snapshot().device(device).map(|d| d.site);
        let its = |g: &&model::Gateway| g.account == Some(device);
        let gateway = moment.snapshot().gateways(tenant_id()).find(its).map(|g| g.id);
        self.attempts.push(Attempt {
            device,
            site,
            gateway,
            at,
            call,
            shard,
            moment,
            fell,
            decided,
            open,
        });
    }

    fn after(&mut self, machine: &Machine, now: Now) {
        for attempt in self.attempts.iter_mut().filter(|a| a.open) {
            attempt.look(machine, now, &self.known);
        }
        self.known = machine.calls().collect();
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        self.at_hand = None;
        self.known.clear();
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
                || record.trace.iter().any(|s| s.code.starts_with("permit."))
                // A gateway's call that has come too many.
                || record.trace.first().is_some_and(|s| &*s.code == "outside.channels");
            if strange {
                continue;
            }
            match attempt.compare(record) {
                Ok(decisions) => self.compared += decisions,
                Err(what) => found.push(what),
            }
        }
        found
    }
}

fn begins(msg: &Msg) -> bool {
    msg.method() == Some(Method::Invite) && msg.to().is_some_and(|to| to.tag().is_none())
}

impl Attempt {
    /// Who the walk takes for the caller.
    fn caller(&self, record: &CallRecord) -> Caller {
        let terminal = Caller::Terminal(record.caller.dn, self.site);
        self.gateway.map_or(terminal, Caller::Gateway)
    }

    /// Looks what the input has brought about.
    fn look(&mut self, machine: &Machine, now: Now, known: &BTreeSet<CallId>) {
        let (at, wall) = (now.mono, now.wall);
        let shards = 0..machine.shards_len();
        let found = shards.into_iter().find_map(|shard| {
            let newest = |c: &callctl::CallSummary| match self.call {
                Some(call) => c.call == call,
                // By a transfer another one may begin anew at the same time.
                None => c.called_at == self.at && !known.contains(&c.call),
            };
            machine.calls_of(shard).filter(newest).last().map(|c| (shard, c))
        });
        if let Some((shard, call)) = &found {
            (self.call, self.shard) = (Some(call.call), *shard);
        }
        let now = |call| machine.moment(self.shard, (at, tenant_id()), call);
        let call = found.as_ref().map(|(_, call)| call.call);
        // Of what is over all that it had reserved is free.
        let moment = call.or(self.call).and_then(|_| now(call));
        let Some(moment) = moment else { return self.open = found.is_some() };
        let decided = call.and_then(|call| machine.decided(self.shard, call));
        self.open = found.is_some_and(|(_, call)| call.answered_at.is_none());
        let same = self.moment.finds_same(&moment) && self.moment.points_same(&moment);
        let before = std::mem::replace(&mut self.moment, moment.clone());
        let between = moment.pointing_as(&before);
        let renewed = moment.snapshot().revision() != before.snapshot().revision();
        let configured = renewed.then(|| before.configured_as(&moment));
        let cut = (!before.reaches_same(&moment)).then(|| before.reached_as(&moment));
        let more = configured.into_iter().chain(cut);
        let around: Vec<Moment> = [before, moment, between].into_iter().chain(more).collect();
        if !same {
            self.fell.iter_mut().for_each(|f| f.changes = true);
        }
        let (rung, since) = match decided {
            Some((rung, since)) => (rung, since),
            // It is over, and so are decisions that may have fallen at the end.
            None => (self.fell.len(), 1),
        };
        let (former, now) = (self.decided, (rung, since));
        self.decided = now;
        if now == former {
            return;
        }
        // Those that were begun go on after a pause.
        if let Some(open) = self.fell.get_mut(former.0) {
            open.changed |= open.changes;
        }
        while self.fell.len() < rung + usize::from(since > 0) {
            let around = around.clone();
            self.fell.push(Fell { at, wall, around, renewed, changes: false, changed: false });
        }
    }

    /// The record's decisions against those of the explanation; how many were compared.
    fn compare(&self, record: &CallRecord) -> Result<usize, String> {
        let told = segments(&record.trace);
        let from = self.caller(record);
        let asked = (tenant_id(), from);
        // Who is called back rings beside what was decided, and before it.
        let backs = record.trace.iter().any(|s| &*s.code == "emergency.call-back");
        // Two moments may both fit a decision and part later, so each way on is kept.
        let mut ways: Vec<Vec<Found<'_>>> = vec![Vec::new()];
        for (n, (steps, came)) in told.iter().enumerate() {
            // What fell last may have fallen in the input of the one before it.
            let Some(fell) = self.fell.get(n).or(self.fell.last()) else { return Ok(n) };
            let mut seen = Vec::new();
            let mut fits = Vec::new();
            for (way, moment) in ways.iter().flat_map(|w| fell.around.iter().map(move |m| (w, m))) {
                let found = Found { at: fell.at, wall: fell.wall, moment, came: *came };
                let all: Vec<Found<'_>> = way.iter().copied().chain([found]).collect();
                let expected =
                    retrace(asked, &record.dialed, &all).into_iter().nth(n).unwrap_or_default();
                let expected: Vec<String> =
                    expected.iter().filter(|s| is_routing(s)).map(text).collect();
                if is_same(steps, &expected, fell.changed) {
                    fits.push(all);
                }
                seen.push(expected);
            }
            if fits.is_empty() && fell.renewed {
                // What the calls before it had left by then is in none of the moments.
                return Ok(n);
            }
            if fits.is_empty() {
                return Err(format!(
                    "decision {n} of {from:?} -> {}: the record tells {steps:?}, \
                     the explanation {seen:?}",
                    record.dialed
                ));
            }
            // What followed a change in a pause was decided on something else.
            if came.is_none() || backs || (fell.changed && steps.iter().any(|s| is_round(s))) {
                return Ok(n + 1);
            }
            fits.truncate(WAYS_MAX);
            ways = fits;
        }
        Ok(told.len())
    }
}

/// Whether the steps are those of the explanation, as far as they can be told.
fn is_same(steps: &[String], expected: &[String], changed: bool) -> bool {
    let paused = |s: &[String]| s.iter().any(|s| is_round(s));
    // Who gives up between two rounds leaves the rest undecided.
    let left = steps.last().is_some_and(|s| is_round(s));
    match changed && (paused(steps) || paused(expected)) {
        true => at_once(steps) == at_once(expected),
        false if left => expected.get(..steps.len()) == Some(steps),
        false => steps == expected,
    }
}

/// Decisions up to one that hangs on a phone, and what came of that; `None` when nothing more is
/// to be said.
type Segment = (Vec<String>, Option<Came>);

/// The decisions of a record.
fn segments(trace: &[Step]) -> Vec<Segment> {
    let mut out = Vec::new();
    let mut steps: Vec<String> = Vec::new();
    let mut since: Vec<&Step> = Vec::new();
    let mut rings = false;
    for step in trace {
        if rings && is_routing(step) {
            let came = came(&since, &steps);
            out.push((std::mem::take(&mut steps), came));
            since.clear();
            rings = false;
        }
        if is_routing(step) {
            rings = &*step.code == "ring.begin";
            steps.push(text(step));
        } else if rings {
            since.push(step);
        }
    }
    let came = came(&since, &steps).filter(|_| rings);
    out.push((steps, came));
    out
}

fn is_routing(step: &Step) -> bool {
    let families = ["route.", "forward.", "group.", "hunt.", "department.", "voicemail", "line."];
    let outside = ["outside.", "emergency."];
    // Those are found when a call has been decided.
    let back = ["emergency.call-back", "emergency.past", "emergency.back-group"];
    let later = |code: &str| {
        back.contains(&code) || ["outside.connect-denied", "outside.over"].contains(&code)
    };
    &*step.code == "ring.begin"
        || families.iter().any(|f| step.code.starts_with(f))
        || (outside.iter().any(|f| step.code.starts_with(f)) && !later(&step.code))
}

/// A step in one text. How long it rings hangs in a hunt on how long the others took.
fn text(step: &Step) -> String {
    format!("{} {}", step.code, step.args)
}

/// What became of the number: when its phones agreed, or were taken away.
fn came(steps: &[&Step], decided: &[String]) -> Option<Came> {
    let ends = ["ring.refused", "ring.over", "ring.silent", "ring.device-gone", "answer"];
    let last = steps.iter().rev().find(|s| ends.contains(&&*s.code))?;
    match &*last.code {
        "ring.device-gone" => Some(Came::Gone),
        // One leg has been called, and what its gateway said is the answer.
        "ring.refused" if decided.iter().rev().nth(1).is_some_and(|s| s.contains(".gateway ")) => {
            let name = last.args.split(' ').nth(1)?;
            Cause::parse(name).map(Came::Ended)
        }
        _ => answer(steps).map(Came::Answer),
    }
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

/// A pause follows.
fn is_round(step: &str) -> bool {
    step.starts_with("hunt.round") || step.starts_with("emergency.again")
}

/// What is decided before the first pause.
fn at_once(steps: &[String]) -> &[String] {
    let pause = steps.iter().position(|s| is_round(s)).unwrap_or(steps.len());
    steps.get(..pause).unwrap_or(steps)
}
