//! Ids. Those on the wire carry the place that minted them; durable ones are UUIDv7.

use std::fmt;

use crate::place::{Place, parse_base32, write_base32};
use crate::{Rng, Wall};

/// One side of a call: 20 bits of place, 44 bits of counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// A request of the node to its shell, or of an edge to the node; a counter of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReqId(pub u64);

/// The connection, or the UDP socket and source, that a message came by; a counter of the process.
///
/// UDP: the shell mints one per listening socket; the pair with the source address names the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

/// The conversation: 48 bits of wall milliseconds, 20 of minting place, 60 of generator.
///
/// Written as a ULID (26 characters, sorts by time). Constant through hold, transfer and park.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u128);

/// A durable id: UUIDv7 (RFC 9562 §5.7), so ids made later sort later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub u128);

impl LegId {
    /// The `counter`-th leg minted at `place`.
    pub const fn new(place: Place, counter: u64) -> Self {
        LegId(((place.bits() as u64) << 44) | (counter & ((1 << 44) - 1)))
    }

    /// Where the leg was minted.
    pub const fn place(self) -> Place {
        Place::from_bits((self.0 >> 44) as u32)
    }
}

impl CallId {
    /// Mints an id at `place`.
    pub fn mint(wall: Wall, place: Place, rng: &mut Rng) -> Self {
        let ms = (wall.0.max(0) as u128) & ((1 << 48) - 1);
        let noise = u128::from(rng.next_u64()) & ((1 << 60) - 1);
        CallId((ms << 80) | (u128::from(place.bits()) << 60) | noise)
    }

    /// Where the call was minted: where to look for it first.
    pub const fn place(self) -> Place {
        Place::from_bits((self.0 >> 60) as u32)
    }

    /// Reads the 26 characters.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 26).then(|| parse_base32(text.as_bytes()).map(CallId)).flatten()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 26];
        write_base32(self.0, &mut text);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Uuid {
    /// Mints a UUIDv7.
    pub fn mint(wall: Wall, rng: &mut Rng) -> Self {
        let ms = (wall.0.max(0) as u128) & ((1 << 48) - 1);
        let high = u128::from(rng.next_u64() & 0xfff);
        let low = u128::from(rng.next_u64() & ((1 << 62) - 1));
        Uuid((ms << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)
    }

    /// The 16 bytes, most significant first, as the database keeps them.
    pub const fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// An id from its 16 bytes; `None` when the length differs.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|b| Uuid(u128::from_be_bytes(b)))
    }

    /// Reads 32 hexadecimal digits with or without hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok().map(Uuid)).flatten()
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.0;
        let node = v & ((1 << 48) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{node:012x}",
            v >> 96,
            (v >> 80) & 0xffff,
            (v >> 64) & 0xffff,
            (v >> 48) & 0xffff
        )
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes newtypes over [`Uuid`], one for each durable noun.
macro_rules! durable {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

durable! {
    /// 契約企業: the company.
    TenantId,
    /// 拠点: where the access line's router stands.
    SiteId,
    /// ユーザ: a person.
    UserId,
    /// アカウント: a terminal with SIP credentials.
    DeviceId,
    /// Someone who may sign in to the administrator portal.
    AdminId,
    /// 仮想内線番号プロフィール: an extension number without a terminal.
    VirtualDnId,
    /// 所属: people who share a number.
    DepartmentId,
    /// VoIP-GW or SIP-GW at a site.
    GatewayId,
    /// One finished call or attempt in the history.
    RecordId,
    /// A bearer token of the API.
    ApiTokenId,
    /// A sound that a company has uploaded.
    SoundId,
    /// A line (TrunkNumber).
    LineId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_place_and_sort_by_time() {
        let mut rng = Rng::from_seed([7; 32]);
        let place = Place::new(0xabc, 3);
        assert_eq!(LegId::new(place, 99).place(), place);
        let first = CallId::mint(Wall(1_000), place, &mut rng);
        let later = CallId::mint(Wall(1_001), Place::new(0, 0), &mut rng);
        assert_eq!(first.place(), place);
        assert!(first.to_string() < later.to_string());
        assert_eq!(CallId::parse(&first.to_string()), Some(first));
    }

    #[test]
    fn uuids_are_version_7_and_round_trip() {
        let mut rng = Rng::from_seed([1; 32]);
        let id = Uuid::mint(Wall(1_750_000_000_000), &mut rng);
        let text = id.to_string();
        assert_eq!((text.len(), &text[14..15]), (36, "7"));
        assert!("89ab".contains(&text[19..20]));
        assert_eq!(Uuid::parse(&text), Some(id));
        assert_eq!(Uuid::from_bytes(&id.bytes()), Some(id));
    }
}
