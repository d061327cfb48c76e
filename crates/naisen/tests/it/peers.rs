//! Telephones of other kinds: on IPv6, with names in Shift_JIS, and strangers who send nothing
//! but rubbish while others talk.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::harness::audio::Voice;
use crate::harness::exchange::Exchange;
use crate::harness::pair::{Seen, both_ways, play, same_sdp};
use crate::harness::script::{Script, sdp, spoken};
use crate::harness::sipp::{Message, Over, Phone, Run};
use crate::harness::tiny::Tiny;
use crate::harness::{have, own_address, skip, wait};

const CALLER_SDP: u16 = 30_100;
const CALLEE_SDP: u16 = 30_200;

/// An exchange that listens on both address families, when this machine has both.
#[track_caller]
fn dual(name: &str, path: &str) -> Option<Exchange> {
    if !have(&["sipp"]) {
        return None;
    }
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        skip("no IPv6 here");
        return None;
    }
    let mut exchange = Exchange::prepared(name, path, 2101..2104);
    exchange.on_both_families();
    exchange.serve();
    Some(exchange)
}

#[test]
fn a_whole_call_by_ipv6() {
    let Some(exchange) = dual("six", "auto") else { return };
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(300)
        .request("UPDATE", "", &sdp(CALLER_SDP + 2, ""))
        .expect(200)
        .bye();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp(CALLEE_SDP, ""))
        .expect_bye();
    let Seen { near, far, .. } =
        play(&exchange, (Over::Udp6, Over::Udp6), (&caller, &callee), 2102);
    let offer = far.got("INVITE", "INVITE");
    same_sdp(near.sent("INVITE", "2 INVITE"), offer);
    same_sdp(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
    same_sdp(near.sent("UPDATE", "UPDATE"), far.got("UPDATE", "UPDATE"));
    assert_eq!(offer.sdp("c="), ["c=IN IP6 ::1"]);
    for header in ["Via", "Contact"] {
        let value = offer.header(header).unwrap();
        assert!(value.contains("[::1]:"), "{header}: {value}");
    }
    let row = exchange.history_of(1).remove(0);
    assert_eq!((&*row[3], &*row[10]), ("成立", "2101"), "{row:?}");
}

/// The place of the audio that a message names.
fn place(message: &Message) -> SocketAddr {
    let line = |start: &str| message.sdp(start).pop().unwrap();
    let ip: IpAddr = line("c=IN ").rsplit(' ').next().unwrap().parse().unwrap();
    let port = line("m=audio ").split(' ').nth(1).unwrap().parse().unwrap();
    SocketAddr::new(ip, port)
}

#[test]
fn a_phone_on_ipv6_and_one_on_ipv4_hear_each_other() {
    let Some(exchange) = dual("four-six", "auto") else { return };
    let six = || Some(IpAddr::V6(Ipv6Addr::LOCALHOST));
    for (turn, (from, to)) in
        [(Over::Udp, Over::Udp6), (Over::Udp6, Over::Tcp)].into_iter().enumerate()
    {
        let ip = |over: Over| if over == Over::Udp6 { six() } else { None };
        let (near, far) = (Voice::start(ip(from), 1_000), Voice::start(ip(to), 440));
        let mut called = Phone::on(&exchange, 2102 + turn as u32, to);
        let callee = Script::callee("callee")
            .answer(180, "", "")
            .answer(200, "", &spoken(far.at, 1, ""))
            .expect_request("ACK")
            .expect_bye();
        let callee = called.play(&callee, 2101);
        let caller = Script::caller("caller", "", &spoken(near.at, 1, ""))
            .may(100)
            .may(180)
            .expect(200)
            .ack("")
            .pause(3_000)
            .bye();
        let caller = Phone::calling(&exchange, 2101, from).play(&caller, called.dn);
        let offer = callee.until("INVITE", |m| !m.sent && m.first().starts_with("INVITE"));
        let answer = caller.until("200", |m| !m.sent && m.is("SIP/2.0 200", "2 INVITE"));
        // Each is told an address of its own family, with everything else as it was.
        assert_eq!(place(&offer).is_ipv6(), to == Over::Udp6, "{}", offer.text);
        assert_eq!(place(&answer).is_ipv6(), from == Over::Udp6, "{}", answer.text);
        far.call(place(&offer));
        near.call(place(&answer));
        far.hears(1_000);
        near.hears(440);
        let [caller, callee] = Run::all_good([caller, callee]);
        for (sent, got) in [
            (caller.sent("INVITE", "2 INVITE"), callee.got("INVITE", "INVITE")),
            (callee.sent("SIP/2.0 200", "INVITE"), caller.got("SIP/2.0 200", "2 INVITE")),
        ] {
            assert_eq!(sent.sdp("a=rtpmap:"), got.sdp("a=rtpmap:"));
            assert_ne!(sent.sdp("c="), got.sdp("c="));
        }
    }
}

