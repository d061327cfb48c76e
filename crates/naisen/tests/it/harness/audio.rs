//! Hearing: files and packets, and which tone is in them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{PATIENCE, ask, let_run, own_address};

/// Mono samples.
#[derive(Debug, Clone)]
pub(crate) struct Wav {
    rate: u32,
    samples: Vec<f64>,
}

impl Wav {
    /// Reads a file of 16-bit samples, the first channel of it; one that is still being written
    /// is read to where it stands.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let data = std::fs::read(path).ok()?;
        let word = |at: usize| Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?));
        let channels = usize::from(u16::from_le_bytes(data.get(22..24)?.try_into().ok()?)).max(1);
        let rate = word(24)?;
        let mut at = 12;
        while data.get(at..at + 4)? != b"data" {
            at += 8 + word(at + 4)? as usize;
        }
        let (frames, _) = data.get(at + 8..)?.as_chunks::<2>();
        let samples = frames
            .iter()
            .step_by(channels)
            .map(|bytes| f64::from(i16::from_le_bytes(*bytes)) / 32_768.0)
            .collect();
        Some(Wav { rate, samples })
    }
}

impl Wav {
    /// Its last piece.
    pub(crate) fn tail(&self, seconds: f64) -> Wav {
        let count = (f64::from(self.rate) * seconds) as usize;
        let from = self.samples.len().saturating_sub(count);
        Wav { rate: self.rate, samples: self.samples[from..].to_vec() }
    }
}

/// What of a frequency is in a recording.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tone {
    /// So long it was clearly there.
    pub(crate) seconds: f64,
    /// So long anything was there.
    pub(crate) loud_seconds: f64,
}

/// Looks for a tone in pieces of 50 ms: 80 % of the energy at that frequency, above −40 dB.
pub(crate) fn tone(wav: &Wav, hertz: u32) -> Tone {
    let size = (wav.rate / 20).max(1) as usize;
    let mut found = Tone::default();
    for block in wav.samples.chunks_exact(size) {
        let energy = block.iter().map(|s| s * s).sum::<f64>() / size as f64;
        if energy.sqrt() < 0.01 {
            continue;
        }
        found.loud_seconds += 0.05;
        if goertzel(block, wav.rate, hertz) / energy > 0.8 {
            found.seconds += 0.05;
        }
    }
    found
}

/// A digit in a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialled {
    /// Which key.
    pub(crate) key: char,
    /// How long it was there.
    pub(crate) millis: u32,
}

/// The digits in a recording: pieces of 10 ms in which a low and a high tone of the key pad hold
/// three quarters of the energy, each a fair share.
pub(crate) fn digits(wav: &Wav) -> Vec<Dialled> {
    const LOW: [u32; 4] = [697, 770, 852, 941];
    const HIGH: [u32; 3] = [1_209, 1_336, 1_477];
    let loudest = |block: &[f64], of: &[u32]| {
        let powers = of.iter().map(|hertz| goertzel(block, wav.rate, *hertz));
        powers.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    };
    let step = (wav.rate / 100) as usize;
    let mut found: Vec<Dialled> = Vec::new();
    let mut last = None;
    // Windows of 20 ms, so that neighbours are told apart.
    for block in wav.samples.windows(2 * step).step_by(step) {
        let energy = block.iter().map(|s| s * s).sum::<f64>() / block.len() as f64;
        let ((row, low), (column, high)) = (loudest(block, &LOW), loudest(block, &HIGH));
        let fair = low.min(high) > 0.15 * energy && low + high > 0.75 * energy;
        let key = (energy.sqrt() >= 0.01 && fair)
            .then(|| ["123", "456", "789", "*0#"][row].chars().nth(column).unwrap_or('?'));
        match (key, found.last_mut()) {
            (Some(key), Some(dialled)) if last == Some(key) => dialled.millis += 10,
            (Some(key), _) => found.push(Dialled { key, millis: 10 }),
            (None, _) => {}
        }
        last = key;
    }
    found
}

/// Power of one frequency in a block.
fn goertzel(block: &[f64], rate: u32, hertz: u32) -> f64 {
    let step = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    let (mut a, mut b) = (0.0, 0.0);
    for sample in block {
        (a, b) = (sample + 2.0 * step.cos() * a - b, a);
    }
    let power = a * a + b * b - 2.0 * step.cos() * a * b;
    2.0 * power / (block.len() as f64).powi(2)
}

/// An RTP end of our own: sends a tone in G.711 µ-law once it knows where to, and listens.
pub(crate) struct Voice {
    /// Where it listens.
    pub(crate) at: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    far: Mutex<Option<SocketAddr>>,
    heard: Mutex<Vec<f64>>,
    /// Time stamp and code of each digit that came as an event.
    events: Mutex<Vec<(u32, Option<u8>)>>,
}

/// Payload type of digits in all sessions of the tests.
const EVENTS: u8 = 101;

impl Voice {
    /// Starts; `hertz` 0 is silence. It sends to whoever sends to it, or to where it is told.
    pub(crate) fn start(ip: Option<IpAddr>, hertz: u32) -> Self {
        let ip = ip.unwrap_or_else(|| own_address().into());
        Self::on(UdpSocket::bind((ip, 0)).unwrap(), hertz)
    }

