//! Call control: decides who talks to whom, and why a call ended.
//!
//! Pure: knows no SIP, no socket and no clock. A leg is offers, answers and an end; what it says
//! on the wire is the stack's business, what it carries the media plane's. Each file of a verb
//! has its table of states and events:
//!
//! | File | Verb |
//! |---|---|
//! | `permit` | may the caller call |
//! | `route/` `dial` | where the call goes: numbers, forwards, groups; and going there |
//! | `basic` `ring` | all devices ring, the first answer wins |
//! | `pace` | many phones are called a few at a time |
//! | `page/` | one speaks, the terminals of a department listen |
//! | `announce` | guidance before a refusal |
//! | `exchange` `settle` | offers and answers between the two, what remains to be done |
//! | `hold` | music for who is held |
//! | `pickup` | a ringing call is answered elsewhere |
//! | `feature` `voice` | settings by code; the exchange itself speaks |
//! | `login` | a person logs in at a terminal, or out |
//! | `mail/` | voicemail |
//! | `transfer` `replaces` | parties change |
//! | `digits` `collect` | digits: codes, and what passes |
//! | `consult` `leave` `park` `slot` `notice` | codes pressed in a call |
//! | `recall` | who transferred, held or parked is called back |
//! | `display` `caption` | what telephones show |
//! | `end` `record` `explain` | ends, history, why |
//! | `whatif` `moment` | where a call would go, or would have gone, without making it |
//! | `media/` | direct or relay, ports, keys, descriptions |
//! | `outside` | parties behind a gateway: channels, rights, push tones |
//! | `emergency` | emergency calls make room for themselves, and are called back |
//! | `line` | the number that was called, and the one that those outside see |
//! | `budget` | calls at once of an extension |
//! | `access` | channels of the access lines of sites |
//! | `lamps` | what watchers see of an extension |

mod access;
pub mod action;
mod admit;
mod announce;
mod attended;
mod basic;
mod budget;
mod call;
mod callback;
mod caption;
mod chain;
mod collect;
mod consult;
mod cx;
mod dial;
mod digits;
mod display;
mod emergency;
mod end;
mod exchange;
mod explain;
mod feature;
mod hold;
pub mod input;
pub mod lamps;
mod leave;
mod leg;
mod line;
mod login;
mod mail;
mod media;
mod moment;
mod notice;
mod origin;
mod outside;
mod pace;
mod page;
mod park;
mod permit;
pub mod pickup;
#[cfg(feature = "planted")]
pub mod planted;
mod preempt;
mod recall;
mod record;
mod replaces;
mod ring;
mod route;
mod settle;
mod slot;
mod speech;
mod summary;
mod survey;
mod taking;
#[cfg(test)]
mod tests;
mod times;
mod transfer;
pub mod view;
mod voice;
pub mod whatif;
mod whatif_back;

use std::collections::{BTreeMap, BTreeSet};

use base::event::Kind;
use base::{CallId, Cause, LegId, Mono, Now, Place, Rng, Slots, Table, Wheel};

pub use action::Action;
pub use cx::LEG_COUNTER_FIRST;
pub use input::Input;
pub use mail::boxes::Waiting;
pub use moment::Moment;
pub use summary::CallSummary;
pub use survey::{LegSurvey, RECALL};
pub use view::View;

use access::AccessLines;
use action::LegCommand;
use budget::Budget;
use call::Call;
use callback::CallBack;
use cx::{Core, Cx, TimerKey};
use emergency::Emergencies;
use input::{LegEvent, Offered};
use lamps::Lamps;
use leg::{Begun, Leg, Pending};
use mail::boxes::Boxes;
use pace::Pace;
use page::index::Pages;
use record::{Draft, Verdict};
use route::Refusal;
use whatif::{Explanation, Question};

/// All calls of one shard.
pub struct CallControl {
    core: Core,
    calls: Slots<Box<Call>>,
    by_id: BTreeMap<CallId, usize>,
    serial: u32,
    due: Vec<TimerKey>,
}

