//! Calls that do not come about, and the cause that the history gives for each.

use std::net::UdpSocket;

use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{Over, Phone};
use crate::harness::{free_port, have, own_address, wait};

/// Calls `called`, expects `status`, and gives the row of the history.
#[track_caller]
fn refused(exchange: &Exchange, called: u32, status: u16) -> Vec<String> {
    let script = Script::caller("refused", "", &sdp(30_100, ""))
        .may(100)
        .may(180)
        .may(183)
        .expect(status)
        .ack_refusal();
    let mut caller = Phone::new(&exchange.dir, 2101, exchange.udp(), Over::Udp);
    caller.play(&script, called).good();
    exchange.history_of(1).remove(0)
}

#[test]
fn an_unknown_number_is_001() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("unknown", "auto", 2101..2103);
    let row = refused(&exchange, 2999, 404);
    assert_eq!((&*row[3], &*row[5], &*row[7], &*row[11]), ("不成立", "2999", "", "001"), "{row:?}");
}

#[test]
fn an_unregistered_phone_is_announced_and_the_end_of_that_is_016() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("unregistered", "auto", 2101..2103);
    let row = refused(&exchange, 2102, 480);
    assert_eq!((&*row[3], &*row[7], &*row[11]), ("不成立", "2102", "016"), "{row:?}");
}

#[test]
fn who_hangs_up_during_the_announcement_of_an_unregistered_phone_is_047() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("unregistered-cancel", "auto", 2101..2103);
    let script = Script::caller("gives-up", "", &sdp(30_100, ""))
        .may(100)
        .expect(183)
        .pause(500)
        .cancel()
        .expect(200)
        .expect(487)
        .ack_refusal();
    let mut caller = Phone::new(&exchange.dir, 2101, exchange.udp(), Over::Udp);
    caller.play(&script, 2102).good();
    let row = exchange.history_of(1).remove(0);
    assert_eq!((&*row[7], &*row[10], &*row[11]), ("2102", "2101", "047"), "{row:?}");
}

#[test]
fn a_busy_phone_is_017() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("busy", "auto", 2101..2103);
    let mut callee = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let script = Script::callee("busy").answer(486, "", "").expect_request("ACK");
    let busy = callee.play(&script, 2101);
    let row = refused(&exchange, 2102, 486);
    busy.good();
    assert_eq!((&*row[3], &*row[7], &*row[11]), ("不成立", "2102", "017"), "{row:?}");
}

#[test]
fn a_phone_that_declines_is_021() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("declines", "auto", 2101..2103);
    let mut callee = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let script =
        Script::callee("declines").answer(180, "", "").answer(603, "", "").expect_request("ACK");
    let declines = callee.play(&script, 2101);
    let row = refused(&exchange, 2102, 603);
    declines.good();
    assert_eq!((&*row[10], &*row[11]), ("2102", "021"), "{row:?}");
}

