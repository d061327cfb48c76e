//! The conversation: its legs, what is under way between them, and what ends a step.
//!
//! | Part | While |
//! |---|---|
//! | `first`, `second` | the two that talk; before the answer only `first`, the caller |
//! | [`Dialing`] | a number has been dialled and nobody has answered; where the call goes |
//! | [`Ring`] | contacts of one number are called for `first` (or for the transferee) |
//! | [`Voice`] | the exchange itself answers and speaks |
//! | [`Page`] | the caller pages a department |
//! | [`Announce`] | the refusal is decided and its guidance plays |
//! | [`Transfer`] | a phone asked for a transfer and the target is not reached yet |
//! | [`Consult`] | a party is held by code |
//! | [`Chain`] | … and one of the two holds somebody else |
//! | [`Parked`] | the only party waits in a slot |
//! | [`Takeover`] | an INVITE with Replaces waits for the other party's consent |
//! | [`Exchange`] | one offer is on its way through the call |

use std::sync::Arc;

use base::id::TenantId;
use base::limits::TIMER_HOP;
use base::{CallId, Cause, Dn, LegId, Mono};
use bytes::Bytes;
use smallvec::SmallVec;

use crate::access::Counted;
use crate::basic::Told;
use crate::chain::Chain;
use crate::consult::Consult;
use crate::cx::{Cx, TimerKey};
use crate::exchange::Exchange;
use crate::leg::{Leg, Person, Role};
use crate::media::path::Way;
use crate::notice::Notice;
use crate::outside::Outside;
use crate::page::Page;
use crate::park::Parked;
use crate::recall::Recall;
use crate::record::{Draft, Verdict};
use crate::route::{Journey, Plan};
use crate::voice::Voice;

/// A call, from the first INVITE until its last leg has ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub id: CallId,
    pub key: TimerKey,
    pub tenant: TenantId,
    /// Its media legs live on one thread under this number.
    pub group: u64,
    pub legs: SmallVec<[Leg; 2]>,
    pub first: Option<LegId>,
    pub second: Option<LegId>,
    /// How media goes between the two.
    pub way: Way,
    /// The two have each other's description.
    pub linked: bool,
    /// How they are brought together when they are not.
    pub link: Link,
    pub exchange: Exchange,
    pub draft: Draft,
    pub dialing: Option<Box<Dialing>>,
    pub ring: Option<Box<Ring>>,
    pub announce: Option<Box<Announce>>,
    /// The exchange itself talks to `first`.
    pub voice: Option<Box<Voice>>,
    /// `first` pages.
    pub page: Option<Box<Page>>,
    pub transfer: Option<Box<Transfer>>,
    pub takeover: Option<Box<Takeover>>,
    pub consult: Option<Box<Consult>>,
    /// What waits behind the conversation in front.
    pub chain: Option<Box<Chain>>,
    pub parked: Option<Box<Parked>>,
    pub notice: Option<Box<Notice>>,
    /// What the caller has heard of the called side.
    pub told: Told,
    /// The leg whose description the caller accepted before the answer.
    pub early: Option<LegId>,
    /// What follows from parties outside; few calls have any.
    pub outside: Option<Box<Outside>>,
    /// Channels of access lines counted for this call.
    pub access: Option<Box<Counted>>,
    /// Extensions counted for this call.
    pub reserved: SmallVec<[Dn; 2]>,
    /// Numbers that this call is shown for, in order.
    pub shown: SmallVec<[Dn; 2]>,
    /// Hops left for legs of this call.
    pub max_forwards: u8,
    /// Numbers under which it is entered as ringing.
    pub ringing_at: SmallVec<[Dn; 2]>,
    /// When it first rang anywhere (R266).
    pub rang_at: Option<Mono>,
    /// When an unanswered call is given up (R252).
    pub give_up_at: Option<Mono>,
    /// The timer that is armed, if any; it may be earlier than needed.
    pub armed_at: Option<Mono>,
    /// A leg met something that ends the call; taken up when the step ends.
    pub trouble: Option<Verdict>,
    pub ended: bool,
}

