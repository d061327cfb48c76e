//! The far end of audio, and the cheapest possible relay; each a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::epoll;

use super::proc;
use crate::say;

/// What came by since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heard {
    /// Packets.
    pub(crate) packets: u64,
    /// Missing sequence numbers.
    pub(crate) lost: u64,
    /// Packets that came after a later one.
    pub(crate) late: u64,
}

/// An echo in a process of its own.
pub(crate) struct Echo {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Echo {
    /// Starts it on an address; the kernel chooses the port.
    pub(crate) fn start(ip: Ipv4Addr) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["__echo".to_owned(), ip.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("no output of the echo")?;
        let mut answers = BufReader::new(out);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let port = line.trim().parse().context("the echo names no port")?;
        Ok(Echo { child, answers, port })
    }

    /// What it heard so far.
    pub(crate) fn heard(&mut self) -> Result<Heard> {
        let stdin = self.child.stdin.as_mut().context("no input of the echo")?;
        writeln!(stdin, "heard")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let mut numbers = line.split_whitespace().filter_map(|n| n.parse().ok());
        let mut next = || numbers.next().unwrap_or(0);
        Ok(Heard { packets: next(), lost: next(), late: next() })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Sender {
    last: u16,
    lost: u64,
    late: u64,
}

/// The echo's process: sends every RTP packet back and answers a line with what it heard.
pub(crate) fn echo_main(ip: &str) -> Result<bool> {
    let ip: Ipv4Addr = ip.parse()?;
    let socket = UdpSocket::bind((ip, 0))?;
    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4_000_000)?;
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    say!("{}", socket.local_addr()?.port());
    static ASKED: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            ASKED.store(true, Ordering::Release);
        }
        std::process::exit(0);
    });
    let mut senders: BTreeMap<SocketAddr, Sender> = BTreeMap::new();
    let (mut packets, mut buffer) = (0_u64, [0_u8; 2048]);
    loop {
        if ASKED.swap(false, Ordering::AcqRel) {
            let lost: u64 = senders.values().map(|s| s.lost).sum();
            let late: u64 = senders.values().map(|s| s.late).sum();
            say!("{packets} {lost} {late}");
        }
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let [first, _, high, low, ..] = buffer;
        if length < 12 || first >> 6 != 2 {
            continue;
        }
        packets += 1;
        let sequence = u16::from_be_bytes([high, low]);
        match senders.get_mut(&from) {
            None => {
                senders.insert(from, Sender { last: sequence, ..Sender::default() });
            }
            Some(sender) => {
                // 1 is the next; up to half the circle lies ahead, the rest behind.
                let step = sequence.wrapping_sub(sender.last);
                if step == 0 || step >= 0x8000 {
                    sender.late += 1;
                } else {
                    sender.lost += u64::from(step) - 1;
                    sender.last = sequence;
                }
            }
        }
        let _ = socket.send_to(&buffer[..length], from);
    }
}

/// CPU microseconds per packet of the cheapest relay: one receive and one send in an epoll loop.
pub(crate) fn floor(calls: usize, time: Duration) -> Result<f64> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["__floor".to_owned(), calls.to_string(), time.as_secs().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut out = BufReader::new(child.stdout.take().context("no output of the floor")?);
    let mut line = String::new();
    out.read_line(&mut line)?;
    let ports: Vec<u16> = line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
    let sockets: Vec<UdpSocket> = ports
        .iter()
        .map(|port| {
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 6), 0))?;
            socket.set_nonblocking(true)?;
            socket.connect((Ipv4Addr::LOCALHOST, *port))?;
            Ok(socket)
        })
        .collect::<Result<_>>()?;
    let (begin, mut sent) = (Instant::now(), 0_usize);
    let packet = [[0x80_u8; 1].as_slice(), &[0; 171]].concat();
    let mut sink = [0; 2048];
    while begin.elapsed() < time + Duration::from_millis(300) {
        let due = begin.elapsed().as_micros() * 50 * sockets.len() as u128 / 1_000_000;
        while (sent as u128) < due {
            if let Some(socket) = sockets.get(sent % sockets.len()) {
                let _ = socket.send(&packet);
                while socket.recv(&mut sink).is_ok() {}
            }
            sent += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    line.clear();
    out.read_line(&mut line)?;
    let _ = child.wait();
    line.trim().parse().context("the floor gave no figure")
}

/// The floor's process.
pub(crate) fn floor_main(calls: &str, seconds: &str) -> Result<bool> {
    let (calls, time) = (calls.parse::<usize>()?, Duration::from_secs(seconds.parse()?));
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut sockets = Vec::new();
    for at in 0..2 * calls {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        epoll::add(&poll, &socket, epoll::EventData::new_u64(at as u64), epoll::EventFlags::IN)?;
        sockets.push(socket);
    }
    let ports = sockets.iter().map(|s| Ok(s.local_addr()?.port().to_string()));
    say!("{}", ports.collect::<Result<Vec<_>>>()?.join(" "));
    // Each socket has one far end, known from its first packet, as a relay that has latched.
    let mut far: Vec<Option<SocketAddr>> = vec![None; sockets.len()];
    let (begin, before, mut forwarded) = (Instant::now(), proc::own_cpu(), 0_u64);
    let mut events: Vec<epoll::Event> = Vec::with_capacity(256);
    let mut buffer = [0; 2048];
    let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    while begin.elapsed() < time {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&wait))?;
        for event in &events {
            let at = usize::try_from(event.data.u64())?;
            let Some(Ok((length, from))) = sockets.get(at).map(|s| s.recv_from(&mut buffer)) else {
                continue;
            };
            far[at] = Some(from);
            if let (Some(to), Some(out)) = (far[at ^ 1], sockets.get(at ^ 1)) {
                forwarded += u64::from(out.send_to(&buffer[..length], to).is_ok());
            }
        }
    }
    let spent = proc::own_cpu() - before;
    say!("{:.3}", spent * 1e6 / forwarded.max(1) as f64);
    Ok(true)
}
