//! Hold, consult and transfer by code (group G, R082–R084).
//!
//! | Stage | The holder | Who is held | Hold code | The holder hangs up |
//! |---|---|---|---|---|
//! | `Dialling` | dials; 15 s without a digit: back | music | back | is called back |
//! | `Ringing` | ring-back | music | the target's ringing ends, back | as a transfer |
//! | `Failed` | why, at most 5 s; then dials again | music | back | is called back |
//! | `Slot` | the number of a park slot, for 30 s (R293) | music | back | is parked |
//! | `Box` | see `mail/holder` | music | back | is left there (R287) |
//! | `Talking` | talks to the one, the other is held | music | 切断: back; 非切断: changes sides | both are connected |
//!
//! The conversation that is held keeps the call's own draft, the consultation has its own. Media
//! of the three goes through the media plane, so that only the joins change while nobody answers.

use base::id::SiteId;
use base::{Cause, Dn, LegId, Micros, Mono};
use mediactl::{Joined, Play, PlayerId, PromptId, Repeat, ToneKind};
use model::{HoldAgain, Snapshot};

use crate::announce::prompt_for;
use crate::call::{Call, Dialing, Link, Purpose};
use crate::cx::Cx;
use crate::explain::{Mark, Why};
use crate::leg::{Leg, Pending};
use crate::mail::AtBox;
use crate::media::path::Way;
use crate::notice::slot_words;
use crate::record::{Draft, Verdict};
use crate::route::Journey;
use crate::slot::SLOT_KEPT;

/// How long a refusal is heard (case 5).
const FAILED: Micros = Micros::seconds(5);

/// The number of a refusal's guidance among the playings of a leg.
pub(crate) const SERIAL: u32 = 3;

/// A party is held by code.
#[derive(Debug)]
pub(crate) struct Consult {
    /// Who pressed the code.
    pub holder: LegId,
    pub held: LegId,
    pub stage: Stage,
    /// The record of the consultation, while one is under way.
    pub draft: Option<Box<Draft>>,
    /// One of the two that the holder has is not whom it was when the number was dialled (R284).
    pub stepped_in: bool,
}

/// How far a consultation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A number is waited for; the dial tone ends with its first digit.
    Dialling { begun: bool },
    /// It is being reached; it has rung somewhere.
    Ringing { rang: bool },
    /// The target cannot be had.
    Failed { until: Mono, what: PlayerId },
    /// A park slot is kept; hanging up parks the held party there.
    Slot { slot: Dn, site: SiteId, until: Mono },
    /// The greeting of a box; hanging up leaves the held party there (R287).
    Box { of: Dn, until: Mono, at: AtBox },
    /// The target has answered; the holder talks to it, or to the party held before.
    Talking { target: LegId, to_target: bool },
}

impl Consult {
    /// Whether the leg is the one that is held at the moment.
    pub(crate) fn holds_now(&self, id: LegId) -> bool {
        match self.stage {
            Stage::Talking { target, to_target } => {
                id == if to_target { self.held } else { target }
            }
            Stage::Dialling { .. }
            | Stage::Ringing { .. }
            | Stage::Failed { .. }
            | Stage::Slot { .. }
            | Stage::Box { .. } => id == self.held,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        match self.stage {
            Stage::Failed { until, .. } | Stage::Slot { until, .. } | Stage::Box { until, .. } => {
                Some(until)
            }
            Stage::Dialling { .. } | Stage::Ringing { .. } | Stage::Talking { .. } => None,
        }
    }

    pub(crate) fn target(&self) -> Option<LegId> {
        match self.stage {
            Stage::Talking { target, .. } => Some(target),
            Stage::Dialling { .. }
            | Stage::Ringing { .. }
            | Stage::Failed { .. }
            | Stage::Slot { .. }
            | Stage::Box { .. } => None,
        }
    }
}

impl Call {
    /// The hold code was pressed.
    pub(crate) fn hold_pressed(&mut self, cx: &mut Cx<'_>, id: LegId) {
        match self.consult.as_ref().map(|c| c.holder) {
            None => self.begin_consult(cx, id),
            Some(holder) if holder == id => self.hold_again(cx),
            Some(_) => self.hold_by_other(cx, id),
        }
    }

    pub(crate) fn begin_consult(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(held) = self.partner(id) else { return };
        let busy = self.transfer.is_some() || self.takeover.is_some() || self.ring.is_some();
        // Without a channel the call stays direct (R305).
        if busy || !self.has_rights(cx, id) || !self.may_cross(cx, &[id, held]) {
            return self.error_tone(cx, id);
        }
        self.forget_digits(held);
        self.come_by_us();
        let stage = Stage::Dialling { begun: false };
        let consult = Consult { holder: id, held, stage, draft: None, stepped_in: false };
        self.consult = Some(Box::new(consult));
        self.take_digits(cx);
    }

