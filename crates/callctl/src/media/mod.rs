//! Media legs: opened when a leg needs a port, told their wanted condition, closed when unused.

mod music;
pub(crate) mod path;
mod render;
mod say;
mod want;
mod wording;

pub(crate) use render::{can_play, holds, page_answer, page_offer, same_endpoint};
pub(crate) use want::condition;

use std::net::SocketAddr;

use base::event::Kind;
use base::{Cause, LegId};
use mediactl::{Command, DtmfToPeer, Joined};

use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Body, Leg, Media, Role, Serves, Waiting};
use crate::record::Verdict;
use crate::view::View;
use path::Way;

impl Waiting {
    /// It is held back until a port is open, and is void without one.
    pub(crate) fn needs_port(self) -> bool {
        self.body != Body::Nothing
    }
}

impl Call {
    /// Makes sure that the leg has a media leg, open or opening.
    pub(crate) fn open_media(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let slot = self.key.slot;
        let Some(leg) = self.leg_mut(id).filter(|l| l.is_live() && l.media.is_none()) else {
            return;
        };
        // A second one gets its own id, so that late news of the first cannot be mistaken.
        let media = if leg.reopened { cx.core.mint() } else { id };
        leg.media = Some(Box::new(Media {
            id: media,
            at: None,
            keys: Vec::new(),
            protect: None,
            dirty: true,
            told: false,
            joined: Joined::None,
            instead: Box::default(),
            tones: DtmfToPeer::Drop,
        }));
        cx.core.by_media.insert(media, slot);
    }

    /// The port is open.
    pub(crate) fn opened(&mut self, cx: &mut Cx<'_>, id: LegId, at: (SocketAddr, SocketAddr)) {
        let at = our_addresses(cx.view, at);
        let Some(media) = self.leg_mut(id).and_then(|l| l.media.as_mut()) else { return };
        if media.at.is_none() {
            media.at = Some(at);
            self.flush(cx, id);
        }
    }

    /// The media leg could not be opened, or died.
    pub(crate) fn media_failed(&mut self, cx: &mut Cx<'_>, id: LegId) {
        cx.count(Kind::MediaRefused);
        let Some(leg) = self.leg_mut(id) else { return };
        leg.reopened = true;
        let Some(media) = leg.media.take() else { return };
        leg.waiting = None;
        leg.no_music = true;
        let (role, serves) = (leg.role, leg.serves);
        cx.core.by_media.remove(&media.id);
        // A condition that crossed the failure would have opened it again.
        cx.media(Command::Close { leg: media.id });
        let shortage = Verdict::new(Cause::ResourceShortage);
        if self.announce.is_some() && self.first == Some(id) {
            return self.announcement_over(cx);
        }
        if (self.voice.is_some() || self.page.is_some()) && self.first == Some(id) {
            self.trouble = Some(shortage);
            return;
        }
        if self.is_leaving(id) {
            return self.notice_over(cx);
        }
        match (role, self.way_of(id)) {
            (Role::Out, _) => {}
            (Role::Ringing, _) => {
                self.refused(cx, id, crate::ring::Outcome::here(Cause::ResourceShortage));
            }
            (Role::Joining, _) => self.takeover_failed(cx, id, shortage),
            (Role::Party, Way::Relay) => self.trouble = Some(shortage),
            (Role::Party, Way::Direct) => self.music_failed(cx, id, serves),
        }
    }

    /// Tells conditions that changed, and closes what nobody needs.
    pub(crate) fn tidy_media(&mut self, cx: &mut Cx<'_>) {
        let ids: Vec<LegId> =
            self.legs.iter().filter(|l| l.media.is_some()).map(|l| l.id).collect();
        for id in ids {
            if !self.needs_media(id) {
                self.drop_media(cx, id);
                continue;
            }
            // Joins follow from the state of both sides, so they are compared and not marked.
            let joined = self.joined(cx.view.snapshot(), id);
            let tones = self.tones_of(cx.view.snapshot(), id);
            let began = self.instead_of_new(cx.view.snapshot(), id, joined);
            let Some(media) = self.leg_mut(id).and_then(|l| l.media.as_mut()) else { continue };
            #[cfg(feature = "planted")]
            if cx.core.planted == Some(crate::planted::Bug::MusicGoesOn)
                && matches!((media.joined, joined), (Joined::Player(_), Joined::Leg(_)))
            {
                continue;
            }
            let same = media.joined == joined && media.tones == tones;
            if !std::mem::take(&mut media.dirty) && same {
                continue;
            }
            // Whoever hears something goes on hearing it as it began (R319).
            if let Some(instead) = began {
                media.instead = instead;
            }
            media.joined = joined;
            media.tones = tones;
            media.told = true;
            if let Some(want) = self.want(id) {
                cx.media(Command::Leg(Box::new(want)));
            }
        }
    }

    fn needs_media(&self, id: LegId) -> bool {
        let Some(leg) = self.leg(id).filter(|l| l.is_live()) else { return false };
        let exchanging = self.exchange != Exchange::Idle || !leg.is_quiet();
        self.way_of(id) == Way::Relay
            || leg.serves == Serves::Music
            || self.is_leaving(id)
            || exchanging
            || (self.is_served() && self.first == Some(id))
            || self.takeover.as_ref().is_some_and(|t| t.way == Way::Relay)
    }

    /// The exchange itself talks or listens to the caller.
    pub(crate) fn is_served(&self) -> bool {
        self.announce.is_some() || self.voice.is_some() || self.page.is_some()
    }

    /// Everything joined in this call is to be told again.
    pub(crate) fn touch_all_media(&mut self) {
        self.legs.iter_mut().for_each(Leg::touch_media);
    }
}

/// RTP and RTCP address of a port as phones are told.
pub(crate) fn our_addresses(
    view: &dyn View,
    (rtp, rtcp): (SocketAddr, SocketAddr),
) -> (SocketAddr, SocketAddr) {
    let configured = view.media_address();
    let ours = |addr: SocketAddr| match configured {
        Some(ip) if ip.is_ipv4() == addr.is_ipv4() => SocketAddr::new(ip, addr.port()),
        _ => addr,
    };
    (ours(rtp), ours(rtcp))
}
