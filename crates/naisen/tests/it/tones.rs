//! Digits in a call by each of the three ways (RFC 4733, INFO, in the audio), pressed by foreign
//! telephones: codes are obeyed, and what a party outside hears is recorded and measured (R086,
//! R087, R089).

use std::f64::consts::TAU;
use std::time::Duration;

use rtp::g711::Law;

use crate::harness::audio::{Dialled, Voice, digits, tone};
use crate::harness::baresip::{Account, Baresip};
use crate::harness::exchange::Exchange;
use crate::harness::script::{Script, sdp, spoken};
use crate::harness::sipp::{Over, Phone, Run};
use crate::harness::{PATIENCE, ask, have, let_run};
use crate::outside::{Api, gateway_with_line};

/// What the telephone says all the time.
const VOICE: u32 = 440;

/// A party outside that says 1 kHz and records all that it hears.
struct Outside {
    voice: Voice,
    run: Run,
}

impl Outside {
    /// Answers the next call; with telephone-event or without, so that digits are tones to it.
    fn waits(gateway: &mut Phone, events: bool) -> Self {
        let voice = Voice::start(None, 1_000);
        let body = session(&spoken(voice.at, 1, ""), events);
        let script = Script::callee("outside").answer(180, "", "").answer(200, "", &body);
        let run = gateway.play(&script.expect_request("ACK").expect_late_bye(), 2101);
        Outside { voice, run }
    }

    /// The digits in all that was heard so far.
    fn digits(&self) -> Vec<Dialled> {
        digits(&self.voice.heard())
    }

    /// Waits until all these digits were heard, in order, each for at least 50 ms.
    #[track_caller]
    fn hears_digits(&self, expected: &str) {
        let mut last = Vec::new();
        let heard = ask(Duration::from_secs(20), || {
            last = self.digits();
            let keys: String = last.iter().filter(|d| d.millis >= 50).map(|d| d.key).collect();
            (keys == expected).then_some(())
        });
        assert!(heard.is_some(), "expected {expected}: {last:?}");
    }

    /// No digit in all that was heard, of which at most 40 ms may leak.
    #[track_caller]
    fn heard_no_digit(&self) {
        let leaks = self.digits();
        assert!(leaks.iter().all(|d| d.millis <= 40), "{leaks:?}");
    }

    /// Waits until the telephone is heard again, or not any more but music.
    #[track_caller]
    fn hears_voice(&self, that: bool) {
        let mut last = None;
        let heard = ask(Duration::from_secs(20), || {
            let tail = tone(&self.voice.heard().tail(1.0), VOICE);
            last = Some(tail);
            let fits = if that { tail.seconds >= 0.8 } else { tail.seconds < 0.1 };
            (fits && tail.loud_seconds >= 0.5).then_some(())
        });
        assert!(heard.is_some(), "{that}: {last:?}");
    }
}

/// The exchange with push tones kept from the outside, and a gateway.
#[track_caller]
fn muting(name: &str) -> (Exchange, Phone) {
    let exchange = Exchange::start(name, "auto", 2101..2103);
    let api = Api::of(&exchange);
    api.prepare();
    let gateway = gateway_with_line(&exchange, &api);
    (exchange, gateway)
}

/// µ-law of the voice for so many milliseconds.
fn voice(millis: usize) -> Vec<u8> {
    sound(millis, &[VOICE])
}

/// µ-law of these tones together.
fn sound(millis: usize, hertz: &[u32]) -> Vec<u8> {
    let one = |n: usize, hertz: u32| (TAU * f64::from(hertz) * n as f64 / 8_000.0).sin();
    let sample = |n| hertz.iter().map(|h| one(n, *h)).sum::<f64>() * 6_000.0;
    (0..millis * 8).map(|n| Law::Mu.encode(sample(n) as i16)).collect()
}

/// Keys as audio: 100 ms each and 100 ms of silence behind it.
fn keys(keys: &str) -> Vec<u8> {
    let tones = |key| match key {
        '1' => [697, 1_209],
        '2' => [697, 1_336],
        '3' => [697, 1_477],
        '4' => [770, 1_209],
        '7' => [852, 1_209],
        '9' => [852, 1_477],
        '#' => [941, 1_477],
        other => panic!("{other}"),
    };
    keys.chars().flat_map(|key| [sound(100, &tones(key)), sound(100, &[])].concat()).collect()
}

/// The offer of a telephone played by SIPp; with telephone-event or without.
fn offer(events: bool) -> String {
    session(&sdp(30_101, "").replace("m=audio 30101", "m=audio [rtpstream_audio_port]"), events)
}