/// How two answered legs get each other's description.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Link {
    /// One is asked for an offer, the other answers it (RFC 3725 §4.1).
    #[default]
    Join,
    /// The second has answered this description of the first: the first is told.
    Tell(Box<Bytes>),
}

/// A number is being reached.
#[derive(Debug)]
pub(crate) struct Dialing {
    pub purpose: Purpose,
    /// For whom: the caller or the transferee.
    pub leg: LegId,
    pub referred_by: Option<Bytes>,
    pub journey: Journey,
    /// Nobody rings until then (R271).
    pub wait_until: Option<Mono>,
}

/// Contacts are being called.
#[derive(Debug)]
pub(crate) struct Ring {
    pub purpose: Purpose,
    /// For whom: the caller or the transferee.
    pub leg: LegId,
    pub plan: Plan,
    pub way: Way,
    /// Description that the contacts were given; empty = they were asked for one.
    pub offered: Bytes,
    pub referred_by: Option<Bytes>,
    /// No leg with a sign of life by then: 圏外.
    pub reach_by: Option<Mono>,
    /// When ringing ends.
    pub ring_until: Mono,
    /// When those are called who had to wait for their turn (R276).
    pub go_on_at: Option<Mono>,
    pub ring_time_s: u16,
    /// A provisional answer came, so the ring time runs.
    pub ringing: bool,
    /// The one for whom it began has left another one to it: what the contacts were given is
    /// not his.
    pub inherited: bool,
    /// The weightiest reason of a contact that could be reached.
    pub worst: Option<Cause>,
}

/// Why contacts are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A phone dialled.
    Basic,
    /// A transfer.
    Transfer,
    /// The transferrer is called back (R290).
    Recall,
    /// A number that was dialled while the other party is held.
    Consult,
    /// The parker is called back (R290).
    ParkRecall,
    /// Nobody retrieved a parked call.
    ParkOverflow,
    /// Who parked a call by a blind transfer hears its slot (R293).
    ParkTell,
}

/// A guidance before a refusal.
#[derive(Debug)]
pub(crate) struct Announce {
    pub verdict: Verdict,
    pub prompt: mediactl::PromptId,
    pub language: mediactl::Language,
    /// Names this playing in the media plane's events.
    pub serial: u32,
    pub playing: bool,
    /// The refusal follows at the latest then.
    pub until: Mono,
}

/// A transfer by a phone whose target is not reached yet.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// Who transfers; out when the phone has hung up.
    pub referrer: LegId,
    pub referrer_who: Arc<Person>,
    /// Who is transferred.
    pub transferee: LegId,
    /// The attempt's own record; in the call's place once the referrer has gone.
    pub draft: Option<Draft>,
    /// The referrer knows that the target rings.
    pub told: bool,
    /// It was in vain: the referrer is called back.
    pub recall: Option<Recall>,
}

impl Transfer {
    /// The referrer has gone, and its own conversation is recorded.
    pub(crate) fn left_by(
        (referrer, referrer_who): (LegId, Arc<Person>),
        transferee: LegId,
    ) -> Self {
        Transfer { referrer, referrer_who, transferee, draft: None, told: false, recall: None }
    }
}

/// A leg that shall take another's place, or retrieves a parked call.
#[derive(Debug)]
pub(crate) struct Takeover {
    pub joining: LegId,
    pub replaced: Option<LegId>,
    pub way: Way,
    pub begun: bool,
    /// Its own record, when it comes to nothing.
    pub draft: Draft,
}

impl Purpose {
    /// Somebody is called back (R290).
    pub(crate) fn is_recall(self) -> bool {
        matches!(self, Purpose::Recall | Purpose::ParkRecall)
    }
}

