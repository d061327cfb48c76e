//! Words with a session description: sent at once, or as soon as the port is open.

use base::{Cause, Dn, LegId};
use bytes::Bytes;
use mediactl::Direction;
use model::ForwardKind;

use crate::action::{Action, Diverted, LegCommand, OfferLeg};
use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Asked, Body, Pending, Say, Shown, State, Waiting};
use crate::record::Verdict;
use crate::route::Style;
use crate::route::person::owner;

use super::path::Way;

impl Call {
    /// Says something to a leg. What needs a port waits for it; a later word takes the place of
    /// one that still waits.
    pub(crate) fn say(&mut self, cx: &mut Cx<'_>, id: LegId, say: Say, body: Body) {
        let relayed = self.way_of(id) == Way::Relay && body != Body::Nothing;
        let needs_port = relayed || matches!(body, Body::Own(_));
        if needs_port {
            self.open_media(cx, id);
        }
        let Some(leg) = self.leg_mut(id).filter(|l| l.is_live()) else { return };
        leg.waiting = Some(Waiting { say, body });
        let open = leg.media.as_ref().is_some_and(|m| m.at.is_some());
        if !needs_port || open {
            self.flush(cx, id);
        }
    }

    /// Says what waits.
    pub(crate) fn flush(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(Waiting { say, body }) = self.leg(id).and_then(|l| l.waiting) else { return };
        if matches!(say, Say::Invite { .. }) && !self.may_invite(cx) {
            return;
        }
        if let Some(leg) = self.leg_mut(id) {
            leg.waiting = None;
        }
        let sdp = match self.render(cx, id, body) {
            Ok(sdp) => sdp,
            Err(cause) => return self.cannot_say(cx, id, say, cause),
        };
        match say {
            Say::Invite { contact } => self.invite(cx, id, contact, sdp),
            Say::Progress { status } => self.progress(cx, id, status, sdp),
            Say::Answer => self.answer(cx, id, body, sdp),
            Say::Offer { identity } => self.offer(cx, id, identity, sdp),
            Say::AnswerOffer => self.answer_offer(cx, id, body, sdp),
        }
        if let Some(leg) = self.leg_mut(id) {
            leg.touch_media();
        }
    }

    /// A description could not be made, mostly because the other side's cannot be used.
    fn cannot_say(&mut self, cx: &mut Cx<'_>, id: LegId, say: Say, cause: Cause) {
        use crate::leg::Role;
        use crate::ring::Outcome;
        let Some(role) = self.leg(id).map(|l| l.role) else { return };
        let verdict = Verdict::new(cause);
        match (role, say) {
            (Role::Ringing, _) => self.refused(cx, id, Outcome::here(cause)),
            (Role::Joining, _) => self.takeover_failed(cx, id, verdict),
            // Early media is no more than a courtesy.
            (Role::Party, Say::Progress { .. }) => self.courtesy_failed(cx, id),
            (Role::Party | Role::Out, _) => self.trouble = Some(verdict),
        }
    }

    fn invite(&mut self, cx: &mut Cx<'_>, id: LegId, contact: u64, sdp: Option<Bytes>) {
        let Some((ring, leg)) = self.ring.as_ref().zip(self.leg(id)) else { return };
        let Some(caller) = self.leg(ring.leg) else { return };
        let seen = self.seen_outside(cx, ring);
        let by_line = seen.is_some();
        let (from, hidden) =
            seen.unwrap_or_else(|| (self.shown_caller(cx, ring, &caller.who), false));
        // A phone that is called back shows that it is; answered, it shows its party.
        let shown = match ring.purpose.is_recall() {
            true => Shown::default(),
            false => Shown::of(&caller.who, true),
        };
        let offer = OfferLeg {
            leg: id,
            device: leg.device,
            contact,
            from,
            to: cx.shown(&leg.who, self.tenant),
            dial: match ring.plan.style {
                // A line is told by signalling what 184 and 186 wish (J21).
                Style::Outside { number, .. } if by_line => Some(number.digits.text()),
                Style::Outside { number, .. } => Some(number.text()),
                Style::Emergency { number, .. } => Some(number.text()),
                _ => None,
            },
            sdp,
            max_forwards: self.max_forwards,
            referred_by: ring.referred_by.clone(),
            reliable: leg.reliable,
            diverted: self.diverted(cx),
            auto_answer: false,
            hidden,
        };
        cx.out.push(Action::OfferLeg(Box::new(offer)));
        if let Some(leg) = self.leg_mut(id) {
            leg.state = State::Early;
            leg.shown = shown;
        }
    }

