//! Keys of server transactions (RFC 3261 §17.2.3): keyed 128-bit hashes, so that neither chance
//! nor a flood can make two of them equal.

use std::hash::Hasher as _;
use std::num::NonZeroU64;

use base::Rng;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::msg::cseq::CSeq;
use crate::msg::name_addr::NameAddr;
use crate::msg::via::Via;
use crate::msg::{HeaderId, Method, Msg};

/// What identifies an arriving request; computed once per message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// Of the transaction that the message belongs to; CANCEL and ACK have that of their INVITE.
    pub(super) invite: u128,
    /// Of the message's own transaction; for CANCEL another one than `invite`.
    pub(super) own: u128,
    /// Of requests outside of dialogs: From tag, Call-ID, CSeq (RFC 3261 §8.2.2.2).
    pub(super) merge: Option<NonZeroU64>,
    /// Method of the message.
    pub(super) method: Method,
}

/// The secret of the hashes.
#[derive(Clone, Copy)]
pub(super) struct Hasher {
    key: (u64, u64),
}

impl Hasher {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Hasher { key: (rng.next_u64(), rng.next_u64()) }
    }

    /// The key of a request; `None` when one of its mandatory headers cannot be read.
    pub(super) fn key(&self, msg: &Msg) -> Option<RequestKey> {
        let method = msg.method()?;
        let top = msg.items(HeaderId::Via).next()?;
        let via = Via::parse(top)?;
        let cseq = CSeq::parse(msg.value(HeaderId::CSeq)?)?;
        let call_id = msg.value(HeaderId::CallId)?;
        let from_tag = tag(msg, HeaderId::From)?.unwrap_or_default();
        let number = cseq.number.to_be_bytes();
        let hash = |name: &str| match via.branch() {
            Some(branch) if via.has_cookie() => {
                self.hash(b"3261", &[branch, via.sent_by(), name.as_bytes()])
            }
            // Clients of RFC 2543: the To tag is left out, because the ACK has the one of our
            // answer; a re-INVITE differs by its CSeq.
            Some(_) | None => self.hash(
                b"2543",
                &[msg.request_uri(), from_tag, call_id, &number, top, name.as_bytes()],
            ),
        };
        let invite = hash("INVITE");
        let own = match method {
            Method::Invite | Method::Ack => invite,
            Method::Other => hash(std::str::from_utf8(cseq.token).unwrap_or("?")),
            _ => hash(method.name()),
        };
        let is_outside = tag(msg, HeaderId::To)?.is_none();
        let can_merge = is_outside && !matches!(method, Method::Ack | Method::Cancel);
        let same = || self.hash(b"same", &[from_tag, call_id, &number, method.name().as_bytes()]);
        let merge = can_merge.then(same).and_then(|hash| NonZeroU64::new(hash as u64));
        Some(RequestKey { invite, own, merge, method })
    }

    /// A tag for an answer without transaction: a repetition gets the same one.
    pub(super) fn tag_of(&self, msg: &Msg) -> u64 {
        let via = msg.items(HeaderId::Via).next().unwrap_or_default();
        let parts = [HeaderId::CallId, HeaderId::From, HeaderId::CSeq];
        let [call_id, from, cseq] = parts.map(|id| msg.value(id).unwrap_or_default());
        self.hash(b"tag", &[via, call_id, from, cseq]) as u64
    }

    fn hash(&self, kind: &[u8], parts: &[&[u8]]) -> u128 {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write(kind);
        for part in parts {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }
}

/// The tag of From or To; the outer `None` means that the header cannot be read.
fn tag(msg: &Msg, id: HeaderId) -> Option<Option<&[u8]>> {
    Some(NameAddr::parse(msg.value(id)?)?.tag())
}
