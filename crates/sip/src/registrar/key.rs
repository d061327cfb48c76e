//! Identity of a binding within its device, and whether its phone is behind NAT.

use std::net::{IpAddr, SocketAddr};

use sha2::{Digest, Sha256};

use super::{Binding, Registrar};
use crate::msg::contact::ContactUri;
use crate::msg::uri::{Host, Uri};

/// Longest part of a Contact URI that a key holds as it is.
const URI_IN_KEY_MAX: usize = 220;

/// Longest instance id; RFC 5626 ids are URNs of 45 bytes.
const INSTANCE_MAX: usize = 200;

impl Registrar {
    /// The index of the binding that a contact names.
    pub(super) fn find(&self, device: base::id::DeviceId, contact: &ContactUri<'_>) -> Option<u32> {
        let instance = instance_key(contact);
        let is_it = |binding: &Binding| match &instance {
            Some(key) => *binding.key == **key,
            None => !is_instance_key(&binding.key) && same_uri(&binding.contact, contact),
        };
        self.slots_of(device).find(|(_, slot)| is_it(&slot.binding)).map(|(index, _)| index)
    }
}

/// Whether two contacts of one request are the same binding.
pub(super) fn is_same(a: &ContactUri<'_>, b: &ContactUri<'_>) -> bool {
    match (instance_key(a), instance_key(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.uri.same(&b.uri),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The key of a new binding: `reg-id instance` with reg-id 0 when there is none, so that a phone
/// that restarts takes its own place again; otherwise the Contact URI.
pub(super) fn new_key(contact: &ContactUri<'_>) -> Box<[u8]> {
    if let Some(key) = instance_key(contact) {
        return key.into();
    }
    let uri = contact.address.uri;
    match uri.get(..URI_IN_KEY_MAX) {
        Some(head) if uri.len() > URI_IN_KEY_MAX => {
            let mut key = head.to_vec();
            key.extend_from_slice(&Sha256::digest(uri));
            key.into()
        }
        _ => uri.into(),
    }
}

/// `+sip.instance` and `reg-id` parameters of a Contact in an answer, from the key of its binding.
pub(super) fn instance_params(key: &[u8], out: &mut Vec<u8>) {
    if !is_instance_key(key) {
        return;
    }
    let at = key.iter().position(|b| *b == b' ').unwrap_or(key.len());
    let (reg_id, instance) = key.split_at(at);
    let instance = instance.get(1..).unwrap_or_default();
    out.extend_from_slice(b";+sip.instance=\"<");
    out.extend_from_slice(instance);
    out.extend_from_slice(b">\"");
    if reg_id != b"0" {
        out.extend_from_slice(b";reg-id=");
        out.extend_from_slice(reg_id);
    }
}

/// Whether packets of the phone come from elsewhere than its Contact says.
pub(crate) fn is_behind_nat(contact: &[u8], source: SocketAddr) -> bool {
    let port = match Uri::parse(contact) {
        Some(Uri::Sip(uri)) => uri.port.unwrap_or(5060),
        _ => return true,
    };
    port != source.port() || !names_host(contact, source.ip())
}

/// Whether a Contact URI names this address itself, whatever the port.
pub(crate) fn names_host(contact: &[u8], ip: IpAddr) -> bool {
    match Uri::parse(contact) {
        Some(Uri::Sip(uri)) => match uri.host {
            Host::Ip(host) => host.to_canonical() == ip.to_canonical(),
            Host::Name(_) => false,
        },
        _ => false,
    }
}

fn instance_key(contact: &ContactUri<'_>) -> Option<Vec<u8>> {
    let instance = contact.instance().filter(|i| i.len() <= INSTANCE_MAX)?;
    let safe = |b: &u8| *b > b' ' && !matches!(b, b'"' | b'\\' | b'<' | b'>');
    if !instance.iter().all(safe) {
        return None;
    }
    let mut key = contact.reg_id().unwrap_or(0).to_string().into_bytes();
    key.push(b' ');
    key.extend_from_slice(&instance);
    Some(key)
}

/// A scheme never begins with a digit.
fn is_instance_key(key: &[u8]) -> bool {
    key.first().is_some_and(u8::is_ascii_digit)
}

fn same_uri(stored: &[u8], contact: &ContactUri<'_>) -> bool {
    stored == contact.address.uri || Uri::parse(stored).is_some_and(|u| u.same(&contact.uri))
}
