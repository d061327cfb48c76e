//! Parties outside: they are behind a gateway, which has its own SIP account and so many
//! channels (R110, R305).
//!
//! | Rule | |
//! |---|---|
//! | a channel | is taken when a leg of the gateway is made, either way, and free when it ends |
//! | codes, REFER | are never taken from such a leg (R240, R289) |
//! | its audio | always goes through the media plane, where push tones can be kept from it (R086) |
//! | outside to outside by transfer | by the site's right only, and for its time (R291) |

use std::collections::BTreeMap;
use std::sync::Arc;

use base::id::{DeviceId, GatewayId, SiteId, SoundId};
use base::{Cause, Dn, LegId, Micros, Mono};
use model::outside::{OutsideClass, OutsideNumber, class_of};
use model::record::Service;
use model::{Gateway, Snapshot, Tones};

use crate::call::{Call, Purpose};
use crate::callback::CallBack;
use crate::cx::Cx;
use crate::explain::Mark;
use crate::input::{Offered, Refused};
use crate::leg::{Begun, Leg, Person, Role, State};
use crate::record::Verdict;
use crate::route::{Plan, Refusal, Style};
use crate::view::Contact;

/// Characters of a number or name that a gateway tells.
const SHOWN_MAX: usize = 64;

/// Stands for the number of a caller who shows none (RFC 3323 §4.1.1.3).
const ANONYMOUS: &str = "anonymous";

/// Channels in use, by gateway: all, and those of calls that may be ended for an emergency call.
#[derive(Debug, Default)]
pub(crate) struct Channels(BTreeMap<GatewayId, (u32, u32)>);

impl Channels {
    pub(crate) fn count(&self, gateway: GatewayId) -> u32 {
        self.0.get(&gateway).map_or(0, |(all, _)| *all)
    }

    pub(crate) fn ordinary(&self, gateway: GatewayId) -> u32 {
        self.0.get(&gateway).map_or(0, |(_, ordinary)| *ordinary)
    }

    fn take(&mut self, gateway: GatewayId, urgent: bool) {
        let (all, ordinary) = self.0.entry(gateway).or_default();
        *all += 1;
        *ordinary += u32::from(!urgent);
    }

    fn free(&mut self, gateway: GatewayId, urgent: bool) {
        let Some((all, ordinary)) = self.0.get_mut(&gateway) else { return };
        *all = all.saturating_sub(1);
        *ordinary = ordinary.saturating_sub(u32::from(!urgent));
        if *all == 0 {
            self.0.remove(&gateway);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A channel counted for a leg.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub leg: LegId,
    pub gateway: GatewayId,
    /// Of an emergency call or of one back.
    pub urgent: bool,
    /// The terminal and number that make the emergency call.
    pub by: Option<(DeviceId, Option<Dn>)>,
}

/// What a call has of parties outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Channels counted for legs of this call.
    pub channels: Vec<Taken>,
    /// Who is called back after an emergency call.
    pub back: Option<Box<CallBack>>,
    /// When two outside parties are parted (R291).
    pub part_at: Option<Mono>,
    /// Until when an authority may hold its line at most (J36).
    pub held_until: Option<Mono>,
    /// The own sound that is announced to the caller; `None` = the standard sentence (R300).
    pub said: Option<SoundId>,
}

/// The caller behind a gateway, as that tells it.
pub(crate) fn caller(gateway: &Gateway, offered: &Offered) -> Arc<Person> {
    let shown = |text: &str| -> Box<str> {
        text.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect::<String>().into()
    };
    let number = shown(&offered.caller);
    Arc::new(Person {
        number: if number.is_empty() { ANONYMOUS.into() } else { number },
        name: shown(&offered.name),
        site: Some(gateway.site),
        gateway: Some(gateway.id),
        ..Person::default()
    })
}

/// A number outside as a side of a call.
pub(crate) fn called(number: OutsideNumber, gateway: Option<GatewayId>) -> Arc<Person> {
    Arc::new(Person { number: number.digits.text().into(), gateway, ..Person::default() })
}

/// What a Q.850 value of a gateway's answer means; it says more than the status (section 3).
pub(crate) fn cause_of_q850(refused: &Refused) -> Option<Option<Cause>> {
    Some(match refused.q850? {
        1 | 28 => Some(Cause::UnallocatedNumber),
        17 => Some(Cause::UserBusy),
        18 | 19 => Some(Cause::RingTimeout),
        20 | 27 => None,
        21 => Some(Cause::UserRejected),
        34 | 38 | 41 => Some(Cause::UpstreamFailure),
        42 => Some(Cause::ResourceShortage),
        63 => Some(Cause::MobileServiceRefused),
        _ => return None,
    })
}

/// Whether the right 外線間転送 of a site covers a number (R291).
pub(crate) fn may_connect(snapshot: &Snapshot, site: Option<SiteId>, class: OutsideClass) -> bool {
    let site = site.and_then(|id| snapshot.site(id));
    site.is_some_and(|s| class.is_within(s.transfer_outside))
}

impl Call {
    /// The leg leads outside.
    pub(crate) fn is_outside(&self, id: LegId) -> bool {
        self.leg(id).is_some_and(Leg::is_outside)
    }

