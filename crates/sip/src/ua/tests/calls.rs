//! Calls from phone to phone through the stack, each leg by its own transport.

use base::{Cause, LegId};
use bytes::Bytes;

use super::world::World;
use crate::leg::{LegCommand, LegEvent};
use crate::stack::Transport;
use crate::ua::{Command, Event, Output};

/// Events of a phone's leg, one word each; whether a 100 came is a matter of time.
fn story(world: &World, n: usize, leg: LegId) -> Vec<String> {
    let sdp = |s: &Option<Bytes>| {
        s.as_ref().map_or(String::new(), |s| format!(" {}", String::from_utf8_lossy(s)))
    };
    let word = |event: &LegEvent| match event {
        LegEvent::Trying => "trying".into(),
        LegEvent::Progress { status, sdp: s } => format!("{status}{}", sdp(s)),
        LegEvent::Answered { sdp: s } => format!("answered{}", sdp(s)),
        LegEvent::Refused(refused) => format!("refused {}", refused.status),
        LegEvent::OfferReceived { sdp: s } => format!("offer{}", sdp(s)),
        LegEvent::AnswerReceived { sdp: s } => format!("answer{}", sdp(s)),
        LegEvent::OfferFailed { status } => format!("offer failed {status}"),
        LegEvent::Confirmed => "confirmed".into(),
        LegEvent::Ended { by_far_end, .. } => format!("ended {by_far_end}"),
        LegEvent::Gone => "gone".into(),
        LegEvent::Offered(_) | LegEvent::Refer(_) | LegEvent::Digit { .. } => "other".into(),
    };
    let of_leg = |e: &Event| match e {
        Event::Leg { leg: l, event } if *l == leg => Some(word(event)),
        _ => None,
    };
    let of_leg = |e: &Event| of_leg(e).filter(|word| word != "trying");
    world.phones[n].events.iter().filter_map(of_leg).collect()
}

fn hang_up() -> LegCommand {
    LegCommand::End { cause: Cause::NormalClearing, elsewhere: false }
}

const BOTH: [[Transport; 2]; 3] = [
    [Transport::Udp, Transport::Udp],
    [Transport::Udp, Transport::Tls],
    [Transport::Tcp, Transport::Udp],
];

#[test]
fn a_call_rings_is_answered_and_ends_from_either_side() {
    for transports in BOTH {
        for caller_ends in [true, false] {
            let mut world = World::new(&transports);
            world.register_all();
            let ours = world.call(0, "2002", "offer");
            world.run(300);
            let theirs = world.incoming(1);
            world.leg(1, theirs, LegCommand::Progress { status: 180, sdp: None });
            world.run(300);
            let sdp = Some(Bytes::from_static(b"answer"));
            world.leg(1, theirs, LegCommand::Answer { sdp });
            world.run(1_000);
            let (n, leg) = if caller_ends { (0, ours) } else { (1, theirs) };
            world.leg(n, leg, hang_up());
            world.run(1_000);
            let mut caller = vec!["180", "answered answer", "gone"];
            let mut callee = vec!["confirmed", "gone"];
            if caller_ends {
                callee.insert(1, "ended true");
            } else {
                caller.insert(2, "ended true");
            }
            assert_eq!(story(&world, 0, ours), caller);
            assert_eq!(story(&world, 1, theirs), callee);
            world.run(40_000);
            assert!(world.is_drained());
        }
    }
}

#[test]
fn the_called_phone_sees_who_calls() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    world.call(0, "2002", "offer");
    world.run(300);
    let from = world.phones[1].events.iter().find_map(|e| match e {
        Event::Incoming { from, .. } => Some(from.clone()),
        _ => None,
    });
    let from = from.expect("incoming");
    assert_eq!((from.user.as_str(), from.display.as_str()), ("2001", "鈴木 一郎"));
}

