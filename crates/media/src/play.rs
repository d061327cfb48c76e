//! What we say ourselves: players and digits, 20 ms at a time.

use std::sync::Arc;

use base::{LegId, Mono};
use mediactl::{Digit, Event, FileId, Instead, Play, PlayerId, Repeat};
use rtp::dtmf_event::{EventSender, Pulse};
use rtp::g711::Law;
use rtp::{FRAME_SAMPLES, FRAME_US, HEADER_BYTES, Header, dtmf_tone};

use crate::clip::{Clip, Frame};
use crate::leg::Leg;
use crate::library::{Found, Library, Slot};
use crate::thread::{DATAGRAM_MAX, Worker};

/// One frame with its header.
const FRAME_BYTES: usize = HEADER_BYTES + FRAME_SAMPLES;

/// Something that is being played.
pub(crate) struct Player {
    pub(crate) play: Play,
    pub(crate) ended: bool,
    /// What sounds now: itself, or a piece of it.
    what: PlayerId,
    /// Which piece, of words.
    piece: usize,
    /// `None` while the sound is being made or read.
    clip: Option<Arc<Clip>>,
    /// A file that was asked for.
    slot: Option<Slot>,
    /// What is heard in place of built-in sounds; kept to the end, whatever becomes of the files.
    own: Box<[Own]>,
    frame: u32,
}

/// What a player has for a tick.
enum Next {
    Frame(Frame),
    /// The sound is not there yet.
    Soon,
    Ended,
}

/// What a tick did for a leg.
enum Ticked {
    Quiet,
    /// This was played, in this law.
    Played(Law, Frame),
    /// The playing of this serial is over.
    Ended(u32),
}

/// An own sound, and whether it has been asked for.
struct Own {
    instead: Instead,
    slot: Option<Slot>,
}

impl Player {
    pub(crate) fn new(play: Play, instead: &[Instead]) -> Self {
        let what = play.what;
        let own = instead.iter().map(|instead| Own { instead: *instead, slot: None }).collect();
        Self { play, ended: false, what, piece: 0, clip: None, slot: None, own, frame: 0 }
    }

    fn next(&mut self, now: Mono, law: Law, library: &Library) -> Next {
        if self.clip.is_none() {
            match self.fetch(library) {
                Found::Ready(clip) => self.clip = Some(clip),
                Found::Soon => return Next::Soon,
                Found::Missing => return Next::Ended,
            }
        }
        let Some(clip) = &self.clip else { return Next::Soon };
        let over = self.frame >= clip.frames();
        match self.play.what {
            PlayerId::Words(_) if over => return self.turn(now, law, library),
            _ if over && self.play.repeat == Repeat::Once => return Next::Ended,
            _ => {}
        }
        let n = match self.play.what {
            // One running position for all who hold.
            PlayerId::HoldMusic | PlayerId::Music(_) if self.play.repeat == Repeat::Forever => {
                clip.wrap((now.0 / FRAME_US % (1 << 30)) as u32)
            }
            _ => clip.wrap(self.frame),
        };
        self.frame = self.frame.saturating_add(1);
        clip.frame(law, n).map_or(Next::Ended, Next::Frame)
    }

    /// The next piece, from its first frame on: no gap.
    fn turn(&mut self, now: Mono, law: Law, library: &Library) -> Next {
        let PlayerId::Words(words) = self.play.what else { return Next::Ended };
        self.piece += 1;
        if self.piece >= words.len() {
            if self.play.repeat == Repeat::Once {
                return Next::Ended;
            }
            self.piece = 0;
        }
        (self.clip, self.frame) = (None, 0);
        // A clip has a frame at least: this is no endless way.
        self.next(now, law, library)
    }

    fn fetch(&mut self, library: &Library) -> Found {
        if let PlayerId::Words(words) = self.play.what {
            // Before the first word all must be there, so that none keeps the next waiting.
            if self.piece == 0 {
                let pieces = (0..words.len()).filter_map(|at| words.piece(at));
                let ready = pieces.filter(|piece| self.is_ready(*piece, library)).count();
                if ready < words.len() {
                    return Found::Soon;
                }
            }
            let Some(piece) = words.piece(self.piece) else { return Found::Missing };
            self.what = piece;
        }
        match self.own_clip(self.what, library) {
            Found::Missing => {}
            found => return found,
        }
        match (library.clip(self.what, &mut self.slot), self.what) {
            (Found::Missing, PlayerId::Music(_)) => {
                self.what = PlayerId::HoldMusic;
                library.clip(self.what, &mut self.slot)
            }
            (found, _) => found,
        }
    }

