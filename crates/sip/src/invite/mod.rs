//! INVITE usages ("legs"): everything between an INVITE and the end of its dialog.
//!
//! The dispatcher matches transactions and authenticates; what belongs to a call comes here. A
//! leg is found by its id (commands), by our tag (requests), and by the owner value of its
//! transactions (responses and failures).

use std::collections::BTreeSet;

use base::event::Kind as EventKind;
use base::id::DeviceId;
use base::limits::LEGS_MAX;
use base::{Cause, FlowId, LegId, Place, Rng, Slots, Table};

use crate::leg::{Invite, LegCommand, LegEvent, Refused};
use crate::msg::replaces::Replaces;
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::{DialogSurvey, Output, Transport};
use crate::txn::{ClientTx, Peer, TxEvent};

mod ack;
mod auth;
mod cx;
mod diverted;
mod end;
mod follow;
mod identity;
mod inbound;
mod info;
mod offer;
mod outbound;
mod phone;
mod refer;
mod reoffer;
mod stray;
mod text;
mod usage;

#[cfg(test)]
mod tests;

pub(crate) use cx::{Cx, Known, Request, Secrets, Target};
pub(crate) use phone::Errand;

use inbound::Unfit;
use refer::Named;
use text::Say;
use usage::{Key, Kind, Phase, Role, Usage};

/// All legs of a stack.
pub(crate) struct Legs {
    place: Place,
    usages: Slots<Usage>,
    generation: u32,
    /// Counter of inbound legs: the lower half of the counters is ours.
    inbound: u64,
    by_id: Table<LegId, u32>,
    by_tag: Table<[u8; 17], u32>,
    /// Unanswered inbound legs of streams, to be ended when their stream closes.
    on_streams: BTreeSet<(FlowId, u32)>,
}

impl Legs {
    /// No legs yet; `rng` keys the tables and is not used up.
    pub(crate) fn new(place: Place, rng: &Rng) -> Self {
        // Elsewhere for each seed, so that a stack that is built anew does not mistake the media of
        // its predecessor for its own.
        let inbound = rng.derive("inbound legs").below(crate::leg::OUTBOUND_IDS >> 1);
        let mut rng = rng.derive("leg tables");
        Legs {
            place,
            usages: Slots::new(),
            generation: 0,
            inbound,
            by_id: Table::new(&mut rng),
            by_tag: Table::new(&mut rng),
            on_streams: BTreeSet::new(),
        }
    }

