//! TCP and TLS connections: one task each, framing only.
//!
//! A task cuts messages out of its stream and sends them to the shard by a bounded queue; a full
//! queue stops the reading, so a flood is felt by its sender. What the shard sends goes through a
//! bounded queue as well; a reader that is slower than that is closed. An idle connection holds
//! no buffer of ours.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use base::FlowId;
use base::limits::{STREAM_MESSAGE_WAIT, STREAM_OUT_MAX};
use bytes::Bytes;
use sip::msg::frame::{Frame, Framer};
use sip::msg::refuse::{self, Address};
use sip::stack::Transport;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::crowd::{Crowd, Seat};

/// What a connection tells the shard.
#[derive(Debug)]
pub enum StreamEvent {
    /// A connection is open.
    Opened {
        /// Its id.
        flow: FlowId,
        /// TCP or TLS.
        transport: Transport,
        /// Our end.
        local: SocketAddr,
        /// The far end.
        remote: SocketAddr,
        /// Where to put what is to be sent; dropping it closes the connection after a flush.
        out: Outbound,
    },
    /// One whole message came.
    Message {
        /// By which flow.
        flow: FlowId,
        /// The far end.
        from: SocketAddr,
        /// Our end.
        local: SocketAddr,
        /// The bytes.
        bytes: Bytes,
    },
    /// The connection is gone.
    Closed {
        /// Which.
        flow: FlowId,
    },
}

/// The sending side of a connection.
#[derive(Debug, Clone)]
pub struct Outbound {
    queue: mpsc::Sender<Bytes>,
    waiting: Arc<AtomicUsize>,
    seat: Seat,
}

impl Outbound {
    /// Queues a message; false when the connection is gone or its reader is too slow, in which
    /// case the caller drops this value.
    pub fn send(&self, bytes: Bytes) -> bool {
        let len = bytes.len();
        if self.waiting.fetch_add(len, Ordering::Relaxed) + len > STREAM_OUT_MAX {
            return false;
        }
        self.queue.try_send(bytes).is_ok()
    }

    /// The far end has proved who it is: the connection is no longer one of those of which only
    /// so many may be open.
    pub fn settle(&self) {
        self.seat.settle();
    }
}

/// Messages that may wait on one connection; their bytes are bounded as well.
const OUT_QUEUE: usize = 256;

/// Handshakes that may run at once (security.md §3).
const HANDSHAKES_MAX: usize = 200;

/// How long a handshake may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);

/// How long a connection may take to accept what is written.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// Connections of one listener; further ones are closed at once.
const CONNECTIONS_MAX: usize = 50_000;

/// Pause after a connection could not be accepted: descriptors do not come back at once.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A listening socket for SIP over TCP or TLS.
pub struct StreamListener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    sink: mpsc::Sender<StreamEvent>,
    flows: Arc<AtomicU64>,
    crowd: Arc<Crowd>,
}

impl StreamListener {
    /// Binds `addr`; with `tls` each connection begins with a handshake.
    ///
    /// # Errors
    /// The address is taken or not of this machine.
    pub async fn bind(
        addr: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        sink: mpsc::Sender<StreamEvent>,
        flows: Arc<AtomicU64>,
        crowd: Arc<Crowd>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        Ok(StreamListener { listener, tls: tls.map(TlsAcceptor::from), sink, flows, crowd })
    }

    /// The address in use.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts until dropped; then every connection of this listener ends.
    pub async fn run(self) {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        let mut tasks = JoinSet::new();
        let mut failing = false;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, remote)) if tasks.len() < CONNECTIONS_MAX => {
                        failing = false;
                        let flow = FlowId(self.flows.fetch_add(1, Ordering::Relaxed));
                        let connection = Connection {
                            flow,
                            remote,
                            sink: self.sink.clone(),
                            tls: self.tls.clone(),
                            handshakes: Arc::clone(&handshakes),
                            seat: self.crowd.enter(remote.ip()),
                        };
                        tasks.spawn(connection.run(stream));
                    }
                    // Over the bound the stream is dropped, which closes it; out of descriptors
                    // the next one may do better.
                    Ok(_) => self.crowd.turned_away(),
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!(%error, "connections cannot be accepted for now");
                        }
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                },
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
    }
}

