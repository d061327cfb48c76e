//! Where a call from a line goes (R300), and whom it may ring (R301).
//!
//! | Called number | Then |
//! |---|---|
//! | a line of the gateway | its destination of the hour: registered people together, a number, an announcement |
//! | an extension, which the gateway itself has found | that one |
//! | any other | the default destination of the gateway's site, else no such number |
//!
//! A gateway without lines finds extensions only.

use base::Cause;
use base::id::{LineId, UserId};
use model::{Inbound, Line, LineTarget, Receive};
use smallvec::SmallVec;

use super::facts::{Reach, Reasons, Spared, active};
use super::number::{self, Read};
use super::{At, Journey, Next, Plan, Style, Walk};
use crate::explain::Mark;

impl Journey {
    /// The first decision for a call that a gateway with lines brings.
    pub(super) fn comes_by_line(&mut self, walk: &mut Walk<'_>, dialed: &str) -> Option<Next> {
        let snapshot = walk.facts.snapshot();
        let gateway = snapshot.gateway(self.came_by?)?;
        snapshot.lines_of(gateway).next()?;
        if let Some(line) = snapshot.line_called(gateway, dialed) {
            return Some(self.at_line(walk, line));
        }
        match number::read(snapshot, self.tenant, dialed) {
            Some(Read::Dn(dn)) if snapshot.dn_owner(self.tenant, dn).is_some() => return None,
            Some(Read::Emergency(_)) => return None,
            _ => {}
        }
        walk.note(Mark::LineUnknown);
        let unknown = snapshot.reception(gateway.site).and_then(|r| r.unknown)?;
        Some(self.lead_to(walk, unknown))
    }

    fn at_line(&mut self, walk: &mut Walk<'_>, line: &Line) -> Next {
        let snapshot = walk.facts.snapshot();
        let site = snapshot.gateway(line.gateway).map(|g| g.site);
        let reception = site.and_then(|site| snapshot.reception(site));
        let calendar = snapshot.tenant(line.tenant).map(|t| &t.calendar);
        let hours = reception.zip(calendar);
        let night = hours.is_some_and(|(r, calendar)| r.is_night(walk.wall, calendar));
        walk.note(Mark::LineIn { code: line.code, night });
        self.filter = (line.receive == Receive::Registered).then_some(line.id);
        match *line.inbound(night) {
            Inbound::To(target) => self.lead_to(walk, target),
            Inbound::Registered { ring_s, overflow } => {
                self.ring_registered(walk, line, (ring_s, overflow))
            }
        }
    }

    fn lead_to(&mut self, walk: &mut Walk<'_>, target: LineTarget) -> Next {
        match target {
            LineTarget::Dn(dn) => self.arrive(walk, dn),
            LineTarget::Announcement(sound) => {
                walk.note(Mark::LineAnnounces);
                Next::Announce(sound)
            }
        }
    }

    /// 登録ユーザ: all who can be rung ring together, as the members of a department do.
    fn ring_registered(
        &mut self,
        walk: &mut Walk<'_>,
        line: &Line,
        (ring_s, overflow): (u16, Option<LineTarget>),
    ) -> Next {
        self.called = None;
        let snapshot = walk.facts.snapshot();
        let mut users = SmallVec::new();
        let mut reasons = Reasons::default();
        let mut contacts = 0;
        for user in line.receivers.iter().filter_map(|id| active(snapshot, *id)) {
            match self.spare_receiver(walk, user) {
                Ok(reach) => {
                    contacts += reach.contacts;
                    users.push(user.id);
                }
                Err(why) => {
                    reasons.add(why);
                    walk.note(Mark::Spared { member: user.dn, why });
                }
            }
        }
        self.at = At::Line { id: line.id, overflow };
        if users.is_empty() {
            let cause = match line.receivers.is_empty() {
                true => Cause::LineNotPermitted,
                false => reasons.cause(),
            };
            return self.line_failed(walk, (line.id, overflow), cause);
        }
        let contacts = u16::try_from(contacts).unwrap_or(u16::MAX);
        walk.note(Mark::Ring { contacts, ring_time_s: ring_s });
        Next::Ring(Plan { dn: line.number, users, ring_s, style: Style::Line(line.id) })
    }

    fn spare_receiver(&self, walk: &Walk<'_>, user: &model::User) -> Result<Reach, Spared> {
        let settings = walk.facts.snapshot().dn_settings(self.tenant, user.dn);
        let all = settings.map(|s| s.forward(model::ForwardKind::All));
        if all.is_some_and(|f| f.to.is_some()) {
            return Err(Spared::Forwards);
        }
        let reach = Reach::of(walk.facts, user);
        if reach.is_out() {
            return Err(Spared::Out);
        }
        if reach.is_quiet() {
            return Err(Spared::Quiet);
        }
        match walk.facts.calls(self.tenant, user.dn) {
            0 => Ok(reach),
            _ => Err(Spared::Busy),
        }
    }

    /// Nobody registered took the call.
    pub(super) fn line_failed(
        &mut self,
        walk: &mut Walk<'_>,
        (id, overflow): (LineId, Option<LineTarget>),
        cause: Cause,
    ) -> Next {
        self.at = At::Nowhere;
        let Some(target) = overflow else { return self.fail(walk, cause) };
        if let Some(line) = walk.facts.snapshot().line(id) {
            walk.note(Mark::LineOverflow(line.code));
        }
        // As a forward it is not bound by who may receive.
        self.filter = None;
        self.hops += 1;
        self.lead_to(walk, target)
    }

    /// Whoever rang may not ring any more: decided anew (R247).
    pub(super) fn line_anew(&mut self, walk: &mut Walk<'_>, id: LineId) -> Next {
        match walk.facts.snapshot().line(id) {
            Some(line) => self.at_line(walk, line),
            None => Next::Refuse(Cause::UnallocatedNumber),
        }
    }

    /// Whether the line that the call came by may ring a person; what is forwarded may (R301).
    pub(super) fn may_receive(&self, walk: &Walk<'_>, user: UserId) -> bool {
        let bound = self.filter.filter(|_| self.forwarders.is_empty());
        bound.is_none_or(|line| walk.facts.snapshot().lines_in(user).contains(&line))
    }
}
