//! The boundary as bytes: length-prefixed frames between a node and a media process.
//!
//! ```text
//! frame = length (u32, of what follows, ≤ FRAME_MAX) · version (u8) · kind (u8) · fields
//! ```
//!
//! Integers are big-endian; an address is family (4 or 6), octets, port. Both ends are the same
//! program, so an unknown version or kind is an error that ends the connection, not a guess.

mod cursor;
mod leg;

use base::id::LegId;
use cursor::{Reader, Writer};
use thiserror::Error;

use crate::{
    Command, Digit, DigitPhase, DigitSource, Event, Failure, LegStats, Load, RecordEnd,
    RecordFailure,
};

/// Version of the form, the first octet of each frame.
pub const VERSION: u8 = 2;

/// Largest frame without its length; far above the largest condition.
pub const FRAME_MAX: usize = 2_048;

/// Why bytes are no frame of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// The frame ends before its fields do.
    #[error("frame too short")]
    Short,
    /// Octets are left over, or the length exceeds [`FRAME_MAX`].
    #[error("frame too long")]
    Long,
    /// Another version speaks.
    #[error("version {0} is not {VERSION}")]
    Version(u8),
    /// A field has a value that this version does not know.
    #[error("unknown {0}")]
    Unknown(&'static str),
}

/// Appends one command as a frame.
pub fn encode_command(command: &Command, out: &mut Vec<u8>) {
    frame(out, |w| match command {
        Command::Leg(want) => {
            w.u8(1);
            leg::write(w, want);
        }
        Command::Close { leg } => {
            w.u8(2);
            w.u64(leg.0);
        }
        Command::SendDigit { leg, digit, duration_ms } => {
            w.u8(3);
            w.u64(leg.0);
            w.u8(digit.event());
            w.u16(*duration_ms);
        }
        Command::ReportStats { leg } => {
            w.u8(4);
            w.u64(leg.0);
        }
        Command::DeleteFile { file } => {
            w.u8(5);
            leg::write_file(w, *file);
        }
    });
}

/// Reads one command from a frame without its length.
pub fn decode_command(frame: &[u8]) -> Result<Command, WireError> {
    let mut r = open(frame)?;
    let command = match r.u8()? {
        1 => Command::Leg(Box::new(leg::read(&mut r)?)),
        2 => Command::Close { leg: LegId(r.u64()?) },
        3 => Command::SendDigit {
            leg: LegId(r.u64()?),
            digit: read_digit(&mut r)?,
            duration_ms: r.u16()?,
        },
        4 => Command::ReportStats { leg: LegId(r.u64()?) },
        5 => Command::DeleteFile { file: leg::read_file(&mut r)? },
        _ => return Err(WireError::Unknown("command")),
    };
    r.end()?;
    Ok(command)
}

/// Appends one event as a frame.
pub fn encode_event(event: &Event, out: &mut Vec<u8>) {
    frame(out, |w| match event {
        Event::Opened { leg, rtp, rtcp } => {
            w.head(1, *leg);
            w.addr(rtp);
            w.addr(rtcp);
        }
        Event::Latched { leg, from } => {
            w.head(2, *leg);
            w.addr(from);
        }
        Event::Digit { leg, digit, source, phase } => {
            w.head(3, *leg);
            write_digit(w, *digit, *source, *phase);
        }
        Event::Silent { leg } => w.head(4, *leg),
        Event::PlayEnded { leg, serial } => {
            w.head(5, *leg);
            w.u32(*serial);
        }
        Event::Stats { leg, stats, closed } => {
            w.head(6, *leg);
            w.u8(u8::from(*closed));
            write_stats(w, stats);
        }
        Event::Failed { leg, why } => {
            w.head(7, *leg);
            w.u8(match why {
                Failure::ResourceShortage => 0,
                Failure::LocalAddress => 1,
                Failure::Socket => 2,
                Failure::BadCondition => 3,
            });
        }
        Event::Overload { load } => {
            w.u8(8);
            w.u8(match load {
                Load::Normal => 0,
                Load::RefuseNew => 1,
            });
        }
        Event::Recorded { leg, serial, file, duration_ms, end } => {
            w.head(9, *leg);
            w.u32(*serial);
            leg::write_file(w, *file);
            w.u32(*duration_ms);
            w.u8(match end {
                RecordEnd::Stopped => 0,
                RecordEnd::Limit => 1,
            });
        }
        Event::RecordFailed { leg, serial, file, why } => {
            w.head(10, *leg);
            w.u32(*serial);
            leg::write_file(w, *file);
            w.u8(match why {
                RecordFailure::Storage => 0,
                RecordFailure::DiskFull => 1,
                RecordFailure::Exists => 2,
                RecordFailure::Codec => 3,
            });
        }
    });
}

/// Reads one event from a frame without its length.
pub fn decode_event(frame: &[u8]) -> Result<Event, WireError> {
    let mut r = open(frame)?;
    let kind = r.u8()?;
    let event = if kind == 8 { read_load(&mut r)? } else { read_leg_event(kind, &mut r)? };
    r.end()?;
    Ok(event)
}

