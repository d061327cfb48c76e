//! Call services, with telephones that people really use.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::baresip::{Account, Baresip};
use crate::harness::demo::Demo;
use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::{have, let_run};

fn phone(exchange: &Exchange, name: &str, dn: u32, hertz: u32) -> Baresip {
    let mut phone = Baresip::start(&exchange.dir, name, hertz);
    let exchange = exchange.udp();
    phone.register(Account { dn, exchange, transport: "udp", more: "" });
    phone
}

/// Dials a feature code, hears what the exchange says to it, and waits for the end.
#[track_caller]
fn feature_code(phone: &mut Baresip, code: &str) {
    let mark = phone.mark();
    phone.dial(code);
    phone.event_since(mark, "CALL_ESTABLISHED");
    phone.hears_something();
    phone.event_since(mark, "CALL_CLOSED");
}

#[test]
fn a_forward_set_by_code_is_confirmed_followed_explained_and_cleared() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("services-forward", "auto", 2101..2104);
    let mut owner = phone(&exchange, "owner", 2101, 440);
    let mut target = phone(&exchange, "target", 2102, 620);
    let mut caller = phone(&exchange, "caller", 2103, 1_000);
    feature_code(&mut owner, "*2112102");
    caller.dial("2101");
    target.event("CALL_INCOMING");
    target.command("accept", "");
    caller.event("CALL_ESTABLISHED");
    target.hears(1_000);
    caller.hears(620);
    caller.command("hangup", "");
    target.event("CALL_CLOSED");
    let explain = ["explain", "--tenant", DOMAIN, "--from", "2103", "--to", "2101"];
    let told = String::from_utf8(exchange.good(&explain)).unwrap();
    assert!(told.contains("無条件転送") && told.contains("2102"), "{told}");
    feature_code(&mut owner, "*210");
    let mark = owner.mark();
    caller.dial("2101");
    owner.event_since(mark, "CALL_INCOMING");
    caller.command("hangup", "");
    owner.event_since(mark, "CALL_CLOSED");
    let history = exchange.history_of(4);
    let services: Vec<&str> = history.iter().map(|row| &*row[4]).collect();
    assert_eq!(services, ["特番操作", "無条件転送", "特番操作", ""]);
    let forwarded = &history[1];
    assert_eq!((&*forwarded[5], &*forwarded[7], &*forwarded[8]), ("2101", "2102", "2101"));
}

#[test]
fn a_number_that_is_not_in_use_is_refused_as_destination() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("services-refused", "auto", 2101..2102);
    let mut owner = phone(&exchange, "owner", 2101, 440);
    feature_code(&mut owner, "*2212999");
    let history = exchange.history_of(1);
    assert_eq!((&*history[0][4], &*history[0][11]), ("特番操作", "001"));
}

#[test]
fn a_call_is_held_and_transferred_by_digits() {
    if !have(&["baresip"]) {
        return;
    }
    let demo = Demo::start("services-hold");
    let mut holder = demo.phone(2101, 440);
    let mut caller = demo.phone(2102, 1_000);
    let mut target = demo.phone(2103, 620);
    caller.dial("2101");
    holder.event("CALL_INCOMING");
    holder.command("accept", "");
    caller.event("CALL_ESTABLISHED");
    holder.hears(1_000);
    caller.hears(440);
    holder.command("sndcode", "#7");
    caller.hears_now(440, false);
    holder.command("sndcode", "2103#1");
    target.event("CALL_INCOMING");
    target.command("accept", "");
    target.hears(440);
    holder.hears(620);
    let mark = holder.mark();
    holder.command("hangup", "");
    holder.event_since(mark, "CALL_CLOSED");
    target.hears_now(1_000, true);
    caller.hears_now(620, true);
}

#[test]
fn a_call_is_parked_by_digits_and_retrieved_elsewhere() {
    if !have(&["baresip"]) {
        return;
    }
    let demo = Demo::start("services-park");
    let mut parker = demo.phone(2101, 440);
    let mut caller = demo.phone(2102, 1_000);
    let mut taker = demo.phone(2103, 620);
    caller.dial("2101");
    parker.event("CALL_INCOMING");
    parker.command("accept", "");
    caller.event("CALL_ESTABLISHED");
    parker.hears(1_000);
    let mark = parker.mark();
    parker.command("sndcode", "#5");
    // It hears the number of the slot, and is released.
    parker.event_since(mark, "CALL_CLOSED");
    caller.hears_now(440, false);
    taker.dial("*57");
    taker.event("CALL_ESTABLISHED");
    taker.hears(1_000);
    caller.hears_now(620, true);
}