/// The session with telephone-event or without.
fn session(body: &str, events: bool) -> String {
    if events {
        return body.to_owned();
    }
    let body = body.replace("RTP/AVP 0 101", "RTP/AVP 0");
    body.lines().filter(|l| !l.contains(":101")).map(|l| format!("{l}\n")).collect()
}

fn calls_outside(body: &str) -> Script {
    Script::caller("presses", "", body).may(100).may(180).may(183).expect(200).ack("")
}

const OUTSIDE: &str = "00312345678";

#[test]
fn digits_of_events_are_obeyed_kept_from_the_outside_and_let_through_by_the_code() {
    if !have(&["sipp", "baresip"]) {
        return;
    }
    let (exchange, mut gateway) = muting("tones-events");
    let mut caller = Baresip::start(&exchange.dir, "caller", VOICE);
    let (at, transport) = (exchange.udp(), "udp");
    caller.register(Account { dn: 2101, exchange: at, transport, more: "" });
    let outside = Outside::waits(&mut gateway, true);
    caller.dial(OUTSIDE);
    caller.event("CALL_ESTABLISHED");
    caller.hears(1_000);
    outside.hears_voice(true);
    caller.command("sndcode", "12");
    let_run(Duration::from_secs(3));
    outside.heard_no_digit();
    outside.hears_voice(true);
    caller.command("sndcode", "#9");
    let_run(Duration::from_secs(2));
    outside.heard_no_digit();
    assert_eq!(outside.voice.events(), "", "kept, and the code itself");
    caller.command("sndcode", "34");
    let through = ask(PATIENCE, || (outside.voice.events() == "34").then_some(()));
    assert!(through.is_some(), "{}", outside.voice.events());
    caller.command("sndcode", "#7");
    outside.hears_voice(false);
    caller.command("sndcode", "#7");
    outside.hears_voice(true);
    assert_eq!(outside.voice.events(), "34");
    outside.heard_no_digit();
    caller.command("hangup", "");
    outside.run.good();
}

#[test]
fn digits_of_info_are_obeyed_kept_from_the_outside_and_let_through_by_the_code() {
    if !have(&["sipp"]) {
        return;
    }
    let (exchange, mut gateway) = muting("tones-info");
    let mut caller = Phone::on(&exchange, 2101, Over::Udp);
    exchange.write("voice.ul", &voice(4_000));
    let file = exchange.dir.join("voice.ul");
    let outside = Outside::waits(&mut gateway, false);
    let talks = calls_outside(&offer(true)).speak(&file, true).pause(1_500);
    let muted = talks.info('1').pause(300).info('2').pause(2_500);
    let opened = muted.info('#').pause(300).info('9').pause(2_000);
    let through = opened.info('3').pause(300).info('4').pause(3_500);
    let held = through.info('#').pause(300).info('7').pause(6_000);
    let script = held.info('#').pause(300).info('7').pause(6_000).bye();
    let calling = caller.play(&script, OUTSIDE);
    outside.hears_voice(true);
    outside.hears_digits("34");
    outside.hears_voice(false);
    outside.hears_voice(true);
    outside.hears_digits("34");
    Run::all_good([calling, outside.run]);
}

#[test]
fn digits_in_the_audio_are_obeyed_kept_from_the_outside_and_let_through_by_the_code() {
    if !have(&["sipp"]) {
        return;
    }
    let (exchange, mut gateway) = muting("tones-audio");
    let mut caller = Phone::on(&exchange, 2101, Over::Udp);
    let said = [
        voice(2_000),
        keys("12"),
        voice(2_500),
        keys("#9"),
        voice(2_000),
        keys("34"),
        voice(3_000),
        keys("#7"),
        voice(5_000),
        keys("#7"),
        voice(9_000),
    ];
    exchange.write("said.ul", &said.concat());
    let file = exchange.dir.join("said.ul");
    let outside = Outside::waits(&mut gateway, false);
    let script = calls_outside(&offer(false)).speak(&file, false).pause(24_000).bye();
    let calling = caller.play(&script, OUTSIDE);
    outside.hears_voice(true);
    // Of the first four nothing; what is let through is the audio itself.
    outside.hears_digits("34");
    outside.hears_voice(false);
    outside.hears_voice(true);
    // Codes are audio too once tones are let through: the hold code comes by as it was pressed,
    // and nothing of what the held party did not hear.
    let keys: String = outside.digits().iter().filter(|d| d.millis > 40).map(|d| d.key).collect();
    assert!(keys.starts_with("34") && keys[2..].chars().all(|k| k == '#' || k == '7'), "{keys}");
    Run::all_good([calling, outside.run]);
}
