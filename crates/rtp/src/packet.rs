//! The RTP header (RFC 3550 §5.1).

/// Octets of a header without CSRC list and extension.
pub const HEADER_BYTES: usize = 12;

/// The fields that we read and write. CSRC list, extension and padding stay in the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Beginning of a talk spurt or digit.
    pub marker: bool,
    /// Payload type, 0–127.
    pub pt: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Media time in units of the codec's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// A packet taken apart; offsets are into the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// The fixed header.
    pub header: Header,
    /// Where the payload begins, behind CSRC list and extension.
    pub payload_at: usize,
    /// Where it ends, before padding.
    pub payload_end: usize,
}

impl Parsed {
    /// The payload of the packet that this was made from.
    pub fn payload<'p>(&self, packet: &'p [u8]) -> &'p [u8] {
        packet.get(self.payload_at..self.payload_end).unwrap_or_default()
    }
}

/// Reads a packet; `None` when it is not RTP version 2 or its parts exceed it.
pub fn parse(packet: &[u8]) -> Option<Parsed> {
    let head: &[u8; HEADER_BYTES] = packet.first_chunk()?;
    let [b0, b1, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *head;
    if b0 >> 6 != 2 {
        return None;
    }
    let mut payload_at = HEADER_BYTES + 4 * usize::from(b0 & 0x0f);
    if b0 & 0x10 != 0 {
        let extension: &[u8; 4] = packet.get(payload_at..)?.first_chunk()?;
        let words = u16::from_be_bytes([extension[2], extension[3]]);
        payload_at += 4 + 4 * usize::from(words);
    }
    let mut payload_end = packet.len();
    if b0 & 0x20 != 0 {
        payload_end = payload_end.checked_sub(usize::from(*packet.last()?))?;
    }
    let header = Header {
        marker: b1 & 0x80 != 0,
        pt: b1 & 0x7f,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
    };
    (payload_at <= payload_end).then_some(Parsed { header, payload_at, payload_end })
}

impl Header {
    /// Writes the fields over the header at the front of `packet`; version 2, and the flags for
    /// padding, extension and CSRC list as they are there. Short packets are left alone.
    pub fn patch(&self, packet: &mut [u8]) {
        let Some(head) = packet.first_chunk_mut::<HEADER_BYTES>() else { return };
        let flags = head[0] & 0x3f;
        *head = self.bytes();
        head[0] |= flags;
    }

    /// A header of our own: no padding, extension or CSRC list.
    pub fn bytes(&self) -> [u8; HEADER_BYTES] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let marker = if self.marker { 0x80 } else { 0 };
        [0x80, marker | (self.pt & 0x7f), s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]
    }
}
