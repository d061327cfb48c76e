//! Random phones: whatever comes in whatever order, the contract of a leg is kept, every attempt
//! is recorded, and nothing is left over.

use base::{LegId, Micros, Rng};
use bytes::Bytes;
use mediactl::{DigitPhase, DigitSource, Joined};
use model::record::Service;
use model::{Change, HoldAgain};

use super::world::{Far, World, device, door_phone, pickup, site_with, stopped, with_codes};
use crate::consult::Stage;
use crate::input::{Input, LegEvent, Refer, Refused};
use crate::media::can_play;
use crate::media::path::Way;
use crate::view::Contact;

const DIRECTIONS: [&str; 5] = ["sendrecv", "sendrecv", "sendonly", "inactive", "recvonly"];

/// What is pressed in calls.
const KEYS: [&str; 12] =
    ["5", "#7", "#7", "#7", "#72003#1", "#72004#1", "2005#1", "2006", "#5", "#9", "#79999#1", "A"];

struct Chance {
    w: World,
    rng: Rng,
    offered: usize,
    holds: usize,
    crossings: usize,
    codes: bool,
    /// Steps at which a target talked while another party was held.
    consulted: usize,
}

impl Chance {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = Rng::from_seed(bytes);
        let mut w = World::new();
        w.prompt = rng.chance(1, 2);
        w.media_prompt = rng.chance(1, 2);
        w.facts.relay = rng.chance(1, 3);
        w.facts.announcements = rng.chance(1, 2);
        let codes = rng.chance(1, 3);
        if codes {
            w.facts.changes.extend(with_codes());
            if rng.chance(1, 2) {
                w.facts.changes.push(site_with(|s| s.hold_again = HoldAgain::Drop));
            }
            w.facts.changes.extend([door_phone(2003), pickup(1, &[2001, 2002, 2003, 2004])]);
            w.configure(&w.facts.changes.clone());
        }
        for contacts in w.facts.contacts.values_mut() {
            for Contact { path, .. } in contacts {
                path.behind_nat = rng.chance(1, 8);
                path.secure = rng.chance(1, 8);
            }
        }
        Chance { w, rng, offered: 0, holds: 0, crossings: 0, codes, consulted: 0 }
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.rng.below(all.len() as u64) as usize)
    }

    fn number(&mut self) -> String {
        let parked = self.w.control.calls.iter().any(|(_, call)| call.parked.is_some());
        if parked && self.rng.chance(1, 2) {
            return "*57".to_owned();
        }
        if self.codes && self.rng.chance(1, 5) {
            return ["7801", "7802", "*57", "#5", "*55"][self.rng.below(5) as usize].to_owned();
        }
        (2001 + self.rng.below(9)).to_string()
    }

    /// A description, now and then one that cannot be used or is protected.
    fn sdp(&mut self, n: u16) -> Bytes {
        let direction = DIRECTIONS[self.rng.below(5) as usize];
        let plain = self.w.sdp(n, direction);
        match self.rng.below(40) {
            0 => Bytes::from_static(b"nonsense"),
            1..=4 => secure(&plain),
            5 => Bytes::from(String::from_utf8_lossy(&plain).replace("PCMU", "QCELP")),
            _ => plain,
        }
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..=11 => self.dial(),
            12..=15 => {
                let span = [1, 100, 2_000, 5_000, 61_000][self.rng.below(5) as usize];
                self.w.wait(Micros::millis(span));
            }
            16..=27 => self.media(),
            28..=29 => self.configure(),
            30 if self.rng.chance(1, 4) => self.clear(),
            _ => self.act(),
        }
        let talks = |c: &crate::consult::Consult| matches!(c.stage, Stage::Talking { .. });
        let consults = self.w.control.calls.iter().filter_map(|(_, call)| call.consult.as_ref());
        self.consulted += consults.filter(|c| talks(c)).count();
    }

    fn dial(&mut self) {
        let n = 2001 + self.rng.below(8) as u16;
        let sdp = self.rng.chance(5, 6).then(|| self.sdp(n));
        let dialed = self.number();
        let reliable = self.rng.chance(1, 2);
        let replaces = self.rng.chance(1, 6).then(|| self.any()).flatten();
        self.offered += 1;
        self.w.dial_as(n, sdp, |o| {
            o.dialed = dialed;
            o.reliable = reliable;
            o.replaces = replaces;
        });
    }

    fn any(&mut self) -> Option<LegId> {
        let ids: Vec<LegId> = self.w.far.keys().copied().collect();
        self.pick(&ids).copied()
    }

    fn media(&mut self) {
        let waiting: Vec<LegId> = self.w.unopened.iter().copied().collect();
        let all: Vec<LegId> = self.w.wants.keys().copied().collect();
        if let Some(leg) = self.pick(&waiting).copied() {
            if self.rng.chance(9, 10) {
                return self.w.open(leg);
            }
            return self.w.fail_media(leg);
        }
        let Some(leg) = self.pick(&all).copied() else { return };
        let event = match self.rng.below(12) {
            0 => return self.w.fail_media(leg),
            1..=3 => mediactl::Event::Silent { leg },
            4..=5 => {
                let key = b"#7512003"[self.rng.below(8) as usize];
                let digit = mediactl::Digit::from_char(char::from(key)).expect("a digit");
                let (source, phase) = (DigitSource::Event, DigitPhase::Begin);
                mediactl::Event::Digit { leg, digit, source, phase }
            }
            _ => {
                let serial = self.rng.below(4) as u32;
                mediactl::Event::PlayEnded { leg, serial }
            }
        };
        self.w.input(Input::Media { event });
    }

    fn configure(&mut self) {
        let n = 2001 + self.rng.below(8) as u16;
        let change = match self.rng.below(3) {
            0 => stopped(n),
            1 => {
                let mut away = device(n, 1);
                away.user = None;
                Change::DevicePut(away)
            }
            _ => return self.w.configure(&self.w.facts.changes.clone()),
        };
        self.w.configure(&[change]);
    }

    fn clear(&mut self) {
        let Some(call) = self.w.control.calls().next().map(|c| c.call) else { return };
        let all = self.rng.chance(1, 8);
        self.w.input(if all { Input::ClearAll } else { Input::Clear { call } });
    }

    /// Something that one far end may do, legal in most cases.
    fn act(&mut self) {
        let Some(id) = self.any() else { return self.dial() };
        let far = self.w.far[&id].clone();
        if far.ended {
            return self.late(id, &far);
        }
        let roll = self.rng.below(100);
        match (far.inbound, far.answered) {
            (_, _) if roll < 6 => self.hang_up(id),
            (false, false) => self.ring(id, &far),
            (true, false) if roll < 20 && far.negotiated => self.exchange(id, &far),
            (true, false) => self.answer_only(id, &far),
            (_, true) if roll < 16 => self.refer(id),
            (_, true) if roll < if self.codes { 45 } else { 20 } => {
                let keys = KEYS[self.rng.below(KEYS.len() as u64) as usize];
                for digit in keys.bytes() {
                    if self.w.far.get(&id).is_some_and(|f| !f.ended) {
                        let duration = Micros(0);
                        self.w.event(id, LegEvent::Digit { digit, duration });
                    }
                }
            }
            (_, true) => self.exchange(id, &far),
        }
    }

    /// What comes of a leg after its end.
    fn late(&mut self, id: LegId, far: &Far) {
        self.crossings += 1;
        let sdp = Some(self.sdp(far.user));
        match self.rng.below(4) {
            0 if !far.answered && !far.inbound => {
                self.w.input(Input::Leg { leg: id, event: LegEvent::Answered { sdp } });
            }
            1 => {
                let event =
                    LegEvent::Ended { cause: base::Cause::NormalClearing, by_far_end: true };
                self.w.input(Input::Leg { leg: id, event });
            }
            _ => {
                self.w.gone(id);
                self.w.pump();
            }
        }
    }

    fn hang_up(&mut self, id: LegId) {
        let far = &self.w.far[&id];
        let event = match (far.inbound, far.answered) {
            (false, false) => {
                LegEvent::Refused(Refused { status: 503, q850: None, unreachable: true })
            }
            (true, false) => {
                LegEvent::Ended { cause: base::Cause::CallerCancelled, by_far_end: true }
            }
            (_, true) => LegEvent::Ended { cause: base::Cause::NormalClearing, by_far_end: true },
        };
        self.w.event(id, event);
    }

    fn ring(&mut self, id: LegId, far: &Far) {
        let fresh = far.asked == Some(true) || (far.late && !far.negotiated);
        let may = fresh && far.pending.is_none();
        let sdp = self.sdp(far.user);
        match self.rng.below(10) {
            0..=2 => {
                let status = [180, 183, 181][self.rng.below(3) as usize];
                let sdp = (may && self.rng.chance(1, 2)).then_some(sdp);
                self.w.event(id, LegEvent::Progress { status, sdp });
            }
            3..=7 => {
                let given = far.negotiated || far.pending.is_some();
                let sdp = (!given || self.rng.chance(1, 3)).then_some(sdp);
                // A repeated description after a reliable one is the same; ours differs at times.
                self.w.event(id, LegEvent::Answered { sdp: sdp.filter(|_| far.pending.is_none()) });
            }
            8 => {
                let status = [486, 603, 480, 408, 404, 500][self.rng.below(6) as usize];
                let refused = Refused { status, q850: None, unreachable: false };
                self.w.event(id, LegEvent::Refused(refused));
            }
            _ if far.negotiated => self.exchange(id, far),
            _ => {}
        }
    }

    /// A far end answers what we asked.
    fn answer_only(&mut self, id: LegId, far: &Far) {
        if far.asked.is_some() {
            self.exchange(id, far);
        }
    }

    fn exchange(&mut self, id: LegId, far: &Far) {
        let sdp = self.sdp(far.user);
        let roll = self.rng.below(10);
        let event = match (far.asked, far.pending) {
            (Some(true), _) if roll == 0 => LegEvent::OfferFailed { status: 488 },
            (Some(true), _) if roll == 1 => LegEvent::AnswerReceived { sdp: None },
            (Some(true), _) if roll < 9 => LegEvent::AnswerReceived { sdp: Some(sdp) },
            (Some(false), _) if roll == 0 => LegEvent::OfferFailed { status: 500 },
            (Some(false), _) if roll == 1 => {
                // Some stacks tell the offer in an answer as an answer.
                let far = self.w.far.get_mut(&id).expect("a leg");
                (far.asked, far.pending, far.must) = (None, Some(true), true);
                let event = LegEvent::AnswerReceived { sdp: Some(sdp) };
                return self.w.input(Input::Leg { leg: id, event });
            }
            (Some(false), _) => LegEvent::OfferReceived { sdp: Some(sdp) },
            (_, None) if roll == 0 => LegEvent::OfferReceived { sdp: None },
            (_, None) => {
                self.holds += 1;
                LegEvent::OfferReceived { sdp: Some(sdp) }
            }
            (_, Some(_)) => return,
        };
        self.w.event(id, event);
    }

    fn refer(&mut self, id: LegId) {
        if self.w.far[&id].referring {
            return;
        }
        let replaces = self.rng.chance(1, 2).then(|| self.consultation(id)).flatten();
        let refer = Refer {
            target: self.number(),
            replaces,
            replaces_unknown: self.rng.chance(1, 10),
            referred_by: Bytes::new(),
        };
        self.w.event(id, LegEvent::Refer(Box::new(refer)));
    }

    /// Another leg, mostly of the same user.
    fn consultation(&mut self, id: LegId) -> Option<LegId> {
        let user = self.w.far[&id].user;
        let own: Vec<LegId> = self
            .w
            .far
            .iter()
            .filter(|(other, f)| **other != id && f.user == user)
            .map(|(other, _)| *other)
            .collect();
        match self.pick(&own).copied() {
            Some(other) => Some(other),
            None => self.any(),
        }
    }

    /// Every far end gives the answers that it owes, until nothing is under way.
    fn calm(&mut self) {
        for round in 0..2_000 {
            assert!(round < 1_999, "no end of exchanges");
            if let Some(leg) = self.w.unopened.iter().next().copied() {
                self.w.open(leg);
                continue;
            }
            let ended = self.w.far.iter().find(|(_, f)| f.ended).map(|(id, _)| *id);
            if let Some(id) = ended {
                self.w.gone(id);
                self.w.pump();
                continue;
            }
            let owes = |f: &Far| f.asked.is_some() && (f.answered || f.negotiated);
            let Some((id, far)) = self.w.far.iter().find(|(_, f)| owes(f)) else { break };
            let (id, asked, user) = (*id, far.asked, far.user);
            let sdp = Some(self.w.sdp(user, "sendrecv"));
            let event = match asked {
                Some(true) => LegEvent::AnswerReceived { sdp },
                _ => LegEvent::OfferReceived { sdp },
            };
            self.w.event(id, event);
        }
        self.check_calm();
    }

    /// Nothing is under way: whoever talks has the other's description, and hears him or music.
    fn check_calm(&self) {
        for (_, call) in self.w.control.calls.iter() {
            if call.ended || !call.is_up() {
                continue;
            }
            assert_eq!(call.exchange, crate::exchange::Exchange::Idle);
            assert!(call.linked && call.takeover.is_none(), "two that talk are connected");
            let alone = |l: &&crate::leg::Leg| l.is_answered() && call.peer_of(l.id).is_none();
            for leg in call.legs.iter().filter(alone) {
                let known = call.is_put_aside(leg.id) || call.is_leaving(leg.id);
                assert!(known, "{leg:?} of {call:?}");
            }
            let legs = [call.first, call.second].map(|l| l.and_then(|l| call.leg(l)));
            let [Some(a), Some(b)] = legs else { panic!("two legs") };
            for (leg, peer) in [(a, b), (b, a)] {
                assert!(leg.is_quiet(), "{leg:?}");
                assert_eq!(self.w.far[&leg.id].pending, None);
                let told = call.notice_for(leg.id).is_some() || call.is_put_aside(leg.id);
                if told && !leg.holding {
                    let want = leg.media.as_ref().map(|m| &self.w.wants[&m.id]);
                    let joined = want.map(|w| w.joined);
                    assert!(matches!(joined, Some(Joined::Player(_) | Joined::None)), "{leg:?}");
                    continue;
                }
                let want = leg.media.as_ref().map(|m| &self.w.wants[&m.id]);
                let music = want.is_some_and(|w| matches!(w.joined, Joined::Player(_)));
                let peers = peer.media.as_ref().map(|m| Joined::Leg(m.id));
                match call.way {
                    Way::Relay if leg.holding => assert_eq!(want.unwrap().joined, Joined::None),
                    Way::Relay if peer.holding => assert!(music, "{want:?} {leg:?} {peer:?}"),
                    Way::Relay => assert_eq!(Some(want.unwrap().joined), peers),
                    Way::Direct if peer.holding && !leg.holding => {
                        assert!(music || leg.no_music || !can_play(&leg.remote), "{leg:?}");
                    }
                    Way::Direct if leg.holding => {}
                    Way::Direct => assert!(want.is_none(), "direct media needs no port"),
                }
            }
        }
    }

    /// Everyone hangs up, and what is late comes.
    fn finish(&mut self) {
        for round in 0..200 {
            let Some(id) = self.w.far.keys().next().copied() else { break };
            assert!(round < 199, "legs never end: {:?}", self.w.far);
            if self.w.far[&id].ended {
                self.w.gone(id);
                self.w.pump();
            } else {
                self.hang_up(id);
            }
        }
        for leg in std::mem::take(&mut self.w.unopened) {
            self.w.open(leg);
        }
        self.w.wait(Micros::seconds(700));
    }
}

