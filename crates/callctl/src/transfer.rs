//! Transfer by a phone (REFER): blind, and attended by joining two calls.
//!
//! | Blind | Effect |
//! |---|---|
//! | accepted | the target is called for the transferee; the referrer hears how it goes |
//! | target answers | the referrer's leg ends, transferee and target are brought together |
//! | referrer hangs up first | the transferee waits with music, then ring-back (R254) |
//! | target fails, referrer there | the referrer is told; the two are as before (R289) |
//! | target fails, referrer gone | the referrer's number is called back, see `recall` (R290) |
//! | two that were connected have no port, or no common codec | the same (R305) |
//!
//! The record of the old conversation ends when the referrer leaves or the target answers; the
//! transferee's next one is linked by the call's id (group I).

use base::event::Kind;
use base::{Cause, Dn, LegId};

use crate::action::LegCommand;
use crate::call::{Call, Dialing, Link, Purpose, Transfer};
use crate::cx::Cx;
use crate::explain::Mark;
use crate::input::Refer;
use crate::leg::{Asked, Leg, Pending};
use crate::media::path::{self, Way};
use crate::record::{Draft, Verdict};
use crate::route::Journey;
use crate::view::View;

/// Status of a refusal for want of rights (R289).
const FORBIDDEN: u16 = 403;

impl Call {
    /// Whether the leg may transfer its partner now; else the status of the refusal.
    pub(crate) fn may_refer(&self, cx: &Cx<'_>, id: LegId) -> Result<LegId, u16> {
        let busy = crate::exchange::REQUEST_PENDING;
        if self.is_outside(id) || self.is_emergency() {
            return Err(FORBIDDEN);
        }
        let answered = self.leg(id).filter(|l| l.is_answered()).ok_or(FORBIDDEN)?;
        let peer = self.partner(id).ok_or(busy)?;
        let other = self.consult.is_some() || self.announce.is_some();
        if self.transfer.is_some() || self.takeover.is_some() || other {
            return Err(busy);
        }
        let snapshot = cx.view.snapshot();
        let user = answered.who.user.and_then(|u| snapshot.user(u));
        let active = user.is_some_and(|u| u.state == model::UserState::Active);
        if active { Ok(peer) } else { Err(FORBIDDEN) }
    }

    /// A blind transfer.
    pub(crate) fn refer_blind(&mut self, cx: &mut Cx<'_>, id: LegId, refer: &Refer) {
        let peer = match self.may_refer(cx, id) {
            Ok(peer) => peer,
            Err(status) => return cx.command(id, LegCommand::RefuseRefer { status }),
        };
        cx.command(id, LegCommand::AcceptRefer);
        self.refer_accepted(cx, (id, peer), refer);
    }

    /// Calls the target of a transfer that has been accepted.
    pub(crate) fn refer_accepted(
        &mut self,
        cx: &mut Cx<'_>,
        (id, peer): (LegId, LegId),
        refer: &Refer,
    ) {
        self.begin_transfer(cx, (id, peer), refer);
        self.call_target(cx, (id, peer), refer);
    }

    /// The phone consulted a box, and completes: who is transferred hears the greeting from its
    /// beginning (R287).
    pub(crate) fn refer_to_box(
        &mut self,
        cx: &mut Cx<'_>,
        (id, peer): (LegId, LegId),
        (refer, of): (&Refer, Dn),
    ) {
        self.begin_transfer(cx, (id, peer), refer);
        let dialing = self.to_target((id, peer), refer);
        self.dialing = Some(Box::new(dialing));
        if let Err(cause) = self.leave_message(cx, of) {
            self.dialing = None;
            self.transfer_failed(cx, Verdict::new(cause));
        }
    }

    /// The phone heard the number of a slot, and completes: who is transferred is parked (R293).
    pub(crate) fn refer_to_slot(
        &mut self,
        cx: &mut Cx<'_>,
        (id, peer): (LegId, LegId),
        (refer, slot): (&Refer, Dn),
    ) {
        self.begin_transfer(cx, (id, peer), refer);
        if let Err(cause) = self.park_by_transfer(cx, Some(slot), true) {
            self.transfer_failed(cx, Verdict::new(cause));
        }
    }

    fn begin_transfer(&mut self, cx: &mut Cx<'_>, (id, peer): (LegId, LegId), refer: &Refer) {
        let (Some(leg), Some(stays)) = (self.leg(id), self.leg(peer)) else { return };
        let stays = (stays.who.clone(), stays.device);
        let who = leg.who.clone();
        self.tell_referrer(cx, id, 100);
        let draft = Draft::of_transfer(cx.now.wall, stays, &refer.target, &who);
        self.transfer = Some(Box::new(Transfer {
            referrer: id,
            referrer_who: who,
            transferee: peer,
            draft: Some(draft),
            told: false,
            recall: None,
        }));
    }

    /// The target's own settings hold, but for forwards to one of the two (R288, R289).
    fn call_target(&mut self, cx: &mut Cx<'_>, parties: (LegId, LegId), refer: &Refer) {
        let dialing = self.to_target(parties, refer);
        self.set_out(cx, dialing, &refer.target);
    }

