//! The packet path: from the socket of one leg to the socket of another.

use std::net::SocketAddr;

use base::Mono;
use mediactl::{Event, Form};
use rtp::dtmf_event::{EventPayload, Heed};
use rtp::g711::Law;
use rtp::latch::{Seen, Verdict};
use rtp::{FRAME_SAMPLES, HEADER_BYTES, Header, Parsed};
use rustix::net::{RecvFlags, SendFlags};

use crate::codecs::Entry;
use crate::leg::{Leg, Onward};
use crate::thread::{DATAGRAM_MAX, Worker};

/// A packet that its leg has accepted, and what is to be done with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) header: Header,
    pub(crate) payload_at: usize,
    pub(crate) payload_end: usize,
    pub(crate) len: usize,
    pub(crate) rule: Rule,
    pub(crate) latched: Option<SocketAddr>,
}

/// How a packet goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// As it is.
    Pass,
    /// With silence in place of what it carries.
    Hush,
    /// Not at all; the hole is closed.
    Remove,
    /// Counted, heard by nobody.
    Stop,
}

/// Datagrams looked at when a socket has just been connected: those that came before the
/// kernel began to check their source.
const DRAIN_MAX: usize = 64;

impl Worker {
    /// One datagram is waiting on the RTP socket.
    pub(crate) fn packet(&mut self, now: Mono, at: usize, buffer: &mut [u8; DATAGRAM_MAX]) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let room = &mut buffer[..DATAGRAM_MAX - rtp::srtp::OVERHEAD_MAX];
        if leg.connected {
            // ECONNREFUSED is the echo of a phone that is not there yet.
            let received = rustix::net::recv(&leg.rtp, room, RecvFlags::DONTWAIT);
            let Ok((len, _)) = received else { return };
            self.received(now, at, buffer, Datagram { len, from: None });
        } else {
            let Ok((len, from)) = leg.rtp.recv_from(room) else { return };
            if leg.group.is_some() || self.is_denied(from.ip()) {
                return self.refuse(at);
            }
            self.received(now, at, buffer, Datagram { len, from: Some(from) });
        }
    }

    fn received(
        &mut self,
        now: Mono,
        at: usize,
        buffer: &mut [u8; DATAGRAM_MAX],
        datagram: Datagram,
    ) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        match leg.way.form {
            Form::Udptl => return self.udptl(now, at, buffer, datagram),
            Form::Rtp | Form::Multicast => {}
        }
        let bytes = buffer.get_mut(..datagram.len).unwrap_or_default();
        if leg.way.mux && rtp::rtcp::is_rtcp(bytes) {
            return self.report(now, at, buffer, datagram);
        }
        let Some(taken) = leg.accept(now, bytes, datagram.from) else { return };
        let (onward, peer) = (leg.way.onward, leg.peer);
        let ready = match &mut leg.delay {
            Some(line) if leg.codecs.law(taken.header.pt).is_some() => line.pass(buffer, taken),
            Some(_) | None => Some(taken),
        };
        if !leg.presses.is_empty() {
            self.tell_presses(at);
        }
        if let Some(ready) = ready {
            match (onward, peer) {
                (Onward::Peer, Some(peer)) => self.forward(now, [at, peer], buffer, &ready),
                (Onward::Itself, _) => self.forward(now, [at, at], buffer, &ready),
                (Onward::Tape, _) => self.tape(now, at, buffer, &ready),
                (Onward::Listeners, _) => self.spread(now, at, buffer, &ready),
                (Onward::Peer, None) | (Onward::Nobody, _) => {}
            }
        }
        if let Some(from) = taken.latched {
            self.latched(now, at, from, buffer);
        }
    }

    /// Connects the socket to its settled source and looks through what came before that.
    pub(crate) fn latched(
        &mut self,
        now: Mono,
        at: usize,
        from: SocketAddr,
        buffer: &mut [u8; DATAGRAM_MAX],
    ) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        leg.connected = leg.rtp.connect(from).is_ok();
        let id = leg.want.leg;
        self.tell(Event::Latched { leg: id, from });
        for _ in 0..DRAIN_MAX {
            let Some(leg) = self.legs.get_mut(at) else { return };
            let room = &mut buffer[..DATAGRAM_MAX - rtp::srtp::OVERHEAD_MAX];
            let Ok((len, source)) = leg.rtp.recv_from(room) else { return };
            if source == from {
                self.received(now, at, buffer, Datagram { len, from: Some(source) });
            } else {
                self.refuse(at);
            }
        }
    }

    fn refuse(&mut self, at: usize) {
        if let Some(leg) = self.legs.get_mut(at) {
            leg.counted.dropped = leg.counted.dropped.saturating_add(1);
        }
    }

    /// Sends a packet of leg `at` to the leg `to`, rewritten as part of its one stream.
    fn forward(
        &mut self,
        now: Mono,
        [at, to]: [usize; 2],
        buffer: &mut [u8; DATAGRAM_MAX],
        taken: &Taken,
    ) {
        let echo = at == to;
        let Some(leg) = self.legs.get(at) else { return };
        let entry = leg.passage.look(taken.header.pt);
        let event = leg.codecs.events == Some(taken.header.pt);
        let law = leg.codecs.law(taken.header.pt);
        let Some(to) = self.legs.get_mut(to) else { return };
        match (entry, taken.rule) {
            (None, _) => to.tx.skip(&taken.header),
            (_, Rule::Pass) if echo && event => to.tx.skip(&taken.header),
            (Some(entry), _) => to.relay(now, buffer, taken, (entry, law)),
        }
    }

    /// T.38: bytes through, nothing looked at.
    fn udptl(&mut self, now: Mono, at: usize, buffer: &mut [u8; DATAGRAM_MAX], datagram: Datagram) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let verdict = match datagram.from {
            Some(from) => leg.latch.datagram(now, from),
            None => {
                leg.latch.connected_packet(now, &Header::default());
                Verdict::Forward
            }
        };
        if verdict == Verdict::Drop {
            return self.refuse(at);
        }
        leg.silent_told = false;
        let peer = leg.peer;
        let bytes = buffer.get(..datagram.len).unwrap_or_default();
        if let Some(peer) = peer.and_then(|p| self.legs.get_mut(p)) {
            peer.send(bytes);
        }
        if let Verdict::Lock(from) = verdict {
            self.latched(now, at, from, buffer);
        }
    }
}

