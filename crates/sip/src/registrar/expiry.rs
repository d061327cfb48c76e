//! Expiry, keep-alives to phones behind NAT, and bindings of an earlier process.

use base::Micros;
use base::limits::BINDINGS_MAX;
use bytes::Bytes;

use super::key::is_behind_nat;
use super::{Binding, BindingChange, Io, Registrar};
use crate::stack::{Output, Transport};
use crate::txn::TimerKey;

/// Kinds of [`TimerKey::Binding`].
const EXPIRE: u8 = 0;
const PING: u8 = 1;

/// How often a phone behind NAT gets a CRLF, so that the NAT keeps its entry (sip.md §7).
const PING_EVERY: Micros = Micros::seconds(25);

impl Registrar {
    /// Sets when a binding ends and starts its keep-alive. One expiry timer runs per binding; when
    /// it fires early because of refreshes, it is armed again.
    pub(super) fn arm(&mut self, index: u32, span: Micros, io: &mut Io<'_>) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        slot.due = io.now.mono + span;
        if slot.timer == 0 || slot.due < slot.armed {
            self.generation = self.generation.wrapping_add(1).max(1);
            slot.timer = self.generation;
            slot.armed = slot.due;
            let generation = slot.timer;
            io.layer.arm(slot.due, TimerKey::Binding { index, generation, kind: EXPIRE });
        }
        let Binding { transport, source, .. } = slot.binding;
        let natted = transport == Transport::Udp && is_behind_nat(&slot.binding.contact, source);
        if natted && !slot.pinging {
            slot.pinging = true;
            let generation = slot.generation;
            let next = io.now.mono + PING_EVERY;
            io.layer.arm(next, TimerKey::Binding { index, generation, kind: PING });
        }
    }

    /// A timer of [`TimerKey::Binding`] fired.
    pub(crate) fn fire(&mut self, (index, generation, kind): (u32, u32, u8), io: &mut Io<'_>) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        let now = io.now.mono;
        match kind {
            EXPIRE if slot.timer != generation => {}
            EXPIRE if slot.due <= now => self.remove(index, io.out),
            EXPIRE => {
                slot.armed = slot.due;
                io.layer.arm(slot.due, TimerKey::Binding { index, generation, kind });
            }
            PING if slot.generation == generation => {
                let Binding { flow, source, .. } = slot.binding;
                if !is_behind_nat(&slot.binding.contact, source) {
                    slot.pinging = false;
                    return;
                }
                let bytes = Bytes::from_static(b"\r\n\r\n");
                io.out.push(Output::Transmit { flow, to: source, bytes });
                io.layer.arm(now + PING_EVERY, TimerKey::Binding { index, generation, kind });
            }
            _ => {}
        }
    }

    /// Takes bindings of an earlier process or of a stack that was given up. Those that have
    /// expired, came by a connection that is not open, or whose device may not register any more
    /// (`is_active`) end instead.
    pub(crate) fn restore(
        &mut self,
        bindings: Vec<Binding>,
        is_active: impl Fn(base::id::DeviceId) -> bool,
        io: &mut Io<'_>,
    ) {
        for mut binding in bindings {
            let left = binding.expires_at.0 - io.now.wall.0;
            let flows = io.layer.flows();
            let flow = match binding.transport {
                Transport::Udp => flows.udp_for(binding.source, binding.local),
                transport => flows
                    .get(binding.flow)
                    .filter(|f| f.transport == transport && f.remote == binding.source)
                    .map(|_| binding.flow),
            };
            let usable = left > 0
                && is_active(binding.device)
                && self.slots_of(binding.device).count() < BINDINGS_MAX;
            let known =
                self.slots_of(binding.device).any(|(_, slot)| slot.binding.key == binding.key);
            match flow.filter(|_| usable) {
                _ if known => {}
                Some(flow) => {
                    binding.flow = flow;
                    let index = self.insert(binding);
                    self.arm(index, Micros(left.unsigned_abs() * 1_000), io);
                }
                None => {
                    let Binding { device, key, .. } = binding;
                    io.out.push(Output::Binding(BindingChange::Remove { device, key }));
                }
            }
        }
    }
}
