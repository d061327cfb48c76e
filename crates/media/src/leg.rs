//! One leg: its sockets, its condition, and everything that is counted or remembered of it.

use std::net::{SocketAddr, UdpSocket};

use base::{LegId, Mono, Rng};
use mediactl::{DtmfToPeer, Failure, Form, Joined, LegStats, LegWant, Protection, Sdes, Suite};
use rtp::dtmf_event::{EventReceiver, EventSender};
use rtp::dtmf_tone::ToneReceiver;
use rtp::latch::Latch;
use rtp::receive::Receive;
use rtp::rewrite::Rewriter;
use rtp::srtp::{Protect, Tag, Unprotect};

use crate::codecs::{Codecs, Passage};
use crate::delay::DelayLine;
use crate::play::Player;
use crate::pool::Pick;
use crate::press::Press;
use crate::socket::Pair;
use crate::tape::Tape;

/// What every packet asks for stands first and side by side: with hundreds of legs each packet
/// finds its own cold, and each line of cache costs.
#[repr(C, align(64))]
pub(crate) struct Leg {
    pub(crate) rtp: UdpSocket,
    /// Part of the epoll data: events of a leg that is gone are not taken for its successor's.
    pub(crate) generation: u32,
    pub(crate) way: Way,
    /// Whether the RTP socket is connected to the settled source.
    pub(crate) connected: bool,
    pub(crate) silent_told: bool,
    /// Payload type of the last speech packet, in which silence is made.
    pub(crate) speech_pt: u8,
    /// Slab index of the leg that hears this one and is heard by it.
    pub(crate) peer: Option<usize>,
    pub(crate) secure: Option<Box<Secure>>,
    pub(crate) sender: Option<Box<EventSender>>,
    /// Holds the audio back where its tones shall not be heard.
    pub(crate) delay: Option<Box<DelayLine>>,
    pub(crate) tx: Rewriter,
    pub(crate) rx: Receive,
    pub(crate) counted: Counted,
    pub(crate) tones: Option<Box<ToneReceiver>>,
    /// Payload types towards the peer; of a listener, from whom it hears.
    pub(crate) passage: Passage,
    pub(crate) codecs: Codecs,
    pub(crate) latch: Latch,
    /// Beginnings and ends of digits that are still to be told.
    pub(crate) presses: Vec<Press>,
    pub(crate) digits: EventReceiver,
    pub(crate) want: Box<LegWant>,
    pub(crate) rtcp: UdpSocket,
    pub(crate) pick: Pick,
    /// Silence is counted from here at the earliest.
    pub(crate) quiet_since: Mono,
    /// Sweeps since our last sender report.
    pub(crate) sweeps: u8,
    /// Whether the tick must serve the leg.
    pub(crate) ticking: bool,
    /// The group that everything goes to; from it or anybody else nothing is taken.
    pub(crate) group: Option<SocketAddr>,
    /// The leg that this one listens to.
    pub(crate) hears: Option<LegId>,
    pub(crate) player: Option<Player>,
    pub(crate) tape: Option<Box<Tape>>,
    pub(crate) rtcp_to: Option<SocketAddr>,
    /// Middle of the NTP time of the last sender report sent here, and when.
    pub(crate) report_sent: Option<(u32, Mono)>,
}

/// What the packet path asks of the condition, which itself lies elsewhere in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) form: Form,
    /// RTCP comes to the RTP port too.
    pub(crate) mux: bool,
    pub(crate) receives: bool,
    pub(crate) sends: bool,
    pub(crate) dtmf: DtmfToPeer,
    pub(crate) onward: Onward,
}

/// Who hears a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Onward {
    Nobody,
    Peer,
    Itself,
    Tape,
    Listeners,
}

impl Way {
    fn of(want: &LegWant) -> Self {
        Self {
            form: want.form,
            mux: want.remote.is_some_and(|r| r.rtcp_mux),
            receives: want.direction.receives(),
            sends: want.direction.sends(),
            dtmf: want.dtmf_to_peer,
            onward: match want.joined {
                Joined::Leg(_) => Onward::Peer,
                Joined::Echo => Onward::Itself,
                Joined::Recorder(_) => Onward::Tape,
                Joined::Speaker => Onward::Listeners,
                Joined::None | Joined::Player(_) | Joined::Listener(_) => Onward::Nobody,
            },
        }
    }
}