    fn is_ready(&mut self, piece: PlayerId, library: &Library) -> bool {
        match self.own_clip(piece, library) {
            Found::Ready(_) => true,
            Found::Soon => false,
            Found::Missing => library.is_ready(piece),
        }
    }

    /// What is to be heard instead of a built-in sound.
    fn own_clip(&mut self, what: PlayerId, library: &Library) -> Found {
        match self.own.iter_mut().find(|own| own.instead.of == what) {
            Some(own) => {
                let file = PlayerId::File(FileId::Sound(own.instead.sound));
                library.clip(file, &mut own.slot)
            }
            None => Found::Missing,
        }
    }
}

impl Worker {
    /// Serves every leg that something is played or dialled to, or that is recorded.
    pub(crate) fn tick(&mut self, now: Mono, buffer: &mut [u8; DATAGRAM_MAX]) {
        let mut done = false;
        for n in 0..self.ticking.len() {
            let Some(at) = self.ticking.get(n).copied() else { break };
            let Some(leg) = self.legs.get_mut(at) else { continue };
            let id = leg.want.leg;
            match leg.tick(now, &self.shared.library, buffer) {
                Ticked::Quiet => {}
                Ticked::Played(law, frame) if self.is_heard(id) => {
                    self.share(now, id, (law, frame), buffer);
                }
                Ticked::Played(..) => {}
                Ticked::Ended(serial) => self.tell(Event::PlayEnded { leg: id, serial }),
            }
            self.limit_tape(now, at);
            if let Some(leg) = self.legs.get_mut(at).filter(|leg| leg.is_pressed()) {
                leg.lapse(now);
                self.tell_presses(at);
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
    /// Twenty milliseconds of the leg's sound.
    fn tick(&mut self, now: Mono, library: &Library, buffer: &mut [u8; DATAGRAM_MAX]) -> Ticked {
        if let Some(sender) = &mut self.sender {
            let pulse = sender.tick();
            let idle = sender.is_idle();
            match pulse {
                Some(pulse) => self.pulse(now, &pulse, buffer),
                None if idle => self.sender = None,
                None => {}
            }
            return Ticked::Quiet;
        }
        if self.is_taped() {
            // Somebody who is recorded hears silence, and routers stay awake.
            if let Some((law, pt)) = self.codecs.play {
                buffer[HEADER_BYTES..FRAME_BYTES].fill(law.silence());
                self.own_frame(now, pt, buffer);
            }
            return Ticked::Quiet;
        }
        let Some(player) = self.player.as_mut().filter(|p| !p.ended) else { return Ticked::Quiet };
        let serial = player.play.serial;
        let Some((law, pt)) = self.codecs.play else {
            // Nothing that we could play in: over before it began.
            player.ended = true;
            return Ticked::Ended(serial);
        };
        match player.next(now, law, library) {
            Next::Soon => Ticked::Quiet,
            Next::Ended => {
                player.ended = true;
                Ticked::Ended(serial)
            }
            Next::Frame(frame) => {
                buffer[HEADER_BYTES..FRAME_BYTES].copy_from_slice(&frame);
                self.own_frame(now, pt, buffer);
                Ticked::Played(law, frame)
            }
        }
    }

    /// A frame in the law that the leg plays in.
    pub(crate) fn play_frame(&mut self, now: Mono, frame: &Frame, buffer: &mut [u8; DATAGRAM_MAX]) {
        let Some((_, pt)) = self.codecs.play else { return };
        buffer[HEADER_BYTES..FRAME_BYTES].copy_from_slice(frame);
        self.own_frame(now, pt, buffer);
    }

    /// One packet, or one frame of tone, of a digit.
    fn pulse(&mut self, now: Mono, pulse: &Pulse, buffer: &mut [u8; DATAGRAM_MAX]) {
        if !self.way.sends {
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

    /// Sends the frame whose payload is in place, if the peer listens.
    fn own_frame(&mut self, now: Mono, pt: u8, buffer: &mut [u8; DATAGRAM_MAX]) {
        if !self.way.sends {
            return;
        }
        let header = Header { pt, ..self.tx.own(now, FRAME_SAMPLES as u32) };
        buffer[..HEADER_BYTES].copy_from_slice(&header.bytes());
        self.send_rtp(buffer, FRAME_BYTES);
    }
}
