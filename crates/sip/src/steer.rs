//! Which shard a message belongs to, found without reading the whole of it (sip.md §11).
//!
//! | Message | Goes to |
//! |---|---|
//! | response | the place in our branch, top Via |
//! | request with a To tag of ours | the place in the tag |
//! | REGISTER, PUBLISH, SUBSCRIBE outside of a dialog | keyed hash of the user in To |
//! | other requests | the place in a Contact user of ours, else keyed hash of the Call-ID |
//!
//! An ACK to a refusal has our tag, and a CANCEL has the Call-ID and Request-URI of its INVITE, so
//! both reach the shard of their transaction. A place that is not on this node, or whatever
//! cannot be read, is steered by hash: the shard then answers as for any stranger.

use std::hash::Hasher as _;

use base::{Place, Rng};
use memchr::memchr;
use siphasher::sip::SipHasher13;

use crate::msg::HeaderId;
use crate::msg::name_addr::NameAddr;
use crate::msg::uri::Uri;
use crate::msg::via::{MAGIC_COOKIE, Via};

/// Length of a tag or Contact user that we minted.
const MINTED: usize = 17;

/// Header lines that are looked at.
const LINES_MAX: usize = base::limits::SIP_HEADERS_MAX;

/// The shards of a node.
#[derive(Debug, Clone, Copy)]
pub struct Shards {
    node: u16,
    count: u8,
    key: (u64, u64),
}

impl Shards {
    /// `count` shards (at least 1) of node `node`; the hash key comes from `rng`, which must be
    /// the same wherever messages of this node are steered.
    pub fn new(node: u16, count: u8, rng: &mut Rng) -> Self {
        Shards { node, count: count.max(1), key: (rng.next_u64(), rng.next_u64()) }
    }

    /// How many.
    pub fn count(&self) -> u8 {
        self.count
    }

    fn ours(&self, minted: &[u8]) -> Option<Place> {
        Place::parse(minted).filter(|p| p.node() == self.node && p.shard() < self.count)
    }

    fn hashed(&self, text: &[u8]) -> Place {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write(text);
        let shard = hasher.finish() % u64::from(self.count);
        Place::new(self.node, u8::try_from(shard).unwrap_or(0))
    }
}

/// The place that deals with a message as received.
pub fn place(bytes: &[u8], shards: &Shards) -> Place {
    if shards.count == 1 {
        return Place::new(shards.node, 0);
    }
    let peek = Peek::of(bytes);
    let found = if peek.is_response { peek.by_branch(shards) } else { peek.by_request(shards) };
    found.unwrap_or_else(|| shards.hashed(peek.call_id))
}

/// The few lines that steering needs; empty when absent.
#[derive(Default)]
struct Peek<'a> {
    is_response: bool,
    method: &'a [u8],
    uri: &'a [u8],
    via: &'a [u8],
    to: &'a [u8],
    call_id: &'a [u8],
}

impl<'a> Peek<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n' | 0));
        let mut rest = bytes.get(start.unwrap_or(bytes.len())..).unwrap_or_default();
        let mut peek = Peek::default();
        let mut words = line(&mut rest).split(|b| *b == b' ');
        peek.method = words.next().unwrap_or_default();
        peek.uri = words.next().unwrap_or_default();
        peek.is_response = peek.method.get(..4).is_some_and(|m| m.eq_ignore_ascii_case(b"SIP/"));
        for _ in 0..LINES_MAX {
            let header = line(&mut rest);
            if header.is_empty() {
                break;
            }
            let Some(colon) = memchr(b':', header) else {
                continue;
            };
            let (name, value) = header.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            let slot = match HeaderId::of(name.trim_ascii()) {
                HeaderId::Via => &mut peek.via,
                HeaderId::To => &mut peek.to,
                HeaderId::CallId => &mut peek.call_id,
                _ => continue,
            };
            if slot.is_empty() {
                *slot = value;
            }
        }
        peek
    }

    fn by_branch(&self, shards: &Shards) -> Option<Place> {
        let top = crate::msg::Elements::new(self.via).next()?;
        let branch = Via::parse(top)?.branch()?;
        shards.ours(branch.get(MAGIC_COOKIE.len()..)?)
    }

    fn by_request(&self, shards: &Shards) -> Option<Place> {
        let to = NameAddr::parse(self.to)?;
        let by_user = || {
            let uri = Uri::parse(to.uri)?;
            Some(shards.hashed(&uri.user()?.to_ascii_lowercase()))
        };
        match (to.tag(), self.method) {
            (_, b"REGISTER" | b"PUBLISH") | (None, b"SUBSCRIBE") => by_user(),
            (Some(tag), _) => shards.ours(tag).filter(|_| tag.len() == MINTED),
            (None, _) => {
                let uri = Uri::parse(self.uri)?;
                let user = uri.user().filter(|u| u.len() == MINTED)?;
                shards.ours(&user)
            }
        }
    }
}

