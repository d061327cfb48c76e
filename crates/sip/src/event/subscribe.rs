//! SUBSCRIBE: begins, refreshes and ends subscriptions (RFC 6665 §4.2.1).

use base::id::DeviceId;
use base::limits::{
    DIALOG_NOTIFY_EVERY, FIRST_STATE_WAIT, SUBSCRIPTION_BYTES_MAX, SUBSCRIPTION_MAX_S,
    SUBSCRIPTION_MIN_S, SUBSCRIPTIONS_PER_DEVICE,
};
use base::{Micros, Rng};
use smallvec::SmallVec;

use super::refusal::Refusal;
use super::resource;
use super::state::{Package, Resource, Sight, WatchEvent, Watched};
use super::subscription::{End, Key, Kind, NEVER, Subscription};
use super::{Io, Notifier};
use crate::dialog::{Local, Remote};
use crate::msg::event::Event;
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, Method, Msg, accept};
use crate::txn::{Peer, ServerTx};

/// Longest `id` of an Event that is kept.
const ID_MAX: usize = 64;

/// Longest interval that a watcher can ask for.
const EVERY_MAX: Micros = Micros::seconds(SUBSCRIPTION_MAX_S as u64);

/// A SUBSCRIBE with its server transaction.
pub(crate) struct Subscribe<'a> {
    /// The transaction, opened by the dispatcher.
    pub(crate) tx: ServerTx,
    /// The request.
    pub(crate) msg: &'a Msg,
    /// Where it came from: where NOTIFYs go.
    pub(crate) peer: Peer,
}

/// What a SUBSCRIBE asks for.
pub(crate) struct Ask<'a> {
    /// What kind of thing.
    pub(crate) package: Package,
    id: &'a [u8],
    /// Seconds; 0 = the state once, or the end.
    expires: u32,
    every: Micros,
    is_limited: bool,
}

impl<'a> Ask<'a> {
    /// Reads and checks a SUBSCRIBE.
    pub(crate) fn of(msg: &'a Msg) -> Result<Self, Refusal> {
        let event = msg.event().ok_or(Refusal::BadEvent)?;
        let package = Package::of(event.package).ok_or(Refusal::BadEvent)?;
        let id = event.id.unwrap_or_default();
        if id.len() > ID_MAX {
            return Err(Refusal::Status(400));
        }
        let (kind, subtype) = package.media_type();
        if msg.has(HeaderId::Accept) && !accept::accepts(msg, kind, subtype) {
            return Err(Refusal::NotAcceptable(package));
        }
        let expires = msg.expires().unwrap_or(SUBSCRIPTION_MAX_S);
        if expires != 0 && expires < SUBSCRIPTION_MIN_S {
            return Err(Refusal::TooBrief);
        }
        let asked = max_rate(&event);
        let every = match package {
            Package::Dialog => DIALOG_NOTIFY_EVERY,
            Package::MessageSummary | Package::Reg => Micros(0),
        };
        let every = every.max(asked.unwrap_or_default());
        Ok(Ask { package, id, expires, every, is_limited: asked.is_some() })
    }
}

/// The interval that `max-rate` asks for: NOTIFYs a second, as a decimal (RFC 6446 §3.1).
fn max_rate(event: &Event<'_>) -> Option<Micros> {
    let text = std::str::from_utf8(event.params.value("max-rate")?).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.len() <= 9 && t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || part.len() > 10 {
        return None;
    }
    let part = part.get(..9).unwrap_or(part);
    if !digits(part) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let billionths: u64 = format!("{part:0<9}").parse().ok()?;
    let rate = whole * 1_000_000_000 + billionths;
    let every = 1_000_000_000_000_000u64.checked_div(rate)?;
    Some(Micros(every).min(EVERY_MAX))
}

/// Seconds granted: never more than asked for, and of that 75 to 100 %, so that the phones of a
/// building do not refresh together.
fn grant(asked: u32, rng: &mut Rng) -> u32 {
    let full = asked.min(SUBSCRIPTION_MAX_S);
    let jitter = rng.below(u64::from(full / 4) + 1);
    (full - u32::try_from(jitter).unwrap_or(0)).max(SUBSCRIPTION_MIN_S).min(full)
}

impl Notifier {
    /// The subscription that a request with a To tag belongs to: whose it is, and to which flow
    /// and address it is bound.
    pub(crate) fn find(&self, msg: &Msg) -> Option<(DeviceId, Peer)> {
        let subscription = self.subscriptions.get(self.index_of(msg)? as usize)?;
        Some((subscription.device, subscription.peer))
    }

