//! Our changes to a body that passes, line by line; what is not named here stays as it is.

use std::net::SocketAddr;

use super::text::{Line, Lines, family_and_address, words};
use super::{MediaKind, Profile, Sdp, SdpError, write_crypto};
use crate::{Direction, Sdes};

/// What shall differ in the copy. `Patch::default()` changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Patch<'p> {
    /// Where we receive RTP (or UDPTL) in the writer's place: goes to `o=`, each `c=` and the
    /// port of the active line. Also takes ICE and rtcp-mux out, since the relay ends them.
    ///
    /// `None` keeps the addresses: direct media.
    pub rtp: Option<SocketAddr>,
    /// Where we receive RTCP, when that is not the port after RTP. Ignored without `rtp`.
    pub rtcp: Option<SocketAddr>,
    /// Direction of the active line; `None` keeps it as meant (hold by address 0.0.0.0 becomes
    /// a direction when the address is replaced).
    pub direction: Option<Direction>,
    /// Keys and profile of the active line.
    pub crypto: CryptoPatch<'p>,
    /// The other media lines.
    pub others: Others,
}

/// What becomes of `a=crypto` and the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CryptoPatch<'p> {
    /// As they are.
    #[default]
    Keep,
    /// `RTP/AVP` without keys.
    Plain,
    /// Our lines in place of the writer's.
    Sdes {
        /// The lines, most wanted first.
        lines: &'p [Sdes],
        /// `Savp`, or `Avp` for best effort; `Other` keeps the profile.
        profile: Profile,
    },
}

/// What becomes of media lines other than the active one.
///
/// Active is the audio line to talk on; without a port there, the T.38 line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// As they are.
    #[default]
    Keep,
    /// Port 0; the line and its attributes stay (RFC 3264 §6).
    Refuse,
}

impl Sdp<'_> {
    /// A copy with the changes of `patch`.
    ///
    /// Errors when the active line cannot be read, or when there is no audio and no T.38 line
    /// though an address is to be put in.
    pub fn patched(&self, patch: &Patch<'_>) -> Result<Vec<u8>, SdpError> {
        let active = self.active()?;
        if active.is_none() && patch.rtp.is_some() {
            return Err(SdpError::Media);
        }
        let mut copy = Copy {
            sdp: self,
            patch,
            direction: patch.direction,
            active,
            line_end: if self.body.starts_with(b"v=0\r\n") { b"\r\n" } else { b"\n" },
            out: Vec::with_capacity(self.body.len() + 160),
            wrote: Wrote::default(),
        };
        copy.keep_hold_of_old()?;
        copy.session();
        for n in 0..self.media_count() {
            copy.media(n);
        }
        Ok(copy.out)
    }

    /// A copy with another direction of the audio line, all else untouched.
    pub fn with_direction(&self, direction: Direction) -> Result<Vec<u8>, SdpError> {
        self.patched(&Patch { direction: Some(direction), ..Patch::default() })
    }

    fn active(&self) -> Result<Option<usize>, SdpError> {
        let audio = self.pick(MediaKind::Audio)?;
        let image = self.pick(MediaKind::Image)?;
        let live = [audio, image].into_iter().flatten().find(|(_, media)| media.port != 0);
        Ok(live.or(audio).or(image).map(|(n, _)| n))
    }
}

struct Copy<'c, 'a> {
    sdp: &'c Sdp<'a>,
    patch: &'c Patch<'c>,
    direction: Option<Direction>,
    active: Option<usize>,
    line_end: &'static [u8],
    out: Vec<u8>,
    wrote: Wrote,
}

/// What of the active section has found its place already.
#[derive(Default)]
struct Wrote {
    direction: bool,
    rtcp: bool,
    crypto: bool,
}

impl Copy<'_, '_> {
    /// `c=0.0.0.0` says "do not send to me"; with our address in its place a direction says it.
    fn keep_hold_of_old(&mut self) -> Result<(), SdpError> {
        if self.patch.rtp.is_none() || self.direction.is_some() {
            return Ok(());
        }
        let Some(audio) = self.sdp.audio()? else { return Ok(()) };
        if audio.rtp.ip().is_unspecified() && Some(audio.line) == self.active {
            self.direction = Some(audio.direction);
        }
        Ok(())
    }

    fn session(&mut self) {
        for line in Lines::new(self.sdp.session()) {
            match (line.split(), self.patch.rtp) {
                (Some((b'o', value)), Some(ours)) => self.origin(value, ours),
                (Some((b'c', _)), Some(ours)) => self.connection(ours),
                _ if self.is_ended_by_relay(&line) => {}
                _ => self.keep(&line),
            }
        }
    }

    fn media(&mut self, n: usize) {
        let is_active = self.active == Some(n);
        for (at, line) in Lines::new(self.sdp.section(n).unwrap_or_default()).enumerate() {
            match (at, line.split(), self.patch.rtp) {
                (0, Some((_, value)), _) => self.media_line(is_active, &line, value),
                (_, Some((b'c', _)), Some(ours)) => self.connection(ours),
                _ if is_active => self.active_line(&line),
                _ => self.keep(&line),
            }
        }
        if is_active {
            self.missing();
        }
    }

