//! The relay over real sockets; once over each transport of the boundary (MED-T13).

use base::LegId;
use mediactl::{
    Command, Direction, Event, Failure, Form, GroupId, Joined, LegWant, Load, Payload, PlayerId,
    RemoteMedia, Repeat,
};

use super::bench::{Bench, PATIENCE, Phone, config, joined, leg, pair, playing};
use crate::{Config, MediaPlane, Ports};

fn on_both_transports(test: impl Fn(Bench)) {
    test(Bench::new());
    test(Bench::over_wire(config()));
}

#[test]
fn two_phones_talk_and_their_source_is_settled() {
    on_both_transports(|bench| {
        let (mut a, mut b, _) = pair(&bench, |_, _| {});
        let mut last = None;
        for n in 0..20u8 {
            a.send(&[n; 160]);
            let (parsed, packet) = b.hear();
            assert_eq!(parsed.payload(&packet), [n; 160]);
            if let Some(last) = last {
                assert_eq!(parsed.header.sequence, u16::wrapping_add(last, 1));
            }
            last = Some(parsed.header.sequence);
            b.send(&[n ^ 0xff; 160]);
            let (parsed, packet) = a.hear();
            assert_eq!(parsed.payload(&packet), [n ^ 0xff; 160]);
            assert_ne!(parsed.header.ssrc, 0xb, "the leg has its own source");
        }
        let from = bench.event(|e| match e {
            Event::Latched { leg: LegId(1), from } => Some(from),
            _ => None,
        });
        assert_eq!(from, a.rtp.local_addr().unwrap());
        let stats = bench.close(LegId(1));
        assert_eq!((stats.rx_packets, stats.tx_packets, stats.rx_lost), (20, 20, 0));
        assert_eq!(stats.rx_bytes, 20 * 172);
    });
}

#[test]
fn a_condition_repeated_changes_nothing_and_a_rebuild_works() {
    on_both_transports(|bench| {
        let (mut a, b, wants) = pair(&bench, |_, _| {});
        a.send(&[1; 160]);
        let before = b.hear().0.header;
        wants.iter().for_each(|w| bench.want(w));
        bench.settle(LegId(1));
        a.send(&[2; 160]);
        let after = b.hear().0.header;
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        assert_eq!(after.ssrc, before.ssrc);
        assert!(bench.events.try_iter().all(|e| !matches!(e, Event::Opened { .. })));
    });
}

#[test]
fn only_legs_that_name_each_other_are_joined() {
    let bench = Bench::new();
    let (mut a, b, [first, second]) = pair(&bench, |_, second| second.joined = Joined::None);
    a.send(&[1; 160]);
    while bench.settle(LegId(1)).rx_packets < 1 {}
    b.hears_nothing();
    bench.want(&joined(second.clone(), 1));
    bench.settle(LegId(2));
    a.send(&[2; 160]);
    assert_eq!(b.hear().1[12..], [2; 160]);
    // And apart again, by the other side.
    bench.want(&LegWant { joined: Joined::None, ..first });
    let seen = bench.settle(LegId(1)).rx_packets;
    a.send(&[3; 160]);
    while bench.settle(LegId(1)).rx_packets == seen {}
    b.hears_nothing();
}

#[test]
fn a_stream_goes_on_through_hold_and_transfer() {
    let bench = Bench::new();
    let (mut a, b, [first, second]) = pair(&bench, |_, _| {});
    let mut heads = Vec::new();
    a.send(&[1; 160]);
    heads.push(b.hear().0.header);
    let held = playing(second.clone(), PlayerId::HoldMusic, Repeat::Forever, 1);
    bench.want(&held);
    (0..5).for_each(|_| heads.push(b.hear().0.header));
    // Another phone takes the place of the first.
    let mut c = Phone::new(0xc);
    c.next.sequence = 9;
    let third = joined(leg(3, &c), 2);
    c.to = Some(bench.open(&third).0);
    bench.want(&joined(second, 3));
    bench.close(first.leg);
    bench.settle(LegId(2));
    c.send(&[7; 160]);
    loop {
        let (parsed, packet) = b.hear();
        heads.push(parsed.header);
        if packet[12..] == [7; 160] {
            break;
        }
    }
    for pair in heads.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp).cast_signed();
        assert!(step > 0, "{step}");
    }
}