/// Cuts the first line off, without its end.
fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let text = *rest;
    let end = memchr(b'\n', text).unwrap_or(text.len());
    *rest = text.get(end + 1..).unwrap_or_default();
    text.get(..end).unwrap_or_default().trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use base::{Place, Rng};
    use proptest::prelude::*;

    use super::{Shards, place};
    use crate::txn::Mint;

    fn message(start: &str, via: &str, to: &str, call_id: &str) -> Vec<u8> {
        format!("{start}\r\nv: {via}\r\nFrom: <sip:a@b>;tag=1\r\nt: {to}\r\ni: {call_id}\r\n\r\n")
            .into_bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Whatever a shard has minted comes back to it.
        #[test]
        fn what_a_shard_minted_returns_to_it(
            node in 0..4_096u16, count in 1..=8u8, shard in 0..8u8, seed in any::<u8>()
        ) {
            let shards = Shards::new(node, count, &mut Rng::from_seed([1; 32]));
            let home = Place::new(node, shard % count);
            let mut mint = Mint::new(home, Rng::from_seed([seed; 32]));
            let (branch, tag) = (mint.branch(), mint.tag());
            let via = format!("SIP/2.0/UDP 192.0.2.1:5060;rport=5;branch={}", branch.as_str());
            let response = message("SIP/2.0 200 OK", &via, "<sip:a@b>;tag=x", "c");
            prop_assert_eq!(place(&response, &shards), home);
            let tagged = format!("\"A\" <sip:a@b>;tag={}", tag.as_str());
            for method in ["ACK", "BYE", "INVITE", "SUBSCRIBE"] {
                let start = format!("{method} sip:x@y SIP/2.0");
                let request = message(&start, "SIP/2.0/UDP h;branch=z9hG4bK1", &tagged, "c");
                prop_assert_eq!(place(&request, &shards), home);
            }
            let start = format!("REFER sip:{}@192.0.2.1 SIP/2.0", tag.as_str());
            let request = message(&start, "SIP/2.0/UDP h;branch=z9hG4bK1", "<sip:a@b>", "c");
            prop_assert_eq!(place(&request, &shards), home);
        }

        /// A call's first request and its CANCEL meet, as do all REGISTERs of a phone.
        #[test]
        fn strangers_go_where_their_transaction_is(count in 1..=8u8, call in "[a-z0-9@.]{1,30}") {
            let shards = Shards::new(0, count, &mut Rng::from_seed([1; 32]));
            let via = "SIP/2.0/UDP h;branch=z9hG4bK1";
            let invite = message("INVITE sip:2001@h SIP/2.0", via, "<sip:2001@h>", &call);
            let cancel = message("CANCEL sip:2001@h SIP/2.0", via, "<sip:2001@h>", &call);
            prop_assert_eq!(place(&invite, &shards), place(&cancel, &shards));
            let one = message("REGISTER sip:h SIP/2.0", via, "<sip:Tanaka@h>", &call);
            let two = message("REGISTER sip:h SIP/2.0", via, "<sip:tanaka@192.0.2.1>", "other");
            prop_assert_eq!(place(&one, &shards), place(&two, &shards));
        }

        #[test]
        fn rubbish_is_steered_somewhere(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let shards = Shards::new(0, 3, &mut Rng::from_seed([1; 32]));
            prop_assert!(place(&bytes, &shards).shard() < 3);
        }
    }

    #[test]
    fn calls_are_spread_and_one_shard_is_always_0() {
        let spread = |count| {
            let shards = Shards::new(0, count, &mut Rng::from_seed([1; 32]));
            let mut seen = [0u32; 8];
            for n in 0..800 {
                let id = format!("call-{n}");
                let invite = message("INVITE sip:1@h SIP/2.0", "SIP/2.0/UDP h", "<sip:1@h>", &id);
                seen[usize::from(place(&invite, &shards).shard())] += 1;
            }
            seen
        };
        assert_eq!(spread(1)[0], 800);
        assert!(spread(8).iter().all(|n| (60..140).contains(n)), "{:?}", spread(8));
    }
}
