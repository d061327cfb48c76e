//! What remains to be done when nothing is under way: decided anew after each event, so that
//! no order of events leaves a call half connected.

use base::LegId;

use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Body, Leg, Pending, Role, Say};

impl Call {
    /// Begins at most one thing; true when something was begun or done.
    pub(crate) fn settle(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.ended || self.trouble.is_some() || self.announce.is_some() {
            return false;
        }
        let busy = |l: &Leg| matches!(l.role, Role::Party | Role::Joining) && l.waiting.is_some();
        if self.exchange != Exchange::Idle || self.legs.iter().any(busy) {
            return false;
        }
        if self.linked {
            self.take_referrer();
        }
        let newcomer = self.answer_newcomer(cx);
        if newcomer || self.answer_caller(cx) || self.answer_orphan(cx) || self.begin_takeover(cx) {
            return true;
        }
        let quiet = |id: LegId| self.leg(id).is_some_and(Leg::is_quiet);
        if let (Some(first), Some(second)) = (self.first, self.second)
            && self.is_up()
        {
            if !self.linked {
                let free = quiet(first) && quiet(second) && self.takeover.is_none();
                if free {
                    self.begin_link(cx, first, second);
                }
                return free;
            }
            for (id, peer) in [(first, second), (second, first)] {
                let asks = self.leg(id).is_some_and(|l| l.probe);
                if asks && quiet(id) && self.takeover.is_none() {
                    self.begin_probe(cx, id, peer);
                    return true;
                }
            }
        }
        let music = [self.first, self.second].into_iter().flatten();
        let needs = music.into_iter().find(|id| self.needs_music(*id));
        if let Some(id) = needs.filter(|_| self.takeover.is_none()) {
            match self.may_hear_us(cx, id) {
                true => self.begin_music(cx, id),
                // Waiting goes on in silence (R305).
                false => self.music_refused(id),
            }
        }
        needs.is_some() && self.takeover.is_none()
    }

    /// A phone picked up for someone who has been answered before: that one is offered its media,
    /// and then it is answered.
    fn answer_newcomer(&mut self, cx: &mut Cx<'_>) -> bool {
        let (Some(first), Some(second)) = (self.first, self.second) else { return false };
        let (Some(stays), Some(new)) = (self.leg(first), self.leg(second)) else { return false };
        let ready = stays.is_answered() && stays.is_quiet() && new.awaits_answer();
        let body = match new.pending {
            Pending::Offer(_) if ready => Body::Of(second),
            Pending::Request if ready => Body::Nothing,
            Pending::Offer(_) | Pending::Request | Pending::Nothing => return false,
        };
        self.exchange = match body {
            Body::Nothing => Exchange::Fetch { from: second, to: first },
            _ => Exchange::Pass { from: second, to: first },
        };
        self.say(cx, first, Say::Offer { identity: Some(second) }, body);
        true
    }

    /// An offer whose exchange ended with its partner: the phone gets an answer all the same.
    fn answer_orphan(&mut self, cx: &mut Cx<'_>) -> bool {
        let orphan =
            |l: &&Leg| l.role == Role::Party && l.is_answered() && l.pending != Pending::Nothing;
        let Some(id) = self.legs.iter().find(orphan).map(|l| l.id) else { return false };
        self.answer_alone(cx, id);
        // Whatever it was told, it was not the other party's description.
        if self.partner(id).is_some() {
            self.linked = false;
        }
        true
    }
}
