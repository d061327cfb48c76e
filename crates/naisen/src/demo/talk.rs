//! One call of a test phone: its RTP sockets, its session description, and what it plays.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use base::{Mono, Rng};
use bytes::Bytes;
use mediactl::sdp::{Own, Profile, Sdp, Session, negotiate};
use mediactl::{Codec, Direction, Payload};
use rtp::g711::Law;
use rtp::receive::Receive;
use rtp::{FRAME_SAMPLES, Header};

use super::tone::{self, Ear};

/// RTP clock of G.711.
const CLOCK: u32 = 8_000;

/// Packets that wait to be echoed: 400 ms of 20 ms packets.
const ECHO_MAX: usize = 20;

/// Packets read in one beat; the rest waits in the socket.
const READS_MAX: usize = 64;

/// Beats that the caller waits for the echo of its last tone: 2 s.
const TAIL_MAX: usize = 100;

/// Beats of silence on the line before the caller hangs up, so that nothing is on the way: 200 ms.
const QUIET: usize = 10;

/// What a phone plays in a call.
#[derive(Debug)]
pub(super) enum Sound {
    /// What it hears: (timestamp, payload type, payload).
    Echo(VecDeque<(u32, u8, Vec<u8>)>),
    /// Music from a sample on, round and round.
    Music { samples: Arc<Vec<i16>>, at: usize },
    /// The tone sequence from a block on.
    Sequence { block: usize, quiet: usize },
}

/// What was counted at one end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) sent: u64,
    pub(super) received: u64,
    /// By sequence number.
    pub(super) lost: u64,
    /// Frequencies in Hz, in order.
    pub(super) heard: Vec<u16>,
}

/// Where and how to send, from the descriptions.
#[derive(Debug)]
struct Line {
    remote: SocketAddr,
    /// What to send with.
    speech: (u8, Law),
    /// Payload types that may come, with their law; digits have none.
    known: Vec<(u8, Option<Law>)>,
    sends: bool,
}

/// A call.
#[derive(Debug)]
pub(super) struct Talk {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    session: Session,
    session_id: u64,
    line: Option<Line>,
    sound: Sound,
    ear: Ear,
    /// Of the next packet.
    header: Header,
    /// Ours minus the far end's timestamp, for the echo.
    shift: Option<u32>,
    sent: u64,
    received: Receive,
}

impl Talk {
    /// Opens sockets at `ip`.
    pub(super) fn open(ip: IpAddr, sound: Sound, rng: &mut Rng) -> io::Result<Self> {
        let rtp = UdpSocket::bind((ip, 0))?;
        let rtcp = UdpSocket::bind((ip, 0))?;
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        let header = Header {
            marker: true,
            pt: 0,
            sequence: rng.next_u64() as u16 & 0x7fff,
            timestamp: rng.next_u64() as u32,
            ssrc: rng.next_u64() as u32,
        };
        Ok(Talk {
            rtp,
            rtcp,
            session: Session::default(),
            session_id: rng.next_u64() >> 33,
            line: None,
            sound,
            ear: Ear::default(),
            header,
            shift: None,
            sent: 0,
            received: Receive::default(),
        })
    }

    /// Our offer.
    pub(super) fn offer(&mut self) -> io::Result<Bytes> {
        let body = self.own()?.offer();
        Ok(Bytes::from(self.session.stamp(&body).into_owned()))
    }

    /// Our answer to `offer`, in force at once; `None` when nothing is common.
    pub(super) fn answer(&mut self, offer: &[u8]) -> Option<Bytes> {
        let offer = Sdp::parse(offer).ok()?;
        let body = self.own().ok()?.answer(&offer).ok()?;
        self.line = line_of(&offer);
        Some(Bytes::from(self.session.stamp(&body).into_owned()))
    }

    /// Puts the answer to our offer in force; `false` when it cannot be used.
    pub(super) fn accept(&mut self, answer: &[u8]) -> bool {
        self.line = Sdp::parse(answer).ok().and_then(|answer| line_of(&answer));
        self.line.is_some()
    }

