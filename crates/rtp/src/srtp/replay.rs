//! Packet index and replay window of one source (RFC 3711 §3.3.1, §3.3.2).

/// Highest index seen and the 128 below it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    highest: u64,
    /// Bit n = index `highest − n` was seen.
    seen: u128,
}

/// Packet indices have 48 bits.
const INDEX_MAX: u64 = (1 << 48) - 1;

impl Window {
    /// Rollover counter 0, nothing seen; the first packet has this sequence number.
    pub(super) fn starting_at(sequence: u16) -> Self {
        Self { highest: u64::from(sequence), seen: 0 }
    }

    /// The index that a packet with this sequence number most likely has.
    pub(super) fn estimate(&self, sequence: u16) -> Option<u64> {
        let step = sequence.wrapping_sub(self.highest as u16).cast_signed();
        let index = self.highest.checked_add_signed(i64::from(step))?;
        (index <= INDEX_MAX).then_some(index)
    }

    /// Whether the index was seen, or is too old to know.
    pub(super) fn has(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            Some(age @ 0..=127) => self.seen >> age & 1 == 1,
            Some(_) => true,
            None => false,
        }
    }

    /// Notes the index as seen.
    pub(super) fn mark(&mut self, index: u64) {
        if index > self.highest {
            let step = index - self.highest;
            self.seen = if step < 128 { self.seen << step } else { 0 };
            self.highest = index;
        }
        let age = self.highest - index;
        if age < 128 {
            self.seen |= 1 << age;
        }
    }
}
