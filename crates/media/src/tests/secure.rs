//! SDES-SRTP on one leg or both.

use base::LegId;
use mediactl::{CryptoKey, LegWant, Protection, Sdes, Suite};
use rtp::srtp::{OVERHEAD_MAX, Protect, Tag, Unprotect};

use super::bench::{Bench, Phone, pair};

fn line(suite: Suite, n: u8) -> Sdes {
    Sdes { tag: 1, suite, key: CryptoKey([n; 30]) }
}

fn keys(suite: Suite, ours: u8, theirs: u8) -> Protection {
    Protection::Sdes { local: line(suite, ours), remote: line(suite, theirs) }
}

/// The phone's own contexts.
struct Sealed {
    out: Protect,
    back: Unprotect,
}

impl Sealed {
    fn new(tag: Tag, ours: u8, theirs: u8) -> Self {
        Self { out: Protect::new(&[theirs; 30], tag), back: Unprotect::new(&[ours; 30], tag) }
    }

    fn send(&mut self, phone: &mut Phone, payload: &[u8]) {
        let mut packet = phone.packet(payload);
        let len = packet.len();
        packet.resize(len + OVERHEAD_MAX, 0);
        let len = self.out.rtp(&mut packet, len).unwrap();
        phone.send_raw(&packet[..len]);
    }

    #[track_caller]
    fn hear(&mut self, phone: &Phone) -> Vec<u8> {
        let mut packet = phone.hear_raw();
        let len = self.back.rtp(&mut packet).expect("sealed with our key");
        packet[12..len].to_vec()
    }
}

#[test]
fn one_leg_secure_the_other_plain() {
    let bench = Bench::new();
    let suite = Suite::AesCm128HmacSha1_80;
    let (mut a, mut b, _) = pair(&bench, |first, _| first.protection = keys(suite, 1, 2));
    let mut sealed = Sealed::new(Tag::Bits80, 1, 2);
    for n in 0..5 {
        sealed.send(&mut a, &[n; 160]);
        assert_eq!(b.hear().1[12..], [n; 160]);
        b.send(&[n + 9; 160]);
        assert_eq!(sealed.hear(&a), [n + 9; 160]);
    }
    // Without the key nothing gets in.
    a.send(&[0x66; 160]);
    while bench.settle(LegId(1)).rx_dropped < 1 {}
    b.hears_nothing();
}

#[test]
fn both_legs_secure_with_their_own_suites_and_new_keys_in_between() {
    let bench = Bench::new();
    let (mut a, mut b, [first, _]) = pair(&bench, |first, second| {
        first.protection = keys(Suite::AesCm128HmacSha1_32, 1, 2);
        second.protection = keys(Suite::AesCm128HmacSha1_80, 3, 4);
    });
    let mut left = Sealed::new(Tag::Bits32, 1, 2);
    let mut right = Sealed::new(Tag::Bits80, 3, 4);
    let mut talk = |left: &mut Sealed| {
        for n in 0..4 {
            left.send(&mut a, &[n; 160]);
            assert_eq!(right.hear(&b), [n; 160]);
            right.send(&mut b, &[n; 160]);
            assert_eq!(left.hear(&a), [n; 160]);
        }
    };
    talk(&mut left);
    let protection = keys(Suite::AesCm128HmacSha1_32, 5, 6);
    bench.want(&LegWant { protection, ..first });
    bench.settle(LegId(1));
    left.out.rekey(&[6; 30], Tag::Bits32);
    left.back.rekey(&[5; 30], Tag::Bits32);
    talk(&mut left);
}

#[test]
fn suites_must_agree() {
    let bench = Bench::new();
    let phone = Phone::new(1);
    let protection = Protection::Sdes {
        local: line(Suite::AesCm128HmacSha1_80, 1),
        remote: line(Suite::AesCm128HmacSha1_32, 2),
    };
    let want = LegWant { protection, ..super::bench::leg(1, &phone) };
    bench.want(&want);
    bench.event(|e| match e {
        mediactl::Event::Failed { why: mediactl::Failure::BadCondition, .. } => Some(()),
        _ => None,
    });
}
