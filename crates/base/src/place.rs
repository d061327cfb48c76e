//! Where a machine runs: node and shard, written into every id that we mint.

use std::fmt;

/// Digits of the base-32 form (Crockford's alphabet in lower case: no i, l, o, u).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 12 bits of node and 8 bits of shard; four base-32 characters on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place(u32);

impl Place {
    /// Characters of the written form.
    pub const TEXT_LEN: usize = 4;

    /// Place of shard `shard` on node `node`; only the low 12 bits of `node` count.
    pub const fn new(node: u16, shard: u8) -> Self {
        Place(((node as u32 & 0xfff) << 8) | shard as u32)
    }

    /// Number of the node, 0–4095.
    pub const fn node(self) -> u16 {
        (self.0 >> 8) as u16
    }

    /// Number of the shard on its node, 0–255.
    pub const fn shard(self) -> u8 {
        self.0 as u8
    }

    /// The 20 bits as a number.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// A place from its 20 bits; higher bits are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Place(bits & 0xf_ffff)
    }

    /// Four base-32 characters.
    pub fn text(self) -> [u8; Self::TEXT_LEN] {
        let mut out = [0; Self::TEXT_LEN];
        write_base32(u128::from(self.0), &mut out);
        out
    }

    /// Reads the first four characters of `text`; `None` when they are no place.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let value = parse_base32(text.get(..Self::TEXT_LEN)?)?;
        Some(Place(value as u32))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node(), self.shard())
    }
}

/// Writes the low bits of `value`, five to a character, filling `out` from its end.
pub fn write_base32(mut value: u128, out: &mut [u8]) {
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET.get((value & 31) as usize).copied().unwrap_or(b'0');
        value >>= 5;
    }
}

/// Reads base-32 text of at most 26 characters; case does not matter.
pub fn parse_base32(text: &[u8]) -> Option<u128> {
    if text.len() > 26 {
        return None;
    }
    text.iter().try_fold(0u128, |value, c| {
        let digit = ALPHABET.iter().position(|a| *a == c.to_ascii_lowercase())?;
        value.checked_mul(32).map(|v| v | digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_survives_its_written_form() {
        for bits in (0..1 << 20).step_by(331) {
            let place = Place::from_bits(bits);
            assert_eq!(Place::parse(&place.text()), Some(place));
        }
        assert_eq!(Place::parse(b"00u0"), None);
        assert_eq!(Place::parse(b"00"), None);
    }
}