/// A datagram at the front of the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagram {
    pub(crate) len: usize,
    /// `None` = the connected peer.
    pub(crate) from: Option<SocketAddr>,
}

impl Leg {
    /// Sends a packet of another leg, whose payload type becomes `entry`, as part of the one
    /// stream towards this one.
    #[inline]
    pub(crate) fn relay(
        &mut self,
        now: Mono,
        buffer: &mut [u8; DATAGRAM_MAX],
        taken: &Taken,
        (entry, law): (Entry, Option<Law>),
    ) {
        match taken.rule {
            Rule::Stop => return,
            Rule::Remove => return self.tx.skip(&taken.header),
            Rule::Pass | Rule::Hush => {}
        }
        // While we send a digit, nothing else is heard.
        if self.sender.is_some() || !self.way.sends {
            return self.tx.skip(&taken.header);
        }
        let Some(header) = self.tx.relay(now, &taken.header) else { return };
        let mut len = taken.len;
        if taken.rule == Rule::Hush {
            let Some(law) = law else { return };
            len = HEADER_BYTES + FRAME_SAMPLES;
            buffer[0] = 0x80;
            buffer[HEADER_BYTES..len].fill(law.silence());
        }
        if let Some(law) = entry.relaw {
            let end = if taken.rule == Rule::Hush { len } else { taken.payload_end };
            let payload = buffer.get_mut(taken.payload_at.min(end)..end).unwrap_or_default();
            payload.iter_mut().for_each(|octet| *octet = law.to_other(*octet));
        }
        Header { pt: entry.to, ..header }.patch(buffer);
        self.send_rtp(buffer, len);
    }

    /// Opens, checks and counts a packet of this leg.
    #[inline]
    fn accept(&mut self, now: Mono, bytes: &mut [u8], from: Option<SocketAddr>) -> Option<Taken> {
        let taken = self.judge(now, bytes, from);
        if taken.is_none() {
            self.counted.dropped = self.counted.dropped.saturating_add(1);
        }
        taken
    }

