//! A stream to the exchange that outlives the SIPp processes behind it.
//!
//! A telephone on TCP or TLS is called by the connection that it registered by, but SIPp plays
//! one script a process. So the connection is kept here: one SIPp dials in to register, the next
//! one is dialled when a call comes. For TLS this end also has the certificate, since Debian's
//! SIPp is built without TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};

use super::{PATIENCE, ask};

/// The line of one telephone.
pub(crate) struct Line {
    /// Where SIPp dials in.
    pub(crate) at: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What reaches the exchange.
enum Upstream {
    Plain(TcpStream),
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Line {
    /// Opens a connection to `exchange` for the telephone that SIPp plays at `phone`; over TLS
    /// when there is the authority's certificate to trust.
    #[track_caller]
    pub(crate) fn open(phone: SocketAddr, exchange: SocketAddr, authority: Option<&Path>) -> Self {
        let inside = TcpListener::bind((phone.ip(), 0)).unwrap();
        inside.set_nonblocking(true).unwrap();
        let at = inside.local_addr().unwrap();
        let stream = dial(phone.ip(), exchange);
        let upstream = match authority {
            None => {
                stream.set_nonblocking(true).unwrap();
                Upstream::Plain(stream)
            }
            Some(file) => Upstream::Secure(Box::new(secured(stream, exchange, file))),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let mut ends_at = Ends { inside, upstream, phone, downstream: None };
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                if !ends_at.carry() {
                    std::thread::park_timeout(Duration::from_millis(1));
                }
            }
        });
        Line { at, stop, thread: Some(thread) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Connects from the telephone's own address, as its Contact has it.
#[track_caller]
fn dial(from: IpAddr, exchange: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(exchange), Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&exchange.into()).unwrap();
    socket.set_tcp_nodelay(true).unwrap();
    socket.into()
}

/// A TLS connection that trusts the exchange's own authority and nobody else.
#[track_caller]
fn secured(
    stream: TcpStream,
    exchange: SocketAddr,
    authority: &Path,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::from(exchange.ip());
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream.sock.set_nonblocking(true).unwrap();
    stream
}

struct Ends {
    inside: TcpListener,
    upstream: Upstream,
    phone: SocketAddr,
    downstream: Option<TcpStream>,
}

impl Ends {
    /// Carries what there is; false when there was nothing.
    fn carry(&mut self) -> bool {
        let mut any = false;
        if let Ok((stream, _)) = self.inside.accept() {
            let _ = stream.set_nonblocking(true);
            let _ = stream.set_nodelay(true);
            self.downstream = Some(stream);
            any = true;
        }
        let mut buffer = [0; 65_536];
        if let Some(stream) = &mut self.downstream {
            match stream.read(&mut buffer) {
                Ok(0) => self.downstream = None,
                Ok(count) => {
                    any = true;
                    self.up(&buffer[..count]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.downstream = None,
            }
        }
        let read = match &mut self.upstream {
            Upstream::Plain(stream) => stream.read(&mut buffer),
            Upstream::Secure(stream) => stream.read(&mut buffer),
        };
        if let Ok(count @ 1..) = read {
            any = true;
            self.down(&buffer[..count]);
        }
        any
    }

    fn up(&mut self, bytes: &[u8]) {
        let out: &mut dyn Write = match &mut self.upstream {
            Upstream::Plain(stream) => stream,
            Upstream::Secure(stream) => stream,
        };
        write_all(out, bytes);
    }

    /// To whoever plays the telephone now; it is dialled when nobody is there, unless it is only
    /// a keep-alive.
    fn down(&mut self, bytes: &[u8]) {
        if self.downstream.is_none() && bytes.iter().any(|b| !b"\r\n".contains(b)) {
            self.downstream = ask(PATIENCE, || TcpStream::connect(self.phone).ok());
            if let Some(stream) = &self.downstream {
                let _ = stream.set_nonblocking(true);
                let _ = stream.set_nodelay(true);
            }
        }
        if let Some(stream) = &mut self.downstream {
            write_all(stream, bytes);
        }
    }
}

fn write_all(out: &mut dyn Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            Err(_) => return,
        }
    }
    let _ = out.flush();
}
