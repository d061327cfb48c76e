//! RTCP (RFC 3550 §6): reading, own reports, and passing the peers' reports through a relay.

use crate::Header;

/// Largest RTCP datagram that is looked at.
pub const DATAGRAM_MAX: usize = 1_500;

const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;

/// Whether a datagram on a shared port is RTCP (RFC 5761 §4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'p> {
    /// 200 SR, 201 RR, 202 SDES, 203 BYE, 204 APP, 205–207 feedback and extended reports.
    pub kind: u8,
    /// Report or chunk count.
    pub count: u8,
    /// Everything behind the first four octets.
    pub body: &'p [u8],
}

/// Splits a compound; stops at the first broken part.
pub fn parts(mut datagram: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let [b0, kind, l0, l1] = *datagram.first_chunk()?;
        let words = usize::from(u16::from_be_bytes([l0, l1]));
        if b0 >> 6 != 2 {
            return None;
        }
        let (part, rest) = datagram.split_at_checked(4 + 4 * words)?;
        datagram = rest;
        Some(Part { kind, count: b0 & 0x1f, body: part.get(4..)? })
    })
}

/// What one report block says about the stream that its writer receives (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// The stream.
    pub ssrc: u32,
    /// Lost since the last report, of 256.
    pub fraction_lost: u8,
    /// Lost in all, clamped at zero.
    pub lost: u32,
    /// Highest sequence number with cycles.
    pub highest: u32,
    /// Jitter in clock units.
    pub jitter: u32,
    /// Middle of the NTP time of the last SR; 0 = none yet.
    pub last_sr: u32,
    /// Since then, 1/65,536 s.
    pub since_sr: u32,
}

/// The reports of a compound, with the middle 32 bits of the NTP time of its SR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Who writes.
    pub sender: u32,
    /// The first report block.
    pub report: Option<Report>,
    /// Middle of the NTP time when it holds an SR.
    pub sr_time: Option<u32>,
}

/// Reads what the statistics need; `None` when the first part is no report.
pub fn summary(datagram: &[u8]) -> Option<Summary> {
    let mut all = parts(datagram).filter(|p| matches!(p.kind, SR | RR));
    let first = all.next()?;
    let blocks_at = if first.kind == SR { 24 } else { 4 };
    let sr_time = if first.kind == SR { word(first.body, 6) } else { None };
    let block = first.body.get(blocks_at..).filter(|_| first.count > 0);
    Some(Summary { sender: word(first.body, 0)?, report: block.and_then(report), sr_time })
}

/// What the relay knows of both streams when it passes a compound from peer P to peer Q.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// SSRC that Q sees for P's media.
    pub sender: u32,
    /// Added to the RTP timestamp of P's sender report.
    pub timestamp_offset: u32,
    /// SSRC that P sees for Q's media: P's reports are about it.
    pub reported: u32,
    /// SSRC that Q itself uses.
    pub own: u32,
    /// Taken from the sequence numbers that P reports.
    pub sequence_offset: u16,
}

/// Rewrites a compound in place for the other side and returns its new length.
///
/// SR, RR and SDES pass with their SSRCs exchanged; BYE and all others are taken out, since the
/// stream that the other side sees does not end. Report blocks about unknown streams keep their
/// values. 0 = nothing to send.
pub fn pass(datagram: &mut [u8], len: usize, passage: &Passage) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(rest) = datagram.get(from..len) {
        let Some(part) = parts(rest).next() else { break };
        let (kind, count, size) = (part.kind, part.count, 4 + part.body.len());
        if matches!(kind, SR | RR | SDES) {
            datagram.copy_within(from..from + size, to);
            if let Some(part) = datagram.get_mut(to..to + size) {
                rewrite(part, kind, count, passage);
            }
            to += size;
        }
        from += size;
    }
    // A compound begins with a report (RFC 3550 §6.1).
    let first = datagram.get(1).copied();
    if matches!(first, Some(SR | RR)) { to } else { 0 }
}

fn rewrite(part: &mut [u8], kind: u8, count: u8, passage: &Passage) {
    put(part, 4, passage.sender);
    if kind == SR
        && let Some(timestamp) = word(part, 16)
    {
        put(part, 16, timestamp.wrapping_add(passage.timestamp_offset));
    }
    let first = match kind {
        SR => 28,
        RR => 8,
        _ => return,
    };
    for block in 0..usize::from(count) {
        let at = first + 24 * block;
        if word(part, at) == Some(passage.reported) {
            put(part, at, passage.own);
            let highest = word(part, at + 8).unwrap_or_default();
            let low = (highest as u16).wrapping_sub(passage.sequence_offset);
            put(part, at + 8, (highest & 0xffff_0000) | u32::from(low));
        }
    }
}

/// A sender report of ours without report blocks, with an SDES CNAME (RFC 3550 §6.4.1, §6.5).
#[derive(Debug, Clone, Copy)]
pub struct SenderReport {
    /// The last packet sent: SSRC and timestamp.
    pub header: Header,
    /// NTP time, seconds and fraction.
    pub ntp: (u32, u32),
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

impl SenderReport {
    /// Octets of the compound.
    pub const BYTES: usize = 28 + 20;

    /// The compound; the CNAME is derived from the SSRC and names nobody.
    pub fn bytes(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        let words = [
            0x80c8_0006,
            self.header.ssrc,
            self.ntp.0,
            self.ntp.1,
            self.header.timestamp,
            self.packets,
            self.octets,
            0x81ca_0004,
            self.header.ssrc,
        ];
        for (n, value) in words.into_iter().enumerate() {
            put(&mut out, 4 * n, value);
        }
        let digits = hex(self.header.ssrc);
        if let Some(item) = out.get_mut(36..46) {
            item[0] = 1;
            item[1] = 8;
            item[2..].copy_from_slice(&digits);
        }
        out
    }
}

fn hex(n: u32) -> [u8; 8] {
    let mut out = [b'0'; 8];
    for (at, digit) in out.iter_mut().enumerate() {
        let nibble = (n >> (28 - 4 * at)) as u8 & 15;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    }
    out
}

fn report(block: &[u8]) -> Option<Report> {
    let lost = word(block, 4)?;
    // 24 bits, signed: duplicates can make it negative.
    let total = ((lost << 8).cast_signed() >> 8).max(0).cast_unsigned();
    Some(Report {
        ssrc: word(block, 0)?,
        fraction_lost: (lost >> 24) as u8,
        lost: total,
        highest: word(block, 8)?,
        jitter: word(block, 12)?,
        last_sr: word(block, 16)?,
        since_sr: word(block, 20)?,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(to) = bytes.get_mut(at..).and_then(|b| b.first_chunk_mut::<4>()) {
        *to = value.to_be_bytes();
    }
}
