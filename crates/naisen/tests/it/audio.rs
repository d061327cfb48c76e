//! Telephones that talk: what one sends, the other hears.

use crate::harness::audio::Voice;
use crate::harness::baresip::{Account, Baresip};
use crate::harness::demo::Demo;
use crate::harness::exchange::Exchange;
use crate::harness::script::{Script, spoken};
use crate::harness::sipp::Phone;
use crate::harness::{have, wait};

fn account(exchange: &Exchange, dn: u32) -> Account<'_> {
    Account { dn, exchange: exchange.udp(), transport: "udp", more: "" }
}

/// Two telephones call; each hears the other's tone; the history has the call.
#[track_caller]
fn two_phones_talk(name: &str, path: &str) {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start(name, path, 2101..2103);
    let mut caller = Baresip::start(&exchange.dir, "caller", 1_000);
    let mut callee = Baresip::start(&exchange.dir, "callee", 440);
    caller.register(account(&exchange, 2101));
    callee.register(account(&exchange, 2102));
    caller.dial("2102");
    callee.event("CALL_INCOMING");
    caller.event("CALL_RINGING");
    callee.command("accept", "");
    caller.event("CALL_ESTABLISHED");
    callee.event("CALL_ESTABLISHED");
    callee.hears(1_000);
    caller.hears(440);
    caller.command("hangup", "");
    callee.event("CALL_CLOSED");
    let history = exchange.history_of(1);
    let row = &history[0];
    assert_eq!((&*row[3], &*row[5], &*row[6], &*row[7]), ("成立", "2102", "2101", "2102"));
    assert_eq!((&*row[10], &*row[11]), ("2101", "016"), "who ended it, and the cause");
}

#[test]
fn two_phones_hear_each_other_through_the_relay() {
    two_phones_talk("talk-relay", "relay");
}

#[test]
fn two_phones_hear_each_other_directly() {
    two_phones_talk("talk-auto", "auto");
}

#[test]
fn a_tls_phone_with_srtp_and_a_plain_udp_phone_hear_each_other() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("talk-tls", "auto", 2101..2103);
    let mut caller = Baresip::start(&exchange.dir, "caller", 1_000);
    let mut callee = Baresip::start(&exchange.dir, "callee", 440);
    let secure = Account {
        exchange: exchange.tls(),
        transport: "tls",
        more: ";mediaenc=srtp-mand",
        ..account(&exchange, 2101)
    };
    caller.register(secure);
    callee.register(Account { more: ";answermode=auto", ..account(&exchange, 2102) });
    caller.dial("2102");
    caller.event("CALL_ESTABLISHED");
    let menc = caller.event("CALL_MENC");
    assert!(menc["param"].as_str().unwrap().contains("AES_CM_128"), "{menc}");
    callee.hears(1_000);
    caller.hears(440);
    // And the other way round: the plain telephone calls the secure one.
    caller.command("hangup", "");
    callee.event("CALL_CLOSED");
    let mark = caller.mark();
    callee.dial("2101");
    caller.event_since(mark, "CALL_INCOMING");
    caller.command("accept", "");
    caller.event_since(mark, "CALL_ESTABLISHED");
    caller.hears(440);
}

#[test]
fn a_phone_at_the_demo_hears_its_echo_the_music_and_the_busy_signal() {
    if !have(&["baresip"]) {
        return;
    }
    let demo = Demo::start("demo-phone");
    let mut phone = demo.phone(2101, 1_000);
    phone.dial("2001");
    phone.event("CALL_ESTABLISHED");
    phone.hears(1_000);
    phone.command("hangup", "");
    let mark = phone.mark();
    phone.dial("2002");
    phone.event_since(mark, "CALL_ESTABLISHED");
    phone.hears_something();
    phone.command("hangup", "");
    let mark = phone.mark();
    phone.dial("2003");
    let closed = phone.event_since(mark, "CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap_or_default().contains("486"), "{closed}");
}

#[test]
fn digits_pressed_on_one_phone_arrive_at_the_other() {
    if !have(&["baresip"]) {
        return;
    }
    // Where the exchange is on the media path, extensions get no push tones (R088).
    let exchange = Exchange::start("digits", "auto", 2101..2103);
    let mut caller = Baresip::start(&exchange.dir, "caller", 1_000);
    let mut callee = Baresip::start(&exchange.dir, "callee", 440);
    caller.register(account(&exchange, 2101));
    callee.register(Account { more: ";answermode=auto", ..account(&exchange, 2102) });
    caller.dial("2102");
    caller.event("CALL_ESTABLISHED");
    callee.hears(1_000);
    caller.command("sndcode", "159#");
    wait("the digits 159#", || (callee.digits() == "159#").then_some(()));
}

#[test]
fn a_transferred_call_goes_on_with_the_third_phone() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("blind", "auto", 2101..2104);
    let mut first = Baresip::start(&exchange.dir, "first", 1_000);
    let mut second = Baresip::start(&exchange.dir, "second", 440);
    let mut third = Baresip::start(&exchange.dir, "third", 700);
    first.register(account(&exchange, 2101));
    second.register(Account { more: ";answermode=auto", ..account(&exchange, 2102) });
    third.register(Account { more: ";answermode=auto", ..account(&exchange, 2103) });
    first.dial("2102");
    first.event("CALL_ESTABLISHED");
    second.hears(1_000);
    first.command("transfer", "2103");
    third.event("CALL_ESTABLISHED");
    first.event("CALL_CLOSED");
    third.hears(440);
}