/// Two pairs of ports carry one relayed call.
#[test]
fn a_call_for_which_no_port_is_left_is_042() {
    if !have(&["sipp"]) {
        return;
    }
    let mut exchange = Exchange::prepared("no-ports", "relay", 2101..2105);
    let first = (free_port(std::net::Ipv4Addr::LOCALHOST) & !1).clamp(1_024, 60_000);
    let file = exchange.dir.join("naisen.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let ports = format!("path = \"relay\"\nports = \"{first}-{}\"", first + 3);
    std::fs::write(&file, text.replace("path = \"relay\"", &ports)).unwrap();
    exchange.serve();
    let mut callee = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let answers = Script::callee("answers")
        .answer(200, "", &sdp(30_200, ""))
        .expect_request("ACK")
        .expect_bye();
    let answers = callee.play(&answers, 2101);
    let talks = Script::caller("talks", "", &sdp(30_100, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(2_000)
        .bye();
    let talks = Phone::new(&exchange.dir, 2101, exchange.udp(), Over::Udp).play(&talks, 2102);
    answers.until("ACK", |m| !m.sent && m.first().starts_with("ACK"));
    let _other = Phone::registered(&exchange.dir, 2104, exchange.udp());
    let script =
        Script::caller("refused", "", &sdp(30_300, "")).may(100).may(180).expect(503).ack_refusal();
    let refused = Phone::new(&exchange.dir, 2103, exchange.udp(), Over::Udp).play(&script, 2104);
    let seen = refused.good();
    let answer = seen.got("SIP/2.0 503", "2 INVITE");
    assert!(answer.header("Retry-After").is_some(), "{}", answer.text);
    assert!(answer.header("Reason").unwrap_or_default().contains("cause=42"), "{}", answer.text);
    talks.good();
    answers.good();
    let history = exchange.history_of(2);
    assert!(history.iter().any(|row| row[11] == "042"), "{history:?}");
}

#[test]
fn damaged_requests_change_nothing_for_others() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("damaged", "auto", 2101..2103);
    let socket = UdpSocket::bind((own_address(), 0)).unwrap();
    let own = socket.local_addr().unwrap();
    let mut name = format!(
        "OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKx\r\nFrom: \""
    )
    .into_bytes();
    name.extend(b"\x8eR\x93c\" <sip:2101@test>;tag=1\r\nTo: <sip:2102@test>\r\nCSeq: x\r\n\r\n");
    let damaged: [&[u8]; 6] = [
        b"",
        b"\x00\x01\x02\x03",
        b"INVITE sip:2102 SIP/2.0\r\n\r\n",
        b"INVITE \xff\xff SIP/9.9\r\nVia: ;;;\r\nContent-Length: -1\r\n\r\n",
        b"SIP/2.0 999 \r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK0000\r\n\r\n",
        &name,
    ];
    for message in damaged.iter().cycle().take(600) {
        socket.send_to(message, exchange.udp()).unwrap();
    }
    // The telephone beside it still registers and calls.
    let mut callee = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let script = Script::callee("answers")
        .answer(200, "", &sdp(30_200, ""))
        .expect_request("ACK")
        .expect_bye();
    let answers = callee.play(&script, 2101);
    let script =
        Script::caller("calls", "", &sdp(30_100, "")).may(100).may(180).expect(200).ack("").bye();
    Phone::new(&exchange.dir, 2101, exchange.udp(), Over::Udp).play(&script, 2102).good();
    answers.good();
}

#[test]
fn an_unknown_user_and_a_wrong_secret_get_the_same_answer() {
    let exchange = Exchange::start("guess", "auto", 2101..2103);
    let ask = |user: &str| {
        // Each from an address of its own, so that nobody is locked out here.
        let socket = UdpSocket::bind((own_address(), 0)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
        let own = socket.local_addr().unwrap();
        let request = format!(
            "REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKsame\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{DOMAIN}>;tag=1\r\nTo: <sip:{user}@{DOMAIN}>\r\n\
             Call-ID: same\r\nCSeq: 1 REGISTER\r\nContact: <sip:{user}@{own}>\r\n\
             Authorization: Digest username=\"{user}\", realm=\"{DOMAIN}\", nonce=\"guess\", \
             uri=\"sip:{DOMAIN}\", response=\"00000000000000000000000000000000\", algorithm=MD5, \
             qop=auth, nc=00000001, cnonce=\"x\"\r\nContent-Length: 0\r\n\r\n"
        );
        let mut buffer = [0; 4096];
        let length = wait("an answer", || {
            socket.send_to(request.as_bytes(), exchange.udp()).unwrap();
            socket.recv(&mut buffer).ok()
        });
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let names: Vec<String> = text
            .lines()
            .map(|line| line.split(':').next().unwrap_or_default().to_owned())
            .collect();
        assert!(text.starts_with("SIP/2.0 401"), "{text}");
        names
    };
    assert_eq!(ask("2101"), ask("9999"));
}