    fn index_of(&self, msg: &Msg) -> Option<u32> {
        let (to, from) = (msg.to()?.tag()?, msg.from()?.tag().unwrap_or_default());
        let tag: [u8; 17] = to.try_into().ok()?;
        let index = *self.by_tag.get(&tag)?;
        let subscription = self.subscriptions.get(index as usize)?;
        let is_same =
            &*subscription.remote.tag == from && &*subscription.local.call_id == msg.call_id();
        is_same.then_some(index)
    }

    /// Begins the subscription of an authenticated device, and answers. `watched` is what the
    /// Request-URI means to it.
    pub(crate) fn begin(
        &mut self,
        io: &mut Io<'_>,
        request: &Subscribe<'_>,
        (device, ask): (DeviceId, &Ask<'_>),
        watched: &Watched,
    ) {
        let Some(remote) = Remote::of_request(request.msg).filter(|r| fits(r, request.msg)) else {
            return refuse(io, request, Refusal::Status(400));
        };
        self.make_room(io, device);
        // Who wants the state once gets it, however brief.
        let granted = match ask.expires {
            0 => 0,
            asked => grant(asked, io.layer.mint().rng()),
        };
        let local = local(io, request.msg);
        let tag = local.tag;
        let (entry, is_first) = self.entry(watched);
        self.generation = self.generation.wrapping_add(1);
        let index = u32::try_from(self.subscriptions.next_index()).unwrap_or(u32::MAX);
        let place = self.entries.get_mut(entry as usize);
        let is_known = place.as_ref().is_some_and(|e| e.is_known());
        let position = place.as_ref().map_or(0, |e| e.watchers.len());
        if let Some(place) = place {
            place.watchers.push(index);
        }
        let now = io.now.mono;
        let subscription = Subscription {
            key: Key { index, generation: self.generation },
            device,
            entry,
            position: u32::try_from(position).unwrap_or(u32::MAX),
            package: ask.package,
            sight: watched.sight,
            peer: request.peer,
            at_home: false,
            local,
            remote,
            id: ask.id.into(),
            expires_at: now + Micros::seconds(u64::from(granted)),
            armed: [NEVER; 2],
            every: ask.every,
            is_limited: ask.is_limited,
            next_at: if is_known { now } else { now + FIRST_STATE_WAIT },
            version: 0,
            running: None,
            dirty: true,
            urgent: true,
            queued: false,
            stuck: false,
            ends: (granted == 0).then_some(End::Unsubscribed),
            closing: false,
        };
        answer(io, request, (&subscription, granted));
        self.insert(subscription, tag.as_ref());
        if is_first {
            resource::tell(io, WatchEvent::Began { resource: watched.resource });
        }
        self.lives_until_then(io, index);
        self.wake(io, index);
        self.pump(io);
    }

    fn insert(&mut self, subscription: Subscription, tag: &[u8]) {
        let Key { index, .. } = subscription.key;
        if let Ok(tag) = tag.try_into() {
            self.by_tag.insert(tag, index);
        }
        self.by_device.get_or_insert_with(subscription.device, SmallVec::new).push(index);
        self.subscriptions.insert(subscription);
    }

    /// A device that watches too much loses the oldest: most likely it restarted and knows
    /// nothing of it any more.
    fn make_room(&mut self, io: &mut Io<'_>, device: DeviceId) {
        let held = self.by_device.get(&device).map_or(0, SmallVec::len);
        if held < SUBSCRIPTIONS_PER_DEVICE {
            return;
        }
        let oldest = self.by_device.get(&device).and_then(|held| held.first()).copied();
        let Some(index) = oldest else { return };
        self.end(io, index, End::Rejected);
        self.pump(io);
        // Its last NOTIFY has gone, or waits: the place is wanted now.
        self.remove(io, index);
    }

    /// A request in the dialog of a subscription that [`Notifier::find`] knows. `sight` tells how
    /// much a device may see today; `None` ends the subscription.
    pub(crate) fn handle_in_dialog(
        &mut self,
        io: &mut Io<'_>,
        request: &Subscribe<'_>,
        sight: &dyn Fn(DeviceId, &Resource) -> Option<Sight>,
    ) {
        let Some(index) = self.index_of(request.msg) else {
            return refuse(io, request, Refusal::Status(481));
        };
        if let Err(refusal) = self.refresh(io, (index, request), sight) {
            refuse(io, request, refusal);
        }
        self.wake(io, index);
        self.pump(io);
    }

    fn refresh(
        &mut self,
        io: &mut Io<'_>,
        (index, request): (u32, &Subscribe<'_>),
        sight: &dyn Fn(DeviceId, &Resource) -> Option<Sight>,
    ) -> Result<(), Refusal> {
        let gone = Refusal::Status(481);
        self.unstick(index);
        let subscription = self.subscriptions.get_mut(index as usize).ok_or(gone)?;
        subscription.bind(request.peer);
        let number = request.msg.cseq().map_or(0, |c| c.number);
        if subscription.ends.is_some() || request.msg.method() != Some(Method::Subscribe) {
            return Err(gone);
        }
        if !subscription.remote.take_seq(number) {
            return Err(Refusal::Status(500));
        }
        let ask = Ask::of(request.msg)?;
        if ask.package != subscription.package || *ask.id != *subscription.id {
            return Err(gone);
        }
        let entry = self.entries.get(subscription.entry as usize).ok_or(gone)?;
        let Some(sight) = sight(subscription.device, &entry.resource) else {
            self.end(io, index, End::NoResource);
            return Err(Refusal::Status(404));
        };
        subscription.sight = sight;
        subscription.remote.refresh(request.msg);
        subscription.every = ask.every;
        subscription.is_limited = ask.is_limited;
        subscription.dirty = true;
        subscription.urgent = true;
        let granted = match ask.expires {
            0 => 0,
            asked => grant(asked, io.layer.mint().rng()),
        };
        subscription.expires_at = io.now.mono + Micros::seconds(u64::from(granted));
        answer(io, request, (&*subscription, granted));
        if granted == 0 {
            self.end(io, index, End::Unsubscribed);
        } else {
            self.lives_until_then(io, index);
        }
        Ok(())
    }

    /// Arms the end of a subscription that is to live.
    fn lives_until_then(&mut self, io: &mut Io<'_>, index: u32) {
        if let Some(subscription) = self.subscriptions.get_mut(index as usize)
            && subscription.ends.is_none()
        {
            let at = subscription.expires_at;
            subscription.arm(io, Kind::Expire, at);
        }
    }
}

/// Our half of a new dialog (RFC 3261 §12.1.1).
fn local(io: &mut Io<'_>, subscribe: &Msg) -> Local {
    let mint = io.layer.mint();
    let tag = mint.tag();
    let to = subscribe.value(HeaderId::To).unwrap_or_default();
    Local {
        call_id: subscribe.call_id().into(),
        address: [to, b";tag=", tag.as_ref()].concat().into(),
        tag,
        contact: mint.tag(),
        seq: mint.rng().below(1 << 16) as u32,
        owns_call_id: false,
    }
}

/// Whether what is kept of a SUBSCRIBE is worth keeping.
fn fits(remote: &Remote, msg: &Msg) -> bool {
    let to = msg.value(HeaderId::To).map_or(0, <[u8]>::len);
    let parts = [&remote.address, &remote.tag, &remote.target, &remote.routes];
    let kept: usize = parts.iter().map(|part| part.len()).sum();
    kept + to + msg.call_id().len() <= SUBSCRIPTION_BYTES_MAX
}

/// 200 with what was granted.
fn answer(io: &mut Io<'_>, request: &Subscribe<'_>, (subscription, granted): (&Subscription, u32)) {
    let contact = subscription.contact(io);
    let lines = [(HeaderId::Expires, granted.to_string()), (HeaderId::Contact, contact)];
    respond(io, request, (200, subscription.local.tag.as_str()), &lines);
}

fn refuse(io: &mut Io<'_>, request: &Subscribe<'_>, refusal: Refusal) {
    let (status, lines) = refusal.answer();
    let tag = io.layer.stateless_tag(request.msg);
    respond(io, request, (status, tag.as_str()), &lines);
}

fn respond(
    io: &mut Io<'_>,
    request: &Subscribe<'_>,
    (code, tag): (u16, &str),
    lines: &[(HeaderId, String)],
) {
    let source = Some(request.peer.address);
    let mut buffer = Vec::with_capacity(512);
    let reply = Reply { code, phrase: "", to_tag: Some(tag), source };
    let mut out = Writer::respond(&mut buffer, request.msg, reply);
    for (id, value) in lines {
        out.header(*id, value);
    }
    out.header(HeaderId::Server, io.config.product);
    if let Ok(bytes) = out.finish_bytes() {
        io.layer.respond(io.now.mono, request.tx, (code, bytes), io.out);
    }
}