    fn media_line(&mut self, is_active: bool, line: &Line<'_>, value: &[u8]) {
        let port = match (is_active, self.patch.rtp, self.patch.others) {
            (true, Some(ours), _) => Some(ours.port()),
            (false, _, Others::Refuse) => Some(0),
            (true, None, _) | (false, _, Others::Keep) => None,
        };
        // A refused line stays refused.
        let refused = words(value).nth(1) == Some(b"0");
        let profile = match self.patch.crypto {
            CryptoPatch::Keep => None,
            CryptoPatch::Plain => Some(Profile::Avp),
            CryptoPatch::Sdes { profile, .. } => Some(profile),
        };
        let port = port.filter(|_| !refused);
        let profile = profile.filter(|_| is_active);
        if port.is_none() && profile.is_none() {
            return self.keep(line);
        }
        let port = port.map(|p| p.to_string());
        self.out.extend_from_slice(b"m=");
        for (at, word) in words(value).enumerate() {
            if at > 0 {
                self.out.push(b' ');
            }
            let word = match (at, &port, profile) {
                (1, Some(port), _) => port.as_bytes(),
                (2, _, Some(profile)) => in_profile(word, profile),
                _ => word,
            };
            self.out.extend_from_slice(word);
        }
        self.out.extend_from_slice(self.line_end);
    }

    fn active_line(&mut self, line: &Line<'_>) {
        let Some((name, _)) = line.attribute() else { return self.keep(line) };
        let relayed = self.patch.rtp.is_some();
        match name {
            b"rtcp" if relayed => self.rtcp(),
            b"crypto" if self.patch.crypto != CryptoPatch::Keep => self.crypto(),
            _ if Direction::parse(name).is_some() && self.direction.is_some() => {
                self.write_direction();
            }
            _ if self.is_ended_by_relay(line) => {}
            _ => self.keep(line),
        }
    }

    /// Lines that had no predecessor to stand in for.
    fn missing(&mut self) {
        if self.patch.rtp.is_some() {
            self.rtcp();
        }
        self.crypto();
        self.write_direction();
    }

    fn rtcp(&mut self) {
        let Some(ours) = self.patch.rtp else { return };
        let rtcp = self.patch.rtcp.filter(|rtcp| rtcp.port() != ours.port().wrapping_add(1));
        if let Some(rtcp) = rtcp.filter(|_| !std::mem::replace(&mut self.wrote.rtcp, true)) {
            self.line(format!("a=rtcp:{} IN {}", rtcp.port(), family_and_address(rtcp.ip())));
        }
    }

    fn crypto(&mut self) {
        let CryptoPatch::Sdes { lines, .. } = self.patch.crypto else { return };
        if std::mem::replace(&mut self.wrote.crypto, true) {
            return;
        }
        for sdes in lines {
            self.end_line();
            write_crypto(sdes, &mut self.out);
            self.out.extend_from_slice(self.line_end);
        }
    }

    fn write_direction(&mut self) {
        let Some(direction) = self.direction else { return };
        if !std::mem::replace(&mut self.wrote.direction, true) {
            self.line(format!("a={}", direction.as_str()));
        }
    }

    fn origin(&mut self, value: &[u8], ours: SocketAddr) {
        self.out.extend_from_slice(b"o=");
        for word in words(value).take(4) {
            self.out.extend_from_slice(word);
            self.out.push(b' ');
        }
        self.line(family_and_address(ours.ip()));
    }

    fn connection(&mut self, ours: SocketAddr) {
        self.line(format!("c=IN {}", family_and_address(ours.ip())));
    }

    fn line(&mut self, text: String) {
        if text.as_bytes().get(1) == Some(&b'=') {
            self.end_line();
        }
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(self.line_end);
    }

    /// The last line of a body may lack its end, or half of it.
    fn end_line(&mut self) {
        match self.out.last() {
            Some(b'\n') => {}
            Some(b'\r') => self.out.push(b'\n'),
            _ => self.out.extend_from_slice(self.line_end),
        }
    }

    fn keep(&mut self, line: &Line<'_>) {
        self.out.extend_from_slice(line.raw);
    }

    /// Attributes that bind the writer's own addresses (RFC 8839), and port sharing, which each
    /// leg of the relay would have to settle for itself.
    fn is_ended_by_relay(&self, line: &Line<'_>) -> bool {
        const ENDED: [&[u8]; 9] = [
            b"candidate",
            b"end-of-candidates",
            b"remote-candidates",
            b"ice-ufrag",
            b"ice-pwd",
            b"ice-lite",
            b"ice-options",
            b"ice-mismatch",
            b"rtcp-mux",
        ];
        self.patch.rtp.is_some() && line.attribute().is_some_and(|(name, _)| ENDED.contains(&name))
    }
}

/// The same transport, with or without `S`; feedback (`F`) stays.
fn in_profile(proto: &[u8], profile: Profile) -> &[u8] {
    let feedback = proto.last().is_some_and(|b| b.eq_ignore_ascii_case(&b'F'));
    let rtp = proto.get(..4).is_some_and(|p| p.eq_ignore_ascii_case(b"RTP/"));
    match profile {
        _ if !rtp => proto,
        Profile::Avp if feedback => b"RTP/AVPF",
        Profile::Avp => b"RTP/AVP",
        Profile::Savp if feedback => b"RTP/SAVPF",
        Profile::Savp => b"RTP/SAVP",
        Profile::Other => proto,
    }
}
