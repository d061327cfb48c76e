//! Numbers outside: the policy of who forwards there, and the gateway that takes the call.
//!
//! | Test | Else |
//! |---|---|
//! | no emergency number | refused: there is no line that such a call may take |
//! | forwarded: 外線転送 of the forwarder's site permits it (R063) | `ExternalForwardDenied` |
//! | a gateway's prefix or a line (`line`) stands before it | no such number |
//! | no class that is barred (J60) | `TollDenied` |
//! | the gateway is registered | `UpstreamFailure` |
//! | it has a free channel (R110, R305) | `GatewayChannelsExceeded` |

use base::id::{GatewayId, SiteId};
use base::{Cause, Dn};
use model::outside::{self, Dialled, OutsideClass, OutsideNumber};
use model::{DnOwner, Outside};
use smallvec::SmallVec;

use super::line::Way;
use super::{At, Journey, Next, Plan, Style, Walk};
use crate::explain::{Mark, Prefix};

/// How long a number outside rings, seconds: the networks give up before.
const RING_S: u16 = 180;

impl Journey {
    /// The number outside that the call has come to, if it has.
    pub(crate) fn number_outside(&self) -> Option<OutsideNumber> {
        self.outside
    }

    /// R063, R261: the policy of the site of the one who forwards.
    pub(super) fn forward_outside(&mut self, walk: &mut Walk<'_>, from: Dn, digits: &str) -> Next {
        let snapshot = walk.facts.snapshot();
        let site = self.site_of(walk, from).and_then(|id| snapshot.site(id));
        let policy = site.map_or(Outside::Denied, |s| s.forward_outside);
        let Some(class) = outside::class(snapshot, self.tenant, digits) else {
            return self.emergency(walk);
        };
        if !class.is_within(policy) {
            walk.note(Mark::OutsideDenied(from));
            return self.fail(walk, Cause::ExternalForwardDenied);
        }
        match outside::read(snapshot, self.tenant, digits) {
            Some(Dialled::Number(gateway, number)) => {
                self.go_out(walk, Way::Gateway(gateway.id), number)
            }
            Some(Dialled::Line(line, number)) => self.go_out(walk, Way::Line(line.id), number),
            Some(Dialled::Plain(number)) => self.go_out(walk, Way::Plain, number),
            Some(Dialled::Emergency) | None => {
                walk.note(Mark::NoLine);
                self.fail(walk, Cause::UnallocatedNumber)
            }
        }
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

    /// Emergency calls need a line that may carry them; a gateway's is never taken silently.
    pub(super) fn emergency(&mut self, walk: &mut Walk<'_>) -> Next {
        walk.note(Mark::Emergency);
        self.fail(walk, Cause::UnallocatedNumber)
    }

    /// The call leaves by a gateway.
    pub(super) fn leave(
        &mut self,
        walk: &mut Walk<'_>,
        gateway: GatewayId,
        number: OutsideNumber,
    ) -> Next {
        let facts = walk.facts;
        let Some(gateway) = facts.snapshot().gateway(gateway) else {
            walk.note(Mark::NoLine);
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        self.called = None;
        self.outside = Some(number);
        walk.note(Mark::Gateway(Prefix::of(&gateway.prefix)));
        if number.class() != OutsideClass::Domestic {
            walk.note(Mark::TollBarred);
            return self.fail(walk, Cause::TollDenied);
        }
        if gateway.account.map_or(0, |account| facts.contacts(account)) == 0 {
            walk.note(Mark::GatewayOut);
            return self.fail(walk, Cause::UpstreamFailure);
        }
        if facts.channels(gateway.id) >= u32::from(gateway.channels) {
            walk.note(Mark::ChannelsFull(gateway.channels));
            return self.fail(walk, Cause::GatewayChannelsExceeded);
        }
        walk.note(Mark::Ring { contacts: 1, ring_time_s: RING_S });
        self.at = At::Outside;
        let style = Style::Outside { gateway: gateway.id, number };
        Next::Ring(Plan { dn: number.digits, users: SmallVec::new(), ring_s: RING_S, style })
    }
}
