//! Sockets of a leg.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};

use base::Mono;
use mediactl::Failure;
use socket2::{Domain, Protocol, Socket, Type};

use crate::pool::{Pick, PortPool};

/// RTP and RTCP socket of a leg with their addresses, and the port to give back.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    pub(crate) rtp_at: SocketAddr,
    pub(crate) rtcp_at: SocketAddr,
    pub(crate) pick: Pick,
}

/// Receive buffer: a fifth of a second of the widest stream, no more: old audio is no use.
const RECEIVE_BUFFER: usize = 64 * 1_024;

/// Ports that others hold are passed over, so many at a time.
const ATTEMPTS: usize = 256;

/// Opens a pair on `local` and returns it with its two addresses.
pub(crate) fn open(
    pool: &Mutex<PortPool>,
    now: Mono,
    local: IpAddr,
    dscp: u8,
) -> Result<Pair, Failure> {
    if local.is_unspecified() || local.is_multicast() {
        return Err(Failure::LocalAddress);
    }
    let mut attempts = 0;
    loop {
        let pick = lock(pool).take(now).ok_or(Failure::ResourceShortage)?;
        match bind_pair(local, pick, dscp) {
            Ok(((rtp, rtp_at), (rtcp, rtcp_at))) => {
                return Ok(Pair { rtp, rtcp, rtp_at, rtcp_at, pick });
            }
            Err(error) => {
                lock(pool).free(now, pick);
                attempts += 1;
                match error.kind() {
                    io::ErrorKind::AddrInUse if attempts < ATTEMPTS => continue,
                    io::ErrorKind::AddrInUse => return Err(Failure::ResourceShortage),
                    io::ErrorKind::AddrNotAvailable => return Err(Failure::LocalAddress),
                    _ if is_shortage(&error) => return Err(Failure::ResourceShortage),
                    _ => return Err(Failure::Socket),
                }
            }
        }
    }
}

/// How far a stream to a group goes: through the routers of a site, not beyond.
const GROUP_TTL: u32 = 32;

/// Lets a socket send to groups, by the interface that has the address; nothing comes back.
pub(crate) fn cast(socket: &UdpSocket, local: IpAddr) -> io::Result<()> {
    let socket = socket2::SockRef::from(socket);
    match local {
        IpAddr::V4(local) => {
            socket.set_multicast_if_v4(&local)?;
            socket.set_multicast_ttl_v4(GROUP_TTL)?;
            socket.set_multicast_loop_v4(false)
        }
        IpAddr::V6(local) => {
            let table = std::fs::read_to_string(INTERFACES_V6)?;
            let index = interface_of(&table, local).ok_or(io::ErrorKind::AddrNotAvailable)?;
            socket.set_multicast_if_v6(index)?;
            socket.set_multicast_hops_v6(GROUP_TTL)?;
            socket.set_multicast_loop_v6(false)
        }
    }
}

/// The addresses of IPv6 with their interfaces (proc(5)): a line for each, address and number of
/// the interface in hexadecimal digits first.
const INTERFACES_V6: &str = "/proc/net/if_inet6";

/// The number of the interface that has the address.
pub(crate) fn interface_of(table: &str, local: Ipv6Addr) -> Option<u32> {
    let local = format!("{:032x}", u128::from(local));
    table.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let index = words.next().filter(|word| *word == local).and_then(|_| words.next())?;
        u32::from_str_radix(index, 16).ok()
    })
}

/// The pool is only ever locked for a step that cannot panic; a poisoned lock is still good.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Bound = (UdpSocket, SocketAddr);

fn bind_pair(local: IpAddr, pick: Pick, dscp: u8) -> io::Result<(Bound, Bound)> {
    let (first, second) = match pick {
        Pick::Pair(port) => (port, port + 1),
        Pick::Any => (0, 0),
    };
    Ok((bind(local, first, dscp)?, bind(local, second, dscp)?))
}

fn bind(local: IpAddr, port: u16, dscp: u8) -> io::Result<Bound> {
    let addr = SocketAddr::new(local, port);
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new_raw(Domain::for_address(addr), kind, Some(Protocol::UDP))?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let tos = u32::from(dscp) << 2;
    match local {
        IpAddr::V4(_) => socket.set_tos_v4(tos)?,
        IpAddr::V6(_) => {
            socket.set_only_v6(true)?;
            socket.set_tclass_v6(tos)?;
        }
    }
    socket.bind(&addr.into())?;
    let socket = UdpSocket::from(socket);
    let at = if port == 0 { socket.local_addr()? } else { addr };
    Ok((socket, at))
}

/// EMFILE, ENFILE, ENOBUFS, ENOMEM.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let short = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    rustix::io::Errno::from_io_error(error).is_some_and(|e| short.contains(&e))
}

/// Raises the soft limit of descriptors to what `legs` need, as far as the hard limit allows.
pub(crate) fn raise_descriptor_limit(legs: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// Descriptors of the rest of the program: signalling, store, portal.
    const SLACK: u64 = 2_048;
    let limit = getrlimit(Resource::Nofile);
    let wanted = 2 * legs as u64 + SLACK;
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return;
    }
    let raised = limit.maximum.map_or(wanted, |max| max.min(wanted));
    let wish = Rlimit { current: Some(raised), maximum: limit.maximum };
    if setrlimit(Resource::Nofile, wish).is_err() || raised < wanted {
        tracing::warn!(wanted, raised, "descriptor limit allows fewer legs");
    }
}
