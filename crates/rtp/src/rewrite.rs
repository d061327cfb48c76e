//! One continuous stream towards a leg, whatever feeds it (media design §8).
//!
//! The phone sees one SSRC whose sequence has no hole of our making and whose timestamps move
//! with time, through hold, music, transfer and removed digits.
//!
//! | Input | Output |
//! |---|---|
//! | first packet of a source | next sequence number, timestamp = last + time passed, marker |
//! | next packets | the source's own differences, so loss and reordering stay visible |
//! | a packet that is taken out ([`Rewriter::skip`]) | the hole is closed |
//! | a late packet from before the last change or hole | dropped |
//! | a leap in sequence or time by the source | as a new source |

use base::Mono;

use crate::Header;

/// The sending state of one leg.
#[derive(Debug, Clone, Copy)]
pub struct Rewriter {
    ssrc: u32,
    clock: u32,
    /// Highest sequence number sent, its timestamp and time.
    sequence: u16,
    timestamp: u32,
    at: Mono,
    started: bool,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    None,
    /// Frames that we make.
    Own,
    Stream(Stream),
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    highest: u16,
    highest_timestamp: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    /// Input sequence numbers before this one may not be sent any more.
    floor: u16,
}

/// Packets that come later than this many numbers are a new beginning.
const LATE_MAX: i16 = -100;

/// A hole larger than this is a new beginning.
const LEAP_MAX: i16 = 3_000;

/// A source whose timestamps leave real time by more than this has started anew, seconds.
const DRIFT_MAX_S: i64 = 3;

/// Own frames that are further apart than this many are a new spurt.
const SPURT_FRAMES: u64 = 4;

impl Rewriter {
    /// A stream with our `ssrc` and random first numbers; `clock` in Hz.
    pub fn new(ssrc: u32, first_sequence: u16, first_timestamp: u32, clock: u32) -> Self {
        Self {
            ssrc,
            clock,
            sequence: first_sequence.wrapping_sub(1),
            timestamp: first_timestamp,
            at: Mono(0),
            started: false,
            source: Source::None,
        }
    }

    /// The SSRC that the leg sees.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Sets the RTP clock in Hz after another codec was negotiated; the next packet of any
    /// source begins anew.
    pub fn set_clock(&mut self, clock: u32) {
        if self.clock != clock && clock > 0 {
            self.clock = clock;
            self.source = Source::None;
        }
    }

    /// Turns the header of a relayed packet into ours; `None` = do not send it.
    #[inline]
    pub fn relay(&mut self, now: Mono, header: &Header) -> Option<Header> {
        if let Source::Stream(stream) = &mut self.source
            && stream.ssrc == header.ssrc
        {
            let ahead = header.sequence.wrapping_sub(stream.highest).cast_signed();
            if ahead > 0 && ahead <= LEAP_MAX {
                let passed = header.timestamp.wrapping_sub(stream.highest_timestamp).cast_signed();
                if in_time(passed, now.since(self.at).0, self.clock) {
                    return Some(self.newest(now, header));
                }
            } else if (LATE_MAX..=0).contains(&ahead) {
                return self.late(header);
            }
        }
        Some(self.begin(now, header))
    }

    /// Takes a packet out of the stream and closes the hole that it would leave.
    pub fn skip(&mut self, header: &Header) {
        let Source::Stream(stream) = &mut self.source else { return };
        let ahead = header.sequence.wrapping_sub(stream.highest).cast_signed();
        if stream.ssrc != header.ssrc || ahead <= 0 || ahead > LEAP_MAX {
            return;
        }
        stream.sequence_offset = stream.sequence_offset.wrapping_sub(1);
        stream.highest = header.sequence;
        stream.floor = header.sequence.wrapping_add(1);
    }

