//! Session descriptions as a leg shall get them: passed, rewritten for the relay, or our own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base::{Cause, LegId};
use bytes::Bytes;
use mediactl::sdp::{Audio, CryptoPatch, Others, Own, Patch, Profile, Sdp, negotiate};
use mediactl::{CryptoKey, Direction, KEY_BYTES, Payload, Payloads, Sdes, Suite};
use smallvec::SmallVec;

use crate::call::Call;
use crate::cx::Cx;
use crate::leg::{Body, Leg, Media, Pending, Protect};

use super::path::{Guard, Way, guard_of_body};

/// Nothing that is sent there is heard.
const DISCARD_PORT: u16 = 9;

/// Keys of the leg as they go into the description.
type Keys = SmallVec<[Sdes; 2]>;

impl Call {
    /// The description for `id`; `Ok(None)` when none is to be sent.
    pub(super) fn render(
        &mut self,
        cx: &mut Cx<'_>,
        id: LegId,
        body: Body,
    ) -> Result<Option<Bytes>, Cause> {
        let way = self.way_of(id);
        let (source, text) = match body {
            Body::Nothing => return Ok(None),
            Body::Of(source) | Body::Fresh(source) => {
                let mut text = self.leg(source).map(Leg::body).unwrap_or_default();
                if text.is_empty() {
                    return Err(Cause::MediaNotAcceptable);
                }
                if matches!(body, Body::Fresh(_)) {
                    text = both_ways(text);
                }
                let leg = self.leg_mut(id).ok_or(Cause::MediaNotAcceptable)?;
                match way {
                    Way::Direct => (source, text),
                    Way::Relay => (source, relayed(cx, leg, &text)?),
                }
            }
            Body::Own(direction) => {
                let leg = self.leg_mut(id).ok_or(Cause::MediaNotAcceptable)?;
                (id, own(cx, leg, direction)?)
            }
            Body::Quiet(direction) => {
                let peer = self.peer_of(id).and_then(|p| self.leg(p)).map(Leg::body);
                let leg = self.leg_mut(id).ok_or(Cause::MediaNotAcceptable)?;
                (id, quiet(cx, leg, peer.as_deref(), direction)?)
            }
            Body::Cross(other) => {
                let other = self.leg(other).ok_or(Cause::MediaNotAcceptable)?.body();
                let leg = self.leg_mut(id).ok_or(Cause::MediaNotAcceptable)?;
                (id, crossed(cx, leg, &other, way)?)
            }
        };
        let leg = self.leg_mut(id).ok_or(Cause::MediaNotAcceptable)?;
        Ok(Some(stamp(leg, source, text, way)))
    }
}

/// Keeps one session towards the leg. Passed bodies stay byte for byte while all come from one
/// far end.
fn stamp(leg: &mut Leg, source: LegId, text: Bytes, way: Way) -> Bytes {
    let sent = &mut leg.sent;
    sent.mixed |= way == Way::Relay || sent.source.is_some_and(|s| s != source);
    sent.source = Some(source);
    // Only a relayed call ever asks; most are not, and pass without a look into the body.
    sent.mutes = way == Way::Relay && holds(&text).unwrap_or(false);
    match sent.session.stamp(&text) {
        std::borrow::Cow::Owned(stamped) if sent.mixed => Bytes::from(stamped),
        _ => text,
    }
}

