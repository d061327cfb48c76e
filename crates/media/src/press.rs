//! Digits that a leg presses: their beginnings and ends, from packets, from tones, and when
//! nothing more comes.

use base::{Micros, Mono};
use mediactl::{Digit, DigitPhase, DigitSource, Event};
use rtp::dtmf_event::{Notice, Pressed};
use rtp::dtmf_tone::Edge;

use crate::leg::Leg;
use crate::thread::Worker;

/// Beginning or end of a digit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Press {
    digit: u8,
    source: DigitSource,
    phase: DigitPhase,
}

/// Rate of the samples that tones are looked for in.
const TONE_CLOCK: u32 = 8_000;

/// After so long without a packet a tone has ended.
const TONE_LOST: Micros = Micros::millis(100);

impl Worker {
    /// Tells what a leg has pressed.
    pub(crate) fn tell_presses(&mut self, at: usize) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        if leg.presses.is_empty() {
            return;
        }
        let (id, mut presses) = (leg.want.leg, std::mem::take(&mut leg.presses));
        for press in presses.drain(..) {
            let Press { source, phase, .. } = press;
            if let Some(digit) = Digit::from_event(press.digit) {
                self.tell(Event::Digit { leg: id, digit, source, phase });
            }
        }
        if let Some(leg) = self.legs.get_mut(at) {
            leg.presses = presses;
        }
        // A digit whose end may get lost needs a clock.
        self.set_ticking(at);
    }
}

impl Leg {
    /// What an event packet has told.
    pub(crate) fn note_event(&mut self, notice: &Notice) {
        let clock = self.codecs.events_clock;
        if let Some(pressed) = notice.unended {
            self.end(pressed, DigitSource::Event, clock);
        }
        if let rtp::dtmf_event::Heed::Begin(digit) = notice.heed {
            self.begin(digit, DigitSource::Event);
        }
        if let Some(pressed) = notice.ended {
            self.end(pressed, DigitSource::Event, clock);
        }
    }

    /// What was heard in the audio.
    pub(crate) fn note_tone(presses: &mut Vec<Press>, edge: Edge) {
        let source = DigitSource::InBand;
        presses.push(match edge {
            Edge::Begin(digit) => Press { digit, source, phase: DigitPhase::Begin },
            Edge::End(pressed) => ended(pressed, source, TONE_CLOCK),
        });
    }

    /// Whether a digit is on whose end must be told.
    pub(crate) fn is_pressed(&self) -> bool {
        self.digits.is_pressed() || self.tones.as_ref().is_some_and(|t| t.is_pressed())
    }

    /// Ends digits of which nothing more was heard.
    pub(crate) fn lapse(&mut self, now: Mono) {
        if let Some(pressed) = self.digits.lapse(now) {
            self.end(pressed, DigitSource::Event, self.codecs.events_clock);
        }
        if now.since(self.latch.last()) >= TONE_LOST {
            self.tones_lapse();
        }
    }

    /// Ends the digit of a tone that is not listened to any more.
    pub(crate) fn tones_lapse(&mut self) {
        if let Some(pressed) = self.tones.as_mut().and_then(|t| t.lapse()) {
            self.end(pressed, DigitSource::InBand, TONE_CLOCK);
        }
    }

    fn begin(&mut self, digit: u8, source: DigitSource) {
        self.presses.push(Press { digit, source, phase: DigitPhase::Begin });
    }

    fn end(&mut self, pressed: Pressed, source: DigitSource, clock: u32) {
        self.presses.push(ended(pressed, source, clock));
    }
}

fn ended(pressed: Pressed, source: DigitSource, clock: u32) -> Press {
    let ms = u64::from(pressed.duration) * 1_000 / u64::from(clock.max(1));
    let ms = u16::try_from(ms).unwrap_or(u16::MAX);
    Press { digit: pressed.event, source, phase: DigitPhase::End { ms } }
}
