//! A plane, phones on loopback, and waiting for what they see. Nothing sleeps.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use base::LegId;
use mediactl::{
    Command, Direction, DtmfToPeer, Event, Form, GroupId, Joined, LegWant, Payload, Play, PlayerId,
    Protection, RemoteMedia, Repeat,
};
use rtp::{Header, Parsed};

use crate::transport::{Server, connect, serve};
use crate::{Config, Handle, MediaPlane, Ports};

/// Longest wait for something that must come; far above what it takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A plane with its events. `wire` puts the boundary's stream between.
pub(super) struct Bench {
    pub(super) handle: Handle,
    pub(super) events: Receiver<Event>,
    pub(super) plane: Far,
}

#[expect(dead_code, reason = "held, so that the plane lives as long as the bench")]
pub(super) enum Far {
    Here(MediaPlane),
    Wire(Server),
}

pub(super) fn config() -> Config {
    Config { ports: Ports::Kernel, threads: 1, ..Config::new([7; 32]) }
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(config())
    }

    pub(super) fn with(config: Config) -> Self {
        let (tell, events) = sync_channel(10_000);
        let plane = MediaPlane::start(config, move |event| tell.try_send(event).unwrap()).unwrap();
        Self { handle: plane.handle(), events, plane: Far::Here(plane) }
    }

    pub(super) fn over_wire(config: Config) -> Self {
        let (near, far) = UnixStream::pair().unwrap();
        let server = serve(far, config).unwrap();
        let (tell, events) = sync_channel(10_000);
        let handle = connect(near, move |event| tell.try_send(event).unwrap()).unwrap();
        Self { handle, events, plane: Far::Wire(server) }
    }

    pub(super) fn want(&self, want: &LegWant) {
        self.handle.send(Command::Leg(Box::new(want.clone()))).unwrap();
    }

    /// The next event that `pick` takes; others are passed over.
    #[track_caller]
    pub(super) fn event<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(PATIENCE).expect("an event in time");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    }

    /// Opens the leg and tells where its peer shall send RTP and RTCP.
    #[track_caller]
    pub(super) fn open(&self, want: &LegWant) -> (SocketAddr, SocketAddr) {
        self.want(want);
        self.event(|e| match e {
            Event::Opened { leg, rtp, rtcp } if leg == want.leg => Some((rtp, rtcp)),
            _ => None,
        })
    }

    /// What the leg has counted at its close.
    #[track_caller]
    pub(super) fn close(&self, leg: LegId) -> mediactl::LegStats {
        self.handle.send(Command::Close { leg }).unwrap();
        self.event(|e| match e {
            Event::Stats { leg: l, stats, closed: true } if l == leg => Some(stats),
            _ => None,
        })
    }

    /// Waits until the leg has taken so many packets in all.
    #[track_caller]
    pub(super) fn heard(&self, leg: LegId, packets: u64) {
        while self.settle(leg).rx_packets < packets {}
    }

    /// Waits until the plane has carried out everything sent so far.
    #[track_caller]
    pub(super) fn settle(&self, leg: LegId) -> mediactl::LegStats {
        self.handle.send(Command::ReportStats { leg }).unwrap();
        self.event(|e| match e {
            Event::Stats { leg: l, stats, closed: false } if l == leg => Some(stats),
            _ => None,
        })
    }
}

/// A condition with µ-law, A-law and digits, joined with nothing.
pub(super) fn leg(n: u64, phone: &Phone) -> LegWant {
    LegWant {
        leg: LegId(n),
        group: GroupId(1),
        local: LOCAL,
        remote: Some(phone.remote()),
        form: Form::Rtp,
        protection: Protection::None,
        payloads: [Payload::PCMU, Payload::PCMA, Payload::TELEPHONE_EVENT].into_iter().collect(),
        direction: Direction::SendRecv,
        joined: Joined::None,
        dtmf_to_peer: DtmfToPeer::Pass,
        instead: Box::default(),
    }
}

pub(super) fn joined(want: LegWant, other: u64) -> LegWant {
    LegWant { joined: Joined::Leg(LegId(other)), ..want }
}

pub(super) fn playing(want: LegWant, what: PlayerId, repeat: Repeat, serial: u32) -> LegWant {
    LegWant { joined: Joined::Player(Play { what, repeat, serial }), ..want }
}

/// A phone: two sockets and the numbers of its stream.
pub(super) struct Phone {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    pub(super) next: Header,
    pub(super) to: Option<SocketAddr>,
    pub(super) rtcp_to: Option<SocketAddr>,
}

impl Phone {
    pub(super) fn new(ssrc: u32) -> Self {
        let bind = || {
            let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        };
        let next = Header { marker: false, pt: 0, sequence: 100, timestamp: 5_000, ssrc };
        Self { rtp: bind(), rtcp: bind(), next, to: None, rtcp_to: None }
    }

    pub(super) fn remote(&self) -> RemoteMedia {
        RemoteMedia {
            rtp: self.rtp.local_addr().unwrap(),
            rtcp: self.rtcp.local_addr().unwrap(),
            rtcp_mux: false,
        }
    }

    /// The next packet of the stream.
    pub(super) fn packet(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut packet = self.next.bytes().to_vec();
        packet.extend_from_slice(payload);
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.timestamp = self.next.timestamp.wrapping_add(160);
        packet
    }

    pub(super) fn send(&mut self, payload: &[u8]) {
        let packet = self.packet(payload);
        self.send_raw(&packet);
    }

    pub(super) fn send_raw(&self, packet: &[u8]) {
        self.rtp.send_to(packet, self.to.expect("the leg's address")).unwrap();
    }

    /// The next RTP packet that arrives.
    #[track_caller]
    pub(super) fn hear(&self) -> (Parsed, Vec<u8>) {
        let packet = self.hear_raw();
        (rtp::parse(&packet).expect("an RTP packet"), packet)
    }

    #[track_caller]
    pub(super) fn hear_raw(&self) -> Vec<u8> {
        let mut buffer = [0; 2_048];
        let len = self.rtp.recv(&mut buffer).expect("a packet in time");
        buffer[..len].to_vec()
    }

    /// Nothing is waiting. Ask only after the plane has settled.
    #[track_caller]
    pub(super) fn hears_nothing(&self) {
        self.rtp.set_nonblocking(true).unwrap();
        let result = self.rtp.recv(&mut [0; 2_048]);
        self.rtp.set_nonblocking(false).unwrap();
        assert!(result.is_err(), "heard {result:?} octets");
    }
}

/// Two joined legs, 1 and 2, with their phones; `change` may alter the conditions first.
pub(super) fn pair(
    bench: &Bench,
    change: impl FnOnce(&mut LegWant, &mut LegWant),
) -> (Phone, Phone, [LegWant; 2]) {
    let (mut a, mut b) = (Phone::new(0xa), Phone::new(0xb));
    let (mut first, mut second) = (joined(leg(1, &a), 2), joined(leg(2, &b), 1));
    change(&mut first, &mut second);
    for (phone, want) in [(&mut a, &first), (&mut b, &second)] {
        let (rtp, rtcp) = bench.open(want);
        (phone.to, phone.rtcp_to) = (Some(rtp), Some(rtcp));
    }
    (a, b, [first, second])
}

/// An empty folder of a test, removed with it.
pub(super) struct Folder(std::path::PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("naisen-media-{}-{n}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.0.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
