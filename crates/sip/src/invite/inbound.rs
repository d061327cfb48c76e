//! Inbound legs until our final response: 18x, reliable ones with PRACK, 2xx, refusals.

use std::borrow::Cow;

use base::id::DeviceId;
use base::{Cause, LegId, Micros};
use bytes::Bytes;
use smallvec::SmallVec;

use super::Cx;
use super::cx::Request;
use super::text::{self, Say};
use super::usage::{AckWait, Birth, Key, Kind, LONG, Owed, Phase, Usage};
use crate::dialog::{Agreed, Asked, Body, Caps, Local, Remote, TooShort, sdp_of};
use crate::leg::{Identity, LegEvent, Offered};
use crate::msg::session_expires::Refresher;
use crate::msg::uri::Uri;
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::Transport;
use crate::txn::ServerTx;

/// How often a waiting caller is told again that it rings (RFC 3261 §13.3.1.1).
const REMIND: Micros = Micros::seconds(60);

/// Responses that may wait for the PRACK of the one before.
const HELD_MAX: usize = 4;

/// An INVITE that we have not answered finally.
pub(super) struct Ringing {
    pub(super) tx: ServerTx,
    cseq: u32,
    pub(super) first: First,
    agreed: Agreed,
    /// The reliable provisional response that waits for its PRACK.
    pub(super) unacknowledged: Option<Reliable>,
    /// RSeq of the last reliable one; 0 before the first.
    rseq: u32,
    held: SmallVec<[Held; 1]>,
    /// Description of an unreliable 18x; the 2xx repeats it when call control gives none.
    preview: Option<Bytes>,
    last_status: u16,
    /// The party behind us, told in what follows.
    pub(super) shown: Option<Box<Identity>>,
}

/// How far the first offer and answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// The INVITE brought an offer.
    Offered,
    /// A reliable 18x carries the answer; its PRACK has not come.
    Answered,
    /// The INVITE brought none.
    Empty,
    /// A reliable 18x carries our offer; the PRACK brings the answer.
    OfferSent,
    /// Complete.
    Done,
}

/// A reliable provisional response on its way (RFC 3262 §3).
pub(super) struct Reliable {
    status: u16,
    bytes: Bytes,
    interval: Micros,
    has_sdp: bool,
}

/// What waits for a PRACK.
enum Held {
    Progress { status: u16, sdp: Option<Bytes> },
    Answer { sdp: Option<Bytes> },
}

/// Why an INVITE becomes no leg.
pub(super) enum Unfit {
    /// A plain refusal.
    Status(u16),
    /// 422 with Min-SE.
    TooShort(TooShort),
}