#[test]
fn early_media_travels_reliably() {
    let mut world = World::new(&[Transport::Udp, Transport::Tcp]);
    world.register_all();
    let ours = world.call(0, "2002", "offer");
    world.run(300);
    let theirs = world.incoming(1);
    let sdp = Some(Bytes::from_static(b"early"));
    world.leg(1, theirs, LegCommand::Progress { status: 183, sdp });
    world.run(1_000);
    world.leg(1, theirs, LegCommand::Answer { sdp: None });
    world.run(1_000);
    assert_eq!(story(&world, 0, ours), ["183 early", "answered"]);
    world.leg(0, ours, hang_up());
    world.run(40_000);
    assert!(world.is_drained());
}

#[test]
fn a_busy_phone_a_rejection_and_a_caller_who_gives_up() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    for (cause, status) in [(Cause::UserBusy, 486), (Cause::UserRejected, 603)] {
        let ours = world.call(0, "2002", "offer");
        world.run(300);
        let theirs = world.incoming(1);
        world.leg(1, theirs, LegCommand::Refuse { cause, retry_after_s: None });
        world.run(1_000);
        assert_eq!(story(&world, 0, ours), [format!("refused {status}"), "gone".into()]);
    }
    let ours = world.call(0, "2002", "offer");
    world.run(300);
    let theirs = world.incoming(1);
    world.leg(1, theirs, LegCommand::Progress { status: 180, sdp: None });
    world.run(300);
    world.leg(0, ours, hang_up());
    world.run(1_000);
    assert_eq!(story(&world, 1, theirs), ["ended true", "gone"]);
    assert_eq!(story(&world, 0, ours).last().map(String::as_str), Some("gone"));
    let nobody = world.call(0, "2999", "offer");
    world.run(1_000);
    assert_eq!(story(&world, 0, nobody).len(), 2);
    world.run(40_000);
    assert!(world.is_drained());
}

#[test]
fn hold_and_resume_pass_through_both_legs() {
    for transports in BOTH {
        let mut world = World::new(&transports);
        world.register_all();
        let (ours, theirs) = world.talk(0, 1);
        for (n, leg, other) in [(0, ours, theirs), (1, theirs, ours)] {
            let sdp = Some(Bytes::from(format!("hold by {n}")));
            world.leg(n, leg, LegCommand::Offer { sdp, identity: None });
            world.run(1_000);
            assert_eq!(story(&world, 1 - n, other).last(), Some(&format!("offer hold by {n}")));
            let sdp = Bytes::from_static(b"held");
            world.leg(1 - n, other, LegCommand::AnswerOffer { sdp });
            world.run(1_000);
            assert!(story(&world, n, leg).contains(&"answer held".into()));
        }
        world.leg(0, ours, hang_up());
        world.run(40_000);
        assert!(world.is_drained());
    }
}

#[test]
fn a_digit_by_info_arrives() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    let (ours, _) = world.talk(0, 1);
    for digit in *b"5#*0" {
        world.command(0, Command::Digit { leg: ours, digit, duration_ms: 160 });
        world.run(100);
    }
    assert_eq!(world.digits, b"5#*0");
}

#[test]
fn a_long_call_is_refreshed_and_lives() {
    let mut world = World::new(&[Transport::Udp, Transport::Tcp]);
    world.register_all();
    let (ours, theirs) = world.talk(0, 1);
    world.run(3 * 3_600_000);
    assert_eq!(story(&world, 0, ours), ["answered answer 1"]);
    assert_eq!(story(&world, 1, theirs), ["confirmed"]);
    let refreshes = |n: usize| {
        let heard = world.phones[n].heard.iter();
        heard.filter(|h| h.starts_with("UPDATE") || h.starts_with("SIP/2.0 200")).count()
    };
    assert!(refreshes(0) > 10 && refreshes(1) > 10);
    world.leg(1, theirs, hang_up());
    world.run(40_000);
    assert!(world.is_drained());
}

