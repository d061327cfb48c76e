//! Strangers who send or connect too much delay nobody but themselves.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base::event::Kind;
use base::limits::{CONNECTIONS_UNKNOWN_MAX, FLOOD_BURST, FLOOD_RATE};

use super::world::{PATIENCE, World, until};

/// An OPTIONS that anybody may send and gets a 200 for.
fn options(from: std::net::SocketAddr, n: u64) -> String {
    format!(
        "OPTIONS sip:office.example.jp SIP/2.0\r\n\
         Via: SIP/2.0/UDP {from};branch=z9hG4bKf{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:x@office.example.jp>;tag=x\r\nTo: <sip:office.example.jp>\r\n\
         Call-ID: flood-{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_flood_gets_its_share_and_a_registered_phone_every_answer() {
    const REFRESHES: u32 = 50;
    let world = World::start(|config| config.settings.sip.trusts_private = false);
    let mut phone = world.phone(2001);
    let flooder = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 66), 0)).expect("a socket");
    flooder.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
    let (from, to) = (flooder.local_addr().expect("an address"), world.udp);
    let going = AtomicBool::new(true);
    let begin = Instant::now();
    let (sent, answered) = std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let (mut sent, mut answered, mut buffer) = (0, 0, [0; 2_048]);
            while going.load(Ordering::Relaxed) || sent < 5_000 {
                for _ in 0..20 {
                    let _ = flooder.send_to(options(from, sent).as_bytes(), to);
                    sent += 1;
                }
                answered += u64::from(flooder.recv_from(&mut buffer).is_ok());
            }
            while flooder.recv_from(&mut buffer).is_ok() {
                answered += 1;
            }
            (sent, answered)
        });
        for _ in 0..REFRESHES {
            phone.register();
        }
        going.store(false, Ordering::Relaxed);
        flood.join().expect("the flood ends")
    });
    let most = FLOOD_BURST + FLOOD_RATE * (begin.elapsed().as_secs() + 1);
    assert!(answered > 0 && answered <= most, "{answered} of {sent} were answered");
    assert_eq!(phone.registrations, REFRESHES + 1);
    let dropped = world.handle.metrics().count(Kind::Flooded);
    assert!(dropped > sent / 2, "{dropped} of {sent} were dropped unread");
    // A call gets through as well.
    let mut other = world.phone(2002);
    let (here, _) = phone.call(&mut other);
    phone.hang_up(here);
}

#[test]
fn strangers_who_hold_connections_do_not_keep_a_phone_out() {
    let world = World::start(|_| {});
    let mut phone = world.tcp_phone(2001);
    let mut strangers = Vec::new();
    for _ in 0..CONNECTIONS_UNKNOWN_MAX + 10 {
        let stream = TcpStream::connect(world.tcp).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        strangers.push(stream);
    }
    let shed = || world.handle.metrics().count(Kind::ConnectionShed);
    until("too many are closed", || shed() >= 10);
    let mut buffer = [0; 8];
    for stream in strangers.iter_mut().take(10) {
        assert!(matches!(stream.read(&mut buffer), Ok(0) | Err(_)), "the oldest ones are closed");
    }
    // One that is registered stays, a new one comes in.
    phone.register();
    let mut late = world.tcp_phone(2002);
    let (here, _) = late.call(&mut phone);
    late.hang_up(here);
    assert_eq!((world.status().bindings, shed()), (2, 11));
}
