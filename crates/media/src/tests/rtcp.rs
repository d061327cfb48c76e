//! Reports pass the relay under the names that each side knows.

use base::LegId;
use rtp::rtcp::{parts, summary};

use super::bench::{Bench, PATIENCE, pair};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

#[test]
fn reports_pass_and_are_counted() {
    let bench = Bench::new();
    let (mut a, mut b, _) = pair(&bench, |_, _| {});
    let (mut heard_by_a, mut heard_by_b) = (None, None);
    for _ in 0..4 {
        a.send(&[1; 160]);
        heard_by_b = Some(b.hear().0.header);
        b.send(&[1; 160]);
        heard_by_a = Some(a.hear().0.header);
    }
    let (by_a, by_b) = (heard_by_a.unwrap(), heard_by_b.unwrap());
    // A reports what it sends and that it has lost three of what it hears.
    let sr = [
        0x81c8_000c,
        0xa,
        0x1111_2222,
        0x3333_4444,
        a.next.timestamp,
        4,
        640, //
        by_a.ssrc,
        0x0000_0003,
        u32::from(by_a.sequence),
        7,
        0,
        0,
    ];
    let bye = [0x81cb_0001, 0xa];
    let to = a.rtcp_to.unwrap();
    a.rtcp.send_to(&words(&[&sr[..], &bye].concat()), to).unwrap();
    let mut buffer = [0; 500];
    b.rtcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let len = b.rtcp.recv(&mut buffer).expect("a report in time");
    let kinds: Vec<u8> = parts(&buffer[..len]).map(|p| p.kind).collect();
    assert_eq!(kinds, [200], "nobody says goodbye");
    let seen = summary(&buffer[..len]).unwrap();
    assert_eq!(seen.sender, by_b.ssrc);
    let report = seen.report.unwrap();
    assert_eq!((report.ssrc, report.lost), (0xb, 3));
    assert_eq!(report.highest as u16, b.next.sequence.wrapping_sub(1));
    assert_eq!(bench.close(LegId(1)).far_lost, 3);
}

#[test]
fn the_round_trip_is_measured_from_what_we_sent() {
    let bench = Bench::new();
    let (mut a, mut b, _) = pair(&bench, |_, _| {});
    a.send(&[1; 160]);
    let by_b = b.hear().0.header;
    b.send(&[1; 160]);
    a.hear();
    let sr = [0x80c8_0006, 0xa, 0x1111_2222, 0x3333_4444, a.next.timestamp, 1, 160];
    a.rtcp.send_to(&words(&sr), a.rtcp_to.unwrap()).unwrap();
    let mut buffer = [0; 500];
    b.rtcp.recv(&mut buffer).expect("a report in time");
    let rr = [0x81c9_0007, 0xb, by_b.ssrc, 0, u32::from(by_b.sequence), 0, 0x2222_3333, 0];
    b.rtcp.send_to(&words(&rr), b.rtcp_to.unwrap()).unwrap();
    a.rtcp.recv(&mut buffer).expect("a report in time");
    let rtt = bench.close(LegId(2)).rtt_us;
    assert!((1..10_000_000).contains(&rtt), "{rtt}");
}
