//! Legs that are recorded: beginning, packets, limit, end. What touches the disk is in
//! `recorder`.

use base::{Micros, Mono};
use mediactl::{Event, Joined, Record, RecordEnd, RecordFailure};
use rtp::{FRAME_SAMPLES, Header};

use crate::leg::Leg;
use crate::recorder::{Frame, Order};
use crate::relay::{Rule, Taken};
use crate::thread::{DATAGRAM_MAX, Worker};

/// A recording of a leg.
#[derive(Debug)]
pub(crate) struct Tape {
    pub(crate) record: Record,
    key: u64,
    until: Mono,
    /// Frames that found no room.
    lost: u32,
    /// It has ended, though the leg's condition has not changed.
    pub(crate) done: bool,
}

impl Worker {
    /// Begins and ends the recording of a leg as its condition says.
    pub(crate) fn set_tape(&mut self, now: Mono, at: usize) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let wanted = match leg.want.joined {
            Joined::Recorder(record) => Some(record),
            Joined::None
            | Joined::Leg(_)
            | Joined::Player(_)
            | Joined::Echo
            | Joined::Speaker
            | Joined::Listener(_) => None,
        };
        if leg.tape.as_ref().map(|t| t.record) == wanted {
            return;
        }
        let old = leg.tape.take();
        let (id, play) = (leg.want.leg, leg.codecs.play);
        if let Some(tape) = old {
            self.end_tape(&tape, RecordEnd::Stopped);
        }
        let Some(record) = wanted else { return };
        let seconds = u64::from(record.max_s.clamp(10, 600));
        let begun = match play {
            None => Err(RecordFailure::Codec),
            Some((law, _)) => {
                let order = Order { leg: id, record, law, limit: seconds * 8_000 };
                self.shared.recorder.begin(order).ok_or(RecordFailure::Storage)
            }
        };
        let (key, done) = (begun.unwrap_or_default(), begun.is_err());
        let until = now + Micros::seconds(seconds);
        if let Some(leg) = self.legs.get_mut(at) {
            leg.tape = Some(Box::new(Tape { record, key, until, lost: 0, done }));
        }
        if let Err(why) = begun {
            let (serial, file) = (record.serial, record.file);
            self.tell(Event::RecordFailed { leg: id, serial, file, why });
        }
    }

    /// A leg is gone, or is not recorded any more.
    pub(crate) fn end_tape(&mut self, tape: &Tape, end: RecordEnd) {
        if tape.lost > 0 {
            tracing::warn!(frames = tape.lost, "the disk was too slow for a recording");
        }
        if !tape.done {
            self.finish_tape(tape.key, end);
        }
    }

    fn finish_tape(&mut self, key: u64, end: RecordEnd) {
        if !self.shared.recorder.finish(key, end) {
            self.unfinished.push((key, end));
        }
    }

    /// Hands over the ends that found no room.
    pub(crate) fn finish_tapes(&mut self) {
        let recorder = &self.shared.recorder;
        self.unfinished.retain(|(key, end)| !recorder.finish(*key, *end));
    }

    /// Ends a recording that has reached its limit.
    pub(crate) fn limit_tape(&mut self, now: Mono, at: usize) {
        let tape = self.legs.get_mut(at).and_then(|leg| leg.tape.as_mut());
        let Some(tape) = tape.filter(|t| !t.done && t.until <= now) else { return };
        tape.done = true;
        let key = tape.key;
        self.finish_tape(key, RecordEnd::Limit);
    }

    /// A packet of a leg that is recorded.
    pub(crate) fn tape(
        &mut self,
        now: Mono,
        at: usize,
        buffer: &[u8; DATAGRAM_MAX],
        taken: &Taken,
    ) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        // Digits are no part of a message: a hole is silence.
        if taken.rule != Rule::Pass || leg.dials(now) {
            return;
        }
        let Some(law) = leg.codecs.law(taken.header.pt) else { return };
        let Some(tape) = leg.tape.as_mut().filter(|t| !t.done) else { return };
        let payload = buffer.get(taken.payload_at..taken.payload_end).unwrap_or_default();
        let mut timestamp = taken.header.timestamp;
        for part in payload.chunks(FRAME_SAMPLES) {
            let mut octets = [0; FRAME_SAMPLES];
            octets.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            let header = Header { timestamp, ..taken.header };
            let frame = Frame { at: now, header, law, octets, len: part.len() };
            if !self.shared.recorder.frame(tape.key, frame) {
                tape.lost = tape.lost.saturating_add(1);
            }
            timestamp = timestamp.wrapping_add(part.len() as u32);
        }
    }
}

impl Leg {
    /// Whether the leg is being recorded.
    pub(crate) fn is_taped(&self) -> bool {
        self.tape.as_ref().is_some_and(|t| !t.done)
    }

    /// Whether a digit is being pressed on this leg, by event or by tone.
    fn dials(&self, now: Mono) -> bool {
        self.digits.covers(now) || self.tones.as_ref().is_some_and(|t| t.covers())
    }
}
