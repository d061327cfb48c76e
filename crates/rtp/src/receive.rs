//! Counters of a received stream (RFC 3550 §6.4.1, appendix A).

use base::Mono;

use crate::Header;

/// Counts what arrives from one peer, over changes of its SSRC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Receive {
    packets: u64,
    bytes: u64,
    /// Expected packets of streams that have ended (SSRC changed).
    expected_before: u64,
    stream: Option<Stream>,
    /// 16 × jitter in timestamp units, as RFC 3550 A.8 keeps it.
    jitter16: u32,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    base: u16,
    highest: u16,
    cycles: u16,
    last_transit: u32,
}

/// Gaps larger than this are a new beginning, not loss (RFC 3550 A.1, MAX_DROPOUT).
const DROPOUT_MAX: u16 = 3_000;

impl Receive {
    /// Counts one packet of `len` bytes in all; `clock` is the RTP clock in Hz.
    pub fn packet(&mut self, now: Mono, header: &Header, len: usize, clock: u32) {
        self.packets += 1;
        self.bytes += len as u64;
        let arrival = (now.0.wrapping_mul(clock.into()) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(header.timestamp);
        let Some(stream) = self.stream.as_mut().filter(|s| s.ssrc == header.ssrc) else {
            return self.begin(header, transit);
        };
        let ahead = header.sequence.wrapping_sub(stream.highest);
        if ahead != 0 && ahead < DROPOUT_MAX {
            if header.sequence < stream.highest {
                stream.cycles = stream.cycles.wrapping_add(1);
            }
            stream.highest = header.sequence;
        } else if (DROPOUT_MAX..u16::MAX - 100).contains(&ahead) {
            return self.begin(header, transit);
        }
        let difference = transit.wrapping_sub(stream.last_transit).cast_signed().unsigned_abs();
        stream.last_transit = transit;
        // A source that leaps in time says nothing about the network.
        if difference < clock {
            self.jitter16 = (self.jitter16 + difference).saturating_sub((self.jitter16 + 8) >> 4);
        }
    }

    fn begin(&mut self, header: &Header, transit: u32) {
        self.expected_before += self.expected_now();
        self.stream = Some(Stream {
            ssrc: header.ssrc,
            base: header.sequence,
            highest: header.sequence,
            cycles: 0,
            last_transit: transit,
        });
    }

    fn expected_now(&self) -> u64 {
        let Some(s) = &self.stream else { return 0 };
        let extended = (u64::from(s.cycles) << 16) + u64::from(s.highest);
        extended.saturating_sub(u64::from(s.base)) + 1
    }

    /// Packets received.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes received, headers included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets that never came, by sequence number; duplicates make up for losses.
    pub fn lost(&self) -> u32 {
        let expected = self.expected_before + self.expected_now();
        expected.saturating_sub(self.packets).try_into().unwrap_or(u32::MAX)
    }

    /// Interarrival jitter in units of the clock.
    pub fn jitter(&self) -> u32 {
        self.jitter16 >> 4
    }

    /// The peer's SSRC at present.
    pub fn ssrc(&self) -> Option<u32> {
        self.stream.map(|s| s.ssrc)
    }
}