    /// The two of a direct call are led through us, where the held one hears music.
    pub(crate) fn come_by_us(&mut self) {
        if self.way == Way::Direct {
            self.way = Way::Relay;
            self.linked = false;
            self.link = Link::Join;
            self.draft.note(Mark::Relay(Why::Codes));
        }
    }

    /// Whether the user behind the leg may use services (R312).
    pub(crate) fn has_rights(&self, cx: &Cx<'_>, id: LegId) -> bool {
        let snapshot = cx.view.snapshot();
        let user = self.leg(id).and_then(|l| l.who.user).and_then(|u| snapshot.user(u));
        user.is_some_and(|u| u.state == model::UserState::Active)
    }

    /// The holder may dial.
    fn take_digits(&mut self, cx: &mut Cx<'_>) {
        let Some(consult) = &mut self.consult else { return };
        consult.stage = Stage::Dialling { begun: false };
        let holder = consult.holder;
        if let Some(leg) = self.leg_mut(holder) {
            leg.collector.get_or_insert_default().dial(cx.now.mono);
        }
    }

    /// The digits of a leg are forgotten: a holder who dials begins again.
    pub(crate) fn dial_afresh(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let dials = |c: &Consult| c.holder == id && matches!(c.stage, Stage::Dialling { .. });
        if self.consult.as_deref().is_some_and(dials) {
            self.take_digits(cx);
        }
    }

    /// A digit of the holder: the dial tone ends.
    pub(crate) fn consult_digit(&mut self, id: LegId) {
        if let Some(consult) = self.consult.as_mut().filter(|c| c.holder == id)
            && let Stage::Dialling { begun } = &mut consult.stage
        {
            *begun = true;
        }
    }

    /// The number is complete.
    pub(crate) fn consult_dial(&mut self, cx: &mut Cx<'_>, id: LegId, number: &str) {
        let dials = |s: Stage| matches!(s, Stage::Dialling { .. });
        let Some(consult) = self.consult.as_ref().filter(|c| c.holder == id && dials(c.stage))
        else {
            return;
        };
        let dn = |id| self.leg(id).and_then(|l| l.who.dn);
        let parties = [dn(id), dn(consult.held)].into_iter().flatten();
        let Some(leg) = self.leg(id) else { return };
        let journey = Journey::new(self.tenant, dn(id)).barring(parties).dialled_at(leg.site);
        let draft = Draft::new(cx.now.wall, leg.who.clone(), leg.device, number);
        let snapshot = cx.view.snapshot();
        let urgent = crate::emergency::is_dialled(snapshot, self.tenant, number);
        let allowed = urgent || self.has_rights(cx, id);
        if let Some(consult) = &mut self.consult {
            consult.draft = Some(Box::new(draft));
            consult.stage = Stage::Ringing { rang: false };
        }
        if !allowed {
            self.attempt().note(Mark::CallerStopped);
            self.consult_failed(cx, Verdict::new(Cause::FeatureNotPermitted));
            if let Some(Stage::Failed { what, .. }) = self.consult.as_mut().map(|c| &mut c.stage) {
                *what = PlayerId::Tone(ToneKind::Error);
            }
            return;
        }
        self.rang_at = None;
        let purpose = Purpose::Consult;
        let dialing = Dialing { purpose, leg: id, referred_by: None, journey, wait_until: None };
        self.set_out(cx, dialing, number);
    }

    /// The target rings.
    pub(crate) fn consult_rings(&mut self) {
        if let Some(consult) = &mut self.consult
            && let Stage::Ringing { rang } = &mut consult.stage
        {
            *rang = true;
        }
    }

    /// The target cannot be had (case 5).
    pub(crate) fn consult_failed(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        self.ring = None;
        let prompt = self.refusal_prompt(cx, verdict.cause);
        let Some(holder) = self.consult.as_ref().map(|c| c.holder) else { return };
        let what = match prompt {
            Some(id) => {
                PlayerId::Prompt { id, language: self.language_of(cx.view.snapshot(), holder) }
            }
            None => PlayerId::Tone(ToneKind::Busy),
        };
        let Some(consult) = &mut self.consult else { return };
        consult.stage = Stage::Failed { until: cx.now.mono + FAILED, what };
        if let Some(draft) = consult.draft.take() {
            self.record(cx, &draft, verdict);
        }
    }

