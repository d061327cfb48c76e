//! Two packets of patience: where tones in the audio shall not be heard, the audio waits 40 ms,
//! so that a tone is known before its beginning is sent (media design §10.1, `Drop` 3).

use crate::relay::{Rule, Taken};
use crate::thread::DATAGRAM_MAX;

/// Packets held back.
const HELD: usize = 2;

/// Largest packet held: 40 ms of G.711 and a header with extension. Larger ones do not wait.
const PACKET_MAX: usize = 400;

/// Most packets are no larger: 20 ms of G.711. A line of thousands lies in cold memory, so that
/// each octet that is not touched saves time.
const PACKET_USUAL: usize = 192;

/// The line of one leg.
pub(crate) struct DelayLine {
    slots: [Slot; HELD],
    next: usize,
}

#[repr(C)]
struct Slot {
    taken: Option<Taken>,
    bytes: [u8; PACKET_MAX],
}

impl Slot {
    /// Exchanges the packet for the one at the front of `buffer`.
    fn exchange(&mut self, buffer: &mut [u8; DATAGRAM_MAX], taken: Taken) -> Option<Taken> {
        let held = self.taken.map_or(0, |held| held.len);
        if taken.len.max(held) <= PACKET_USUAL {
            let usual = self.bytes.first_chunk_mut::<PACKET_USUAL>()?;
            usual.swap_with_slice(buffer.first_chunk_mut::<PACKET_USUAL>()?);
        } else {
            self.bytes.swap_with_slice(buffer.first_chunk_mut::<PACKET_MAX>()?);
        }
        // What is told of a packet was told when it came.
        self.taken.replace(Taken { latched: None, ..taken })
    }
}

impl Default for DelayLine {
    fn default() -> Self {
        let empty = || Slot { taken: None, bytes: [0; PACKET_MAX] };
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
        slot.exchange(buffer, taken)
    }
}
