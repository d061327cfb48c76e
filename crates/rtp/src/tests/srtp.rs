//! MED-T04: RFC 3711 vectors, replay, rollover, new keys.

use proptest::prelude::*;

use crate::Header;
use crate::srtp::{OVERHEAD_MAX, Protect, SrtpError, Tag, Unprotect, testing};

fn hex<const N: usize>(text: &str) -> [u8; N] {
    let digits: Vec<u8> =
        text.bytes().filter_map(|b| (b as char).to_digit(16)).map(|d| d as u8).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect();
    bytes.try_into().unwrap()
}

/// The master key and salt of RFC 3711 B.3.
fn master() -> [u8; 30] {
    hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6")
}

#[test]
fn counter_mode_vector_of_rfc_3711_b2() {
    let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
    let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
    let mut stream = vec![0; 16 * 0xff02];
    testing::keystream(&key, u128::from_be_bytes(salt), &mut stream);
    let block = |n: usize| <[u8; 16]>::try_from(&stream[16 * n..16 * (n + 1)]).unwrap();
    let expected = [
        (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xff00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xff01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ];
    for (n, text) in expected {
        assert_eq!(block(n), hex(text), "block {n:#x}");
    }
}

#[test]
fn key_derivation_vector_of_rfc_3711_b3() {
    let master = master();
    assert_eq!(testing::derive::<16>(&master, 0), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(testing::derive::<14>(&master, 2), hex("30CBBC08863D8C85D49DB34A9AE1"));
    let auth = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
                E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
                6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2";
    assert_eq!(testing::derive::<94>(&master, 1), hex(auth));
}

/// The packets with which other implementations of this suite check themselves.
#[test]
fn whole_packets_come_out_as_others_make_them() {
    let plain: [u8; 28] = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let sealed: [u8; 38] =
        hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    let mut buffer = [0; 64];
    buffer[..28].copy_from_slice(&plain);
    let mut protect = Protect::new(&master(), Tag::Bits80);
    assert_eq!(protect.rtp(&mut buffer, 28), Ok(38));
    assert_eq!(buffer[..38], sealed);
    let mut unprotect = Unprotect::new(&master(), Tag::Bits80);
    assert_eq!(unprotect.rtp(&mut buffer[..38]), Ok(28));
    assert_eq!(buffer[..28], plain);

    let plain: [u8; 24] = hex("81c8000bcafebabe abababababababababababababababab");
    let sealed: [u8; 38] =
        hex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");
    buffer[..24].copy_from_slice(&plain);
    assert_eq!(protect.rtcp(&mut buffer, 24), Ok(38));
    assert_eq!(buffer[..38], sealed);
    assert_eq!(unprotect.rtcp(&mut buffer[..38]), Ok(24));
    assert_eq!(buffer[..24], plain);
}

fn sealed(protect: &mut Protect, ssrc: u32, sequence: u16) -> Vec<u8> {
    let header = Header { sequence, ssrc, ..Header::default() };
    let mut packet = header.bytes().to_vec();
    packet.extend([0x55; 160]);
    let len = packet.len();
    packet.resize(len + OVERHEAD_MAX, 0);
    let end = protect.rtp(&mut packet, len).unwrap();
    packet.truncate(end);
    packet
}

#[test]
fn replayed_old_and_forged_packets_are_refused() {
    let mut protect = Protect::new(&master(), Tag::Bits80);
    let mut unprotect = Unprotect::new(&master(), Tag::Bits80);
    let packets: Vec<_> = (0..300).map(|n| sealed(&mut protect, 1, n)).collect();
    let mut open = |n: usize| unprotect.rtp(&mut packets[n].clone());
    assert!(open(0).is_ok());
    assert_eq!(open(0), Err(SrtpError::Replay));
    assert!(open(200).is_ok());
    assert!(open(73).is_ok(), "127 behind is within the window");
    assert_eq!(open(73), Err(SrtpError::Replay));
    assert_eq!(open(72), Err(SrtpError::Replay), "128 behind is not");
    let mut forged = packets[250].clone();
    forged[20] ^= 1;
    assert_eq!(unprotect.rtp(&mut forged), Err(SrtpError::Authentication));
    // A forged packet has moved nothing.
    let mut open = |n: usize| unprotect.rtp(&mut packets[n].clone());
    assert!(open(201).is_ok() && open(250).is_ok());
}

#[test]
fn rollover_is_followed_both_ways_with_loss_and_reordering() {
    let mut protect = Protect::new(&master(), Tag::Bits32);
    let mut unprotect = Unprotect::new(&master(), Tag::Bits32);
    let mut late = None;
    for n in 0..200_000u32 {
        let mut packet = sealed(&mut protect, 5, n as u16);
        match n {
            // Lost around the first wrap, late by two over the second.
            65_530..65_540 => continue,
            131_071 => late = Some(packet),
            131_073 => {
                assert!(unprotect.rtp(&mut packet).is_ok());
                assert!(unprotect.rtp(&mut late.take().unwrap()).is_ok());
            }
            n if n % 64 == 0 || n > 199_990 || (131_060..131_080).contains(&n) => {
                assert!(unprotect.rtp(&mut packet).is_ok(), "{n}");
            }
            _ => {}
        }
    }
}

#[test]
fn new_keys_go_on_in_the_same_rollover() {
    let mut protect = Protect::new(&master(), Tag::Bits80);
    let mut unprotect = Unprotect::new(&master(), Tag::Bits80);
    for n in 0..70_000u32 {
        let mut packet = sealed(&mut protect, 5, n as u16);
        unprotect.rtp(&mut packet).unwrap();
    }
    let old = sealed(&mut protect, 5, 4_464);
    let other = [9; 30];
    protect.rekey(&other, Tag::Bits80);
    unprotect.rekey(&other, Tag::Bits80);
    assert_eq!(unprotect.rtp(&mut old.clone()), Err(SrtpError::Authentication));
    assert!(unprotect.rtp(&mut sealed(&mut protect, 5, 4_465)).is_ok());
}

#[test]
fn sources_have_their_own_counters() {
    let mut protect = Protect::new(&master(), Tag::Bits80);
    let mut unprotect = Unprotect::new(&master(), Tag::Bits80);
    for n in 0..66_000u32 {
        let mut first = sealed(&mut protect, 1, n as u16);
        if n % 500 == 0 || n > 65_000 {
            unprotect.rtp(&mut first).unwrap();
        }
    }
    assert!(unprotect.rtp(&mut sealed(&mut protect, 2, 9)).is_ok());
    assert!(unprotect.rtp(&mut sealed(&mut protect, 1, 466)).is_ok());
}

#[test]
fn rtcp_is_never_taken_twice() {
    let mut protect = Protect::new(&master(), Tag::Bits32);
    let mut unprotect = Unprotect::new(&master(), Tag::Bits32);
    let mut buffer = [0; 64];
    buffer[..8].copy_from_slice(&[0x80, 201, 0, 1, 0, 0, 0, 7]);
    let len = protect.rtcp(&mut buffer, 8).unwrap();
    assert_eq!(len, 8 + OVERHEAD_MAX);
    let copy = buffer;
    assert_eq!(unprotect.rtcp(&mut buffer[..len]), Ok(8));
    buffer = copy;
    assert_eq!(unprotect.rtcp(&mut buffer[..len]), Err(SrtpError::Replay));
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_nothing_else_does(
        key in any::<[u8; 30]>(),
        payload in proptest::collection::vec(any::<u8>(), 0..300),
        flip in any::<prop::sample::Index>(),
        short in any::<bool>(),
    ) {
        let tag = if short { Tag::Bits32 } else { Tag::Bits80 };
        let mut packet = Header { sequence: 7, ..Header::default() }.bytes().to_vec();
        packet.extend(&payload);
        let (plain, len) = (packet.clone(), packet.len());
        packet.resize(len + OVERHEAD_MAX, 0);
        let end = Protect::new(&key, tag).rtp(&mut packet, len).unwrap();
        packet.truncate(end);
        let mut bent = packet.clone();
        bent[flip.index(end)] ^= 0x10;
        prop_assert!(Unprotect::new(&key, tag).rtp(&mut bent).is_err());
        let opened = Unprotect::new(&key, tag).rtp(&mut packet).unwrap();
        prop_assert_eq!(&packet[..opened], plain.as_slice());
    }

    #[test]
    fn any_bytes_are_refused_without_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut unprotect = Unprotect::new(&master(), Tag::Bits80);
        prop_assert!(unprotect.rtp(&mut bytes).is_err());
        prop_assert!(unprotect.rtcp(&mut bytes).is_err());
    }
}
