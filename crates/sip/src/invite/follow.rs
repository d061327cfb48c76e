//! Where the phone of a leg is: its connection may be cut and its NAT may give it another port
//! while a call goes on.

use std::collections::BTreeSet;

use base::FlowId;

use super::Cx;
use super::usage::Usage;
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
        if let Some(registrar) = cx.registrar {
            let place = (&mut self.peer, &mut self.at_home);
            registrar.follow(cx.layer.flows(), self.device, place, &self.remote.target);
        }
    }

    /// A response came from elsewhere than we sent to: a NAT gave the phone another port. It
    /// names our branch, so it is from whoever got the request.
    pub(super) fn moved(&mut self, cx: &mut Cx<'_>, tx: ClientTx, from: Peer) {
        if self.peer.flow == from.flow && self.peer.address != from.address {
            self.peer.address = from.address;
            self.at_home = false;
            cx.layer.moved(tx, from);
        }
    }
}
