//! All legs at a glance, for checkers and diagnosis.

use base::id::GatewayId;
use base::{CallId, Dn, LegId};

use crate::call::{Call, Purpose};
use crate::exchange::Exchange;
use crate::leg::{Leg, Role};
use crate::media::path::Way;

/// What a call awaits in which somebody is called back (R290).
pub const RECALL: &str = "recall";

/// One leg as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegSurvey {
    /// Which.
    pub leg: LegId,
    /// Its call.
    pub call: CallId,
    /// Has not ended: more than the stack's last word is still to come.
    pub is_live: bool,
    /// Answered.
    pub is_answered: bool,
    /// Does not want to hear the other party.
    pub is_holding: bool,
    /// The answered leg that it talks to.
    pub partner: Option<LegId>,
    /// Its media leg.
    pub media: Option<LegId>,
    /// Its audio goes through the media plane.
    pub is_relayed: bool,
    /// Music was refused to it, or cannot be had for it.
    pub is_without_music: bool,
    /// It only listens to a page: its own end is not that of the call.
    pub is_paged: bool,
    /// Called, and not answered yet.
    pub rings: bool,
    /// The extension behind it.
    pub dn: Option<Dn>,
    /// The gateway that it leads to or comes from.
    pub gateway: Option<GatewayId>,
    /// Of an emergency call, or of one back: it may use a channel too many.
    pub is_urgent: bool,
    /// Held by code while its holder talks to someone else.
    pub is_put_by: bool,
    /// What is under way in its call; `None` when it could stay as it is for ever: two talk, or a
    /// third one is held by code meanwhile.
    pub awaits: Option<&'static str>,
}

impl Call {
    /// The legs of the call.
    pub(crate) fn survey(&self) -> impl Iterator<Item = LegSurvey> {
        let awaits = self.under_way();
        self.legs.iter().chain(self.paged_legs()).map(move |leg| LegSurvey {
            leg: leg.id,
            call: self.id,
            is_live: leg.role != Role::Out,
            is_answered: leg.is_answered(),
            is_holding: leg.holding,
            partner: self.partner(leg.id).filter(|_| leg.is_answered()),
            media: leg.media.as_ref().map(|m| m.id),
            is_relayed: self.way_of(leg.id) == Way::Relay,
            is_without_music: leg.no_music,
            is_paged: self.is_paged(leg.id),
            rings: leg.role == Role::Ringing,
            dn: leg.who.dn,
            gateway: leg.who.gateway.filter(|_| leg.is_live()),
            is_urgent: leg.urgent,
            is_put_by: self.is_put_by(leg.id),
            awaits,
        })
    }

    /// Held by code while its holder talks, or is held itself.
    fn is_put_by(&self, id: LegId) -> bool {
        let front = self.consult.as_ref().filter(|c| c.target().is_some());
        front.is_some_and(|c| c.holds_now(id)) || self.is_resting(id)
    }

    /// The first thing that is under way.
    fn under_way(&self) -> Option<&'static str> {
        let consults = self.consult.as_ref().is_some_and(|c| c.target().is_none());
        let recalls = |p| matches!(p, Purpose::Recall | Purpose::ParkRecall);
        let things = [
            (self.ring.as_ref().is_some_and(|r| recalls(r.purpose)), RECALL),
            (self.exchange != Exchange::Idle, "exchange"),
            (self.ring.is_some(), "ring"),
            (self.dialing.is_some(), "dialing"),
            (self.transfer.is_some(), "transfer"),
            (self.takeover.is_some(), "takeover"),
            (self.announce.is_some(), "announcement"),
            (self.voice.is_some(), "voice"),
            (self.page.is_some(), "page"),
            (consults, "consultation"),
            (self.parked.is_some(), "slot"),
            (self.notice.is_some(), "notice"),
            (!self.legs.iter().all(Leg::is_quiet), "leg"),
        ];
        things.into_iter().find_map(|(is, what)| is.then_some(what))
    }
}