impl Usage {
    /// A leg for a new INVITE.
    pub(super) fn ringing(
        cx: &mut Cx<'_>,
        key: Key,
        (id, device): (LegId, DeviceId),
        request: &Request<'_>,
    ) -> Result<(Self, Offered), Unfit> {
        let invite = request.msg;
        let remote = Remote::of_request(invite).ok_or(Unfit::Status(400))?;
        let cseq = remote.seq.unwrap_or(0);
        let sdp = match sdp_of(invite) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None => None,
            Body::Unknown => return Err(Unfit::Status(415)),
        };
        let mut caps = Caps::default();
        caps.learn(invite);
        let asked = asked(invite, caps);
        let agreed = asked
            .answer(cx.config.session_expires_s, cx.config.session_min_s)
            .map_err(Unfit::TooShort)?;
        let mint = cx.layer.mint();
        let tag = mint.tag();
        let mut address = invite.value(HeaderId::To).unwrap_or_default().to_vec();
        address.extend_from_slice(b";tag=");
        address.extend_from_slice(tag.as_ref());
        let local = Local {
            call_id: invite.call_id().into(),
            address: address.into(),
            tag,
            contact: mint.tag(),
            seq: mint.rng().below(1 << 16) as u32,
            owns_call_id: false,
        };
        let first = if sdp.is_some() { First::Offered } else { First::Empty };
        let ringing = Ringing {
            tx: request.tx,
            cseq,
            first,
            agreed,
            unacknowledged: None,
            rseq: 0,
            held: SmallVec::new(),
            preview: None,
            last_status: 0,
            shown: None,
        };
        let offered = offered(cx, request, (sdp, &remote, caps), device);
        let peer = request.peer;
        let birth = Birth { id, key, device, peer, local, remote };
        Ok((Usage::new(birth, caps, Phase::Ringing(Box::new(ringing))), offered))
    }

    /// 18x.
    pub(super) fn progress(&mut self, cx: &mut Cx<'_>, status: u16, sdp: Option<Bytes>) {
        let caps = self.caps;
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        let sdp = sdp.filter(|_| match ringing.first {
            First::Offered => true,
            // An offer in an unreliable response would never be answered.
            First::Empty => caps.reliable(),
            First::Answered | First::OfferSent | First::Done => false,
        });
        let reliable = caps.reliable_required() || sdp.is_some() && caps.reliable();
        if !reliable {
            ringing.preview = sdp.clone().or(ringing.preview.take());
            return self.send_progress(cx, status, sdp);
        }
        if ringing.unacknowledged.is_some() {
            if ringing.held.len() < HELD_MAX {
                ringing.held.push(Held::Progress { status, sdp });
            }
            return;
        }
        self.send_reliable(cx, status, sdp);
    }

    fn send_progress(&mut self, cx: &mut Cx<'_>, status: u16, sdp: Option<Bytes>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        ringing.last_status = status;
        let tx = ringing.tx;
        let say = self.naming(Say { code: status, sdp, ..Say::default() });
        self.reply_to(cx, tx, say);
        self.arm_in(cx, Kind::Remind, REMIND);
    }

    fn send_reliable(&mut self, cx: &mut Cx<'_>, status: u16, sdp: Option<Bytes>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        ringing.rseq = match ringing.rseq {
            0 => 1 + cx.layer.mint().rng().below((1 << 31) - 1_000) as u32,
            last => last + 1,
        };
        let has_sdp = sdp.is_some();
        if has_sdp {
            let offered = ringing.first == First::Offered;
            ringing.first = if offered { First::Answered } else { First::OfferSent };
        }
        ringing.last_status = status;
        let (tx, rseq) = (ringing.tx, ringing.rseq);
        let say = Say { code: status, sdp, ..Say::default() }
            .with(HeaderId::Require, "100rel")
            .with(HeaderId::RSeq, rseq.to_string());
        let say = self.naming(say);
        let bytes = self.reply_to(cx, tx, say).unwrap_or_default();
        if let Phase::Ringing(ringing) = &mut self.phase {
            let interval = base::limits::T1;
            ringing.unacknowledged = Some(Reliable { status, bytes, interval, has_sdp });
        }
        self.arm_in(cx, Kind::Resend, base::limits::T1);
        self.arm_in(cx, Kind::Limit, LONG);
        self.arm_in(cx, Kind::Remind, REMIND);
    }

    /// A PRACK (RFC 3262 §3).
    pub(super) fn prack(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let rack = request.msg.rack();
        let Phase::Ringing(ringing) = &mut self.phase else {
            // The 2xx overtook it: a reliable response without description needs no PRACK first.
            let known = self.ack_in.is_some();
            let code = if known { 200 } else { 481 };
            self.reply(cx, (request.tx, request.msg), Say::code(code));
            return;
        };
        let matches = rack.is_some_and(|r| {
            r.rseq == ringing.rseq
                && r.cseq.number == ringing.cseq
                && r.cseq.method == Method::Invite
        });
        let acknowledged = ringing.unacknowledged.take_if(|_| matches);
        if acknowledged.is_none() {
            self.reply(cx, (request.tx, request.msg), Say::code(481));
            return;
        }
        let sdp = match sdp_of(request.msg) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None | Body::Unknown => None,
        };
        let before = ringing.first;
        if matches!(before, First::OfferSent | First::Answered) {
            ringing.first = First::Done;
        }
        self.disarm(Kind::Resend);
        self.disarm(Kind::Limit);
        let tx = request.tx;
        match (before, sdp) {
            (First::Answered | First::Done, sdp @ Some(_)) => {
                let owed = Owed::Request { tx, method: Method::Prack, has_offer: true };
                self.owe(cx, owed, LegEvent::OfferReceived { sdp });
            }
            (First::OfferSent, sdp) => {
                self.reply(cx, (tx, request.msg), Say::code(200));
                self.emit(cx, LegEvent::AnswerReceived { sdp });
            }
            (First::Answered | First::Done, None) | (First::Offered | First::Empty, _) => {
                self.reply(cx, (tx, request.msg), Say::code(200));
            }
        }
        self.release(cx);
    }

    /// Sends what waited for the PRACK.
    fn release(&mut self, cx: &mut Cx<'_>) {
        while let Phase::Ringing(ringing) = &mut self.phase {
            if ringing.unacknowledged.is_some() || ringing.held.is_empty() {
                break;
            }
            match ringing.held.remove(0) {
                Held::Progress { status, sdp } => self.progress(cx, status, sdp),
                Held::Answer { sdp } => self.answer(cx, sdp),
            }
        }
        self.pump(cx);
    }

    /// 200 to the INVITE.
    pub(super) fn answer(&mut self, cx: &mut Cx<'_>, sdp: Option<Bytes>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        // RFC 3262 §3: a description on its way must be acknowledged before the 2xx.
        if ringing.unacknowledged.as_ref().is_some_and(|r| r.has_sdp) {
            ringing.held.push(Held::Answer { sdp });
            return;
        }
        let (tx, cseq, first) = (ringing.tx, ringing.cseq, ringing.first);
        let agreed = ringing.agreed;
        let sdp = match first {
            First::Offered => sdp.or(ringing.preview.take()),
            First::Empty => sdp,
            First::Answered | First::OfferSent | First::Done => None,
        };
        if sdp.is_some() && !self.caps.update() {
            self.last_sdp = sdp.clone();
        }
        let offered = first == First::Empty && sdp.is_some();
        let say = with_session(Say { code: 200, sdp, ..Say::default() }, agreed, self.caps);
        let say = self.naming(say);
        self.phase = Phase::Up;
        for kind in [Kind::Resend, Kind::Limit, Kind::Remind] {
            self.disarm(kind);
        }
        let Some(bytes) = self.reply_to(cx, tx, say) else {
            // The layer has lost the INVITE; there is nobody to answer.
            self.phase = Phase::Gone;
            let cause = Cause::MediaTimeout;
            return self.emit(cx, LegEvent::Ended { cause, by_far_end: false, q850: None });
        };
        let wait = AckWait { tx, cseq, bytes, interval: base::limits::T1, offered, initial: true };
        self.await_ack(cx, wait);
        self.begin_session(cx, agreed.seconds, agreed.refresher == Refresher::Uas);
    }

    /// Refuses the INVITE; the leg is over.
    pub(super) fn refuse(&mut self, cx: &mut Cx<'_>, cause: Cause, retry_after_s: Option<u16>) {
        let Phase::Ringing(ringing) = &self.phase else {
            return;
        };
        let tx = ringing.tx;
        let status = if cause.sip_status() < 300 { 480 } else { cause.sip_status() };
        let mut say = Say::code(status).with(HeaderId::Reason, text::reason(cause, false).to_vec());
        if let Some(seconds) = retry_after_s.filter(|_| status == 503) {
            say = say.with(HeaderId::RetryAfter, seconds.to_string());
        }
        if status == 488 {
            say = say.with(HeaderId::Warning, "305 naisen \"Incompatible media format\"");
        }
        self.finish(cx, tx, say);
    }

    /// The far end gave up, or went silent, before our final response.
    pub(super) fn give_up(&mut self, cx: &mut Cx<'_>, status: u16, end: LegEvent) {
        let Phase::Ringing(ringing) = &self.phase else {
            return;
        };
        let tx = ringing.tx;
        // Its record comes before the answer that tells the far end.
        self.emit(cx, end);
        self.finish(cx, tx, Say::code(status));
    }

    fn finish(&mut self, cx: &mut Cx<'_>, tx: ServerTx, say: Say) {
        self.drop_owed(cx);
        self.reply_to(cx, tx, say);
        self.fail_offers(cx, 487);
        self.phase = Phase::Gone;
    }

    /// Repeats the reliable response that waits for its PRACK.
    pub(super) fn resend_reliable(&mut self, cx: &mut Cx<'_>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        let tx = ringing.tx;
        let Some(reliable) = &mut ringing.unacknowledged else {
            return;
        };
        // Not capped at T2 (RFC 3262 §3).
        reliable.interval = reliable.interval.doubled(LONG);
        let (span, code) = (reliable.interval, reliable.status);
        let again = (code, reliable.bytes.clone());
        cx.layer.respond(cx.now.mono, tx, again, cx.out);
        self.arm_in(cx, Kind::Resend, span);
    }

    /// Tells the caller again that it rings.
    pub(super) fn remind(&mut self, cx: &mut Cx<'_>) {
        let Phase::Ringing(ringing) = &self.phase else {
            return;
        };
        let status = ringing.last_status;
        if ringing.unacknowledged.is_none() {
            self.progress(cx, status, None);
        }
    }
}

