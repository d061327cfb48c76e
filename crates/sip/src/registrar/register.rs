//! REGISTER (RFC 3261 §10.3): all of it is judged first, then all of it is done.

use base::event::Kind;
use base::id::DeviceId;
use base::limits::BINDINGS_MAX;
use base::{Micros, Wall};

use super::key::{is_behind_nat, is_same, new_key};
use super::{Binding, BindingChange, Io, Registrar};
use crate::msg::contact::{ContactUri, Contacts};
use crate::msg::{HeaderId, Msg};
use crate::stack::{Output, Transport};
use crate::txn::Peer;

/// Bytes of one binding: what its phone may make us keep.
const BINDING_BYTES_MAX: usize = 1_024;

/// Bytes of a User-Agent that are kept (R213).
const AGENT_MAX: usize = 64;

/// Why a REGISTER changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: a contact that cannot be read or kept, or `*` with anything but `Expires: 0`.
    Malformed,
    /// 403: more than 10 bindings.
    TooMany,
    /// 423 with Min-Expires.
    TooBrief,
    /// 500: CSeq did not rise within its Call-ID.
    OutOfOrder,
}

impl Refusal {
    /// The status code.
    pub(crate) fn status(self) -> u16 {
        match self {
            Refusal::Malformed => 400,
            Refusal::TooMany => 403,
            Refusal::TooBrief => 423,
            Refusal::OutOfOrder => 500,
        }
    }
}

/// The REGISTER of an authenticated device.
#[derive(Clone, Copy)]
pub(crate) struct Register<'a> {
    /// The request.
    pub(crate) msg: &'a Msg,
    /// Whose.
    pub(crate) device: DeviceId,
    /// Where it came from.
    pub(crate) peer: Peer,
    /// How.
    pub(crate) transport: Transport,
}

/// What becomes of one contact.
struct Step<'a> {
    contact: ContactUri<'a>,
    /// The binding that it names.
    slot: Option<u32>,
    /// Seconds granted; 0 removes.
    granted: u32,
}

impl Registrar {
    /// Applies a REGISTER. A request without Contact changes nothing and is a query.
    pub(crate) fn register(
        &mut self,
        register: Register<'_>,
        io: &mut Io<'_>,
    ) -> Result<(), Refusal> {
        match register.msg.contacts() {
            Contacts::None => Ok(()),
            Contacts::Malformed => Err(Refusal::Malformed),
            Contacts::All => self.remove_all(register, io),
            Contacts::List(list) => {
                let steps = self.plan(register, list, io)?;
                self.apply(register, steps, io);
                Ok(())
            }
        }
    }

    fn remove_all(&mut self, register: Register<'_>, io: &mut Io<'_>) -> Result<(), Refusal> {
        if register.msg.expires() != Some(0) {
            return Err(Refusal::Malformed);
        }
        if self.slots_of(register.device).any(|(_, s)| is_out_of_order(&s.binding, register.msg)) {
            return Err(Refusal::OutOfOrder);
        }
        self.forget(register.device, io.out);
        Ok(())
    }

