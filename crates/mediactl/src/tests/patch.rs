//! What a patched copy changes, and that it changes nothing else (MED-T12).

use proptest::prelude::*;

use super::read::{PHONE, SECURE_FAX};
use crate::sdp::{CryptoPatch, Others, Patch, Profile, Sdp, SdpError};
use crate::{CryptoKey, Direction, Sdes, Suite};

const OURS: &str = "198.51.100.1:16400";

fn relay() -> Patch<'static> {
    let rtp = OURS.parse().unwrap();
    Patch { rtp: Some(rtp), others: Others::Refuse, ..Patch::default() }
}

/// The lines that only one of the two has.
#[track_caller]
fn check(before: &str, patch: &Patch<'_>, gone: &[&str], fresh: &[&str]) -> String {
    let sdp = Sdp::parse(before.as_bytes()).unwrap();
    let after = String::from_utf8(sdp.patched(patch).unwrap()).unwrap();
    assert!(Sdp::parse(after.as_bytes()).is_ok(), "{after}");
    let minus = |a: &str, b: &str| -> Vec<String> {
        a.lines().filter(|l| !b.lines().any(|m| m == *l)).map(Into::into).collect()
    };
    assert_eq!(minus(before, &after), gone, "gone");
    assert_eq!(minus(&after, before), fresh, "fresh");
    after
}

#[test]
fn nothing_asked_nothing_changed() {
    for body in [PHONE, SECURE_FAX] {
        let sdp = Sdp::parse(body.as_bytes()).unwrap();
        assert_eq!(sdp.patched(&Patch::default()).unwrap(), body.as_bytes());
    }
}

#[test]
fn relay_puts_our_address_into_three_lines() {
    let after = check(
        PHONE,
        &relay(),
        &[
            "o=- 20518 7 IN IP4 192.0.2.10",
            "c=IN IP4 192.0.2.10",
            "m=audio 11780 RTP/AVP 9 0 8 97 101",
        ],
        &[
            "o=- 20518 7 IN IP4 198.51.100.1",
            "c=IN IP4 198.51.100.1",
            "m=audio 16400 RTP/AVP 9 0 8 97 101",
        ],
    );
    assert_eq!(after.lines().count(), PHONE.lines().count());
}

#[test]
fn relay_to_another_family_with_own_rtcp_port_and_direction() {
    let patch = Patch {
        rtp: Some("[2001:db8::9]:5000".parse().unwrap()),
        rtcp: Some("[2001:db8::9]:6001".parse().unwrap()),
        direction: Some(Direction::SendOnly),
        ..Patch::default()
    };
    check(
        PHONE,
        &patch,
        &[
            "o=- 20518 7 IN IP4 192.0.2.10",
            "c=IN IP4 192.0.2.10",
            "m=audio 11780 RTP/AVP 9 0 8 97 101",
            "a=sendrecv",
        ],
        &[
            "o=- 20518 7 IN IP6 2001:db8::9",
            "c=IN IP6 2001:db8::9",
            "m=audio 5000 RTP/AVP 9 0 8 97 101",
            "a=sendonly",
            "a=rtcp:6001 IN IP6 2001:db8::9",
        ],
    );
}

#[test]
fn secure_leg_becomes_plain_and_other_lines_are_refused() {
    let patch = Patch { crypto: CryptoPatch::Plain, ..relay() };
    let sdp = Sdp::parse(SECURE_FAX.as_bytes()).unwrap();
    let after = String::from_utf8(sdp.patched(&patch).unwrap()).unwrap();
    assert_eq!(
        after,
        "v=0\no=u 1 1 IN IP4 198.51.100.1\ns=-\nt=0 0\n\
         m=audio 16400 RTP/AVP 0\nc=IN IP4 198.51.100.1\n\
         m=image 0 udptl t38\nc=IN IP4 198.51.100.1\na=T38FaxVersion:0\n\
         m=video 0 RTP/AVP 96"
    );
}

