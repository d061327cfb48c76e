//! REFER in a dialog and its implicit subscription (RFC 3515, RFC 4488, RFC 3892).
//!
//! One referral at a time, one NOTIFY outstanding: what happens meanwhile is told by the next.

use base::{LegId, Micros};
use bytes::Bytes;

use super::Cx;
use super::cx::Request;
use super::inbound::number_of;
use super::text::{Ask, Say};
use super::usage::{Kind, Phase, Role, Usage};
use crate::leg::{LegEvent, Refer};
use crate::msg::name_addr::NameAddr;
use crate::msg::uri::Uri;
use crate::msg::{HeaderId, Method, Msg, reason_phrase};
use crate::txn::{ClientTx, ServerTx};

/// How long call control may think about a REFER; its transaction can be answered for 32 s.
const DECISION: Micros = Micros::seconds(30);

/// How long our BYE waits for the answer to the last NOTIFY.
const FAREWELL: Micros = Micros::seconds(2);

/// Seconds of the implicit subscription; a referred call may ring as long as any other.
const EXPIRES_S: u64 = base::limits::UNANSWERED_MAX.as_seconds();

/// A REFER and its subscription.
pub(super) struct Referral {
    stage: Stage,
    cseq: u32,
    /// NOTIFYs name the REFER by its CSeq.
    with_id: bool,
    /// The referrer wants no subscription.
    silent: bool,
}

enum Stage {
    /// Call control has not decided.
    Asked(ServerTx),
    /// Accepted; NOTIFYs go out.
    Told {
        /// The NOTIFY without response.
        running: Option<ClientTx>,
        /// Last status told.
        told: u16,
        /// Status to be told next.
        next: Option<u16>,
        ends_at: base::Mono,
        /// What is told next is the last, since the dialog ends.
        closing: bool,
        /// The last NOTIFY said that the subscription is over.
        closed: bool,
    },
}

/// What Refer-To names beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// No Replaces.
    Nobody,
    /// A leg of ours.
    Leg(LegId),
    /// A dialog that we do not know.
    Unknown,
}

impl Usage {
    /// A REFER; `named` is what its Replaces means here.
    pub(super) fn refer(&mut self, cx: &mut Cx<'_>, request: &Request<'_>, named: Named) {
        let key = (request.tx, request.msg);
        let refuse = match self.phase {
            Phase::Up if self.referral.is_some() => Some(491),
            Phase::Up => None,
            Phase::Calling(_) | Phase::Ringing(_) => Some(403),
            Phase::Ending(_) | Phase::Gone => Some(481),
        };
        if let Some(status) = refuse {
            self.reply(cx, key, Say::code(status));
            return;
        }
        let Some(target) = target(request.msg) else {
            self.reply(cx, key, Say::code(400));
            return;
        };
        let silent = request
            .msg
            .value(HeaderId::ReferSub)
            .is_some_and(|v| v.trim_ascii().to_ascii_lowercase().starts_with(b"false"));
        let cseq = request.msg.cseq().map_or(0, |c| c.number);
        let stage = Stage::Asked(request.tx);
        let with_id = self.referred;
        self.referral = Some(Box::new(Referral { stage, cseq, with_id, silent }));
        self.arm_in(cx, Kind::Refer, DECISION);
        let refer = Refer {
            target,
            replaces: match named {
                Named::Leg(leg) => Some(leg),
                Named::Nobody | Named::Unknown => None,
            },
            replaces_unknown: named == Named::Unknown,
            referred_by: self.referred_by(request.msg),
        };
        self.emit(cx, LegEvent::Refer(Box::new(refer)));
    }

    fn referred_by(&self, refer: &Msg) -> Bytes {
        if let Some(value) = refer.value(HeaderId::ReferredBy) {
            return Bytes::copy_from_slice(value);
        }
        let uri = NameAddr::parse(&self.remote.address).map(|a| a.uri).unwrap_or_default();
        Bytes::from([b"<", uri, b">"].concat())
    }