/// What `Receive` does not count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub(crate) tx_packets: u64,
    pub(crate) tx_bytes: u64,
    pub(crate) dropped: u32,
    pub(crate) far_lost: u32,
    pub(crate) rtt_us: u32,
}

/// Both directions of SDES-SRTP.
pub(crate) struct Secure {
    pub(crate) protect: Protect,
    pub(crate) unprotect: Unprotect,
}

impl Leg {
    pub(crate) fn new(now: Mono, want: Box<LegWant>, pair: Pair, rng: &mut Rng) -> Self {
        let codecs = Codecs::new(&want.payloads);
        let group = want.remote.map(|r| r.rtp).filter(|_| want.form == Form::Multicast);
        let random = rng.next_u64();
        let first = rng.next_u64();
        // First sequence numbers below 2^15: a receiver of SRTP that misses the first packets
        // must not miss a rollover with them (RFC 3711 §3.3.1 leaves no way to tell).
        let sequence = (first as u16) & 0x7fff;
        let tx = Rewriter::new(random as u32, sequence, (first >> 16) as u32, codecs.clock);
        let mut leg = Self {
            way: Way::of(&want),
            rtp: pair.rtp,
            rtcp: pair.rtcp,
            pick: pair.pick,
            generation: (random >> 32) as u32 & GENERATION_MASK,
            connected: false,
            silent_told: false,
            quiet_since: now,
            sweeps: 0,
            ticking: false,
            codecs,
            latch: Latch::new(now, want.remote.map(|r| r.rtp)),
            group,
            tx,
            rx: Receive::default(),
            digits: EventReceiver::default(),
            speech_pt: codecs.play.map_or(0, |(_, pt)| pt),
            peer: None,
            hears: None,
            passage: Passage::Same,
            tones: None,
            delay: None,
            presses: Vec::new(),
            secure: secure(&want.protection),
            player: None,
            tape: None,
            sender: None,
            counted: Counted::default(),
            rtcp_to: want.remote.map(|r| r.rtcp).filter(|_| group.is_none()),
            report_sent: None,
            want,
        };
        leg.take_joined(None);
        leg.take_tones();
        leg
    }

    /// Makes `want` the condition; what did not change goes on untouched. True = the source must
    /// be learned anew, so the socket is to be disconnected.
    pub(crate) fn take(&mut self, now: Mono, want: Box<LegWant>) -> bool {
        self.way = Way::of(&want);
        let old = std::mem::replace(&mut self.want, want);
        let relearn = self.latch.set_sdp(now, self.want.remote.map(|r| r.rtp));
        if old.remote != self.want.remote {
            self.rtcp_to = self.want.remote.map(|r| r.rtcp);
        }
        if old.payloads != self.want.payloads {
            self.codecs = Codecs::new(&self.want.payloads);
            self.tx.set_clock(self.codecs.clock);
            self.speech_pt = self.codecs.play.map_or(self.speech_pt, |(_, pt)| pt);
        }
        if old.protection != self.want.protection {
            self.take_keys(&old.protection);
        }
        if old.joined != self.want.joined {
            self.take_joined(Some(&old.joined));
        }
        self.take_tones();
        relearn
    }

    /// Why the condition cannot be carried out, if so.
    pub(crate) fn check(want: &LegWant) -> Result<(), Failure> {
        match &want.protection {
            Protection::Sdes { local, remote } if local.suite != remote.suite => {
                Err(Failure::BadCondition)
            }
            _ if want.form == Form::Multicast => {
                let (group, v4) = (want.remote.map(|r| r.rtp), want.local.is_ipv4());
                let fits = group.is_some_and(|g| g.ip().is_multicast() && g.is_ipv4() == v4);
                if fits { Ok(()) } else { Err(Failure::BadCondition) }
            }
            Protection::Sdes { .. } | Protection::None => Ok(()),
        }
    }