/// The address in the SDP of the first message that fits.
fn media_of(text: &str) -> std::net::SocketAddr {
    let line = |start: &str| text.lines().map(str::trim).find(|l| l.starts_with(start)).unwrap();
    let ip = line("c=IN IP4 ").rsplit(' ').next().unwrap();
    let port = line("m=audio ").split(' ').nth(1).unwrap();
    format!("{ip}:{port}").parse().unwrap()
}

#[test]
fn the_held_party_hears_music_and_then_the_caller_again() {
    if !have(&["sipp"]) {
        return;
    }
    for path in ["relay", "auto"] {
        let exchange = Exchange::start(&format!("hold-{path}"), path, 2101..2103);
        let (near, far) = (Voice::start(None, 1_000), Voice::start(None, 440));
        let mut callee = Phone::registered(&exchange.dir, 2102, exchange.udp());
        let with = |voice: &Voice, tail: &str| spoken(voice.at, 1, tail);
        // It rings for a while, so that ring-back begins and ends before the audio.
        let answer = Script::callee("held")
            .answer(180, "", "")
            .pause(1_200)
            .answer(200, "", &with(&far, ""))
            .expect_request("ACK");
        // How many offers come depends on the path: with `auto` the audio moves to the exchange
        // for the music and back.
        let answer = answer.answer_offers_until_bye(&with(&far, ""));
        let held = callee.play(&answer, 2101);
        let mut caller =
            Phone::new(&exchange.dir, 2101, exchange.udp(), crate::harness::sipp::Over::Udp);
        let script = Script::caller("holds", "", &with(&near, ""))
            .may(100)
            .may(180)
            .may(183)
            .expect(200)
            .ack("")
            .pause(2_000)
            .request("INVITE", "", &with(&near, "a=sendonly"))
            .may(100)
            .expect(200)
            .ack("")
            .pause(5_000)
            .request("INVITE", "", &with(&near, "a=sendrecv"))
            .may(100)
            .expect(200)
            .ack("")
            .pause(2_500)
            .bye();
        let holder = caller.play(&script, 2102);
        let answered =
            holder.until("200 to the INVITE", |m| !m.sent && m.is("SIP/2.0 200", "2 INVITE"));
        near.call(media_of(answered.body()));
        let called = held.until("INVITE", |m| !m.sent && m.first().starts_with("INVITE"));
        far.call(media_of(called.body()));
        far.hears(1_000);
        near.hears(440);
        // Held: neither the caller's tone nor silence, but the music.
        holder.until("200 to the hold", |m| !m.sent && m.is("SIP/2.0 200", "3 INVITE"));
        far.hears_other_than(1_000);
        holder.until("200 to the resume", |m| !m.sent && m.is("SIP/2.0 200", "4 INVITE"));
        far.forget();
        far.hears(1_000);
        holder.good();
        held.good();
    }
}

#[test]
fn a_tls_phone_with_srtp_holds_resumes_and_transfers_a_plain_one() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("tls-services", "auto", 2101..2104);
    let mut first = Baresip::start(&exchange.dir, "first", 1_000);
    let mut second = Baresip::start(&exchange.dir, "second", 440);
    let mut third = Baresip::start(&exchange.dir, "third", 700);
    let secure = Account {
        exchange: exchange.tls(),
        transport: "tls",
        more: ";mediaenc=srtp-mand",
        ..account(&exchange, 2101)
    };
    first.register(secure);
    second.register(Account { more: ";answermode=auto", ..account(&exchange, 2102) });
    let by_tcp = Account { exchange: exchange.tcp(), transport: "tcp", ..account(&exchange, 2103) };
    third.register(Account { more: ";answermode=auto", ..by_tcp });
    first.dial("2102");
    first.event("CALL_ESTABLISHED");
    second.hears_now(1_000, true);
    first.hears_now(440, true);
    first.command("hold", "");
    second.hears_now(1_000, false);
    first.command("resume", "");
    second.hears_now(1_000, true);
    first.hears_now(440, true);
    first.command("transfer", "2103");
    third.event("CALL_ESTABLISHED");
    first.event("CALL_CLOSED");
    third.hears_now(440, true);
    second.hears_now(700, true);
    third.command("hangup", "");
    second.event("CALL_CLOSED");
    let history = exchange.history_of(2);
    assert!(history.iter().any(|row| row[4].contains("転送") && row[8] == "2101"), "{history:?}");
}
