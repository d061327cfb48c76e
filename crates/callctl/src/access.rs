//! Channels of the access lines of sites (R305, group J).
//!
//! | Leg | Takes a channel of |
//! |---|---|
//! | its audio goes to the exchange, which stands elsewhere | its own site |
//! | the same, and the exchange stands inside another site | that site too |
//! | at the site where the exchange stands | nothing there |
//! | its audio goes to another telephone of the site | nothing |
//! | rings beside others at the same site | nothing more than the first |
//! | listens to a page | as its audio goes, each by itself |
//! | a stream of a page | one of each site with listeners, one where the exchange stands |
//!
//! They are counted anew after each step of a call where a site has a limit, and asked for before
//! anything rings: before the channels of gateways (034), which come before media (042).

use std::collections::BTreeMap;

use base::id::{SiteId, TenantId};
use base::{Cause, LegId};
use model::Snapshot;
use smallvec::SmallVec;

use crate::CallControl;
use crate::action::Action;
use crate::call::Call;
use crate::cx::Cx;
use crate::explain::Mark;
use crate::leg::{Leg, Role};
use crate::media::path::Way;
use crate::record::Verdict;
use crate::route::Refusal;
use crate::view::View;

/// Channels by site.
pub(crate) type Counts = SmallVec<[(SiteId, u32); 2]>;

/// Channels in use, by site.
#[derive(Debug, Default)]
pub(crate) struct AccessLines {
    used: BTreeMap<SiteId, u32>,
    /// Sites that an emergency call has overfilled.
    over: Vec<SiteId>,
}

/// What a call has counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub counts: Counts,
    urgent: bool,
}

impl AccessLines {
    pub(crate) fn count(&self, site: SiteId) -> u32 {
        self.used.get(&site).copied().unwrap_or(0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    fn take(&mut self, counted: &Counted) {
        for (site, n) in &counted.counts {
            *self.used.entry(*site).or_default() += n;
        }
    }

    fn free(&mut self, counted: &Counted) {
        for (site, n) in &counted.counts {
            let Some(used) = self.used.get_mut(site) else { continue };
            *used = used.saturating_sub(*n);
            if *used == 0 {
                self.used.remove(site);
            }
        }
    }
}

/// How many a call has of a site.
pub(crate) fn of_site(counts: &[(SiteId, u32)], site: SiteId) -> u32 {
    counts.iter().find(|(of, _)| *of == site).map_or(0, |(_, n)| *n)
}

/// Adds channels of a site.
pub(crate) fn add(counts: &mut Counts, site: SiteId, more: u32) {
    match counts.iter_mut().find(|(of, _)| *of == site) {
        Some((_, n)) => *n += more,
        None => counts.push((site, more)),
    }
}

/// Counts the lines that audio between a site and the exchange crosses.
pub(crate) fn cross(snapshot: &Snapshot, tenant: TenantId, site: SiteId, counts: &mut Counts) {
    let has_exchange = |id| snapshot.site(id).is_some_and(|s| s.has_exchange);
    if !has_exchange(site) {
        add(counts, site, 1);
    }
    let hosts = snapshot.sites(tenant).filter(|s| s.has_exchange && s.id != site);
    hosts.for_each(|s| add(counts, s.id, 1));
}

/// Counts the lines that one stream from the exchange to these sites crosses: it leaves the site
/// of the exchange once, however many it goes to.
fn cross_once(snapshot: &Snapshot, tenant: TenantId, sites: &[SiteId], counts: &mut Counts) {
    for site in snapshot.sites(tenant) {
        let crosses = match site.has_exchange {
            true => sites.iter().any(|to| *to != site.id),
            false => sites.contains(&site.id),
        };
        if crosses {
            add(counts, site.id, 1);
        }
    }
}

/// What access lines have left for one call.
pub(crate) struct Room<'a> {
    pub snapshot: &'a Snapshot,
    /// What the call has counted.
    pub own: &'a [(SiteId, u32)],
    pub lines: &'a AccessLines,
}

impl Room<'_> {
    /// Whether a site's line has room when the call takes so many of it in all.
    fn has(&self, site: SiteId, n: u32) -> bool {
        let own = of_site(self.own, site);
        let others = self.lines.count(site).saturating_sub(own);
        n <= own || limit(self.snapshot, site).is_none_or(|limit| others + n <= limit)
    }