    /// Listens to a multicast group on loopback, at an even port; `None` = there is none here.
    pub(crate) fn of_group(group: [u8; 4]) -> Option<Self> {
        let group = Ipv4Addr::from(group);
        for _ in 0..64 {
            let socket = UdpSocket::bind((group, 0)).ok()?;
            if socket.local_addr().ok()?.port().is_multiple_of(2) {
                socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).ok()?;
                return Some(Self::on(socket, 0));
            }
        }
        None
    }

    fn on(socket: UdpSocket, hertz: u32) -> Self {
        socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        let at = socket.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || own.talk(&socket, hertz));
        Voice { at, shared, thread: Some(thread) }
    }

    /// Tells it where the far end is.
    pub(crate) fn call(&self, far: SocketAddr) {
        *self.shared.far.lock().unwrap() = Some(far);
    }

    /// Forgets what was heard.
    pub(crate) fn forget(&self) {
        self.shared.heard.lock().unwrap().clear();
    }

    /// What was heard since.
    pub(crate) fn heard(&self) -> Wav {
        Wav { rate: 8_000, samples: self.shared.heard.lock().unwrap().clone() }
    }

    /// The digits that came as events.
    pub(crate) fn events(&self) -> String {
        let events = self.shared.events.lock().unwrap();
        let key = |code: u8| "0123456789*#".chars().nth(code.into());
        events.iter().filter_map(|(_, code)| key((*code)?)).collect()
    }

    /// Waits until half a second of that tone was heard.
    #[track_caller]
    pub(crate) fn hears(&self, hertz: u32) {
        let good = ask(PATIENCE, || (tone(&self.heard(), hertz).seconds >= 0.5).then_some(()));
        assert!(good.is_some(), "{hertz} Hz not heard, but {:?}", tone(&self.heard(), hertz));
    }

    /// Waits until half a second of something else than that tone is heard, nothing of it.
    #[track_caller]
    pub(crate) fn hears_other_than(&self, hertz: u32) {
        let mut last = Tone::default();
        let good = ask(PATIENCE, || {
            self.forget();
            let_run(Duration::from_millis(700));
            last = tone(&self.heard(), hertz);
            (last.loud_seconds >= 0.5 && last.seconds < 0.1).then_some(())
        });
        assert!(good.is_some(), "in 0.7 s: {last:?}");
    }
}

impl Shared {
    fn talk(&self, socket: &UdpSocket, hertz: u32) {
        let (begin, mut frame) = (Instant::now(), 0_u32);
        let mut buffer = [0; 2048];
        while !self.stop.load(Ordering::Relaxed) {
            if let Ok((count, from)) = socket.recv_from(&mut buffer)
                && let Some(packet) = rtp::parse(&buffer[..count])
            {
                self.far.lock().unwrap().get_or_insert(from);
                let payload = packet.payload(&buffer[..count]);
                if packet.header.pt == EVENTS {
                    let event = (packet.header.timestamp, payload.first().copied());
                    let mut events = self.events.lock().unwrap();
                    if events.last() != Some(&event) {
                        events.push(event);
                    }
                    continue;
                }
                let samples =
                    payload.iter().map(|b| f64::from(rtp::g711::Law::Mu.decode(*b)) / 32_768.0);
                self.heard.lock().unwrap().extend(samples);
            }
            let due = (begin.elapsed().as_millis() / 20) as u32;
            let far = *self.far.lock().unwrap();
            while let (true, Some(far)) = (frame < due, far) {
                let _ = socket.send_to(&packet(frame, hertz), far);
                frame += 1;
            }
            frame = frame.max(due);
        }
    }
}

/// The `n`th packet of a tone.
fn packet(n: u32, hertz: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend((n as u16).to_be_bytes());
    packet.extend((n * 160).to_be_bytes());
    packet.extend(0x5EED_u32.to_be_bytes());
    for at in 0..160 {
        let time = f64::from(n * 160 + at) / 8_000.0;
        let sample = (std::f64::consts::TAU * f64::from(hertz) * time).sin() * 8_000.0;
        packet.push(rtp::g711::Law::Mu.encode(sample as i16));
    }
    packet
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn tones_are_told_apart() {
    let of = |hertz: u32| {
        let samples = (0..50).flat_map(|n| packet(n, hertz)[12..].to_vec());
        let samples = samples.map(|b| f64::from(rtp::g711::Law::Mu.decode(b)) / 32_768.0).collect();
        Wav { rate: 8_000, samples }
    };
    assert!(tone(&of(1_000), 1_000).seconds > 0.9);
    assert!(tone(&of(1_000), 440).seconds < 0.1);
    assert!(tone(&of(0), 440).loud_seconds < 0.1);
    assert!(digits(&of(697)).is_empty() && digits(&of(1_209)).is_empty());
    let (low, high) = (of(852), of(1_477));
    let sum = low.samples.iter().zip(&high.samples).map(|(a, b)| a + b);
    let both = Wav { rate: 8_000, samples: sum.collect() };
    let told: Vec<_> = digits(&both).iter().map(|d| (d.key, d.millis)).collect();
    assert_eq!(told, [('9', 990)]);
}
