//! Which terminals listen to a page, so that another call takes them out of it (R279).

use base::id::DeviceId;
use base::{Rng, Table};

/// The terminals in pages.
pub(crate) struct Pages {
    seats: Table<DeviceId, Seat>,
    /// Terminals that have got a call, with the slot of the page that they leave.
    leaving: Vec<(DeviceId, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Seat {
    /// Of the paging call.
    slot: u32,
    emergency: bool,
    /// A terminal may have several contacts.
    legs: u16,
}

impl Pages {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Pages { seats: Table::new(rng), leaving: Vec::new() }
    }

    /// Whether the terminal is in a page, and in one for an emergency.
    pub(crate) fn of(&self, device: DeviceId) -> Option<bool> {
        self.seats.get(&device).map(|seat| seat.emergency)
    }

    /// A leg to the terminal begins; false when the terminal is in another page.
    pub(crate) fn enter(&mut self, device: DeviceId, slot: u32, emergency: bool) -> bool {
        let seat = self.seats.get_or_insert_with(device, || Seat { slot, emergency, legs: 0 });
        if seat.slot != slot {
            return false;
        }
        seat.legs = seat.legs.saturating_add(1);
        true
    }

    /// A leg to the terminal has ended.
    pub(crate) fn leave(&mut self, device: DeviceId, slot: u32) {
        let Some(seat) = self.seats.get_mut(&device).filter(|seat| seat.slot == slot) else {
            return;
        };
        seat.legs = seat.legs.saturating_sub(1);
        if seat.legs == 0 {
            self.seats.remove(&device);
        }
    }

    /// The terminal has got a call, or makes one.
    pub(crate) fn call_away(&mut self, device: DeviceId) {
        if let Some(seat) = self.seats.get(&device) {
            self.leaving.push((device, seat.slot));
        }
    }

    /// One terminal that has to be taken out of its page.
    pub(crate) fn next_leaving(&mut self) -> Option<(DeviceId, u32)> {
        self.leaving.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.leaving.is_empty()
    }
}