#[test]
fn a_hunting_group_is_called_and_picked_up_from() {
    if !have(&["baresip"]) {
        return;
    }
    let demo = Demo::start("services-hunt");
    let mut member = demo.phone(2102, 440);
    let mut caller = demo.phone(2103, 1_000);
    let mut colleague = demo.phone(2101, 620);
    caller.dial("2102");
    member.event("CALL_INCOMING");
    colleague.dial("*55");
    colleague.event("CALL_ESTABLISHED");
    colleague.hears(1_000);
    caller.hears(620);
    member.event("CALL_CLOSED");
    caller.command("hangup", "");
    let mark = caller.mark();
    caller.dial("7000");
    caller.event_since(mark, "CALL_RINGING");
    caller.command("hangup", "");
}

#[test]
fn a_message_is_left_and_heard_with_real_telephones() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("services-voicemail", "auto", 2101..2103);
    let mut owner = phone(&exchange, "owner", 2101, 440);
    let mut caller = phone(&exchange, "caller", 2102, 620);
    feature_code(&mut owner, "*251");
    let mark = owner.mark();
    caller.dial("2101");
    owner.event_since(mark, "CALL_INCOMING");
    // Declined: the caller comes to the box, and hears the greeting and the tone.
    owner.command("hangup", "");
    caller.event("CALL_ESTABLISHED");
    caller.hears_for(1_000, 0.3);
    let_run(Duration::from_secs(4));
    caller.command("hangup", "");
    caller.event("CALL_CLOSED");
    // The message is there once its file is safe on the disk, which the history does not wait for.
    let_run(Duration::from_secs(3));
    let mark = owner.mark();
    owner.dial("*98");
    owner.event_since(mark, "CALL_ESTABLISHED");
    owner.hears(620);
    owner.command("hangup", "");
    let history = exchange.history_of(3);
    assert_eq!(&*history[1][4], "留守番", "{history:?}");
}

/// Sets a PIN by the API, with a token made on the machine.
#[track_caller]
fn set_pin(exchange: &Exchange, dn: u32, pin: &str) {
    let made = exchange.good(&["token", "--tenant", DOMAIN, "--name", "test"]);
    let made = String::from_utf8(made).unwrap();
    let is_token = |word: &&str| word.starts_with("naisen_");
    let token = made.split_ascii_whitespace().find(is_token).expect("a token");
    let at = exchange.listener(&["portal"]);
    let body = format!("{{\"pin\":\"{pin}\"}}");
    let mut stream = TcpStream::connect(at).unwrap();
    let head = format!(
        "PUT /api/v1/users/{dn}/pin HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[test]
fn a_person_logs_in_at_a_desk_by_digits_and_is_called_there() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("services-login", "auto", 2101..2104);
    set_pin(&exchange, 2101, "480216");
    // 2101 has no telephone running; the desk is that of 2103.
    let mut desk = phone(&exchange, "desk", 2103, 440);
    let mut caller = phone(&exchange, "caller", 2102, 620);
    desk.dial("*91");
    desk.event("CALL_ESTABLISHED");
    desk.hears_something();
    let mark = desk.mark();
    desk.command("sndcode", "2101#");
    let_run(Duration::from_secs(1));
    desk.command("sndcode", "480216#");
    desk.event_since(mark, "CALL_CLOSED");
    let mark = desk.mark();
    caller.dial("2101");
    desk.event_since(mark, "CALL_INCOMING");
    desk.command("accept", "");
    caller.hears(440);
    caller.command("hangup", "");
    desk.event_since(mark, "CALL_CLOSED");
    feature_code(&mut desk, "*92");
    let history = exchange.history_of(3);
    assert_eq!((&*history[0][4], &*history[0][11]), ("特番操作", "016"), "{history:?}");
    assert_eq!(&*history[1][7], "2101", "{history:?}");
}