#[test]
fn a_shift_jis_name_reaches_the_other_phone_as_utf8_and_costs_no_header() {
    // What follows the name counts: who is called, the dialog, the timer, 100rel, the offer.
    let more = "Supported: timer, 100rel\nSession-Expires: 600;refresher=uac\n";
    let caller = Script::caller("names", more, &sdp(CALLER_SDP, ""))
        .may(100)
        .expect_reliable(183)
        .prack("")
        .expect_only(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye()
        .with_shift_jis_name();
    let callee = Script::callee("named")
        .answer(183, "", &sdp(CALLEE_SDP, ""))
        .pause(300)
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let exchange = both_ways("names", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        let invite = far.got("INVITE", "INVITE");
        let from = invite.header("From").unwrap();
        assert!(from.starts_with("\"山田表\" <sip:2101@"), "{from}");
        let asserted = invite.header("P-Asserted-Identity").unwrap();
        assert!(asserted.starts_with("\"山田表\" <sip:2101@"), "{asserted}");
        same_sdp(near.sent("INVITE", "2 INVITE"), invite);
        assert_eq!(near.got("SIP/2.0 183", "INVITE").header("Require"), Some("100rel"));
        let answer = near.got("SIP/2.0 200", "2 INVITE");
        assert_eq!(answer.header("Session-Expires"), Some("600;refresher=uac"));
        assert!(answer.header("To").unwrap().contains(";tag="), "{}", answer.text);
    });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!((&*row[3], &*row[6]), ("成立", "2101"), "{row:?}");
    }
}

/// Every message of the torture corpus (RFC 4475 and 5118).
fn torture() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/testdata");
    let files = ["rfc4475", "rfc5118"].into_iter().flat_map(|rfc| {
        let mut files: Vec<_> =
            std::fs::read_dir(root.join(rfc)).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    });
    let all: Vec<Vec<u8>> = files.map(|file| std::fs::read(file).unwrap()).collect();
    assert!(all.len() >= 61, "{} messages", all.len());
    all
}

/// Resident memory of the exchange, KiB.
fn memory(exchange: &Exchange) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", exchange.pid())).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends the corpus over and over, each time damaged at another place, until it is told to stop.
fn flood(to: SocketAddr, sent: &AtomicU32, stop: &AtomicBool) {
    let corpus = torture();
    let sockets: Vec<UdpSocket> =
        (0..4).map(|_| UdpSocket::bind((own_address(), 0)).unwrap()).collect();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    'all: for round in 0.. {
        for message in &corpus {
            if stop.load(Ordering::Relaxed) {
                break 'all;
            }
            let mut bytes = message.clone();
            // The first round is the corpus itself.
            for _ in 0..round.min(4) {
                let at = next(bytes.len());
                bytes[at] = next(256) as u8;
            }
            bytes.truncate(1 + if round % 3 == 2 { next(bytes.len()) } else { bytes.len() });
            let _ = sockets[next(4)].send_to(&bytes, to);
            if sent.fetch_add(1, Ordering::Relaxed) % 16 == 15 {
                std::thread::park_timeout(Duration::from_millis(8));
            }
        }
    }
}

#[test]
fn calls_go_on_under_a_flood_of_damaged_messages() {
    let exchange = Exchange::start("flood", "auto", 2101..2103);
    let mut caller = Tiny::new(2101, exchange.udp());
    let mut callee = Tiny::new(2102, exchange.udp());
    let time = Duration::from_secs(10);
    assert!(callee.register(Some(1), time).is_some(), "not registered");
    let mut calls = 0_u32;
    let mut call = |caller: &mut Tiny, callee: &Tiny| {
        // On a machine that is busy otherwise a call may meet a 503, and is tried again.
        let done = (0..5).find_map(|_| caller.call(callee, time));
        assert_eq!(done, Some(true), "call {calls}");
        calls += 1;
    };
    for _ in 0..20 {
        call(&mut caller, &callee);
    }
    let before = memory(&exchange);
    let (sent, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let strangers = scope.spawn(|| flood(exchange.udp(), &sent, &stop));
        // By TCP each message costs its sender the connection at most.
        for message in torture() {
            let mut stream = TcpStream::connect(exchange.tcp()).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            let _ = stream.write_all(&message);
            let _ = stream.read(&mut [0; 4096]);
            call(&mut caller, &callee);
        }
        while sent.load(Ordering::Relaxed) < 4_000 {
            call(&mut caller, &callee);
        }
        stop.store(true, Ordering::Relaxed);
        strangers.join().unwrap();
    });
    for _ in 0..5 {
        call(&mut caller, &callee);
    }
    assert!(callee.register(Some(2), time).is_some(), "not registered any more");
    // What the calls themselves leave for a while is some kilobytes each.
    let grown = memory(&exchange).saturating_sub(before);
    let allowed = 8 * 1_024 + 32 * u64::from(calls);
    assert!(
        grown < allowed,
        "{grown} KiB more after {} messages, {calls} calls",
        sent.into_inner()
    );
    let good = || exchange.history().iter().filter(|r| r[3] == "成立" && r[11] == "016").count();
    wait("the history of all calls", || (good() == calls as usize).then_some(()));
}
