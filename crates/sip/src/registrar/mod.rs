//! Bindings of devices (RFC 3261 §10, RFC 3327, RFC 5626; parameters of RFC 5627 are accepted).
//!
//! A binding belongs to a device, however the request wrote its domain. It is identified by
//! `+sip.instance` and `reg-id`, else by its Contact URI, and it stores the flow that it came by:
//! requests go there and never to an address that is looked up. All look-ups are by device, source
//! or flow; expiry and keep-alive run on the stack's wheel.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use base::event::Kind;
use base::id::DeviceId;
use base::{FlowId, Mono, Now, Rng, Slots, Table, Wall};
use smallvec::SmallVec;

use crate::stack::{Config, Output, Registration, Transport};
use crate::txn::Layer;

mod answer;
mod expiry;
mod follow;
mod key;
mod register;

#[cfg(test)]
mod tests;

pub(crate) use register::{Refusal, Register};

/// One registered contact; minted by the stack, unique in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u64);

/// One registered contact with all that a request to it needs (durable form).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Whose.
    pub device: DeviceId,
    /// `+sip.instance` and `reg-id` (RFC 5626), or the normalised Contact URI: identity within
    /// the device. At most 256 bytes.
    pub key: Box<[u8]>,
    /// Contact URI as sent, without header parameters.
    pub contact: Box<[u8]>,
    /// Path header values in order, comma-joined (RFC 3327); usually empty.
    pub path: Box<[u8]>,
    /// Call-ID of the REGISTER.
    pub call_id: Box<[u8]>,
    /// CSeq of the REGISTER.
    pub cseq: u32,
    /// When the binding ends.
    pub expires_at: Wall,
    /// q value in thousandths, 0–1000.
    pub q: u16,
    /// By which flow; of the process, not valid after a restart for streams.
    pub flow: FlowId,
    /// Source address of the REGISTER: where requests go.
    pub source: SocketAddr,
    /// Our address that faces it.
    pub local: IpAddr,
    /// Transport of the flow.
    pub transport: Transport,
    /// User-Agent, at most 64 bytes of UTF-8 (R213).
    pub agent: Box<str>,
}

impl Binding {
    /// Whether requests go elsewhere than the Contact says: its phone is behind NAT. The port of a
    /// stream says nothing: a phone dials from another one than it listens on.
    pub fn is_behind_nat(&self) -> bool {
        match self.transport {
            Transport::Udp => key::is_behind_nat(&self.contact, self.source),
            Transport::Tcp | Transport::Tls => !key::names_host(&self.contact, self.source.ip()),
        }
    }
}

/// A change of the bindings, to be made durable before the REGISTER is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingChange {
    /// Made or refreshed.
    Put(Box<Binding>),
    /// Removed by the phone, expired, or its device forgotten.
    Remove {
        /// Whose.
        device: DeviceId,
        /// Identity within the device.
        key: Box<[u8]>,
    },
}

/// The surroundings of one call into the [`Registrar`].
pub(crate) struct Io<'a> {
    /// The time of the input.
    pub(crate) now: Now,
    /// Timers, flows and the generator.
    pub(crate) layer: &'a mut Layer,
    /// Settings of the stack.
    pub(crate) config: &'a Config,
    /// Where changes go, before the answer.
    pub(crate) out: &'a mut Vec<Output>,
}

/// All bindings of a place.
pub(crate) struct Registrar {
    slots: Slots<Slot>,
    generation: u32,
    devices: Table<DeviceId, SmallVec<[u32; 2]>>,
    /// How many bindings came by a flow from an address.
    sources: Table<(FlowId, SocketAddr), u32>,
    on_streams: BTreeSet<(FlowId, u32)>,
}

struct Slot {
    binding: Binding,
    /// Makes the [`ContactId`] unique.
    generation: u32,
    /// Generation of the expiry timer that counts.
    timer: u32,
    due: Mono,
    /// When that timer fires; never later than `due`.
    armed: Mono,
    /// A keep-alive timer runs.
    pinging: bool,
    unreachable: bool,
}

impl Registrar {
    pub(crate) fn new(rng: &Rng) -> Self {
        let mut rng = rng.derive("registrar");
        Registrar {
            slots: Slots::new(),
            generation: 0,
            devices: Table::new(&mut rng),
            sources: Table::new(&mut rng),
            on_streams: BTreeSet::new(),
        }
    }

    /// Number of bindings.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Every binding, those of a device oldest first.
    pub(crate) fn all(&self) -> Vec<&Binding> {
        let mut slots: Vec<&Slot> = self.slots.iter().map(|(_, slot)| slot).collect();
        slots.sort_unstable_by_key(|slot| slot.generation);
        slots.into_iter().map(|slot| &slot.binding).collect()
    }