/// The other side's body with our port and this leg's keys in it.
fn relayed(cx: &mut Cx<'_>, leg: &mut Leg, text: &[u8]) -> Result<Bytes, Cause> {
    let unusable = Cause::MediaNotAcceptable;
    let sdp = Sdp::parse(text).map_err(|_| unusable)?;
    let keys = match &leg.pending {
        Pending::Offer(offer) => {
            let offer = offer.clone();
            let asked = Sdp::parse(&offer).map_err(|_| unusable)?;
            if asked.media_count() != sdp.media_count() {
                return Err(unusable);
            }
            match asked.audio().map_err(|_| unusable)? {
                Some(audio) => answer_keys(cx, leg, &audio)?,
                None => Keys::new(),
            }
        }
        Pending::Nothing | Pending::Request => offer_keys(cx, leg),
    };
    let media = leg.media.as_ref().ok_or(Cause::ResourceShortage)?;
    let (rtp, rtcp) = media.at.ok_or(Cause::ResourceShortage)?;
    let patch = Patch {
        rtp: Some(rtp),
        rtcp: Some(rtcp),
        direction: None,
        crypto: crypto_patch(media, &keys),
        others: Others::Refuse,
    };
    sdp.patched(&patch).map(Bytes::from).map_err(|_| unusable)
}

fn crypto_patch<'k>(media: &Media, keys: &'k [Sdes]) -> CryptoPatch<'k> {
    match media.protect {
        Some(Protect::Savp) => CryptoPatch::Sdes { lines: keys, profile: Profile::Savp },
        Some(Protect::BestEffort) => CryptoPatch::Sdes { lines: keys, profile: Profile::Avp },
        Some(Protect::Plain) | None => CryptoPatch::Plain,
    }
}

/// Keys for the answer to the leg's own offer: in the profile that it came in, with the tag and
/// suite of its first line that we can do (RFC 4568 §5.1.2).
fn answer_keys(cx: &mut Cx<'_>, leg: &mut Leg, offer: &Audio<'_>) -> Result<Keys, Cause> {
    let off = leg.policy == model::SrtpPolicy::Off;
    let protect = match (offer.profile, offer.crypto.is_empty()) {
        (Profile::Savp, false) => Protect::Savp,
        (Profile::Avp, false) if !off => Protect::BestEffort,
        (Profile::Avp, _) => Protect::Plain,
        (Profile::Savp, true) | (Profile::Other, _) => return Err(Cause::MediaNotAcceptable),
    };
    let media = leg.media.as_mut().ok_or(Cause::ResourceShortage)?;
    media.protect = Some(protect);
    media.dirty = true;
    if protect == Protect::Plain {
        media.keys.clear();
        return Ok(Keys::new());
    }
    let same = |k: &&Sdes| offer.crypto.iter().any(|c| c.tag == k.tag && c.suite == k.suite);
    let kept = media.keys.iter().find(same).copied();
    let first = offer.crypto.first().ok_or(Cause::MediaNotAcceptable)?;
    let key = kept.unwrap_or_else(|| Sdes { key: fresh_key(cx), ..*first });
    media.keys = vec![key];
    Ok(Keys::from_slice(&[key]))
}

/// Keys for an offer of ours: those in use, else one line for each suite.
fn offer_keys(cx: &mut Cx<'_>, leg: &mut Leg) -> Keys {
    let wanted = match guard_of_body(&leg.remote) {
        _ if leg.remote.is_empty() && leg.wants_savp() => Protect::Savp,
        Guard::Savp => Protect::Savp,
        Guard::BestEffort => Protect::BestEffort,
        Guard::Plain | Guard::Foreign => Protect::Plain,
    };
    let Some(media) = leg.media.as_mut() else { return Keys::new() };
    let protect = *media.protect.get_or_insert(wanted);
    if protect != Protect::Plain && media.keys.is_empty() {
        let suites = [Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32];
        let line = |(tag, suite)| Sdes { tag, suite, key: fresh_key(cx) };
        media.keys = (1..).zip(suites).map(line).collect();
    }
    media.keys.iter().copied().collect()
}

fn fresh_key(cx: &mut Cx<'_>) -> CryptoKey {
    let mut key = [0; KEY_BYTES];
    cx.core.rng.fill(&mut key);
    CryptoKey(key)
}

