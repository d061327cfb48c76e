//! What a shard sleeps on: its sockets, a bell that its queues ring, and a deadline.

use std::io;
use std::mem::MaybeUninit;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Wake, Waker};

use base::Micros;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};

/// Readiness taken at a time; there are few listeners.
const READY_MAX: usize = 32;

/// Epoll data of the bell; sockets have their number.
const BELL: u64 = u64::MAX;

/// Ends the shard's sleep. It is a [`Wake`], so that queues ring it when something comes.
struct Bell(OwnedFd);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Edge-triggered: each write counts, and nobody reads it.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }
}

/// Sleeps for a shard.
pub(crate) struct Waiter {
    epoll: OwnedFd,
    waker: Waker,
    ready: Vec<usize>,
}

impl Waiter {
    /// For `sockets`, whose numbers are their places.
    pub(crate) fn new<'a>(sockets: impl Iterator<Item = &'a UdpSocket>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (number, socket) in sockets.enumerate() {
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&epoll, socket, data, epoll::EventFlags::IN)?;
        }
        let bell = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(BELL);
        epoll::add(&epoll, &bell, data, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        let waker = Waker::from(Arc::new(Bell(bell)));
        Ok(Waiter { epoll, waker, ready: Vec::with_capacity(READY_MAX) })
    }

    /// What a queue must wake.
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Sleeps until a socket can be read or the bell has rung, `at_most` so long; returns the
    /// numbers of the sockets that can be read.
    pub(crate) fn wait(&mut self, at_most: Micros) -> impl Iterator<Item = usize> {
        let timeout = Timespec {
            tv_sec: (at_most.0 / 1_000_000) as i64,
            tv_nsec: (at_most.0 % 1_000_000 * 1_000) as i64,
        };
        self.ready.clear();
        let mut events = [const { MaybeUninit::uninit() }; READY_MAX];
        // An interrupted wait is an empty one.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            let numbers = events.iter().map(|event| event.data.u64()).filter(|n| *n != BELL);
            self.ready.extend(numbers.map(|n| n as usize));
        }
        self.ready.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_datagram_and_a_ring_end_the_sleep() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("free port");
        let mut waiter = Waiter::new([&socket].into_iter()).expect("waiter");
        let hour = Micros::seconds(3_600);
        assert_eq!(waiter.wait(Micros(0)).count(), 0);
        for _ in 0..2 {
            waiter.waker().wake_by_ref();
            assert_eq!(waiter.wait(hour).count(), 0, "the bell is no socket");
        }
        let here = socket.local_addr().expect("address");
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|s| s.send_to(b"x", here))
            .expect("sent");
        for _ in 0..2 {
            assert_eq!(waiter.wait(hour).collect::<Vec<_>>(), [0], "until it is read");
        }
        socket.recv(&mut [0; 8]).expect("datagram");
        assert_eq!(waiter.wait(Micros(0)).count(), 0);
    }
}
