//! MED-T13, the pure half: both forms of the boundary mean the same.

use base::id::LegId;
use proptest::prelude::*;

use crate::wire::{
    FRAME_MAX, VERSION, WireError, decode_command, decode_event, encode_command, encode_event,
    split_frame,
};
use crate::*;

fn addr() -> impl Strategy<Value = std::net::SocketAddr> {
    any::<(std::net::IpAddr, u16)>().prop_map(Into::into)
}

fn digit() -> impl Strategy<Value = Digit> {
    (0u8..16).prop_map(|code| Digit::from_event(code).unwrap())
}

fn sdes() -> impl Strategy<Value = Sdes> {
    let suite = prop_oneof![Just(Suite::AesCm128HmacSha1_80), Just(Suite::AesCm128HmacSha1_32)];
    (any::<u32>(), suite, any::<[u8; 30]>()).prop_map(|(tag, suite, key)| Sdes {
        tag,
        suite,
        key: CryptoKey(key),
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    let codec = prop_oneof![
        Just(Codec::Pcmu),
        Just(Codec::Opus),
        Just(Codec::TelephoneEvent),
        "x[a-z0-9-]{0,20}".prop_map(|n| Codec::from_name(n.as_bytes()).unwrap()),
    ];
    (0u8..128, codec, any::<u32>(), any::<u8>()).prop_map(|(pt, codec, clock, channels)| Payload {
        pt,
        codec,
        clock,
        channels,
    })
}

fn file() -> impl Strategy<Value = FileId> {
    (0..3, any::<u64>()).prop_map(|(kind, n)| match kind {
        0 => FileId::Message(n),
        1 => FileId::Greeting(n),
        _ => FileId::Sound(n),
    })
}

fn words() -> impl Strategy<Value = Words> {
    let pieces = proptest::collection::vec(any::<(bool, u8)>(), 0..=Words::MAX + 2);
    (any::<bool>(), pieces).prop_map(|(ja, pieces)| {
        let words = Words::new(if ja { Language::Ja } else { Language::En });
        pieces.into_iter().fold(words, |words, (tone, n)| {
            let n = usize::from(n);
            match tone {
                true => words.tone(ToneKind::ALL[n % ToneKind::ALL.len()]),
                false => words.say(PromptId::ALL[n % PromptId::ALL.len()]),
            }
        })
    })
}

fn player() -> impl Strategy<Value = PlayerId> {
    prop_oneof![
        Just(PlayerId::HoldMusic),
        (0..PromptId::ALL.len(), any::<bool>()).prop_map(|(n, ja)| PlayerId::Prompt {
            id: PromptId::ALL[n],
            language: if ja { Language::Ja } else { Language::En },
        }),
        proptest::sample::select(&ToneKind::ALL[..]).prop_map(PlayerId::Tone),
        words().prop_map(PlayerId::Words),
        file().prop_map(PlayerId::File),
        any::<u64>().prop_map(PlayerId::Music),
    ]
}

fn joined() -> impl Strategy<Value = Joined> {
    let repeat = prop_oneof![Just(Repeat::Once), Just(Repeat::Forever)];
    prop_oneof![
        Just(Joined::None),
        Just(Joined::Echo),
        Just(Joined::Speaker),
        any::<u64>().prop_map(|n| Joined::Listener(LegId(n))),
        any::<u64>().prop_map(|n| Joined::Leg(LegId(n))),
        (player(), repeat, any::<u32>()).prop_map(|(what, repeat, serial)| Joined::Player(Play {
            what,
            repeat,
            serial
        })),
        (file(), any::<u16>(), any::<u32>())
            .prop_map(|(file, max_s, serial)| Joined::Recorder(Record { file, max_s, serial })),
    ]
}

fn want() -> impl Strategy<Value = LegWant> {
    let remote = (addr(), addr(), any::<bool>()).prop_map(|(rtp, rtcp, rtcp_mux)| RemoteMedia {
        rtp,
        rtcp,
        rtcp_mux,
    });
    let protection = prop_oneof![
        Just(Protection::None),
        (sdes(), sdes()).prop_map(|(local, remote)| Protection::Sdes { local, remote }),
    ];
    let direction = (any::<bool>(), any::<bool>())
        .prop_map(|(send, recv)| Direction::from_parts(direction::Parts { send, recv }));
    let rule =
        prop_oneof![Just(DtmfToPeer::Pass), Just(DtmfToPeer::Drop), Just(DtmfToPeer::Collect)];
    (
        any::<(u64, u64, std::net::IpAddr, u8)>(),
        proptest::option::of(remote),
        protection,
        proptest::collection::vec(payload(), 0..=sdp::PAYLOADS_MAX),
        direction,
        joined(),
        rule,
        proptest::collection::vec((player(), any::<u64>()), 0..=Words::MAX),
    )
        .prop_map(|(head, remote, protection, payloads, direction, joined, rule, instead)| {
            let (leg, group, local, form) = head;
            LegWant {
                leg: LegId(leg),
                group: GroupId(group),
                local,
                remote,
                form: [Form::Rtp, Form::Udptl, Form::Multicast][usize::from(form % 3)],
                protection,
                payloads: payloads.into_iter().collect(),
                direction,
                joined,
                dtmf_to_peer: rule,
                instead: instead.into_iter().map(|(of, sound)| Instead { of, sound }).collect(),
            }
        })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        want().prop_map(|w| Command::Leg(Box::new(w))),
        any::<u64>().prop_map(|n| Command::Close { leg: LegId(n) }),
        any::<u64>().prop_map(|n| Command::ReportStats { leg: LegId(n) }),
        (any::<u64>(), digit(), any::<u16>()).prop_map(|(leg, digit, duration_ms)| {
            Command::SendDigit { leg: LegId(leg), digit, duration_ms }
        }),
        file().prop_map(|file| Command::DeleteFile { file }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let leg = || any::<u64>().prop_map(LegId);
    let source = prop_oneof![Just(DigitSource::Event), Just(DigitSource::InBand)];
    let phase =
        prop_oneof![Just(DigitPhase::Begin), any::<u16>().prop_map(|ms| DigitPhase::End { ms }),];
    let why = prop_oneof![
        Just(Failure::ResourceShortage),
        Just(Failure::LocalAddress),
        Just(Failure::Socket),
        Just(Failure::BadCondition)
    ];
    prop_oneof![
        (leg(), addr(), addr()).prop_map(|(leg, rtp, rtcp)| Event::Opened { leg, rtp, rtcp }),
        (leg(), addr()).prop_map(|(leg, from)| Event::Latched { leg, from }),
        (leg(), digit(), source, phase).prop_map(|(leg, digit, source, phase)| Event::Digit {
            leg,
            digit,
            source,
            phase
        }),
        recorded(),
        leg().prop_map(|leg| Event::Silent { leg }),
        (leg(), any::<u32>()).prop_map(|(leg, serial)| Event::PlayEnded { leg, serial }),
        (leg(), any::<[u32; 9]>(), any::<bool>()).prop_map(|(leg, n, closed)| Event::Stats {
            leg,
            stats: LegStats {
                rx_packets: u64::from(n[0]) << 8,
                rx_bytes: n[1].into(),
                tx_packets: n[2].into(),
                tx_bytes: n[3].into(),
                rx_lost: n[4],
                rx_jitter_us: n[5],
                rx_dropped: n[6],
                far_lost: n[7],
                rtt_us: n[8],
            },
            closed,
        }),
        (leg(), why).prop_map(|(leg, why)| Event::Failed { leg, why }),
        Just(Event::Overload { load: Load::Normal }),
        Just(Event::Overload { load: Load::RefuseNew }),
    ]
}

fn recorded() -> impl Strategy<Value = Event> {
    use RecordFailure as Why;
    let whys = [Why::Storage, Why::DiskFull, Why::Exists, Why::Codec];
    let why = proptest::option::of(proptest::sample::select(whys.to_vec()));
    let end = prop_oneof![Just(RecordEnd::Stopped), Just(RecordEnd::Limit)];
    (any::<(u64, u32, u32)>(), file(), end, why).prop_map(|(numbers, file, end, why)| {
        let (leg, serial, duration_ms) = numbers;
        let leg = LegId(leg);
        match why {
            Some(why) => Event::RecordFailed { leg, serial, file, why },
            None => Event::Recorded { leg, serial, file, duration_ms, end },
        }
    })
}

proptest! {
    #[test]
    fn a_command_survives_the_wire(command in command()) {
        let mut bytes = Vec::new();
        encode_command(&command, &mut bytes);
        let (frame, used) = split_frame(&bytes).unwrap().unwrap();
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(decode_command(frame).unwrap(), command);
        for cut in 0..frame.len() {
            prop_assert!(decode_command(&frame[..cut]).is_err());
        }
    }

    #[test]
    fn an_event_survives_the_wire(event in event()) {
        let mut bytes = Vec::new();
        encode_event(&event, &mut bytes);
        let (frame, _) = split_frame(&bytes).unwrap().unwrap();
        prop_assert_eq!(decode_event(frame).unwrap(), event);
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_command(&bytes);
        let _ = decode_event(&bytes);
        let _ = split_frame(&bytes);
        let mut versioned = vec![VERSION];
        versioned.extend(bytes);
        let _ = decode_command(&versioned);
        let _ = decode_event(&versioned);
    }
}

#[test]
fn a_half_frame_waits_and_a_giant_is_refused() {
    let mut bytes = Vec::new();
    encode_command(&Command::Close { leg: LegId(1) }, &mut bytes);
    for cut in 0..bytes.len() {
        assert_eq!(split_frame(&bytes[..cut]), Ok(None));
    }
    let giant = (FRAME_MAX as u32 + 1).to_be_bytes();
    assert_eq!(split_frame(&giant), Err(WireError::Long));
}

#[test]
fn another_version_is_named() {
    assert_eq!(decode_command(&[9, 2, 0]), Err(WireError::Version(9)));
}
