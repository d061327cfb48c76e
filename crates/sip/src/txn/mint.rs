//! Ids that we put on the wire; each begins with our place (sip.md §11).

use base::{Place, Rng};

/// A Via branch: `z9hG4bK` + place + 13 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch([u8; 24]);

/// A From or To tag, or a Contact user: place + 13 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag([u8; 17]);

/// A Call-ID of ours: place + 16 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCallId([u8; 20]);

macro_rules! text {
    ($name:ident) => {
        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl $name {
            /// The characters.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }
    };
}

text!(Branch);
text!(Tag);
text!(NewCallId);

impl Branch {
    /// The 64 random bits of a branch that we may have minted; the place in it is not looked at.
    pub(super) fn noise(text: &[u8]) -> Option<u64> {
        let noise = text.get(11..).filter(|t| t.len() == 13)?;
        base::place::parse_base32(noise).map(|n| n as u64)
    }
}

/// The generator of one place.
pub struct Mint {
    place: Place,
    rng: Rng,
}

impl Mint {
    /// A mint of `place`; unguessable while the seed of `rng` is secret.
    pub fn new(place: Place, rng: Rng) -> Self {
        Mint { place, rng }
    }

    /// Where.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Forgets the shard of its place.
    #[cfg(feature = "planted")]
    pub(crate) fn misplace(&mut self) {
        self.place = Place::new(self.place.node(), 0);
    }

    /// A new Via branch.
    pub fn branch(&mut self) -> Branch {
        let mut text = *b"z9hG4bK00000000000000000";
        self.fill(&mut text[7..]);
        Branch(text)
    }

    /// A new tag.
    pub fn tag(&mut self) -> Tag {
        let mut text = [0; 17];
        self.fill(&mut text);
        Tag(text)
    }

    /// The tag of our place whose other characters say `value`.
    pub(super) fn tag_with(&self, value: u64) -> Tag {
        let mut text = [0; 17];
        let (head, tail) = text.split_at_mut(Place::TEXT_LEN);
        head.copy_from_slice(&self.place.text());
        base::place::write_base32(u128::from(value), tail);
        Tag(text)
    }

    /// A new Call-ID.
    pub fn call_id(&mut self) -> NewCallId {
        let mut text = [0; 20];
        self.fill(&mut text);
        NewCallId(text)
    }

    /// The generator, for jitter and sequence numbers.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    fn fill(&mut self, text: &mut [u8]) {
        let (head, tail) = text.split_at_mut(Place::TEXT_LEN);
        head.copy_from_slice(&self.place.text());
        self.rng.fill_base32(tail);
    }
}