    /// What is said of a refusal; of an emergency call, to use another telephone (J32).
    fn refusal_prompt(&self, cx: &Cx<'_>, cause: Cause) -> Option<PromptId> {
        let snapshot = cx.view.snapshot();
        let draft = self.consult.as_ref().and_then(|c| c.draft.as_ref());
        if draft.is_some_and(|d| crate::emergency::is_dialled(snapshot, self.tenant, &d.dialed)) {
            return Some(PromptId::NoEmergencyLine);
        }
        prompt_for(cause).filter(|_| cx.view.announcements(self.tenant))
    }

    /// The holder called the park code, or a slot: its number is told, and kept for a while.
    pub(crate) fn consult_slot(&mut self, cx: &mut Cx<'_>, slot: (Dn, SiteId)) {
        let Some(consult) = &mut self.consult else { return };
        let (until, (slot, site)) = (cx.now.mono + SLOT_KEPT, slot);
        consult.stage = Stage::Slot { slot, site, until };
        self.dialing = None;
        cx.core.parked.insert((self.tenant, slot), self.key.slot);
    }

    /// The slot that is kept is free again.
    pub(crate) fn free_kept_slot(&mut self, cx: &mut Cx<'_>) {
        let kept = self.first.and_then(|leg| self.slot_kept_for(leg));
        if let Some((slot, _)) = kept {
            cx.core.parked.remove(&(self.tenant, slot));
        }
        if let Some(Stage::Slot { slot, .. }) = self.consult.as_ref().map(|c| c.stage) {
            cx.core.parked.remove(&(self.tenant, slot));
        }
    }

    /// The refusal has been heard, or the slot was kept for long enough.
    pub(crate) fn consult_again(&mut self, cx: &mut Cx<'_>) {
        match self.consult.as_ref().map(|c| c.stage) {
            Some(Stage::Failed { .. }) => self.take_digits(cx),
            Some(Stage::Slot { .. }) => {
                self.drop_target(cx, Verdict::new(Cause::RingTimeout));
                self.take_digits(cx);
            }
            Some(Stage::Box { .. }) => {
                self.drop_target(cx, Verdict::new(Cause::NormalClearing));
                self.take_digits(cx);
            }
            _ => {}
        }
    }

    /// A player of the leg ended: true when it was the refusal.
    pub(crate) fn refusal_heard(&mut self, cx: &mut Cx<'_>, leg: LegId, serial: u32) -> bool {
        let ours = self.consult.as_ref().is_some_and(|c| c.holder == leg) && serial == SERIAL;
        match self.consult.as_ref().filter(|_| ours).map(|c| c.stage) {
            Some(Stage::Failed { .. }) => self.consult_again(cx),
            Some(Stage::Box { .. }) => self.box_heard(cx, leg),
            _ => {}
        }
        ours
    }

    /// No number comes.
    pub(crate) fn consult_given_up(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let dials = |s: Stage| matches!(s, Stage::Dialling { .. });
        if self.consult.as_ref().is_some_and(|c| c.holder == id && dials(c.stage)) {
            self.consult_back(cx);
        }
    }

    /// The hold code while somebody is held.
    fn hold_again(&mut self, cx: &mut Cx<'_>) {
        let Some(consult) = &self.consult else { return };
        let holder = consult.holder;
        match consult.stage {
            Stage::Dialling { .. } | Stage::Failed { .. } => self.consult_back(cx),
            Stage::Ringing { .. } | Stage::Slot { .. } => {
                self.drop_target(cx, Verdict::by(Cause::CallerCancelled, holder));
                self.consult_back(cx);
            }
            // There is nobody who could be held.
            Stage::Box { .. } => {
                let cause = match self.drops_target(cx, holder) {
                    true => Cause::TransferTargetDropped,
                    false => Cause::NormalClearing,
                };
                self.drop_target(cx, Verdict::by(cause, holder));
                self.consult_back(cx);
            }
            Stage::Talking { target, to_target } => {
                if !self.drops_target(cx, holder) || !to_target {
                    return self.change_sides(cx);
                }
                // It would leave whom it holds with nobody.
                if self.holds_resting(target) {
                    return self.error_tone(cx, holder);
                }
                self.drop_target(cx, Verdict::by(Cause::TransferTargetDropped, holder));
                self.consult_back(cx);
            }
        }
    }

    /// The holder talks to the other one of its two.
    pub(crate) fn change_sides(&mut self, cx: &mut Cx<'_>) {
        let Some(consult) = &mut self.consult else { return };
        let Stage::Talking { target, to_target } = &mut consult.stage else { return };
        *to_target = !*to_target;
        let other = if *to_target { *target } else { consult.held };
        let holder = consult.holder;
        self.pair(cx, holder, other);
    }