    /// 202, and the first NOTIFY.
    pub(super) fn accept_refer(&mut self, cx: &mut Cx<'_>) {
        let Some(referral) = &mut self.referral else {
            return;
        };
        let Stage::Asked(tx) = referral.stage else {
            return;
        };
        let silent = referral.silent;
        let ends_at = cx.now.mono + Micros::seconds(EXPIRES_S);
        let (closing, closed) = (false, false);
        referral.stage =
            Stage::Told { running: None, told: 0, next: None, ends_at, closing, closed };
        self.referred = true;
        if silent {
            self.referral = None;
            self.disarm(Kind::Refer);
            self.reply_to(cx, tx, Say::code(202).with(HeaderId::ReferSub, "false"));
            return;
        }
        self.reply_to(cx, tx, Say::code(202));
        self.arm(cx, Kind::Refer, ends_at);
        self.refer_progress(cx, 100);
    }

    /// Refuses a REFER.
    pub(super) fn refuse_refer(&mut self, cx: &mut Cx<'_>, status: u16) {
        let asked = self.referral.take_if(|r| matches!(r.stage, Stage::Asked(_)));
        if let Some(Stage::Asked(tx)) = asked.map(|r| r.stage) {
            self.disarm(Kind::Refer);
            self.reply_to(cx, tx, Say::code(status));
        }
    }

    /// Tells the referrer how the referred call stands.
    pub(super) fn refer_progress(&mut self, cx: &mut Cx<'_>, status: u16) {
        let Some(Stage::Told { running, told, next, .. }) =
            self.referral.as_mut().map(|r| &mut r.stage)
        else {
            return;
        };
        if *told >= 200 || next.is_some_and(|n| n >= 200) || next.unwrap_or(*told) == status {
            return;
        }
        if running.is_some() {
            *next = Some(status);
            return;
        }
        self.notify(cx, status, None);
    }

    /// A NOTIFY was answered; `None`: it was not.
    pub(super) fn notified(&mut self, cx: &mut Cx<'_>, tx: ClientTx, response: Option<&Msg>) {
        let status = response.and_then(Msg::status).unwrap_or(408);
        let Some(Stage::Told { running, next, closed, .. }) =
            self.referral.as_mut().map(|r| &mut r.stage)
        else {
            return;
        };
        if *running != Some(tx) || status < 200 {
            return;
        }
        *running = None;
        let (closed, next) = (*closed, next.take());
        if closed || status >= 300 {
            self.drop_referral(cx);
        } else if let Some(status) = next {
            self.notify(cx, status, None);
        }
    }

    fn drop_referral(&mut self, cx: &mut Cx<'_>) {
        self.referral = None;
        self.disarm(Kind::Refer);
        self.part(cx);
    }

    /// Nobody decided about the REFER, its subscription expired, or nobody heard the last of it.
    pub(super) fn refer_expired(&mut self, cx: &mut Cx<'_>) {
        if let Phase::Ending(_) = self.phase {
            if let Some(Stage::Told { next: Some(status), .. }) =
                self.referral.as_ref().map(|r| &r.stage)
            {
                let status = *status;
                self.notify(cx, status, None);
            }
            return self.drop_referral(cx);
        }
        match self.referral.as_ref().map(|r| &r.stage) {
            Some(Stage::Asked(_)) => self.refuse_refer(cx, 500),
            Some(Stage::Told { told, .. }) => {
                let status = (*told).max(100);
                self.notify(cx, status, Some("timeout"));
                self.referral = None;
            }
            None => {}
        }
    }

    /// SUBSCRIBE in the dialog: refreshes or ends the implicit subscription (RFC 3515 §2.4.4).
    pub(super) fn subscribed(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let key = (request.tx, request.msg);
        let is_refer = request.msg.event().is_some_and(|e| e.package == b"refer");
        let stage = self.referral.as_ref().map(|r| &r.stage);
        let (true, Some(Stage::Told { told, ends_at, .. })) = (is_refer, stage) else {
            let status = if is_refer { 481 } else { 489 };
            self.reply(cx, key, Say::code(status));
            return;
        };
        let status = (*told).max(100);
        let ends = request.msg.expires() == Some(0);
        let left = if ends { 0 } else { ends_at.since(cx.now.mono).as_seconds() };
        self.reply(cx, key, Say::code(200).with(HeaderId::Expires, left.to_string()));
        if ends {
            self.notify(cx, status, Some("timeout"));
            self.referral = None;
            self.disarm(Kind::Refer);
        }
    }

