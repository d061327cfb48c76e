//! A failure inside: what survives it, and when the shard gives up.

use std::net::{Ipv4Addr, UdpSocket};

use base::event::Kind;
use base::limits::SHARD_FAILURES_MAX;
use sip::stack::POISON;

use super::world::{World, company, device, until};
use crate::{Command, Reply, Unavailable};

fn falling() -> World {
    World::start(|config| config.settings.sip.falls = true)
}

/// A request that the planted failure falls over; `n` makes each a new one.
fn poison(n: usize) -> String {
    format!(
        "OPTIONS sip:office.example.jp SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKpoison{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:x@office.example.jp>;tag=x\r\nTo: <sip:office.example.jp>\r\n\
         Call-ID: poison-{n}\r\nCSeq: 1 OPTIONS\r\nUser-Agent: {POISON}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// Sends it and waits until the shard stands again.
fn fall(world: &World) {
    let before = world.handle.metrics().restarts();
    world.send(&poison(before as usize));
    until("the failure is noticed", || world.handle.metrics().restarts() > before);
}

#[test]
fn registrations_and_connections_survive_and_calls_end_with_their_records() {
    let world = falling();
    let (mut a, mut b, mut c) = (world.phone(2001), world.phone(2002), world.tcp_phone(2003));
    let (here, there) = a.call(&mut b);
    let relay = a.audio_port();
    assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, relay)).is_err(), "the relay is open");
    assert_eq!((world.status().bindings, world.status().calls), (3, 1));

    fall(&world);
    assert_eq!((world.status().bindings, world.status().calls), (3, 0));
    until("both phones are told", || a.is_over(here) && b.is_over(there));
    until("the relay is closed", || UdpSocket::bind((Ipv4Addr::LOCALHOST, relay)).is_ok());
    assert_eq!(world.records(), 1, "the call that was lost");

    // Nobody has registered again.
    let (here, _) = a.call(&mut b);
    a.hang_up(here);
    until("the call is over", || {
        a.step();
        b.step();
        world.status().calls == 0
    });
    let (here, there) = b.call(&mut c);
    c.hang_up(there);
    until("the call over TCP is over", || {
        c.step();
        b.is_over(here)
    });
    assert_eq!(world.records(), 3);
    assert_eq!((a.registrations, b.registrations, c.registrations), (1, 1, 1));
    assert_eq!(world.handle.metrics().restarts(), 1, "the input was not tried again");
    assert_eq!(world.handle.metrics().count(Kind::NodeRebuilt), 1);
    assert!(world.handle.metrics().text().contains("naisen_shard_restarts_total 1\n"));
}

#[test]
fn a_refresh_and_a_new_phone_are_taken_after_a_failure() {
    let world = falling();
    let (mut a, mut c) = (world.phone(2001), world.tcp_phone(2003));
    fall(&world);
    a.register();
    c.register();
    let _new = world.phone(2004);
    assert_eq!(world.status().bindings, 3, "a refresh is no second binding");
}

#[test]
fn the_configuration_in_force_and_the_wish_to_drain_outlive_a_failure() {
    let world = falling();
    let (mut a, _b) = (world.phone(2001), world.phone(2002));
    world.wait(world.handle.configure(company(2))).expect("it is taken");
    fall(&world);
    let registered = |dn| match world.ask(Command::Registrations { devices: vec![device(dn)] }) {
        Ok(Reply::Registrations(found)) => found.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((registered(2001), registered(2002), registered(2003)), (1, 1, 0));
    let stopped = model::Change::DeviceDelete(device(2002));
    let next = model::apply(&world.handle.snapshot(), &[stopped]).expect("it fits");
    let next = next.with_revisions(model::Revision(3), &[]);
    world.wait(world.handle.configure(next.into())).expect("it is taken");
    until("the deleted phone is gone", || registered(2002) == 0);
    assert_eq!(registered(2001), 1);

    let mut c = world.phone(2003);
    world.wait(world.handle.drain());
    fall(&world);
    assert_eq!(a.try_call(&mut c), Err(503), "a node that drains takes no call");
}

#[test]
fn a_shard_that_fails_again_and_again_ends() {
    let world = falling();
    let _a = world.phone(2001);
    for n in 0..SHARD_FAILURES_MAX {
        assert!(world.handle.is_alive(), "after {n} failures");
        fall(&world);
    }
    world.wait(world.handle.ended());
    assert!(!world.handle.is_alive());
    assert_eq!(world.handle.metrics().restarts(), SHARD_FAILURES_MAX as u64);
    assert_eq!(world.ask(Command::Status).unwrap_err(), Unavailable::Stopped);
    assert!(world.wait(world.writer.flush()), "what was confirmed is in the database");
    assert_eq!(world.writer.health().bindings, 1);
}

#[test]
fn a_sender_who_repeats_what_a_node_failed_at_is_not_heard() {
    let world = falling();
    let mut a = world.phone(2001);
    fall(&world);
    // As RFC 3261 §17.1.2.1 has it, until the transaction times out.
    for _ in 0..10 {
        world.send(&poison(0));
    }
    let metrics = world.handle.metrics();
    until("all have come", || metrics.count(Kind::PoisonDropped) == 10);
    assert_eq!(metrics.restarts(), 1);
    fall(&world);
    world.send(&poison(0));
    world.send(&poison(1));
    until("both are known", || metrics.count(Kind::PoisonDropped) == 12);
    a.register();
    assert_eq!(metrics.restarts(), 2);
}

#[test]
fn each_node_has_a_journal_of_its_own_that_ends_with_what_it_failed_at() {
    let world = falling();
    let _a = world.phone(2001);
    fall(&world);
    assert_eq!(world.status().bindings, 1);
    let files = crate::journal::segments(&world.dir.join("journal")).expect("a folder");
    assert_eq!(files.len(), 2);
    let first = std::fs::read(&files[0]).expect("a journal");
    let agent = format!("User-Agent: {POISON}");
    let found = first.windows(agent.len()).filter(|w| *w == agent.as_bytes()).count();
    assert_eq!(found, 1, "on disk before the failure was survived");
    // This build does not fall when it replays, so all of it is read.
    let replayed = crate::replay::replay(&files[0], "test").expect("a whole journal");
    assert_eq!(replayed.differs_at, None);
    drop(world);
}