    pub(crate) fn stats(&self) -> LegStats {
        let clock = u64::from(self.codecs.clock);
        LegStats {
            rx_packets: self.rx.packets(),
            rx_bytes: self.rx.bytes(),
            tx_packets: self.counted.tx_packets,
            tx_bytes: self.counted.tx_bytes,
            rx_lost: self.rx.lost(),
            rx_jitter_us: (u64::from(self.rx.jitter()) * 1_000_000 / clock) as u32,
            rx_dropped: self.counted.dropped,
            far_lost: self.counted.far_lost,
            rtt_us: self.counted.rtt_us,
        }
    }

    /// Whether digits of this leg are kept from the other.
    pub(crate) fn hides_digits(&self) -> bool {
        match self.way.dtmf {
            DtmfToPeer::Pass => false,
            DtmfToPeer::Drop | DtmfToPeer::Collect => true,
        }
    }

    /// Whether the leg needs each tick: something is sent to it, or a time may run out.
    pub(crate) fn needs_tick(&self) -> bool {
        self.player.as_ref().is_some_and(|p| !p.ended)
            || self.sender.is_some()
            || self.is_taped()
            || self.is_pressed()
    }

    fn take_keys(&mut self, old: &Protection) {
        match (&mut self.secure, old, &self.want.protection) {
            (
                Some(secure),
                Protection::Sdes { local: our_old, remote: their_old },
                Protection::Sdes { local, remote },
            ) => {
                if our_old != local {
                    secure.protect.rekey(&local.key.0, tag(local));
                }
                if their_old != remote {
                    secure.unprotect.rekey(&remote.key.0, tag(remote));
                }
            }
            (slot, _, wanted) => *slot = secure(wanted),
        }
    }

    fn take_joined(&mut self, old: Option<&Joined>) {
        let before = match old {
            Some(Joined::Player(play)) => Some(play),
            Some(_) | None => None,
        };
        match self.want.joined {
            Joined::Player(play) if before == Some(&play) => {}
            Joined::Player(play) => self.player = Some(Player::new(play, &self.want.instead)),
            Joined::None
            | Joined::Leg(_)
            | Joined::Echo
            | Joined::Recorder(_)
            | Joined::Speaker
            | Joined::Listener(_) => self.player = None,
        }
    }

    /// In-band digits are listened for where no events were negotiated and somebody wants them:
    /// digits are hidden or collected, or nobody else hears the leg.
    fn take_tones(&mut self) {
        let possible = self.codecs.negotiated && self.codecs.events.is_none();
        let talks =
            matches!(self.want.joined, Joined::Leg(_) | Joined::Speaker | Joined::Listener(_));
        let asked = self.hides_digits() || !talks;
        let wanted = possible && asked && self.want.form == Form::Rtp;
        match (&self.tones, wanted) {
            (None, true) => self.tones = Some(Box::default()),
            (Some(_), false) => {
                self.tones_lapse();
                self.tones = None;
            }
            (None, false) | (Some(_), true) => {}
        }
        let hidden = wanted && self.want.dtmf_to_peer == DtmfToPeer::Drop;
        match (&self.delay, hidden) {
            (None, true) => self.delay = Some(Box::default()),
            (Some(_), false) => self.delay = None,
            (None, false) | (Some(_), true) => {}
        }
    }
}

/// Generations have 31 bits: one bit of the epoll data tells RTP from RTCP.
pub(crate) const GENERATION_MASK: u32 = 0x7fff_ffff;

fn secure(protection: &Protection) -> Option<Box<Secure>> {
    match protection {
        Protection::None => None,
        Protection::Sdes { local, remote } => Some(Box::new(Secure {
            protect: Protect::new(&local.key.0, tag(local)),
            unprotect: Unprotect::new(&remote.key.0, tag(remote)),
        })),
    }
}

fn tag(sdes: &Sdes) -> Tag {
    match sdes.suite {
        Suite::AesCm128HmacSha1_80 => Tag::Bits80,
        Suite::AesCm128HmacSha1_32 => Tag::Bits32,
    }
}
