//! SRTP and SRTCP with AES-128 counter mode and HMAC-SHA1 (RFC 3711), in place.
//!
//! [`Protect`] is one direction out, [`Unprotect`] one direction in; each is made from the master
//! key of that direction (SDES, RFC 4568). The rollover counter is kept per SSRC and through a
//! change of keys; the replay window has 128 packets.

mod keys;
mod replay;

use std::fmt;

use keys::Session;
use replay::Window;
use thiserror::Error;

/// Master key (16 octets) and salt (14).
pub type MasterKey = [u8; 30];

/// Octets that protection may add to a datagram: SRTCP index and tag.
pub const OVERHEAD_MAX: usize = 4 + RTCP_TAG;

/// The tag of RTCP has 80 bits in both suites (RFC 3711 §5.2, RFC 4568 §6.2.2).
const RTCP_TAG: usize = 10;

/// Sources whose rollover counters are kept; the oldest makes room.
const SOURCES: usize = 4;

/// Length of the RTP tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// AES_CM_128_HMAC_SHA1_80.
    Bits80,
    /// AES_CM_128_HMAC_SHA1_32.
    Bits32,
}

impl Tag {
    fn bytes(self) -> usize {
        match self {
            Self::Bits80 => 10,
            Self::Bits32 => 4,
        }
    }
}

/// Why a datagram was not taken or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SrtpError {
    /// Too short for header and tag, or not version 2.
    #[error("malformed packet")]
    Malformed,
    /// The tag is wrong: another key, or forged.
    #[error("authentication failed")]
    Authentication,
    /// Seen before, or too old to tell.
    #[error("replayed packet")]
    Replay,
    /// The buffer has no room for the tag, or the key is used up (2⁴⁸ or 2³¹ packets).
    #[error("no room")]
    NoRoom,
}

/// Protects what is sent.
pub struct Protect {
    rtp: Session,
    rtcp: Session,
    tag: Tag,
    sources: Sources,
    rtcp_index: u32,
}

/// Checks and opens what is received.
pub struct Unprotect {
    rtp: Session,
    rtcp: Session,
    tag: Tag,
    sources: Sources,
    rtcp_window: Window,
}

/// Packet indices (rollover counter and sequence number) by SSRC.
#[derive(Debug, Clone, Copy, Default)]
struct Sources([Option<Source>; SOURCES]);

#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    window: Window,
}

impl Protect {
    /// For one direction out.
    pub fn new(key: &MasterKey, tag: Tag) -> Self {
        let (rtp, rtcp) = (Session::rtp(key), Session::rtcp(key));
        Self { rtp, rtcp, tag, sources: Sources::default(), rtcp_index: 0 }
    }

    /// New keys in the same stream: the rollover counter goes on (RFC 3711 §3.3).
    pub fn rekey(&mut self, key: &MasterKey, tag: Tag) {
        *self = Self { sources: self.sources, ..Self::new(key, tag) };
    }

    /// Encrypts the RTP packet of `len` octets at the front of `buffer`; its new length.
    pub fn rtp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let end = len + self.tag.bytes();
        let packet = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        let head = Head::of(packet.get(..len).ok_or(SrtpError::NoRoom)?)?;
        let source = self.sources.find(head.ssrc, head.sequence);
        let index = source.window.estimate(head.sequence).ok_or(SrtpError::NoRoom)?;
        source.window.mark(index);
        let (body, tag) = packet.split_at_mut(len);
        self.rtp.crypt(head.ssrc, index, body.get_mut(head.size..).unwrap_or_default());
        let digest = self.rtp.mac(body, roc(index));
        tag.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Ok(end)
    }

    /// Encrypts the RTCP compound of `len` octets at the front of `buffer`; its new length.
    pub fn rtcp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let end = len + OVERHEAD_MAX;
        let packet = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        let ssrc = rtcp_ssrc(packet)?;
        self.rtcp_index = (self.rtcp_index + 1) & 0x7fff_ffff;
        let index = self.rtcp_index;
        let (body, trailer) = packet.split_at_mut(len);
        self.rtcp.crypt(ssrc, u64::from(index), body.get_mut(8..).unwrap_or_default());
        let flagged = index | ENCRYPTED;
        let digest = self.rtcp.mac(body, flagged);
        let bytes = flagged.to_be_bytes().into_iter().chain(digest);
        trailer.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Ok(end)
    }
}

impl Unprotect {
    /// For one direction in.
    pub fn new(key: &MasterKey, tag: Tag) -> Self {
        let (rtp, rtcp) = (Session::rtp(key), Session::rtcp(key));
        let rtcp_window = Window::default();
        Self { rtp, rtcp, tag, sources: Sources::default(), rtcp_window }
    }

    /// New keys in the same stream: rollover counters go on, replay of old packets is stopped by
    /// the new key.
    pub fn rekey(&mut self, key: &MasterKey, tag: Tag) {
        *self = Self { sources: self.sources, ..Self::new(key, tag) };
    }