    /// Whether no leg is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.usages.is_empty()
    }

    /// Number of legs.
    pub(crate) fn len(&self) -> usize {
        self.usages.len()
    }

    /// All legs at a glance.
    pub(crate) fn survey(&self) -> impl Iterator<Item = DialogSurvey> {
        self.usages.iter().map(|(_, usage)| DialogSurvey {
            leg: usage.id,
            call_id: usage.local.call_id.clone(),
            is_up: matches!(usage.phase, Phase::Up),
            is_ending: match &usage.phase {
                Phase::Calling(calling) => calling.ended,
                Phase::Ending(_) | Phase::Gone => true,
                Phase::Ringing(_) | Phase::Up => false,
            },
        })
    }

    /// What names the dialog of a leg that goes on: Call-ID, our tag, and that of the far end,
    /// which is empty before its first answer.
    pub(crate) fn name_of_dialog(&self, leg: LegId) -> Option<(&[u8], &[u8], &[u8])> {
        let usage = self.usages.get(*self.by_id.get(&leg)? as usize)?;
        let theirs = match &usage.phase {
            Phase::Calling(calling) => {
                calling.forks.get(calling.current).map_or(&[][..], |fork| &fork.remote.tag)
            }
            Phase::Ringing(_) | Phase::Up => &usage.remote.tag,
            Phase::Ending(_) | Phase::Gone => return None,
        };
        Some((&usage.local.call_id, usage.local.tag.as_ref(), theirs))
    }

    /// The dialog that a request with a To tag belongs to; `None`: answer 481.
    pub(crate) fn find(&self, msg: &Msg) -> Option<Known> {
        let usage = self.usages.get(self.index_of(msg)? as usize)?;
        Some(Known { device: usage.device, peer: usage.peer })
    }

    fn index_of(&self, msg: &Msg) -> Option<u32> {
        let (to, from) = (msg.to()?.tag()?, msg.from()?.tag().unwrap_or_default());
        self.dialog(msg.call_id(), to, from)
    }

    /// The leg of a dialog named from its side: Call-ID, our tag, the far end's tag.
    fn dialog(&self, call_id: &[u8], ours: &[u8], theirs: &[u8]) -> Option<u32> {
        let tag: [u8; 17] = ours.try_into().ok()?;
        let index = *self.by_tag.get(&tag)?;
        let usage = self.usages.get(index as usize)?;
        let is_theirs = match &usage.phase {
            Phase::Calling(calling) => calling.forks.iter().any(|f| &*f.remote.tag == theirs),
            Phase::Ringing(_) | Phase::Up | Phase::Ending(_) | Phase::Gone => {
                &*usage.remote.tag == theirs
            }
        };
        (is_theirs && &*usage.local.call_id == call_id).then_some(index)
    }

    /// An authenticated INVITE outside of a dialog (with or without Replaces): answers it or
    /// begins a leg, whose key becomes the owner of the transaction.
    pub(crate) fn handle_invite(
        &mut self,
        cx: &mut Cx<'_>,
        request: Request<'_>,
        device: DeviceId,
    ) {
        let replaces = match self.replaced(request.msg) {
            Ok(replaces) => replaces,
            Err(status) => return refuse(cx, &request, Say::code(status)),
        };
        if self.len() >= LEGS_MAX {
            let say = Say::code(503).with(HeaderId::RetryAfter, "10");
            return refuse(cx, &request, say);
        }
        self.inbound += 1;
        let id = LegId::new(self.place, self.inbound);
        let key = self.next_key();
        match Usage::ringing(cx, key, (id, device), &request) {
            Ok((usage, mut offered)) => {
                cx.layer.set_owner(request.tx, key.owner(Role::Invite));
                offered.replaces = replaces;
                let flow = usage.peer.flow;
                let transport = cx.layer.flows().get(flow).map(|f| f.transport);
                if transport.is_some_and(|t| t != Transport::Udp) {
                    self.on_streams.insert((flow, key.index));
                }
                self.insert(usage);
                cx.out.push(Output::Leg { leg: id, event: LegEvent::Offered(Box::new(offered)) });
            }
            Err(Unfit::Status(status)) => {
                let say = Say::code(status);
                let sdp_only = (HeaderId::Accept, b"application/sdp".to_vec());
                let lines =
                    if status == 415 { [sdp_only].into_iter().collect() } else { say.lines };
                refuse(cx, &request, Say { lines, ..Say::code(status) });
            }
            Err(Unfit::TooShort(too_short)) => {
                refuse(cx, &request, reoffer::too_short_say(too_short));
            }
        }
    }

    /// The leg that an INVITE replaces, or the status that refuses it (RFC 3891 §3).
    fn replaced(&self, invite: &Msg) -> Result<Option<LegId>, u16> {
        let mut values = invite.values(HeaderId::Replaces);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let replaces = Replaces::parse(value).filter(|_| values.next().is_none()).ok_or(400u16)?;
        // COMPAT: whoever read the tags in a dialog-info document may take them the other way.
        let Replaces { call_id, to_tag, from_tag, .. } = replaces;
        let index = self
            .dialog(call_id, to_tag, from_tag)
            .or_else(|| self.dialog(call_id, from_tag, to_tag));
        let usage = index.and_then(|i| self.usages.get(i as usize)).ok_or(481u16)?;
        match &usage.phase {
            Phase::Up if replaces.early_only => Err(486),
            Phase::Up => Ok(Some(usage.id)),
            Phase::Calling(calling) if !calling.ended => Ok(Some(usage.id)),
            // An early dialog that the far end began cannot be replaced.
            Phase::Ringing(_) => Err(481),
            Phase::Calling(_) | Phase::Ending(_) | Phase::Gone => Err(603),
        }
    }

    /// A request of a dialog found by [`Legs::find`], of any method but ACK and CANCEL. The leg is
    /// bound to the flow it came by from now on. Answered 481 when there is no such dialog.
    pub(crate) fn handle_in_dialog(&mut self, cx: &mut Cx<'_>, request: Request<'_>) {
        let Some(index) = self.index_of(request.msg) else {
            return refuse(cx, &request, Say::code(481));
        };
        let named = match refer::replaces_in(request.msg) {
            Some(text) => Replaces::parse(&text)
                .and_then(|r| self.named(&r))
                .map_or(Named::Unknown, Named::Leg),
            None => Named::Nobody,
        };
        let Some(usage) = self.usages.get_mut(index as usize) else {
            return;
        };
        usage.bind(request.peer, &mut self.on_streams);
        usage.in_dialog(cx, &request, named);
        self.settle(cx, index);
    }

    /// The leg named by Replaces in Refer-To; COMPAT: some phones write the tags the other way.
    fn named(&self, replaces: &Replaces<'_>) -> Option<LegId> {
        let Replaces { call_id, to_tag, from_tag, .. } = *replaces;
        let index = self
            .dialog(call_id, to_tag, from_tag)
            .or_else(|| self.dialog(call_id, from_tag, to_tag))?;
        let usage = self.usages.get(index as usize)?;
        match usage.phase {
            Phase::Ending(_) | Phase::Gone => None,
            Phase::Calling(_) | Phase::Ringing(_) | Phase::Up => Some(usage.id),
        }
    }

    /// An ACK that is no affair of the transaction layer, or one to a refused INVITE.
    pub(crate) fn handle_ack(&mut self, cx: &mut Cx<'_>, ack: &Msg) {
        if let Some(index) = self.index_of(ack)
            && let Some(usage) = self.usages.get_mut(index as usize)
        {
            usage.ack(cx, ack);
            self.settle(cx, index);
        }
    }

    /// A CANCEL matched the pending INVITE of `owner`; the dispatcher answers the CANCEL itself.
    /// A re-INVITE is answered all the same, as if the CANCEL had come later.
    pub(crate) fn handle_cancel(&mut self, cx: &mut Cx<'_>, owner: u64, cancel: &Msg) {
        let Some((index, Role::Invite)) = self.owned(owner) else {
            return;
        };
        if let Some(usage) = self.usages.get_mut(index as usize) {
            let q850 = text::q850_of(cancel);
            let cause = Cause::CallerCancelled;
            usage.give_up(cx, 487, LegEvent::Ended { cause, by_far_end: true, q850 });
            self.settle(cx, index);
        }
    }

    /// A response for a transaction of a leg ([`TxEvent::Response`]); also for legs that are gone:
    /// a 2xx to INVITE is then acknowledged and ended.
    pub(crate) fn handle_response(
        &mut self,
        cx: &mut Cx<'_>,
        (tx, owner): (ClientTx, u64),
        response: &Msg,
        peer: Peer,
    ) {
        let Some((index, role)) = self.owned(owner) else {
            if response.status().is_some_and(|s| (200..300).contains(&s)) {
                stray::end(cx, response, peer);
            }
            return;
        };
        let Some(usage) = self.usages.get_mut(index as usize) else {
            return;
        };
        usage.moved(cx, tx, peer);
        match role {
            Role::Invite => usage.invite_response(cx, response),
            Role::Prack => usage.prack_done(cx, response.status().unwrap_or(0)),
            // The phone's business.
            Role::Errand => {}
            Role::Reinvite | Role::Update => usage.offer_response(cx, tx, response),
            Role::Bye => usage.bye_done(cx, Some(response)),
            Role::Notify => usage.notified(cx, tx, Some(response)),
        }
        self.settle(cx, index);
    }

    /// The leg whose far end itself has answered an INVITE; a proxy before it (Path) may have said
    /// 100 by itself, or that it cannot reach it.
    pub(crate) fn heard(&self, owner: u64, response: &Msg) -> Option<LegId> {
        let (index, Role::Invite) = self.owned(owner)? else {
            return None;
        };
        let usage = self.usages.get(index as usize)?;
        let by_proxy = matches!(response.status(), Some(100 | 408 | 430 | 503 | 504));
        (!by_proxy || usage.remote.routes.is_empty()).then_some(usage.id)
    }

    /// A transaction of a leg ended without a final response.
    pub(crate) fn handle_failure(&mut self, cx: &mut Cx<'_>, event: TxEvent) {
        let (tx, owner, status) = match event {
            TxEvent::Timeout { tx, owner } => (tx, owner, 408),
            TxEvent::TransportError { tx, owner } => (tx, owner, 503),
            TxEvent::AckMissing { owner, .. } => return self.refusal_is_past(cx, owner),
            TxEvent::Response { .. } => return,
        };
        let Some((index, role)) = self.owned(owner) else {
            return;
        };
        let Some(usage) = self.usages.get_mut(index as usize) else {
            return;
        };
        match role {
            Role::Invite => usage.invite_failed(cx, tx, status),
            Role::Prack => usage.prack_done(cx, status),
            Role::Errand => {}
            Role::Reinvite | Role::Update => usage.offer_gone(cx, tx, status),
            Role::Bye => usage.bye_done(cx, None),
            Role::Notify => usage.notified(cx, tx, None),
        }
        self.settle(cx, index);
    }

    /// Nobody acknowledged a refusal. The leg ended with that of its first INVITE; after another
    /// one, offers of ours need not wait any longer.
    fn refusal_is_past(&mut self, cx: &mut Cx<'_>, owner: u64) {
        if let Some((index, Role::Reinvite)) = self.owned(owner)
            && let Some(usage) = self.usages.get_mut(index as usize)
        {
            usage.pump(cx);
            self.settle(cx, index);
        }
    }

    /// A timer of `TimerKey::Leg` fired.
    pub(crate) fn handle_timer(&mut self, cx: &mut Cx<'_>, key: (u32, u32, u8)) {
        let (index, generation, kind) = key;
        let usage = self.usages.get_mut(index as usize);
        let Some(usage) = usage.filter(|u| u.key.generation == generation) else {
            return;
        };
        let Some(kind) = Kind::of(kind).filter(|k| usage.is_due(cx, *k)) else {
            return;
        };
        usage.follow(cx);
        match kind {
            Kind::Resend if matches!(usage.phase, Phase::Ringing(_)) => usage.resend_reliable(cx),
            Kind::Resend => usage.resend_2xx(cx),
            Kind::Limit => usage.unacknowledged(cx),
            Kind::Remind => usage.remind(cx),
            Kind::Refresh => usage.refresh(cx),
            Kind::GiveUp => usage.abandon(cx, Cause::MediaTimeout),
            Kind::Retry => usage.pump(cx),
            Kind::Linger => usage.ack_out = None,
            Kind::Owed => usage.refuse_offer(cx, 500),
            Kind::Refer => usage.refer_expired(cx),
        }
        self.settle(cx, index);
    }

    /// Begins an outbound leg; `target` is `None` when the contact is not registered any more.
    pub(crate) fn call(
        &mut self,
        cx: &mut Cx<'_>,
        leg: LegId,
        invite: Invite,
        target: Option<Target>,
    ) {
        let Some(target) = target.filter(|_| self.len() < LEGS_MAX) else {
            let refused = Refused { status: 503, q850: None, unreachable: true };
            cx.out.push(Output::Leg { leg, event: LegEvent::Refused(refused) });
            cx.out.push(Output::Leg { leg, event: LegEvent::Gone });
            return;
        };
        let key = self.next_key();
        let usage = Usage::calling(cx, key, (leg, invite), target);
        self.insert(usage);
    }

    /// Any command but `Invite`; ignored when the leg is gone.
    pub(crate) fn handle_command(&mut self, cx: &mut Cx<'_>, leg: LegId, command: LegCommand) {
        let index = self.by_id.get(&leg).copied();
        let Some((index, usage)) = index.and_then(|i| Some((i, self.usages.get_mut(i as usize)?)))
        else {
            cx.out.push(Output::Event(EventKind::LateAnswer.into()));
            return;
        };
        usage.follow(cx);
        match command {
            // Begun with [`Legs::call`], which knows the binding.
            LegCommand::Invite(_) => {}
            LegCommand::Progress { status, sdp } => usage.progress(cx, status, sdp),
            LegCommand::Answer { sdp } => usage.answer(cx, sdp),
            LegCommand::Refuse { cause, retry_after_s } => usage.refuse(cx, cause, retry_after_s),
            LegCommand::End { cause, elsewhere } => usage.end(cx, cause, elsewhere),
            LegCommand::Offer { sdp, identity } => usage.offer(cx, sdp, identity),
            LegCommand::Show { identity } => usage.show(cx, identity),
            LegCommand::WithdrawOffer => usage.withdraw_offer(),
            LegCommand::AnswerOffer { sdp } => usage.answer_offer(cx, sdp),
            LegCommand::RefuseOffer { status } => usage.refuse_offer(cx, status),
            LegCommand::AcceptRefer => usage.accept_refer(cx),
            LegCommand::RefuseRefer { status } => usage.refuse_refer(cx, status),
            LegCommand::ReferProgress { status } => usage.refer_progress(cx, status),
        }
        self.settle(cx, index);
    }

    /// A connection is gone; call after [`crate::txn::Layer::flow_closed`] and its events. Callers
    /// that wait for an answer by it cannot get one any more.
    pub(crate) fn flow_closed(&mut self, cx: &mut Cx<'_>, flow: FlowId) {
        let range = (flow, 0)..=(flow, u32::MAX);
        let indices: Vec<u32> = self.on_streams.range(range).map(|(_, index)| *index).collect();
        for index in indices {
            self.on_streams.remove(&(flow, index));
            if let Some(usage) = self.usages.get_mut(index as usize) {
                let cause = Cause::CallerCancelled;
                usage.give_up(cx, 487, LegEvent::Ended { cause, by_far_end: true, q850: None });
                self.settle(cx, index);
            }
        }
    }

    fn next_key(&mut self) -> Key {
        self.generation = self.generation.wrapping_add(1);
        let index = u32::try_from(self.usages.next_index()).unwrap_or(u32::MAX);
        Key { index, generation: self.generation }
    }

    /// Puts a usage at the place that its key names.
    fn insert(&mut self, usage: Usage) {
        let index = usage.key.index;
        self.by_id.insert(usage.id, index);
        if let Ok(tag) = usage.local.tag.as_ref().try_into() {
            self.by_tag.insert(tag, index);
        }
        self.usages.insert(usage);
    }

    /// The leg that a transaction belongs to, when it still exists.
    fn owned(&self, owner: u64) -> Option<(u32, Role)> {
        let (key, role) = Key::of_owner(owner)?;
        let usage = self.usages.get(key.index as usize)?;
        (usage.key == key).then_some((key.index, role))
    }

    /// Removes a leg that is over, and says so once.
    fn settle(&mut self, cx: &mut Cx<'_>, index: u32) {
        if !self.usages.get(index as usize).is_some_and(Usage::is_gone) {
            return;
        }
        let Some(usage) = self.usages.remove(index as usize) else { return };
        self.by_id.remove(&usage.id);
        if let Ok(tag) = <[u8; 17]>::try_from(usage.local.tag.as_ref()) {
            self.by_tag.remove(&tag);
        }
        self.on_streams.remove(&(usage.peer.flow, index));
        usage.emit(cx, LegEvent::Gone);
    }
}