/// A description of our own player, in the shape of what the far end has said last: as many
/// lines, its numbers, codecs that we can play.
fn own(cx: &mut Cx<'_>, leg: &mut Leg, direction: Direction) -> Result<Bytes, Cause> {
    let unusable = Cause::MediaNotAcceptable;
    let body = leg.body();
    if body.is_empty() {
        return own_offer(cx, leg, (direction, &Own::PAYLOADS));
    }
    let shape = Sdp::parse(&body).map_err(|_| unusable)?;
    let audio = shape.audio().map_err(|_| unusable)?.ok_or(unusable)?;
    let keys = answer_keys(cx, leg, &audio)?;
    let is_answer = matches!(leg.pending, Pending::Offer(_));
    let (rtp, rtcp) = ports(leg)?;
    let own = Own {
        session: leg.id.0,
        rtp,
        rtcp,
        payloads: &Own::PAYLOADS,
        direction,
        profile: audio.profile,
        crypto: &keys,
    };
    let text = own.answer(&shape).map_err(|_| unusable)?;
    if is_answer {
        return Ok(Bytes::from(text));
    }
    // As an offer it says what we want, whatever the far end's last direction was.
    let sdp = Sdp::parse(&text).map_err(|_| unusable)?;
    sdp.with_direction(direction).map(Bytes::from).map_err(|_| unusable)
}

/// Our offer to a terminal that shall listen to a page: one way, and no digits.
pub(crate) fn page_offer(cx: &mut Cx<'_>, leg: &mut Leg) -> Result<Bytes, Cause> {
    let text = own_offer(cx, leg, (Direction::SendOnly, &[Payload::PCMU, Payload::PCMA]))?;
    let id = leg.id;
    Ok(stamp(leg, id, text, Way::Relay))
}

/// Our answer to the offer of a terminal that listens to a page.
pub(crate) fn page_answer(cx: &mut Cx<'_>, leg: &mut Leg) -> Result<Bytes, Cause> {
    let text = own(cx, leg, Direction::SendOnly)?;
    let id = leg.id;
    Ok(stamp(leg, id, text, Way::Relay))
}

/// The first offer to a phone that has said nothing yet.
fn own_offer(
    cx: &mut Cx<'_>,
    leg: &mut Leg,
    (direction, payloads): (Direction, &[Payload]),
) -> Result<Bytes, Cause> {
    let keys = offer_keys(cx, leg);
    let savp = leg.media.as_ref().is_some_and(|m| m.protect == Some(Protect::Savp));
    let (rtp, rtcp) = ports(leg)?;
    let own = Own {
        session: leg.id.0,
        rtp,
        rtcp,
        payloads,
        direction,
        profile: if savp { Profile::Savp } else { Profile::Avp },
        crypto: &keys,
    };
    Ok(Bytes::from(own.offer()))
}

/// The body with its audio in both directions; as it is when it says so already.
fn both_ways(text: Bytes) -> Bytes {
    let turned = || {
        let sdp = Sdp::parse(&text).ok()?;
        let audio = sdp.audio().ok()??;
        let other = audio.direction != Direction::SendRecv;
        other.then(|| sdp.with_direction(Direction::SendRecv).ok()).flatten()
    };
    turned().map(Bytes::from).unwrap_or_else(|| text.clone())
}

