//! What a calling leg may do, before its number is looked at (R246).

use base::id::DeviceId;
use base::{Cause, LegId};
use model::{Device, Snapshot, SrtpPolicy, UserState};

use crate::call::Call;
use crate::cx::Cx;
use crate::explain::Mark;
use crate::input::Offered;
use crate::leg::Person;
use crate::media::path::{Guard, read_guard};
use crate::route::Refusal;
use crate::route::person::person as shown_as;

/// Characters of a name that a phone gives itself.
const NAME_MAX: usize = 64;

/// The person behind a device; one without a user shows its SIP id. A directory that knows no
/// name, or only the number in its place, leaves it to the phone: `called` is what it says.
pub(crate) fn person_of(
    snapshot: &Snapshot,
    device: &Device,
    called: &str,
) -> std::sync::Arc<Person> {
    let mut person = match device.user.and_then(|id| snapshot.user(id)) {
        Some(user) => shown_as(user),
        None => std::sync::Arc::new(Person {
            number: device.sip_id.clone(),
            site: Some(device.site),
            ..Person::default()
        }),
    };
    let nameless = person.name.is_empty() || person.name == person.number;
    if nameless && !called.is_empty() {
        let name: String = called.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
        std::sync::Arc::make_mut(&mut person).name = name.into();
    }
    person
}

/// The person behind a device that calls, with the number that it shows (R092).
pub(crate) fn caller_of(
    snapshot: &Snapshot,
    device: &Device,
    called: &str,
) -> std::sync::Arc<Person> {
    let who = person_of(snapshot, device, called);
    crate::display::with_choice(snapshot, device.tenant, who)
}

/// Whether the device's offer is protected as its policy demands, and can be read at all.
pub(crate) fn is_offer_usable(policy: SrtpPolicy, offered: &Offered) -> bool {
    let Some(sdp) = &offered.sdp else { return true };
    let Some(guard) = read_guard(sdp) else { return false };
    match (policy, guard) {
        (SrtpPolicy::Required, Guard::Plain) => false,
        (SrtpPolicy::Off, Guard::Savp) => false,
        (SrtpPolicy::Required | SrtpPolicy::Off | SrtpPolicy::Auto, _) => true,
    }
}

impl Call {
    /// The rights of the caller.
    pub(crate) fn permit(
        &mut self,
        cx: &mut Cx<'_>,
        caller: LegId,
        offered: &Offered,
    ) -> Result<(), Refusal> {
        let Some(leg) = self.leg(caller) else { return Ok(()) };
        let (who, policy, device) = (leg.who.clone(), leg.policy, leg.device);
        let (snapshot, gateway) = (cx.view.snapshot(), leg.who.gateway);
        let calls = gateway.is_none();
        let urgent = calls && crate::emergency::is_dialled(snapshot, self.tenant, &offered.dialed);
        let refused = match who.dn {
            _ if gateway.is_some() => None,
            None => Some(Mark::DeviceWithoutUser),
            Some(_) if !is_caller_active(snapshot, device) => Some(Mark::CallerStopped),
            Some(_) => None,
        };
        if let Some(mark) = refused
            && !crate::login::is_free(snapshot, self.tenant, &offered.dialed)
        {
            return Err(Refusal::new(Cause::FeatureNotPermitted, mark));
        }
        // RFC 3261 §16.3 has 483 for it; 482 is what the table of causes has for a loop.
        if offered.max_forwards == 0 {
            return Err(Refusal::new(Cause::ForwardLoop, Mark::NoHops));
        }
        if !is_offer_usable(policy, offered) {
            return Err(Refusal::new(Cause::MediaNotAcceptable, Mark::OfferRefused));
        }
        if cx.core.by_leg.len() > base::limits::LEGS_MAX && !urgent {
            return Err(Refusal::new(Cause::ResourceShortage, Mark::NoRoom));
        }
        let back = self.is_call_back();
        let exceeded = gateway.filter(|_| !back).and_then(|g| self.exceeds_channels(cx, g));
        if let Some(channels) = exceeded {
            let mark = Mark::ChannelsFull(channels);
            return Err(Refusal::new(Cause::GatewayChannelsExceeded, mark));
        }
        let Some(dn) = who.dn else { return Ok(()) };
        if self.is_full(cx, dn) && !urgent {
            return Err(Refusal::new(Cause::UserBusy, Mark::CallerLimit(dn)));
        }
        self.reserve(cx, dn);
        Ok(())
    }
}

/// Whether somebody who may call is logged in at the terminal.
pub(crate) fn is_caller_active(snapshot: &Snapshot, device: DeviceId) -> bool {
    let user = snapshot.device(device).and_then(|d| d.user).and_then(|id| snapshot.user(id));
    user.is_some_and(|u| u.state == UserState::Active)
}