#[test]
fn keys_go_where_keys_were_or_to_the_end() {
    let key = Sdes { tag: 1, suite: Suite::AesCm128HmacSha1_80, key: CryptoKey([0xff; 30]) };
    let lines = [key, Sdes { tag: 2, suite: Suite::AesCm128HmacSha1_32, ..key }];
    let crypto = CryptoPatch::Sdes { lines: &lines, profile: Profile::Savp };
    let after = check(
        PHONE,
        &Patch { crypto, ..Patch::default() },
        &["m=audio 11780 RTP/AVP 9 0 8 97 101"],
        &[
            "m=audio 11780 RTP/SAVP 9 0 8 97 101",
            &format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}", "/".repeat(40)),
            &format!("a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{}", "/".repeat(40)),
        ],
    );
    let sdp = Sdp::parse(after.as_bytes()).unwrap();
    assert_eq!(sdp.audio().unwrap().unwrap().crypto.as_slice(), lines);
    let sdp = Sdp::parse(SECURE_FAX.as_bytes()).unwrap();
    let one = CryptoPatch::Sdes { lines: &lines[..1], profile: Profile::Savp };
    let after = sdp.patched(&Patch { crypto: one, ..Patch::default() }).unwrap();
    let after = Sdp::parse(&after).unwrap();
    assert_eq!(after.audio().unwrap().unwrap().crypto.as_slice(), &lines[..1]);
}

#[test]
fn a_line_without_its_end_gets_one_before_ours_follows() {
    let body = PHONE.trim_end().replace("a=sendrecv", "a=x-last");
    let after = Sdp::parse(body.as_bytes()).unwrap().with_direction(Direction::Inactive).unwrap();
    assert!(after.ends_with(b"a=x-last\r\na=inactive\r\n"));
}

#[test]
fn fax_reinvite_is_relayed_on_the_same_port() {
    let body = SECURE_FAX.replace("m=audio 4000", "m=audio 0");
    let after = Sdp::parse(body.as_bytes()).unwrap().patched(&relay()).unwrap();
    let after = Sdp::parse(&after).unwrap();
    assert!(after.audio().unwrap().unwrap().is_refused());
    assert_eq!(after.image().unwrap().unwrap().addr, OURS.parse().unwrap());
}

#[test]
fn hold_of_old_becomes_a_direction() {
    let body = PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0");
    let after = Sdp::parse(body.as_bytes()).unwrap().patched(&relay()).unwrap();
    let audio = Sdp::parse(&after).unwrap().audio().unwrap().unwrap().direction;
    assert_eq!(audio, Direction::SendOnly);
}

#[test]
fn ice_does_not_pass_the_relay() {
    let ice =
        "a=ice-ufrag:x\r\na=candidate:1 1 UDP 1 192.0.2.10 1 typ host\r\na=rtcp-mux\r\na=ptime";
    let body = PHONE.replace("a=ptime", ice);
    let after = Sdp::parse(body.as_bytes()).unwrap().patched(&relay()).unwrap();
    let after = String::from_utf8(after).unwrap();
    assert!(!after.contains("ice") && !after.contains("candidate") && !after.contains("mux"));
    let direct = Sdp::parse(body.as_bytes()).unwrap().patched(&Patch::default()).unwrap();
    assert_eq!(direct, body.as_bytes());
}

#[test]
fn nothing_to_relay_is_an_error() {
    let sdp = Sdp::parse(b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n").unwrap();
    assert_eq!(sdp.patched(&relay()), Err(SdpError::Media));
}

proptest! {
    /// Whatever attributes stand there, relaying twice to the same address equals once, and
    /// every attribute that we do not know is there in its order.
    #[test]
    fn unknown_attributes_keep_their_bytes_and_order(
        attributes in proptest::collection::vec("a=x[a-z]{0,8}(:[ -~]{0,20})?", 0..12),
        split in 0usize..12,
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let at = split.min(attributes.len());
        let mut lines = vec!["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1"];
        lines.extend(attributes[..at].iter().map(String::as_str));
        lines.push("m=audio 4000 RTP/AVP 0");
        lines.extend(attributes[at..].iter().map(String::as_str));
        let body = lines.join(end) + end;
        let once = Sdp::parse(body.as_bytes()).unwrap().patched(&relay()).unwrap();
        let twice = Sdp::parse(&once).unwrap().patched(&relay()).unwrap();
        prop_assert_eq!(&once, &twice);
        let text = String::from_utf8(once).unwrap();
        let kept: Vec<&str> = text.split(end).filter(|l| l.starts_with("a=")).collect();
        prop_assert_eq!(kept, attributes.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
