//! Connections whose far end has not proved who it is: bounded in all and per address.
//!
//! Of too many, the one that has been quiet for longest is closed, so that whoever holds
//! connections without using them shuts out nobody but himself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All connections that have not proved anything, of every listener.
pub struct Crowd {
    per_address: usize,
    in_all: usize,
    /// Told of each connection that is closed.
    closed: Box<dyn Fn() + Send + Sync>,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    /// Counts arrivals and signs of life: the lowest number has been quiet for longest.
    serial: u64,
    by_serial: BTreeMap<u64, Member>,
    by_address: HashMap<IpAddr, BTreeSet<u64>>,
}

struct Member {
    address: IpAddr,
    seat: Arc<Inner>,
}

/// What a connection and the crowd share.
struct Inner {
    /// Its present number; 0 once it is no member. Changed only while the members are held.
    serial: AtomicU64,
    out: AtomicBool,
    bell: Notify,
}

/// The place of one connection; leaving it gives it back. Cheap to clone.
#[derive(Clone)]
pub struct Seat(Arc<Guard>);

struct Guard {
    crowd: Arc<Crowd>,
    inner: Arc<Inner>,
}

impl Crowd {
    /// No connection yet; `closed` is called for each that is closed, from any thread.
    pub fn new(
        (per_address, in_all): (usize, usize),
        closed: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (closed, members) = (Box::new(closed), Mutex::default());
        Arc::new(Crowd { per_address, in_all, closed, members })
    }

    /// A new connection from `address`; another one may be told to leave for it.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Seat {
        let address = network(address);
        let inner = Arc::new(Inner {
            serial: AtomicU64::new(0),
            out: AtomicBool::new(false),
            bell: Notify::new(),
        });
        let mut members = self.members();
        if members.by_address.get(&address).is_some_and(|m| m.len() >= self.per_address) {
            let oldest = members.by_address.get(&address).and_then(|m| m.first().copied());
            self.expel(&mut members, oldest);
        }
        if members.by_serial.len() >= self.in_all {
            let oldest = members.by_serial.keys().next().copied();
            self.expel(&mut members, oldest);
        }
        members.seat(address, &inner);
        drop(members);
        Seat(Arc::new(Guard { crowd: Arc::clone(self), inner }))
    }

    /// A connection was closed before it was anybody's.
    pub(crate) fn turned_away(&self) {
        (self.closed)();
    }

    /// Connections that have proved nothing.
    pub fn len(&self) -> usize {
        self.members().by_serial.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expel(&self, members: &mut Members, serial: Option<u64>) {
        if let Some(member) = serial.and_then(|serial| members.remove(serial)) {
            member.seat.serial.store(0, Ordering::Relaxed);
            member.seat.out.store(true, Ordering::Release);
            member.seat.bell.notify_waiters();
            (self.closed)();
        }
    }
}

impl Members {
    fn seat(&mut self, address: IpAddr, inner: &Arc<Inner>) {
        self.serial += 1;
        let serial = self.serial;
        inner.serial.store(serial, Ordering::Relaxed);
        self.by_serial.insert(serial, Member { address, seat: Arc::clone(inner) });
        self.by_address.entry(address).or_default().insert(serial);
    }

    fn remove(&mut self, serial: u64) -> Option<Member> {
        let member = self.by_serial.remove(&serial)?;
        if let Some(of_address) = self.by_address.get_mut(&member.address) {
            of_address.remove(&serial);
            if of_address.is_empty() {
                self.by_address.remove(&member.address);
            }
        }
        Some(member)
    }
}

impl Guard {
    fn leave(&self) {
        let mut members = self.crowd.members();
        members.remove(self.inner.serial.swap(0, Ordering::Relaxed));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Seat {
    /// A sign of life came.
    pub fn stir(&self) {
        let serial = || self.0.inner.serial.load(Ordering::Relaxed);
        if serial() == 0 {
            return;
        }
        let mut members = self.0.crowd.members();
        let serial = serial();
        if let Some(member) = members.remove(serial) {
            members.seat(member.address, &self.0.inner);
        }
    }

    /// The connection is closed before it could prove anything.
    pub(crate) fn turned_away(&self) {
        self.0.crowd.turned_away();
    }

    /// The far end has proved who it is: the connection counts no more and is not closed.
    pub fn settle(&self) {
        self.0.leave();
    }

    /// Ends when the connection must be closed.
    pub async fn expelled(&self) {
        let inner = &self.0.inner;
        loop {
            let rung = inner.bell.notified();
            if inner.out.load(Ordering::Acquire) {
                return;
            }
            rung.await;
        }
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}

/// The address, or the /64 that an IPv6 address is in.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}
