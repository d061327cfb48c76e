//! UDP sockets for SIP.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// Receive buffer: the usual default of 208 KiB drops bursts (sip.md §10).
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// DSCP CS3, the class of call signalling (RFC 4594 §4.2).
const TOS_CS3: u32 = 24 << 2;

/// A bound, non-blocking UDP socket with a large receive buffer, marked CS3.
///
/// # Errors
/// The address is taken or not of this machine.
pub fn bind(addr: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let domain = if addr.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
        socket.set_tclass_v6(TOS_CS3)?;
    } else {
        socket.set_tos_v4(TOS_CS3)?;
    }
    // The kernel caps the wish at net.core.rmem_max; less is no reason not to start.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(socket.into())
}
