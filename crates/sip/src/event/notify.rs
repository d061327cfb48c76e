//! NOTIFYs: when they may go, and what their answers mean (RFC 6665 §4.2.2).

use base::Micros;
use base::id::DeviceId;
use base::limits::{NOTIFIES_AT_ONCE, NOTIFY_PACE};

use super::state::{Resource, Sight};
use super::subscription::{End, Key, Kind, NEVER};
use super::{Io, Notifier};
use crate::msg::{Method, Msg};
use crate::txn::{ClientTx, Outgoing, Peer, TimerKey, TxEvent};

/// When a NOTIFY is tried again that could not even be sent.
const RETRY: Micros = Micros::seconds(1);

/// Longest `Retry-After` that is heeded; a watcher that wants more is asked in between.
const RETRY_MAX_S: u32 = 300;

impl Notifier {
    /// Whether a transaction is a NOTIFY of a subscription.
    pub(crate) fn owns(owner: u64) -> bool {
        Key::of_owner(owner).is_some()
    }

    /// What a subscription watches has changed.
    pub(super) fn change(&mut self, io: &mut Io<'_>, index: u32) {
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        // What ends tells the newest state anyway, or none.
        if subscription.closing {
            return;
        }
        subscription.dirty = true;
        self.wake(io, index);
    }

    /// Puts a subscription into the queue when it has something to tell and may tell it.
    pub(super) fn wake(&mut self, io: &mut Io<'_>, index: u32) {
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        let waits = subscription.queued || subscription.running.is_some() || subscription.stuck;
        if waits || !subscription.dirty || subscription.closing {
            return;
        }
        let entry = self.entries.get(subscription.entry as usize);
        let hurries = subscription.urgent && entry.is_some_and(|e| e.is_known());
        if !hurries && subscription.next_at > io.now.mono {
            let at = subscription.next_at;
            subscription.arm(io, Kind::Notify, at);
            return;
        }
        subscription.queued = true;
        let key = subscription.key;
        self.ready.push_back(key);
    }

    /// Sends what may go, as many at once as calls can bear.
    pub(super) fn pump(&mut self, io: &mut Io<'_>) {
        let now = io.now.mono;
        if self.ready.is_empty() {
            return;
        }
        if now.since(self.pace.began) >= NOTIFY_PACE {
            self.pace.began = now;
            self.pace.sent = 0;
        }
        while self.pace.sent < NOTIFIES_AT_ONCE
            && let Some(key) = self.ready.pop_front()
        {
            if let Some(subscription) = self.get(key).filter(|s| s.queued) {
                subscription.queued = false;
                self.pace.sent += 1;
                self.send(io, key.index);
            }
        }
        if !self.ready.is_empty() && !self.pace.is_armed {
            self.pace.is_armed = true;
            io.layer.arm(self.pace.began + NOTIFY_PACE, TimerKey::Pace);
        }
    }

    /// Sends a NOTIFY with the state of now.
    fn send(&mut self, io: &mut Io<'_>, index: u32) {
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        subscription.follow(io);
        if io.layer.flows().get(subscription.peer.flow).is_none() {
            if subscription.ends.is_some() {
                return self.remove(io, index);
            }
            subscription.stuck = true;
            self.stuck += 1;
            return;
        }
        self.scratch.clear();
        if subscription.ends.is_none_or(End::tells)
            && let Some(entry) = self.entries.get_mut(subscription.entry as usize)
        {
            let document = entry.document(subscription.sight, io.names);
            document.push(subscription.version, &mut self.scratch);
        }
        let branch = io.layer.mint().branch();
        let Some(bytes) = subscription.notify(io, &branch, &self.scratch) else {
            return self.remove(io, index);
        };
        subscription.version = subscription.version.wrapping_add(1);
        subscription.dirty = false;
        subscription.urgent = false;
        subscription.closing = subscription.ends.is_some();
        subscription.next_at = io.now.mono + subscription.every;
        let (peer, owner) = (subscription.peer, subscription.key.owner());
        let request = Outgoing { peer, method: Method::Notify, branch, bytes, owner };
        subscription.running = Some(io.layer.request(io.now.mono, request, io.out));
    }

