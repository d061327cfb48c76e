//! Two packets of patience: where tones in the audio shall not be heard, the audio waits 40 ms,
//! so that a tone is known before its beginning is sent (media design §10.1, `Drop` 3).

use crate::relay::{Rule, Taken};
use crate::thread::DATAGRAM_MAX;

/// Packets held back.
const HELD: usize = 2;

/// Largest packet held: 40 ms of G.711 and a header with extension. Larger ones do not wait.
const PACKET_MAX: usize = 400;

/// The line of one leg.
pub(crate) struct DelayLine {
    slots: [Slot; HELD],
    next: usize,
}

struct Slot {
    bytes: [u8; PACKET_MAX],
    taken: Option<Taken>,
}

impl Default for DelayLine {
    fn default() -> Self {
        let empty = || Slot { bytes: [0; PACKET_MAX], taken: None };
        Self { slots: [empty(), empty()], next: 0 }
    }
}

impl DelayLine {
    /// Puts the packet at the front of `buffer` into the line and the one that has waited longest
    /// in its place; `None` while the line fills. A tone silences all that wait.
    pub(crate) fn pass(&mut self, buffer: &mut [u8; DATAGRAM_MAX], taken: Taken) -> Option<Taken> {
        if taken.len > PACKET_MAX {
            return Some(taken);
        }
        if taken.rule == Rule::Hush {
            let waiting = self.slots.iter_mut().filter_map(|slot| slot.taken.as_mut());
            waiting.for_each(|t| t.rule = Rule::Hush);
        }
        let slot = self.slots.get_mut(self.next)?;
        self.next = (self.next + 1) % HELD;
        slot.bytes.swap_with_slice(buffer.first_chunk_mut::<PACKET_MAX>()?);
        // What is told of a packet was told when it came.
        slot.taken.replace(Taken { latched: None, ..taken })
    }
}
