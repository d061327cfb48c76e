//! What is to be known of an audio line.

use std::net::SocketAddr;

use smallvec::SmallVec;

use super::text::{self, Lines, fields};
use super::{MediaLine, PAYLOADS_MAX, Sdp, SdpError, crypto_line};
use crate::{Codec, Direction, Payload, Payloads, RemoteMedia, Sdes};

/// Transport profile of an RTP line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// `RTP/AVP`, `RTP/AVPF`.
    Avp,
    /// `RTP/SAVP`, `RTP/SAVPF` with SDES keys.
    Savp,
    /// Anything else, such as DTLS: not ours to process.
    Other,
}

/// One format of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format<'a> {
    /// Payload type and coding.
    pub payload: Payload,
    /// Value of `a=fmtp` behind the payload type, as written.
    pub fmtp: Option<&'a [u8]>,
}

/// An audio line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio<'a> {
    /// Which media line, from 0.
    pub line: usize,
    /// Where its writer receives RTP. Port 0 = refused; address `0.0.0.0` = hold of old.
    pub rtp: SocketAddr,
    /// Where its writer receives RTCP: `a=rtcp` (RFC 3605), else the next port.
    pub rtcp: SocketAddr,
    /// `a=rtcp-mux` is written (RFC 5761): offered, or taken in an answer.
    pub rtcp_mux: bool,
    /// Transport.
    pub profile: Profile,
    /// Formats in order of preference; those without a known coding are left out, and so is
    /// everything after the first [`PAYLOADS_MAX`].
    pub formats: SmallVec<[Format<'a>; 6]>,
    /// Direction as meant: with address `0.0.0.0` the writer does not receive (RFC 3264 §8.4).
    pub direction: Direction,
    /// `a=ptime`, milliseconds.
    pub ptime_ms: Option<u16>,
    /// `a=crypto` lines of suites that we have, in order; also offered under `RTP/AVP`.
    pub crypto: SmallVec<[Sdes; 2]>,
}

impl Audio<'_> {
    /// Whether the line is refused or switched off.
    pub fn is_refused(&self) -> bool {
        self.rtp.port() == 0
    }

    /// Whether its writer does not want to hear: hold.
    pub fn holds(&self) -> bool {
        self.direction.holds()
    }

    /// The addresses for the media plane; `None` when the line is refused.
    pub fn remote(&self, rtcp_mux: bool) -> Option<RemoteMedia> {
        let rtcp = if rtcp_mux { self.rtp } else { self.rtcp };
        (!self.is_refused()).then_some(RemoteMedia { rtp: self.rtp, rtcp, rtcp_mux })
    }

    /// The payload types alone, in order.
    pub fn payloads(&self) -> Payloads {
        self.formats.iter().map(|f| f.payload).collect()
    }

    /// Payload type of RFC 4733 digits, if there is one.
    pub fn telephone_event(&self) -> Option<u8> {
        let events = |f: &&Format<'_>| f.payload.codec == Codec::TelephoneEvent;
        self.formats.iter().find(events).map(|f| f.payload.pt)
    }
}

pub(super) fn read<'a>(
    sdp: &Sdp<'a>,
    n: usize,
    media: MediaLine<'a>,
) -> Result<Audio<'a>, SdpError> {
    let ip = sdp.connection(n)?;
    let rtp = SocketAddr::new(ip, media.port);
    let mut audio = Audio {
        line: n,
        rtp,
        rtcp: SocketAddr::new(ip, media.port.saturating_add(1)),
        rtcp_mux: false,
        profile: profile(media.proto),
        formats: formats(&media),
        direction: session_direction(sdp.session()),
        ptime_ms: None,
        crypto: SmallVec::new(),
    };
    for line in Lines::new(sdp.section(n).unwrap_or_default()) {
        let Some((name, value)) = line.attribute() else { continue };
        read_attribute(&mut audio, name, value)?;
    }
    // A dynamic payload type without rtpmap says nothing.
    audio.formats.retain(|f| f.payload.clock != 0);
    if ip.is_unspecified() {
        let heard = audio.direction.sends();
        audio.direction = if heard { Direction::SendOnly } else { Direction::Inactive };
    }
    Ok(audio)
}

