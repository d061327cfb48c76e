//! Stream framing: sizes, errors, keep-alives, memory (sip.md §3.2, RFC 5626 §4.4.1).

use super::msg::request;
use crate::msg::frame::{Frame, Framer, is_stun};
use crate::msg::{Fault, HeaderId};

/// A complete message for a stream with that Subject.
fn whole(subject: &str, body: &str) -> Vec<u8> {
    request(&format!("Subject: {subject}\nContent-Type: text/plain\nl: {}\n", body.len()), body)
}

/// Short names of the frames that come out.
pub(super) fn drain(framer: &mut Framer) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(frame) = framer.next() {
        seen.push(match frame {
            Frame::Msg(msg) => {
                let subject = msg.value(HeaderId::Subject).unwrap_or_default();
                format!("{} {}", String::from_utf8_lossy(subject), msg.body().len())
            }
            Frame::Ping => "ping".into(),
            Frame::Pong => "pong".into(),
            Frame::Bad { error, close } => format!("{:?} {close}", error.fault),
        });
    }
    seen
}

fn feed(bytes: &[u8]) -> (Vec<String>, Framer) {
    let mut framer = Framer::new();
    framer.push(bytes);
    let seen = drain(&mut framer);
    (seen, framer)
}

#[test]
fn what_follows_a_message_is_the_next_one() {
    let bytes = [whole("a", "one"), whole("b", ""), whole("c", "three")].concat();
    let (seen, framer) = feed(&bytes);
    assert_eq!(seen, ["a 3", "b 0", "c 5"]);
    assert!(!framer.is_incomplete());
    assert_eq!(framer.held(), 0);
}

#[test]
fn every_cut_of_a_stream_gives_the_same_frames() {
    let mut bytes = b"\r\n\r\n".to_vec();
    bytes.extend(whole("a", "one\r\n\r\n"));
    bytes.extend_from_slice(b"\r\n");
    bytes.extend(whole("b", "").iter().filter(|b| **b != b'\r'));
    bytes.extend_from_slice(b"\r\n\r\n\r\n\0");
    bytes.extend(request("Subject: x\n y\nc: text/plain\nl: 1\n", "z"));
    let expected = feed(&bytes).0;
    assert_eq!(expected, ["pong", "ping", "a 7", "pong", "b 0", "pong", "ping", "pong", "x y 1"]);
    for cut in 1..bytes.len() {
        let mut framer = Framer::new();
        let mut seen = Vec::new();
        for part in [&bytes[..cut], &bytes[cut..]] {
            framer.push(part);
            seen.extend(drain(&mut framer));
        }
        assert_eq!(seen, expected, "cut at {cut}");
    }
    let mut framer = Framer::new();
    let mut seen = Vec::new();
    for byte in &bytes {
        framer.push(&[*byte]);
        seen.extend(drain(&mut framer));
    }
    assert_eq!(seen, expected, "byte by byte");
}

#[test]
fn incomplete_messages_are_told_to_the_shell() {
    let bytes = whole("a", "body");
    for cut in [1, 20, bytes.len() - 4, bytes.len() - 1] {
        let (seen, framer) = feed(&bytes[..cut]);
        assert!(seen.is_empty() && framer.is_incomplete(), "{cut}");
    }
    assert!(!feed(b"\r\n\r\n").1.is_incomplete());
}

/// SIP-D12, and the rows of sip.md §3.2 for streams.
#[test]
fn errors_are_answered_and_end_the_stream() {
    for (extra, fault) in [
        ("", "LengthMissing true"),
        ("l: abc\n", "ContentLength true"),
        ("l: -5\n", "ContentLength true"),
        ("l: 1\nl: 2\n", "ContentLength true"),
        ("l: 65537\n", "ContentLength true"),
        ("l: 65500\n", "TooLarge true"),
        ("no colon\nl: 0\n", "HeaderLine true"),
    ] {
        let mut bytes = request(extra, "");
        bytes.extend(whole("never read", ""));
        let (seen, mut framer) = feed(&bytes);
        assert_eq!(seen, [fault], "{extra}");
        assert!(framer.is_closed() && !framer.is_incomplete() && framer.held() == 0);
        framer.push(&whole("nor this", ""));
        assert!(framer.next().is_none());
    }
    let mut framer = Framer::new();
    framer.push(&request("", ""));
    let Some(Frame::Bad { error, close: true }) = framer.next() else { panic!() };
    assert!(error.answerable().is_some());
}

#[test]
fn a_broken_response_is_dropped_and_the_stream_goes_on() {
    let text = String::from_utf8(request("bad line\nl: 2\n", "xx")).unwrap();
    let mut bytes =
        text.replacen("INVITE sip:2001@naisen.example SIP/2.0", "SIP/2.0 200 OK", 1).into_bytes();
    bytes.extend(whole("next", ""));
    assert_eq!(feed(&bytes).0, ["HeaderLine false", "next 0"]);
}

#[test]
fn more_than_64_kib_is_513() {
    let head = request("l: 60000\n", "");
    let (seen, framer) = feed(&head);
    assert!(seen.is_empty() && framer.is_incomplete());
    let mut framer = Framer::new();
    framer.push(request("", "").split_last_chunk::<2>().unwrap().0);
    for _ in 0..70 {
        framer.push(format!("X-Y: {}\r\n", "z".repeat(1000)).as_bytes());
        if framer.held() <= 65_536 {
            assert!(framer.next().is_none());
        }
    }
    let Some(Frame::Bad { error, close: true }) = framer.next() else { panic!() };
    assert_eq!((error.fault, error.status()), (Fault::TooLarge, 513));
    assert!(error.answerable().is_some(), "the head came first, so the sender can be told");
}

#[test]
fn a_kept_message_holds_no_more_than_itself() {
    let mut framer = Framer::new();
    framer.push(&[whole("a", "one"), whole("b", &"x".repeat(20_000))].concat());
    let Some(Frame::Msg(first)) = framer.next() else { panic!() };
    assert_eq!(first.raw().len(), whole("a", "one").len());
    assert!(framer.held() > 20_000);
    assert!(framer.next().is_some() && framer.next().is_none());
    assert_eq!(framer.held(), 0);
}

#[test]
fn stun_is_told_from_sip() {
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend_from_slice(&[7; 12]);
    assert!(is_stun(&stun));
    assert!(!is_stun(&stun[..19]) && !is_stun(&whole("a", "")) && !is_stun(b"\0\0\0\0"));
}
