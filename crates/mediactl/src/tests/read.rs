//! Reading of SDP, broken bodies included (MED-T12).

use proptest::prelude::*;

use crate::sdp::{MediaKind, Own, Profile, Sdp, SdpError};
use crate::{Codec, Direction, Payload, Suite};

/// As a desk phone writes it, with an attribute that we do not know.
pub(super) const PHONE: &str = "v=0\r\n\
    o=- 20518 7 IN IP4 192.0.2.10\r\n\
    s=phone\r\n\
    c=IN IP4 192.0.2.10\r\n\
    t=0 0\r\n\
    a=x-session:日本語\r\n\
    m=audio 11780 RTP/AVP 9 0 8 97 101\r\n\
    a=rtpmap:9 G722/8000\r\n\
    a=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:97 iLBC/8000\r\n\
    a=fmtp:97 mode=30\r\n\
    a=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-16\r\n\
    a=x-unknown;strange: value \r\n\
    a=ptime:20\r\n\
    a=sendrecv\r\n";

pub(super) const SECURE_FAX: &str = "v=0\no=u 1 1 IN IP6 2001:db8::1\ns=-\nt=0 0\n\
    m=audio 4000 RTP/SAVP 0\nc=IN IP6 2001:db8::2\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^20\n\
    a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^20|1:4\n\
    a=crypto:3 F8_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\n\
    a=rtcp:4005 IN IP6 2001:db8::3\na=rtcp-mux\n\
    m=image 4010 udptl t38\nc=IN IP6 2001:db8::4\na=T38FaxVersion:0\n\
    m=video 0 RTP/AVP 96";

#[test]
fn a_phone_offer_is_read() {
    let sdp = Sdp::parse(PHONE.as_bytes()).unwrap();
    let audio = sdp.audio().unwrap().unwrap();
    assert_eq!(audio.rtp, "192.0.2.10:11780".parse().unwrap());
    assert_eq!(audio.rtcp, "192.0.2.10:11781".parse().unwrap());
    assert_eq!((audio.profile, audio.direction), (Profile::Avp, Direction::SendRecv));
    assert_eq!((audio.ptime_ms, audio.telephone_event()), (Some(20), Some(101)));
    let names: Vec<_> =
        audio.formats.iter().map(|f| (f.payload.pt, f.payload.codec.name())).collect();
    assert_eq!(
        format!("{names:?}"),
        r#"[(9, "G722"), (0, "PCMU"), (8, "PCMA"), (97, "iLBC"), (101, "telephone-event")]"#
    );
    assert_eq!(audio.formats[3].fmtp, Some(&b"mode=30"[..]));
    assert_eq!(audio.payloads()[1], Payload::PCMU);
    assert!(!sdp.wants_t38() && !audio.holds());
    assert_eq!(sdp.session_attribute(b"x-session"), Some("日本語".as_bytes()));
    assert_eq!(audio.remote(true).unwrap().rtcp, audio.rtp);
}

#[test]
fn keys_addresses_and_fax_are_read() {
    let sdp = Sdp::parse(SECURE_FAX.as_bytes()).unwrap();
    let audio = sdp.audio().unwrap().unwrap();
    assert_eq!(audio.rtp, "[2001:db8::2]:4000".parse().unwrap());
    assert_eq!(audio.rtcp, "[2001:db8::3]:4005".parse().unwrap());
    assert!(audio.rtcp_mux);
    assert_eq!(audio.profile, Profile::Savp);
    // The second names a master key identifier, the third a suite that we lack.
    assert_eq!(audio.crypto.len(), 1);
    assert_eq!((audio.crypto[0].tag, audio.crypto[0].suite), (1, Suite::AesCm128HmacSha1_80));
    assert_eq!(audio.crypto[0].key.0[29], 29);
    assert_eq!(sdp.image().unwrap().unwrap().addr, "[2001:db8::4]:4010".parse().unwrap());
    assert!(sdp.wants_t38());
    assert_eq!(sdp.media_line(2).unwrap().unwrap().kind, MediaKind::Other);
    assert_eq!(format!("{:?}", audio.crypto[0].key), "CryptoKey(…)");
}

#[test]
fn hold_is_seen_in_every_spelling() {
    let check = |from: &str, to: &str, direction: Direction| {
        let body = PHONE.replace(from, to);
        let sdp = Sdp::parse(body.as_bytes()).unwrap();
        let audio = sdp.audio().unwrap().unwrap();
        assert_eq!((audio.direction, audio.holds()), (direction, !direction.receives()));
    };
    check("a=sendrecv", "a=sendonly", Direction::SendOnly);
    check("a=sendrecv", "a=inactive", Direction::Inactive);
    check("a=sendrecv", "a=recvonly", Direction::RecvOnly);
    check("a=sendrecv\r\n", "", Direction::SendRecv);
    check("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0", Direction::SendOnly);
    check("a=x-session:日本語", "a=sendonly", Direction::SendRecv);
    let session = PHONE.replace("a=sendrecv\r\n", "").replace("a=x-session:日本語", "a=sendonly");
    let sdp = Sdp::parse(session.as_bytes()).unwrap();
    assert!(sdp.audio().unwrap().unwrap().holds());
}