#[test]
fn direction_says_who_is_heard() {
    let bench = Bench::new();
    let (mut a, mut b, [first, second]) =
        pair(&bench, |first, _| first.direction = Direction::SendOnly);
    a.send(&[1; 160]);
    b.send(&[2; 160]);
    assert_eq!(a.hear().1[12..], [2; 160]);
    while bench.settle(LegId(1)).rx_packets < 1 {}
    b.hears_nothing();
    bench.want(&LegWant { direction: Direction::SendRecv, ..first });
    bench.want(&LegWant { direction: Direction::RecvOnly, ..second });
    bench.settle(LegId(2));
    a.send(&[3; 160]);
    while bench.settle(LegId(1)).rx_packets < 2 {}
    b.hears_nothing();
    b.send(&[4; 160]);
    assert_eq!(a.hear().1[12..], [4; 160]);
}

#[test]
fn payload_types_are_mapped_and_laws_exchanged() {
    let bench = Bench::new();
    let events = Payload { pt: 96, ..Payload::TELEPHONE_EVENT };
    let (mut a, mut b, _) = pair(&bench, |first, second| {
        first.payloads = [Payload::PCMU, Payload::TELEPHONE_EVENT].into_iter().collect();
        second.payloads = [Payload::PCMA, events].into_iter().collect();
    });
    a.send(&[0xff; 160]);
    let (parsed, packet) = b.hear();
    assert_eq!((parsed.header.pt, &packet[12..]), (8, &[0xd5; 160][..]));
    a.next.pt = 101;
    a.send(&[5, 10, 0, 160]);
    assert_eq!(b.hear().0.header.pt, 96);
    b.next.pt = 8;
    b.send(&[0xd5; 160]);
    assert_eq!(a.hear().0.header.pt, 0);
    // What was not negotiated is dropped.
    b.next.pt = 18;
    b.send(&[1; 20]);
    while bench.settle(LegId(2)).rx_dropped < 1 {}
    a.hears_nothing();
}

#[test]
fn fax_bytes_pass_untouched() {
    let bench = Bench::new();
    let udptl = |want: &mut LegWant| {
        want.form = Form::Udptl;
        want.payloads.clear();
    };
    let (a, b, _) = pair(&bench, |first, second| {
        udptl(first);
        udptl(second);
    });
    for n in 0..5u8 {
        let datagram: Vec<u8> = (0..50 + n).map(|i| i ^ n).collect();
        a.send_raw(&datagram);
        assert_eq!(b.hear_raw(), datagram);
        b.send_raw(&datagram[1..]);
        assert_eq!(a.hear_raw(), &datagram[1..]);
    }
}

#[test]
fn echo_says_back_what_it_hears() {
    let bench = Bench::new();
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&LegWant { joined: Joined::Echo, ..leg(1, &a) }).0);
    for n in 0..10 {
        a.send(&[n; 160]);
        assert_eq!(a.hear().1[12..], [n; 160]);
    }
}

#[test]
fn sip_version_six_works_as_well() {
    let bench = Bench::new();
    let socket = std::net::UdpSocket::bind("[::1]:0").unwrap();
    socket.set_read_timeout(Some(super::bench::PATIENCE)).unwrap();
    let addr = socket.local_addr().unwrap();
    let mut a = Phone::new(1);
    a.rtp = socket;
    let want = LegWant {
        local: "::1".parse().unwrap(),
        remote: Some(RemoteMedia { rtp: addr, rtcp: addr, rtcp_mux: true }),
        joined: Joined::Echo,
        ..leg(1, &a)
    };
    let (rtp, rtcp) = bench.open(&want);
    assert_eq!(rtp, rtcp, "shared port");
    a.to = Some(rtp);
    a.send(&[3; 160]);
    assert_eq!(a.hear().1[12..], [3; 160]);
}

