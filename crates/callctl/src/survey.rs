//! All legs at a glance, for checkers and diagnosis.

use base::{CallId, LegId};

use crate::call::Call;
use crate::exchange::Exchange;
use crate::leg::{Leg, Role};
use crate::media::path::Way;

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
    /// Nothing is under way in its call: no exchange, ringing, transfer, takeover or guidance, and
    /// nobody is held by code or parked.
    pub is_settled: bool,
}

impl Call {
    /// The legs of the call.
    pub(crate) fn survey(&self) -> impl Iterator<Item = LegSurvey> {
        let is_settled = self.exchange == Exchange::Idle
            && self.ring.is_none()
            && self.dialing.is_none()
            && self.transfer.is_none()
            && self.takeover.is_none()
            && self.announce.is_none()
            && self.voice.is_none()
            && self.page.is_none()
            && self.consult.is_none()
            && self.parked.is_none()
            && self.notice.is_none()
            && self.legs.iter().all(Leg::is_quiet);
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
            is_settled,
        })
    }
}
