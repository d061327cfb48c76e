//! The store of the simulated machine: survives the crash of the node.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::id::{DeviceId, RecordId, TenantId};
use base::{CallId, Dn, Micros, Mono, Now};
use callctl::Waiting;
use model::binding::StoredBinding;
use model::record::CallRecord;
use model::{StoredBoxes, StoredCaller, StoredGreeting, StoredMessage, StoredPointer, Write};

/// What was written so far.
#[derive(Debug, Default)]
pub struct SimStore {
    /// Call records by id.
    pub records: BTreeMap<RecordId, CallRecord>,
    /// Records that came twice with another content: never allowed.
    pub rewritten: Vec<RecordId>,
    bindings: BTreeMap<(DeviceId, Box<[u8]>), Kept>,
    messages: BTreeMap<u64, StoredMessage>,
    greetings: BTreeMap<(TenantId, Dn), u64>,
    pointers: BTreeMap<(TenantId, u16), StoredPointer>,
    callers: BTreeMap<DeviceId, StoredCaller>,
}

/// A binding, and when it ends, which no jump of the wall clock changes.
type Kept = (Mono, StoredBinding);

impl SimStore {
    /// Applies a write, as the spool would.
    pub fn write(&mut self, now: Now, write: Write) {
        match write {
            Write::Record(record) => {
                let id = record.id;
                if let Some(former) = self.records.insert(id, *record)
                    && self.records.get(&id) != Some(&former)
                {
                    self.rewritten.push(id);
                }
            }
            Write::BindingPut(binding) => {
                let key = (binding.device, binding.key.clone());
                self.bindings.insert(key, (end_of(now, &binding), binding));
            }
            Write::BindingRemove { device, key } => {
                self.bindings.remove(&(device, key));
            }
            Write::MessagePut(message) => {
                self.messages.insert(message.file, *message);
            }
            Write::MessageRemove { file } => {
                self.messages.remove(&file);
            }
            Write::CallerPut(caller) => {
                self.callers.insert(caller.device, caller);
            }
            Write::PointerPut(pointer) => {
                self.pointers.insert((pointer.tenant, pointer.group), pointer);
            }
            Write::GreetingPut(StoredGreeting { tenant, dn, file }) => {
                match file {
                    Some(file) => self.greetings.insert((tenant, dn), file),
                    None => self.greetings.remove(&(tenant, dn)),
                };
            }
        }
    }

    /// Live bindings by the wall clock, as they are read at a start; the others are dropped.
    pub fn restore(&mut self, now: Now) -> Vec<StoredBinding> {
        self.bindings.retain(|_, (_, b)| b.expires_at > now.wall);
        for (end, binding) in self.bindings.values_mut() {
            *end = end_of(now, binding);
        }
        self.bindings.values().map(|(_, b)| b.clone()).collect()
    }

    /// What boxes hold, as it is read at a start; `length` tells what is there
    /// of a file in milliseconds.
    pub fn boxes(&mut self, length: impl Fn(u64) -> Option<u32>) -> StoredBoxes {
        for message in self.messages.values_mut().filter(|m| m.duration_ms == 0) {
            message.duration_ms = length(message.file).unwrap_or(0);
        }
        self.messages.retain(|_, m| m.duration_ms > 0);
        let mut messages: Vec<_> = self.messages.values().cloned().collect();
        messages.sort_by_key(|m| (m.tenant, m.dn, m.left_at, m.file));
        let greeting = |((tenant, dn), file): (&(TenantId, Dn), &u64)| StoredGreeting {
            tenant: *tenant,
            dn: *dn,
            file: Some(*file),
        };
        let greetings = self.greetings.iter().map(greeting).collect();
        let pointers = self.pointers.values().cloned().collect();
        let mut callers: Vec<_> = self.callers.values().cloned().collect();
        callers.sort_by_key(|c| c.at);
        StoredBoxes { messages, greetings, pointers, callers }
    }

    /// Messages of a box that can be listened to.
    pub fn waiting(&self, tenant: TenantId, dn: Dn) -> Waiting {
        let ours = self.messages.values().filter(|m| m.tenant == tenant && m.dn == dn);
        ours.filter(|m| m.duration_ms > 0).fold(Waiting::default(), |sum, m| match m.heard {
            true => Waiting { old: sum.old + 1, ..sum },
            false => Waiting { new: sum.new + 1, ..sum },
        })
    }

    /// Number of live bindings.
    pub fn bindings_len(&self, mono: Mono) -> usize {
        self.live(mono).count()
    }

    /// Whether a live binding was stored with this REGISTER: its Call-ID, CSeq and source.
    pub fn has_binding(&self, register: (&[u8], u32), source: SocketAddr, mono: Mono) -> bool {
        self.live(mono)
            .any(|b| *b.call_id == *register.0 && b.cseq >= register.1 && b.source == source)
    }

    /// Whether any live binding carries this Call-ID.
    pub fn is_bound_by(&self, call_id: &[u8], mono: Mono) -> bool {
        self.live(mono).any(|b| *b.call_id == *call_id)
    }

    fn live(&self, mono: Mono) -> impl Iterator<Item = &StoredBinding> {
        self.bindings.values().filter(move |(end, _)| *end > mono).map(|(_, b)| b)
    }

    /// Records of a call.
    pub fn records_of(&self, call: CallId) -> usize {
        self.records.values().filter(|r| r.call == call).count()
    }
}

fn end_of(now: Now, binding: &StoredBinding) -> Mono {
    let left = binding.expires_at.0.saturating_sub(now.wall.0).max(0);
    now.mono + Micros(left.unsigned_abs() * 1_000)
}