    /// Who has sent the call on.
    fn diverted(&self, cx: &Cx<'_>) -> Vec<Diverted> {
        let snapshot = cx.view.snapshot();
        let Some(dialing) = &self.dialing else { return Vec::new() };
        let shown = |(dn, kind): (Dn, Option<ForwardKind>)| {
            let who = owner(snapshot, self.tenant, dn);
            Diverted { by: cx.shown(&who, self.tenant), kind }
        };
        dialing.journey.forwarders().map(shown).collect()
    }

    fn progress(&mut self, cx: &mut Cx<'_>, id: LegId, status: u16, sdp: Option<Bytes>) {
        self.show_called(cx, id);
        cx.command(id, LegCommand::Progress { status, sdp });
        let Some(leg) = self.leg_mut(id) else { return };
        leg.state = State::Rang;
        if leg.reliable {
            match leg.pending {
                // Acknowledged, so it is the answer (RFC 3262 §5).
                Pending::Offer(_) => leg.settle_pending(),
                Pending::Request => {
                    leg.pending = Pending::Nothing;
                    leg.asked = Asked::Answer;
                }
                Pending::Nothing => {}
            }
        }
        self.announcement_begun(id);
    }

    fn answer(&mut self, cx: &mut Cx<'_>, id: LegId, body: Body, sdp: Option<Bytes>) {
        self.show_answering(cx, id, body);
        cx.command(id, LegCommand::Answer { sdp });
        let Some(leg) = self.leg_mut(id) else { return };
        leg.state = State::Answered;
        if body != Body::Nothing {
            match leg.pending {
                Pending::Request => leg.asked = Asked::Answer,
                Pending::Offer(_) | Pending::Nothing => {}
            }
        }
        leg.settle_pending();
        self.joined_by_answer(cx, id);
        if let Body::Of(other) = body
            && self.exchange == Exchange::Idle
            && self.is_up()
            && self.peer_of(id) == Some(other)
        {
            self.linked = true;
        }
    }

    fn offer(&mut self, cx: &mut Cx<'_>, id: LegId, identity: Option<LegId>, sdp: Option<Bytes>) {
        let inside = self.leg(id).is_some_and(|l| !l.is_outside());
        let other = identity.filter(|_| inside).and_then(|other| self.leg(other));
        let chosen = self.leg(id).zip(other).is_some_and(|(leg, other)| leg.sees_chosen(other));
        let who = other.map(|other| other.who.clone());
        let identity = who.as_ref().map(|who| cx.shown_as((who, chosen), self.tenant));
        let asked = if sdp.is_some() { Asked::Answer } else { Asked::Offer };
        cx.command(id, LegCommand::Offer { sdp, identity });
        if let Some(leg) = self.leg_mut(id) {
            leg.asked = asked;
            leg.shown = who.as_deref().map_or(leg.shown, |who| Shown::of(who, chosen));
        }
    }

    fn answer_offer(&mut self, cx: &mut Cx<'_>, id: LegId, body: Body, sdp: Option<Bytes>) {
        let Some(sdp) = sdp else { return };
        cx.command(id, LegCommand::AnswerOffer { sdp });
        let Some(leg) = self.leg_mut(id) else { return };
        if leg.pending == Pending::Request {
            leg.asked = Asked::Answer;
        }
        leg.settle_pending();
        if let Body::Own(direction) = body {
            self.own_answer_given(id, direction);
        }
    }

    /// Gives a leg the description it waits for: in its final answer when it dialled and has
    /// none yet, else as the answer to its offer or request.
    pub(crate) fn reply(&mut self, cx: &mut Cx<'_>, id: LegId, body: Body) {
        let Some(leg) = self.leg(id) else { return };
        // Before the answer there are offers of their own in a dialog that has negotiated.
        let invites = leg.awaits_answer() && leg.remote.is_empty();
        let say = if invites { Say::Answer } else { Say::AnswerOffer };
        self.say(cx, id, say, body);
    }

    /// Refuses the leg's pending offer; the session stays as it was.
    pub(crate) fn refuse_offer(&mut self, cx: &mut Cx<'_>, id: LegId, status: u16) {
        let Some(leg) = self.leg_mut(id).filter(|l| l.pending != Pending::Nothing) else {
            return;
        };
        // The offer of an INVITE is refused with the call; one in a final answer is answered
        // when the call settles.
        if leg.fetched || (leg.awaits_answer() && leg.remote.is_empty()) {
            return;
        }
        leg.pending = Pending::Nothing;
        leg.waiting = leg.waiting.filter(|w| w.say != Say::AnswerOffer);
        cx.command(id, LegCommand::RefuseOffer { status });
    }

    /// Our own player is offered to a leg.
    pub(crate) fn offer_player(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let both = self.is_voiced(id);
        let direction = if both { Direction::SendRecv } else { Direction::SendOnly };
        self.say(cx, id, Say::Offer { identity: None }, Body::Own(direction));
    }
}
