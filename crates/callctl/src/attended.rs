//! Which kind of transfer a phone asks for, and the one that joins two calls.
//!
//! | The request names | Effect |
//! |---|---|
//! | a number | blind transfer, see `transfer` |
//! | a leg of the same user, talking | both records end, the far parties are joined in the first call |
//! | … that still rings | that call ends, the number is called for the transferee |
//! | … that hears a greeting | that call ends, the transferee hears it from its beginning (R287) |
//! | … that hears the number of a slot | that call ends, the transferee is parked there (R293) |
//! | a leg that is gone | accepted, and reported as failed |
//! | anyone else's leg | 403 |
//! | … for which no access line has a channel | accepted, and reported as failed; both calls stay |

use base::{Cause, Dn, LegId, Now};

use crate::CallControl;
use crate::action::{Action, LegCommand};
use crate::call::Call;
use crate::cx::Cx;
use crate::input::Refer;
use crate::leg::Leg;
use crate::record::Verdict;
use crate::view::View;

/// Legs of an attended transfer, with their calls' slots.
#[derive(Debug, Clone, Copy)]
struct Attended {
    slot: usize,
    /// The leg that the request came by.
    leg: LegId,
    other_slot: usize,
    /// The leg that it names.
    other: LegId,
}

/// What a phone that consulted the exchange itself hears.
#[derive(Debug, Clone, Copy)]
enum Heard {
    /// The greeting of the box of a number.
    Box(Dn),
    /// The number of a slot, kept for it.
    Slot(Dn),
}

impl Call {
    fn heard_by(&self, leg: LegId) -> Option<Heard> {
        let slot = self.slot_kept_for(leg).map(|(slot, _)| Heard::Slot(slot));
        slot.or_else(|| self.box_left_in().map(Heard::Box))
    }
}

impl CallControl {
    /// A phone asks for a transfer.
    pub(crate) fn refer(
        &mut self,
        now: Now,
        (slot, leg, refer): (usize, LegId, Refer),
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        let consulted = refer.replaces.and_then(|other| self.slot_of(other).zip(Some(other)));
        match (refer.replaces, consulted) {
            (None, _) if !refer.replaces_unknown => {
                self.step(now, (slot, view), out, |c, cx| c.refer_blind(cx, leg, &refer));
            }
            (Some(_), Some((other_slot, other))) => {
                let legs = Attended { slot, leg, other_slot, other };
                self.refer_attended(now, (legs, refer), view, out);
            }
            // The other call has ended meanwhile: accepted, and reported as failed, since a 481
            // to the REFER itself would end this dialog (RFC 5057 §5.1).
            (None | Some(_), _) => {
                self.step(now, (slot, view), out, |call, cx| match call.may_refer(cx, leg) {
                    Ok(_) => {
                        cx.command(leg, LegCommand::AcceptRefer);
                        cx.command(leg, LegCommand::ReferProgress { status: 481 });
                    }
                    Err(status) => cx.command(leg, LegCommand::RefuseRefer { status }),
                })
            }
        }
    }

    /// Attended transfer: the far parties of two calls of one phone are joined.
    fn refer_attended(
        &mut self,
        now: Now,
        (legs, refer): (Attended, Refer),
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        let Attended { slot, leg, other_slot, other } = legs;
        let refuse = |out: &mut Vec<Action>, status| {
            out.push(Action::Leg { leg, command: LegCommand::RefuseRefer { status } });
        };
        let cx = Cx { now, view, core: &mut self.core, out };
        let (Some(call), Some(second)) = (self.calls.get(slot), self.calls.get(other_slot)) else {
            return;
        };
        let transferee = match call.may_refer(&cx, leg) {
            Ok(transferee) => transferee,
            Err(status) => return refuse(out, status),
        };
        let user = |call: &Call, id| call.leg(id).and_then(|l: &Leg| l.who.user);
        let same_user = user(call, leg).is_some() && user(call, leg) == user(second, other);
        let busy = second.transfer.is_some() || second.takeover.is_some();
        let free = !busy && second.consult.is_none() && !second.ended;
        let foreign = call.tenant != second.tenant || !same_user;
        if slot == other_slot || foreign || second.is_emergency() {
            return refuse(out, 403);
        }
        let target = second.partner(other).filter(|_| free && second.is_up());
        let joined = target.and_then(|t| second.leg(t));
        if joined.is_some_and(|t| !call.may_be_joined(view.snapshot(), (leg, transferee), t)) {
            return refuse(out, 403);
        }
        let us = second.is_voiced(other).then(|| second.heard_by(other)).flatten();
        let awaited = us.is_some() || second.leg(other).is_some_and(Leg::awaits_answer);
        // Who hears a box is of the same site, or crosses the line already.
        let fits = joined
            .is_none_or(|t| call.may_be_joined_by((view, &self.core), transferee, (second, t)));
        out.push(Action::Leg { leg, command: LegCommand::AcceptRefer });
        if !fits {
            return self.step(now, (slot, view), out, |call, cx| {
                call.refer_without_channel(cx, (leg, transferee), &refer.target);
            });
        }
        let Some(target) = target else {
            if !awaited {
                let command = LegCommand::ReferProgress { status: 481 };
                return out.push(Action::Leg { leg, command });
            }
            // The consultation still rings, or it hears us: it ends, and the target is called
            // anew.
            let heard = us.is_some();
            let cause = if heard { Cause::NormalClearing } else { Cause::CallerCancelled };
            let end = Verdict::by(cause, other);
            self.step(now, (other_slot, view), out, |call, cx| call.end(cx, end));
            return self.step(now, (slot, view), out, |call, cx| match us {
                Some(Heard::Box(of)) => call.refer_to_box(cx, (leg, transferee), (&refer, of)),
                Some(Heard::Slot(dn)) => call.refer_to_slot(cx, (leg, transferee), (&refer, dn)),
                None => call.refer_accepted(cx, (leg, transferee), &refer),
            });
        };
        let mut taken = None;
        self.step(now, (other_slot, view), out, |call, cx| {
            taken = call.release_partner(cx, other, target);
        });
        if let Some(target) = taken {
            self.step(now, (slot, view), out, |call, cx| {
                call.join_target(cx, (leg, transferee), target);
            });
        }
    }
}