    /// Counts a channel for a new leg of a gateway.
    pub(crate) fn take_channel(&mut self, cx: &mut Cx<'_>, leg: &Leg, gateway: GatewayId) {
        let urgent = leg.urgent;
        cx.core.channels.take(gateway, urgent);
        let calls = urgent && leg.begun == Begun::ByUs;
        let caller = self.ring.as_ref().filter(|_| calls).and_then(|r| self.leg(r.leg));
        let by = caller.map(|l| (l.device, l.who.dn));
        if let Some(dn) = by.and_then(|(_, dn)| dn) {
            cx.core.emergencies.talking.push((self.tenant, dn));
        }
        let channels = cx.view.snapshot().gateway(gateway).map_or(0, |g| u32::from(g.channels));
        if calls && cx.core.channels.count(gateway) > channels {
            cx.core.emergencies.overfill(gateway);
        }
        let taken = Taken { leg: leg.id, gateway, urgent, by };
        self.outside.get_or_insert_default().channels.push(taken);
    }

    /// Frees the channels of legs that have ended, or have gone to another call.
    pub(crate) fn free_channels(&mut self, cx: &mut Cx<'_>) {
        let Some(mut outside) = self.outside.take() else { return };
        outside.channels.retain(|taken| {
            let live = self.leg(taken.leg).is_some_and(Leg::is_live);
            if !live {
                #[cfg(feature = "planted")]
                if cx.core.planted == Some(crate::planted::Bug::ChannelKept) && taken.urgent {
                    cx.core.channels.take(taken.gateway, true);
                }
                cx.core.channels.free(taken.gateway, taken.urgent);
                if let Some(by) = taken.by {
                    self.emergency_over(cx, by);
                }
            }
            live
        });
        self.outside = Some(outside).filter(|o| !o.channels.is_empty() || o.said.is_some());
    }

    /// Whether the leg that a gateway has begun, and that has its channel, is one too many.
    pub(crate) fn exceeds_channels(&self, cx: &Cx<'_>, gateway: GatewayId) -> Option<u16> {
        let gateway = cx.view.snapshot().gateway(gateway)?;
        let used = cx.core.channels.count(gateway.id);
        (used > u32::from(gateway.channels)).then_some(gateway.channels)
    }

    /// The leg that calls a gateway, with its first contact.
    pub(crate) fn leg_outside(&self, cx: &mut Cx<'_>, plan: &Plan) -> Option<(Leg, u64)> {
        let (gateway, number) = match plan.style {
            Style::Outside { gateway, number } => (gateway, number),
            Style::Emergency { gateway, number, .. } => {
                (gateway, OutsideNumber { digits: number, show: None })
            }
            _ => return None,
        };
        let view = cx.view;
        let gateway = view.snapshot().gateway(gateway)?;
        let device = view.snapshot().device(gateway.account?)?;
        let mut contacts: Vec<Contact> = Vec::new();
        view.contacts(device.id, &mut contacts);
        let contact = contacts.first()?;
        let who = called(number, Some(gateway.id));
        let mut leg = Leg::new(cx.core.mint(), Begun::ByUs, device.id, who);
        leg.role = Role::Ringing;
        leg.state = State::Opening;
        leg.site = Some(gateway.site);
        leg.policy = device.srtp;
        leg.path = contact.path;
        leg.urgent = matches!(plan.style, Style::Emergency { .. });
        Some((leg, contact.id))
    }

