//! A telephone with a socket: rings, answers, hangs up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use base::{Cause, FlowId, LegId, Now, Place, Rng};
use bytes::Bytes;
use sip::leg::{LegCommand, LegEvent};
use sip::msg::frame::{Frame, Framer};
use sip::stack::{Config, Transport};
use sip::ua::{Command, Endpoint, Event, Input, Output, Settings};

use super::world::{DOMAIN, PATIENCE, SECRET};
use crate::clock::Clock;

/// A phone has one way.
const FLOW: FlowId = FlowId(1);

enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream, Framer),
}

/// A telephone.
pub(super) struct Phone {
    dn: u32,
    endpoint: Endpoint,
    line: Line,
    server: SocketAddr,
    pub(super) local: SocketAddr,
    clock: Clock,
    /// What it noticed and nobody has looked at.
    pub(super) events: Vec<Event>,
    /// Registrations that were confirmed.
    pub(super) registrations: u32,
}

impl Phone {
    pub(super) fn udp(dn: u32, server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(2))).expect("a timeout");
        let local = socket.local_addr().expect("an address");
        Self::new(dn, server, (Line::Udp(socket), Transport::Udp, local))
    }

    pub(super) fn tcp(dn: u32, server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_millis(2))).expect("a timeout");
        let local = stream.local_addr().expect("an address");
        Self::new(dn, server, (Line::Tcp(stream, Framer::new()), Transport::Tcp, local))
    }

    fn new(
        dn: u32,
        server: SocketAddr,
        (line, transport, local): (Line, Transport, SocketAddr),
    ) -> Self {
        let settings = Settings {
            user: dn.to_string(),
            secret: SECRET.into(),
            domain: DOMAIN.into(),
            display: String::new(),
            server,
            expires_s: 3_600,
            instance: None,
            config: Config::default(),
        };
        let rng = Rng::from_seed([dn as u8; 32]);
        let endpoint = Endpoint::new(Place::new(dn as u16, 0), &rng, settings);
        let (clock, events) = (Clock::start(), Vec::new());
        let mut phone =
            Phone { dn, endpoint, line, server, local, clock, events, registrations: 0 };
        phone.input(Input::FlowOpened { flow: FLOW, transport, local });
        phone
    }

    /// Registers.
    #[track_caller]
    pub(super) fn registered(mut self) -> Self {
        self.register();
        self
    }

    /// Registers, for the first time or again.
    #[track_caller]
    pub(super) fn register(&mut self) {
        let before = self.registrations;
        self.input(Input::Command(Command::Register));
        let end = Instant::now() + PATIENCE;
        while self.registrations == before {
            assert!(Instant::now() < end, "{} is not registered", self.dn);
            self.step();
        }
    }

    /// Calls `callee`, who answers; the leg here and the leg there, once it is answered.
    #[track_caller]
    pub(super) fn call(&mut self, callee: &mut Phone) -> (LegId, LegId) {
        self.try_call(callee).unwrap_or_else(|status| panic!("{} got {status}", self.dn))
    }

    /// As [`Phone::call`]; the status when it is refused.
    #[track_caller]
    pub(super) fn try_call(&mut self, callee: &mut Phone) -> Result<(LegId, LegId), u16> {
        let leg = self.endpoint.new_leg();
        let sdp = Some(self.sdp());
        let to = callee.dn.to_string();
        self.input(Input::Command(Command::Call { leg, to, sdp, reliable: false }));
        let mut there = None;
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end, "{} does not reach {}", self.dn, callee.dn);
            self.step();
            callee.step();
            for event in std::mem::take(&mut callee.events) {
                if let Event::Incoming { leg, .. } = event {
                    there = Some(leg);
                    let command = LegCommand::Answer { sdp: Some(callee.sdp()) };
                    callee.input(Input::Command(Command::Leg { leg, command }));
                }
            }
            for event in std::mem::take(&mut self.events) {
                match (event, there) {
                    (Event::Leg { event: LegEvent::Answered { sdp }, .. }, Some(there)) => {
                        self.heard_sdp(sdp);
                        return Ok((leg, there));
                    }
                    (Event::Leg { event: LegEvent::Refused(refused), .. }, _) => {
                        return Err(refused.status);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether the far end has ended that leg; looks at what came meanwhile.
    pub(super) fn is_over(&mut self, leg: LegId) -> bool {
        self.step();
        self.events.iter().any(|event| {
            matches!(event, Event::Leg { leg: l, event: LegEvent::Ended { by_far_end: true, .. } }
                if *l == leg)
        })
    }

    /// Hangs up.
    pub(super) fn hang_up(&mut self, leg: LegId) {
        let command = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
        self.input(Input::Command(Command::Leg { leg, command }));
    }

    fn sdp(&self) -> Bytes {
        let ip = self.local.ip();
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        );
        Bytes::from(text)
    }

    /// Keeps the answer as an event of its own, for whoever wants to see it.
    fn heard_sdp(&mut self, sdp: Option<Bytes>) {
        let event = LegEvent::AnswerReceived { sdp };
        self.events.push(Event::Leg { leg: LegId(0), event });
    }

    /// Port of the audio in the answer that came last.
    pub(super) fn audio_port(&self) -> u16 {
        let answer = self.events.iter().rev().find_map(|event| match event {
            Event::Leg { event: LegEvent::AnswerReceived { sdp: Some(sdp) }, .. } => Some(sdp),
            _ => None,
        });
        let text = String::from_utf8_lossy(answer.expect("an answer")).into_owned();
        let port = text.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next());
        port.and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Takes what came, within about 2 ms, and runs timers.
    pub(super) fn step(&mut self) {
        let mut buffer = [0; 8_192];
        let mut came = Vec::new();
        match &mut self.line {
            Line::Udp(socket) => {
                if let Ok((len, _)) = socket.recv_from(&mut buffer) {
                    came.push(Bytes::copy_from_slice(&buffer[..len]));
                }
            }
            Line::Tcp(stream, framer) => {
                if let Ok(len) = stream.read(&mut buffer) {
                    framer.push(&buffer[..len]);
                }
                while let Some(frame) = framer.next() {
                    if let Frame::Msg(msg) = frame {
                        came.push(msg.raw().clone());
                    }
                }
            }
        }
        for bytes in came {
            let (from, local) = (self.server, self.local.ip());
            self.input(Input::Received { flow: FLOW, from, local, bytes });
        }
        let now = self.clock.mono();
        if self.endpoint.next_deadline().is_some_and(|due| due <= now) {
            self.input(Input::Tick);
        }
    }

    fn input(&mut self, input: Input) {
        let now: Now = self.clock.now(self.clock.mono());
        let mut out = Vec::new();
        self.endpoint.handle(now, input, &mut out);
        for output in out {
            match output {
                Output::Transmit { bytes, .. } => match &mut self.line {
                    Line::Udp(socket) => {
                        let _ = socket.send_to(&bytes, self.server);
                    }
                    Line::Tcp(stream, _) => {
                        let _ = stream.write_all(&bytes);
                    }
                },
                Output::Event(Event::Registered { .. }) => self.registrations += 1,
                Output::Event(event) => self.events.push(event),
            }
        }
    }
}