    fn own(&self) -> io::Result<Own<'static>> {
        Ok(Own {
            session: self.session_id,
            rtp: self.rtp.local_addr()?,
            rtcp: self.rtcp.local_addr()?,
            payloads: &Own::PAYLOADS,
            direction: Direction::SendRecv,
            profile: Profile::Avp,
            crypto: &[],
        })
    }

    /// 20 ms: reads what came, sends what is due.
    pub(super) fn beat(&mut self, now: Mono) {
        let mut buffer = [0; 2_048];
        for _ in 0..READS_MAX {
            match self.rtp.recv_from(&mut buffer) {
                Ok((len, _)) => self.packet(now, buffer.get(..len).unwrap_or_default()),
                Err(_) => break,
            }
        }
        // Reports are read away, so that their sender meets an open port.
        while self.rtcp.recv_from(&mut buffer).is_ok() {}
        self.play();
    }

    /// The sequence was sent, its echo was waited for, and the line is quiet.
    pub(super) fn is_done(&self) -> bool {
        matches!(&self.sound, Sound::Sequence { quiet, .. } if *quiet >= QUIET)
    }

    pub(super) fn count(&self) -> Count {
        Count {
            sent: self.sent,
            received: self.received.packets(),
            lost: u64::from(self.received.lost()),
            heard: self.ear.heard().to_vec(),
        }
    }

    fn packet(&mut self, now: Mono, packet: &[u8]) {
        let Some(parsed) = rtp::parse(packet) else { return };
        let header = parsed.header;
        let known = self.line.as_ref().map(|l| l.known.as_slice()).unwrap_or_default();
        let Some((pt, law)) = known.iter().find(|(pt, _)| *pt == header.pt).copied() else {
            return;
        };
        self.received.packet(now, &header, packet.len(), CLOCK);
        let payload = parsed.payload(packet);
        if let Some(law) = law {
            self.ear.payload(law, payload);
        }
        if let Sound::Echo(waiting) = &mut self.sound {
            if waiting.len() >= ECHO_MAX {
                waiting.pop_front();
            }
            waiting.push_back((header.timestamp, pt, payload.to_vec()));
        }
    }

    fn play(&mut self) {
        let Some(line) = self.line.as_ref().filter(|l| l.sends) else { return };
        let (pt, law) = line.speech;
        let next = self.header.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        match &mut self.sound {
            Sound::Echo(waiting) => {
                let Some((timestamp, pt, payload)) = waiting.pop_front() else { return };
                let ours = self.header.timestamp;
                let shift = *self.shift.get_or_insert(ours.wrapping_sub(timestamp));
                self.header.timestamp = timestamp.wrapping_add(shift);
                self.send(pt, &payload);
            }
            Sound::Music { samples, at } => {
                let frame: [u8; FRAME_SAMPLES] = std::array::from_fn(|n| {
                    law.encode(samples.get((*at + n) % samples.len().max(1)).copied().unwrap_or(0))
                });
                *at = (*at + FRAME_SAMPLES) % samples.len().max(1);
                self.send(pt, &frame);
                self.header.timestamp = next;
            }
            Sound::Sequence { block, quiet } => {
                let heard = self.ear.heard().len() >= tone::SEQUENCE.len();
                if *block >= tone::BLOCKS + TAIL_MAX || (*block >= tone::BLOCKS && heard) {
                    *quiet += 1;
                    return;
                }
                let frame = tone::block(*block).map(|sample| law.encode(sample));
                *block += 1;
                self.send(pt, &frame);
                self.header.timestamp = next;
            }
        }
    }

    fn send(&mut self, pt: u8, payload: &[u8]) {
        let Some(remote) = self.line.as_ref().map(|l| l.remote) else { return };
        let mut packet = Vec::with_capacity(rtp::HEADER_BYTES + payload.len());
        packet.extend_from_slice(&Header { pt, ..self.header }.bytes());
        packet.extend_from_slice(payload);
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.marker = false;
        // A packet that the system does not take is lost, and counted as such by the far end.
        let _ = self.rtp.send_to(&packet, remote);
        self.sent += 1;
    }
}

