//! The legs of a page: one for each terminal that shall listen.
//!
//! | A terminal | Effect |
//! |---|---|
//! | answers by itself, or by hand within 30 s | it listens from then on |
//! | refuses, hangs up, cannot be reached | it takes no part |
//! | holds, or refreshes its session | answered: it hears the page or nothing |
//! | makes or takes a call | its leg ends (R279) |
//! | stands where the access line has no channel left | it is left out (R305) |

use std::net::SocketAddr;

use base::id::DeviceId;
use base::limits::{INVITE_PACE, INVITES_AT_ONCE};
use base::{Cause, LegId};
use bytes::Bytes;
use mediactl::{Command, DtmfToPeer, Joined};

use super::Target;
use crate::action::{Action, LegCommand, OfferLeg};
use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::adopt_key;
use crate::input::LegEvent;
use crate::leg::{Asked, Body, Leg, Media, Pending, Say, State, Waiting};
use crate::media::{can_play, condition, our_addresses, page_answer, page_offer};

impl Call {
    pub(super) fn page_leg(&self, id: LegId) -> Option<&Leg> {
        self.page.as_ref()?.legs.get(&id)
    }

    fn page_leg_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.page.as_mut()?.legs.get_mut(&id)
    }

    /// Whether the leg listens to the page of this call, or shall.
    pub(crate) fn is_paged(&self, id: LegId) -> bool {
        self.page_leg(id).is_some() || self.is_stream(id)
    }

    /// The legs of the page.
    pub(crate) fn paged_legs(&self) -> impl Iterator<Item = &Leg> {
        self.page.iter().flat_map(|page| page.legs.values())
    }

    pub(super) fn page_legs(&self, which: impl Fn(&Leg) -> bool) -> Vec<LegId> {
        self.paged_legs().filter(|l| which(l)).map(|l| l.id).collect()
    }

    /// Calls the next terminals, as many as may be called now (R276).
    pub(super) fn page_more(&mut self, cx: &mut Cx<'_>) {
        let Some(page) = &mut self.page else { return };
        page.go_on_at = None;
        while let Some(id) = self.page.as_ref().and_then(|p| p.ready.front().copied()) {
            if !cx.core.pace.take(cx.now.mono) {
                break;
            }
            if let Some(page) = &mut self.page {
                page.ready.pop_front();
            }
            self.page_invite(cx, id);
        }
        let waiting = self.page.as_ref().map_or(0, |p| p.ready.len());
        for _ in waiting..INVITES_AT_ONCE {
            let Some(target) = self.page.as_mut().and_then(|p| p.queue.pop_front()) else { break };
            self.page_open(cx, target);
        }
        let Some(page) = &mut self.page else { return };
        if !page.queue.is_empty() || !page.ready.is_empty() {
            page.go_on_at = Some(cx.now.mono + INVITE_PACE);
        }
    }

    /// Opens the port for a terminal, unless it has got a call or another page meanwhile.
    fn page_open(&mut self, cx: &mut Cx<'_>, target: Target) {
        let Target { device: id, contact, who } = target;
        let (slot, tenant) = (self.key.slot, self.tenant);
        let busy = who.dn.is_some_and(|dn| cx.core.budget.count(tenant, dn) > 0);
        let Some(device) = cx.view.snapshot().device(id).filter(|_| !busy) else { return };
        let fits = self.has_channel_for_page(cx, device.site);
        let Some(page) = &mut self.page else { return };
        if !fits {
            page.found_no_channel = true;
            return;
        }
        if !cx.core.pages.enter(id, slot, page.emergency) {
            return;
        }
        let leg_id = cx.core.mint();
        let mut leg = Leg::ringing_at(leg_id, device, who, contact.path);
        let say = Say::Invite { contact: contact.id };
        leg.waiting = Some(Waiting { say, body: Body::Nothing });
        leg.media = Some(Box::new(Media {
            id: leg_id,
            at: None,
            keys: Vec::new(),
            protect: None,
            dirty: false,
            told: true,
            joined: Joined::None,
            instead: Box::default(),
            tones: DtmfToPeer::Drop,
        }));
        cx.core.by_leg.insert(leg_id, slot);
        cx.core.by_media.insert(leg_id, slot);
        page.legs.insert(leg_id, leg);
        self.page_tell(cx, leg_id);
    }

    /// Tells the media plane what a terminal hears.
    fn page_tell(&self, cx: &mut Cx<'_>, id: LegId) {
        let speaker = self.first.and_then(|id| self.leg(id)).and_then(|l| l.media.as_ref());
        let (Some(speaker), Some(leg)) = (speaker.map(|m| m.id), self.page_leg(id)) else { return };
        let Some(mut want) = condition(leg, self.group) else { return };
        // Whatever the terminal sends is dropped.
        want.direction = match want.direction.sends() {
            true => mediactl::Direction::SendOnly,
            false => mediactl::Direction::Inactive,
        };
        want.joined = Joined::Listener(speaker);
        want.dtmf_to_peer = DtmfToPeer::Pass;
        cx.media(Command::Leg(Box::new(want)));
    }

    /// News of the media plane about a terminal's leg.
    pub(crate) fn page_media(&mut self, cx: &mut Cx<'_>, id: LegId, event: mediactl::Event) {
        if self.is_stream(id) {
            return self.stream_event(cx, id, &event);
        }
        match event {
            mediactl::Event::Opened { rtp, rtcp, .. } => self.page_opened(cx, id, (rtp, rtcp)),
            mediactl::Event::Failed { .. } => {
                cx.count(base::event::Kind::MediaRefused);
                cx.core.by_media.remove(&id);
                if let Some(leg) = self.page_leg_mut(id) {
                    leg.media = None;
                }
                self.page_hang_up(cx, id, Cause::ResourceShortage);
            }
            _ => {}
        }
    }

    fn page_opened(&mut self, cx: &mut Cx<'_>, id: LegId, at: (SocketAddr, SocketAddr)) {
        let at = our_addresses(cx.view, at);
        let Some(leg) = self.page_leg_mut(id).filter(|l| l.state == State::Opening) else { return };
        if let Some(media) = leg.media.as_mut().filter(|m| m.at.is_none()) {
            media.at = Some(at);
        }
        if cx.core.pace.take(cx.now.mono) {
            return self.page_invite(cx, id);
        }
        if let Some(page) = &mut self.page {
            page.ready.push_back(id);
            page.go_on_at = page.go_on_at.or(Some(cx.now.mono + INVITE_PACE));
        }
    }

    fn page_invite(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(from) = self.page_caller(cx) else { return };
        let (tenant, max_forwards) = (self.tenant, self.max_forwards);
        let Some(leg) = self.page_leg_mut(id) else { return };
        let Some(Waiting { say: Say::Invite { contact }, .. }) = leg.waiting.take() else { return };
        let sdp = match page_offer(cx, leg) {
            Ok(sdp) => sdp,
            Err(cause) => return self.page_hang_up(cx, id, cause),
        };
        leg.state = State::Early;
        leg.asked = Asked::Answer;
        let offer = OfferLeg {
            leg: id,
            device: leg.device,
            contact,
            from,
            to: cx.shown(&leg.who, tenant),
            sdp: Some(sdp),
            max_forwards,
            referred_by: None,
            reliable: false,
            diverted: Vec::new(),
            dial: None,
            auto_answer: true,
            hidden: false,
        };
        cx.out.push(Action::OfferLeg(Box::new(offer)));
    }

    /// The caller as the terminals show it: 「department: name」.
    fn page_caller(&self, cx: &Cx<'_>) -> Option<crate::action::Party> {
        let page = self.page.as_ref()?;
        let mut from = cx.shown_as((&self.leg(self.first?)?.who, true), self.tenant);
        let name = cx.view.snapshot().department(page.department).map(|d| &*d.name);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            from.name = format!("{name}: {}", from.name);
        }
        Some(from)
    }

    /// Something happened on a terminal's leg.
    pub(crate) fn page_event(&mut self, cx: &mut Cx<'_>, id: LegId, event: LegEvent) {
        match event {
            LegEvent::Trying => {
                if let Some(leg) = self.page_leg_mut(id) {
                    leg.reached = true;
                }
            }
            LegEvent::Progress { .. } => {
                if let Some(leg) = self.page_leg_mut(id).filter(|l| l.state == State::Early) {
                    leg.reached = true;
                    leg.state = State::Rang;
                }
            }
            LegEvent::Answered { sdp } => self.page_answered(cx, id, sdp),
            LegEvent::Refused(_) | LegEvent::Ended { .. } | LegEvent::Gone => {
                self.page_left(cx, id);
            }
            LegEvent::OfferReceived { sdp } => self.page_offered(cx, id, sdp),
            LegEvent::AnswerReceived { sdp: Some(sdp) } => {
                if let Some(leg) = self.page_leg_mut(id) {
                    leg.asked = Asked::Nothing;
                    leg.remote = Leg::keep(&sdp);
                }
                self.page_tell(cx, id);
            }
            LegEvent::Refer(_) => cx.command(id, LegCommand::RefuseRefer { status: 403 }),
            LegEvent::AnswerReceived { sdp: None }
            | LegEvent::OfferFailed { .. }
            | LegEvent::Confirmed
            | LegEvent::Digit { .. } => {}
        }
    }

    fn page_answered(&mut self, cx: &mut Cx<'_>, id: LegId, sdp: Option<Bytes>) {
        let Some(leg) = self.page_leg_mut(id).filter(|l| l.state != State::Answered) else {
            return;
        };
        leg.state = State::Answered;
        leg.asked = Asked::Nothing;
        leg.remote = sdp.as_ref().map(Leg::keep).unwrap_or_default();
        let usable = can_play(&leg.remote) && adopt_key(leg);
        let dn = leg.who.dn;
        if let Some(page) = &mut self.page {
            page.answered += 1;
            page.reached.extend(dn.filter(|_| usable));
        }
        if usable {
            self.page_tell(cx, id);
        } else {
            self.page_hang_up(cx, id, Cause::MediaNotAcceptable);
        }
    }

    /// A terminal changes its session, or asks for our offer.
    fn page_offered(&mut self, cx: &mut Cx<'_>, id: LegId, sdp: Option<Bytes>) {
        let Some(leg) = self.page_leg_mut(id) else { return };
        let made = match &sdp {
            Some(sdp) => {
                leg.pending = Pending::Offer(Leg::keep(sdp));
                page_answer(cx, leg)
            }
            None => page_offer(cx, leg),
        };
        match made {
            Ok(answer) => {
                leg.settle_pending();
                leg.asked = if sdp.is_none() { Asked::Answer } else { Asked::Nothing };
                cx.command(id, LegCommand::AnswerOffer { sdp: answer });
            }
            Err(_) => {
                leg.pending = Pending::Nothing;
                cx.command(id, LegCommand::RefuseOffer { status: 488 });
            }
        }
        self.page_tell(cx, id);
    }

    /// The terminal has got a call, or makes one.
    pub(crate) fn leave_page(&mut self, cx: &mut Cx<'_>, device: DeviceId) {
        for id in self.page_legs(|l| l.device == device) {
            self.page_hang_up(cx, id, Cause::NormalClearing);
        }
        if let Some(page) = &mut self.page {
            page.queue.retain(|target| target.device != device);
        }
    }

    pub(super) fn page_hang_up(&mut self, cx: &mut Cx<'_>, id: LegId, cause: Cause) {
        let Some(leg) = self.page_leg(id) else { return };
        if leg.state != State::Opening {
            cx.command(id, LegCommand::End { cause, elsewhere: false });
        }
        self.page_left(cx, id);
    }

    /// The leg is over.
    fn page_left(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let slot = self.key.slot;
        let Some(page) = &mut self.page else { return };
        let Some(leg) = page.legs.remove(&id) else { return };
        page.ready.retain(|ready| *ready != id);
        if leg.state == State::Answered {
            page.answered = page.answered.saturating_sub(1);
        }
        cx.core.by_leg.remove(&id);
        cx.core.pages.leave(leg.device, slot);
        if let Some(media) = leg.media {
            cx.core.by_media.remove(&media.id);
            cx.media(Command::Close { leg: media.id });
        }
    }
}
