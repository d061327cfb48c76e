//! The end of a leg: BYE in both directions, our own wish to end, losses.

use base::Cause;
use bytes::Bytes;

use super::Cx;
use super::cx::Request;
use super::text::{self, Ask, Say};
use super::usage::{Kind, Owed, Phase, Role, Usage};
use crate::leg::LegEvent;
use crate::msg::{HeaderId, Method, Msg};

impl Usage {
    /// Call control ends the leg, in whatever state.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>, cause: Cause, elsewhere: bool) {
        let reason = text::reason(cause, elsewhere);
        match self.phase {
            Phase::Calling(_) => self.cancel(cx, reason),
            Phase::Ringing(_) => self.refuse(cx, cause, None),
            Phase::Up => {
                self.reason = Some(reason);
                self.hang_up(cx);
            }
            Phase::Ending(_) | Phase::Gone => {}
        }
    }

    /// Ends an answered leg on our own account and tells call control.
    pub(super) fn abandon(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        if let Phase::Up = self.phase {
            self.reason = Some(text::reason(cause, false));
            self.emit(cx, LegEvent::Ended { cause, by_far_end: false, q850: None });
            self.hang_up(cx);
        }
    }

    /// Sends BYE, or waits with it for the ACK to our 2xx (RFC 3261 §15) and for the answer to the
    /// last word about a transfer.
    pub(super) fn hang_up(&mut self, cx: &mut Cx<'_>) {
        self.settle_owed(cx);
        self.fail_running(cx);
        self.part_from_referrer(cx);
        for kind in [Kind::Refresh, Kind::GiveUp, Kind::Retry, Kind::Remind] {
            self.disarm(kind);
        }
        self.phase = Phase::Ending(None);
        self.part(cx);
    }

    /// Sends the BYE when nothing is left that it has to wait for.
    pub(super) fn part(&mut self, cx: &mut Cx<'_>) {
        let waits = self.ack_in.is_some() || self.referral.is_some();
        if matches!(self.phase, Phase::Ending(None)) && !waits {
            self.send_bye(cx);
        }
    }

    pub(super) fn send_bye(&mut self, cx: &mut Cx<'_>) {
        self.disarm(Kind::Resend);
        self.disarm(Kind::Limit);
        let ask = self.bye();
        let tx = self.send(cx, &ask.at(&self.remote), Role::Bye);
        self.phase = Phase::Ending(Some(tx));
    }

    fn bye(&mut self) -> Bye {
        Bye { cseq: self.local.next_seq(), reason: self.reason.clone(), proof: None }
    }

    /// A final response to our BYE, or none: the dialog is over either way.
    pub(super) fn bye_done(&mut self, cx: &mut Cx<'_>, response: Option<&Msg>) {
        let Phase::Ending(Some(_)) = self.phase else {
            return;
        };
        let status = response.and_then(Msg::status).unwrap_or(408);
        if status < 200 {
            return;
        }
        if let (401 | 407, Some(response)) = (status, response)
            && let Some(proof) = super::auth::proof(cx, response, Method::Bye, &self.remote.target)
        {
            let mut bye = self.bye();
            bye.proof = Some(proof);
            let tx = self.send(cx, &bye.at(&self.remote), Role::Bye);
            self.phase = Phase::Ending(Some(tx));
            return;
        }
        self.phase = Phase::Gone;
    }

    /// BYE of the far end.
    pub(super) fn bye_received(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let key = (request.tx, request.msg);
        let q850 = text::q850_of(request.msg);
        match self.phase {
            // RFC 3261 §15: only a caller may end an early dialog by BYE.
            Phase::Calling(_) => {
                self.reply(cx, key, Say::code(481));
            }
            Phase::Ringing(_) => {
                let cause = Cause::CallerCancelled;
                self.give_up(cx, 487, LegEvent::Ended { cause, by_far_end: true, q850 });
                self.reply(cx, key, Say::code(200));
            }
            Phase::Up => {
                // The record of the call is made before the far end hears that it has ended.
                let cause = Cause::NormalClearing;
                self.emit(cx, LegEvent::Ended { cause, by_far_end: true, q850 });
                self.drop_owed(cx);
                self.reply(cx, key, Say::code(200));
                self.fail_running(cx);
                self.close_referral(cx);
                self.phase = Phase::Gone;
            }
            // Both hung up at once, or theirs came while ours waited for the ACK.
            Phase::Ending(_) => {
                self.reply(cx, key, Say::code(200));
                self.phase = Phase::Gone;
            }
            Phase::Gone => {}
        }
    }

    /// The far end knows no such dialog any more (481), or does not answer in it (408).
    pub(super) fn lost(&mut self, cx: &mut Cx<'_>, status: u16) {
        if let Phase::Up = self.phase {
            self.abandon(cx, Cause::MediaTimeout);
            if status == 481 {
                // Nobody would answer the BYE; it is sent all the same and not waited for.
                self.phase = Phase::Gone;
            }
        }
    }

    /// 487 for a request of the far end that call control has not answered (RFC 3261 §15.1.2).
    pub(super) fn drop_owed(&mut self, cx: &mut Cx<'_>) {
        if let Some(Owed::Request { tx, .. }) = self.take_owed() {
            self.reply_to(cx, tx, Say::code(487));
        }
        self.drop_referral_request(cx);
    }

    /// Like [`Usage::drop_owed`]; an ACK that waited for an answer is sent without one.
    fn settle_owed(&mut self, cx: &mut Cx<'_>) {
        if let Some(Owed::Ack { cseq, .. }) = self.owed {
            self.take_owed();
            self.send_ack(cx, cseq, None);
        }
        self.drop_owed(cx);
    }

    /// Offers of ours that run or wait come to nothing; call control knows that the leg ends.
    fn fail_running(&mut self, _cx: &mut Cx<'_>) {
        self.pending = None;
        self.wishes.clear();
        self.disarm(Kind::Retry);
    }
}

/// A BYE to be written.
struct Bye {
    cseq: u32,
    reason: Option<Bytes>,
    proof: Option<Vec<u8>>,
}

impl Bye {
    fn at<'a>(&self, remote: &'a crate::dialog::Remote) -> Ask<'a> {
        let mut ask = Ask::new(Method::Bye, self.cseq, remote);
        if let Some(reason) = &self.reason {
            ask = ask.with(HeaderId::Reason, reason.to_vec());
        }
        match &self.proof {
            Some(proof) => super::auth::with_proof(ask, proof),
            None => ask,
        }
    }
}
