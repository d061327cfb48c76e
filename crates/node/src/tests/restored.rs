//! Bindings of an earlier process.

use std::sync::Arc;

use base::id::{DeviceId, Uuid};
use base::{FlowId, Micros, Mono, Now, Wall};
use model::Write;
use model::binding::StoredBinding;
use sip::stack::Transport;

use super::world::header;
use crate::{Input, Node, Output};

fn stored(device: DeviceId, transport: u8) -> StoredBinding {
    StoredBinding {
        device,
        key: Box::from([transport]),
        contact: Box::from(*b"sip:a@192.0.2.1"),
        path: Box::default(),
        call_id: Box::from([transport]),
        cseq: 1,
        expires_at: Wall(60_000),
        q: 1_000,
        source: "192.0.2.1:5060".parse().expect("address"),
        local: "192.0.2.200".parse().expect("address"),
        transport,
        agent: "".into(),
    }
}

#[test]
fn what_came_by_a_connection_is_removed_and_what_came_by_udp_is_back() {
    let header = header();
    let snapshot = Arc::new(header.snapshot().expect("it fits together"));
    let device = DeviceId(Uuid(21));
    let mut node = Node::new(header.place, header.seed, snapshot, header.settings.clone());
    let now = Now { mono: Mono(0), wall: Wall(0), lag: Micros(0) };
    let (local, remote) = ("192.0.2.200:5060", "0.0.0.0:0");
    let opened = Input::FlowOpened {
        flow: FlowId(0),
        transport: Transport::Udp,
        local: local.parse().expect("address"),
        remote: remote.parse().expect("address"),
    };
    let mut out = Vec::new();
    node.handle(now, opened, &mut out);
    let bindings = (0..3).map(|transport| stored(device, transport)).collect();
    node.handle(now, Input::Restore { bindings }, &mut out);
    let removed = out.iter().filter_map(|o| match o {
        Output::Store { write: Write::BindingRemove { key, .. } } => Some(key[0]),
        _ => None,
    });
    assert_eq!(removed.collect::<Vec<_>>(), [1, 2]);
    let live: Vec<_> = node.bindings().into_iter().map(|(_, b)| b.transport).collect();
    assert_eq!(live, [0]);
}