    /// 切断 (R083).
    pub(crate) fn drops_target(&self, cx: &Cx<'_>, holder: LegId) -> bool {
        let site = self.leg(holder).and_then(|l| l.site);
        let site = site.and_then(|id| cx.view.snapshot().site(id));
        site.is_some_and(|s| s.hold_again == HoldAgain::Drop)
    }

    /// The consultation ends, whether its target rings or talks.
    pub(crate) fn drop_target(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        self.free_kept_slot(cx);
        let Some(consult) = &mut self.consult else { return };
        let target = consult.target();
        if let Some(draft) = consult.draft.take() {
            self.record(cx, &draft, verdict);
        }
        self.ring = None;
        self.dialing = None;
        for id in self.ringing().into_iter().chain(target) {
            let cause = match verdict.cause {
                Cause::TransferTargetDropped => Cause::NormalClearing,
                cause => cause,
            };
            self.hang_up(cx, id, cause);
        }
    }

    /// The holder talks to the held party again.
    pub(crate) fn consult_back(&mut self, cx: &mut Cx<'_>) {
        let Some(consult) = self.consult.take() else { return };
        self.forget_digits(consult.holder);
        if self.peer_of(consult.holder) != Some(consult.held) {
            self.pair(cx, consult.holder, consult.held);
        }
    }

    /// Puts two answered legs together that do not have each other's description.
    pub(crate) fn pair(&mut self, cx: &mut Cx<'_>, a: LegId, b: LegId) {
        for id in [self.first, self.second, Some(a), Some(b)].into_iter().flatten() {
            self.part_from(cx, id);
        }
        self.first = Some(a);
        self.second = Some(b);
        self.linked = false;
        self.link = Link::Join;
    }

    /// The target has answered, or another phone in its place.
    pub(crate) fn consult_reached(&mut self, cx: &mut Cx<'_>, target: LegId) {
        let Some(ring) = self.ring.take() else { return };
        let Some(leg) = self.leg(target) else { return };
        let (who, device) = (leg.who.clone(), leg.device);
        // A phone that picked up has made an offer; one that was called may have.
        let offers = leg.pending != Pending::Nothing;
        let Some(consult) = &mut self.consult else { return };
        consult.stage = Stage::Talking { target, to_target: true };
        let holder = consult.holder;
        let draft = self.attempt();
        draft.note(who.dn.map_or(Mark::AnsweredOutside, Mark::Answered));
        draft.callee = Some((who, Some(device)));
        draft.answered_at = Some(cx.now.wall);
        self.pair(cx, holder, target);
        if !offers {
            self.link = Link::Tell(Box::new(ring.offered));
        }
    }

    /// What the leg hears while somebody is held by code; `None` when it talks.
    pub(crate) fn consult_join(&self, snapshot: &Snapshot, leg: &Leg) -> Option<Joined> {
        let forever = |what| Joined::Player(Play { what, repeat: Repeat::Forever, serial: 0 });
        if self.held_by(leg.id).is_some() {
            return Some(forever(PlayerId::HoldMusic));
        }
        let consult = self.consult.as_ref()?;
        if leg.id != consult.holder {
            return None;
        }
        match consult.stage {
            Stage::Dialling { begun: false } => Some(forever(PlayerId::Tone(ToneKind::SecondDial))),
            Stage::Dialling { begun: true } | Stage::Ringing { rang: false } => Some(Joined::None),
            Stage::Ringing { rang: true } => Some(forever(PlayerId::Tone(ToneKind::Ringback))),
            Stage::Failed { what: what @ PlayerId::Prompt { .. }, .. } => {
                Some(Joined::Player(Play { what, repeat: Repeat::Once, serial: SERIAL }))
            }
            Stage::Failed { what, .. } => Some(forever(what)),
            Stage::Slot { slot, .. } => {
                let what = PlayerId::Words(slot_words(self.language_of(snapshot, leg.id), slot));
                Some(Joined::Player(Play { what, repeat: Repeat::Once, serial: SERIAL }))
            }
            Stage::Box { at, .. } => Some(at.joined()),
            Stage::Talking { .. } => None,
        }
    }

    /// Whether what the leg says is heard by nobody because of a consultation.
    pub(crate) fn is_put_aside(&self, id: LegId) -> bool {
        let alone = |c: &Consult| c.holder == id && c.target().is_none();
        self.consult.as_deref().is_some_and(alone) || self.held_by(id).is_some()
    }
}