/// The answer to an offer that holds, or that we serve by joins alone: every coding is taken.
/// Without a port of ours it names the other phone's or none, where nothing is sent to.
fn quiet(
    cx: &mut Cx<'_>,
    leg: &mut Leg,
    peer: Option<&[u8]>,
    direction: Direction,
) -> Result<Bytes, Cause> {
    let unusable = Cause::MediaNotAcceptable;
    let Pending::Offer(offer) = leg.pending.clone() else { return Err(unusable) };
    let shape = Sdp::parse(&offer).map_err(|_| unusable)?;
    let asked = shape.audio().map_err(|_| unusable)?.ok_or(unusable)?;
    let theirs = peer.and_then(|p| Sdp::parse(p).ok()?.audio().ok()?.map(|a| (a.rtp, a.rtcp)));
    let (keys, (rtp, rtcp)) = match leg.media.as_ref().and_then(|m| m.at) {
        Some(at) => (answer_keys(cx, leg, &asked)?, at),
        None => {
            let key = asked.crypto.first().map(|c| Sdes { key: fresh_key(cx), ..*c });
            (key.into_iter().collect(), theirs.unwrap_or(nowhere(asked.rtp)))
        }
    };
    let own = Own {
        session: leg.id.0,
        rtp,
        rtcp,
        payloads: &asked.payloads(),
        direction,
        profile: asked.profile,
        crypto: &keys,
    };
    own.answer(&shape).map(Bytes::from).map_err(|_| unusable)
}

/// An address that means none, of the other's family.
fn nowhere(other: SocketAddr) -> (SocketAddr, SocketAddr) {
    let ip: IpAddr = match other {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let at = SocketAddr::new(ip, DISCARD_PORT);
    (at, at)
}

/// An answer for a leg whose partner-to-be has made an offer as well.
fn crossed(cx: &mut Cx<'_>, leg: &mut Leg, other: &[u8], way: Way) -> Result<Bytes, Cause> {
    let unusable = Cause::MediaNotAcceptable;
    let mine = leg.body();
    let (offer, theirs) = (Sdp::parse(&mine), Sdp::parse(other));
    let (offer, theirs) = (offer.map_err(|_| unusable)?, theirs.map_err(|_| unusable)?);
    let asked = offer.audio().map_err(|_| unusable)?.ok_or(unusable)?;
    let given = theirs.audio().map_err(|_| unusable)?.ok_or(unusable)?;
    let (keys, rtp, rtcp) = match way {
        Way::Direct => (Keys::new(), given.rtp, given.rtcp),
        Way::Relay => {
            let keys = answer_keys(cx, leg, &asked)?;
            let (rtp, rtcp) = ports(leg)?;
            (keys, rtp, rtcp)
        }
    };
    let common: Payloads = negotiate(&asked, &given.payloads());
    let own = Own {
        session: leg.id.0,
        rtp,
        rtcp,
        payloads: &common,
        direction: given.direction,
        profile: asked.profile,
        crypto: &keys,
    };
    own.answer(&offer).map(Bytes::from).map_err(|_| unusable)
}

fn ports(leg: &Leg) -> Result<(SocketAddr, SocketAddr), Cause> {
    leg.media.as_ref().and_then(|m| m.at).ok_or(Cause::ResourceShortage)
}

/// Whether our players have a codec for the phone that wrote `body`.
pub(crate) fn can_play(body: &[u8]) -> bool {
    let sdp = Sdp::parse(body).ok();
    let audio = sdp.as_ref().and_then(|s| s.audio().ok().flatten());
    audio.is_some_and(|audio| {
        let ours = negotiate(&audio, &Own::PAYLOADS);
        let foreign = super::path::guard_of(&audio) == super::path::Guard::Foreign;
        !audio.is_refused() && !foreign && ours.iter().any(|p| p.codec.is_audio())
    })
}

/// Whether the writer of `body` puts the other party on hold; `None` when there is no audio to
/// be held.
pub(crate) fn holds(body: &[u8]) -> Option<bool> {
    let sdp = Sdp::parse(body).ok()?;
    let audio = sdp.audio().ok()??;
    (!audio.is_refused()).then(|| audio.holds())
}

/// Whether both bodies ask for audio at the same address, with the same protection.
pub(crate) fn same_endpoint(a: &[u8], b: &[u8]) -> bool {
    let key = |body| {
        let sdp = Sdp::parse(body).ok()?;
        let audio = sdp.audio().ok()??;
        Some((audio.rtp, audio.profile, audio.crypto.first().copied()))
    };
    matches!((key(a), key(b)), (Some(a), Some(b)) if a == b)
}
