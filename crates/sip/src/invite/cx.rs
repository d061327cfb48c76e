//! What the legs are given with every call: time, the transaction layer, settings and the output.

use base::Now;
use base::id::DeviceId;

use crate::msg::uri::escape_user;
use crate::msg::{Method, Msg};
use crate::registrar::{Binding, Registrar};
use crate::stack::{Config, Output};
use crate::txn::{Layer, Peer, ServerTx};

/// The surroundings of one call into [`super::Legs`].
pub(crate) struct Cx<'a> {
    /// The time of the input.
    pub(crate) now: Now,
    /// Transactions, timers, flows and the mint.
    pub(crate) layer: &'a mut Layer,
    /// Settings of the stack.
    pub(crate) config: &'a Config,
    /// Where a phone is that came back by another connection; `None` for a user agent.
    pub(crate) registrar: Option<&'a Registrar>,
    /// Answers 401 and 407; `None` for a server, which has nothing to tell a phone.
    pub(crate) secrets: Option<&'a mut dyn Secrets>,
    /// Where transmissions and leg events go, in order.
    pub(crate) out: &'a mut Vec<Output>,
}

/// Credentials of a user agent that calls through a server.
pub(crate) trait Secrets {
    /// The header line (`Authorization: …` or `Proxy-Authorization: …`, without line end) that
    /// answers `challenge` for a new request; `None` gives up.
    fn answer(&mut self, challenge: &Msg, method: Method, uri: &[u8]) -> Option<Vec<u8>>;
}

/// A request with its server transaction.
pub(crate) struct Request<'a> {
    /// The transaction, opened by the dispatcher.
    pub(crate) tx: ServerTx,
    /// The request.
    pub(crate) msg: &'a Msg,
    /// Where it came from: where requests of its dialog go.
    pub(crate) peer: Peer,
}

/// Where an outbound leg goes.
pub(crate) struct Target {
    /// Whose contact; [`DeviceId::default`] for a user agent that calls a server.
    pub(crate) device: DeviceId,
    /// Flow and address that every request goes to.
    pub(crate) peer: Peer,
    /// Request-URI.
    pub(crate) uri: Vec<u8>,
    /// Route set, comma-joined; usually empty.
    pub(crate) routes: Vec<u8>,
    /// Value of `Replaces` (RFC 3891); empty without.
    pub(crate) replaces: Vec<u8>,
}

impl Target {
    /// The contact of a binding: escaped headers of its URI are dropped (RFC 3261 §19.1.5), its
    /// Path becomes the route (RFC 3327 §5).
    pub(crate) fn of(binding: &Binding) -> Self {
        let uri = binding.contact.split(|b| *b == b'?').next().unwrap_or_default();
        Target {
            device: binding.device,
            peer: Peer { flow: binding.flow, address: binding.source, local: binding.local },
            uri: uri.to_vec(),
            routes: binding.path.to_vec(),
            replaces: Vec::new(),
        }
    }

    /// The same place, asked to reach a number: the user part of the URI is what is dialled.
    pub(crate) fn dialling(self, number: &str) -> Self {
        let scheme = self.uri.iter().position(|b| *b == b':').map_or(0, |at| at + 1);
        let (scheme, rest) = self.uri.split_at(scheme);
        let host = rest.iter().position(|b| *b == b'@').map_or(0, |at| at + 1);
        let mut uri = scheme.to_vec();
        escape_user(number.as_bytes(), &mut uri);
        uri.push(b'@');
        uri.extend_from_slice(rest.get(host..).unwrap_or_default());
        Target { uri, ..self }
    }
}

/// The dialog that a request names, for the dispatcher's decision whether to challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Whose phone is at the other end.
    pub(crate) device: DeviceId,
    /// The flow and address that the dialog is bound to.
    pub(crate) peer: Peer,
}
