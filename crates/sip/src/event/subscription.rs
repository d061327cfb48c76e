//! One subscription: its dialog, what it has been told, and its timers.

use base::id::DeviceId;
use base::{Micros, Mono};
use bytes::Bytes;

use super::Io;
use super::state::{Package, Sight};
use crate::dialog::{Local, Remote, contact};
use crate::msg::write::Writer;
use crate::msg::{HeaderId, Method};
use crate::txn::{Branch, ClientTx, NOBODY, Peer, TimerKey};

/// Place of a subscription in the notifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// Lowest byte of the owner value of a NOTIFY; the roles of legs are far below.
const ROLE: u64 = 0x80;

impl Key {
    /// The owner value of a transaction: 24 bits of index, 32 of generation, 8 that no leg has.
    pub(super) fn owner(self) -> u64 {
        (u64::from(self.index) << 40) | (u64::from(self.generation) << 8) | ROLE
    }

    /// Takes an owner value apart; `None` when it is not of a subscription.
    pub(super) fn of_owner(owner: u64) -> Option<Self> {
        let key = Key { index: (owner >> 40) as u32, generation: (owner >> 8) as u32 };
        (owner != NOBODY && owner & 0xff == ROLE).then_some(key)
    }
}

/// Timers of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Its time is over.
    Expire,
    /// A NOTIFY that waited may go.
    Notify,
}

impl Kind {
    pub(super) fn of(kind: u8) -> Option<Self> {
        [Kind::Expire, Kind::Notify].into_iter().find(|k| *k as u8 == kind)
    }
}

/// Why a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The watcher does not want it any more, or wanted the state once only.
    Unsubscribed,
    /// It was not refreshed.
    Timeout,
    /// We stop: the watcher shall subscribe anew at once, elsewhere.
    Deactivated,
    /// What was watched is gone.
    NoResource,
    /// The watcher may not watch any more, or watches too much.
    Rejected,
}

impl End {
    /// The `reason` of `Subscription-State` (RFC 6665 §4.1.3).
    fn reason(self) -> &'static str {
        match self {
            End::Unsubscribed | End::Timeout => "timeout",
            End::Deactivated => "deactivated",
            End::NoResource => "noresource",
            End::Rejected => "rejected",
        }
    }

    /// Whether the last NOTIFY tells the state.
    pub(super) fn tells(self) -> bool {
        match self {
            End::Unsubscribed | End::Timeout => true,
            End::Deactivated | End::NoResource | End::Rejected => false,
        }
    }
}

/// No timer.
pub(super) const NEVER: Mono = Mono(u64::MAX);

/// A subscription.
pub(super) struct Subscription {
    pub(super) key: Key,
    pub(super) device: DeviceId,
    /// Place of its resource, and its position among the watchers there.
    pub(super) entry: u32,
    pub(super) position: u32,
    pub(super) package: Package,
    pub(super) sight: Sight,
    /// Flow and address that its NOTIFYs go to.
    pub(super) peer: Peer,
    /// A phone of the device was registered from there when we last looked.
    pub(super) at_home: bool,
    pub(super) local: Local,
    pub(super) remote: Remote,
    /// The `id` parameter of Event; empty without.
    pub(super) id: Box<[u8]>,
    pub(super) expires_at: Mono,
    /// When the newest entry of each timer in the wheel fires.
    pub(super) armed: [Mono; 2],
    /// Least time between NOTIFYs of changes.
    pub(super) every: Micros,
    /// The watcher asked for a rate (RFC 6446).
    pub(super) is_limited: bool,
    /// Not before then, unless `urgent`.
    pub(super) next_at: Mono,
    /// Number of the next document.
    pub(super) version: u32,
    /// The NOTIFY without response.
    pub(super) running: Option<ClientTx>,
    /// There is something to tell.
    pub(super) dirty: bool,
    /// … whatever the interval: an answer to a SUBSCRIBE, or the end.
    pub(super) urgent: bool,
    /// It lies in the queue.
    pub(super) queued: bool,
    /// Its phone could not be reached when there was something to tell.
    pub(super) stuck: bool,
    /// It ends with its last NOTIFY.
    pub(super) ends: Option<End>,
    /// That NOTIFY has gone.
    pub(super) closing: bool,
}

impl Subscription {
    /// Arms a timer unless one that fires no later is armed already.
    pub(super) fn arm(&mut self, io: &mut Io<'_>, kind: Kind, at: Mono) {
        let Some(armed) = self.armed.get_mut(kind as usize) else { return };
        if at < *armed {
            *armed = at;
            let Key { index, generation } = self.key;
            io.layer.arm(at, TimerKey::Subscription { index, generation, kind: kind as u8 });
        }
    }

    /// Value of our Contact.
    pub(super) fn contact(&self, io: &Io<'_>) -> String {
        contact(io.layer, &self.peer, &self.local.contact)
    }

    /// The watcher was heard from there.
    pub(super) fn bind(&mut self, peer: Peer) {
        self.at_home &= self.peer == peer;
        self.peer = peer;
    }

    /// Before we speak: the phone may have registered by another connection, or another port of
    /// its NAT.
    pub(super) fn follow(&mut self, io: &Io<'_>) {
        let place = (&mut self.peer, &mut self.at_home);
        io.registrar.follow(io.layer.flows(), self.device, place, &self.remote.target);
    }

    /// A NOTIFY with the body given; `None` when it cannot be written.
    pub(super) fn notify(&mut self, io: &Io<'_>, branch: &Branch, body: &[u8]) -> Option<Bytes> {
        let seq = self.local.next_seq();
        let (uri, routes) = self.remote.request_line();
        let mut buffer = Vec::with_capacity(768 + body.len());
        let mut out = Writer::request(&mut buffer, Method::Notify, uri);
        out.header(HeaderId::Via, io.layer.via(&self.peer, branch));
        out.number(HeaderId::MaxForwards, 70);
        if !routes.is_empty() {
            out.header(HeaderId::Route, &routes);
        }
        out.header(HeaderId::From, &self.local.address);
        out.header(HeaderId::To, &self.remote.address);
        out.header(HeaderId::CallId, &self.local.call_id);
        out.cseq(seq, Method::Notify);
        out.header(HeaderId::Contact, self.contact(io));
        let package = self.package.name();
        match &*self.id {
            [] => out.header(HeaderId::Event, package),
            id => out.header(HeaderId::Event, [package.as_bytes(), b";id=", id].concat()),
        };
        match self.ends {
            Some(end) => {
                let reason = end.reason();
                out.text(HeaderId::SubscriptionState, format_args!("terminated;reason={reason}"));
            }
            None => {
                let left = self.expires_at.since(io.now.mono).as_seconds();
                let rate = Rate(self.every).of(self.is_limited);
                out.text(HeaderId::SubscriptionState, format_args!("active;expires={left}{rate}"));
            }
        }
        out.header(HeaderId::UserAgent, io.config.product);
        let (kind, subtype) = self.package.media_type();
        match body {
            [] => out.finish_bytes().ok(),
            body => out.body_bytes(&format!("{kind}/{subtype}"), body).ok(),
        }
    }
}

/// An interval as RFC 6446 tells it: NOTIFYs a second.
struct Rate(Micros);

impl Rate {
    /// The parameter of `Subscription-State`, when the watcher asked for one.
    fn of(self, is_limited: bool) -> String {
        if !is_limited {
            return String::new();
        }
        let millionths = 1_000_000_000_000 / self.0.0.max(1);
        format!(";max-rate={}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
    }
}