    /// Header of a frame that we make ourselves, `samples` long; payload type is the caller's.
    pub fn own(&mut self, now: Mono, samples: u32) -> Header {
        // Some ticks late is still the same spurt: the next frames catch up.
        let due = u64::from(samples) * 1_000_000 / u64::from(self.clock.max(1));
        let in_spurt = now.since(self.at).0 <= SPURT_FRAMES * due;
        let continues = matches!(self.source, Source::Own) && in_spurt;
        let step = if continues { samples } else { self.elapsed(now, samples) };
        self.source = Source::Own;
        self.advance(now, step);
        Header {
            marker: !continues,
            pt: 0,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }

    /// Header of another packet about the moment of the last own frame: the updates of one digit
    /// share their timestamp (RFC 4733 §2.5.1.2). The audio behind it goes on after the digit.
    pub fn own_same_time(&mut self) -> Header {
        self.sequence = self.sequence.wrapping_add(1);
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        Header { marker: false, pt: 0, sequence, timestamp, ssrc: self.ssrc }
    }

    /// Timestamp that a frame sent at `now` would have, for sender reports.
    pub fn timestamp_at(&self, now: Mono) -> u32 {
        self.timestamp.wrapping_add(self.elapsed(now, 0))
    }

    /// Sender SSRC of the stream that is relayed at present, for RTCP.
    pub fn source_ssrc(&self) -> Option<u32> {
        match self.source {
            Source::Stream(stream) => Some(stream.ssrc),
            Source::Own | Source::None => None,
        }
    }

    /// Offsets (sequence, timestamp) from the relayed stream to ours, for RTCP.
    pub fn offsets(&self) -> Option<(u16, u32)> {
        match self.source {
            Source::Stream(stream) => Some((stream.sequence_offset, stream.timestamp_offset)),
            Source::Own | Source::None => None,
        }
    }

    fn newest(&mut self, now: Mono, header: &Header) -> Header {
        let Source::Stream(stream) = &mut self.source else { return *header };
        stream.highest = header.sequence;
        stream.highest_timestamp = header.timestamp;
        self.sequence = header.sequence.wrapping_add(stream.sequence_offset);
        self.timestamp = header.timestamp.wrapping_add(stream.timestamp_offset);
        self.at = now;
        Header { sequence: self.sequence, timestamp: self.timestamp, ssrc: self.ssrc, ..*header }
    }

    fn late(&self, header: &Header) -> Option<Header> {
        let Source::Stream(stream) = &self.source else { return None };
        let allowed = header.sequence.wrapping_sub(stream.floor).cast_signed() >= 0;
        allowed.then(|| Header {
            sequence: header.sequence.wrapping_add(stream.sequence_offset),
            timestamp: header.timestamp.wrapping_add(stream.timestamp_offset),
            ssrc: self.ssrc,
            ..*header
        })
    }

    fn begin(&mut self, now: Mono, header: &Header) -> Header {
        // One frame at least, so that two sources never share a timestamp.
        let step = self.elapsed(now, self.clock / 50);
        self.advance(now, step);
        self.source = Source::Stream(Stream {
            ssrc: header.ssrc,
            highest: header.sequence,
            highest_timestamp: header.timestamp,
            sequence_offset: self.sequence.wrapping_sub(header.sequence),
            timestamp_offset: self.timestamp.wrapping_sub(header.timestamp),
            floor: header.sequence,
        });
        Header {
            marker: true,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..*header
        }
    }

    fn advance(&mut self, now: Mono, step: u32) {
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(step);
        self.at = now;
        self.started = true;
    }

    /// Time since the last packet in clock units, at least `least`; 0 before the first packet.
    fn elapsed(&self, now: Mono, least: u32) -> u32 {
        if !self.started {
            return 0;
        }
        let units = now.since(self.at).0.saturating_mul(u64::from(self.clock)) / 1_000_000;
        // Beyond the range of a timestamp difference only the order counts.
        (units.min(u64::from(u32::MAX / 4)) as u32).max(least)
    }
}

/// Whether a timestamp that moved by `passed` fits the real time that passed.
fn in_time(passed: i32, real_us: u64, clock: u32) -> bool {
    let real = (real_us.min(1 << 40) * u64::from(clock) / 1_000_000) as i64;
    (i64::from(passed) - real).abs() <= DRIFT_MAX_S * i64::from(clock)
}
