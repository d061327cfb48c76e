//! The tone sequence of the first call, and the ear that recognises it.
//!
//! | Heard in a 20 ms block | Ear |
//! |---|---|
//! | one tone of the sequence with most of the energy, the fifth block in a row | notes it once |
//! | the tone just noted | nothing |
//! | anything else, two blocks in a row | is ready to note the same tone again |

use std::f32::consts::TAU;

use rtp::FRAME_SAMPLES;
use rtp::g711::Law;

/// Frequencies in Hz, far enough apart for 20 ms blocks and none a multiple of another: no
/// dial, ring-back or busy tone of the exchange is among them.
pub(super) const SEQUENCE: [u16; 6] = [440, 620, 1_100, 540, 1_340, 820];

/// Blocks of one tone: 300 ms.
const ON: usize = 15;
/// Blocks of silence behind it: 100 ms.
const OFF: usize = 5;

/// Blocks of the whole sequence.
pub(super) const BLOCKS: usize = SEQUENCE.len() * (ON + OFF);

/// Amplitude of a tone: about −10 dBm0.
const AMPLITUDE: f32 = 7_200.0;

/// Mean square below which nothing is looked for: about −36 dBm0.
const GATE: f32 = 60_000.0;

/// Share of a block's energy that the tone must have.
const PURITY: f32 = 0.8;

/// Blocks in a row that make a tone: 100 ms.
const SURE: u8 = 5;

/// Tones noted of one call; a longer list is a fault of the sender.
const NOTES_MAX: usize = 32;

/// Block `n` of the sequence; silence behind its end.
pub(super) fn block(n: usize) -> [i16; FRAME_SAMPLES] {
    let mut out = [0; FRAME_SAMPLES];
    let (tone, at) = (n / (ON + OFF), n % (ON + OFF));
    let Some(hz) = SEQUENCE.get(tone).filter(|_| at < ON) else { return out };
    for (k, sample) in out.iter_mut().enumerate() {
        let t = (at * FRAME_SAMPLES + k) as f32 / 8_000.0;
        *sample = (AMPLITUDE * (TAU * f32::from(*hz) * t).sin()) as i16;
    }
    out
}

/// Listens to one direction of a call.
#[derive(Debug)]
pub(super) struct Ear {
    block: [i16; FRAME_SAMPLES],
    len: usize,
    candidate: Option<u16>,
    blocks: u8,
    noted: Option<u16>,
    misses: u8,
    heard: Vec<u16>,
}

impl Default for Ear {
    fn default() -> Self {
        Ear {
            block: [0; FRAME_SAMPLES],
            len: 0,
            candidate: None,
            blocks: 0,
            noted: None,
            misses: 0,
            heard: Vec::new(),
        }
    }
}

impl Ear {
    /// Takes the payload of one packet.
    pub(super) fn payload(&mut self, law: Law, payload: &[u8]) {
        for octet in payload {
            if let Some(slot) = self.block.get_mut(self.len) {
                *slot = law.decode(*octet);
            }
            self.len += 1;
            if self.len >= FRAME_SAMPLES {
                self.len = 0;
                let tone = classify(&self.block);
                self.judge(tone);
            }
        }
    }

    /// Frequencies noted so far, in order.
    pub(super) fn heard(&self) -> &[u16] {
        &self.heard
    }

    fn judge(&mut self, tone: Option<u16>) {
        if tone != self.candidate {
            self.candidate = tone;
            self.blocks = 0;
        }
        self.blocks = self.blocks.saturating_add(1);
        if tone.is_some() && tone == self.noted {
            self.misses = 0;
            return;
        }
        self.misses = self.misses.saturating_add(1);
        if self.misses >= 2 {
            self.noted = None;
        }
        if let Some(hz) = tone
            && self.blocks == SURE
            && self.heard.len() < NOTES_MAX
        {
            self.heard.push(hz);
            self.noted = Some(hz);
            self.misses = 0;
        }
    }
}

/// The tone of the sequence that fills the block.
fn classify(samples: &[i16; FRAME_SAMPLES]) -> Option<u16> {
    let energy: f32 = samples.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    if energy < GATE * FRAME_SAMPLES as f32 {
        return None;
    }
    // A sine of amplitude a has |X|² = (a·N/2)² and energy a²·N/2.
    let share = |hz: u16| goertzel(samples, hz) * 2.0 / FRAME_SAMPLES as f32 / energy;
    SEQUENCE.into_iter().find(|hz| share(*hz) > PURITY)
}

fn goertzel(samples: &[i16; FRAME_SAMPLES], hz: u16) -> f32 {
    let coefficient = 2.0 * (TAU * f32::from(hz) / 8_000.0).cos();
    let (mut s1, mut s2) = (0.0f32, 0.0f32);
    for sample in samples {
        let s0 = f32::from(*sample) + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    s1 * s1 + s2 * s2 - coefficient * s1 * s2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(law: Law) -> Vec<u8> {
        (0..BLOCKS + 5).flat_map(|n| block(n).map(|s| law.encode(s))).collect()
    }

    fn heard(law: Law, octets: &[u8], packet: usize) -> Vec<u16> {
        let mut ear = Ear::default();
        octets.chunks(packet).for_each(|payload| ear.payload(law, payload));
        ear.heard().to_vec()
    }

    #[test]
    fn the_sequence_is_recognised_in_both_laws_and_any_packet_length() {
        for law in [Law::Mu, Law::A] {
            let octets = encoded(law);
            for packet in [80, 160, 240, 480] {
                assert_eq!(heard(law, &octets, packet), SEQUENCE, "{law:?} {packet}");
            }
        }
    }

    #[test]
    fn the_start_may_lie_anywhere_in_a_block() {
        let mut octets = vec![Law::Mu.silence(); 77];
        octets.extend(encoded(Law::Mu));
        assert_eq!(heard(Law::Mu, &octets, 160), SEQUENCE);
    }

    #[test]
    fn a_lost_tone_and_another_order_are_noticed() {
        let mut octets = encoded(Law::Mu);
        let tone = (ON + OFF) * FRAME_SAMPLES;
        octets.drain(tone..2 * tone);
        let mut wanted = SEQUENCE.to_vec();
        wanted.remove(1);
        assert_eq!(heard(Law::Mu, &octets, 160), wanted);
        octets.rotate_left(tone);
        assert_ne!(heard(Law::Mu, &octets, 160), wanted);
    }

    #[test]
    fn silence_music_noise_and_the_tones_of_the_exchange_are_no_sequence() {
        let mut rng = base::Rng::from_seed([5; 32]);
        let mut noise = vec![0; 16_000];
        rng.fill(&mut noise);
        assert!(heard(Law::Mu, &noise, 160).is_empty());
        assert!(heard(Law::A, &vec![Law::A.silence(); 16_000], 160).is_empty());
        let pieces = [rtp::tone::RINGBACK.cycle, rtp::tone::BUSY.cycle, rtp::tone::REFUSAL.cycle];
        let tones: Vec<u8> = pieces
            .into_iter()
            .flat_map(rtp::tone::render)
            .map(|sample| Law::Mu.encode(sample))
            .collect();
        assert!(heard(Law::Mu, &tones, 160).is_empty());
        let music: Vec<u8> = rtp::music::render().into_iter().map(|s| Law::Mu.encode(s)).collect();
        assert_ne!(heard(Law::Mu, &music, 160), SEQUENCE);
    }
}
