//! From where an explained call comes: an extension, or a line (R300, R318).

use base::id::{LineId, SiteId, TenantId};
use base::{Cause, Dn, Mono};
use model::UserState;

use crate::access::{Room, cross};
use crate::dial::Live;
use crate::explain::Mark;
use crate::leg::wants_savp;
use crate::media::path::{self, End, Guard, Way};
use crate::ring::each_seat;
use crate::route::facts::active;
use crate::route::{Facts, Journey, Plan, Refusal};
use crate::view::Contact;

/// Who makes the call of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An extension of the tenant.
    Extension(Dn),
    /// Somebody outside: the gateway of this line brings the call.
    Line(LineId),
}

impl From<Dn> for Origin {
    fn from(dn: Dn) -> Self {
        Origin::Extension(dn)
    }
}

impl Origin {
    /// The journey that begins there, when the caller may call.
    pub(crate) fn journey(
        self,
        (facts, now): (&dyn Facts, Mono),
        tenant: TenantId,
        dialed: &str,
    ) -> Result<Journey, Refusal> {
        let refused = |mark| Err(Refusal::new(Cause::FeatureNotPermitted, mark));
        let snapshot = facts.snapshot();
        match self {
            Origin::Extension(dn) => {
                let Some(caller) = snapshot.user_by_dn(tenant, dn) else {
                    return refused(Mark::DeviceWithoutUser);
                };
                let urgent = crate::emergency::is_dialled(snapshot, tenant, dialed);
                if caller.state != UserState::Active && !urgent {
                    return refused(Mark::CallerStopped);
                }
                Ok(Journey::new(tenant, Some(dn)).dialled_at(Some(caller.site)))
            }
            Origin::Line(line) => {
                let line = snapshot.line(line).filter(|l| l.tenant == tenant);
                let Some(gateway) = line.and_then(|l| snapshot.gateway(l.gateway)) else {
                    return Err(Refusal::new(Cause::UnallocatedNumber, Mark::LineUnknown));
                };
                let back = !facts.called_back(now, gateway, dialed).is_empty();
                if !back && facts.channels(gateway.id) >= u32::from(gateway.channels) {
                    let mark = Mark::ChannelsFull(gateway.channels);
                    return Err(Refusal::new(Cause::GatewayChannelsExceeded, mark));
                }
                Ok(Journey::new(tenant, None).coming_in(Some(gateway.id)))
            }
        }
    }
}

impl Live<'_> {
    /// Whether the access lines have a channel for any leg of the plan (R305); what leads outside
    /// has been asked about by the walk.
    pub(crate) fn finds_channel(
        &self,
        (tenant, from): (TenantId, Origin),
        plan: Option<&Plan>,
    ) -> bool {
        let snapshot = self.view.snapshot();
        let outside = plan.is_some_and(Plan::is_outside);
        if outside || !crate::access::is_limited(snapshot, tenant) {
            return true;
        }
        let room = Room { snapshot, own: self.access, lines: &self.core.access };
        let mut counts = crate::access::Counts::new();
        let Some(plan) = plan else {
            let site = self.site_of((tenant, from));
            site.into_iter().for_each(|site| cross(snapshot, tenant, site, &mut counts));
            return room.fits(&counts);
        };
        let mut ends: Vec<End> = Vec::new();
        for user in plan.users.iter().filter_map(|id| active(snapshot, *id)) {
            each_seat(self.view, (plan, user), |device, contact| {
                let guard = path::guard_for(device.srtp, contact.path);
                let site = Some(device.site);
                ends.push(End { path: contact.path, site, guard, outside: false });
            });
        }
        // Whoever has no contact that could ring is no matter of channels.
        let Some(first) = ends.first().copied() else { return true };
        let caller = self.end_of((tenant, from), first);
        let goes = |end: &End| path::decide(self.view, caller, *end).is_ok();
        let way = if ends.iter().all(goes) { Way::Direct } else { Way::Relay };
        if way == Way::Direct {
            return true;
        }
        caller.site.into_iter().for_each(|site| cross(snapshot, tenant, site, &mut counts));
        room.admit(tenant, counts, &mut ends, |end| end.site);
        !ends.is_empty()
    }

    fn site_of(&self, (tenant, from): (TenantId, Origin)) -> Option<SiteId> {
        let snapshot = self.view.snapshot();
        match from {
            Origin::Line(line) => Some(snapshot.gateway(snapshot.line(line)?.gateway)?.site),
            Origin::Extension(dn) => snapshot.user_by_dn(tenant, dn).map(|u| u.site),
        }
    }

    /// The caller as the way of the audio sees it; without a contact as near as can be.
    fn end_of(&self, (tenant, from): (TenantId, Origin), near: End) -> End {
        let snapshot = self.view.snapshot();
        let plain = End { site: None, guard: Guard::Plain, outside: false, ..near };
        let caller = match from {
            Origin::Line(line) => {
                let site = self.site_of((tenant, Origin::Line(line)));
                return End { site, outside: true, ..plain };
            }
            Origin::Extension(dn) => snapshot.user_by_dn(tenant, dn),
        };
        let Some(caller) = caller else { return plain };
        let devices = snapshot.devices_of(caller.id).iter();
        for device in devices.filter_map(|id| snapshot.device(*id)) {
            let mut contacts: Vec<Contact> = Vec::new();
            self.view.contacts(device.id, &mut contacts);
            if let Some(contact) = contacts.first() {
                let secure = wants_savp(device.srtp, contact.path);
                let guard = if secure { Guard::Savp } else { Guard::Plain };
                return End { path: contact.path, site: Some(device.site), guard, outside: false };
            }
        }
        End { site: Some(caller.site), ..plain }
    }
}