    /// A response to a NOTIFY.
    pub(crate) fn handle_response(
        &mut self,
        io: &mut Io<'_>,
        (tx, owner): (ClientTx, u64),
        response: &Msg,
        from: Peer,
    ) {
        let status = response.status().unwrap_or(0);
        let Some(index) = self.answered(tx, owner, status) else { return };
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        // A NAT gave the phone another port: the response names our branch, so it is the phone's.
        if subscription.peer.flow == from.flow && subscription.peer.address != from.address {
            subscription.peer.address = from.address;
            subscription.at_home = false;
        }
        if subscription.closing {
            return self.remove(io, index);
        }
        match response.retry_after() {
            _ if (200..300).contains(&status) => {}
            Some(seconds) if status != 481 => {
                let wait = Micros::seconds(u64::from(seconds.clamp(1, RETRY_MAX_S)));
                subscription.next_at = io.now.mono + wait;
                subscription.dirty = true;
            }
            Some(_) | None => return self.remove(io, index),
        }
        #[cfg(feature = "planted")]
        if io.config.planted == Some(crate::planted::Bug::ToldForEver)
            && subscription.package == super::Package::MessageSummary
        {
            // Not quite for ever, so that the run comes to its end.
            subscription.dirty |= !subscription.version.is_multiple_of(64);
        }
        self.wake(io, index);
        self.pump(io);
    }

    /// The subscription whose NOTIFY got a final response.
    fn answered(&mut self, tx: ClientTx, owner: u64, status: u16) -> Option<u32> {
        let key = Key::of_owner(owner)?;
        let subscription = self.get(key)?;
        if subscription.running != Some(tx) || status < 200 {
            return None;
        }
        subscription.running = None;
        Some(key.index)
    }

    /// A NOTIFY ended without a final response.
    pub(crate) fn handle_failure(&mut self, io: &mut Io<'_>, event: TxEvent) {
        let (tx, owner, is_timeout) = match event {
            TxEvent::Timeout { tx, owner } => (tx, owner, true),
            TxEvent::TransportError { tx, owner } => (tx, owner, false),
            TxEvent::AckMissing { .. } | TxEvent::Response { .. } => return,
        };
        let Some(index) = self.answered(tx, owner, 408) else { return };
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        let before = subscription.peer;
        subscription.follow(io);
        let has_moved = subscription.peer != before;
        if subscription.closing || is_timeout && !has_moved {
            return self.remove(io, index);
        }
        subscription.dirty = true;
        let is_open = io.layer.flows().get(subscription.peer.flow).is_some();
        // A phone that cannot be reached is waited for, and found again by its registration.
        let wait = if is_open && !has_moved { RETRY } else { Micros(0) };
        subscription.next_at = io.now.mono + wait;
        self.wake(io, index);
        self.pump(io);
    }

    /// A timer of `TimerKey::Subscription` fired.
    pub(crate) fn handle_timer(&mut self, io: &mut Io<'_>, key: (u32, u32, u8)) {
        let (index, generation, kind) = key;
        let Some(kind) = Kind::of(kind) else { return };
        let now = io.now.mono;
        let Some(subscription) = self.get(Key { index, generation }) else { return };
        let Some(armed) = subscription.armed.get_mut(kind as usize) else { return };
        if *armed > now {
            return;
        }
        *armed = NEVER;
        match kind {
            Kind::Expire if subscription.expires_at > now => {
                let at = subscription.expires_at;
                subscription.arm(io, Kind::Expire, at);
            }
            Kind::Expire => self.end(io, index, End::Timeout),
            Kind::Notify => self.wake(io, index),
        }
        self.pump(io);
    }

    /// `TimerKey::Pace` fired: more may go.
    pub(crate) fn handle_pace(&mut self, io: &mut Io<'_>) {
        self.pace.is_armed = false;
        self.pump(io);
    }

    /// Ends a subscription with its last NOTIFY, which the caller pumps.
    pub(super) fn end(&mut self, io: &mut Io<'_>, index: u32, why: End) {
        self.unstick(index);
        let now = io.now.mono;
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        if subscription.ends.is_some() {
            return;
        }
        subscription.ends = Some(why);
        subscription.dirty = true;
        subscription.urgent = true;
        if why != End::Unsubscribed {
            subscription.next_at = now;
        }
        self.wake(io, index);
    }

