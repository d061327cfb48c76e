//! What we say ourselves: players and digits, 20 ms at a time.

use base::{LegId, Mono};
use mediactl::{Digit, Event, PlayerId, Repeat};
use rtp::dtmf_event::{EventSender, Pulse};
use rtp::{FRAME_SAMPLES, FRAME_US, HEADER_BYTES, Header, dtmf_tone};

use crate::leg::Leg;
use crate::library::Library;
use crate::thread::{DATAGRAM_MAX, Worker};

/// One frame with its header.
const FRAME_BYTES: usize = HEADER_BYTES + FRAME_SAMPLES;

impl Worker {
    /// Serves every leg that something is played or dialled to.
    pub(crate) fn tick(&mut self, now: Mono, buffer: &mut [u8; DATAGRAM_MAX]) {
        let mut done = false;
        for n in 0..self.ticking.len() {
            let Some(at) = self.ticking.get(n).copied() else { break };
            let Some(leg) = self.legs.get_mut(at) else { continue };
            if let Some(serial) = leg.tick(now, &self.shared.library, buffer) {
                let leg = leg.want.leg;
                self.tell(Event::PlayEnded { leg, serial });
            }
            done |= self.legs.get(at).is_some_and(|leg| !leg.needs_tick());
        }
        if done {
            let legs = &mut self.legs;
            self.ticking.retain(|at| {
                legs.get_mut(*at).is_some_and(|leg| {
                    leg.ticking = leg.needs_tick();
                    leg.ticking
                })
            });
        }
    }

    pub(crate) fn send_digit(&mut self, leg: LegId, digit: Digit, duration_ms: u16) {
        let Some(at) = self.by_id.get(&leg).copied() else { return };
        let Some(found) = self.legs.get_mut(at) else { return };
        let sender = found.sender.get_or_insert_with(|| Box::new(EventSender::new()));
        if !sender.push(digit.event(), duration_ms) {
            tracing::warn!(?leg, "too many digits wait to be sent");
        }
        self.set_ticking(at);
    }
}

impl Leg {
    /// Twenty milliseconds of the leg's sound; the serial of a playing that has ended.
    fn tick(
        &mut self,
        now: Mono,
        library: &Library,
        buffer: &mut [u8; DATAGRAM_MAX],
    ) -> Option<u32> {
        if let Some(sender) = &mut self.sender {
            let pulse = sender.tick();
            let idle = sender.is_idle();
            match pulse {
                Some(pulse) => self.pulse(now, &pulse, buffer),
                None if idle => self.sender = None,
                None => {}
            }
            return None;
        }
        let player = self.player.as_mut().filter(|p| !p.ended)?;
        if player.clip.is_none() {
            player.clip = library.clip(player.play.what);
        }
        let serial = player.play.serial;
        let Some((law, pt)) = self.codecs.play else {
            // Nothing that we could play in: over before it began.
            player.ended = true;
            return Some(serial);
        };
        let Some(clip) = &player.clip else { return None };
        if player.play.repeat == Repeat::Once && player.frame >= clip.frames() {
            player.ended = true;
            return Some(serial);
        }
        let n = match player.play.what {
            // One running position for all who hold.
            PlayerId::HoldMusic if player.play.repeat == Repeat::Forever => {
                clip.wrap((now.0 / FRAME_US % (1 << 30)) as u32)
            }
            PlayerId::HoldMusic | PlayerId::Prompt { .. } | PlayerId::Tone(_) => {
                clip.wrap(player.frame)
            }
        };
        player.frame = player.frame.saturating_add(1);
        let frame = clip.frame(law, n)?;
        if self.want.direction.sends() {
            buffer[HEADER_BYTES..FRAME_BYTES].copy_from_slice(frame);
            self.own_frame(now, pt, buffer);
        }
        None
    }

    /// One packet, or one frame of tone, of a digit.
    fn pulse(&mut self, now: Mono, pulse: &Pulse, buffer: &mut [u8; DATAGRAM_MAX]) {
        if !self.want.direction.sends() {
            return;
        }
        if let Some(pt) = self.codecs.events {
            let header = if pulse.first {
                Header { marker: true, ..self.tx.own(now, FRAME_SAMPLES as u32) }
            } else {
                self.tx.own_same_time()
            };
            let len = HEADER_BYTES + 4;
            buffer[..HEADER_BYTES].copy_from_slice(&Header { pt, ..header }.bytes());
            buffer[HEADER_BYTES..len].copy_from_slice(&pulse.payload.bytes());
            return self.send_rtp(buffer, len);
        }
        let Some((law, pt)) = self.codecs.play else { return };
        let mut samples = [0; FRAME_SAMPLES];
        if !pulse.payload.end {
            dtmf_tone::fill(pulse.payload.event, dtmf_tone::offset_of(pulse), &mut samples);
        }
        let octets = buffer[HEADER_BYTES..FRAME_BYTES].iter_mut();
        octets.zip(samples).for_each(|(octet, sample)| *octet = law.encode(sample));
        self.own_frame(now, pt, buffer);
    }

    /// Sends the frame whose payload is in place.
    fn own_frame(&mut self, now: Mono, pt: u8, buffer: &mut [u8; DATAGRAM_MAX]) {
        let header = Header { pt, ..self.tx.own(now, FRAME_SAMPLES as u32) };
        buffer[..HEADER_BYTES].copy_from_slice(&header.bytes());
        self.send_rtp(buffer, FRAME_BYTES);
    }
}
