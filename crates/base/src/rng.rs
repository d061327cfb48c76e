//! The only source of randomness in pure code: a cryptographic generator made from a seed.

use sha2::{Digest, Sha256};

use crate::place::write_base32;

/// Seeded generator: SHA-256 over key and counter, 32 bytes a block.
///
/// Unguessable on the wire while the seed is secret, and repeatable in a replay.
#[derive(Clone)]
pub struct Rng {
    key: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Rng {
    /// A generator for `seed`; equal seeds give equal streams.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Rng { key: seed, counter: 0, block: [0; 32], used: 32 }
    }

    /// An independent generator for the purpose `label`, without using up this one.
    pub fn derive(&self, label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(b"derive");
        hash.update(label.as_bytes());
        Rng::from_seed(hash.finalize().into())
    }

    /// Fills `out`.
    pub fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.used == self.block.len() {
                let mut hash = Sha256::new();
                hash.update(self.key);
                hash.update(self.counter.to_le_bytes());
                self.block = hash.finalize().into();
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block.get(self.used).copied().unwrap_or_default();
            self.used += 1;
        }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of a 64-bit product is below 2⁻³² for every bound in use.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability `numerator` / `denominator`.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// `out.len()` base-32 characters.
    pub fn fill_base32(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(13) {
            let low = u128::from(self.next_u64());
            write_base32((low << 1) ^ (low >> 60), chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_repeat_and_labels_part() {
        let (mut a, mut b) = (Rng::from_seed([1; 32]), Rng::from_seed([1; 32]));
        assert_eq!(a.next_u64(), b.next_u64());
        assert_ne!(a.derive("x").next_u64(), a.derive("y").next_u64());
    }

    #[test]
    fn below_reaches_every_value_and_no_other() {
        let mut rng = Rng::from_seed([2; 32]);
        let mut seen = [0u32; 7];
        for _ in 0..7_000 {
            seen[rng.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (700..1_300).contains(n)), "{seen:?}");
    }
}
