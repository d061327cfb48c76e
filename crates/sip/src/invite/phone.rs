//! What a phone needs of its legs beyond what call control does: requests of its own in a dialog.

use base::LegId;
use bytes::Bytes;

use super::text::Ask;
use super::usage::{Phase, Role};
use super::{Cx, Legs};
use crate::msg::{HeaderId, Method, Msg};

/// A REFER or INFO to be sent in a dialog.
pub(crate) struct Errand {
    /// Method.
    pub(crate) method: Method,
    /// Header lines of its own.
    pub(crate) lines: Vec<(HeaderId, Vec<u8>)>,
    /// Type and content.
    pub(crate) body: Option<(&'static str, Bytes)>,
}

impl Legs {
    /// The leg that a request with a To tag belongs to.
    pub(crate) fn leg_of(&self, msg: &Msg) -> Option<LegId> {
        self.usages.get(self.index_of(msg)? as usize).map(|usage| usage.id)
    }

    /// The leg whose errand a transaction is.
    pub(crate) fn errand_of(&self, owner: u64) -> Option<LegId> {
        match self.owned(owner) {
            Some((index, Role::Errand)) => self.usages.get(index as usize).map(|usage| usage.id),
            Some(_) | None => None,
        }
    }

    /// Sends a request in the dialog of an answered leg; `false` when there is none.
    pub(crate) fn errand(&mut self, cx: &mut Cx<'_>, leg: LegId, errand: Errand) -> bool {
        let index = self.by_id.get(&leg).copied();
        let usage = index.and_then(|i| self.usages.get_mut(i as usize));
        let Some(usage) = usage.filter(|u| matches!(u.phase, Phase::Up)) else {
            return false;
        };
        let cseq = usage.local.next_seq();
        let mut ask = Ask::new(errand.method, cseq, &usage.remote);
        if errand.method == Method::Refer {
            ask = ask.with(HeaderId::Contact, usage.contact(cx.layer));
        }
        for (id, value) in errand.lines {
            ask = ask.with(id, value);
        }
        ask.body = errand.body;
        usage.send(cx, &ask, Role::Errand);
        true
    }

    /// The value of `Replaces` that names the dialog of an answered leg to its far end
    /// (RFC 3891 §3: their tag is the to-tag).
    pub(crate) fn replaces_of(&self, leg: LegId) -> Option<Vec<u8>> {
        let usage = self.usages.get(*self.by_id.get(&leg)? as usize)?;
        let theirs = &*usage.remote.tag;
        let ours = usage.local.tag.as_ref();
        let call_id = &*usage.local.call_id;
        Some([call_id, b";to-tag=", theirs, b";from-tag=", ours].concat())
    }
}
