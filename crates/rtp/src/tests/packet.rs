use proptest::prelude::*;

use crate::{HEADER_BYTES, Header, parse};

#[test]
fn header_parts_are_found() {
    let mut packet = vec![0xb1, 0x80 | 101, 0x12, 0x34, 0, 0, 0, 9, 0xca, 0xfe, 0xba, 0xbe];
    packet.extend([0, 0, 0, 1]); // one contributing source
    packet.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9]); // an extension of one word
    packet.extend([1, 2, 3, 4, 0, 0, 0, 4]); // payload and padding of four
    let parsed = parse(&packet).unwrap();
    let header =
        Header { marker: true, pt: 101, sequence: 0x1234, timestamp: 9, ssrc: 0xcafe_babe };
    assert_eq!(parsed.header, header);
    assert_eq!(parsed.payload(&packet), [1, 2, 3, 4]);
    let changed = Header { marker: false, pt: 96, sequence: 1, timestamp: 2, ssrc: 3 };
    changed.patch(&mut packet);
    let again = parse(&packet).unwrap();
    assert_eq!((again.header, again.payload_at), (changed, parsed.payload_at));
}

#[test]
fn what_is_no_rtp_is_refused() {
    let good = Header::default().bytes();
    assert!(parse(&good).is_some());
    assert!(parse(&good[..11]).is_none());
    for (at, value) in [(0, 0x40), (0, 0x81), (0, 0x90)] {
        let mut bad = good;
        bad[at] = value;
        assert!(parse(&bad).is_none(), "{value:#x}");
    }
    let mut padded = good.to_vec();
    padded[0] |= 0x20;
    padded.push(2);
    assert!(parse(&padded).is_none());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Some(parsed) = parse(&bytes) {
            prop_assert!(parsed.payload_at >= HEADER_BYTES);
            prop_assert!(parsed.payload_end <= bytes.len());
        }
    }
}
