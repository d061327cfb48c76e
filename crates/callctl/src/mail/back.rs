//! Who left a message is called back: a conversation of its own (R262, key 6).
//!
//! | The message is of | Called |
//! |---|---|
//! | a number inside | that number |
//! | a number outside | by the initial line of who pays, else by a gateway of the site, else by the first one |
//! | nobody known, or any other number | nobody: the error tone |
//!
//! | Who listens | Rights for numbers outside |
//! |---|---|
//! | a person of the company | the own ones |
//! | from outside | of the person whose box it is: 発信規制 and lines, and 外線間転送 of the site, with its time, as for a transfer (R291); a box that is no person's calls nobody outside |

use base::id::SiteId;
use base::{Cause, Dn};
use mediactl::ToneKind;
use model::outside::{class_of, national};
use model::record::Service;
use model::{DnOwner, Snapshot};

use crate::call::{Call, Dialing, Purpose};
use crate::cx::Cx;
use crate::outside::may_connect;
use crate::record::{Draft, Verdict};
use crate::route::Journey;

/// Digits of the shortest number outside: trunk prefix and nine.
const OUTSIDE_MIN: usize = 10;

/// Who left a message, as one to be called.
enum Back {
    Inside(Box<str>),
    Outside(Dn),
}

/// Whom the number of a message's caller names; `None` when it was withheld, or is none that
/// somebody has: what a network shows must not reach a code or an emergency number.
fn named(snapshot: &Snapshot, tenant: base::id::TenantId, number: &str) -> Option<Back> {
    let inside = Dn::parse(number).ok();
    if inside.is_some_and(|dn| snapshot.dn_owner(tenant, dn).is_some()) {
        return Some(Back::Inside(number.into()));
    }
    let digits = national(number);
    let outside = digits.starts_with('0') && digits.len() >= OUTSIDE_MIN;
    Dn::parse(&digits).ok().filter(|_| outside).map(Back::Outside)
}

impl Call {
    /// Calls who left the message at hand, with the rights of who listens.
    pub(super) fn call_back(&mut self, cx: &mut Cx<'_>) {
        let snapshot = cx.view.snapshot();
        let message = self.at_hand(cx);
        let to = message.and_then(|m| named(snapshot, self.tenant, &m.caller));
        let first = self.first.and_then(|id| self.leg(id));
        let Some((to, leg)) = to.zip(first) else { return self.refuse_back(cx) };
        let (id, gateway) = (leg.id, leg.who.gateway);
        let mut journey = Journey::new(self.tenant, leg.who.dn).dialled_at(leg.site);
        let mut draft = match &to {
            Back::Inside(number) => Draft::new(cx.now.wall, leg.who.clone(), leg.device, number),
            Back::Outside(number) => {
                Draft::new(cx.now.wall, leg.who.clone(), leg.device, &number.text())
            }
        };
        if leg.is_outside() {
            journey = journey.coming_in(gateway);
            if let Back::Outside(number) = to {
                let Some((payer, site)) = self.payer_of_box(snapshot, id) else {
                    return self.refuse_back(cx);
                };
                if !may_connect(snapshot, Some(site), class_of(&number.text())) {
                    return self.refuse_back(cx);
                }
                journey = journey.paid_by(Some(payer)).dialled_at(Some(site));
                draft.transferrer = Some(payer.text().into());
                draft.services.insert(Service::Voicemail);
            }
        }
        let listened = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &listened, Verdict::by(Cause::NormalClearing, id));
        let pressed = self.voice.take().and_then(|v| v.pressed);
        self.give_up_at = Some(cx.now.mono + self.unanswered_max(cx));
        let purpose = Purpose::Basic;
        let dialing = Dialing { purpose, leg: id, referred_by: None, journey, wait_until: None };
        match to {
            Back::Inside(number) => self.set_out(cx, dialing, &number),
            Back::Outside(number) => self.set_out_outside(cx, dialing, number),
        }
        // The key that comes the other way as well is not for the box that answers (R285).
        if let Some(voice) = &mut self.voice {
            voice.pressed = pressed;
        }
    }

    fn refuse_back(&mut self, cx: &mut Cx<'_>) {
        self.tell(cx, self.menu(cx).tone(ToneKind::Error));
    }

    /// The person whose box a party outside has opened, by number and site.
    fn payer_of_box(&self, snapshot: &Snapshot, leg: base::LegId) -> Option<(Dn, SiteId)> {
        let of = self.box_of(leg)?;
        match snapshot.dn_owner(self.tenant, of)? {
            DnOwner::User(id) => snapshot.user(id).map(|u| (of, u.site)),
            DnOwner::Virtual(_)
            | DnOwner::Department(_)
            | DnOwner::Hunt(_)
            | DnOwner::ParkSlot(_) => None,
        }
    }
}
