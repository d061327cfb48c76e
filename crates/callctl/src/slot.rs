//! The number of a park slot is heard by who wants to park (R293).
//!
//! | Parked by | Heard |
//! |---|---|
//! | code in the call | in the call, see `park` |
//! | consultation by code | in the consultation, see `consult` |
//! | a call of its own to the park code | kept for 30 s; an attended transfer onto it parks there |
//! | blind transfer | the parker's device is called once for 15 s, unless it shows the slot |

use base::id::{DeviceId, SiteId, UserId};
use base::{Cause, Dn, LegId, Micros};
use mediactl::{Direction, PlayerId};
use model::record::Service;
use smallvec::smallvec;

use crate::call::{Call, Purpose, Ring};
use crate::cx::Cx;
use crate::leg::{Body, Leg, Say};
use crate::media::path::Way;
use crate::notice::slot_words;
use crate::record::Verdict;
use crate::route::facts::active;
use crate::route::{Plan, Style};
use crate::voice::{Does, Stage};

/// How long a slot is kept for who is held.
pub(crate) const SLOT_KEPT: Micros = Micros::seconds(30);

/// How long the parker's device rings.
const TELL_S: u16 = 15;

impl Call {
    /// The park code was dialled: who dialled hears a slot, which is kept for a while.
    pub(crate) fn keep_slot(&mut self, cx: &mut Cx<'_>) -> Result<(), Cause> {
        let first = self.first.ok_or(Cause::UnallocatedNumber)?;
        if !self.can_answer_ourselves(first) {
            return Err(Cause::MediaNotAcceptable);
        }
        let (slot, site) = self.slot_for(cx, first, None)?;
        self.draft.services.insert(Service::Park);
        self.dialing = None;
        cx.core.parked.insert((self.tenant, slot), self.key.slot);
        let stage = Stage::Slot { slot, site, until: cx.now.mono + SLOT_KEPT };
        let words = slot_words(self.language_of(cx.view.snapshot(), first), slot);
        self.talk(cx, stage, Does::Plays(PlayerId::Words(words)), SLOT_KEPT);
        self.open_voice(cx);
        Ok(())
    }

    /// The slot that was told to a leg, and is kept for it.
    pub(crate) fn slot_kept_for(&self, leg: LegId) -> Option<(Dn, SiteId)> {
        match self.voice.as_ref().filter(|_| self.is_voiced(leg))?.stage {
            Stage::Slot { slot, site, .. } => Some((slot, site)),
            _ => None,
        }
    }

    /// The number has been said, or the time is over.
    pub(crate) fn slot_over(&mut self, cx: &mut Cx<'_>, is_late: bool) {
        let until = match self.voice.as_ref().map(|v| &v.stage) {
            Some(Stage::Slot { until, .. }) => *until,
            _ => return,
        };
        match is_late {
            true => self.end(cx, Verdict::new(Cause::AnnouncementEnded)),
            false => self.do_next(cx, Does::Nothing, until.since(cx.now.mono)),
        }
    }

    /// The device that parked by a blind transfer rings, to hear the slot.
    pub(crate) fn call_parker(
        &mut self,
        cx: &mut Cx<'_>,
        (device, user): (DeviceId, Option<UserId>),
        slot: Dn,
    ) {
        let view = cx.view;
        let user = user.and_then(|id| active(view.snapshot(), id));
        let held = self.first.and_then(|id| self.leg(id)).map(|l| (l.id, l.body()));
        let (Some(user), Some((held, offered))) = (user, held) else { return };
        if !view.announcements(self.tenant) || view.shows(device, slot) {
            return;
        }
        let users = smallvec![user.id];
        let plan = Plan { dn: user.dn, users, ring_s: TELL_S, style: Style::Recall };
        let legs = self.legs_for(cx, &plan);
        let legs: Vec<(Leg, u64)> = legs.into_iter().filter(|(l, _)| l.device == device).collect();
        if legs.is_empty() {
            return;
        }
        let reach_by = cx.now.mono + base::limits::UNREACHABLE_AFTER;
        self.ring = Some(Box::new(Ring {
            purpose: Purpose::ParkTell,
            leg: held,
            plan,
            way: Way::Relay,
            offered,
            referred_by: None,
            go_on_at: None,
            reach_by: Some(reach_by),
            ring_until: cx.now.mono + Micros::seconds(u64::from(TELL_S)),
            ring_time_s: TELL_S,
            ringing: false,
            inherited: false,
            worst: None,
        }));
        let contacts: Vec<(LegId, u64)> = legs.iter().map(|(l, c)| (l.id, *c)).collect();
        legs.into_iter().for_each(|(leg, _)| self.add_leg(cx, leg));
        for (id, contact) in contacts {
            self.say(cx, id, Say::Invite { contact }, Body::Own(Direction::SendRecv));
        }
    }

    /// It has answered.
    pub(crate) fn tell_parker(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.ring = None;
        match self.parked.as_ref().map(|p| p.slot) {
            Some(slot) => self.tell_slot_alone(cx, id, slot),
            None => self.hang_up(cx, id, Cause::NormalClearing),
        }
    }

    /// Whether a telephone rings only to tell a slot: the parked party goes on hearing music.
    pub(crate) fn tells_parker(&self) -> bool {
        self.ring.as_ref().is_some_and(|r| r.purpose == Purpose::ParkTell)
    }
}
