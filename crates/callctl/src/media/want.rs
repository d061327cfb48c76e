//! The wanted condition of a media leg, computed anew from the state of the call.

use base::{Cause, LegId};
use bytes::Bytes;
use mediactl::sdp::{Audio, Sdp};
use mediactl::{
    Direction, FileId, Form, GroupId, Joined, LegWant, Payloads, Play, PlayerId, Protection,
    RemoteMedia, Repeat, ToneKind,
};

use model::{Snapshot, Sound};

use crate::call::Call;
use crate::leg::{Leg, Serves};

use super::path::Way;

impl Call {
    /// The condition of the leg's media leg; `None` when it has none.
    pub(super) fn want(&self, id: LegId) -> Option<LegWant> {
        let mut want = condition(self.leg(id)?, self.group)?;
        want.payloads = self.payloads(id, want.payloads);
        Some(want)
    }

    /// What the leg may send and gets: the codings that the other side knows as well.
    fn payloads(&self, id: LegId, all: Payloads) -> Payloads {
        let other = self.counterpart(id).and_then(|c| self.leg(c));
        let Some(body) = other.map(in_force) else { return all };
        let sdp = Sdp::parse(&body).ok();
        let Some(theirs) = sdp.as_ref().and_then(|s| s.audio().ok().flatten()) else { return all };
        let common: Payloads = all
            .iter()
            .filter(|p| theirs.formats.iter().any(|f| f.payload.same_coding(p)))
            .copied()
            .collect();
        if common.is_empty() { all } else { common }
    }

    /// With whom the leg talks, or will: the peer, or the only one that rings.
    pub(crate) fn counterpart(&self, id: LegId) -> Option<LegId> {
        if let Some(peer) = self.peer_of(id) {
            return Some(peer);
        }
        let only = self.only_ringing()?;
        let caller = self.ring.as_ref()?.leg;
        match id {
            id if id == caller => Some(only),
            id if id == only => Some(caller),
            _ => None,
        }
    }

    /// With whom or what the leg is joined.
    pub(super) fn joined(&self, snapshot: &Snapshot, id: LegId) -> Joined {
        self.with_own_music(snapshot, id, self.joined_as_built(snapshot, id))
    }

    /// The same, with the built-in music whatever the company has.
    fn joined_as_built(&self, snapshot: &Snapshot, id: LegId) -> Joined {
        let Some(leg) = self.leg(id) else { return Joined::None };
        if let Some(joined) = self.voice_for(id).or_else(|| self.page_for(id)) {
            return joined;
        }
        if let Some(announce) = self.announce.as_ref().filter(|_| self.first == Some(id)) {
            let told = announce.verdict.cause == Cause::AnnouncementEnded;
            let own = self.outside.as_ref().and_then(|o| o.said).filter(|_| told);
            let what = match own {
                Some(sound) => PlayerId::File(FileId::Sound(Sound::file(sound))),
                None => PlayerId::Prompt { id: announce.prompt, language: announce.language },
            };
            let play = Play { what, repeat: Repeat::Once, serial: announce.serial };
            return if announce.playing { Joined::Player(play) } else { Joined::None };
        }
        if let Some(joined) = self.notice_for(id) {
            return joined;
        }
        if let Some(joined) = self.consult_join(snapshot, leg).filter(|_| !leg.holding) {
            return joined;
        }
        let music = Play { what: PlayerId::HoldMusic, repeat: Repeat::Forever, serial: 0 };
        let way = self.way_of(id);
        match self.counterpart(id).and_then(|c| self.leg(c)) {
            _ if leg.holding => Joined::None,
            None if leg.is_answered() => Joined::Player(self.while_waiting().unwrap_or(music)),
            None => Joined::None,
            // An authority hears no music (J36).
            Some(peer) if peer.holding && leg.urgent => Joined::None,
            Some(peer) if peer.holding => Joined::Player(music),
            Some(peer) if !peer.is_answered() && leg.is_answered() => {
                Joined::Player(self.while_waiting().unwrap_or(music))
            }
            Some(_) if leg.serves == Serves::Music => Joined::Player(music),
            Some(_) if way == Way::Direct => Joined::None,
            Some(peer) => peer.media.as_ref().map_or(Joined::None, |m| Joined::Leg(m.id)),
        }
    }

    /// A transferee whose transferrer has gone hears how the target rings (R254), without a gap
    /// over the members of a hunt and its rounds.
    fn while_waiting(&self) -> Option<Play> {
        let rings = self.ring.as_ref().is_some_and(|r| r.ringing && !self.tells_parker());
        let rang = self.transfer.as_ref().is_some_and(|t| t.told && t.recall.is_none());
        let goes_on = rang && self.dialing.is_some();
        if !rings && !goes_on {
            return None;
        }
        let what = PlayerId::Tone(ToneKind::Ringback);
        Some(Play { what, repeat: Repeat::Forever, serial: 0 })
    }
}

/// The condition of a leg by itself, with all that its far end can send and hear.
pub(crate) fn condition(leg: &Leg, group: u64) -> Option<LegWant> {
    let media = leg.media.as_ref()?;
    let body = in_force(leg);
    let sdp = Sdp::parse(&body).ok();
    let audio = sdp.as_ref().and_then(|s| s.audio().ok().flatten());
    let image = sdp.as_ref().filter(|s| s.wants_t38());
    let image = image.and_then(|s| s.image().ok().flatten());
    let live = audio.as_ref().filter(|a| !a.is_refused());
    let (form, remote) = match (live, image) {
        (Some(audio), _) => (Form::Rtp, audio.remote(false)),
        (None, Some(image)) => {
            let (rtp, rtcp) = (image.addr, image.addr);
            (Form::Udptl, Some(RemoteMedia { rtp, rtcp, rtcp_mux: false }))
        }
        (None, None) => (Form::Rtp, None),
    };
    Some(LegWant {
        leg: media.id,
        group: GroupId(group),
        local: leg.path.local,
        // An address of 0.0.0.0 says "do not send to me".
        remote: remote.filter(|r| !r.rtp.ip().is_unspecified()),
        form,
        protection: live.map_or(Protection::None, |audio| protection(leg, audio)),
        payloads: live.map(Audio::payloads).unwrap_or_default(),
        direction: live.map_or(Direction::SendRecv, |a| a.direction.reversed()),
        joined: media.joined,
        dtmf_to_peer: media.tones,
        instead: media.instead.clone(),
    })
}

/// What the far end said last and we agreed to; before that, its first offer.
fn in_force(leg: &Leg) -> Bytes {
    if leg.remote.is_empty() { leg.body() } else { leg.remote.clone() }
}

/// The keys of both sides, as soon as both are known.
fn protection(leg: &Leg, audio: &Audio<'_>) -> Protection {
    let keys = leg.media.iter().flat_map(|m| &m.keys);
    let pair = keys.filter_map(|local| {
        let same = |r: &&mediactl::Sdes| r.tag == local.tag && r.suite == local.suite;
        audio.crypto.iter().find(same).map(|remote| (*local, *remote))
    });
    match pair.into_iter().next() {
        Some((local, remote)) => Protection::Sdes { local, remote },
        None => Protection::None,
    }
}