#[test]
fn what_cannot_be_opened_is_told_with_its_reason() {
    on_both_transports(|bench| {
        let failure = |want: &LegWant| {
            bench.want(want);
            bench.event(|e| match e {
                Event::Failed { leg, why } if leg == want.leg => Some(why),
                _ => None,
            })
        };
        let phone = Phone::new(1);
        let elsewhere = LegWant { local: "192.0.2.1".parse().unwrap(), ..leg(1, &phone) };
        assert_eq!(failure(&elsewhere), Failure::LocalAddress);
        let nowhere = LegWant { local: "0.0.0.0".parse().unwrap(), ..leg(2, &phone) };
        assert_eq!(failure(&nowhere), Failure::LocalAddress);
        // The same leg may be tried again.
        bench.open(&leg(1, &phone));
    });
}

#[test]
fn above_the_limit_new_legs_fail_and_running_ones_go_on() {
    let bench = Bench::with(Config { legs_max: 2, ..config() });
    let (mut a, b, _) = pair(&bench, |_, _| {});
    let c = Phone::new(3);
    bench.want(&leg(3, &c));
    let mut seen = Vec::new();
    bench.event(|e| {
        match e {
            Event::Overload { load } => seen.push(load),
            Event::Failed { leg: LegId(3), why: Failure::ResourceShortage } => return Some(()),
            _ => {}
        }
        None
    });
    assert_eq!(seen, [Load::RefuseNew]);
    a.send(&[1; 160]);
    b.hear();
    bench.close(LegId(1));
    bench.event(|e| matches!(e, Event::Overload { load: Load::Normal }).then_some(()));
    bench.open(&leg(3, &c));
}

#[test]
fn the_plane_is_full_while_any_thread_is() {
    let bench = Bench::with(Config { threads: 2, legs_max: 2, ..config() });
    let phones: Vec<Phone> = (1..=5).map(Phone::new).collect();
    let want = |n: u64| LegWant { group: GroupId(n), ..leg(n, &phones[n as usize - 1]) };
    bench.open(&want(1));
    bench.open(&want(2));
    // Of the same group as legs that are open: one for each thread.
    bench.want(&LegWant { group: GroupId(1), ..want(3) });
    bench.event(|e| matches!(e, Event::Overload { load: Load::RefuseNew }).then_some(()));
    bench.want(&LegWant { group: GroupId(2), ..want(4) });
    bench.event(|e| matches!(e, Event::Failed { leg: LegId(4), .. }).then_some(()));
    // What is told of the load until the event that `last` picks.
    let told_until = |last: &dyn Fn(&Event) -> bool| {
        let mut told = Vec::new();
        bench.event(|e| {
            if let Event::Overload { load } = e {
                told.push(load);
            }
            last(&e).then_some(())
        });
        told
    };
    bench.handle.send(Command::Close { leg: LegId(1) }).unwrap();
    bench.want(&want(5));
    let opened = |e: &Event| matches!(e, Event::Opened { leg: LegId(5), .. });
    assert_eq!(told_until(&opened), [], "the other thread is still full");
    bench.handle.send(Command::Close { leg: LegId(2) }).unwrap();
    let normal = |e: &Event| matches!(e, Event::Overload { load: Load::Normal });
    assert_eq!(told_until(&normal), [Load::Normal]);
}

