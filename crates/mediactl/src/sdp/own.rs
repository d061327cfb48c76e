//! Offers and answers that we write ourselves: hold music, announcements, test phones.

use std::net::SocketAddr;

use super::text::family_and_address;
use super::{AnswerError, MediaLine, Profile, Sdp, negotiate, write_crypto};
use crate::{Codec, Direction, Payload, Sdes};

/// An audio line of ours.
///
/// The version in `o=` is 1; [`super::Session`] raises it when the body follows another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own<'o> {
    /// Session id for `o=`: any number that stays for the leg.
    pub session: u64,
    /// Where we receive RTP.
    pub rtp: SocketAddr,
    /// Where we receive RTCP.
    pub rtcp: SocketAddr,
    /// What we can do, most wanted first.
    pub payloads: &'o [Payload],
    /// What we want to do; an answer keeps within the offer.
    pub direction: Direction,
    /// Profile of the line; in an answer the offer's counts.
    pub profile: Profile,
    /// Our keys: all in an offer, the first with the chosen tag in an answer.
    pub crypto: &'o [Sdes],
}

impl Own<'_> {
    /// PCMU, PCMA and telephone-event: what built-in players and test phones speak.
    pub const PAYLOADS: [Payload; 3] = [Payload::PCMU, Payload::PCMA, Payload::TELEPHONE_EVENT];

    /// An offer with one audio line.
    pub fn offer(&self) -> Vec<u8> {
        let mut out = self.head();
        let proto = if self.profile == Profile::Savp { "RTP/SAVP" } else { "RTP/AVP" };
        self.audio(proto, self.payloads, self.direction, &mut out);
        out
    }

    /// An answer: the audio line to talk on is taken, all others get port 0.
    ///
    /// `NoCodec` when nothing is common, `Crypto` when a secure line finds no key with its tag
    /// in `crypto`; both become 488.
    pub fn answer(&self, offer: &Sdp<'_>) -> Result<Vec<u8>, AnswerError> {
        let asked = offer.audio()?.filter(|a| !a.is_refused()).ok_or(AnswerError::NoAudio)?;
        let payloads = negotiate(&asked, self.payloads);
        if !payloads.iter().any(|p| p.codec.is_audio()) {
            return Err(AnswerError::NoCodec);
        }
        let key = self
            .crypto
            .iter()
            .find(|ours| asked.crypto.iter().any(|c| c.tag == ours.tag && c.suite == ours.suite));
        match (asked.profile, key) {
            (Profile::Other, _) => return Err(AnswerError::Profile),
            (Profile::Savp, None) => return Err(AnswerError::Crypto),
            (Profile::Savp | Profile::Avp, _) => {}
        }
        let mut out = self.head();
        for n in 0..offer.media_count() {
            let Some(line) = offer.media_line(n) else { break };
            match line {
                Ok(line) if n == asked.line => {
                    let ours = Own { crypto: key.map_or(&[], std::slice::from_ref), ..*self };
                    let proto = String::from_utf8_lossy(line.proto);
                    let direction = self.direction.answer_to(asked.direction);
                    ours.audio(&proto, &payloads, direction, &mut out);
                }
                Ok(line) => refuse(offer, n, &line, &mut out),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(out)
    }

    fn head(&self) -> Vec<u8> {
        let address = family_and_address(self.rtp.ip());
        let session = self.session;
        let text =
            format!("v=0\r\no=- {session} 1 IN {address}\r\ns=-\r\nc=IN {address}\r\nt=0 0\r\n");
        text.into_bytes()
    }

    fn audio(&self, proto: &str, payloads: &[Payload], direction: Direction, out: &mut Vec<u8>) {
        let mut text = format!("m=audio {} {proto}", self.rtp.port());
        for p in payloads {
            text += &format!(" {}", p.pt);
        }
        text += "\r\n";
        if self.rtcp.port() != self.rtp.port().wrapping_add(1) {
            text += &format!("a=rtcp:{}\r\n", self.rtcp.port());
        }
        for p in payloads {
            text += &format!("a=rtpmap:{} {}/{}", p.pt, p.codec.name(), p.clock);
            if p.channels > 1 {
                text += &format!("/{}", p.channels);
            }
            text += "\r\n";
            if p.codec == Codec::TelephoneEvent {
                text += &format!("a=fmtp:{} 0-15\r\n", p.pt);
            }
        }
        text += &format!("a=ptime:20\r\na={}\r\n", direction.as_str());
        out.extend_from_slice(text.as_bytes());
        for sdes in self.crypto {
            write_crypto(sdes, out);
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn refuse(offer: &Sdp<'_>, n: usize, line: &MediaLine<'_>, out: &mut Vec<u8>) {
    let section = offer.section(n).unwrap_or_default();
    let kind = section.get(2..).unwrap_or_default().split(|b| *b == b' ').next();
    for part in [b"m=", kind.unwrap_or(b"audio"), b" 0 ", line.proto, b" ", line.formats, b"\r\n"] {
        out.extend_from_slice(part);
    }
}
