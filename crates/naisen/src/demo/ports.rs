//! The default ports, and what to say when one of them is taken.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use app::text::text_with;
use bulk::reason::Arg;

use crate::args::Lang;

/// SIP by UDP and TCP.
pub(super) const SIP: u16 = 5060;
/// SIP by TLS.
pub(super) const SIP_TLS: u16 = 5061;
/// The portal.
pub(super) const PORTAL: u16 = 8080;
/// `/metrics`, `/healthz`, `/readyz`.
pub(super) const METRICS: u16 = 9090;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Udp,
    Tcp,
}

/// Every listener of the demo: what it is for, its transport and port.
const LISTENERS: [(&str, Kind, u16); 5] = [
    ("SIP", Kind::Udp, SIP),
    ("SIP", Kind::Tcp, SIP),
    ("SIP TLS", Kind::Tcp, SIP_TLS),
    ("portal", Kind::Tcp, PORTAL),
    ("metrics", Kind::Tcp, METRICS),
];

/// A port that cannot be opened.
#[derive(Debug)]
pub(super) struct Taken {
    use_for: &'static str,
    kind: Kind,
    addr: SocketAddr,
    error: io::Error,
}

/// Opens each port for a moment; the first that cannot be.
pub(super) fn check(listen: IpAddr) -> Result<(), Taken> {
    for (use_for, kind, port) in LISTENERS {
        let addr = SocketAddr::new(listen, port);
        probe(kind, addr).map_err(|error| Taken { use_for, kind, addr, error })?;
    }
    Ok(())
}

fn probe(kind: Kind, addr: SocketAddr) -> io::Result<()> {
    match kind {
        Kind::Udp => UdpSocket::bind(addr).map(drop),
        Kind::Tcp => TcpListener::bind(addr).map(drop),
    }
}

impl Taken {
    /// Which port, why, and how to mend it.
    pub(super) fn sentence(&self, lang: Lang) -> String {
        let port = self.addr.port();
        let (transport, look) = match self.kind {
            Kind::Udp => ("UDP", format!("ss -lnup 'sport = :{port}'")),
            Kind::Tcp => ("TCP", format!("ss -lntp 'sport = :{port}'")),
        };
        let id = match self.error.kind() {
            io::ErrorKind::AddrInUse => "demo-port-taken",
            io::ErrorKind::AddrNotAvailable => "demo-address-foreign",
            _ => "demo-port-refused",
        };
        let error = self.error.to_string();
        text_with(
            lang.app(),
            id,
            &[
                ("address", Arg::Text(self.addr.ip().to_string())),
                ("port", Arg::Number(port.into())),
                ("transport", transport.into()),
                ("use", self.use_for.into()),
                ("look", Arg::Text(look)),
                ("other", other(self.addr.ip()).into()),
                ("error", Arg::Text(error)),
            ],
        )
    }
}

/// An address of loopback that is not the one that failed.
fn other(listen: IpAddr) -> &'static str {
    if listen == IpAddr::from([127, 0, 0, 2]) { "127.0.0.3" } else { "127.0.0.2" }
}

/// Where the demo's own phones stand: beside the listeners, on loopback when those are everywhere.
pub(super) fn phones_at(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// The address that a visitor's phone and browser use.
pub(super) fn shown(listen: IpAddr) -> IpAddr {
    if !listen.is_unspecified() {
        return listen;
    }
    let (any, far) = match listen {
        IpAddr::V4(_) => ("0.0.0.0:0", "192.0.2.1:9"),
        IpAddr::V6(_) => ("[::]:0", "[2001:db8::1]:9"),
    };
    // Connecting a datagram socket sends nothing; it only asks the kernel for the way.
    let facing = UdpSocket::bind(any).and_then(|s| s.connect(far).and_then(|()| s.local_addr()));
    facing.map_or_else(|_| phones_at(listen), |addr| addr.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_mend() {
        let holder = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = holder.local_addr().unwrap();
        let error = probe(Kind::Udp, addr).unwrap_err();
        let taken = Taken { use_for: "SIP", kind: Kind::Udp, addr, error };
        for lang in [Lang::Ja, Lang::En] {
            let said = taken.sentence(lang);
            for part in ["127.0.0.1", &addr.port().to_string(), "UDP", "--listen 127.0.0.2", "ss "]
            {
                assert!(said.contains(part), "{part} in {said}");
            }
        }
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let taken = check([192, 0, 2, 77].into()).unwrap_err();
        assert!(taken.sentence(Lang::En).contains("192.0.2.77"));
        assert_eq!(taken.error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn phones_stand_beside_the_listeners() {
        assert_eq!(phones_at([0, 0, 0, 0].into()), IpAddr::from([127, 0, 0, 1]));
        assert_eq!(phones_at([127, 0, 0, 5].into()), IpAddr::from([127, 0, 0, 5]));
        assert!(!shown([0, 0, 0, 0].into()).is_unspecified());
    }
}
