//! Damaged and senseless messages in every state: nothing panics, nothing is left.

use base::Rng;

use super::*;
use crate::msg::check::{Policy, Verdict, verdict};

const METHODS: [&str; 12] = [
    "INVITE",
    "ACK",
    "BYE",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "OPTIONS",
    "MESSAGE",
    "CANCEL",
];

const LINES: [&str; 14] = [
    "Require: 100rel\r\nRSeq: 4294967295\r\n",
    "RAck: 1 1 INVITE\r\n",
    "Session-Expires: 4294967295;refresher=uas\r\nSupported: timer\r\n",
    "Session-Expires: 1\r\nMin-SE: 4000000000\r\n",
    "Refer-To: <sip:%00@x?Replaces=%3B%3B>\r\n",
    "Refer-To: <tel:+1>\r\nRefer-Sub: false\r\n",
    "Event: refer;id=9\r\nExpires: 0\r\n",
    "Content-Type: application/dtmf-relay\r\n",
    "Content-Type: multipart/mixed;boundary=\"\"\r\n",
    "Contact: <tel:123>\r\n",
    "Contact: <sip:a@[::1]:0;lr?x=y>\r\nRecord-Route: <sip:r>\r\n",
    "Reason: Q.850;cause=999\r\n",
    "Replaces: a;to-tag=b;from-tag=c\r\n",
    "Allow: UPDATE\r\nSupported: 100rel, timer, from-change\r\n",
];

/// Any command that call control could give.
fn any_command(rng: &mut Rng) -> LegCommand {
    let sdp = rng.chance(1, 2).then(|| bytes(ANSWER));
    match rng.below(11) {
        0 => LegCommand::Progress { status: 180 + rng.below(4) as u16, sdp },
        1 => LegCommand::Answer { sdp },
        2 => LegCommand::Refuse { cause: Cause::UserBusy, retry_after_s: Some(3) },
        3 => LegCommand::End { cause: Cause::Preempted, elsewhere: rng.chance(1, 2) },
        4 => LegCommand::AnswerOffer { sdp: bytes(ANSWER) },
        5 => LegCommand::RefuseOffer { status: 400 + rng.below(200) as u16 },
        6 => LegCommand::AcceptRefer,
        7 => LegCommand::RefuseRefer { status: 603 },
        8 => LegCommand::ReferProgress { status: 100 + rng.below(500) as u16 },
        _ => LegCommand::Offer { sdp, identity: None },
    }
}

struct Attack {
    bench: Bench,
    rng: Rng,
    legs: Vec<LegId>,
}

impl Attack {
    fn feed(&mut self, mut text: Vec<u8>) {
        if self.rng.chance(1, 3) {
            for _ in 0..1 + self.rng.below(3) {
                let at = self.rng.below(text.len() as u64) as usize;
                text[at] = self.rng.next_u64() as u8;
            }
        }
        // What the dispatcher lets through.
        let policy = Policy { known_source: true, supported: &["100rel", "timer"] };
        let Ok(msg) = Msg::parse_datagram(Bytes::copy_from_slice(&text)) else {
            return;
        };
        if verdict(&msg, &policy) == Verdict::Ok {
            self.bench.recv(text);
        }
    }

    fn line(&mut self) -> &'static str {
        let at = self.rng.below(2 * LINES.len() as u64) as usize;
        LINES.get(at).copied().unwrap_or("")
    }

    fn request(&mut self, far: &Far, cseq: u32) {
        let method = METHODS[self.rng.below(METHODS.len() as u64) as usize];
        let body = if self.rng.chance(1, 2) { OFFER } else { "" };
        let line = self.line();
        let text = far.request(method, cseq, line, body);
        self.feed(text.into_bytes());
    }

    fn respond(&mut self, to: &Msg) {
        let status = ["100 a", "180 b", "183 c", "200 d", "202 e", "302 f", "401 g", "422 h"];
        let more = ["408 i", "481 j", "486 k", "487 l", "491 m", "500 n", "603 o", "699 p"];
        let at = self.rng.below(16) as usize;
        let status = status.iter().chain(&more).nth(at).copied().unwrap_or("200 OK");
        let tag = ["", "far", "two"][self.rng.below(3) as usize];
        let body = if self.rng.chance(1, 2) { OFFER } else { "" };
        let line = self.line();
        let text = reply(to, status, tag, line, body);
        self.feed(text.into_bytes());
    }

    fn round(&mut self) {
        let (leg, mut far) = match self.rng.below(3) {
            0 => self.bench.called(LINES[13], if self.rng.chance(1, 2) { OFFER } else { "" }),
            1 => self.bench.talk_in(LINES[13]),
            _ => {
                let leg = self.bench.call(self.rng.chance(1, 2).then_some(ANSWER));
                let invite = self.bench.expect("INVITE");
                self.bench.recv(reply(&invite, "180 Ringing", "far", "", ""));
                self.respond(&invite);
                (leg, Far::callee(&invite, "far"))
            }
        };
        self.legs.push(leg);
        for n in 0..12 {
            if let Some(sent) = self.bench.sent.pop_back() {
                if sent.is_request() {
                    self.respond(&sent);
                } else if sent.status() != Some(100) && sent.has(HeaderId::Contact) {
                    far.learn(&sent);
                }
            }
            self.request(&far, n + 2);
            let leg = self.legs[self.rng.below(self.legs.len() as u64) as usize];
            let command = any_command(&mut self.rng);
            self.bench.command(leg, command);
            let wait = self.rng.below(2_000);
            self.bench.wait_ms(wait);
        }
        self.bench.sent.clear();
        for (leg, event) in std::mem::take(&mut self.bench.events) {
            if let LegEvent::Offered(_) = event {
                self.legs.push(leg);
            }
        }
    }
}

#[test]
fn senseless_messages_and_commands_leave_nothing_behind() {
    for seed in 0..12 {
        let rng = Rng::from_seed([seed; 32]);
        let mut attack = Attack { bench: Bench::new(), rng, legs: Vec::new() };
        for _ in 0..20 {
            attack.round();
        }
        for leg in attack.legs.clone() {
            attack.bench.end(leg);
        }
        attack.bench.wait(Micros::seconds(300));
        attack.bench.events.clear();
        attack.bench.expect_drained();
    }
}