impl Usage {
    /// A request in the dialog, after the checks that all have in common.
    fn in_dialog(&mut self, cx: &mut Cx<'_>, request: &Request<'_>, named: Named) {
        let method = request.msg.method().unwrap_or(Method::Other);
        let number = request.msg.cseq().map_or(0, |c| c.number);
        let fork = self.fork_of(request.msg);
        let in_order = match (&mut self.phase, fork) {
            (Phase::Calling(calling), Some(fork)) => {
                calling.forks.get_mut(fork).is_some_and(|f| f.remote.take_seq(number))
            }
            _ => self.remote.take_seq(number),
        };
        if !in_order {
            self.reply(cx, (request.tx, request.msg), Say::code(500));
            return;
        }
        match method {
            Method::Invite => self.reinvited(cx, request),
            Method::Update => self.updated(cx, request, fork),
            Method::Prack => self.prack(cx, request),
            Method::Bye => self.bye_received(cx, request),
            Method::Refer => self.refer(cx, request, named),
            Method::Subscribe => self.subscribed(cx, request),
            Method::Ack
            | Method::Cancel
            | Method::Info
            | Method::Message
            | Method::Notify
            | Method::Options
            | Method::Publish
            | Method::Register
            | Method::Other => self.other(cx, request, method),
        }
    }
}

/// Answers a request that belongs to no leg.
fn refuse(cx: &mut Cx<'_>, request: &Request<'_>, say: Say) {
    let tag = cx.layer.mint().tag();
    let mut buffer = Vec::with_capacity(512);
    let reply = Reply {
        code: say.code,
        phrase: "",
        to_tag: Some(tag.as_str()),
        source: Some(request.peer.address),
    };
    let mut out = Writer::respond(&mut buffer, request.msg, reply);
    for (id, value) in &say.lines {
        out.header(*id, value);
    }
    out.header(HeaderId::Server, cx.config.product);
    if let Ok(bytes) = out.finish_bytes() {
        cx.layer.respond(cx.now.mono, request.tx, (say.code, bytes), cx.out);
    }
}