/// Splits one frame off the front of `buffer`: the frame without its length, and the octets used.
///
/// `Ok(None)` while more must arrive; `Long` when the peer announces more than [`FRAME_MAX`].
pub fn split_frame(buffer: &[u8]) -> Result<Option<(&[u8], usize)>, WireError> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > FRAME_MAX {
        return Err(WireError::Long);
    }
    Ok(buffer.get(4..4 + length).map(|frame| (frame, 4 + length)))
}

fn frame(out: &mut Vec<u8>, fields: impl FnOnce(&mut Writer<'_>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let mut w = Writer(out);
    w.u8(VERSION);
    fields(&mut w);
    let length = (out.len() - start - 4) as u32;
    if let Some(prefix) = out.get_mut(start..start + 4) {
        prefix.copy_from_slice(&length.to_be_bytes());
    }
}

fn open(frame: &[u8]) -> Result<Reader<'_>, WireError> {
    if frame.len() > FRAME_MAX {
        return Err(WireError::Long);
    }
    let mut r = Reader(frame);
    match r.u8()? {
        VERSION => Ok(r),
        other => Err(WireError::Version(other)),
    }
}

fn read_load(r: &mut Reader<'_>) -> Result<Event, WireError> {
    let load = match r.u8()? {
        0 => Load::Normal,
        1 => Load::RefuseNew,
        _ => return Err(WireError::Unknown("load")),
    };
    Ok(Event::Overload { load })
}

fn read_leg_event(kind: u8, r: &mut Reader<'_>) -> Result<Event, WireError> {
    let leg = LegId(r.u64()?);
    Ok(match kind {
        1 => Event::Opened { leg, rtp: r.addr()?, rtcp: r.addr()? },
        2 => Event::Latched { leg, from: r.addr()? },
        3 => read_press(leg, r)?,
        4 => Event::Silent { leg },
        5 => Event::PlayEnded { leg, serial: r.u32()? },
        6 => {
            let closed = r.bool()?;
            Event::Stats { leg, stats: read_stats(r)?, closed }
        }
        7 => Event::Failed {
            leg,
            why: match r.u8()? {
                0 => Failure::ResourceShortage,
                1 => Failure::LocalAddress,
                2 => Failure::Socket,
                3 => Failure::BadCondition,
                _ => return Err(WireError::Unknown("failure")),
            },
        },
        9 => Event::Recorded {
            leg,
            serial: r.u32()?,
            file: leg::read_file(r)?,
            duration_ms: r.u32()?,
            end: match r.u8()? {
                0 => RecordEnd::Stopped,
                1 => RecordEnd::Limit,
                _ => return Err(WireError::Unknown("end of recording")),
            },
        },
        10 => Event::RecordFailed {
            leg,
            serial: r.u32()?,
            file: leg::read_file(r)?,
            why: match r.u8()? {
                0 => RecordFailure::Storage,
                1 => RecordFailure::DiskFull,
                2 => RecordFailure::Exists,
                3 => RecordFailure::Codec,
                _ => return Err(WireError::Unknown("failure of recording")),
            },
        },
        _ => return Err(WireError::Unknown("event")),
    })
}

fn write_digit(w: &mut Writer<'_>, digit: Digit, source: DigitSource, phase: DigitPhase) {
    w.u8(digit.event());
    w.u8(match source {
        DigitSource::Event => 0,
        DigitSource::InBand => 1,
    });
    match phase {
        DigitPhase::Begin => w.u8(0),
        DigitPhase::End { ms } => {
            w.u8(1);
            w.u16(ms);
        }
    }
}

fn read_press(leg: LegId, r: &mut Reader<'_>) -> Result<Event, WireError> {
    let digit = read_digit(r)?;
    let source = match r.u8()? {
        0 => DigitSource::Event,
        1 => DigitSource::InBand,
        _ => return Err(WireError::Unknown("digit source")),
    };
    let phase = match r.u8()? {
        0 => DigitPhase::Begin,
        1 => DigitPhase::End { ms: r.u16()? },
        _ => return Err(WireError::Unknown("digit phase")),
    };
    Ok(Event::Digit { leg, digit, source, phase })
}

fn read_digit(r: &mut Reader<'_>) -> Result<Digit, WireError> {
    Digit::from_event(r.u8()?).ok_or(WireError::Unknown("digit"))
}

fn write_stats(w: &mut Writer<'_>, s: &LegStats) {
    for n in [s.rx_packets, s.rx_bytes, s.tx_packets, s.tx_bytes] {
        w.u64(n);
    }
    for n in [s.rx_lost, s.rx_jitter_us, s.rx_dropped, s.far_lost, s.rtt_us] {
        w.u32(n);
    }
}

fn read_stats(r: &mut Reader<'_>) -> Result<LegStats, WireError> {
    Ok(LegStats {
        rx_packets: r.u64()?,
        rx_bytes: r.u64()?,
        tx_packets: r.u64()?,
        tx_bytes: r.u64()?,
        rx_lost: r.u32()?,
        rx_jitter_us: r.u32()?,
        rx_dropped: r.u32()?,
        far_lost: r.u32()?,
        rtt_us: r.u32()?,
    })
}
