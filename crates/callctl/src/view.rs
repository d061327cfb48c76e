//! What call control may read.

use std::net::IpAddr;

use base::Dn;
use base::id::{DeviceId, TenantId};
use model::Snapshot;

use crate::input::Path;

/// What call control may read: configuration and registrations.
pub trait View {
    /// The configuration in force.
    fn snapshot(&self) -> &Snapshot;
    /// Appends the live contacts of a device, best q first; at most `limits::BINDINGS_MAX`.
    fn contacts(&self, device: DeviceId, out: &mut Vec<Contact>);
    /// How many live contacts a device has.
    fn contacts_len(&self, device: DeviceId) -> usize {
        let mut contacts = Vec::new();
        self.contacts(device, &mut contacts);
        contacts.len()
    }
    /// `[media] path = "relay"`: every call goes through the media plane.
    fn relay_always(&self) -> bool;
    /// `[media] address`: the address written into SDP, when it is not "auto".
    fn media_address(&self) -> Option<IpAddr>;
    /// Whether the device shows the state of a number by itself: it watches its lamp.
    fn shows(&self, device: DeviceId, dn: Dn) -> bool {
        let _ = (device, dn);
        false
    }
    /// Service parameter 案内音声: a guidance is played before a refusal. Default on.
    fn announcements(&self, tenant: TenantId) -> bool {
        let _ = tenant;
        true
    }
}

/// One live contact of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// The stack's id of the contact.
    pub id: u64,
    /// The network as seen from it.
    pub path: Path,
}
