//! Streams to multicast groups, heard by real sockets that have joined them (R280).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::process::Command;

use base::LegId;
use mediactl::{Event, Form, LegWant, Payload, RemoteMedia};
use socket2::{Domain, SockRef, Socket, Type};

use super::bench::{Bench, PATIENCE, Phone};
use super::page::{listener, speaker};
use crate::socket::{cast, interface_of};

/// The interface of loopback is the first one of every machine.
const LOOPBACK: u32 = 1;

/// A telephone that listens to a group; `None` = this machine knows no multicast.
fn join(group: IpAddr, port: u16) -> Option<UdpSocket> {
    let at = SocketAddr::from((group, port));
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&at.into()).ok()?;
    let socket = UdpSocket::from(socket);
    let joined = match group {
        IpAddr::V4(group) => socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST),
        IpAddr::V6(group) => socket.join_multicast_v6(&group, LOOPBACK),
    };
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    joined.ok().map(|()| socket)
}

/// A stream to a group that leaves by an address of ours.
fn stream(n: u64, local: IpAddr, to: SocketAddr, phone: &Phone) -> LegWant {
    LegWant {
        form: Form::Multicast,
        local,
        remote: Some(RemoteMedia { rtp: to, rtcp: to, rtcp_mux: false }),
        payloads: std::iter::once(Payload::PCMU).collect(),
        ..listener(n, phone)
    }
}

fn skipped(test: &str) {
    eprintln!("skipped: {test}: no multicast on loopback here");
}

#[test]
fn a_page_is_sent_to_a_group_that_real_sockets_have_joined() {
    let group = IpAddr::from([239, 255, 77, 7]);
    let Some(first) = join(group, 0) else {
        return skipped("a_page_is_sent_to_a_group_that_real_sockets_have_joined");
    };
    let at = first.local_addr().unwrap();
    let second = join(group, at.port()).unwrap();
    let bench = Bench::new();
    let (mut talker, mut stranger) = (Phone::new(1), Phone::new(9));
    let to_group = stream(2, super::bench::LOCAL, at, &stranger);
    let ours = bench.open(&to_group).0;
    stranger.to = Some(ours);
    talker.to = Some(bench.open(&speaker(&talker)).0);
    for n in 1..20u8 {
        // What comes to its port changes nothing.
        stranger.send(&[0x55; 160]);
        talker.send(&[n; 160]);
        for socket in [&first, &second] {
            assert_eq!(heard(socket), (vec![n; 160], ours));
        }
    }
    stranger.hears_nothing();
    talker.hears_nothing();
    let stats = bench.close(LegId(2));
    assert_eq!((stats.tx_packets, stats.rx_packets), (19, 0), "one stream for all");
    // An address that is no group's is no condition.
    let odd = LegWant { leg: LegId(3), remote: Some(talker.remote()), ..to_group };
    bench.want(&odd);
    bench.event(|e| matches!(e, Event::Failed { leg: LegId(3), .. }).then_some(()));
}

/// The audio of the next packet, and where it came from.
fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut packet = [0; 400];
    let (len, from) = socket.recv_from(&mut packet).expect("a packet of the group");
    (packet[12..len].to_vec(), from)
}

#[test]
fn each_site_hears_the_page_once_by_its_own_stream() {
    let groups = [[239, 255, 77, 8], [239, 255, 77, 9]].map(IpAddr::from);
    let sites = groups.map(|group| join(group, 0));
    let [Some(first), Some(second)] = sites else {
        return skipped("each_site_hears_the_page_once_by_its_own_stream");
    };
    let bench = Bench::new();
    let (mut talker, nobody) = (Phone::new(1), Phone::new(9));
    let mut ours = Vec::new();
    for (n, socket) in (2..).zip([&first, &second]) {
        let at = socket.local_addr().unwrap();
        ours.push(bench.open(&stream(n, super::bench::LOCAL, at, &nobody)).0);
    }
    talker.to = Some(bench.open(&speaker(&talker)).0);
    for n in 1..20u8 {
        talker.send(&[n; 160]);
        assert_eq!(heard(&first), (vec![n; 160], ours[0]));
        assert_eq!(heard(&second), (vec![n; 160], ours[1]));
    }
    // One ends, the other goes on.
    let ended = bench.close(LegId(2));
    talker.send(&[77; 160]);
    assert_eq!(heard(&second).0, [77; 160]);
    first.set_nonblocking(true).unwrap();
    assert!(first.recv(&mut [0; 400]).is_err());
    assert_eq!((ended.tx_packets, bench.close(LegId(3)).tx_packets), (19, 20));
}