struct Connection {
    flow: FlowId,
    remote: SocketAddr,
    sink: mpsc::Sender<StreamEvent>,
    tls: Option<TlsAcceptor>,
    handshakes: Arc<Semaphore>,
    seat: Seat,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        let Ok(local) = stream.local_addr() else { return };
        prepare(&stream);
        match self.tls.clone() {
            None => self.serve(stream, Transport::Tcp, local).await,
            Some(acceptor) => {
                let Ok(permit) = Arc::clone(&self.handshakes).try_acquire_owned() else {
                    return self.seat.turned_away();
                };
                let shaking = timeout(HANDSHAKE_WAIT, acceptor.accept(stream));
                let shaken = tokio::select! {
                    shaken = shaking => shaken,
                    () = self.seat.expelled() => return,
                };
                drop(permit);
                if let Ok(Ok(stream)) = shaken {
                    self.serve(stream, Transport::Tls, local).await;
                }
            }
        }
    }

    async fn serve<S>(self, stream: S, transport: Transport, local: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (queue, outbox) = mpsc::channel(OUT_QUEUE);
        let waiting = Arc::new(AtomicUsize::new(0));
        let Connection { flow, remote, sink, seat, .. } = self;
        let out = Outbound { queue, waiting: Arc::clone(&waiting), seat: seat.clone() };
        if sink.send(StreamEvent::Opened { flow, transport, local, remote, out }).await.is_err() {
            return;
        }
        let link = Link { flow, remote, local, sink: sink.clone(), waiting, seat: seat.clone() };
        link.pump(stream, outbox).await;
        seat.settle();
        // The shard is told even when its queue is full, since a flow it believes in is a leak.
        let _ = sink.send(StreamEvent::Closed { flow }).await;
    }
}

struct Link {
    flow: FlowId,
    remote: SocketAddr,
    local: SocketAddr,
    sink: mpsc::Sender<StreamEvent>,
    waiting: Arc<AtomicUsize>,
    seat: Seat,
}

/// Whether the connection goes on.
enum Next {
    Go,
    Stop,
}

impl Link {
    async fn pump<S>(self, stream: S, mut outbox: mpsc::Receiver<Bytes>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut framer = Framer::new();
        let mut chunk = [0u8; 2_048];
        loop {
            let patience = if framer.is_incomplete() {
                Duration::from_micros(STREAM_MESSAGE_WAIT.0)
            } else {
                Duration::from_secs(86_400)
            };
            tokio::select! {
                read = timeout(patience, reader.read(&mut chunk)) => {
                    let Ok(Ok(n @ 1..)) = read else { break };
                    self.seat.stir();
                    framer.push(chunk.get(..n).unwrap_or_default());
                    match self.frames(&mut framer, &mut writer).await {
                        Next::Go => {}
                        Next::Stop => break,
                    }
                }
                message = outbox.recv() => {
                    let Some(bytes) = message else { break };
                    self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                    if !write(&mut writer, &bytes).await {
                        break;
                    }
                }
                () = self.seat.expelled() => break,
            }
        }
        let _ = timeout(Duration::from_secs(1), writer.shutdown()).await;
    }

    /// Hands over what the framer holds.
    async fn frames<W: AsyncWrite + Unpin>(&self, framer: &mut Framer, writer: &mut W) -> Next {
        while let Some(frame) = framer.next() {
            match frame {
                Frame::Msg(msg) => {
                    let event = StreamEvent::Message {
                        flow: self.flow,
                        from: self.remote,
                        local: self.local,
                        bytes: msg.raw().clone(),
                    };
                    if self.sink.send(event).await.is_err() {
                        return Next::Stop;
                    }
                }
                Frame::Pong => {}
                Frame::Ping => {
                    if !write(writer, b"\r\n").await {
                        return Next::Stop;
                    }
                }
                Frame::Bad { error, close } => {
                    let to = Address { source: Some(self.remote), to_tag: "unread" };
                    if let Some(reply) = refuse::broken(&error, to, &mut Vec::new()) {
                        write(writer, &reply).await;
                    }
                    if close {
                        return Next::Stop;
                    }
                }
            }
        }
        Next::Go
    }
}

async fn write<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> bool {
    matches!(timeout(WRITE_WAIT, writer.write_all(bytes)).await, Ok(Ok(())))
}

/// Small messages at once; a peer that died without a word is found within a minute.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}