    fn judge(&mut self, now: Mono, bytes: &mut [u8], from: Option<SocketAddr>) -> Option<Taken> {
        let len = match &mut self.secure {
            Some(secure) => secure.unprotect.rtp(bytes).ok()?,
            None => bytes.len(),
        };
        let bytes = bytes.get(..len)?;
        let parsed = rtp::parse(bytes)?;
        let header = parsed.header;
        if !self.codecs.accepts(header.pt) {
            return None;
        }
        let mut latched = None;
        match from {
            None => self.latch.connected_packet(now, &header),
            Some(from) => {
                let authenticated = self.secure.is_some();
                let seen = Seen { from, header: &header, authenticated };
                match self.latch.packet(now, seen) {
                    Verdict::Drop => return None,
                    Verdict::Forward => {}
                    Verdict::Lock(from) => latched = Some(from),
                }
            }
        }
        self.silent_told = false;
        self.rx.packet(now, &header, len, self.codecs.clock);
        let mut taken = Taken {
            header,
            payload_at: parsed.payload_at,
            payload_end: parsed.payload_end,
            len,
            rule: Rule::Pass,
            latched,
        };
        if !self.way.receives {
            taken.rule = Rule::Stop;
        } else if self.codecs.events == Some(header.pt) {
            self.event(now, &parsed, bytes, &mut taken);
        } else {
            self.speech(now, &parsed, bytes, &mut taken);
        }
        Some(taken)
    }

    /// A telephone-event packet.
    fn event(&mut self, now: Mono, parsed: &Parsed, bytes: &[u8], taken: &mut Taken) {
        let Some(payload) = EventPayload::parse(parsed.payload(bytes)) else {
            taken.rule = Rule::Remove;
            return;
        };
        let notice = self.digits.packet(now, &parsed.header, &payload);
        let heed = notice.heed;
        if heed != Heed::Ignore && heed != Heed::More {
            self.note_event(&notice);
        }
        if !self.hides_digits() {
            return;
        }
        // The stream goes on in silence, so that routers and jitter buffers stay awake.
        let silence = self.codecs.law(self.speech_pt).is_some() && heed != Heed::Ignore;
        taken.rule = if silence { Rule::Hush } else { Rule::Remove };
        if silence {
            let frame = FRAME_SAMPLES as u32;
            let into = u32::from(payload.duration).saturating_sub(frame);
            taken.header.pt = self.speech_pt;
            taken.header.marker = false;
            taken.header.timestamp = parsed.header.timestamp.wrapping_add(into);
        }
    }

    /// A speech packet.
    #[inline]
    fn speech(&mut self, now: Mono, parsed: &Parsed, bytes: &[u8], taken: &mut Taken) {
        self.speech_pt = parsed.header.pt;
        let law = self.codecs.law(parsed.header.pt);
        let mut covered = false;
        if let (Some(tones), Some(law)) = (&mut self.tones, law) {
            let presses = &mut self.presses;
            tones.payload(law, parsed.payload(bytes), |edge| Self::note_tone(presses, edge));
            // In `Collect` tones pass as audio and are only detected (media design §10.1).
            covered = tones.covers() && self.way.dtmf == mediactl::DtmfToPeer::Drop;
        }
        if self.hides_digits() {
            covered |= self.digits.covers(now);
        }
        if covered {
            taken.rule = if law.is_some() { Rule::Hush } else { Rule::Remove };
        }
    }

    /// Protects, counts and sends the RTP packet at the front of `buffer`.
    #[inline]
    pub(crate) fn send_rtp(&mut self, buffer: &mut [u8; DATAGRAM_MAX], len: usize) {
        let len = match &mut self.secure {
            None => len,
            Some(secure) => match secure.protect.rtp(buffer, len) {
                Ok(len) => len,
                Err(_) => return,
            },
        };
        if let Some(bytes) = buffer.get(..len) {
            self.send(bytes);
        }
    }

    /// Sends to the settled source, or to where the SDP says. What cannot be sent is lost, as on
    /// any network.
    #[inline]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let sent = if self.connected {
            rustix::net::send(&self.rtp, bytes, SendFlags::DONTWAIT).is_ok()
        } else {
            let Some(to) = self.latch.target().or(self.group) else { return };
            self.rtp.send_to(bytes, to).is_ok()
        };
        if sent {
            self.counted.tx_packets += 1;
            self.counted.tx_bytes += bytes.len() as u64;
        }
    }
}