    /// The bindings of a device, oldest first.
    pub(crate) fn contacts(
        &self,
        device: DeviceId,
    ) -> impl Iterator<Item = (ContactId, &Binding)> + use<'_> {
        self.slots_of(device).map(|(index, slot)| (slot.id(index), &slot.binding))
    }

    /// The bindings of a device as portals show them.
    pub(crate) fn registrations(
        &self,
        device: DeviceId,
    ) -> impl Iterator<Item = Registration> + use<'_> {
        self.slots_of(device).map(|(_, slot)| Registration {
            device: slot.binding.device,
            agent: slot.binding.agent.to_string(),
            source: slot.binding.source,
            transport: slot.binding.transport,
            expires_at: slot.binding.expires_at,
            unreachable: slot.unreachable,
        })
    }

    /// One binding; `None` when it has ended.
    pub(crate) fn binding(&self, contact: ContactId) -> Option<&Binding> {
        let slot = self.slots.get(contact.index())?;
        (slot.id(contact.index() as u32) == contact).then_some(&slot.binding)
    }

    /// Marks a contact whose phone did not answer, or takes the mark off (R062).
    pub(crate) fn mark(&mut self, contact: ContactId, unreachable: bool) {
        if let Some(slot) = self.slots.get_mut(contact.index())
            && slot.id(contact.index() as u32) == contact
        {
            slot.unreachable = unreachable;
        }
    }

    /// A request of the device came by this flow from this address: it lives.
    pub(crate) fn heard(&mut self, device: DeviceId, flow: FlowId, source: SocketAddr) {
        for index in self.devices.get(&device).map(SmallVec::as_slice).unwrap_or_default() {
            if let Some(slot) = self.slots.get_mut(*index as usize)
                && slot.binding.flow == flow
                && slot.binding.source == source
            {
                slot.unreachable = false;
            }
        }
    }

    /// Whether a binding came by this flow from this address.
    pub(crate) fn knows(&self, flow: FlowId, source: SocketAddr) -> bool {
        self.sources.contains_key(&(flow, source))
    }

    /// A device was deleted or its user stopped: its bindings end now.
    pub(crate) fn forget(&mut self, device: DeviceId, out: &mut Vec<Output>) {
        for index in self.devices.get(&device).cloned().unwrap_or_default() {
            self.remove(index, out);
        }
    }

    /// A connection is gone: what was registered by it cannot be reached any more.
    pub(crate) fn flow_closed(&mut self, flow: FlowId, out: &mut Vec<Output>) {
        let range = (flow, 0)..=(flow, u32::MAX);
        let indices: Vec<u32> = self.on_streams.range(range).map(|(_, index)| *index).collect();
        for index in indices {
            self.remove(index, out);
        }
    }

    fn slots_of(&self, device: DeviceId) -> impl Iterator<Item = (u32, &Slot)> + use<'_> {
        let indices = self.devices.get(&device).map(SmallVec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|index| Some((*index, self.slots.get(*index as usize)?)))
    }

    fn insert(&mut self, binding: Binding) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        let device = binding.device;
        let slot = Slot {
            binding,
            generation: self.generation,
            timer: 0,
            due: Mono(0),
            armed: Mono(0),
            pinging: false,
            unreachable: false,
        };
        let index = u32::try_from(self.slots.insert(slot)).unwrap_or(u32::MAX);
        self.devices.get_or_insert_with(device, SmallVec::new).push(index);
        self.link(index);
        index
    }

    /// Enters a slot in the look-ups by source and flow.
    fn link(&mut self, index: u32) {
        if let Some(slot) = self.slots.get(index as usize) {
            let Binding { flow, source, transport, .. } = slot.binding;
            *self.sources.get_or_insert_with((flow, source), || 0) += 1;
            if transport != Transport::Udp {
                self.on_streams.insert((flow, index));
            }
        }
    }

    fn unlink(&mut self, index: u32) {
        let Some(slot) = self.slots.get(index as usize) else {
            return;
        };
        let (flow, source) = (slot.binding.flow, slot.binding.source);
        self.on_streams.remove(&(flow, index));
        if let Some(count) = self.sources.get_mut(&(flow, source)) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&(flow, source));
            }
        }
    }

    fn remove(&mut self, index: u32, out: &mut Vec<Output>) {
        self.unlink(index);
        let Some(slot) = self.slots.remove(index as usize) else {
            return;
        };
        let Binding { device, key, .. } = slot.binding;
        if let Some(indices) = self.devices.get_mut(&device) {
            indices.retain(|i| *i != index);
            if indices.is_empty() {
                self.devices.remove(&device);
            }
        }
        out.push(Output::Binding(BindingChange::Remove { device, key }));
        out.push(Output::Event(Kind::Unregistered.into()));
    }
}

impl Slot {
    fn id(&self, index: u32) -> ContactId {
        ContactId(u64::from(self.generation) << 32 | u64::from(index))
    }
}

impl ContactId {
    fn index(self) -> usize {
        self.0 as u32 as usize
    }
}
