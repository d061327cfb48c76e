//! A call back to an emergency call, explained (J35): what `callback` does of a call that is made.
//!
//! Only calls to the number that was shown are explained: who calls from outside is not asked for.

use base::Dn;
use base::id::DeviceId;
use model::Gateway;
use smallvec::SmallVec;

use crate::callback::{ALONE_S, told_back};
use crate::explain::{Mark, note};
use crate::route::{Journey, Next, Plan, Style, Walk};
use crate::whatif::Origin;

/// Who rings besides the usual destination, and how far that has come.
#[derive(Debug, Clone)]
pub(crate) struct Back {
    devices: SmallVec<[DeviceId; 1]>,
    /// The reception group of the site, until it is rung.
    group: Option<Dn>,
    stage: Stage,
    /// What was decided before they rang by themselves.
    next: Option<Next>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing has rung.
    Before,
    /// The terminals ring beside the usual destination.
    Beside,
    /// They ring by themselves.
    Alone,
    /// The reception group rings, or what was decided before.
    Group,
}

impl Back {
    /// Of a call from there to that number, if it is one back.
    pub(crate) fn of(walk: &Walk<'_>, from: Origin, dialed: &str) -> Option<Self> {
        let snapshot = walk.facts.snapshot();
        let Origin::Line(line) = from else { return None };
        let gateway: &Gateway = snapshot.gateway(snapshot.line(line)?.gateway)?;
        let devices = walk.facts.called_back(walk.now, gateway, dialed);
        let group = snapshot.reception(gateway.site).and_then(|r| r.group);
        (!devices.is_empty()).then_some(Back { devices, group, stage: Stage::Before, next: None })
    }

    /// The terminals ring by themselves.
    pub(crate) fn is_alone(&self) -> bool {
        self.stage == Stage::Alone
    }

    /// What is done instead of what was decided.
    pub(crate) fn instead(
        &mut self,
        journey: &mut Journey,
        walk: &mut Walk<'_>,
        next: Next,
    ) -> Next {
        let rings = matches!(next, Next::Ring(_) | Next::Wait { .. });
        match self.stage {
            Stage::Before if rings => {
                self.tell(walk, journey);
                self.stage = Stage::Beside;
                next
            }
            Stage::Before => {
                self.next = Some(next);
                let facts = walk.facts;
                let there = self.devices.iter().find(|d| facts.contacts(**d) > 0);
                let user = there.and_then(|d| facts.snapshot().device(*d)).and_then(|d| d.user);
                let Some(user) = user.and_then(|id| facts.snapshot().user(id)) else {
                    return self.after_alone(journey, walk);
                };
                self.tell(walk, journey);
                self.stage = Stage::Alone;
                let (users, style) = (SmallVec::new(), Style::Recall);
                note(walk.trace, Mark::Ring { contacts: 1, ring_time_s: ALONE_S });
                Next::Ring(Plan { dn: user.dn, users, ring_s: ALONE_S, style })
            }
            Stage::Beside if !rings => {
                self.next = Some(next);
                self.after_alone(journey, walk)
            }
            Stage::Group if !rings => self.next.take().unwrap_or(next),
            Stage::Beside | Stage::Alone | Stage::Group => next,
        }
    }

    /// They did not answer: the reception group, else what was decided before.
    pub(crate) fn after_alone(&mut self, journey: &mut Journey, walk: &mut Walk<'_>) -> Next {
        self.stage = Stage::Group;
        let group = self.group.take().map(|dn| {
            note(walk.trace, Mark::CallBackGroup(dn));
            journey.reception(walk, dn)
        });
        let rings = group.filter(|next| matches!(next, Next::Ring(_) | Next::Wait { .. }));
        rings.or_else(|| self.next.take()).unwrap_or(Next::Refuse(base::Cause::RingTimeout))
    }

    fn tell(&self, walk: &mut Walk<'_>, journey: &Journey) {
        let marks = told_back(walk.facts, journey.tenant(), (&self.devices, false));
        marks.into_iter().for_each(|mark| note(walk.trace, mark));
    }
}