/// Loopback has no way to groups of IPv6, so the test gives itself a network of its own that has.
#[test]
fn a_page_is_sent_to_a_group_of_ipv6() {
    const NAME: &str = "tests::group::a_page_is_sent_to_a_group_of_ipv6";
    const INSIDE: &str = "NAISEN_TEST_NETWORK";
    const PANICKED: i32 = 101;
    if std::env::var_os(INSIDE).is_some() {
        return send_by_ipv6();
    }
    let network =
        "ip link set lo up && ip -6 route add local ff00::/8 dev lo && exec \"$0\" \"$@\"";
    let mut again = Command::new("unshare");
    again.args(["-Urn", "sh", "-c", network]).arg(std::env::current_exe().unwrap());
    let run = again.args(["--exact", NAME, "--nocapture"]).env(INSIDE, "1").output();
    match run.as_ref().ok().and_then(|run| run.status.code()) {
        Some(0) => {}
        Some(PANICKED) => {
            let run = run.unwrap();
            panic!("{}", String::from_utf8_lossy(&run.stderr));
        }
        _ => skipped(NAME),
    }
}

fn send_by_ipv6() {
    let (group, local) = (Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0, 7), Ipv6Addr::LOCALHOST.into());
    let socket = join(group.into(), 0).expect("a network with groups");
    let at = SocketAddr::from((group, socket.local_addr().unwrap().port()));
    let bench = Bench::new();
    let (mut talker, nobody) = (Phone::new(1), Phone::new(9));
    let to_group = stream(2, local, at, &nobody);
    let ours = bench.open(&to_group).0;
    assert_eq!(ours.ip(), local);
    talker.to = Some(bench.open(&speaker(&talker)).0);
    for n in 1..20u8 {
        talker.send(&[n; 160]);
        assert_eq!(heard(&socket), (vec![n; 160], ours));
    }
    assert_eq!(bench.close(LegId(2)).tx_packets, 19);
}

#[test]
fn a_group_of_the_other_family_is_no_condition() {
    let bench = Bench::new();
    let nobody = Phone::new(9);
    let (v4, v6) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
    let groups = ["[ff15::7]:5004", "239.255.77.7:5004"].map(|to| to.parse().unwrap());
    for (n, local, to) in [(2, v4, groups[0]), (3, v6, groups[1])] {
        bench.want(&stream(n, local, to, &nobody));
        bench.event(|e| matches!(e, Event::Failed { leg, .. } if leg == LegId(n)).then_some(()));
    }
}

#[test]
fn a_stream_goes_through_the_routers_of_a_site_by_the_interface_of_its_address() {
    let v4 = UdpSocket::bind("127.0.0.1:0").unwrap();
    cast(&v4, v4.local_addr().unwrap().ip()).unwrap();
    let socket = SockRef::from(&v4);
    assert_eq!(socket.multicast_if_v4().unwrap(), Ipv4Addr::LOCALHOST);
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 32);
    assert!(!socket.multicast_loop_v4().unwrap(), "nothing comes back");
    let Ok(v6) = UdpSocket::bind("[::1]:0") else { return skipped("IPv6") };
    cast(&v6, v6.local_addr().unwrap().ip()).unwrap();
    let socket = SockRef::from(&v6);
    assert_eq!(socket.multicast_if_v6().unwrap(), LOOPBACK);
    assert_eq!(socket.multicast_hops_v6().unwrap(), 32);
    assert!(!socket.multicast_loop_v6().unwrap());
    // Nobody has this address.
    assert!(cast(&v6, "2001:db8::1".parse().unwrap()).is_err());
}

#[test]
fn an_interface_is_found_by_its_address() {
    let table = "fd000000000000000000000000000002 04 40 00 82     eth0\n\
                 fe8000000000000000fc00fffe000001 1b 40 20 80     eth1\n\
                 00000000000000000000000000000001 01 80 10 80       lo\nodd";
    let of = |text: &str| interface_of(table, text.parse().unwrap());
    assert_eq!((of("fd00::2"), of("fe80::fc:ff:fe00:1"), of("::1")), (Some(4), Some(27), Some(1)));
    assert_eq!((of("fd00::3"), of("::")), (None, None));
}
