//! Our 2xx to an INVITE until its ACK (RFC 3261 §13.3.1.4), and the session timer it starts.

use base::limits::T2;
use base::{Cause, Micros};

use super::Cx;
use super::usage::{AckWait, Kind, LONG, Phase, Usage};
use crate::dialog::{Body, SessionTimer, sdp_of};
use crate::leg::LegEvent;
use crate::msg::Msg;
use crate::msg::session_expires::Refresher;

impl Usage {
    /// Begins to repeat a 2xx that has just been sent; on streams too, since a later hop may be
    /// a datagram.
    pub(super) fn await_ack(&mut self, cx: &mut Cx<'_>, wait: AckWait) {
        let first = wait.interval;
        self.ack_in = Some(Box::new(wait));
        self.arm_in(cx, Kind::Resend, first);
        self.arm_in(cx, Kind::Limit, LONG);
    }

    pub(super) fn resend_2xx(&mut self, cx: &mut Cx<'_>) {
        let Some(wait) = &mut self.ack_in else {
            return;
        };
        wait.interval = wait.interval.doubled(T2);
        let (span, tx, bytes) = (wait.interval, wait.tx, wait.bytes.clone());
        // The connection of the INVITE may be gone, and its phone back by another one.
        match cx.layer.is_cut(tx) {
            true => cx.layer.send(&self.peer, bytes, cx.out),
            false => cx.layer.respond(cx.now.mono, tx, (200, bytes), cx.out),
        }
        self.arm_in(cx, Kind::Resend, span);
    }

    /// An ACK to a 2xx of ours, or to a refusal, after which an offer of ours may go out.
    pub(super) fn ack(&mut self, cx: &mut Cx<'_>, ack: &Msg) {
        let number = ack.cseq().map_or(0, |c| c.number);
        let Some(wait) = self.ack_in.take_if(|w| w.cseq == number) else {
            return self.pump(cx);
        };
        self.acknowledged(cx, &wait);
        if wait.offered && matches!(self.phase, Phase::Up) {
            let sdp = match sdp_of(ack) {
                Body::Sdp(sdp) => Some(sdp),
                Body::None | Body::Unknown => None,
            };
            self.emit(cx, LegEvent::AnswerReceived { sdp });
        }
        self.pump(cx);
    }

    /// A later request of the far end proves that our 2xx arrived though its ACK did not
    /// (RFC 5407 §3.1.4). `false` when the answer to our offer is still missing.
    pub(super) fn presume_ack(&mut self, cx: &mut Cx<'_>) -> bool {
        match self.ack_in.take_if(|w| !w.offered) {
            Some(wait) => self.acknowledged(cx, &wait),
            None if self.ack_in.is_some() => return false,
            None => {}
        }
        true
    }

    fn acknowledged(&mut self, cx: &mut Cx<'_>, wait: &AckWait) {
        self.disarm(Kind::Resend);
        self.disarm(Kind::Limit);
        match self.phase {
            Phase::Up if wait.initial => self.emit(cx, LegEvent::Confirmed),
            Phase::Ending(None) => self.part(cx),
            Phase::Up
            | Phase::Ending(Some(_))
            | Phase::Calling(_)
            | Phase::Ringing(_)
            | Phase::Gone => {}
        }
    }

    /// No PRACK or no ACK came within 64·T1.
    pub(super) fn unacknowledged(&mut self, cx: &mut Cx<'_>) {
        let lost = LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false, q850: None };
        match self.phase {
            // RFC 3262 §3: the INVITE is refused with a 5xx.
            Phase::Ringing(_) => self.give_up(cx, 504, lost),
            Phase::Up if self.ack_in.take().is_some() => self.abandon(cx, Cause::MediaTimeout),
            Phase::Ending(None) => {
                self.ack_in = None;
                self.send_bye(cx);
            }
            Phase::Up | Phase::Ending(Some(_)) | Phase::Calling(_) | Phase::Gone => {}
        }
    }

    /// Starts the session timer anew.
    pub(super) fn begin_session(&mut self, cx: &mut Cx<'_>, seconds: u32, ours: bool) {
        self.session = SessionTimer { seconds, ours, ..SessionTimer::default() };
        self.disarm(Kind::Refresh);
        self.disarm(Kind::GiveUp);
        let now = cx.now.mono;
        let Some(ends_at) = self.session.give_up_at(now) else { return };
        self.session.ends_at = ends_at;
        match self.session.refresh_at(now) {
            // The end is armed with the refresh: one timer a leg.
            Some(at) => self.arm(cx, Kind::Refresh, at),
            None => self.arm(cx, Kind::GiveUp, ends_at),
        }
    }

    /// The session timer as a 2xx to a request of ours settles it (RFC 4028 §7.2). A far end that
    /// says nothing does not know the extension; we go on alone, or a phone that dies would
    /// never be missed.
    pub(super) fn take_session(&mut self, cx: &mut Cx<'_>, response: &Msg, asked_s: u32) {
        let least = cx.config.session_min_s;
        let Some(settled) = response.session_expires() else {
            self.begin_session(cx, asked_s.max(least), true);
            self.session.alone = true;
            return;
        };
        // An interval that nobody could keep must not end the call.
        let seconds = settled.seconds.clamp(least, asked_s.max(least));
        self.begin_session(cx, seconds, settled.refresher != Some(Refresher::Uas));
    }

    /// The refresh failed in a way that leaves the session: try again soon. A far end that never
    /// agreed to refreshes may refuse them; that it answers is all that we wanted to know.
    pub(super) fn refresh_later(&mut self, cx: &mut Cx<'_>, answered: bool) {
        if self.session.alone && answered {
            let seconds = self.session.seconds;
            self.begin_session(cx, seconds, true);
            self.session.alone = true;
        } else if self.session.ours && self.is_armed(Kind::GiveUp) {
            self.arm_in(cx, Kind::Refresh, Micros::seconds(10));
        }
    }
}
