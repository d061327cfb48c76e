//! Dialogs (RFC 3261 §12): tags, sequence numbers, route set and remote target, and what the far
//! end told about itself.
//!
//! A dialog is kept in two halves. [`Local`] is ours and common to all early dialogs of a forked
//! INVITE; [`Remote`] is the far end's, one for each fork.

use crate::msg::contact::Contacts;
use crate::msg::name_addr::NameAddr;
use crate::msg::uri::Uri;
use crate::msg::{Elements, HeaderId, Msg};
use crate::txn::{Layer, Peer, Tag};

mod body;
mod caps;
mod session;

pub(crate) use body::{Body, sdp_of};
pub(crate) use caps::Caps;
pub(crate) use session::{Agreed, Asked, SessionTimer, TooShort};

/// Our half of a dialog.
pub(crate) struct Local {
    /// Call-ID.
    pub(crate) call_id: Box<[u8]>,
    /// From of our requests: address with our tag.
    pub(crate) address: Box<[u8]>,
    /// Our tag.
    pub(crate) tag: Tag,
    /// User part of our Contact.
    pub(crate) contact: Tag,
    /// Sequence number of our last request.
    pub(crate) seq: u32,
    /// We made the Call-ID: decides who waits longer after glare (RFC 3261 §14.1).
    pub(crate) owns_call_id: bool,
}

/// The far end's half of a dialog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remote {
    /// To of our requests: address with the far end's tag.
    pub(crate) address: Box<[u8]>,
    /// The far end's tag; empty for a far end of RFC 2543, or before the first tagged response.
    pub(crate) tag: Box<[u8]>,
    /// Contact of the far end: Request-URI of our requests.
    pub(crate) target: Box<[u8]>,
    /// Route set in order, comma-joined.
    pub(crate) routes: Box<[u8]>,
    /// Sequence number of the far end's last request.
    pub(crate) seq: Option<u32>,
}

impl Local {
    /// The sequence number of our next request.
    pub(crate) fn next_seq(&mut self) -> u32 {
        self.seq = self.seq.wrapping_add(1) & 0x7fff_ffff;
        self.seq
    }
}

impl Remote {
    /// The half of a caller, from its INVITE (RFC 3261 §12.1.1). `None` without a usable Contact.
    pub(crate) fn of_request(invite: &Msg) -> Option<Self> {
        Some(Remote {
            address: invite.value(HeaderId::From)?.into(),
            tag: invite.from()?.tag().unwrap_or_default().into(),
            target: target(invite)?,
            routes: joined(invite.items(HeaderId::RecordRoute)),
            seq: Some(invite.cseq()?.number),
        })
    }

    /// The half of a callee, from a response with a To tag (RFC 3261 §12.1.2). What it does not
    /// say is taken from `sent`, the half that the INVITE was sent with.
    pub(crate) fn of_response(response: &Msg, sent: &Remote) -> Option<Self> {
        let mut routes: Vec<&[u8]> = response.items(HeaderId::RecordRoute).collect();
        routes.reverse();
        Some(Remote {
            address: response.value(HeaderId::To)?.into(),
            tag: response.to()?.tag().unwrap_or_default().into(),
            target: target(response).unwrap_or_else(|| sent.target.clone()),
            routes: joined(routes.into_iter()),
            seq: None,
        })
    }

    /// Takes a new remote target from a target refresh request or its 2xx (RFC 3261 §12.2).
    pub(crate) fn refresh(&mut self, msg: &Msg) {
        if let Some(target) = target(msg) {
            self.target = target;
        }
    }

    /// Checks and takes the sequence number of a request; `false` when it is out of order.
    pub(crate) fn take_seq(&mut self, number: u32) -> bool {
        if self.seq.is_some_and(|last| number <= last) {
            return false;
        }
        self.seq = Some(number);
        true
    }

    /// Request-URI and Route value of a request to the far end (RFC 3261 §12.2.1.1); a first
    /// route without `;lr` is a strict router and changes places with the target.
    pub(crate) fn request_line(&self) -> (&[u8], Vec<u8>) {
        let first = Elements::new(&self.routes).next().and_then(NameAddr::parse);
        let strict =
            first.filter(|f| matches!(Uri::parse(f.uri), Some(Uri::Sip(uri)) if !uri.is_loose()));
        let Some(strict) = strict else {
            return (&self.target, self.routes.to_vec());
        };
        let mut routes = joined(Elements::new(&self.routes).skip(1)).into_vec();
        if !routes.is_empty() {
            routes.extend_from_slice(b", ");
        }
        routes.push(b'<');
        routes.extend_from_slice(&self.target);
        routes.push(b'>');
        (strict.uri, routes)
    }
}

/// The URI of the first Contact, without the headers that must not be in a Request-URI.
fn target(msg: &Msg) -> Option<Box<[u8]>> {
    let Contacts::List(mut list) = msg.contacts() else {
        return None;
    };
    match list.next()?.uri {
        Uri::Sip(uri) => Some(uri.without_headers().into()),
        Uri::Tel(_) | Uri::Other { .. } => None,
    }
}

fn joined<'a>(items: impl Iterator<Item = &'a [u8]>) -> Box<[u8]> {
    let mut out = Vec::new();
    for item in items {
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(item);
    }
    out.into()
}

/// Value of a Contact of ours towards `peer`: our address that faces it, with port and transport.
pub(crate) fn contact(layer: &Layer, peer: &Peer, user: &Tag) -> String {
    let flow = layer.flows().get(peer.flow);
    let port = flow.map_or(5060, |f| f.local.port());
    let transport = flow.map(|f| crate::msg::Transport::from(f.transport));
    let host = std::net::SocketAddr::new(peer.local.to_canonical(), port);
    let user = user.as_str();
    match transport {
        Some(t) if t.is_reliable() => format!("<sip:{user}@{host};transport={}>", t.param()),
        Some(_) | None => format!("<sip:{user}@{host}>"),
    }
}