#[test]
fn a_phone_that_is_called_and_gives_no_sign_is_marked_until_it_registers() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    let device = base::id::DeviceId(base::id::Uuid(2002));
    let is_marked =
        |world: &World| world.stack.registrations(device).next().is_some_and(|r| r.unreachable);
    world.phones[1].address.set_port(1);
    let ours = world.call(0, "2002", "offer");
    world.run(5_000);
    assert!(!is_marked(&world));
    world.leg(0, ours, hang_up());
    world.run(1_000);
    assert!(is_marked(&world));
    world.phones[1].address.set_port(5060);
    world.command(1, Command::Register);
    world.run(1_000);
    assert!(!is_marked(&world));
}

#[test]
fn a_phone_that_was_only_late_is_not_shown_as_unreachable() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    let device = base::id::DeviceId(base::id::Uuid(2002));
    let is_marked =
        |world: &World| world.stack.registrations(device).next().is_some_and(|r| r.unreachable);
    let silent_call = |world: &mut World| {
        world.phones[1].address.set_port(1);
        let ours = world.call(0, "2002", "offer");
        world.run(5_000);
        world.leg(0, ours, hang_up());
        world.run(1_000);
        assert!(is_marked(world));
    };
    // The INVITE is repeated for 32 s: the answer to a late copy is a sign of life.
    silent_call(&mut world);
    world.phones[1].address.set_port(5060);
    world.run(20_000);
    assert!(!is_marked(&world));
    // So is a call of its own.
    world.run(60_000);
    silent_call(&mut world);
    world.run(60_000);
    assert!(is_marked(&world));
    world.phones[1].address.set_port(5060);
    let theirs = world.call(1, "2001", "offer");
    world.run(1_000);
    assert!(!is_marked(&world));
    world.leg(1, theirs, hang_up());
    world.run(40_000);
    assert!(world.is_drained());
}

#[test]
fn over_a_bad_network_every_call_ends_and_nothing_is_left() {
    let mut world = World::new(&[Transport::Udp; 4]);
    world.register_all();
    world.loss = 10;
    for round in 0..20u64 {
        let (a, b) = ((round % 2) as usize, 2 + (round / 2 % 2) as usize);
        let seen = world.phones[b].events.len();
        let ours = world.call(a, &(2001 + b).to_string(), "offer");
        world.run(20_000);
        let rang =
            world.phones[b].events[seen..].iter().any(|e| matches!(e, Event::Incoming { .. }));
        if rang {
            let theirs = world.incoming(b);
            let sdp = Some(Bytes::from_static(b"answer"));
            world.leg(b, theirs, LegCommand::Answer { sdp });
            world.run(20_000);
            let (n, leg) = if round % 3 == 0 { (a, ours) } else { (b, theirs) };
            world.leg(n, leg, hang_up());
        } else {
            world.leg(a, ours, hang_up());
        }
        world.run(20_000);
    }
    world.loss = 0;
    world.run(400_000);
    assert!(world.stack.is_drained());
    for phone in &world.phones {
        assert!(phone.endpoint.legs.is_empty());
    }
}

#[test]
fn any_bytes_leave_a_phone_alive() {
    let mut world = World::new(&[Transport::Udp]);
    let mut rng = base::Rng::from_seed([8; 32]);
    let texts = ["", "\r\n", "INVITE sip:a SIP/2.0\r\n\r\n", "SIP/2.0 200 OK\r\nVia: x\r\n\r\n"];
    for n in 0..200usize {
        let mut bytes = texts[n % texts.len()].as_bytes().to_vec();
        bytes.extend(std::iter::repeat_with(|| rng.next_u64() as u8).take(n));
        let from = ([192, 0, 2, 1], 5060).into();
        let local = world.phones[0].address.ip();
        let input =
            crate::ua::Input::Received { flow: base::FlowId(7), from, local, bytes: bytes.into() };
        let mut out = Vec::new();
        world.phones[0].endpoint.handle(world.now, input, &mut out);
        assert!(!out.iter().any(|o| matches!(o, Output::Event(_))));
    }
    world.register_all();
}
