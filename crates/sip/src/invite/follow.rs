//! Where the phone of a leg is: its connection may be cut and its NAT may give it another port
//! while a call goes on.

use std::collections::BTreeSet;

use base::FlowId;

use super::usage::Usage;
use super::{Cx, Target};
use crate::msg::uri::Uri;
use crate::txn::{ClientTx, Peer};

impl Usage {
    /// The far end of a leg was heard from there: it is spoken to there from now on.
    /// `on_streams` are the legs that are entered by their flow.
    pub(super) fn bind(&mut self, peer: Peer, on_streams: &mut BTreeSet<(FlowId, u32)>) {
        let index = self.key.index;
        self.at_home &= self.peer == peer;
        let flow = std::mem::replace(&mut self.peer, peer).flow;
        if flow != peer.flow && on_streams.remove(&(flow, index)) {
            on_streams.insert((peer.flow, index));
        }
    }

    /// Before we speak: a phone whose connection was cut, or whose NAT gave it another port, may
    /// have registered by another one.
    pub(super) fn follow(&mut self, cx: &Cx<'_>) {
        let Some(registrar) = cx.registrar else { return };
        let is_open = |peer: &Peer| cx.layer.flows().get(peer.flow).is_some();
        let Peer { flow, address, .. } = self.peer;
        let is_cut = !is_open(&self.peer);
        if !is_cut {
            let was_home = std::mem::replace(&mut self.at_home, registrar.knows(flow, address));
            // Who speaks from where it never registered is there all the same.
            if self.at_home || !was_home {
                return;
            }
        }
        let targets: Vec<Target> = registrar
            .contacts(self.device)
            .map(|(_, binding)| Target::of(binding))
            .filter(|target| is_open(&target.peer))
            .collect();
        // Many phones name themselves otherwise in calls than in registrations.
        let same = targets.iter().find(|t| is_same_host(&t.uri, &self.remote.target));
        let only = targets.first().filter(|_| is_cut && targets.len() == 1);
        if let Some(target) = same.or(only) {
            self.peer = target.peer;
            self.at_home = true;
        }
    }

    /// A response came from elsewhere than we sent to: a NAT gave the phone another port. It
    /// names our branch, so it is from whoever got the request.
    pub(super) fn moved(&mut self, cx: &mut Cx<'_>, tx: ClientTx, from: Peer) {
        if self.peer.flow == from.flow && self.peer.address != from.address {
            self.peer.address = from.address;
            self.at_home = false;
            cx.layer.moved(tx, from.address);
        }
    }
}

/// Whether two Contacts of a device name the same host and port: one phone.
fn is_same_host(a: &[u8], b: &[u8]) -> bool {
    let host = |uri| Uri::parse(uri).and_then(Uri::sip).map(|u| (u.host.to_string(), u.port));
    a == b || host(a).is_some_and(|a| Some(a) == host(b))
}