    /// Removes a subscription without a word.
    pub(super) fn remove(&mut self, io: &mut Io<'_>, index: u32) {
        self.unstick(index);
        let Some(gone) = self.subscriptions.remove(index as usize) else { return };
        if let Ok(tag) = <[u8; 17]>::try_from(gone.local.tag.as_ref()) {
            self.by_tag.remove(&tag);
        }
        if let Some(held) = self.by_device.get_mut(&gone.device) {
            held.retain(|held| *held != index);
            if held.is_empty() {
                self.by_device.remove(&gone.device);
            }
        }
        self.leave(io, (gone.entry, gone.position));
    }

    /// The phone of a subscription can be reached again, or need not be.
    pub(super) fn unstick(&mut self, index: u32) {
        if let Some(subscription) = self.subscriptions.get_mut(index as usize)
            && std::mem::take(&mut subscription.stuck)
        {
            self.stuck = self.stuck.saturating_sub(1);
        }
    }

    /// A device has registered: what could not be told is tried again.
    pub(crate) fn registered(&mut self, io: &mut Io<'_>, device: DeviceId) {
        if self.stuck == 0 {
            return;
        }
        for index in self.by_device.get(&device).cloned().unwrap_or_default() {
            if self.subscriptions.get(index as usize).is_some_and(|s| s.stuck) {
                self.unstick(index);
                self.wake(io, index);
            }
        }
        self.pump(io);
    }

    /// A device may not watch any more.
    pub(crate) fn forget(&mut self, io: &mut Io<'_>, device: DeviceId) {
        for index in self.by_device.get(&device).cloned().unwrap_or_default() {
            self.end(io, index, End::Rejected);
        }
        self.pump(io);
    }

    /// What a device may see has changed: `sight` tells what it may see of each thing it watches.
    pub(crate) fn review(
        &mut self,
        io: &mut Io<'_>,
        device: DeviceId,
        sight: &dyn Fn(&Resource) -> Option<Sight>,
    ) {
        for index in self.by_device.get(&device).cloned().unwrap_or_default() {
            let subscription = self.subscriptions.get(index as usize);
            let entry = subscription.and_then(|s| self.entries.get(s.entry as usize));
            let sight = entry.and_then(|entry| sight(&entry.resource));
            self.sees(io, index, sight);
        }
        self.pump(io);
    }

    /// What may be seen of a resource has changed: `sight` tells it for each of its watchers.
    pub(crate) fn review_watchers(
        &mut self,
        io: &mut Io<'_>,
        resource: &Resource,
        sight: &dyn Fn(DeviceId) -> Option<Sight>,
    ) {
        let Some(entry) = self.by_resource.get(resource).copied() else { return };
        let watchers = self.entries.get(entry as usize).map(|e| e.watchers.clone());
        for index in watchers.unwrap_or_default() {
            let device = self.subscriptions.get(index as usize).map(|s| s.device);
            self.sees(io, index, device.and_then(sight));
        }
        self.pump(io);
    }

    fn sees(&mut self, io: &mut Io<'_>, index: u32, sight: Option<Sight>) {
        let Some(subscription) = self.subscriptions.get_mut(index as usize) else { return };
        match sight {
            None => self.end(io, index, End::Rejected),
            Some(sight) if sight != subscription.sight => {
                subscription.sight = sight;
                self.change(io, index);
            }
            Some(_) => {}
        }
    }

    /// A resource is gone: who watches it is told so.
    pub(crate) fn gone(&mut self, io: &mut Io<'_>, resource: &Resource) {
        let Some(entry) = self.by_resource.get(resource).copied() else { return };
        let watchers = self.entries.get(entry as usize).map(|e| e.watchers.clone());
        for index in watchers.unwrap_or_default() {
            self.end(io, index, End::NoResource);
        }
        self.pump(io);
    }

    /// We stop: every watcher is sent elsewhere, at the pace of all NOTIFYs.
    pub(crate) fn drain(&mut self, io: &mut Io<'_>) {
        let all: Vec<usize> = self.subscriptions.iter().map(|(index, _)| index).collect();
        for index in all {
            self.end(io, u32::try_from(index).unwrap_or(u32::MAX), End::Deactivated);
        }
        self.pump(io);
    }
}