/// The description with keys, as `RTP/SAVP`.
fn secure(plain: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(plain);
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    Bytes::from(text.replace("RTP/AVP", "RTP/SAVP") + key + "\r\n")
}

/// Runs these seeds; returns (transfers, offers in calls, late news, answered records, steps with
/// an answered consultation, parked calls, retrieved ones).
fn run(seeds: std::ops::Range<u64>) -> [usize; 7] {
    let mut counts = [0; 7];
    for seed in seeds {
        let mut c = Chance::new(seed);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..80 {
                c.step();
                if c.rng.chance(1, 30) {
                    c.calm();
                }
            }
            c.calm();
            c.finish();
            c.w.expect_drained();
            // A pickup stays in the record of the call that it answers (group I).
            // A retrieval too.
            let count = |s| c.w.records.iter().filter(|r| r.services.contains(s)).count();
            let joined = count(Service::Pickup) + count(Service::ParkRetrieve);
            let told = c.w.records.len() + joined;
            assert!(told >= c.offered, "{told} records of {} attempts", c.offered);
        }));
        if let Err(panic) = run {
            let tail = c.w.lines.len().saturating_sub(25);
            eprintln!("seed {seed}:\n{}", c.w.lines[tail..].join("\n"));
            std::panic::resume_unwind(panic);
        }
        let transferred = c.w.counts.get(&base::event::Kind::Transferred).copied().unwrap_or(0);
        let answered = c.w.records.iter().filter(|r| r.is_answered()).count();
        let with = |s| c.w.records.iter().filter(move |r| r.services.contains(s));
        let count = |s| with(s).filter(|r| s == Service::Park || r.is_answered()).count();
        let (parked, retrieved) = (count(Service::Park), count(Service::ParkRetrieve));
        let more =
            [transferred as usize, c.holds, c.crossings, answered, c.consulted, parked, retrieved];
        counts.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
    }
    counts
}

#[test]
fn random_phones_leave_nothing_behind() {
    let counts = run(0..400);
    let [transfers, holds, crossings, answered, consulted, parked, retrieved] = counts;
    assert!(consulted > 50 && parked > 15 && retrieved > 3, "{counts:?}");
    assert!(transfers > 30 && holds > 400 && crossings > 100 && answered > 400, "{counts:?}");
}

/// Seeds that found something once.
#[test]
fn seeds_that_failed_once_pass() {
    for seed in [155, 877, 957, 1_815, 6_112, 6_694, 7_903, 19_092, 21_134] {
        run(seed..seed + 1);
    }
}
