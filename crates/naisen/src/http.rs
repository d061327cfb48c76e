//! The listeners of portal and figures: so many connections at once, and none that does nothing.
//!
//! Without a bound whoever reaches such a listener could take every descriptor, which telephones
//! and audio need.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// What one listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Connections at once; further ones wait in the kernel's queue.
    pub(crate) connections: usize,
    /// How long a connection may move no byte.
    pub(crate) idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { connections: 512, idle: Duration::from_secs(120) }
    }
}

/// Serves `app` until dropped.
pub(crate) async fn serve(listener: TcpListener, app: Router, bounds: Bounds) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(bounds.connections));
    let door = Door { listener, permits, idle: bounds.idle };
    let app = app.layer(map_request(async |mut request: Request| {
        if let Some(ConnectInfo(Peer(peer))) = request.extensions().get().copied() {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        request
    }));
    axum::serve(door, app.into_make_service_with_connect_info::<Peer>()).await
}

struct Door {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    idle: Duration,
}

/// The far end of a connection.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Peer(*stream.remote_addr())
    }
}

impl Listener for Door {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        let permit = loop {
            // Closed only with the door itself.
            if let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await {
                break permit;
            }
        };
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let (idle, alarm) = (self.idle, Box::pin(sleep(self.idle)));
        (Visit { stream, idle, alarm, _permit: permit }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection with its place.
struct Visit {
    stream: TcpStream,
    idle: Duration,
    alarm: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Visit {
    /// What came of reading or writing; an error when nothing did for too long.
    fn stir<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            let alarm = Instant::now() + self.idle;
            self.alarm.as_mut().reset(alarm);
            return done;
        }
        ready!(self.alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.stir(cx, done)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.stir(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.stir(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A listener that tells who asks.
    async fn open(connections: usize, idle: Duration) -> (SocketAddr, JoinSet<io::Result<()>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let who = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
        let app = Router::new().route("/", get(who));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, app, Bounds { connections, idle }));
        (at, tasks)
    }

    /// Asks on an open connection; all that comes until it closes.
    async fn ask(stream: &mut TcpStream) -> String {
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        timeout(PATIENCE, read).await.unwrap().unwrap();
        answer
    }

    #[tokio::test]
    async fn a_page_learns_who_asks() {
        let (at, _tasks) = open(4, PATIENCE).await;
        let mut stream = TcpStream::connect(at).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        let answer = ask(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&own), "{answer}");
    }

    #[tokio::test]
    async fn who_says_nothing_makes_room_for_others() {
        let (at, _tasks) = open(2, Duration::from_millis(50)).await;
        let mut quiet = Vec::new();
        for _ in 0..4 {
            quiet.push(TcpStream::connect(at).await.unwrap());
        }
        // Behind four that say nothing, and only two at once.
        let mut stream = TcpStream::connect(at).await.unwrap();
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
        for stream in &mut quiet {
            let end = timeout(PATIENCE, stream.read(&mut [0; 64])).await.unwrap();
            assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
        }
    }

    #[tokio::test]
    async fn more_than_allowed_wait_for_their_turn() {
        let (at, _tasks) = open(1, PATIENCE).await;
        let first = TcpStream::connect(at).await.unwrap();
        let mut second = TcpStream::connect(at).await.unwrap();
        let mut byte = [0; 1];
        second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let early = timeout(Duration::from_millis(50), second.read_exact(&mut byte)).await;
        assert!(early.is_err(), "its turn has not come");
        drop(first);
        assert!(timeout(PATIENCE, second.read_exact(&mut byte)).await.unwrap().is_ok());
    }
}