    fn to_target(&self, (referrer, transferee): (LegId, LegId), refer: &Refer) -> Dialing {
        let dn = |id| self.leg(id).and_then(|l| l.who.dn);
        let caller = dn(transferee);
        let parties = [dn(referrer), caller].into_iter().flatten();
        let journey = Journey::new(self.tenant, caller).barring(parties).paid_by(dn(referrer));
        let referred_by = Some(refer.referred_by.clone()).filter(|r| !r.is_empty());
        let purpose = Purpose::Transfer;
        Dialing { purpose, leg: transferee, referred_by, journey, wait_until: None }
    }

    /// Tells the referrer how it goes, while its leg is there.
    pub(crate) fn tell_referrer(&self, cx: &mut Cx<'_>, referrer: LegId, status: u16) {
        if self.leg(referrer).is_some_and(Leg::is_live) {
            cx.command(referrer, LegCommand::ReferProgress { status });
        }
    }

    /// The target rings: told once.
    pub(crate) fn tell_referrer_rings(&mut self, cx: &mut Cx<'_>) {
        let Some(transfer) = self.transfer.as_mut().filter(|t| !t.told) else { return };
        transfer.told = true;
        let referrer = transfer.referrer;
        self.tell_referrer(cx, referrer, 180);
    }

    /// The target, or the transferrer when called back, has answered.
    pub(crate) fn transfer_reached(&mut self, cx: &mut Cx<'_>, target: LegId) {
        let Some(ring) = self.ring.take() else { return };
        let Some(transfer) = self.transfer.take() else { return };
        let Transfer { referrer, referrer_who, transferee, draft, recall, .. } = *transfer;
        self.referrer_leaves(cx, referrer, draft);
        if let Some((who, device)) = self.leg(target).map(|l| (l.who.clone(), l.device)) {
            self.draft.note(who.dn.map_or(Mark::AnsweredOutside, Mark::Answered));
            self.draft.callee = Some((who, Some(device)));
        }
        self.draft.answered_at = Some(cx.now.wall);
        self.first = Some(transferee);
        self.second = Some(target);
        self.way = ring.way;
        self.linked = false;
        self.link = match self.leg(target).map(|l| &l.pending) {
            // It was asked for an offer and made one: the transferee answers that.
            Some(Pending::Nothing) if !ring.inherited => Link::Tell(Box::new(ring.offered)),
            _ => Link::Join,
        };
        self.part_from(cx, transferee);
        if recall.is_none() {
            self.remember_referrer(Transfer::left_by((referrer, referrer_who), transferee));
        }
    }

    /// The transfer is done: the referrer is told and, unless gone already, leaves.
    fn referrer_leaves(&mut self, cx: &mut Cx<'_>, referrer: LegId, draft: Option<Draft>) {
        self.give_up_at = None;
        self.tell_referrer(cx, referrer, 200);
        if let Some(draft) = draft {
            let old = std::mem::replace(&mut self.draft, draft);
            self.record(cx, &old, Verdict::by(Cause::NormalClearing, referrer));
            self.hang_up(cx, referrer, Cause::NormalClearing);
        }
        cx.count(Kind::Transferred);
    }

    /// The target is the exchange itself: the transferee is alone with it (R287).
    pub(crate) fn transferred_to_us(&mut self, cx: &mut Cx<'_>) {
        let Some(transfer) = self.transfer.take() else { return };
        let Transfer { referrer, transferee, draft, .. } = *transfer;
        self.referrer_leaves(cx, referrer, draft);
        self.draft.answered_at = Some(cx.now.wall);
        self.first = Some(transferee);
        self.second = None;
        self.linked = false;
        self.alone_with_us(cx, transferee);
    }

    /// Who heard music is to speak to us from now on.
    pub(crate) fn alone_with_us(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.part_from(cx, id);
        if let Some(leg) = self.leg_mut(id) {
            // What it was told of our music does not let it speak.
            leg.serves = crate::leg::Serves::Peer;
        }
    }

    /// The transferee's affairs with its former partner are over.
    pub(crate) fn part_from(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.refuse_offer(cx, id, crate::exchange::REQUEST_PENDING);
        self.forget_digits(id);
        self.take_referrer();
        let Some(leg) = self.leg_mut(id) else { return };
        leg.holding = false;
        leg.no_music = false;
        // What was not said yet was meant for other company.
        leg.waiting = None;
        if leg.asked == Asked::Nothing {
            self.drop_exchange(id);
        }
        self.touch_all_media();
    }

    /// The target cannot be had.
    pub(crate) fn transfer_failed(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        self.ring = None;
        let Some(mut transfer) = self.transfer.take() else { return };
        self.tell_referrer(cx, transfer.referrer, verdict.cause.sip_status().max(300));
        if let Some(draft) = transfer.draft.take() {
            // The referrer is still there, and so is its conversation.
            return self.record(cx, &draft, verdict);
        }
        self.recall(cx, transfer, verdict);
    }

