//! The running hash of a node's outputs: equal for equal outputs in equal order.

use std::hash::Hasher;

use model::{BoxOwner, CredentialOwner};
use siphasher::sip::SipHasher13;

use super::cursor::Writer;
use crate::Output;

/// Running hash over outputs; replies and counted events are left out, since questions are not
/// recorded and counts change nothing outside.
#[derive(Clone)]
pub struct OutputHash {
    hasher: SipHasher13,
    scratch: Vec<u8>,
}

impl Default for OutputHash {
    fn default() -> Self {
        OutputHash { hasher: SipHasher13::new_with_keys(0, 0), scratch: Vec::new() }
    }
}

impl OutputHash {
    /// Takes one output in.
    pub fn add(&mut self, output: &Output) {
        self.scratch.clear();
        let mut w = Writer::new(&mut self.scratch);
        match output {
            Output::Transmit { flow, to, bytes } => {
                w.u8(1);
                w.u64(flow.0);
                w.addr(*to);
                self.hasher.write(&self.scratch);
                self.hasher.write(bytes);
                return;
            }
            Output::Close { flow } => {
                w.u8(2);
                w.u64(flow.0);
            }
            Output::Media { command } => {
                w.u8(3);
                mediactl::wire::encode_command(command, &mut self.scratch);
            }
            Output::Store { write } => {
                w.u8(4);
                write.encode(&mut self.scratch);
            }
            Output::Wish { call, device, dn, wanted } => {
                w.u8(5);
                w.u128(call.0);
                w.u128(device.0.0);
                w.u64(dn.bits());
                w.bytes(format!("{wanted:?}").as_bytes());
            }
            Output::CheckPin { call, tenant, owner, .. } => {
                w.u8(6);
                w.u128(call.0);
                w.u128(tenant.0.0);
                let (kind, id) = pin_owner(*owner);
                w.u8(kind);
                w.u128(id);
            }
            Output::Seat { call, device, typed } => {
                w.u8(7);
                w.u128(call.0);
                w.u128(device.0.0);
                w.bytes(typed.as_ref().map(|t| t.extension.as_bytes()).unwrap_or_default());
            }
            Output::Reply { .. } | Output::Event { .. } => return,
        }
        self.hasher.write(&self.scratch);
    }

    /// The hash of all outputs so far.
    pub fn value(&self) -> u64 {
        self.hasher.finish()
    }
}

/// Which PIN, in numbers.
fn pin_owner(owner: CredentialOwner) -> (u8, u128) {
    match owner {
        CredentialOwner::Admin(id) => (0, id.0.0),
        CredentialOwner::User(id) => (1, id.0.0),
        CredentialOwner::Pin(id) => (2, id.0.0),
        CredentialOwner::BoxPin(BoxOwner::Virtual(id)) => (3, id.0.0),
        CredentialOwner::BoxPin(BoxOwner::Department(id)) => (4, id.0.0),
        CredentialOwner::BoxPin(BoxOwner::Hunt(_, number)) => (5, number.into()),
    }
}
