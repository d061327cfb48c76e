//! Requests and responses of a leg as bytes.

use base::{Cause, Micros};
use bytes::Bytes;
use smallvec::SmallVec;

use super::Cx;
use super::usage::{Role, Usage};
use crate::dialog::{Remote, contact};
use crate::leg::Identity;
use crate::msg::uri::Host;
use crate::msg::uri::escape_user;
use crate::msg::write::{Address, Reply, Writer, push_address};
use crate::msg::{HeaderId, Method, Msg};
use crate::txn::{Branch, ClientTx, Layer, Outgoing, ServerTx, Tag};

/// Methods that a leg serves.
pub(super) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";

const SUPPORTED: &str = "timer, replaces, norefersub";
const SUPPORTED_RELIABLE: &str = "100rel, timer, replaces, norefersub";

/// Extra header lines of one message.
pub(super) type Lines = SmallVec<[(HeaderId, Vec<u8>); 4]>;

/// A request in a dialog.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) cseq: u32,
    pub(super) remote: &'a Remote,
    pub(super) max_forwards: u8,
    pub(super) lines: Lines,
    /// Type and content.
    pub(super) body: Option<(&'static str, Bytes)>,
}

/// A response.
#[derive(Default)]
pub(super) struct Say {
    pub(super) code: u16,
    pub(super) lines: Lines,
    pub(super) sdp: Option<Bytes>,
}

impl Say {
    /// A response without extras.
    pub(super) fn code(code: u16) -> Self {
        Say { code, ..Say::default() }
    }

    pub(super) fn with(mut self, id: HeaderId, value: impl Into<Vec<u8>>) -> Self {
        self.lines.push((id, value.into()));
        self
    }
}

/// Hops that a request of ours may take when nothing else is known (RFC 3261 §8.1.1.6).
pub(super) const MAX_FORWARDS: u8 = 70;

impl<'a> Ask<'a> {
    /// A request to `remote` without extras.
    pub(super) fn new(method: Method, cseq: u32, remote: &'a Remote) -> Self {
        let lines = Lines::new();
        Ask { method, cseq, remote, max_forwards: MAX_FORWARDS, lines, body: None }
    }

    pub(super) fn with(mut self, id: HeaderId, value: impl Into<Vec<u8>>) -> Self {
        self.lines.push((id, value.into()));
        self
    }

    pub(super) fn sdp(mut self, sdp: Option<Bytes>) -> Self {
        self.body = sdp.map(|s| ("application/sdp", s));
        self
    }
}

impl Usage {
    /// Value of our Contact: place and 13 characters at our address, with port and transport.
    pub(super) fn contact(&self, layer: &Layer) -> String {
        contact(layer, &self.peer, &self.local.contact)
    }

    /// Writes a request with the branch given; `None` when a value in it is unsafe.
    pub(super) fn write(&self, cx: &mut Cx<'_>, ask: &Ask<'_>, branch: &Branch) -> Option<Bytes> {
        let (uri, routes) = ask.remote.request_line();
        let mut buffer = Vec::with_capacity(1_024);
        let mut out = Writer::request(&mut buffer, ask.method, uri);
        out.header(HeaderId::Via, cx.layer.via(&self.peer, branch));
        out.number(HeaderId::MaxForwards, u64::from(ask.max_forwards));
        if !routes.is_empty() {
            out.header(HeaderId::Route, &routes);
        }
        out.header(HeaderId::From, &self.local.address);
        out.header(HeaderId::To, &ask.remote.address);
        out.header(HeaderId::CallId, &self.local.call_id);
        out.cseq(ask.cseq, ask.method);
        let offers = matches!(ask.method, Method::Invite | Method::Update);
        if offers || matches!(ask.method, Method::Notify) {
            out.header(HeaderId::Contact, self.contact(cx.layer));
        }
        if offers {
            out.header(HeaderId::Allow, ALLOW);
        }
        for (id, value) in &ask.lines {
            out.header(*id, value);
        }
        out.header(HeaderId::UserAgent, cx.config.product);
        let (kind, body) = ask.body.as_ref().map_or(("", &[][..]), |(k, b)| (*k, b.as_ref()));
        out.body_bytes(kind, body).ok()
    }

