//! The store of the simulated machine: survives the crash of the node.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::id::{DeviceId, RecordId};
use base::{CallId, Wall};
use model::Write;
use model::binding::StoredBinding;
use model::record::CallRecord;

/// What was written so far.
#[derive(Debug, Default)]
pub struct SimStore {
    /// Call records by id.
    pub records: BTreeMap<RecordId, CallRecord>,
    /// Records that came twice with another content: never allowed.
    pub rewritten: Vec<RecordId>,
    bindings: BTreeMap<(DeviceId, Box<[u8]>), StoredBinding>,
}

impl SimStore {
    /// Applies a write, as the spool would.
    pub fn write(&mut self, write: Write) {
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
                self.bindings.insert((binding.device, binding.key.clone()), binding);
            }
            Write::BindingRemove { device, key } => {
                self.bindings.remove(&(device, key));
            }
        }
    }

    /// Live bindings, as they are read at a start.
    pub fn bindings(&self, wall: Wall) -> Vec<StoredBinding> {
        self.bindings.values().filter(|b| b.expires_at > wall).cloned().collect()
    }

    /// Whether a live binding was stored with this REGISTER: its Call-ID, CSeq and source.
    pub fn has_binding(&self, register: (&[u8], u32), source: SocketAddr, wall: Wall) -> bool {
        self.bindings.values().any(|b| {
            *b.call_id == *register.0
                && b.cseq >= register.1
                && b.source == source
                && b.expires_at > wall
        })
    }

    /// Whether any live binding carries this Call-ID.
    pub fn is_bound_by(&self, call_id: &[u8], wall: Wall) -> bool {
        self.bindings.values().any(|b| *b.call_id == *call_id && b.expires_at > wall)
    }

    /// Records of a call.
    pub fn records_of(&self, call: CallId) -> usize {
        self.records.values().filter(|r| r.call == call).count()
    }
}
