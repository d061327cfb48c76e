//! Numbers outside: the policy of who forwards there, and the gateway that takes the call.
//!
//! | Test | Else |
//! |---|---|
//! | no emergency number, which no forward may lead to | refused |
//! | forwarded: 外線転送 of the forwarder's site permits it (R063) | `ExternalForwardDenied` |
//! | a gateway's prefix or a line (`line`) stands before it | no such number |
//! | the class of who forwards, transfers or calls permits it (J60, R227) | `TollDenied` |
//! | the gateway is registered | `UpstreamFailure` |
//! | the access lines have a channel (R305) | `SiteChannelsExceeded` |
//! | it has a free channel (R110, R305) | `GatewayChannelsExceeded` |

use base::id::{GatewayId, SiteId};
use base::{Cause, Dn};
use model::outside::{self, Dialled, OutsideNumber};
use model::{DnOwner, Outside};
use smallvec::SmallVec;

use super::line::{self, Way};
use super::{At, Facts, Journey, Next, Plan, Style, Walk};
use crate::explain::{Mark, Prefix};

/// How long a number outside rings, seconds: the networks give up before.
pub(super) const RING_S: u16 = 180;

/// The gateway that takes a call, and the number that it is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    gateway: GatewayId,
    number: OutsideNumber,
}

impl Journey {
    /// The number outside that the call has come to, if it has.
    pub(crate) fn number_outside(&self) -> Option<OutsideNumber> {
        self.outside
    }

    /// Whose lines and toll class count: who forwarded or transferred last, else the caller.
    pub(super) fn who_pays(&self) -> Option<Dn> {
        self.forwarder().or(self.payer).or(self.caller)
    }

    /// The first decision for a number that nobody dialled with a prefix: by an initial line, else
    /// by a gateway of the site where it is asked for, else by the first one.
    pub(crate) fn begin_outside(&mut self, walk: &mut Walk<'_>, digits: Dn) -> Next {
        let snapshot = walk.facts.snapshot();
        let number = OutsideNumber { digits, show: None };
        let user = self.who_pays().and_then(|dn| snapshot.user_by_dn(self.tenant, dn));
        if line::choose(snapshot, self.tenant, user, Way::Plain).is_some() {
            return self.go_out(walk, Way::Plain, number);
        }
        let here = snapshot.active_gateways(self.tenant).find(|g| Some(g.site) == self.site);
        let gateway = here.or_else(|| snapshot.active_gateways(self.tenant).next());
        match gateway.map(|g| g.id) {
            Some(gateway) => self.go_out(walk, Way::Gateway(gateway), number),
            None => {
                walk.note(Mark::NoLine);
                Next::Refuse(Cause::UnallocatedNumber)
            }
        }
    }

    /// R063, R261: the policy of the site of the one who forwards.
    pub(crate) fn forward_outside(&mut self, walk: &mut Walk<'_>, from: Dn, digits: &str) -> Next {
        let exit = self.exit_of_forward(walk, from, digits);
        self.leave_by(walk, exit)
    }

    /// The gateway that takes a forward, or why none does.
    pub(super) fn exit_of_forward(
        &mut self,
        walk: &mut Walk<'_>,
        from: Dn,
        digits: &str,
    ) -> Result<Exit, Cause> {
        let snapshot = walk.facts.snapshot();
        let site = self.site_of(walk, from).and_then(|id| snapshot.site(id));
        let policy = site.map_or(Outside::Denied, |s| s.forward_outside);
        let Some(class) = outside::class(snapshot, self.tenant, digits) else {
            walk.note(Mark::Emergency);
            return Err(Cause::UnallocatedNumber);
        };
        if !class.is_within(policy) {
            walk.note(Mark::OutsideDenied(from));
            return Err(Cause::ExternalForwardDenied);
        }
        let (way, number) = match outside::read(snapshot, self.tenant, digits) {
            Some(Dialled::Number(gateway, number)) => (Way::Gateway(gateway.id), number),
            Some(Dialled::Line(line, number)) => (Way::Line(line.id), number),
            Some(Dialled::Plain(number)) => (Way::Plain, number),
            Some(Dialled::Emergency(_)) | None => {
                walk.note(Mark::NoLine);
                return Err(Cause::UnallocatedNumber);
            }
        };
        self.exit(walk, way, number)
    }

