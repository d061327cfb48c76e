//! Hold and resume by the phone: who is held hears the built-in music.
//!
//! | Media | The holder's offer | The held party |
//! |---|---|---|
//! | relayed | answered here | its join changes, no message |
//! | direct | answered here, `inactive` | re-INVITEd to a player, back by the resuming offer |
//!
//! A resuming offer passes to the other phone, except when a relayed one is answered by what is
//! in force already. A phone whose codecs our player lacks gets the holding offer itself.

use base::LegId;
use mediactl::Direction;
use mediactl::sdp::{Sdp, check_answer};

use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Asked, Body, Pending, Say, Serves};
use crate::media::path::Way;
use crate::media::{can_play, holds};

impl Call {
    /// An offer, or the wish for one, while both talk or hold.
    pub(crate) fn take_offer_between(&mut self, cx: &mut Cx<'_>, id: LegId, peer: LegId) {
        let Some(leg) = self.leg(id) else { return };
        let (was_holding, body) = (leg.holding, leg.body());
        let asks = match leg.pending {
            Pending::Offer(_) => holds(&body),
            Pending::Request | Pending::Nothing => Some(false),
        };
        let peer_holds = self.leg(peer).is_some_and(|p| p.holding);
        match asks {
            Some(true) if self.can_hold(peer) => self.hold(cx, id),
            Some(false) if peer_holds => self.serve_held(cx, id, peer),
            Some(false) if was_holding && self.answer_from_stock(cx, id, peer) => {}
            // Everything else is between the phones: codecs, fax, refreshes.
            Some(_) | None => self.pass(cx, id, peer),
        }
    }

    /// Whether the other party can be given music, or is served already.
    fn can_hold(&self, peer: LegId) -> bool {
        let Some(peer) = self.leg(peer) else { return false };
        self.way == Way::Relay
            || peer.holding
            || peer.serves == Serves::Music
            || (!peer.no_music && can_play(&peer.remote))
    }

    fn hold(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let direction = match self.way {
            // Its audio would go to the other phone, which hears our music.
            Way::Direct => Direction::Inactive,
            Way::Relay => Direction::RecvOnly,
        };
        if let Some(leg) = self.leg_mut(id) {
            leg.holding = true;
        }
        self.forget_digits(id);
        self.dial_afresh(cx, id);
        self.say(cx, id, Say::AnswerOffer, Body::Quiet(direction));
        self.touch_all_media();
    }

    /// The phone wants to talk, but the other party holds: it hears music.
    fn serve_held(&mut self, cx: &mut Cx<'_>, id: LegId, peer: LegId) {
        let Some(leg) = self.leg_mut(id) else { return };
        leg.holding = false;
        let asks = leg.pending == Pending::Request;
        self.touch_all_media();
        match (self.way, asks) {
            (Way::Relay, false) => {
                self.say(cx, id, Say::AnswerOffer, Body::Quiet(Direction::SendRecv));
            }
            (Way::Relay, true) => {
                self.exchange = Exchange::Player { leg: id };
                self.say(cx, id, Say::AnswerOffer, Body::Of(peer));
            }
            (Way::Direct, _) => self.answer_alone(cx, id),
        }
    }

    /// Answers a leg by our player: it has no partner to talk to now.
    pub(crate) fn answer_alone(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(leg) = self.leg_mut(id) else { return };
        let body = leg.body();
        let asks = leg.pending == Pending::Request;
        leg.holding = !asks && holds(&body).unwrap_or(false);
        let plays = can_play(&body) && !leg.no_music;
        if plays && self.may_hear_us(cx, id) {
            if asks {
                self.exchange = Exchange::Player { leg: id };
            }
            let both = self.voice.is_some() || self.page.is_some();
            let direction = if both { Direction::SendRecv } else { Direction::SendOnly };
            return self.say(cx, id, Say::AnswerOffer, Body::Own(direction));
        }
        match asks {
            true => self.refuse_offer(cx, id, 488),
            false => self.say(cx, id, Say::AnswerOffer, Body::Quiet(Direction::Inactive)),
        }
    }

    /// A relayed phone resumes, and what the other party said last answers it: no message there,
    /// unless the other one was told that it is not heard.
    fn answer_from_stock(&mut self, cx: &mut Cx<'_>, id: LegId, peer: LegId) -> bool {
        if self.way == Way::Direct {
            return false;
        }
        let (Some(leg), Some(stock)) = (self.leg(id), self.leg(peer)) else { return false };
        if stock.sent.mutes {
            return false;
        }
        let (offer, answer) = (leg.body(), stock.body());
        let fits = match (Sdp::parse(&offer), Sdp::parse(&answer)) {
            (Ok(offer), Ok(answer)) => {
                let plain = check_answer(&answer, &offer).is_ok();
                let both = answer.audio().ok().flatten();
                plain && both.is_some_and(|a| a.direction == Direction::SendRecv)
            }
            _ => false,
        };
        if fits {
            if let Some(leg) = self.leg_mut(id) {
                leg.holding = false;
            }
            self.touch_all_media();
            self.say(cx, id, Say::AnswerOffer, Body::Of(peer));
        }
        fits
    }

    /// A party that ought to hear our player and does not yet; direct media only, since a
    /// relayed leg only needs another join.
    pub(crate) fn needs_music(&self, id: LegId) -> bool {
        if self.way == Way::Relay {
            return false;
        }
        let Some(leg) = self.leg(id).filter(|l| l.is_answered() && l.is_quiet()) else {
            return false;
        };
        let alone = match self.partner(id).and_then(|p| self.leg(p)) {
            Some(peer) => self.linked && peer.holding,
            None => {
                let rings = self.ring.is_some() || self.dialing.is_some();
                let waits = rings || self.recall_at().is_some();
                waits || self.parked.is_some() || self.voice.is_some()
            }
        };
        alone
            && !leg.holding
            && leg.serves == Serves::Peer
            && !leg.no_music
            && can_play(&leg.remote)
    }

    pub(crate) fn begin_music(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.exchange = Exchange::Player { leg: id };
        self.offer_player(cx, id);
    }

    /// The phone refused our player: it stays as it was, and is not asked again.
    pub(crate) fn music_refused(&mut self, id: LegId) {
        if let Some(leg) = self.leg_mut(id) {
            leg.no_music = true;
        }
    }

    /// The player's leg is lost: silence instead of music, and the call goes on.
    pub(crate) fn music_failed(&mut self, cx: &mut Cx<'_>, id: LegId, serves: Serves) {
        // What has been offered already is answered; what waited for the port never was.
        let unsaid = self.leg(id).is_some_and(|l| l.asked == Asked::Nothing);
        if self.exchange == (Exchange::Player { leg: id }) && unsaid {
            self.exchange = Exchange::Idle;
        }
        if let Some(leg) = self.leg_mut(id).filter(|_| serves == Serves::Music) {
            // Its description still names the lost port; a later offer mends that.
            leg.serves = Serves::Peer;
        }
        // An offer that is with the other party is still answered by it.
        let waits = self.leg(id).is_some_and(|l| l.pending != Pending::Nothing);
        if waits && self.exchange == Exchange::Idle {
            self.refuse_offer(cx, id, 500);
        }
    }

    /// Our own description went out as an answer.
    pub(crate) fn own_answer_given(&mut self, id: LegId, _direction: Direction) {
        let direct = self.way == Way::Direct;
        if let Some(leg) = self.leg_mut(id).filter(|_| direct) {
            leg.serves = Serves::Music;
        }
    }
}
