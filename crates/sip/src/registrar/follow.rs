//! Where the phone of a dialog is now: its connection may be cut and its NAT may give it another
//! port while the dialog lives.

use base::id::DeviceId;

use super::{Binding, Registrar};
use crate::msg::uri::Uri;
use crate::txn::{Flows, Peer};

impl Registrar {
    /// Moves a dialog whose phone was registered where it was spoken to, and is not any more, or
    /// whose connection is cut, to where the phone is registered now.
    ///
    /// `target` is the phone's Contact in the dialog; the flag says whether a phone of the device
    /// was registered there when we last looked.
    pub(crate) fn follow(
        &self,
        flows: &Flows,
        device: DeviceId,
        (peer, at_home): (&mut Peer, &mut bool),
        target: &[u8],
    ) {
        let is_cut = flows.get(peer.flow).is_none();
        if !is_cut {
            let was_home = std::mem::replace(at_home, self.knows(peer.flow, peer.address));
            // Who speaks from where it never registered is there all the same.
            if *at_home || !was_home {
                return;
            }
        }
        let open = self.contacts(device).map(|(_, binding)| binding);
        let open: Vec<&Binding> = open.filter(|b| flows.get(b.flow).is_some()).collect();
        // Many phones name themselves otherwise in calls than in registrations.
        let same = open.iter().find(|b| is_same_host(uri_of(b), target));
        let only = open.first().filter(|_| is_cut && open.len() == 1);
        if let Some(Binding { flow, source, local, .. }) = same.or(only) {
            *peer = Peer { flow: *flow, address: *source, local: *local };
            *at_home = true;
        }
    }
}

/// The Contact of a binding without escaped headers (RFC 3261 §19.1.5).
fn uri_of(binding: &Binding) -> &[u8] {
    binding.contact.split(|b| *b == b'?').next().unwrap_or_default()
}

/// Whether two Contacts of a device name the same host and port: one phone.
fn is_same_host(a: &[u8], b: &[u8]) -> bool {
    let host = |uri| Uri::parse(uri).and_then(Uri::sip).map(|u| (u.host.to_string(), u.port));
    a == b || host(a).is_some_and(|a| Some(a) == host(b))
}
