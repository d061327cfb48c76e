//! Guidance before a refusal: early media, once, then the final answer (section 3).
//!
//! | While it plays | Reason kept |
//! |---|---|
//! | it ends, 圏外 | `AnnouncementEnded` |
//! | the caller hangs up, 圏外 | `UnregisteredAbandoned` |
//! | any other reason | the one decided before |

use base::{Blame, Cause, LegId, Micros};
use mediactl::{Direction, PromptId};

use crate::call::{Announce, Call};
use crate::cx::Cx;
use crate::explain::Mark;
use crate::leg::{Body, Pending, Say};
use crate::media::can_play;
use crate::media::path::Way;
use crate::record::Verdict;

/// No guidance is longer; one whose end is not told is over by then.
const ANNOUNCEMENT_MAX: Micros = Micros::seconds(30);

/// The sentence for a reason; busy and congestion tones are the phone's own.
pub(crate) fn prompt_for(cause: Cause) -> Option<PromptId> {
    match cause {
        Cause::UnallocatedNumber => Some(PromptId::NumberNotInUse),
        Cause::Unregistered => Some(PromptId::CannotBeReached),
        Cause::RingTimeout | Cause::MobileRingGuard | Cause::UnregisteredForwardNoAnswer => {
            Some(PromptId::NoAnswer)
        }
        Cause::ExternalForwardDenied | Cause::ForwardLoop => Some(PromptId::ForwardDenied),
        Cause::AnonymousRejected | Cause::AnnouncementEnded => Some(PromptId::CallRefused),
        Cause::LineNotPermitted | Cause::OptionNotContracted | Cause::FeatureNotPermitted => {
            Some(PromptId::ReasonNoRights)
        }
        Cause::PickupNone | Cause::ParkNone => Some(PromptId::NothingToTake),
        Cause::TollDenied => Some(PromptId::NumberBarred),
        Cause::Preempted => Some(PromptId::LinePreempted),
        _ => None,
    }
}

impl Call {
    /// Begins the guidance for a refusal; false when there is none or it cannot be heard.
    pub(crate) fn announce_first(&mut self, cx: &mut Cx<'_>, verdict: Verdict) -> bool {
        let Some(first) = self.first else { return false };
        let urgent = self.is_emergency_in_vain(cx, first, verdict.cause);
        let told = if urgent { Some(PromptId::NoEmergencyLine) } else { prompt_for(verdict.cause) };
        let Some(prompt) = told else { return false };
        // Rights are the company's business.
        let private = prompt == PromptId::ReasonNoRights && self.is_outside(first);
        let prompt = if private { PromptId::CallRefused } else { prompt };
        let asked_for = verdict.cause == Cause::AnnouncementEnded;
        let Some(caller) = self.leg(first).filter(|l| l.awaits_answer()) else { return false };
        let open = self.way == Way::Relay && caller.media.is_some();
        let playable = can_play(&caller.body());
        let offers = matches!(caller.pending, Pending::Offer(_));
        let agreed = caller.pending == Pending::Nothing && open;
        let wanted = urgent || asked_for || cx.view.announcements(self.tenant);
        let wanted = wanted && (urgent || self.may_hear_us(cx, first));
        if !wanted || !playable || !(offers || agreed) {
            return false;
        }
        self.announce = Some(Box::new(Announce {
            verdict,
            prompt,
            language: self.language_of(cx.view.snapshot(), first),
            serial: SERIAL,
            playing: agreed,
            until: cx.now.mono + ANNOUNCEMENT_MAX,
        }));
        self.dialing = None;
        self.ring = None;
        self.give_up_at = None;
        self.draft.note(Mark::Announced);
        if offers {
            let say = Say::Progress { status: 183 };
            self.say(cx, first, say, Body::Own(Direction::SendRecv));
        } else if let Some(leg) = self.leg_mut(first) {
            leg.touch_media();
        }
        self.announce.is_some()
    }

    /// The caller has been told where the guidance comes from: now it may play.
    pub(crate) fn announcement_begun(&mut self, leg: LegId) {
        if let Some(announce) = self.announce.as_mut().filter(|_| self.first == Some(leg)) {
            announce.playing = true;
        }
    }

    /// It came to its end, or died while it played.
    pub(crate) fn announcement_over(&mut self, cx: &mut Cx<'_>) {
        let Some(announce) = self.announce.take() else { return };
        let verdict = match announce.verdict.cause {
            Cause::Unregistered if announce.playing => {
                Verdict { cause: Cause::AnnouncementEnded, ..announce.verdict }
            }
            _ => announce.verdict,
        };
        self.end(cx, verdict);
    }

    /// A player of this leg ended.
    pub(crate) fn play_ended(&mut self, cx: &mut Cx<'_>, leg: LegId, serial: u32) {
        if self.voice_ended(cx, leg, serial)
            || self.page_tone_ended(leg, serial)
            || self.notice_ended(cx, leg, serial)
            || self.refusal_heard(cx, leg, serial)
        {
            return;
        }
        let ours = self.announce.as_ref().is_some_and(|a| a.playing && a.serial == serial);
        if ours && self.first == Some(leg) {
            self.announcement_over(cx);
        }
    }

    /// The caller hung up in it.
    pub(crate) fn announcement_left(&mut self, cx: &mut Cx<'_>, leg: LegId, end: Verdict) {
        let Some(announce) = self.announce.take() else { return };
        let verdict = match announce.verdict.cause {
            Cause::Unregistered => {
                Verdict { cause: Cause::UnregisteredAbandoned, blame: Blame::Caller, by: end.by }
            }
            _ => Verdict { by: end.by, ..announce.verdict },
        };
        self.silence(leg);
        self.end(cx, verdict);
        self.leg_out(cx, leg);
    }

    /// An early description could not be given: a guidance is left out, early media too.
    pub(crate) fn courtesy_failed(&mut self, cx: &mut Cx<'_>, leg: LegId) {
        if self.announce.is_some() && self.first == Some(leg) {
            self.announcement_over(cx);
        } else {
            self.early = None;
            if let crate::exchange::Exchange::Give { from, .. } = self.exchange
                && from == leg
            {
                self.exchange = crate::exchange::Exchange::Idle;
            }
        }
    }
}

/// The guidance's number among the playings of a leg; music has 0.
const SERIAL: u32 = 1;