    /// We end the dialog: the referrer is told first what it has not heard yet, one NOTIFY after
    /// the other. Our BYE could overtake them, and the phone take the transfer as failed.
    pub(super) fn part_from_referrer(&mut self, cx: &mut Cx<'_>) {
        let Some(Stage::Told { running, told, next, closing, .. }) =
            self.referral.as_mut().map(|r| &mut r.stage)
        else {
            return;
        };
        let last = (*told < 200).then(|| next.unwrap_or((*told).max(100)));
        *closing = true;
        match (running.is_some(), last) {
            (true, Some(_)) => *next = last,
            (true, None) => {}
            (false, Some(status)) => self.notify(cx, status, None),
            (false, None) => return self.drop_referral(cx),
        }
        self.arm_in(cx, Kind::Refer, FAREWELL);
    }

    /// The far end ends the dialog: the subscription ends with it, telling what was not told yet.
    pub(super) fn close_referral(&mut self, cx: &mut Cx<'_>) {
        if let Some(Stage::Told { told, next, .. }) = self.referral.as_ref().map(|r| &r.stage)
            && *told < 200
        {
            let status = next.unwrap_or((*told).max(100));
            self.notify(cx, status, Some("noresource"));
        }
        self.referral = None;
        self.disarm(Kind::Refer);
    }

    /// 487 for a REFER that nobody decided about.
    pub(super) fn drop_referral_request(&mut self, cx: &mut Cx<'_>) {
        self.refuse_refer(cx, 487);
    }

    fn notify(&mut self, cx: &mut Cx<'_>, status: u16, ends: Option<&str>) {
        let number = self.local.next_seq();
        let Some(referral) = &mut self.referral else {
            return;
        };
        let Stage::Told { running, told, ends_at, closing, closed, .. } = &mut referral.stage
        else {
            return;
        };
        *told = status;
        let left = ends_at.since(cx.now.mono).as_seconds();
        let ends = ends.or((status >= 200 || *closing).then_some("noresource"));
        *closed = ends.is_some();
        let state = match ends {
            Some(reason) => format!("terminated;reason={reason}"),
            None => format!("active;expires={left}"),
        };
        let event = match referral.with_id {
            true => format!("refer;id={}", referral.cseq),
            false => "refer".to_owned(),
        };
        *running = None;
        let frag = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status));
        let mut ask = Ask::new(Method::Notify, number, &self.remote)
            .with(HeaderId::Event, event)
            .with(HeaderId::SubscriptionState, state);
        ask.body = Some(("message/sipfrag;version=2.0", Bytes::from(frag)));
        let tx = self.send(cx, &ask, Role::Notify);
        if let Some(Stage::Told { running, .. }) = self.referral.as_mut().map(|r| &mut r.stage) {
            *running = Some(tx);
        }
    }
}

/// The number or name in Refer-To; `None` unless there is exactly one that can be called.
fn target(refer: &Msg) -> Option<String> {
    let mut values = refer.values(HeaderId::ReferTo);
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let uri = NameAddr::parse(value)?.parsed()?;
    let method = uri.sip().and_then(|u| u.param("method"));
    if method.is_some_and(|m| !m.eq_ignore_ascii_case(b"INVITE")) {
        return None;
    }
    match uri {
        Uri::Sip(_) | Uri::Tel(_) => {
            Some(String::from_utf8_lossy(number_of(&uri.user()?)).into_owned())
        }
        Uri::Other { .. } => None,
    }
}

/// The value of `Replaces` in Refer-To, unescaped.
pub(super) fn replaces_in(refer: &Msg) -> Option<Vec<u8>> {
    let uri = refer.address(HeaderId::ReferTo)?.parsed()?.sip()?;
    uri.header("Replaces").map(|v| v.into_owned())
}
