//! A consultation that comes to a box, and transfers onto one (R286, R287).
//!
//! | Reached by | Who is transferred |
//! |---|---|
//! | a number that goes to voicemail | hears the greeting from its beginning |
//! | the voicemail code and a number | the same, without a ring at that number |
//! | the voicemail code alone | leaves a message for who transfers |

use base::{Cause, Dn, LegId, Micros};
use mediactl::PlayerId;
use model::record::Service;
use model::{Destination, DnOwner};

use super::AtBox;
use crate::call::{Call, Dialing, Purpose, Transfer};
use crate::consult::{Consult, Stage};
use crate::cx::Cx;
use crate::record::{Draft, Verdict};
use crate::route::Journey;
use crate::route::person::owner;

/// Longest stay of a consultation at a box: a greeting, and time to decide.
const BOX_TIME: Micros = Micros::seconds(180);

impl Call {
    /// The voicemail code was dialled for a consultation or a transfer.
    pub(crate) fn box_by_code(&mut self, cx: &mut Cx<'_>, rest: &str) -> Result<(), Cause> {
        let holder = self.consult.as_ref().and_then(|c| self.leg(c.holder)).and_then(|l| l.who.dn);
        let own = self.transfer.as_ref().map_or(holder, |t| t.referrer_who.dn);
        let of = match rest.is_empty() {
            true => own,
            false => Dn::parse(rest).ok(),
        };
        let of = of.filter(|dn| self.has_box(cx, *dn)).ok_or(Cause::UnallocatedNumber)?;
        self.attempt().services.insert(Service::FeatureCode);
        self.leave_message(cx, of)
    }

    /// Whether messages are left for the number.
    fn has_box(&self, cx: &Cx<'_>, dn: Dn) -> bool {
        let snapshot = cx.view.snapshot();
        let to_box = |to: Option<&Destination>| to == Some(&Destination::Voicemail);
        match snapshot.dn_owner(self.tenant, dn) {
            Some(DnOwner::User(_) | DnOwner::Virtual(_)) => {
                snapshot.dn_settings(self.tenant, dn).is_some_and(|s| s.voicemail)
            }
            Some(DnOwner::Hunt(number)) => {
                let group = snapshot.hunt_group(self.tenant, number);
                to_box(group.and_then(|g| g.overflow.as_ref()))
            }
            Some(DnOwner::Department(id)) => {
                to_box(snapshot.department(id).and_then(|d| d.overflow.as_ref()))
            }
            Some(DnOwner::ParkSlot(_)) | None => false,
        }
    }

    /// The consultation has come to a box: its greeting is heard.
    pub(super) fn consult_box(
        &mut self,
        cx: &mut Cx<'_>,
        (of, greeting): (Dn, PlayerId),
    ) -> Result<(), Cause> {
        let who = owner(cx.view.snapshot(), self.tenant, of);
        let until = cx.now.mono + BOX_TIME;
        if !self.resting().is_empty() {
            return Err(Cause::FeatureNotPermitted);
        }
        let Some(consult) = &mut self.consult else { return Err(Cause::UnallocatedNumber) };
        consult.stage = Stage::Box { of, until, at: AtBox::Hears(greeting) };
        self.dialing = None;
        let attempt = self.attempt();
        attempt.callee = Some((who, None));
        attempt.services.insert(Service::Voicemail);
        attempt.answered_at = Some(cx.now.wall);
        Ok(())
    }

    /// The holder goes, and leaves the held party at the box: the records, before its leg ends.
    pub(crate) fn leave_at_box(
        &mut self,
        cx: &mut Cx<'_>,
        (consult, of): (Consult, Dn),
        verdict: Verdict,
    ) {
        let (holder, held) = (consult.holder, consult.held);
        let Some(referrer_who) = self.leg(holder).map(|l| l.who.clone()) else { return };
        let Some(stays) = self.leg(held).map(|l| (l.who.clone(), l.device)) else { return };
        let caller = stays.0.dn;
        let draft = Draft::of_transfer(cx.now.wall, stays, &of.text(), &referrer_who);
        let old = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &old, verdict);
        if let Some(consulted) = consult.draft {
            self.record(cx, &consulted, verdict);
        }
        let journey = Journey::new(self.tenant, caller);
        self.dialing = Some(Box::new(dialing(held, journey)));
        self.transfer = Some(Box::new(Transfer::left_by((holder, referrer_who), held)));
    }

    /// Only the held party is left.
    pub(crate) fn left_at_box(&mut self, cx: &mut Cx<'_>, of: Dn) {
        if let Err(cause) = self.leave_message(cx, of) {
            self.dialing = None;
            self.transfer_failed(cx, Verdict::new(cause));
        }
    }
}

fn dialing(leg: LegId, journey: Journey) -> Dialing {
    let purpose = Purpose::Transfer;
    Dialing { purpose, leg, referred_by: None, journey, wait_until: None }
}
