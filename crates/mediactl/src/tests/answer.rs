//! Answers: ours stay within any offer, others' are checked.

use proptest::prelude::*;

use super::read::{PHONE, SECURE_FAX};
use crate::direction::Parts;
use crate::sdp::{AnswerError, Format, Own, Profile, Sdp, check_answer, common};
use crate::{Codec, CryptoKey, Direction, Payload, Sdes, Suite};

fn own() -> Own<'static> {
    Own {
        session: 7,
        rtp: "192.0.2.1:16384".parse().unwrap(),
        rtcp: "192.0.2.1:16385".parse().unwrap(),
        payloads: &Own::PAYLOADS,
        direction: Direction::SendRecv,
        profile: Profile::Avp,
        crypto: &[],
    }
}

#[track_caller]
fn verdict(offer: &str, answer: &str) -> Result<(), AnswerError> {
    let (offer, answer) = (Sdp::parse(offer.as_bytes()), Sdp::parse(answer.as_bytes()));
    check_answer(&answer.unwrap(), &offer.unwrap())
}

#[test]
fn our_answer_takes_the_offers_numbers_and_refuses_other_lines() {
    let offer = PHONE.to_owned() + "m=video 5000 RTP/AVP 96\r\n";
    let offer = Sdp::parse(offer.as_bytes()).unwrap();
    let answer = own().answer(&offer).unwrap();
    let answer = Sdp::parse(&answer).unwrap();
    assert_eq!(check_answer(&answer, &offer), Ok(()));
    let pts: Vec<u8> = answer.audio().unwrap().unwrap().payloads().iter().map(|p| p.pt).collect();
    assert_eq!(pts, [0, 8, 101]);
    let video = answer.media_line(1).unwrap().unwrap();
    assert_eq!((video.port, video.formats), (0, &b"96"[..]));
}

#[test]
fn a_secure_offer_needs_the_key_with_its_tag() {
    let offer = Sdp::parse(SECURE_FAX.as_bytes()).unwrap();
    assert_eq!(own().answer(&offer), Err(AnswerError::Crypto));
    let key = Sdes { tag: 1, suite: Suite::AesCm128HmacSha1_80, key: CryptoKey([1; 30]) };
    let other = Sdes { tag: 9, ..key };
    let answer = Own { crypto: &[other, key], ..own() }.answer(&offer).unwrap();
    let answer = Sdp::parse(&answer).unwrap();
    assert_eq!(check_answer(&answer, &offer), Ok(()));
    assert_eq!(answer.audio().unwrap().unwrap().crypto.as_slice(), [key]);
}

#[test]
fn wrong_answers_are_told() {
    let narrow = PHONE.replace("9 0 8 97 101", "0 101");
    assert_eq!(verdict(PHONE, &narrow), Ok(()));
    assert_eq!(verdict(&narrow, PHONE), Err(AnswerError::NotOffered(9)));
    let only_events = PHONE.replace("9 0 8 97 101", "101");
    assert_eq!(verdict(PHONE, &only_events), Err(AnswerError::NoCodec));
    let secure = PHONE.replace("RTP/AVP", "RTP/SAVP");
    assert_eq!(verdict(PHONE, &secure), Err(AnswerError::Profile));
    assert_eq!(verdict(&secure, &secure), Err(AnswerError::Crypto));
    let more = PHONE.to_owned() + "m=video 0 RTP/AVP 96\r\n";
    let count = AnswerError::MediaCount { offered: 1, answered: 2 };
    assert_eq!(verdict(PHONE, &more), Err(count));
    assert_eq!(verdict(PHONE, &PHONE.replace("audio 11780", "audio 0")), Ok(()));
    let renumbered = PHONE.replace("101", "96");
    assert_eq!(verdict(PHONE, &renumbered), Ok(()));
}

#[test]
fn the_first_common_codec_is_found() {
    let (a, b) = (PHONE.to_owned(), PHONE.replace("9 0 8 97 101", "8 0 101"));
    let (a, b) = (Sdp::parse(a.as_bytes()).unwrap(), Sdp::parse(b.as_bytes()).unwrap());
    let (a, b) = (a.audio().unwrap().unwrap(), b.audio().unwrap().unwrap());
    assert_eq!(common(&a, &b), Some(Payload::PCMU));
    assert_eq!(common(&b, &a), Some(Payload::PCMA));
}

#[test]
fn answers_follow_the_direction_table() {
    use Direction::{Inactive as I, RecvOnly as R, SendOnly as S, SendRecv as B};
    // (offer, what we want, answer): RFC 3264 §6.1.
    let table = [
        (B, B, B),
        (B, S, S),
        (B, R, R),
        (B, I, I),
        (S, B, R),
        (S, S, I),
        (S, R, R),
        (S, I, I),
        (R, B, S),
        (R, S, S),
        (R, R, I),
        (R, I, I),
        (I, B, I),
        (I, S, I),
        (I, R, I),
        (I, I, I),
    ];
    for (offer, want, answer) in table {
        assert_eq!(want.answer_to(offer), answer, "{offer:?} {want:?}");
        assert_eq!(offer.reversed().reversed(), offer);
    }
}

proptest! {
    #[test]
    fn our_answer_stays_within_any_offer(
        pts in proptest::collection::vec(0u8..128, 1..12),
        event in 96u8..128,
        send in any::<bool>(),
        recv in any::<bool>(),
        extra in 0usize..3,
    ) {
        let formats: Vec<String> = pts.iter().map(u8::to_string).collect();
        let direction = Direction::from_parts(Parts { send, recv });
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{}\
             m=audio 4000 RTP/AVP {} {event}\r\na=rtpmap:{event} telephone-event/8000\r\na={}\r\n",
            "m=video 7 RTP/AVP 96\r\n".repeat(extra),
            formats.join(" "),
            direction.as_str(),
        );
        let offer = Sdp::parse(offer.as_bytes()).unwrap();
        match own().answer(&offer) {
            Ok(answer) => {
                let answer = Sdp::parse(&answer).unwrap();
                prop_assert_eq!(check_answer(&answer, &offer), Ok(()));
                let audio = answer.audio().unwrap().unwrap();
                prop_assert_eq!(audio.direction, direction.reversed());
                let speech = |f: &Format<'_>| f.payload.codec != Codec::TelephoneEvent;
                prop_assert!(audio.formats.iter().any(speech));
            }
            Err(error) => {
                prop_assert_eq!(error, AnswerError::NoCodec);
                let event_hides = |pt: &u8| *pt == event;
                prop_assert!(pts.iter().all(|pt| ![0, 8].contains(pt) || event_hides(pt)));
            }
        }
    }
}
