//! Broken bytes and arbitrary commands: nothing panics, and the next request is served.

use base::{Cause, LegId, Micros, Rng};
use bytes::Bytes;

use super::bench::{Ask, Bench, credentials};
use crate::leg::{LegCommand, LegEvent};
use crate::stack::{Input, Output};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0\r\n";

/// Whole messages that reach deep into the stack.
fn corpus(bench: &mut Bench) -> Vec<String> {
    let mut texts = Vec::new();
    let mut invite = Ask::other("INVITE").extra("Supported: 100rel, timer\r\n");
    invite.extra += "Content-Type: application/sdp\r\n";
    invite.body = SDP.into();
    let watch = Ask::other("SUBSCRIBE").extra("Event: dialog;id=1\r\nExpires: 600\r\n");
    for ask in [invite, Ask::register("<sip:a@198.51.100.1>"), Ask::other("REFER"), watch] {
        let challenge = bench.plain(&ask);
        texts.push(ask.clone().extra(&credentials(challenge.message(), &ask)).text(1, "UDP"));
        texts.push(ask.text(2, "UDP"));
    }
    for method in ["ACK", "BYE", "CANCEL", "INFO", "UPDATE", "PRACK", "NOTIFY", "OPTIONS"] {
        texts.push(Ask::other(method).text(1, "UDP"));
    }
    let response = texts[0].lines().skip(1).collect::<Vec<_>>().join("\r\n");
    for status in ["100 Trying", "180 Ringing", "200 OK", "401 No", "486 Busy"] {
        texts.push(format!("SIP/2.0 {status}\r\n{response}\r\n\r\n"));
    }
    texts
}

fn mutate(text: &str, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..rng.below(6) {
        let at = rng.below(bytes.len() as u64) as usize;
        match rng.below(5) {
            0 => bytes[at] = rng.next_u64() as u8,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\r\n;,\"<>:@% "[rng.below(11) as usize]),
            3 => bytes.truncate(at + 1),
            _ => {
                let end = (at + rng.below(40) as usize).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = rng.below(bytes.len() as u64) as usize;
                bytes.splice(to..to, piece);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

fn command(rng: &mut Rng) -> LegCommand {
    let sdp = rng.chance(1, 2).then(|| Bytes::from_static(SDP.as_bytes()));
    match rng.below(10) {
        0 => LegCommand::Progress { status: 183, sdp },
        1 => LegCommand::Answer { sdp },
        2 => LegCommand::Refuse { cause: Cause::UserBusy, retry_after_s: Some(3) },
        3 => LegCommand::End { cause: Cause::NormalClearing, elsewhere: true },
        4 => LegCommand::Offer { sdp, identity: None },
        5 => LegCommand::AnswerOffer { sdp: sdp.unwrap_or_default() },
        6 => LegCommand::RefuseOffer { status: 488 },
        7 => LegCommand::AcceptRefer,
        8 => LegCommand::RefuseRefer { status: 603 },
        _ => LegCommand::ReferProgress { status: 180 },
    }
}

#[test]
fn broken_messages_and_any_commands_leave_a_working_stack() {
    for seed in 0..8 {
        let mut bench = Bench::new();
        let mut rng = Rng::from_seed([seed; 32]);
        let texts = corpus(&mut bench);
        let mut legs = vec![LegId(1)];
        for n in 0..400u32 {
            let text = &texts[rng.below(texts.len() as u64) as usize];
            let bytes = Bytes::from(mutate(text, &mut rng));
            let from = ([198, 51, 100, 1], 5060).into();
            let local = std::net::IpAddr::from([192, 0, 2, 1]);
            let input = Input::Received { flow: bench.flow, from, local, bytes };
            let mut got = bench.put(input);
            let leg = legs[rng.below(legs.len() as u64) as usize];
            if rng.chance(1, 3) {
                got.outputs
                    .extend(bench.put(Input::Leg { leg, command: command(&mut rng) }).outputs);
            }
            for output in &got.outputs {
                if let Output::Leg { leg, event: LegEvent::Offered(_) } = output {
                    legs.push(*leg);
                }
            }
            bench.wait(Micros::millis(rng.below(500)));
            if n % 50 == 0 {
                let ask = Ask::other("OPTIONS").call_id(&format!("after-{n}"));
                assert_eq!(bench.plain(&ask).status(), 200);
            }
        }
        for leg in legs {
            let command = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
            bench.put(Input::Leg { leg, command });
        }
        bench.wait(Micros::seconds(5_000));
        assert!(bench.stack.is_drained(), "seed {seed}");
    }
}
