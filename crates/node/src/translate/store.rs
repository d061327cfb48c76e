//! Between the stack's bindings and their stored form.

use base::FlowId;
use model::Write;
use model::binding::StoredBinding;
use sip::registrar::{Binding, BindingChange};
use sip::stack::Transport;

/// The write that makes a change durable.
pub(crate) fn binding_write(change: BindingChange) -> Write {
    match change {
        BindingChange::Put(b) => Write::BindingPut(stored(*b)),
        BindingChange::Remove { device, key } => Write::BindingRemove { device, key },
    }
}

/// The stored form of a binding.
pub(crate) fn stored(b: Binding) -> StoredBinding {
    StoredBinding {
        device: b.device,
        key: b.key,
        contact: b.contact,
        path: b.path,
        call_id: b.call_id,
        cseq: b.cseq,
        expires_at: b.expires_at,
        q: b.q,
        source: b.source,
        local: b.local,
        transport: transport_code(b.transport),
        agent: b.agent,
    }
}

/// A binding from its stored form and its flow; `None` when its transport is unknown.
pub(crate) fn binding(stored: &StoredBinding, flow: FlowId) -> Option<Binding> {
    Some(Binding {
        device: stored.device,
        key: stored.key.clone(),
        contact: stored.contact.clone(),
        path: stored.path.clone(),
        call_id: stored.call_id.clone(),
        cseq: stored.cseq,
        expires_at: stored.expires_at,
        q: stored.q,
        flow,
        source: stored.source,
        local: stored.local,
        transport: transport(stored.transport)?,
        agent: stored.agent.clone(),
    })
}

fn transport(code: u8) -> Option<Transport> {
    [Transport::Udp, Transport::Tcp, Transport::Tls]
        .into_iter()
        .find(|transport| transport_code(*transport) == code)
}

fn transport_code(transport: Transport) -> u8 {
    match transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls => 2,
    }
}