fn read_attribute<'a>(
    audio: &mut Audio<'a>,
    name: &'a [u8],
    value: &'a [u8],
) -> Result<(), SdpError> {
    match name {
        b"rtpmap" => rtpmap(audio, value),
        b"fmtp" => {
            if let Some((pt, rest)) = split_pt(value) {
                let mut same = audio.formats.iter_mut().filter(|f| f.payload.pt == pt);
                same.by_ref().for_each(|f| f.fmtp = Some(rest));
            }
        }
        b"ptime" => {
            audio.ptime_ms = text::number(value.trim_ascii()).and_then(|n| n.try_into().ok());
        }
        b"crypto" => {
            if audio.crypto.len() < crypto_line::LINES_MAX {
                audio.crypto.extend(crypto_line::parse(value));
            }
        }
        b"rtcp" => audio.rtcp = rtcp(value, audio.rtp).ok_or(SdpError::Address)?,
        b"rtcp-mux" => audio.rtcp_mux = true,
        _ => {
            if let Some(direction) = Direction::parse(name) {
                audio.direction = direction;
            }
        }
    }
    Ok(())
}

fn profile(proto: &[u8]) -> Profile {
    let is = |names: [&[u8]; 2]| names.iter().any(|n| proto.eq_ignore_ascii_case(n));
    if is([b"RTP/AVP", b"RTP/AVPF"]) {
        Profile::Avp
    } else if is([b"RTP/SAVP", b"RTP/SAVPF"]) {
        Profile::Savp
    } else {
        Profile::Other
    }
}

/// The formats of the `m=` line; a clock of 0 waits for its rtpmap.
fn formats<'a>(media: &MediaLine<'a>) -> SmallVec<[Format<'a>; 6]> {
    let payload = |pt: u8| {
        let fixed = Codec::from_static_pt(pt);
        let clock = if fixed.is_some() { 8_000 } else { 0 };
        Payload { pt, codec: fixed.unwrap_or(Codec::Pcmu), clock, channels: 1 }
    };
    text::words(media.formats)
        .filter_map(|word| text::number(word).filter(|pt| *pt < 128))
        .take(PAYLOADS_MAX)
        .map(|pt| Format { payload: payload(pt as u8), fmtp: None })
        .collect()
}

fn rtpmap<'a>(audio: &mut Audio<'a>, value: &'a [u8]) {
    let Some((pt, coding)) = split_pt(value) else { return };
    let mut parts = coding.trim_ascii().split(|b| *b == b'/');
    let codec = parts.next().and_then(Codec::from_name);
    let clock = parts.next().and_then(text::number).and_then(|n| u32::try_from(n).ok());
    let channels = parts.next().and_then(text::number).and_then(|n| u8::try_from(n).ok());
    let (Some(codec), Some(clock)) = (codec, clock) else { return };
    let payload = Payload { pt, codec, clock, channels: channels.unwrap_or(1) };
    let same = audio.formats.iter_mut().filter(|f| f.payload.pt == pt);
    same.for_each(|f| f.payload = payload);
}

fn split_pt(value: &[u8]) -> Option<(u8, &[u8])> {
    let [pt] = fields(value)?;
    let rest = value.trim_ascii_start().get(pt.len()..)?.trim_ascii_start();
    Some((u8::try_from(text::number(pt)?).ok()?, rest))
}

fn session_direction(session: &[u8]) -> Direction {
    Lines::new(session)
        .filter_map(|l| l.attribute())
        .find_map(|(name, _)| Direction::parse(name))
        .unwrap_or_default()
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 192.0.2.7` (RFC 3605 §2.1).
fn rtcp(value: &[u8], rtp: SocketAddr) -> Option<SocketAddr> {
    let [port] = fields(value)?;
    let rest = value.trim_ascii_start().get(port.len()..)?.trim_ascii();
    let port = text::number(port)?.try_into().ok()?;
    let ip = if rest.is_empty() { rtp.ip() } else { text::connection(rest)? };
    Some(SocketAddr::new(ip, port))
}
