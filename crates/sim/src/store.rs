//! The store of the simulated machine: survives the crash of the node.

use std::collections::BTreeMap;

use base::Wall;
use base::id::{DeviceId, RecordId};
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

    /// Whether a device has a live binding that reaches `source`.
    pub fn is_bound(&self, device: DeviceId, source: std::net::SocketAddr, wall: Wall) -> bool {
        let live = |b: &StoredBinding| {
            b.device == device && b.source == source && b.expires_at > wall
        };
        self.bindings.values().any(live)
    }
}