#[test]
fn ports_come_in_pairs_from_the_range_and_go_back() {
    // A range of two pairs that the kernel shows to be free; others may take them meanwhile,
    // then the plane says so.
    let probe = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let base = probe.local_addr().unwrap().port() & !1;
    drop(probe);
    let range = base.max(1_024)..=base.saturating_add(400);
    let bench = Bench::with(Config { ports: Ports::Range(range.clone()), ..config() });
    let phone = Phone::new(1);
    let (rtp, rtcp) = bench.open(&leg(1, &phone));
    assert_eq!(rtcp.port(), rtp.port() + 1);
    assert!(rtp.port().is_multiple_of(2) && range.contains(&rtp.port()));
    bench.close(LegId(1));
    let (again, _) = bench.open(&leg(2, &phone));
    assert_ne!(again, rtp, "a used port rests");
}

#[test]
fn late_news_of_unknown_legs_is_ignored() {
    on_both_transports(|bench| {
        let leg = LegId(99);
        bench.handle.send(Command::Close { leg }).unwrap();
        bench.handle.send(Command::ReportStats { leg }).unwrap();
        let phone = Phone::new(1);
        bench.open(&super::bench::leg(1, &phone));
        assert_eq!(bench.events.try_iter().count(), 0);
    });
}

#[test]
fn stopping_closes_every_leg() {
    let bench = Bench::new();
    let phone = Phone::new(1);
    bench.open(&leg(1, &phone));
    bench.open(&leg(2, &phone));
    let Bench { handle, events, plane } = bench;
    drop((handle, plane));
    let closed = events.iter().filter(|e| matches!(e, Event::Stats { closed: true, .. })).count();
    assert_eq!(closed, 2);
}

#[test]
fn legs_of_a_group_share_a_thread_and_groups_spread() {
    let bench = Bench::with(Config { threads: 3, ..config() });
    let mut phones = Vec::new();
    for call in 0..6u64 {
        let (mut a, mut b) = (Phone::new(1), Phone::new(2));
        let (x, y) = (10 * call + 1, 10 * call + 2);
        let group = mediactl::GroupId(call);
        a.to = Some(bench.open(&LegWant { group, ..joined(leg(x, &a), y) }).0);
        b.to = Some(bench.open(&LegWant { group, ..joined(leg(y, &b), x) }).0);
        phones.push((a, b));
    }
    for (a, b) in &mut phones {
        a.send(&[1; 160]);
        b.hear();
        b.send(&[2; 160]);
        a.hear();
    }
}

#[test]
fn threads_answer_a_knock_while_they_live() {
    let plane = MediaPlane::start(Config { threads: 2, ..config() }, |_| {}).unwrap();
    let handle = plane.handle();
    let knock = handle.knock();
    let end = std::time::Instant::now() + PATIENCE;
    while knock.silent() > 0 {
        assert!(std::time::Instant::now() < end, "a thread that lives stirs");
        std::thread::yield_now();
    }
    assert!(handle.is_whole());
    plane.stop();
    assert_eq!(handle.knock().silent(), 2);
    assert!(!handle.is_whole());
}

#[test]
fn a_thread_that_failed_is_seen_and_the_other_goes_on() {
    let (tell, opened) = std::sync::mpsc::sync_channel(10);
    let plane = MediaPlane::start(Config { threads: 2, ..config() }, move |event| match event {
        Event::Opened { leg: LegId(1), .. } => panic!("a failure inside, on purpose"),
        event => tell.try_send(event).unwrap(),
    });
    let plane = plane.unwrap();
    let handle = plane.handle();
    let phones = [Phone::new(1), Phone::new(2)];
    for (n, phone) in (1..).zip(&phones) {
        let want = LegWant { group: GroupId(n), ..leg(n, phone) };
        handle.send(Command::Leg(Box::new(want))).unwrap();
    }
    let event = opened.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(event, Event::Opened { leg: LegId(2), .. }), "{event:?}");
    let end = std::time::Instant::now() + PATIENCE;
    while handle.is_whole() {
        assert!(std::time::Instant::now() < end, "a thread that has failed is gone");
        std::thread::yield_now();
    }
}
