//! A department that pages (R208, R278): who may, and which members are called.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use base::id::{DepartmentId, DeviceId, UserId};
use base::{Cause, Dn};
use model::record::Service;
use model::{Department, Snapshot, TenantOption, User};

use super::facts::{Facts, Spared, active};
use super::{Journey, Next, Walk};
use crate::explain::Mark;

/// Most groups that an explanation names.
const STREAMS_TOLD: usize = 32;

/// Whom to page, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PagePlan {
    pub department: DepartmentId,
    pub dn: Dn,
    pub users: Vec<UserId>,
}

impl Journey {
    /// The call reaches the common number of a department that pages.
    pub(super) fn at_paging(&mut self, walk: &mut Walk<'_>, department: &Department) -> Next {
        self.services.insert(Service::Multicast);
        let dn = department.dn;
        let snapshot = walk.facts.snapshot();
        let tenant = snapshot.tenant(self.tenant);
        if tenant.is_none_or(|t| !t.options.contains(TenantOption::Multicast)) {
            walk.note(Mark::NoPaging(dn));
            return self.fail(walk, Cause::OptionNotContracted);
        }
        if !self.forwarders.is_empty() {
            walk.note(Mark::PageBarred(dn));
            return self.fail(walk, Cause::UnallocatedNumber);
        }
        let caller = self.caller.and_then(|dn| snapshot.user_by_dn(self.tenant, dn));
        if !caller.is_some_and(|user| department.may_page(user.id)) {
            walk.note(Mark::NoPageRight(dn));
            return self.fail(walk, Cause::FeatureNotPermitted);
        }
        self.page_members(walk, department)
    }

    fn page_members(&mut self, walk: &mut Walk<'_>, department: &Department) -> Next {
        let mut users = Vec::new();
        let mut contacts = 0;
        let mut spared: Vec<(Spared, Dn)> = Vec::new();
        for id in &department.members {
            let Some(user) = active(walk.facts.snapshot(), *id) else { continue };
            match self.listeners_of(walk.facts, department, user) {
                Ok(found) => {
                    contacts += found;
                    users.push(*id);
                }
                Err(why) => spared.push((why, user.dn)),
            }
        }
        // Together by reason, so that the explanation stays short.
        spared.sort_by_key(|(why, _)| why.word());
        for (why, member) in spared {
            walk.note(Mark::Spared { member, why });
        }
        if users.is_empty() {
            return self.fail(walk, Cause::Unregistered);
        }
        let contacts = u16::try_from(contacts).unwrap_or(u16::MAX);
        walk.note(Mark::Page { contacts, page_s: department.page_s });
        for (to, members) in streams(walk.facts.snapshot(), department.id, &users) {
            walk.note(Mark::PageStream { group: (to.ip(), to.port()), members });
        }
        Next::Page(PagePlan { department: department.id, dn: department.dn, users })
    }

    /// How many terminals of a member are paged, or why none is.
    fn listeners_of(
        &self,
        facts: &dyn Facts,
        department: &Department,
        user: &User,
    ) -> Result<usize, Spared> {
        if self.is_involved(user.dn) {
            return Err(Spared::Involved);
        }
        let (mut contacts, mut streams, mut why) = (0, 0, Spared::Out);
        let snapshot = facts.snapshot();
        for id in snapshot.devices_of(user.id) {
            if snapshot.device(*id).and_then(|d| snapshot.stream_heard(d, department.id)).is_some()
            {
                streams += 1;
                continue;
            }
            let found = facts.contacts(*id);
            match spared_device(facts, *id, department.emergency) {
                _ if found == 0 => {}
                Some(reason) => why = reason,
                None => contacts += found,
            }
        }
        // What they do during a call is their own configuration (R280).
        if streams > 0 {
            return Ok(contacts + streams);
        }
        if contacts > 0 && facts.calls(self.tenant, user.dn) > 0 {
            return Err(Spared::Busy);
        }
        if contacts == 0 { Err(why) } else { Ok(contacts) }
    }
}

/// How many of the members hear the department's pages at each group, of which the first few.
fn streams(
    snapshot: &Snapshot,
    department: DepartmentId,
    users: &[UserId],
) -> impl Iterator<Item = (SocketAddr, u16)> {
    let mut heard: BTreeMap<SocketAddr, BTreeSet<UserId>> = BTreeMap::new();
    for id in users {
        let devices = snapshot.devices_of(*id).iter().filter_map(|id| snapshot.device(*id));
        for to in devices.filter_map(|d| snapshot.stream_heard(d, department)) {
            heard.entry(to).or_default().insert(*id);
        }
    }
    let counted = |members: usize| u16::try_from(members).unwrap_or(u16::MAX);
    heard.into_iter().take(STREAMS_TOLD).map(move |(to, who)| (to, counted(who.len())))
}

/// Why a terminal is not paged; calls are not looked at (R279).
pub(crate) fn spared_device(facts: &dyn Facts, id: DeviceId, emergency: bool) -> Option<Spared> {
    if !emergency && facts.snapshot().device(id).is_some_and(|d| d.do_not_disturb) {
        return Some(Spared::Quiet);
    }
    // A page of the same urgency goes on.
    facts.paged(id).filter(|theirs| *theirs || !emergency).map(|_| Spared::Paged)
}