    /// Whether there is room for all of these.
    pub(crate) fn fits(&self, counts: &Counts) -> bool {
        counts.iter().all(|(site, n)| self.has(*site, *n))
    }

    /// Leaves out those legs that find no channel beside `counts`; legs of one site share one.
    pub(crate) fn admit<T>(
        &self,
        tenant: TenantId,
        mut counts: Counts,
        legs: &mut Vec<T>,
        site_of: impl Fn(&T) -> Option<SiteId>,
    ) {
        let mut judged: SmallVec<[(SiteId, bool); 4]> = SmallVec::new();
        let first = self.fits(&counts);
        legs.retain(|leg| {
            let Some(site) = site_of(leg) else { return true };
            if let Some((_, fit)) = judged.iter().find(|(of, _)| *of == site) {
                return *fit;
            }
            let mut with = counts.clone();
            cross(self.snapshot, tenant, site, &mut with);
            let fit = first && self.fits(&with);
            if fit {
                counts = with;
            }
            judged.push((site, fit));
            fit
        });
    }
}

impl Call {
    /// The lines that the call crosses.
    fn crossed(&self, snapshot: &Snapshot) -> Counts {
        self.crossed_by(snapshot, |leg| self.crosses(leg))
    }

    /// Whether the leg's audio comes to the exchange, or will when somebody answers or
    /// the exchange has found out what to say.
    pub(crate) fn crosses(&self, leg: &Leg) -> bool {
        let awaits = self.ring.as_ref().is_some_and(|r| r.leg == leg.id && r.way == Way::Relay);
        let served = self.first == Some(leg.id) && self.is_served();
        leg.media.is_some() || awaits || served || self.way_of(leg.id) == Way::Relay
    }

    /// The lines that the audio of these legs crosses.
    pub(crate) fn crossed_by(&self, snapshot: &Snapshot, ours: impl Fn(&Leg) -> bool) -> Counts {
        let mut counts = Counts::new();
        let mut rung: SmallVec<[SiteId; 4]> = SmallVec::new();
        for leg in self.legs.iter().filter(|l| l.is_live()) {
            let Some(site) = leg.site else { continue };
            if !ours(leg) || leg.role == Role::Ringing && rung.contains(&site) {
                continue;
            }
            if leg.role == Role::Ringing {
                rung.push(site);
            }
            cross(snapshot, self.tenant, site, &mut counts);
        }
        // Each terminal that is called and listens has a stream of its own.
        for site in self.paged_legs().filter_map(|leg| leg.site) {
            cross(snapshot, self.tenant, site, &mut counts);
        }
        for sites in self.stream_sites() {
            cross_once(snapshot, self.tenant, &sites, &mut counts);
        }
        counts
    }

    /// Whether the access lines have a channel for one more stream of a page, to these sites.
    pub(crate) fn has_channel_for_stream(&self, cx: &Cx<'_>, sites: &[SiteId]) -> bool {
        let snapshot = cx.view.snapshot();
        if !is_limited(snapshot, self.tenant) {
            return true;
        }
        let mut counts = self.crossed(snapshot);
        cross_once(snapshot, self.tenant, sites, &mut counts);
        Room { snapshot, own: self.own_access(), lines: &cx.core.access }.fits(&counts)
    }

    /// Whether the access lines have a channel for one more terminal that listens at a site.
    pub(crate) fn has_channel_for_page(&self, cx: &Cx<'_>, site: SiteId) -> bool {
        let snapshot = cx.view.snapshot();
        if !is_limited(snapshot, self.tenant) {
            return true;
        }
        let mut counts = self.crossed(snapshot);
        cross(snapshot, self.tenant, site, &mut counts);
        Room { snapshot, own: self.own_access(), lines: &cx.core.access }.fits(&counts)
    }

    /// What the call has counted.
    pub(crate) fn own_access(&self) -> &[(SiteId, u32)] {
        self.access.as_ref().map_or(&[], |counted| counted.counts.as_slice())
    }