impl CallControl {
    /// No calls yet. Ids carry `place`; SRTP keys and call ids come from `rng`.
    pub fn new(place: Place, mut rng: Rng) -> Self {
        CallControl {
            core: Core {
                place,
                next_leg: cx::first_leg(&rng),
                by_leg: Table::new(&mut rng),
                by_media: Table::new(&mut rng),
                budget: Budget::new(&mut rng),
                ringing: Table::new(&mut rng),
                parked: Table::new(&mut rng),
                offered: BTreeMap::new(),
                unkept: BTreeSet::new(),
                channels: outside::Channels::default(),
                emergencies: Emergencies::default(),
                access: AccessLines::default(),
                lamps: Lamps::new(&mut rng.derive("lamps")),
                boxes: Boxes::default(),
                pace: Pace::default(),
                pages: Pages::new(&mut rng.derive("pages")),
                wheel: Wheel::new(),
                rng,
                #[cfg(feature = "planted")]
                planted: None,
            },
            calls: Slots::new(),
            by_id: BTreeMap::new(),
            serial: 0,
            due: Vec::new(),
        }
    }

    /// Puts a bug in.
    #[cfg(feature = "planted")]
    pub fn plant(&mut self, bug: planted::Bug) {
        self.core.planted = Some(bug);
    }

    /// Applies one input and appends what is to be done, in order.
    ///
    /// The record of an end comes before every action that lets a far end know of it.
    pub fn handle(&mut self, now: Now, input: Input, view: &dyn View, out: &mut Vec<Action>) {
        match input {
            Input::Offered { leg, offered } => self.offered(now, (leg, *offered), view, out),
            Input::Leg { leg, event } => self.leg_event(now, (leg, event), view, out),
            Input::Media { event } => self.media_event(now, event, view, out),
            Input::Told { call, declined } => {
                let Some(slot) = self.by_id.get(&call).copied() else { return };
                let result = declined.map_or(Ok(()), Err);
                self.step(now, (slot, view), out, |call, cx| call.wish_told(cx, result));
            }
            Input::Config => {
                self.core.boxes.prune(view.snapshot(), out);
                self.each(now, view, out, |call, cx| call.configured(cx));
            }
            Input::Clear { call } => {
                let Some(slot) = self.by_id.get(&call).copied() else { return };
                let end = Verdict::new(Cause::AdminCleared);
                self.step(now, (slot, view), out, |call, cx| call.end_whole(cx, end));
            }
            Input::ClearAll => {
                let end = Verdict::new(Cause::Failover);
                self.each(now, view, out, |call, cx| call.end_whole(cx, end));
            }
            Input::Tick => self.tick(now, view, out),
        }
        self.make_room(now, view, out);
        self.make_access(now, view, out);
        while let Some((device, slot)) = self.core.pages.next_leaving() {
            self.step(now, (slot as usize, view), out, |call, cx| call.leave_page(cx, device));
        }
    }

    /// When [`Input::Tick`] is due; `None` when no timer is armed. May be earlier than needed.
    pub fn next_deadline(&self) -> Option<Mono> {
        let upkeep = self.core.boxes.upkeep_at();
        self.core.wheel.next_deadline().into_iter().chain(upkeep).min()
    }

    /// No call, leg, media leg, recording or reservation is left, and no timer that has anything
    /// to do.
    pub fn is_drained(&self) -> bool {
        self.calls.is_empty()
            && self.core.by_leg.is_empty()
            && self.core.by_media.is_empty()
            && self.core.budget.is_empty()
            && self.core.ringing.is_empty()
            && self.core.lamps.is_empty()
            && self.core.parked.is_empty()
            && self.core.pages.is_empty()
            && self.core.channels.is_empty()
            && self.core.access.is_empty()
            && self.core.emergencies.talking.is_empty()
            && !self.core.boxes.is_recording()
    }

    /// Whether a media leg is still wanted: a condition of one that has been closed is void.
    pub fn has_media(&self, media: LegId) -> bool {
        self.core.by_media.contains_key(&media)
    }