    /// Whether the gateway of a ringing leg is still there, with the same account.
    pub(crate) fn is_gateway_there(&self, snapshot: &Snapshot, leg: &Leg) -> bool {
        let gateway = leg.who.gateway.and_then(|id| snapshot.gateway(id));
        gateway.is_some_and(|g| g.account == Some(leg.device))
    }

    /// R291: an outside party is given to another one only by right. A forward has been judged by
    /// its own policy.
    pub(crate) fn may_leave(&self, cx: &Cx<'_>, plan: &Plan) -> Result<(), Refusal> {
        let Style::Outside { number, .. } = plan.style else { return Ok(()) };
        let Some(dialing) = self.dialing.as_ref().filter(|d| d.journey.forwarder().is_none())
        else {
            return Ok(());
        };
        let (stays, site) = match dialing.purpose {
            Purpose::Consult => {
                let Some(consult) = &self.consult else { return Ok(()) };
                (consult.held, self.leg(consult.holder).and_then(|l| l.site))
            }
            Purpose::Transfer => {
                let Some(transfer) = &self.transfer else { return Ok(()) };
                (transfer.transferee, transfer.referrer_who.site)
            }
            Purpose::Basic
            | Purpose::Recall
            | Purpose::ParkRecall
            | Purpose::ParkOverflow
            | Purpose::ParkTell => return Ok(()),
        };
        match !self.is_outside(stays) || may_connect(cx.view.snapshot(), site, number.class()) {
            true => Ok(()),
            false => Err(Refusal::new(Cause::FeatureNotPermitted, Mark::ConnectDenied)),
        }
    }

    /// The same for two calls that a phone wants joined.
    pub(crate) fn may_be_joined(
        &self,
        snapshot: &Snapshot,
        (referrer, transferee): (LegId, LegId),
        target: &Leg,
    ) -> bool {
        let site = self.leg(referrer).and_then(|l| l.site);
        let both = self.is_outside(transferee) && target.is_outside();
        !both || may_connect(snapshot, site, class_of(&target.who.number))
    }

    /// When two outside parties that a transfer has connected are parted (R291).
    pub(crate) fn watch_outside(&mut self, cx: &Cx<'_>) {
        if self.outside.is_none() {
            return;
        }
        let pair = self.first.zip(self.second).filter(|_| self.is_up() && !self.ended);
        let both = pair.is_some_and(|(a, b)| self.is_outside(a) && self.is_outside(b));
        let services = self.draft.services;
        // Somebody outside called back from a mailbox, in the name of its owner.
        let back = services.contains(Service::Voicemail) && self.draft.transferrer.is_some();
        let joined = both && (back || services.contains(Service::Transfer));
        let until = cx.now.mono + self.pair_max(cx.view.snapshot());
        if let Some(outside) = &mut self.outside {
            outside.part_at = joined.then(|| outside.part_at.unwrap_or(until));
        }
    }

    /// How long the two may talk: what the site says of the gateway that says less.
    fn pair_max(&self, snapshot: &Snapshot) -> Micros {
        let pair = [self.first, self.second].into_iter().flatten();
        let sites = pair.filter_map(|id| snapshot.site(self.leg(id)?.site?));
        let minutes = sites.map(|s| s.outside_pair_min).min().unwrap_or(60);
        Micros::seconds(u64::from(minutes) * 60)
    }

    /// Their time is over.
    pub(crate) fn part_outside(&mut self, cx: &mut Cx<'_>) {
        self.draft.note(Mark::OutsideOver);
        self.end(cx, Verdict::new(Cause::NormalClearing));
    }

    /// Whether push tones of the leg are for its other party (table of group G).
    pub(crate) fn passes_tones(&self, snapshot: &Snapshot, id: LegId, peer: &Leg) -> bool {
        if !peer.is_outside() {
            return peer.accepts_tones;
        }
        let Some(leg) = self.leg(id) else { return false };
        let site = leg.site.and_then(|site| snapshot.site(site));
        let muted = site.is_some_and(|s| s.tones == Tones::Mute) && !peer.urgent;
        let sent = leg.collector.as_ref().and_then(|c| c.tones_to) == Some(peer.id);
        leg.is_outside() || !muted || sent
    }

    /// The code for one call: from now on digits are for the party at hand (R087). With another
    /// party the site's setting holds again.
    pub(crate) fn send_tones(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let peer = self.partner(id);
        if let Some(leg) = self.leg_mut(id) {
            leg.collector.get_or_insert_default().tones_to = peer;
        }
        self.beep(cx, id);
    }
}