    fn plan<'m>(
        &self,
        register: Register<'_>,
        contacts: impl Iterator<Item = ContactUri<'m>>,
        io: &mut Io<'_>,
    ) -> Result<Vec<Step<'m>>, Refusal> {
        let mut steps: Vec<Step<'m>> = Vec::with_capacity(1);
        for contact in contacts {
            let slot = self.find(register.device, &contact);
            let binding = slot.and_then(|i| self.slots.get(i as usize)).map(|s| &s.binding);
            if binding.is_some_and(|b| is_out_of_order(b, register.msg)) {
                return Err(Refusal::OutOfOrder);
            }
            let granted = grant(register, &contact, io)?;
            if granted > 0 && contact.uri.sip().is_none() {
                return Err(Refusal::Malformed);
            }
            // A phone that moved names its old contact with 0 beside the new one of the same
            // instance: what stays wins.
            match steps.iter_mut().find(|s| is_same(&s.contact, &contact)) {
                Some(_) if granted == 0 => {}
                Some(step) => *step = Step { contact, slot, granted },
                None => steps.push(Step { contact, slot, granted }),
            }
        }
        let kept = steps.iter().filter(|s| s.granted > 0);
        if kept.clone().any(|s| size(register.msg, s) > BINDING_BYTES_MAX) {
            return Err(Refusal::Malformed);
        }
        let added = kept.filter(|s| s.slot.is_none()).count();
        let removed = steps.iter().filter(|s| s.granted == 0 && s.slot.is_some()).count();
        let now = self.slots_of(register.device).count();
        if added > 0 && now + added - removed.min(now) > BINDINGS_MAX {
            return Err(Refusal::TooMany);
        }
        Ok(steps)
    }

    fn apply(&mut self, register: Register<'_>, steps: Vec<Step<'_>>, io: &mut Io<'_>) {
        for step in steps {
            match (step.slot, step.granted) {
                (None, 0) => {}
                (Some(index), 0) => self.remove(index, io.out),
                (slot, granted) => {
                    let key = slot
                        .and_then(|i| self.slots.get(i as usize))
                        .map_or_else(|| new_key(&step.contact), |s| s.binding.key.clone());
                    let binding = binding(register, &step.contact, (key, granted), io);
                    let put = Box::new(binding.clone());
                    let index = match slot {
                        Some(index) => {
                            self.refresh(index, binding);
                            index
                        }
                        None => {
                            io.out.push(Output::Event(Kind::Registered.into()));
                            self.insert(binding)
                        }
                    };
                    io.out.push(Output::Binding(BindingChange::Put(put)));
                    #[cfg(feature = "planted")]
                    if slot.is_some()
                        && io.config.planted == Some(crate::planted::Bug::RefreshForgotten)
                    {
                        continue;
                    }
                    self.arm(index, Micros::seconds(u64::from(granted)), io);
                }
            }
        }
    }

    fn refresh(&mut self, index: u32, binding: Binding) {
        self.unlink(index);
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.binding = binding;
            slot.unreachable = false;
        }
        self.link(index);
    }
}

/// Within one Call-ID the CSeq must rise; another Call-ID is a phone that restarted.
fn is_out_of_order(binding: &Binding, msg: &Msg) -> bool {
    let cseq = msg.cseq().map_or(0, |c| c.number);
    *binding.call_id == *msg.call_id() && cseq <= binding.cseq
}

/// Seconds granted to a contact: what it asks for, at most the maximum of its transport, of that
/// 75 to 100 % so that the phones of a building do not stay in step (sip.md §7).
fn grant(
    register: Register<'_>,
    contact: &ContactUri<'_>,
    io: &mut Io<'_>,
) -> Result<u32, Refusal> {
    let asked = contact.expires().or_else(|| register.msg.expires());
    if asked == Some(0) {
        return Ok(0);
    }
    let config = io.config;
    let max = match register.transport {
        Transport::Udp if is_behind_nat(contact.address.uri, register.peer.address) => {
            config.expires_nat_s
        }
        Transport::Udp => config.expires_udp_s,
        Transport::Tcp | Transport::Tls => config.expires_stream_s,
    };
    if asked.is_some_and(|a| a < config.expires_min_s) {
        return Err(Refusal::TooBrief);
    }
    let full = asked.unwrap_or(max).min(max);
    let jitter = io.layer.mint().rng().below(u64::from(full / 4) + 1);
    let granted = full - u32::try_from(jitter).unwrap_or(0);
    Ok(granted.max(config.expires_min_s).min(full).max(1))
}

fn binding(
    register: Register<'_>,
    contact: &ContactUri<'_>,
    (key, granted): (Box<[u8]>, u32),
    io: &Io<'_>,
) -> Binding {
    let Register { msg, device, peer, transport } = register;
    Binding {
        device,
        key,
        contact: contact.address.uri.into(),
        path: path(msg).into(),
        call_id: msg.call_id().into(),
        cseq: msg.cseq().map_or(0, |c| c.number),
        expires_at: Wall(io.now.wall.0 + i64::from(granted) * 1_000),
        q: contact.q(),
        flow: peer.flow,
        source: peer.address,
        local: peer.local,
        transport,
        agent: agent(msg),
    }
}

/// Path values in order, comma-joined (RFC 3327 §5.3).
fn path(msg: &Msg) -> Vec<u8> {
    let mut path = Vec::new();
    for item in msg.items(HeaderId::Path) {
        if !path.is_empty() {
            path.extend_from_slice(b", ");
        }
        path.extend_from_slice(item);
    }
    path
}

/// User-Agent as text, cut at a character.
fn agent(msg: &Msg) -> Box<str> {
    let text = String::from_utf8_lossy(msg.value(HeaderId::UserAgent).unwrap_or_default());
    let mut end = text.len().min(AGENT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

fn size(msg: &Msg, step: &Step<'_>) -> usize {
    let path: usize = msg.items(HeaderId::Path).map(|p| p.len() + 2).sum();
    new_key(&step.contact).len() + step.contact.address.uri.len() + path + msg.call_id().len()
}