    /// The call leaves the company, or fails.
    fn leave_by(&mut self, walk: &mut Walk<'_>, exit: Result<Exit, Cause>) -> Next {
        match exit {
            Ok(exit) => {
                self.at = At::Outside;
                Next::Ring(ring(walk, exit, RING_S))
            }
            Err(cause) => self.fail(walk, cause),
        }
    }

    /// The call leaves the company this way, or fails.
    pub(super) fn go_out(&mut self, walk: &mut Walk<'_>, way: Way, number: OutsideNumber) -> Next {
        let exit = self.exit(walk, way, number);
        self.leave_by(walk, exit)
    }

    fn site_of(&self, walk: &Walk<'_>, dn: Dn) -> Option<SiteId> {
        let snapshot = walk.facts.snapshot();
        match snapshot.dn_owner(self.tenant, dn)? {
            DnOwner::User(id) => snapshot.user(id).map(|u| u.site),
            DnOwner::Virtual(id) => snapshot.virtual_dn(id).map(|v| v.site),
            DnOwner::Hunt(number) => snapshot.hunt_group(self.tenant, number).map(|g| g.site),
            DnOwner::Department(id) => snapshot.department(id).map(|d| d.site),
            DnOwner::ParkSlot(site) => Some(site),
        }
    }

    /// Whether the access line of the caller's site or of the gateway's has too few channels: the
    /// first test of admission (group J).
    fn is_access_full(&self, facts: &dyn Facts, gateway: SiteId) -> bool {
        let legs = [self.site, Some(gateway)];
        legs.into_iter().flatten().any(|id| {
            let Some(site) = facts.snapshot().site(id).filter(|s| !s.has_exchange) else {
                return false;
            };
            let wanted = legs.iter().filter(|l| **l == Some(id)).count() as u32;
            let limit = site.access_channels.map(u32::from);
            limit.is_some_and(|limit| facts.access(id) + wanted > limit)
        })
    }

    /// Whether a gateway takes the call now, or why not.
    pub(super) fn leave(
        &mut self,
        walk: &mut Walk<'_>,
        gateway: GatewayId,
        number: OutsideNumber,
    ) -> Result<Exit, Cause> {
        let facts = walk.facts;
        let Some(gateway) = facts.snapshot().gateway(gateway) else {
            walk.note(Mark::NoLine);
            return Err(Cause::UnallocatedNumber);
        };
        self.called = None;
        self.outside = Some(number);
        walk.note(Mark::Gateway(Prefix::of(&gateway.prefix)));
        let digits = number.digits.text();
        if !facts.snapshot().permits_toll(self.tenant, self.who_pays(), &digits) {
            walk.note(Mark::TollBarred);
            return Err(Cause::TollDenied);
        }
        if gateway.account.map_or(0, |account| facts.contacts(account)) == 0 {
            walk.note(Mark::GatewayOut);
            return Err(Cause::UpstreamFailure);
        }
        if self.is_access_full(facts, gateway.site) {
            walk.note(Mark::AccessFull);
            return Err(Cause::SiteChannelsExceeded);
        }
        if facts.channels(gateway.id) >= u32::from(gateway.channels) && !is_passed(facts) {
            walk.note(Mark::ChannelsFull(gateway.channels));
            return Err(Cause::GatewayChannelsExceeded);
        }
        Ok(Exit { gateway: gateway.id, number })
    }
}

/// A number outside rings for so many seconds.
pub(super) fn ring(walk: &mut Walk<'_>, exit: Exit, ring_s: u16) -> Plan {
    walk.note(Mark::Ring { contacts: 1, ring_time_s: ring_s });
    let Exit { gateway, number } = exit;
    let style = Style::Outside { gateway, number };
    Plan { dn: number.digits, users: SmallVec::new(), ring_s, style }
}

/// The planted bug of channels.
#[cfg(feature = "planted")]
fn is_passed(facts: &dyn Facts) -> bool {
    facts.planted() == Some(crate::planted::Bug::ChannelsPassed)
}

#[cfg(not(feature = "planted"))]
fn is_passed(_facts: &dyn Facts) -> bool {
    false
}