/// How to talk with the writer of a description.
fn line_of(sdp: &Sdp<'_>) -> Option<Line> {
    let audio = sdp.audio().ok()??;
    if audio.is_refused() {
        return None;
    }
    let law = |p: &Payload| match p.codec {
        Codec::Pcmu => Some(Law::Mu),
        Codec::Pcma => Some(Law::A),
        _ => None,
    };
    let known: Vec<(u8, Option<Law>)> =
        negotiate(&audio, &Own::PAYLOADS).iter().map(|p| (p.pt, law(p))).collect();
    let speech = known.iter().find_map(|(pt, law)| law.map(|law| (*pt, law)))?;
    let sends = Direction::SendRecv.answer_to(audio.direction).sends();
    Some(Line { remote: audio.rtp, speech, known, sends })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(sound: Sound) -> Talk {
        Talk::open([127, 0, 0, 1].into(), sound, &mut Rng::from_seed([1; 32])).unwrap()
    }

    fn caller() -> Talk {
        talk(Sound::Sequence { block: 0, quiet: 0 })
    }

    fn echo() -> Talk {
        talk(Sound::Echo(VecDeque::new()))
    }

    /// Offer and answer between the two; whether they agree.
    fn agree(a: &mut Talk, b: &mut Talk) -> bool {
        let offer = a.offer().unwrap();
        b.answer(&offer).is_some_and(|answer| a.accept(&answer))
    }

    fn run(a: &mut Talk, b: &mut Talk, beats: u64) {
        for n in 0..beats {
            let now = Mono(n * rtp::FRAME_US);
            a.beat(now);
            b.beat(now);
        }
    }

    #[test]
    fn the_sequence_goes_to_the_echo_and_back() {
        let (mut a, mut b) = (caller(), echo());
        assert!(agree(&mut a, &mut b));
        for n in 0..1_000 {
            let now = Mono(n * rtp::FRAME_US);
            a.beat(now);
            b.beat(now);
            if a.is_done() {
                break;
            }
        }
        assert!(a.is_done());
        let (caller, echo) = (a.count(), b.count());
        assert_eq!(caller.heard, tone::SEQUENCE);
        assert_eq!(echo.heard, tone::SEQUENCE);
        assert!(caller.sent > tone::BLOCKS as u64 / 2);
        assert_eq!((echo.received, echo.lost), (caller.sent, 0));
        assert_eq!((caller.received, caller.lost), (echo.sent, 0));
        assert_eq!(echo.sent, echo.received);
    }

    #[test]
    fn a_caller_that_hears_nothing_gives_up() {
        let (mut a, mut b) = (caller(), echo());
        assert!(agree(&mut a, &mut b));
        b.line = None;
        run(&mut a, &mut b, (tone::BLOCKS + TAIL_MAX + QUIET) as u64);
        assert!(a.is_done());
        assert_eq!((a.count().received, a.count().heard.len()), (0, 0));
    }

    #[test]
    fn nothing_is_played_while_the_far_end_holds() {
        let samples = Arc::new(vec![1_000; 800]);
        let (mut a, mut b) = (caller(), talk(Sound::Music { samples, at: 0 }));
        assert!(agree(&mut a, &mut b));
        run(&mut a, &mut b, 10);
        assert!(b.count().sent >= 9);
        let hold = String::from_utf8(a.offer().unwrap().to_vec()).unwrap();
        let before = b.count().sent;
        let answer = b.answer(hold.replace("sendrecv", "inactive").as_bytes()).unwrap();
        assert!(answer.windows(10).any(|w| w == b"a=inactive"), "{answer:?}");
        run(&mut a, &mut b, 10);
        assert_eq!(b.count().sent, before);
    }

    #[test]
    fn a_common_law_is_needed() {
        let mut b = echo();
        let offer = |pt: &str| {
            format!(
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio 40000 RTP/AVP {pt}\r\n"
            )
        };
        assert!(b.answer(offer("9 18").as_bytes()).is_none());
        assert!(b.answer(b"v=0").is_none());
        assert!(b.answer(offer("9 8").as_bytes()).is_some());
        assert_eq!(b.line.unwrap().speech, (8, Law::A));
    }
}