    /// Checks and decrypts the SRTP packet in place; the length of the RTP packet.
    ///
    /// Nothing changes when it fails.
    pub fn rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let len = packet.len().checked_sub(self.tag.bytes()).ok_or(SrtpError::Malformed)?;
        let (body, tag) = packet.split_at_mut(len);
        let head = Head::of(body)?;
        let mut window = self.sources.window(head.ssrc, head.sequence);
        let index = window.estimate(head.sequence).ok_or(SrtpError::Replay)?;
        if window.has(index) {
            return Err(SrtpError::Replay);
        }
        if !keys::equal(&self.rtp.mac(body, roc(index)), tag) {
            return Err(SrtpError::Authentication);
        }
        window.mark(index);
        self.sources.keep(Source { ssrc: head.ssrc, window });
        self.rtp.crypt(head.ssrc, index, body.get_mut(head.size..).unwrap_or_default());
        Ok(len)
    }

    /// Checks and decrypts the SRTCP packet in place; the length of the RTCP compound.
    pub fn rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let len = packet.len().checked_sub(OVERHEAD_MAX).ok_or(SrtpError::Malformed)?;
        let (body, trailer) = packet.split_at_mut(len);
        let ssrc = rtcp_ssrc(body)?;
        let (flagged, tag) = trailer.split_first_chunk().ok_or(SrtpError::Malformed)?;
        let flagged = u32::from_be_bytes(*flagged);
        let index = u64::from(flagged & !ENCRYPTED);
        if self.rtcp_window.has(index) {
            return Err(SrtpError::Replay);
        }
        if !keys::equal(&self.rtcp.mac(body, flagged), tag) {
            return Err(SrtpError::Authentication);
        }
        self.rtcp_window.mark(index);
        if flagged & ENCRYPTED != 0 {
            self.rtcp.crypt(ssrc, index, body.get_mut(8..).unwrap_or_default());
        }
        Ok(len)
    }
}

impl fmt::Debug for Protect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protect").field("tag", &self.tag).finish_non_exhaustive()
    }
}

impl fmt::Debug for Unprotect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unprotect").field("tag", &self.tag).finish_non_exhaustive()
    }
}

impl Sources {
    fn window(&self, ssrc: u32, sequence: u16) -> Window {
        let known = self.0.iter().flatten().find(|s| s.ssrc == ssrc);
        known.map_or(Window::starting_at(sequence), |s| s.window)
    }

    /// Puts the source in front, so that the last in line is the oldest.
    fn keep(&mut self, source: Source) {
        let known = |s: &Option<Source>| s.is_some_and(|s| s.ssrc == source.ssrc);
        let at = self.0.iter().position(known).unwrap_or(SOURCES - 1);
        if let Some(front) = self.0.get_mut(..=at) {
            front.rotate_right(1);
        }
        self.0[0] = Some(source);
    }

    fn find(&mut self, ssrc: u32, sequence: u16) -> &mut Source {
        let window = self.window(ssrc, sequence);
        self.keep(Source { ssrc, window });
        self.0[0].get_or_insert(Source { ssrc, window })
    }
}

/// The E flag of SRTCP (RFC 3711 §3.4).
const ENCRYPTED: u32 = 0x8000_0000;

fn roc(index: u64) -> u32 {
    (index >> 16) as u32
}

/// What of a header protection needs; padding is not looked at, it may be encrypted.
struct Head {
    ssrc: u32,
    sequence: u16,
    size: usize,
}

impl Head {
    fn of(packet: &[u8]) -> Result<Self, SrtpError> {
        let head: &[u8; 12] = packet.first_chunk().ok_or(SrtpError::Malformed)?;
        let mut size = 12 + 4 * usize::from(head[0] & 0x0f);
        if head[0] & 0x10 != 0 {
            let extension = packet.get(size..).and_then(|e| e.first_chunk::<4>());
            let [_, _, w0, w1] = *extension.ok_or(SrtpError::Malformed)?;
            size += 4 + 4 * usize::from(u16::from_be_bytes([w0, w1]));
        }
        if head[0] >> 6 != 2 || size > packet.len() {
            return Err(SrtpError::Malformed);
        }
        let sequence = u16::from_be_bytes([head[2], head[3]]);
        let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        Ok(Self { ssrc, sequence, size })
    }
}

fn rtcp_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    let head: &[u8; 8] = packet.first_chunk().ok_or(SrtpError::Malformed)?;
    match head[0] >> 6 {
        2 => Ok(u32::from_be_bytes([head[4], head[5], head[6], head[7]])),
        _ => Err(SrtpError::Malformed),
    }
}

/// The primitives, for the vectors of RFC 3711.
#[cfg(test)]
pub(crate) mod testing {
    use aes::Aes128Enc;
    use aes::cipher::{Array, KeyInit};

    pub(crate) fn keystream(key: &[u8; 16], iv: u128, body: &mut [u8]) {
        super::keys::keystream(&Aes128Enc::new(&Array(*key)), iv, body);
    }

    pub(crate) fn derive<const N: usize>(master: &super::MasterKey, label: u8) -> [u8; N] {
        super::keys::derive_key(master, label)
    }
}
