//! RTCP between legs, and what happens once a second.

use std::net::SocketAddr;

use base::Mono;
use mediactl::{Event, Form, Joined};
use rtp::latch::Timed;
use rtp::rtcp::{self, Passage, SenderReport, Summary};
use rtp::{FRAME_SAMPLES, Header};

use crate::leg::Leg;
use crate::relay::Datagram;
use crate::thread::{DATAGRAM_MAX, Worker};
use crate::tick;

impl Worker {
    /// One datagram is waiting on the RTCP socket.
    pub(crate) fn reports(&mut self, now: Mono, at: usize, buffer: &mut [u8; DATAGRAM_MAX]) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let room = &mut buffer[..rtcp::DATAGRAM_MAX];
        let Ok((len, from)) = leg.rtcp.recv_from(room) else { return };
        if leg.group.is_some() {
            return;
        }
        // No source is learned from RTCP: it must be the one of the SDP or of the RTP.
        let announced = leg.want.remote.map(|r| r.rtcp);
        let beside = leg.latch.locked().is_some_and(|rtp| rtp.ip() == from.ip());
        if announced != Some(from) && !beside {
            return;
        }
        leg.rtcp_to = Some(from);
        self.report(now, at, buffer, Datagram { len, from: Some(from) });
    }

    /// Reads a compound for the statistics and passes it to the other leg.
    pub(crate) fn report(
        &mut self,
        now: Mono,
        at: usize,
        buffer: &mut [u8; DATAGRAM_MAX],
        datagram: Datagram,
    ) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let mut len = datagram.len;
        if let Some(secure) = &mut leg.secure {
            let bytes = buffer.get_mut(..len).unwrap_or_default();
            let Ok(opened) = secure.unprotect.rtcp(bytes) else { return };
            len = opened;
        }
        let Some(summary) = rtcp::summary(buffer.get(..len).unwrap_or_default()) else { return };
        leg.note_report(now, &summary);
        let (Some(peer), own, heard) = (leg.peer, leg.rx.ssrc(), leg.tx) else { return };
        let Some(to) = self.legs.get_mut(peer) else { return };
        // The reports are about the two streams that are relayed now, or they mean nothing there.
        let (Some(own), Some((_, timestamp_offset))) = (own, to.tx.offsets()) else { return };
        if to.tx.source_ssrc() != Some(own) {
            return;
        }
        let passage = Passage {
            sender: to.tx.ssrc(),
            timestamp_offset,
            reported: heard.ssrc(),
            own: heard.source_ssrc().unwrap_or_default(),
            sequence_offset: heard.offsets().unwrap_or_default().0,
        };
        let len = rtcp::pass(buffer, len, &passage);
        if len > 0 {
            to.send_rtcp(now, buffer, len, summary.sr_time);
        }
    }

    /// Once a second: latches, silences, reports of players, what could not be handed over.
    pub(crate) fn sweep(&mut self, now: Mono, buffer: &mut [u8; DATAGRAM_MAX]) {
        self.finish_tapes();
        let silence = self.shared.silence;
        let (mut locks, mut silent) = (Vec::new(), Vec::new());
        for (at, leg) in &mut self.legs {
            match leg.latch.tick(now) {
                Timed::Nothing => {}
                Timed::Lock(from) => locks.push((at, from)),
                Timed::Unlock => {
                    if std::mem::take(&mut leg.connected) {
                        let _ = rustix::net::connect_unspec(&leg.rtp);
                    }
                }
            }
            let expected = leg.want.remote.is_some() && leg.want.direction.receives();
            if !expected {
                // Silence counts from the moment at which the peer may speak again.
                leg.quiet_since = now;
            }
            let quiet = now.since(leg.latch.last().max(leg.quiet_since));
            if quiet >= silence && !std::mem::replace(&mut leg.silent_told, true) {
                silent.push(leg.want.leg);
            }
            leg.report_play(now, buffer);
        }
        locks.into_iter().for_each(|(at, from)| self.latched(now, at, from, buffer));
        silent.into_iter().for_each(|leg| self.tell(Event::Silent { leg }));
    }
}

/// Our own sender reports go out so often, in sweeps (RFC 3550 §6.2: about five seconds).
const REPORT_SWEEPS: u8 = 5;

impl Leg {
    fn note_report(&mut self, now: Mono, summary: &Summary) {
        let Some(report) = summary.report.filter(|r| r.ssrc == self.tx.ssrc()) else { return };
        self.counted.far_lost = report.lost;
        if let Some((time, at)) = self.report_sent
            && report.last_sr == time
        {
            let held = u64::from(report.since_sr) * 1_000_000 / 65_536;
            self.counted.rtt_us = now.since(at).0.saturating_sub(held) as u32;
        }
    }

    fn send_rtcp(
        &mut self,
        now: Mono,
        buffer: &mut [u8; DATAGRAM_MAX],
        len: usize,
        sr_time: Option<u32>,
    ) {
        if let Some(time) = sr_time {
            self.report_sent = Some((time, now));
        }
        let len = match &mut self.secure {
            None => len,
            Some(secure) => match secure.protect.rtcp(buffer, len) {
                Ok(len) => len,
                Err(_) => return,
            },
        };
        let bytes = buffer.get(..len).unwrap_or_default();
        match (self.want.remote, self.rtcp_to) {
            (Some(remote), _) if remote.rtcp_mux => self.send(bytes),
            (_, Some(to)) if is_usable(to) => {
                // Lost reports are replaced by the next.
                let _ = self.rtcp.send_to(bytes, to);
            }
            (_, Some(_) | None) => {}
        }
    }

    /// A sender report about what a player sends, or what a listener is sent; streams that are
    /// relayed between two have their own.
    fn report_play(&mut self, now: Mono, buffer: &mut [u8; DATAGRAM_MAX]) {
        let ours = match self.want.joined {
            Joined::Player(_) => self.player.as_ref().is_some_and(|p| !p.ended),
            Joined::Recorder(_) => self.is_taped(),
            Joined::Listener(_) => self.counted.tx_packets > 0,
            Joined::Echo | Joined::Leg(_) | Joined::None | Joined::Speaker => false,
        };
        if !ours || self.want.form != Form::Rtp {
            return;
        }
        self.sweeps = (self.sweeps + 1) % REPORT_SWEEPS;
        if self.sweeps != 0 {
            return;
        }
        let ntp = tick::ntp();
        let header = Header {
            ssrc: self.tx.ssrc(),
            timestamp: self.tx.timestamp_at(now),
            ..Header::default()
        };
        let packets = self.counted.tx_packets as u32;
        let octets = packets.wrapping_mul(FRAME_SAMPLES as u32);
        let bytes = SenderReport { header, ntp, packets, octets }.bytes();
        if let Some(front) = buffer.get_mut(..bytes.len()) {
            front.copy_from_slice(&bytes);
        }
        let middle = ntp.0 << 16 | ntp.1 >> 16;
        self.send_rtcp(now, buffer, bytes.len(), Some(middle));
    }
}

fn is_usable(to: SocketAddr) -> bool {
    !to.ip().is_unspecified() && to.port() != 0
}