    /// Counts the channels of the call anew.
    pub(crate) fn count_access(&mut self, cx: &mut Cx<'_>) {
        // After each step of every call: nothing is looked at where nothing can be full. A change
        // of configuration is a step of every call.
        let counts = match self.ended || !is_limited(cx.view.snapshot(), self.tenant) {
            true => Counts::new(),
            false => self.crossed(cx.view.snapshot()),
        };
        let urgent = self.is_emergency() || self.is_call_back();
        let fresh = Counted { counts, urgent };
        let old = self.access.take().unwrap_or_default();
        if *old != fresh {
            cx.core.access.free(&old);
            cx.core.access.take(&fresh);
            if self.is_emergency() {
                let over = fresh.counts.iter().map(|(site, _)| *site);
                let snapshot = cx.view.snapshot();
                let lines = &mut cx.core.access;
                let over: Vec<SiteId> = over
                    .filter(|site| limit(snapshot, *site).is_some_and(|l| lines.count(*site) > l))
                    .collect();
                lines.over.extend(over);
            }
        }
        self.access = (!fresh.counts.is_empty()).then(|| Box::new(fresh));
    }

    /// Leaves out those of the legs for which an access line has no channel; refused when it has
    /// none for any. An emergency call is never asked, nor is one back (J33, J35).
    pub(crate) fn admit(
        &self,
        cx: &Cx<'_>,
        way: Way,
        legs: &mut Vec<(Leg, u64)>,
    ) -> Result<(), Refusal> {
        let snapshot = cx.view.snapshot();
        if way == Way::Direct
            || !is_limited(snapshot, self.tenant)
            || legs.iter().any(|(leg, _)| leg.urgent)
            || self.is_call_back()
        {
            return Ok(());
        }
        let room = Room { snapshot, own: self.own_access(), lines: &cx.core.access };
        // Who transfers goes when the target answers.
        let goes = self.transfer.as_ref().map(|t| t.referrer);
        let counts = self.crossed_by(snapshot, |l| Some(l.id) != goes || self.crosses(l));
        room.admit(self.tenant, counts, legs, |(leg, _)| leg.site);
        let none = Refusal::new(Cause::SiteChannelsExceeded, Mark::AccessFull);
        if legs.is_empty() { Err(none) } else { Ok(()) }
    }

    /// An ordinary call that uses the line.
    fn uses_access(&self, site: SiteId) -> bool {
        let counted = self.access.as_ref().filter(|c| !c.urgent && !self.ended);
        counted.is_some_and(|c| of_site(&c.counts, site) > 0)
    }

    /// The leg of it that goes first.
    fn leg_to_end(&self) -> Option<LegId> {
        let outside = self.legs.iter().find(|l| l.is_live() && l.is_outside());
        outside.map(|l| l.id)
    }
}

/// Whether any site of the tenant has an access line whose channels are counted.
pub(crate) fn is_limited(snapshot: &Snapshot, tenant: TenantId) -> bool {
    snapshot.sites(tenant).any(|s| s.access_channels.is_some())
}

fn limit(snapshot: &Snapshot, site: SiteId) -> Option<u32> {
    snapshot.site(site)?.access_channels.map(u32::from)
}

impl CallControl {
    /// Ends the youngest ordinary call of each access line that an emergency call has overfilled.
    pub(crate) fn make_access(&mut self, now: base::Now, view: &dyn View, out: &mut Vec<Action>) {
        // Who is told why uses the line meanwhile, and may be the next to end.
        for _ in 0..base::limits::LEGS_MAX {
            let Some(site) = self.core.access.over.last().copied() else { return };
            if limit(view.snapshot(), site).is_none_or(|l| self.core.access.count(site) <= l) {
                self.core.access.over.pop();
                continue;
            }
            let uses = |slot: &usize| self.calls.get(*slot).is_some_and(|c| c.uses_access(site));
            let Some(slot) = self.by_id.values().rev().copied().find(uses) else {
                self.core.access.over.pop();
                continue;
            };
            self.step(now, (slot, view), out, |call, cx| match call.leg_to_end() {
                Some(leg) => call.preempted(cx, leg),
                None => call.end(cx, Verdict::new(Cause::Preempted)),
            });
        }
    }
}
