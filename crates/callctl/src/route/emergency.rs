//! 110, 118 and 119: the ways out of the site where they are dialled (J30–J33).
//!
//! | Way out | Then |
//! |---|---|
//! | the first with a free channel | rings |
//! | none has one: the first that works and has an ordinary call | that call ends, it rings |
//! | refused for want of a channel | again after 0.5 s, at most three times |
//! | ended in any other way, or a fourth time | the next one |
//! | none is left | refused |
//!
//! Only whoever dials it gets there: no forward, no transfer and no caller from outside.

use base::id::SiteId;
use base::{Cause, Dn, Micros};
use model::outside::OutsideNumber;
use model::{EmergencyRoute, Gateway, Snapshot};
use smallvec::SmallVec;

use super::outside::RING_S;
use super::{At, Journey, Next, Plan, Style, Walk};
use crate::explain::{Mark, Prefix};

/// The pause before a line is tried once more that had no channel.
const AGAIN: Micros = Micros::millis(500);

/// How often it is.
const AGAIN_MAX: u8 = 3;

/// A way out that is being tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trying {
    number: Dn,
    /// Which of the site's.
    way: usize,
    /// Those that were tried, one bit each.
    tried: u16,
    /// How often this one had no channel.
    again: u8,
}

impl Journey {
    /// Somebody dials it himself, at a terminal of this site.
    pub(crate) fn dialled_at(mut self, site: Option<SiteId>) -> Self {
        self.site = site;
        self
    }

    /// A way out is being tried, or will be once more.
    pub(crate) fn seeks_help(&self) -> bool {
        matches!(self.at, At::Emergency(_))
    }

    /// An emergency number was dialled.
    pub(super) fn emergency(&mut self, walk: &mut Walk<'_>, number: Dn) -> Next {
        self.called = None;
        let direct = self.forwarders.is_empty() && !self.from_outside;
        if !direct || self.ways(walk.facts.snapshot()).is_empty() {
            return no_way(walk, Cause::UnallocatedNumber);
        }
        self.outside = Some(OutsideNumber { digits: number, show: None });
        #[cfg(feature = "planted")]
        if self.is_barred(walk, number) {
            return no_way(walk, Cause::TollDenied);
        }
        let fresh = Trying { number, way: 0, tried: 0, again: 0 };
        self.next_way(walk, fresh, Cause::UpstreamFailure)
    }

    /// The planted bug of emergency calls.
    #[cfg(feature = "planted")]
    fn is_barred(&self, walk: &Walk<'_>, number: Dn) -> bool {
        let permits =
            walk.facts.snapshot().permits_toll(self.tenant, self.who_pays(), &number.text());
        !permits && walk.facts.planted() == Some(crate::planted::Bug::EmergencyBarred)
    }

    /// The ways out of the site.
    fn ways<'s>(&self, snapshot: &'s Snapshot) -> &'s [EmergencyRoute] {
        let site = self.site.and_then(|id| snapshot.site(id));
        site.map(|s| &*s.emergency).unwrap_or_default()
    }

    fn next_way(&mut self, walk: &mut Walk<'_>, from: Trying, cause: Cause) -> Next {
        let facts = walk.facts;
        let mut full = None;
        let mut cause = cause;
        for (way, route) in self.ways(facts.snapshot()).iter().enumerate() {
            let Some(gateway) = self.gateway(facts.snapshot(), route) else { continue };
            if from.tried & (1 << way) != 0 {
                continue;
            }
            if gateway.account.map_or(0, |account| facts.contacts(account)) == 0 {
                walk.note(Mark::EmergencyOut(Prefix::of(&gateway.prefix)));
                continue;
            }
            let trying = Trying { way, again: 0, ..from };
            if facts.channels(gateway.id) < u32::from(gateway.channels) {
                return self.ring_way(walk, trying, (gateway, route));
            }
            cause = Cause::GatewayChannelsExceeded;
            if facts.ordinary(gateway.id) > 0 {
                full.get_or_insert((trying, gateway, route));
            }
        }
        match full {
            Some((trying, gateway, route)) => {
                walk.note(Mark::EmergencyFull(Prefix::of(&gateway.prefix)));
                self.ring_way(walk, trying, (gateway, route))
            }
            None => no_way(walk, cause),
        }
    }

    /// The gateway of a way out, as long as the company has gateways.
    fn gateway<'s>(&self, snapshot: &'s Snapshot, route: &EmergencyRoute) -> Option<&'s Gateway> {
        snapshot.active_gateways(self.tenant).find(|g| g.id == route.gateway)
    }

    fn ring_way(
        &mut self,
        walk: &mut Walk<'_>,
        trying: Trying,
        (gateway, route): (&Gateway, &EmergencyRoute),
    ) -> Next {
        walk.note(Mark::EmergencyBy(Prefix::of(&gateway.prefix)));
        walk.note(Mark::Ring { contacts: 1, ring_time_s: RING_S });
        self.at = At::Emergency(trying);
        let number = trying.number;
        let style = Style::Emergency { gateway: gateway.id, number, shown: route.shown };
        Next::Ring(Plan { dn: number, users: SmallVec::new(), ring_s: RING_S, style })
    }

    /// What was tried has ended.
    pub(super) fn way_failed(&mut self, walk: &mut Walk<'_>, at: Trying, cause: Cause) -> Next {
        if cause == Cause::GatewayChannelsExceeded && at.again < AGAIN_MAX {
            walk.note(Mark::EmergencyAgain);
            self.at = At::Emergency(Trying { again: at.again + 1, ..at });
            return Next::Wait { until: walk.now + AGAIN };
        }
        self.next_way(walk, Trying { tried: at.tried | (1 << at.way), ..at }, cause)
    }

    /// The pause is over.
    pub(super) fn way_again(&mut self, walk: &mut Walk<'_>, at: Trying) -> Next {
        let facts = walk.facts;
        let route = self.ways(facts.snapshot()).get(at.way).copied();
        let gateway = route.and_then(|r| self.gateway(facts.snapshot(), &r));
        let works = gateway.and_then(|g| g.account).is_some_and(|a| facts.contacts(a) > 0);
        match (gateway, route) {
            (Some(gateway), Some(route)) if works => self.ring_way(walk, at, (gateway, &route)),
            _ => self.way_failed(walk, Trying { again: AGAIN_MAX, ..at }, Cause::UpstreamFailure),
        }
    }
}

fn no_way(walk: &mut Walk<'_>, cause: Cause) -> Next {
    walk.note(Mark::Emergency);
    Next::Refuse(cause)
}
