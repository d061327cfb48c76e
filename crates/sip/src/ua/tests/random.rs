//! Phones that do anything at any time, over a network that loses and reorders.

use base::{Cause, LegId, Rng};
use bytes::Bytes;

use super::world::World;
use crate::leg::{LegCommand, LegEvent};
use crate::stack::Transport;
use crate::ua::{Command, Event};

const PHONES: [Transport; 4] = [Transport::Udp, Transport::Udp, Transport::Tcp, Transport::Tls];

/// Legs of a phone that are not over.
fn alive(world: &World, n: usize) -> Vec<LegId> {
    let mut legs = Vec::new();
    for event in &world.phones[n].events {
        match event {
            Event::Incoming { leg, .. } => legs.push(*leg),
            Event::Leg { leg, event: LegEvent::Gone } => legs.retain(|l| l != leg),
            _ => {}
        }
    }
    legs
}

struct Chaos {
    world: World,
    rng: Rng,
    calls: [Vec<LegId>; 4],
}

impl Chaos {
    fn new(seed: u8) -> Self {
        let mut world = World::new(&PHONES);
        world.register_all();
        world.loss = u64::from(seed % 3) * 8;
        Chaos { world, rng: Rng::from_seed([seed; 32]), calls: Default::default() }
    }

    fn any_leg(&mut self, n: usize) -> LegId {
        let mut legs = alive(&self.world, n);
        legs.extend(&self.calls[n]);
        let at = self.rng.below(legs.len() as u64) as usize;
        legs.get(at).copied().unwrap_or(LegId(5))
    }

    fn sdp(&mut self) -> Option<Bytes> {
        let text = format!("sdp {}", self.rng.below(1_000));
        self.rng.chance(3, 4).then(|| Bytes::from(text))
    }

    fn act(&mut self) {
        let n = self.rng.below(4) as usize;
        let to = (2001 + self.rng.below(5)).to_string();
        let (leg, other) = (self.any_leg(n), self.any_leg(n));
        let sdp = self.sdp();
        let cause = if self.rng.chance(1, 2) { Cause::UserBusy } else { Cause::NormalClearing };
        let command = match self.rng.below(15) {
            0..3 => {
                let leg = self.world.phones[n].endpoint.new_leg();
                self.calls[n].push(leg);
                let reliable = self.rng.chance(1, 2);
                Command::Call { leg, to, sdp, reliable }
            }
            3 => Command::Transfer { leg, to },
            4 => Command::TransferTo { leg, other },
            5 => Command::Digit { leg, digit: b'5', duration_ms: 100 },
            6 => Command::Leg { leg, command: LegCommand::Progress { status: 183, sdp } },
            7 => Command::Leg { leg, command: LegCommand::Progress { status: 180, sdp: None } },
            8 | 9 => Command::Leg { leg, command: LegCommand::Answer { sdp } },
            10 => Command::Leg { leg, command: LegCommand::Offer { sdp, identity: None } },
            11 => {
                let sdp = sdp.unwrap_or_default();
                Command::Leg { leg, command: LegCommand::AnswerOffer { sdp } }
            }
            12 => Command::Leg { leg, command: LegCommand::RefuseOffer { status: 488 } },
            13 => {
                let command = LegCommand::Refuse { cause, retry_after_s: None };
                Command::Leg { leg, command }
            }
            _ => Command::Leg { leg, command: LegCommand::End { cause, elsewhere: false } },
        };
        self.world.command(n, command);
        let pause = [0, 3, 20, 300, 2_000][self.rng.below(5) as usize];
        self.world.run(pause);
    }

    /// Answers, offers received, and steps of transfers that phones noticed.
    fn counts(&self) -> [usize; 3] {
        let events = || self.world.phones.iter().flat_map(|p| &p.events);
        let count = |test: fn(&&Event) -> bool| events().filter(test).count();
        [
            count(|e| matches!(e, Event::Leg { event: LegEvent::Answered { .. }, .. })),
            count(|e| matches!(e, Event::Leg { event: LegEvent::OfferReceived { .. }, .. })),
            count(|e| matches!(e, Event::Transfer { done: true, .. })),
        ]
    }

    /// Everybody hangs up; then nothing may be left.
    fn finish(&mut self, seed: u8) {
        self.world.loss = 0;
        for _ in 0..3 {
            for n in 0..4 {
                let mut legs = alive(&self.world, n);
                legs.extend(&self.calls[n]);
                for leg in legs {
                    let cause = Cause::NormalClearing;
                    let command = LegCommand::End { cause, elsewhere: false };
                    self.world.leg(n, leg, command);
                }
            }
            self.world.run(100_000);
        }
        self.world.run(700_000);
        for phone in &self.world.phones {
            assert!(phone.endpoint.legs.is_empty(), "a leg is left at a phone, seed {seed}");
        }
        for n in 0..4 {
            self.world.command(n, Command::Unregister);
        }
        self.world.run(60_000);
        assert!(self.world.is_drained(), "seed {seed}");
    }
}

#[test]
fn whatever_phones_do_every_call_ends_when_they_hang_up() {
    let mut total = [0; 3];
    for seed in 0..24 {
        let mut chaos = Chaos::new(seed);
        for _ in 0..120 {
            chaos.act();
        }
        chaos.finish(seed);
        for (sum, n) in total.iter_mut().zip(chaos.counts()) {
            *sum += n;
        }
    }
    assert!(total.iter().all(|n| *n > 20), "too little happened: {total:?}");
}