    /// The referrer hung up while its transfer is under way: true when that is what happened.
    pub(crate) fn referrer_left(&mut self, cx: &mut Cx<'_>, leg: LegId, end: Verdict) -> bool {
        let Some(transfer) = self.transfer.as_mut().filter(|t| t.referrer == leg) else {
            return false;
        };
        let transferee = transfer.transferee;
        let Some(draft) = transfer.draft.take() else { return false };
        let old = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &old, end);
        self.leg_out(cx, leg);
        self.first = Some(transferee);
        self.second = None;
        self.linked = false;
        self.part_from(cx, transferee);
        true
    }

    /// Transferee and target would need a channel that no access line has: nothing changes (R305).
    pub(crate) fn refer_without_channel(
        &mut self,
        cx: &mut Cx<'_>,
        (referrer, transferee): (LegId, LegId),
        target: &str,
    ) {
        let (Some(leg), Some(stays)) = (self.leg(referrer), self.leg(transferee)) else { return };
        let stays = (stays.who.clone(), stays.device);
        let mut draft = Draft::of_transfer(cx.now.wall, stays, target, &leg.who);
        draft.note(Mark::AccessFull);
        let full = Verdict::new(Cause::SiteChannelsExceeded);
        self.tell_referrer(cx, referrer, full.cause.sip_status());
        self.record(cx, &draft, full);
    }

    /// Gives the partner of `referrer` away to another call: this one is over.
    pub(crate) fn release_partner(
        &mut self,
        cx: &mut Cx<'_>,
        referrer: LegId,
        partner: LegId,
    ) -> Option<Leg> {
        self.refuse_offer(cx, partner, crate::exchange::REQUEST_PENDING);
        self.drop_media(cx, partner);
        self.drop_exchange(partner);
        let at = self.legs.iter().position(|l| l.id == partner)?;
        let verdict = Verdict::by(Cause::NormalClearing, referrer);
        let mut leg = self.legs.remove(at);
        leg.holding = false;
        leg.no_music = false;
        leg.waiting = None;
        leg.serves = crate::leg::Serves::Peer;
        cx.core.by_leg.remove(&partner);
        self.end(cx, verdict);
        Some(leg)
    }

    /// Takes the target of an attended transfer in; the referrer's leg ends.
    pub(crate) fn join_target(
        &mut self,
        cx: &mut Cx<'_>,
        (referrer, transferee): (LegId, LegId),
        target: Leg,
    ) {
        let Some(stays) = self.leg(transferee) else { return };
        let Some(who) = self.leg(referrer).map(|l| l.who.clone()) else { return };
        let dialed = target.who.number.clone();
        let device = (stays.who.clone(), stays.device);
        let mut draft = Draft::of_transfer(cx.now.wall, device, &dialed, &who);
        draft.answered_at = Some(cx.now.wall);
        draft.callee = Some((target.who.clone(), Some(target.device)));
        let (way, mark) = self.way_between(cx.view, stays, &target);
        draft.note(mark);
        let old = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &old, Verdict::by(Cause::NormalClearing, referrer));
        self.tell_referrer(cx, referrer, 200);
        self.hang_up(cx, referrer, Cause::NormalClearing);
        cx.count(Kind::Transferred);
        if let Some(dn) = target.who.dn {
            self.reserve(cx, dn);
        }
        self.first = Some(transferee);
        self.second = Some(target.id);
        self.way = way;
        self.linked = false;
        self.link = Link::Join;
        self.add_leg(cx, target);
        self.part_from(cx, transferee);
        self.remember_referrer(Transfer::left_by((referrer, who), transferee));
    }

    /// Two that were connected cannot be made to hear each other: the target is let go, and the
    /// referrer called back. True when that is what happened.
    pub(crate) fn join_broken(&mut self, cx: &mut Cx<'_>, verdict: Verdict) -> bool {
        let Some(back) = self.take_referrer() else { return false };
        let stays = self.leg(back.transferee).is_some_and(Leg::is_live);
        let mended = matches!(verdict.cause, Cause::ResourceShortage | Cause::MediaNotAcceptable);
        let target = self.peer_of(back.transferee).filter(|_| stays && mended);
        let Some(target) = target else { return false };
        self.hang_up(cx, target, verdict.cause);
        self.way = Way::Direct;
        self.part_from(cx, back.transferee);
        self.recall(cx, back, verdict);
        true
    }

    /// The way between two legs that talk, or will.
    pub(crate) fn way_between(&self, view: &dyn View, a: &Leg, b: &Leg) -> (Way, Mark) {
        let end = |leg: &Leg| {
            let guard = match leg.body() {
                body if body.is_empty() => path::guard_for(leg.policy, leg.path),
                body => path::guard_of_body(&body),
            };
            let outside = leg.is_outside();
            path::End { path: leg.path, site: leg.site, guard, outside }
        };
        match path::decide(view, end(a), end(b)) {
            Ok(()) => (Way::Direct, Mark::Direct),
            Err(why) => (Way::Relay, Mark::Relay(why)),
        }
    }
}