#[test]
fn broken_bodies_are_named() {
    let parse = |body: &str| Sdp::parse(body.as_bytes()).map(|_| ());
    let audio = |from: &str, to: &str| {
        let body = PHONE.replace(from, to);
        Sdp::parse(body.as_bytes()).unwrap().audio().map(|_| ()).unwrap_err()
    };
    assert_eq!(parse(""), Err(SdpError::Syntax { line: 1 }));
    assert_eq!(parse("v=0\r\n"), Err(SdpError::Syntax { line: 1 }));
    assert_eq!(parse("v=1\r\no=- 1 1 IN IP4 x\r\n"), Err(SdpError::Syntax { line: 1 }));
    assert_eq!(parse("v=0\r\no=- 1 1\r\n"), Err(SdpError::Syntax { line: 2 }));
    assert_eq!(parse("v=0\r\no=- 1 1 IN IP4 x\r\njunk\r\n"), Err(SdpError::Syntax { line: 3 }));
    assert_eq!(parse(&PHONE.replace("s=", "\0=")), Err(SdpError::Syntax { line: 3 }));
    assert_eq!(parse(&"v=0\n".repeat(9_000)), Err(SdpError::TooLong));
    let head = "v=0\no=- 1 1 IN IP4 x\n";
    assert_eq!(parse(&format!("{head}{}", "a=x\n".repeat(2_000))), Err(SdpError::TooLong));
    assert_eq!(parse(&format!("{head}{}", "m=a 1 x 1\n".repeat(17))), Err(SdpError::TooLong));
    assert_eq!(audio("c=IN IP4 192.0.2.10\r\n", ""), SdpError::NoConnection);
    assert_eq!(audio("c=IN IP4 192.0.2.10", "c=IN IP4 pbx.example"), SdpError::Address);
    assert_eq!(audio("c=IN IP4 192.0.2.10", "c=IN IP4 239.1.1.1/64"), SdpError::Address);
    assert_eq!(audio("11780 RTP/AVP 9 0 8 97 101", "11780 RTP/AVP"), SdpError::Media);
    assert_eq!(audio("11780", "70000"), SdpError::Media);
    let none = Sdp::parse(b"v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\n\r\n").unwrap();
    assert_eq!(none.audio(), Ok(None));
}

#[test]
fn own_offer_reads_back_as_meant() {
    let own = Own {
        session: 42,
        rtp: "192.0.2.1:16384".parse().unwrap(),
        rtcp: "192.0.2.1:16390".parse().unwrap(),
        payloads: &Own::PAYLOADS,
        direction: Direction::SendOnly,
        profile: Profile::Avp,
        crypto: &[],
    };
    let body = own.offer();
    let sdp = Sdp::parse(&body).unwrap();
    let audio = sdp.audio().unwrap().unwrap();
    assert_eq!((audio.rtp, audio.rtcp), (own.rtp, own.rtcp));
    assert_eq!(audio.payloads().as_slice(), Own::PAYLOADS);
    assert_eq!(audio.direction, Direction::SendOnly);
    assert_eq!(audio.formats[2].fmtp, Some(&b"0-15"[..]));
    assert_eq!(audio.formats[2].payload.codec, Codec::TelephoneEvent);
}

/// Lines that look nearly right.
fn odd_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[acmobst]=[ -~]{0,40}",
        "m=(audio|image) [0-9]{1,6}(/2)? RTP/S?AVP [0-9 ]{0,9}",
        "a=(rtcp|fmtp|rtpmap|crypto|ptime)[ :0-9a-zA-Z/]{0,20}",
        "c=IN IP[46] [0-9.:]{1,12}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        lines in proptest::collection::vec(odd_line(), 0..20),
    ) {
        let body = format!("v=0\no=- 1 2 IN IP4 192.0.2.1\n{}", lines.join("\r\n"));
        if let Ok(sdp) = Sdp::parse(body.as_bytes()) {
            let _ = sdp.audio();
            let _ = sdp.image();
            let _ = sdp.patched(&Default::default());
            let _ = crate::sdp::check_answer(&sdp, &sdp);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Sdp::parse(&body).map(|sdp| sdp.audio().is_ok());
    }
}
