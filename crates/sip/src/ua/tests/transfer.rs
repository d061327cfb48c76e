//! Transfers that phones ask for, and calls that replace others.

use base::{Cause, LegId};
use bytes::Bytes;

use super::world::World;
use crate::leg::{LegCommand, LegEvent};
use crate::stack::Transport;
use crate::ua::{Command, Event, Input};

fn progress(world: &World, n: usize) -> Vec<(u16, bool)> {
    let of = |e: &Event| match e {
        Event::Transfer { status, done, .. } => Some((*status, *done)),
        _ => None,
    };
    world.phones[n].events.iter().filter_map(of).collect()
}

fn is_over(world: &World, n: usize, leg: LegId) -> bool {
    world.phones[n]
        .events
        .iter()
        .any(|e| matches!(e, Event::Leg { leg: l, event: LegEvent::Gone } if *l == leg))
}

fn hang_up() -> LegCommand {
    LegCommand::End { cause: Cause::NormalClearing, elsewhere: false }
}

#[test]
fn a_blind_transfer_connects_the_others_and_is_told_step_by_step() {
    let mut world = World::new(&[Transport::Udp, Transport::Tcp, Transport::Udp]);
    world.register_all();
    let (caller, transferor) = world.talk(0, 1);
    world.command(1, Command::Transfer { leg: transferor, to: "2003".into() });
    world.run(500);
    let target = world.incoming(2);
    world.leg(2, target, LegCommand::Progress { status: 180, sdp: None });
    world.run(500);
    let sdp = Some(Bytes::from_static(b"answer 2"));
    world.leg(2, target, LegCommand::Answer { sdp });
    world.run(500);
    assert_eq!(progress(&world, 1), [(100, false), (180, false), (200, true)]);
    let new_offer = world.phones[0].events.iter().any(|e| {
        matches!(e, Event::Leg { event: LegEvent::OfferReceived { sdp: Some(s) }, .. }
            if **s == *b"answer 2")
    });
    assert!(new_offer, "the caller hears the target");
    world.leg(0, caller, LegCommand::AnswerOffer { sdp: Bytes::from_static(b"answer 0") });
    world.leg(1, transferor, hang_up());
    world.run(500);
    assert!(is_over(&world, 1, transferor) && !is_over(&world, 0, caller));
    world.leg(2, target, hang_up());
    world.run(40_000);
    assert!(is_over(&world, 0, caller));
    assert!(world.is_drained());
}

#[test]
fn an_attended_transfer_names_the_other_call() {
    let mut world = World::new(&[Transport::Udp, Transport::Udp, Transport::Tls]);
    world.register_all();
    let (caller, first) = world.talk(0, 1);
    let (second, target) = world.talk(1, 2);
    world.command(1, Command::TransferTo { leg: first, other: second });
    world.run(500);
    assert_eq!(progress(&world, 1), [(100, false), (200, true)]);
    world.leg(1, first, hang_up());
    world.leg(1, second, hang_up());
    world.run(500);
    assert!(!is_over(&world, 0, caller) && !is_over(&world, 2, target));
    world.leg(0, caller, hang_up());
    world.run(40_000);
    assert!(is_over(&world, 2, target));
    assert!(world.is_drained());
}

#[test]
fn a_transfer_without_a_call_fails_at_once() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    let leg = world.phones[0].endpoint.new_leg();
    world.command(0, Command::Transfer { leg, to: "2002".into() });
    world.command(0, Command::TransferTo { leg, other: leg });
    assert_eq!(progress(&world, 0), [(481, true), (481, true)]);
}

#[test]
fn an_invite_with_replaces_takes_the_place_of_a_call() {
    let mut world = World::new(&[Transport::Udp; 2]);
    world.register_all();
    let (_, theirs) = world.talk(0, 1);
    let replaces = world.phones[1].endpoint.legs.replaces_of(theirs).expect("dialog");
    let replaces = String::from_utf8(replaces).expect("text");
    // As its far end would name it: the tags change places.
    let replaces = replaces
        .replace(";to-tag=", ";x=")
        .replace(";from-tag=", ";to-tag=")
        .replace(";x=", ";from-tag=");
    let text = format!(
        "INVITE sip:b@198.51.100.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr\r\n\
         Max-Forwards: 70\r\nFrom: <sip:2009@example.jp>;tag=r\r\nTo: <sip:2002@example.jp>\r\n\
         Call-ID: replacing\r\nCSeq: 1 INVITE\r\nContact: <sip:r@192.0.2.1>\r\n\
         Replaces: {replaces}\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\noffer"
    );
    let from = ([192, 0, 2, 1], 5060).into();
    let local = world.phones[1].address.ip();
    let bytes = Bytes::from(text);
    world.phone(1, Input::Received { flow: base::FlowId(7), from, local, bytes });
    let new = world.incoming(1);
    assert_ne!(new, theirs);
    let sdp = Some(Bytes::from_static(b"answer"));
    world.leg(1, new, LegCommand::Answer { sdp });
    world.run(1_000);
    assert!(is_over(&world, 1, theirs), "the replaced call was ended by the phone");
}
