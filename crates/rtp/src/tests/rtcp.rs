use proptest::prelude::*;

use crate::Header;
use crate::rtcp::{Passage, SenderReport, is_rtcp, parts, pass, summary};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

/// SR of 0xA with one block about 0xB, SDES, BYE.
fn compound() -> Vec<u8> {
    let sr = [
        0x81c8_000c,
        0xa,
        0x1111_2222,
        0x3333_4444,
        1_000,
        50,
        8_000, //
        0xb,
        0x1980_0003,
        0x0001_0010,
        7,
        0x5555_6666,
        65_536,
    ];
    let sdes = [0x81ca_0002, 0xa, 0x0102_6162];
    let bye = [0x81cb_0001, 0xa];
    words(&[&sr[..], &sdes, &bye].concat())
}

const PASSAGE: Passage =
    Passage { sender: 0xaa, timestamp_offset: 5, reported: 0xb, own: 0xbb, sequence_offset: 0x20 };

#[test]
fn reports_are_read() {
    let summary = summary(&compound()).unwrap();
    assert_eq!((summary.sender, summary.sr_time), (0xa, Some(0x2222_3333)));
    let report = summary.report.unwrap();
    assert_eq!((report.ssrc, report.fraction_lost, report.lost), (0xb, 0x19, 0));
    assert_eq!((report.jitter, report.last_sr, report.since_sr), (7, 0x5555_6666, 65_536));
    assert!(is_rtcp(&compound()) && !is_rtcp(&Header::default().bytes()));
}

#[test]
fn a_report_passes_with_its_names_exchanged_and_without_goodbye() {
    let mut bytes = compound();
    let len = bytes.len();
    let len = pass(&mut bytes, len, &PASSAGE);
    let kinds: Vec<u8> = parts(&bytes[..len]).map(|p| p.kind).collect();
    assert_eq!(kinds, [200, 202]);
    let word = |n: usize| u32::from_be_bytes(bytes[4 * n..4 * n + 4].try_into().unwrap());
    assert_eq!((word(1), word(4)), (0xaa, 1_005));
    assert_eq!((word(2), word(3)), (0x1111_2222, 0x3333_4444));
    assert_eq!((word(7), word(9)), (0xbb, 0x0001_fff0));
    assert_eq!(word(14), 0xaa);
}

#[test]
fn what_begins_without_a_report_does_not_pass() {
    let mut bye = words(&[0x81cb_0001, 0xa]);
    assert_eq!(pass(&mut bye, 8, &PASSAGE), 0);
    let mut sdes = words(&[0x81ca_0002, 0xa, 0x0102_6162]);
    assert_eq!(pass(&mut sdes, 12, &PASSAGE), 0);
}

#[test]
fn our_own_report_is_a_whole_compound() {
    let header = Header { ssrc: 0x1234_abcd, timestamp: 9, ..Header::default() };
    let bytes = SenderReport { header, ntp: (1, 2), packets: 3, octets: 4 }.bytes();
    let kinds: Vec<(u8, usize)> = parts(&bytes).map(|p| (p.kind, p.body.len())).collect();
    assert_eq!(kinds, [(200, 24), (202, 16)]);
    assert_eq!(summary(&bytes).unwrap().sender, 0x1234_abcd);
    assert_eq!(&bytes[36..46], b"\x01\x081234abcd");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        kind in 200u8..208,
    ) {
        let mut bytes = bytes;
        if let [first, second, ..] = bytes.as_mut_slice() {
            *first |= 0x80;
            *second = kind;
        }
        let _ = summary(&bytes);
        let len = bytes.len();
        prop_assert!(pass(&mut bytes, len, &PASSAGE) <= len);
    }
}