    /// The running calls, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = CallSummary> {
        self.by_id.values().filter_map(|slot| self.calls.get(*slot)).map(|c| CallSummary::of(c))
    }

    /// Every leg of every call, also those that only wait for the stack; oldest call first.
    pub fn survey(&self) -> impl Iterator<Item = LegSurvey> {
        self.by_id.values().filter_map(|slot| self.calls.get(*slot)).flat_map(|c| c.survey())
    }

    /// Where a call would go now, and why: the walk of live calls, with assumed answers (R318).
    pub fn explain(&self, now: Now, asked: &Question<'_>, view: &dyn View) -> Explanation {
        let live = dial::Live { view, core: &self.core, reserved: &[], access: &[] };
        whatif::explain(now, asked, &live)
    }

    /// One step of one call.
    fn step(
        &mut self,
        now: Now,
        (slot, view): (usize, &dyn View),
        out: &mut Vec<Action>,
        act: impl FnOnce(&mut Call, &mut Cx<'_>),
    ) {
        let Some(call) = self.calls.get_mut(slot) else { return };
        let mut cx = Cx { now, view, core: &mut self.core, out };
        act(call, &mut cx);
        call.finish_step(&mut cx);
        if call.is_over() {
            self.by_id.remove(&call.id);
            self.calls.remove(slot);
        }
    }

    /// One step of every call, oldest first.
    fn each(
        &mut self,
        now: Now,
        view: &dyn View,
        out: &mut Vec<Action>,
        act: impl Fn(&mut Call, &mut Cx<'_>),
    ) {
        let slots: Vec<usize> = self.by_id.values().copied().collect();
        for slot in slots {
            self.step(now, (slot, view), out, &act);
        }
    }

    fn tick(&mut self, now: Now, view: &dyn View, out: &mut Vec<Action>) {
        let mut due = std::mem::take(&mut self.due);
        self.core.boxes.upkeep((now.mono, now.wall), view.snapshot(), out);
        self.core.wheel.expire(now.mono, &mut due);
        for key in due.drain(..) {
            let slot = key.slot as usize;
            // An older entry of the call says nothing; a newer one is still to come.
            let is_newest = |c: &Call| c.armed_at.is_some_and(|at| at <= now.mono);
            if self.calls.get(slot).is_some_and(|c| c.key == key && is_newest(c)) {
                self.step(now, (slot, view), out, |call, cx| {
                    call.armed_at = None;
                    call.tick(cx);
                });
            }
        }
        self.due = due;
    }

    fn slot_of(&self, leg: LegId) -> Option<usize> {
        self.core.by_leg.get(&leg).map(|slot| *slot as usize)
    }

    /// A device dials.
    fn offered(
        &mut self,
        now: Now,
        (leg, mut offered): (LegId, Offered),
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        let count = |out: &mut Vec<Action>, kind: Kind| out.push(Action::Event(kind.into()));
        if self.core.by_leg.contains_key(&leg) {
            return count(out, Kind::LateAnswer);
        }
        let Some(device) = view.snapshot().device(offered.device) else {
            // Deleted since it authenticated: no tenant, so no record.
            let command = LegCommand::Refuse { cause: Cause::FeatureNotPermitted };
            return out.push(Action::Leg { leg, command });
        };
        count(out, Kind::CallBegan);
        self.core.pages.call_away(device.id);
        let gateway = view.snapshot().gateway_of(device);
        let who = match gateway {
            Some(gateway) => line::caller(view.snapshot(), gateway, &mut offered),
            None => permit::caller_of(view.snapshot(), device, &offered.name),
        };
        let mut new = Leg::new(leg, Begun::ByPhone, device.id, who.clone());
        new.site = Some(gateway.map_or(device.site, |g| g.site));
        new.policy = device.srtp;
        new.accepts_tones = device.accepts_tones;
        new.path = offered.path;
        new.reliable = offered.reliable;
        new.pending = match &offered.sdp {
            Some(sdp) => Pending::Offer(Leg::keep(sdp)),
            None => Pending::Request,
        };
        // Who is outside takes nobody's call (R240).
        let inside = gateway.is_none();
        if let Some(taking) = self.taking(device, (&new, &offered), view).filter(|_| inside) {
            return match self.may_take(&taking, &new, view) {
                true => self.take(now, (taking, new, &offered), view, out),
                false => self.refuse_taking(now, (device.tenant, new, &offered), view, out),
            };
        }
        let back = gateway.and_then(|g| {
            self.core.emergencies.called_back((now.mono, view.snapshot()), g, &offered)
        });
        new.urgent = back.is_some();
        let draft = Draft::new(now.wall, who, device.id, &offered.dialed);
        let slot = self.begin(now, device.tenant, draft);
        self.step(now, (slot, view), out, |call, cx| call.begin(cx, new, (&offered, back)));
    }

    fn begin(&mut self, now: Now, tenant: base::id::TenantId, draft: Draft) -> usize {
        let id = CallId::mint(now.wall, self.core.place, &mut self.core.rng);
        let slot = self.calls.next_index();
        self.serial = self.serial.wrapping_add(1);
        // Slots are far fewer than 2³²: `LEGS_MAX` bounds the legs, and each call has one.
        let key = TimerKey { slot: slot as u32, serial: self.serial };
        self.calls.insert(Box::new(Call::new(id, key, tenant, draft)));
        self.by_id.insert(id, slot);
        slot
    }

    /// Something happened on a leg.
    fn leg_event(
        &mut self,
        now: Now,
        (leg, event): (LegId, LegEvent),
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        let Some(slot) = self.slot_of(leg) else { return late(leg, &event, out) };
        let pages = self.calls.get(slot).is_some_and(|call| call.is_paged(leg));
        match event {
            LegEvent::Refer(refer) if !pages => self.refer(now, (slot, leg, *refer), view, out),
            event if pages => {
                self.step(now, (slot, view), out, |call, cx| call.page_event(cx, leg, event));
            }
            event => self.step(now, (slot, view), out, |call, cx| call.leg_event(cx, leg, event)),
        }
    }

    /// The media plane reports.
    fn media_event(
        &mut self,
        now: Now,
        event: mediactl::Event,
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        use mediactl::Event as E;
        let mut kept = false;
        match event {
            E::Recorded { file, duration_ms, .. } => {
                kept = self.core.boxes.recorded(file, duration_ms, out);
            }
            E::RecordFailed { file, .. } => self.core.boxes.failed(file, out),
            _ => {}
        }
        let media = match event {
            E::Opened { leg, .. }
            | E::Silent { leg }
            | E::PlayEnded { leg, .. }
            | E::Digit { leg, .. }
            | E::Failed { leg, .. }
            | E::Recorded { leg, .. }
            | E::RecordFailed { leg, .. } => leg,
            // These have no reader here yet; a latched source needs none.
            E::Latched { .. } | E::Stats { .. } | E::Overload { .. } => return,
        };
        let Some(slot) = self.core.by_media.get(&media).map(|slot| *slot as usize) else {
            return;
        };
        self.step(now, (slot, view), out, |call, cx| {
            if call.is_paged(media) {
                return call.page_media(cx, media, event);
            }
            let Some(leg) = call.by_media(media) else { return };
            match event {
                E::Opened { rtp, rtcp, .. } => call.opened(cx, leg, (rtp, rtcp)),
                E::Failed { .. } => call.media_failed(cx, leg),
                E::PlayEnded { serial, .. } => call.play_ended(cx, leg, serial),
                E::Silent { .. } => call.silent(leg),
                E::Digit { digit, phase, source, .. } => {
                    call.tone(cx, leg, (digit, source), phase);
                }
                E::Recorded { file, .. } => call.recorded(cx, leg, (file, kept)),
                E::RecordFailed { file, .. } => call.record_failed(cx, leg, file),
                E::Latched { .. } | E::Stats { .. } | E::Overload { .. } => {}
            }
        });
    }
}

/// News of a leg that has ended here. The stack settles its end by itself; only an answer that
/// crossed our end might leave a phone off the hook, so it is ended once more (R248).
fn late(leg: LegId, event: &LegEvent, out: &mut Vec<Action>) {
    match event {
        LegEvent::Gone | LegEvent::Refused(_) | LegEvent::Ended { .. } => {}
        LegEvent::Answered { .. } => {
            let end = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
            out.push(Action::Leg { leg, command: end });
            out.push(Action::Event(Kind::LateAnswer.into()));
        }
        LegEvent::Trying
        | LegEvent::Progress { .. }
        | LegEvent::OfferReceived { .. }
        | LegEvent::AnswerReceived { .. }
        | LegEvent::OfferFailed { .. }
        | LegEvent::Confirmed
        | LegEvent::Refer(_)
        | LegEvent::Digit { .. } => out.push(Action::Event(Kind::LateAnswer.into())),
    }
}

impl Call {
    /// A new inbound leg begins the call.
    fn begin(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        (offered, back): (&Offered, Option<Box<CallBack>>),
    ) {
        let id = leg.id;
        if back.is_some() {
            self.outside.get_or_insert_default().back = back;
        }
        self.group = id.0;
        let leg = Leg { calls: true, ..leg };
        self.first = Some(id);
        self.max_forwards = offered.max_forwards.saturating_sub(1);
        self.give_up_at = Some(cx.now.mono + self.unanswered_max(cx));
        self.add_leg(cx, leg);
        let refused = match self.permit(cx, id, offered) {
            Ok(()) if offered.replaces.is_some() => {
                Err(Refusal::new(Cause::PickupNone, explain::Mark::NoSuchNumber))
            }
            other => other,
        };
        match refused {
            Ok(()) => self.dial(cx, id, offered.referred_by.clone()),
            Err(refusal) => {
                self.draft.note(refusal.mark);
                let verdict = Verdict::new(refusal.cause);
                self.trouble = Some(verdict.blaming(base::Blame::Caller));
            }
        }
    }

    fn leg_event(&mut self, cx: &mut Cx<'_>, leg: LegId, event: LegEvent) {
        match event {
            LegEvent::Trying => self.reached(cx, leg),
            LegEvent::Progress { status, sdp } => self.progressed(cx, leg, status, sdp),
            LegEvent::Answered { sdp } => self.answered(cx, leg, sdp),
            LegEvent::Refused(refused) => self.leg_refused(cx, leg, &refused),
            LegEvent::OfferReceived { sdp } => self.offer_received(cx, leg, sdp),
            LegEvent::AnswerReceived { sdp } => self.answer_received(cx, leg, sdp),
            LegEvent::OfferFailed { status } => self.offer_failed(cx, leg, status),
            // An answer in the acknowledgement comes as `AnswerReceived`.
            LegEvent::Confirmed => {}
            LegEvent::Ended { cause, by_far_end } => {
                let by = Some(leg).filter(|_| by_far_end);
                self.leg_ended(cx, leg, Verdict { by, ..Verdict::new(cause) });
            }
            LegEvent::Digit { digit, duration } => self.digit(cx, leg, digit, duration),
            LegEvent::Gone => {
                // Without an end before it the stack has lost the leg.
                self.leg_ended(cx, leg, Verdict::new(Cause::MediaTimeout));
            }
            LegEvent::Refer(_) => cx.command(leg, LegCommand::RefuseRefer { status: 500 }),
        }
    }

    /// R255: nothing was heard of a leg that should send.
    fn silent(&mut self, id: LegId) {
        let peer_holds = self.peer_of(id).and_then(|p| self.leg(p)).is_some_and(|p| p.holding);
        if !self.linked || !self.is_party(id) || peer_holds {
            return;
        }
        if let Some(leg) = self.leg_mut(id).filter(|l| l.is_answered() && !l.holding) {
            leg.probe = true;
        }
    }
}