impl Call {
    pub(crate) fn new(id: CallId, key: TimerKey, tenant: TenantId, draft: Draft) -> Self {
        Call {
            id,
            key,
            tenant,
            group: 0,
            legs: SmallVec::new(),
            first: None,
            second: None,
            way: Way::Direct,
            linked: false,
            link: Link::Join,
            exchange: Exchange::Idle,
            draft,
            dialing: None,
            ring: None,
            announce: None,
            voice: None,
            page: None,
            transfer: None,
            takeover: None,
            consult: None,
            chain: None,
            parked: None,
            notice: None,
            told: Told::Nothing,
            early: None,
            outside: None,
            access: None,
            reserved: SmallVec::new(),
            ringing_at: SmallVec::new(),
            rang_at: None,
            shown: SmallVec::new(),
            max_forwards: 0,
            give_up_at: None,
            armed_at: None,
            trouble: None,
            ended: false,
        }
    }

    pub(crate) fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs.iter().find(|l| l.id == id)
    }

    pub(crate) fn leg_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|l| l.id == id)
    }

    pub(crate) fn by_media(&self, media: LegId) -> Option<LegId> {
        self.legs.iter().find(|l| l.media.as_ref().is_some_and(|m| m.id == media)).map(|l| l.id)
    }

    /// The other one of the two.
    pub(crate) fn peer_of(&self, leg: LegId) -> Option<LegId> {
        match (self.first, self.second) {
            (Some(first), second) if first == leg => second,
            (first, Some(second)) if second == leg => first,
            _ => None,
        }
    }

    /// The other one, while both are answered.
    pub(crate) fn partner(&self, leg: LegId) -> Option<LegId> {
        self.peer_of(leg).filter(|peer| self.leg(*peer).is_some_and(Leg::is_answered))
    }

    pub(crate) fn is_party(&self, leg: LegId) -> bool {
        self.first == Some(leg) || self.second == Some(leg)
    }

    /// Legs that still ring.
    pub(crate) fn ringing(&self) -> SmallVec<[LegId; 4]> {
        let rings = self.legs.iter().filter(|l| l.role == Role::Ringing);
        rings.map(|l| l.id).collect()
    }

    /// The only leg that rings for a phone that waits; only then early media passes.
    pub(crate) fn only_ringing(&self) -> Option<LegId> {
        let ring = self.ring.as_ref().filter(|r| r.purpose == Purpose::Basic)?;
        self.leg(ring.leg).filter(|l| l.awaits_answer())?;
        match self.ringing().as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// How media goes between this leg and its counterpart.
    pub(crate) fn way_of(&self, leg: LegId) -> Way {
        let rings = self.leg(leg).is_some_and(|l| l.role == Role::Ringing);
        match &self.ring {
            Some(ring) if rings => ring.way,
            _ => self.way,
        }
    }

    /// Both talk: answered, and nothing is left of the setup.
    pub(crate) fn is_up(&self) -> bool {
        let answered =
            |id: Option<LegId>| id.and_then(|id| self.leg(id)).is_some_and(Leg::is_answered);
        answered(self.first) && answered(self.second)
    }

    /// Ends a step: trouble, waiting work, counters, media conditions and the timer.
    pub(crate) fn finish_step(&mut self, cx: &mut Cx<'_>) {
        self.page_on(cx);
        for _ in 0..STEP_ROUNDS {
            if let Some(verdict) = self.trouble.take()
                && !self.consult_broken(cx, verdict)
                && !self.join_broken(cx, verdict)
            {
                self.refuse_or_end(cx, verdict);
            }
            self.resume_resting();
            for _ in 0..SETTLE_ROUNDS {
                if self.trouble.is_some() || !self.settle(cx) {
                    break;
                }
            }
            if self.trouble.is_none() {
                break;
            }
        }
        if self.ring.is_none() && self.dialing.as_ref().is_some_and(|d| d.wait_until.is_none()) {
            self.dialing = None;
        }
        if self.ring.is_none() && !self.ringing_at.is_empty() {
            self.rings_nowhere(cx);
        }
        self.show_parties(cx);
        self.count_calls(cx);
        self.free_channels(cx);
        self.count_access(cx);
        self.watch_outside(cx);
        self.show(cx);
        self.tidy_media(cx);
        self.arm(cx);
        for out in self.legs.iter().filter(|l| l.role == Role::Out) {
            cx.core.by_leg.remove(&out.id);
        }
        self.legs.retain(|l| l.role != Role::Out);
    }

    /// Counts the call once for each extension that takes part in it, and frees the others.
    fn count_calls(&mut self, cx: &mut Cx<'_>) {
        let legs = self.legs.iter().filter(|l| !self.ended && self.counts(l));
        let mut live: SmallVec<[Dn; 4]> = legs.filter_map(|l| l.who.dn).collect();
        live.sort_unstable();
        let mut kept: SmallVec<[Dn; 2]> = SmallVec::new();
        for dn in &self.reserved {
            if live.binary_search(dn).is_ok() {
                kept.push(*dn);
            } else {
                #[cfg(feature = "planted")]
                if cx.core.planted == Some(crate::planted::Bug::BusyMark)
                    && self.draft.answered_at.is_none()
                    && cx.core.budget.is_last(self.tenant, *dn)
                {
                    continue;
                }
                cx.core.budget.free(self.tenant, *dn);
            }
        }
        self.reserved = kept;
    }

    /// Counts the call for `dn`, once.
    pub(crate) fn reserve(&mut self, cx: &mut Cx<'_>, dn: Dn) {
        if !self.reserved.contains(&dn) {
            cx.core.budget.take(self.tenant, dn);
            self.reserved.push(dn);
        }
    }

    /// Whether one more call is too much for `dn`.
    pub(crate) fn is_full(&self, cx: &Cx<'_>, dn: Dn) -> bool {
        let limit = crate::budget::limit(cx.view.snapshot(), self.tenant, dn);
        !self.reserved.contains(&dn) && cx.core.budget.count(self.tenant, dn) >= limit
    }

    fn deadline(&self) -> Option<Mono> {
        if self.ended {
            return None;
        }
        let ring = self.ring.as_ref();
        let digits = self.legs.iter().map(|l| l.collector.as_ref().and_then(|c| c.deadline()));
        [
            ring.and_then(|r| r.reach_by),
            ring.map(|r| r.ring_until),
            ring.and_then(|r| r.go_on_at),
            self.dialing.as_ref().and_then(|d| d.wait_until),
            self.announce.as_ref().map(|a| a.until),
            self.voice_deadline(),
            self.page.as_ref().and_then(|p| p.deadline()),
            self.give_up_at,
            self.consult.as_ref().and_then(|c| c.deadline()),
            self.parked.as_ref().and_then(|p| p.recall_at),
            self.notice.as_ref().map(|n| n.until),
            self.recall_at(),
            self.outside.as_ref().and_then(|o| o.part_at),
            self.outside.as_ref().and_then(|o| o.held_until),
        ]
        .into_iter()
        .chain(digits)
        .flatten()
        .min()
    }

    /// At most one timer of a call lies in the wheel ahead of its next deadline.
    fn arm(&mut self, cx: &mut Cx<'_>) {
        let Some(deadline) = self.deadline() else { return };
        let deadline = deadline.min(cx.now.mono + TIMER_HOP);
        if self.armed_at.is_none_or(|armed| deadline < armed) {
            self.armed_at = Some(deadline);
            cx.core.wheel.arm(deadline, self.key);
        }
    }

    /// A leg that has ended: what still comes of it is late news.
    pub(crate) fn forget(&mut self, cx: &mut Cx<'_>, leg: LegId) {
        cx.core.by_leg.remove(&leg);
        self.legs.retain(|l| l.id != leg);
    }

    /// Nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        self.legs.is_empty()
    }

    pub(crate) fn add_leg(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        cx.core.by_leg.insert(leg.id, self.key.slot);
        if let Some(media) = &leg.media {
            cx.core.by_media.insert(media.id, self.key.slot);
        }
        if let Some(gateway) = leg.who.gateway {
            self.take_channel(cx, &leg, gateway);
        }
        self.legs.push(leg);
    }
}

/// Rounds in which one step may meet trouble; the first ends the call, so two suffice.
const STEP_ROUNDS: usize = 3;

/// Things begun in one step; each waits for a far end or is followed by few others.
const SETTLE_ROUNDS: usize = 16;