    /// Sends a request as a new transaction. One that cannot be written is not sent at all; its
    /// transaction then ends like one whose flow is gone.
    pub(super) fn send(&self, cx: &mut Cx<'_>, ask: &Ask<'_>, role: Role) -> ClientTx {
        let branch = cx.layer.mint().branch();
        let mut peer = self.peer;
        let bytes = self.write(cx, ask, &branch).unwrap_or_else(|| {
            peer.flow = base::FlowId(u64::MAX);
            Bytes::new()
        });
        let owner = self.key.owner(role);
        let request = Outgoing { peer, method: ask.method, branch, bytes, owner };
        cx.layer.request(cx.now.mono, request, cx.out)
    }

    /// Answers a request; gives the bytes for repetition.
    pub(super) fn reply(
        &mut self,
        cx: &mut Cx<'_>,
        (tx, request): (ServerTx, &Msg),
        say: Say,
    ) -> Bytes {
        let method = request.method().unwrap_or(Method::Other);
        let mut buffer = Vec::with_capacity(1_024);
        let reply = Reply {
            code: say.code,
            phrase: "",
            to_tag: Some(self.local.tag.as_str()),
            source: Some(self.peer.address),
        };
        let mut out = Writer::respond(&mut buffer, request, reply);
        let positive = (101..300).contains(&say.code);
        let dialog =
            matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Subscribe);
        if positive && dialog {
            out.header(HeaderId::Contact, self.contact(cx.layer));
        }
        let tells = positive && matches!(method, Method::Invite | Method::Update | Method::Options);
        if tells || say.code == 405 {
            out.header(HeaderId::Allow, ALLOW);
        }
        if tells {
            out.header(HeaderId::Supported, SUPPORTED_RELIABLE);
        }
        for (id, value) in &say.lines {
            out.header(*id, value);
        }
        out.header(HeaderId::Server, cx.config.product);
        let body = say.sdp.as_deref().unwrap_or_default();
        let Ok(bytes) = out.body_bytes("application/sdp", body) else {
            return Bytes::new();
        };
        cx.layer.respond(cx.now.mono, tx, (say.code, bytes.clone()), cx.out);
        if method == Method::Invite && say.code >= 300 {
            self.refused = Some(tx);
        }
        bytes
    }

    /// Answers the request of a transaction whose bytes the layer still holds.
    pub(super) fn reply_to(&mut self, cx: &mut Cx<'_>, tx: ServerTx, say: Say) -> Option<Bytes> {
        let request = cx.layer.request_of(tx)?;
        Some(self.reply(cx, (tx, &request), say))
    }
}

/// Value of Supported in a request of ours.
pub(super) fn supported(reliable: bool) -> &'static str {
    if reliable { SUPPORTED_RELIABLE } else { SUPPORTED }
}

/// An address with display name, and with a tag when it is our From.
pub(super) fn address(identity: &Identity, tag: Option<&Tag>) -> Vec<u8> {
    let mut uri = b"sip:".to_vec();
    if !identity.user.is_empty() {
        escape_user(identity.user.as_bytes(), &mut uri);
        uri.push(b'@');
    }
    let host = Host::parse(identity.host.as_bytes()).map(|_| identity.host.as_str());
    uri.extend_from_slice(host.unwrap_or("invalid").as_bytes());
    let display: String = identity.display.chars().filter(|c| !c.is_control()).collect();
    let params = tag.map(|t| [("tag", Some(t.as_str()))]);
    let params = params.as_ref().map_or(&[][..], |p| &p[..]);
    let mut out = Vec::with_capacity(uri.len() + display.len() + 40);
    push_address(&Address { display: Some(&display), uri: &uri, params }, &mut out);
    out
}

/// Value of `Reason` (RFC 3326, RFC 6432).
pub(super) fn reason(cause: Cause, elsewhere: bool) -> Bytes {
    if elsewhere {
        return Bytes::from_static(b"SIP;cause=200;text=\"Call completed elsewhere\"");
    }
    Bytes::from(format!("Q.850;cause={};text=\"{}\"", cause.q850(), cause.text()))
}

/// Q.850 value of the `Reason` of a message.
pub(super) fn q850_of(msg: &Msg) -> Option<u8> {
    let cause = msg.reasons().find(|r| r.is("Q.850"))?.cause?;
    u8::try_from(cause).ok().filter(|c| *c < 128)
}

/// How long to wait after glare (RFC 3261 §14.1): 2.1–4 s for the owner of the Call-ID, 0–2 s for
/// the other side, in steps of 10 ms.
pub(super) fn glare_wait(owns_call_id: bool, rng: &mut base::Rng) -> Micros {
    let steps = if owns_call_id { 210 + rng.below(191) } else { rng.below(201) };
    Micros::millis(steps * 10)
}