/// What a request says about session timers.
pub(super) fn asked(request: &Msg, caps: Caps) -> Asked {
    Asked {
        expires: request.session_expires(),
        min_s: request.min_se(),
        supported: caps.timer() || request.has_token(HeaderId::Supported, "timer"),
    }
}

/// Adds Session-Expires to a 2xx; Require when the far end has to refresh (RFC 4028 §9).
pub(super) fn with_session(say: Say, agreed: Agreed, caps: Caps) -> Say {
    let Agreed { seconds, refresher } = agreed;
    let value = format!("{seconds};refresher={}", refresher.name());
    let say = say.with(HeaderId::SessionExpires, value);
    if refresher == Refresher::Uac && caps.timer() {
        return say.with(HeaderId::Require, "timer");
    }
    say
}

/// A user part without the telephone parameters that some phones leave in it (RFC 3261 §19.1.6);
/// names are kept whole.
pub(super) fn number_of(user: &[u8]) -> &[u8] {
    let head = user.split(|b| *b == b';').next().unwrap_or_default();
    let dials = |b: &u8| b.is_ascii_digit() || b"+*#-.()".contains(b);
    if !head.is_empty() && head.iter().all(dials) { head } else { user }
}

/// What call control is told; `replaces` is filled in by who knows all legs.
fn offered(
    cx: &Cx<'_>,
    request: &Request<'_>,
    (sdp, remote, caps): (Option<Bytes>, &Remote, Caps),
    device: DeviceId,
) -> Offered {
    let invite = request.msg;
    let uri = Uri::parse(invite.request_uri());
    let user = uri.and_then(|u| u.user()).unwrap_or_default();
    let host = uri.and_then(Uri::sip).map(|u| u.host.to_string()).unwrap_or_default();
    let contact = Uri::parse(&remote.target).and_then(Uri::sip);
    let source = request.peer.address;
    let transport = cx.layer.flows().get(request.peer.flow).map(|f| f.transport);
    // Behind a stream the source port says nothing.
    let is_udp = transport == Some(Transport::Udp);
    let behind_nat = contact.is_none_or(|c| {
        let moved = is_udp && c.port.unwrap_or(5060) != source.port();
        c.host.ip().is_none_or(|ip| ip != source.ip().to_canonical()) || moved
    });
    let asserted = invite.addresses(HeaderId::PAssertedIdentity).next().or_else(|| invite.from());
    let caller = asserted.and_then(|a| a.parsed()).as_ref().and_then(Uri::user);
    let caller = caller.unwrap_or_default();
    let called = invite.to().and_then(|a| a.parsed()).as_ref().and_then(Uri::user);
    let called = called.unwrap_or_default();
    let display = invite.from().and_then(|from| from.display().map(Cow::into_owned));
    Offered {
        device,
        dialed: String::from_utf8_lossy(number_of(&user)).into_owned(),
        host,
        display: display.unwrap_or_default(),
        caller: String::from_utf8_lossy(number_of(&caller)).into_owned(),
        called: String::from_utf8_lossy(number_of(&called)).into_owned(),
        sdp,
        replaces: None,
        referred_by: invite.value(HeaderId::ReferredBy).map(Bytes::copy_from_slice),
        max_forwards: invite.max_forwards().unwrap_or(text::MAX_FORWARDS),
        reliable: caps.reliable(),
        local: request.peer.local,
        remote: source.ip(),
        secure: transport == Some(Transport::Tls),
        behind_nat,
    }
}
