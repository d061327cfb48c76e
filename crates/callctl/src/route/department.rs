//! Department: all members ring together; their own forwards and voicemail are not used. One that
//! pages is the business of `page`.

use base::id::DepartmentId;
use base::limits::CALLS_PER_DN;
use base::{Cause, Dn};
use model::record::Service;
use model::{Department, DnOwner, ForwardKind};
use smallvec::SmallVec;

use super::facts::{Reach, Reasons, Spared, active};
use super::{At, Journey, Next, Plan, Style, Walk};
use crate::explain::Mark;

impl Journey {
    /// The call reaches the common number of a department.
    pub(super) fn at_department(&mut self, walk: &mut Walk<'_>, dn: Dn, id: DepartmentId) -> Next {
        walk.note(Mark::RouteDepartment(dn));
        self.called = None;
        let facts = walk.facts;
        let Some(department) = facts.snapshot().department(id) else {
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        if !department.multicast {
            self.services.insert(Service::Department);
        }
        if let Some(to) = &department.all.to {
            return self.forward(walk, dn, ForwardKind::All, to);
        }
        if department.multicast {
            return self.at_paging(walk, department);
        }
        self.ring_members(walk, department)
    }

    fn ring_members(&mut self, walk: &mut Walk<'_>, department: &Department) -> Next {
        match self.together(walk, department, department.ring_s.max(1)) {
            Ok(plan) => {
                self.at = At::Department(department.dn);
                Next::Ring(plan)
            }
            Err(reasons) => self.overflow(walk, department, reasons.cause()),
        }
    }

    /// All members ring in the place of a member of a hunting group (R270).
    pub(super) fn department_in_place(
        &mut self,
        walk: &mut Walk<'_>,
        department: &Department,
        ring_s: u16,
    ) -> Result<Plan, Spared> {
        walk.note(Mark::RouteDepartment(department.dn));
        self.services.insert(Service::Department);
        self.together(walk, department, ring_s).map_err(Reasons::why)
    }

    /// All who can be rung ring together; else why none can.
    fn together(
        &self,
        walk: &mut Walk<'_>,
        department: &Department,
        ring_s: u16,
    ) -> Result<Plan, Reasons> {
        let mut users = SmallVec::new();
        let mut reasons = Reasons::default();
        let mut contacts = 0;
        for id in &department.members {
            let snapshot = walk.facts.snapshot();
            let Some(user) = active(snapshot, *id) else { continue };
            match self.spare_member(walk, department, user) {
                Ok(reach) => {
                    contacts += reach.contacts;
                    users.push(*id);
                }
                Err(why) => {
                    let member = user.dn;
                    reasons.add(why);
                    walk.note(Mark::Spared { member, why });
                }
            }
        }
        if users.is_empty() {
            return Err(reasons);
        }
        let contacts = u16::try_from(contacts).unwrap_or(u16::MAX);
        walk.note(Mark::Ring { contacts, ring_time_s: ring_s });
        let style = Style::Department(department.id);
        Ok(Plan { dn: department.dn, users, ring_s, style })
    }

    /// Whether a member rings (R274).
    fn spare_member(
        &self,
        walk: &Walk<'_>,
        department: &Department,
        user: &model::User,
    ) -> Result<Reach, Spared> {
        if self.is_involved(user.dn) {
            return Err(Spared::Involved);
        }
        if !self.may_receive(walk, user.id) {
            return Err(Spared::Line);
        }
        let settings = walk.facts.snapshot().dn_settings(self.tenant, user.dn);
        let forwards = settings.is_some_and(|s| s.forward(ForwardKind::All).to.is_some());
        if forwards && !department.ring_forwarded {
            return Err(Spared::Forwards);
        }
        let reach = Reach::of(walk.facts, user);
        if reach.is_out() {
            return Err(Spared::Out);
        }
        if reach.is_quiet() {
            return Err(Spared::Quiet);
        }
        // Who rings in a call all the same has no more calls than others (R250).
        let limit = settings.map_or(CALLS_PER_DN as u32, |s| u32::from(s.call_limit));
        let calls = walk.facts.calls(self.tenant, user.dn);
        if calls >= limit || (calls > 0 && !department.ring_busy) {
            return Err(Spared::Busy);
        }
        Ok(reach)
    }

    /// Nobody of a department answered.
    pub(super) fn department_failed(&mut self, walk: &mut Walk<'_>, dn: Dn, cause: Cause) -> Next {
        let facts = walk.facts;
        let snapshot = facts.snapshot();
        match snapshot.dn_owner(self.tenant, dn) {
            Some(DnOwner::Department(id)) => match snapshot.department(id) {
                Some(department) => self.overflow(walk, department, cause),
                None => self.fail(walk, cause),
            },
            _ => self.fail(walk, cause),
        }
    }

    fn overflow(&mut self, walk: &mut Walk<'_>, department: &Department, cause: Cause) -> Next {
        let Some(to) = &department.overflow else { return self.fail(walk, cause) };
        self.overflow_to(walk, department.dn, to)
    }
}
