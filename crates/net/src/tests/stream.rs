//! Real connections: what is closed, and what the shard hears of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::stream::{Outbound, StreamEvent, StreamListener};
use crate::{Crowd, TlsConfig};

const PATIENCE: Duration = Duration::from_secs(20);

/// A listener that allows `per_address` strangers.
async fn listen(
    per_address: usize,
    tls: Option<TlsConfig>,
) -> (SocketAddr, mpsc::Receiver<StreamEvent>, tokio::task::JoinSet<()>) {
    let (sink, events) = mpsc::channel(64);
    let crowd = Crowd::new((per_address, 100), || {});
    let flows = Arc::new(AtomicU64::new(0));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = StreamListener::bind(any, tls, sink, flows, crowd).await.expect("bound");
    let at = listener.local_addr().expect("an address");
    let mut task = tokio::task::JoinSet::new();
    task.spawn(listener.run());
    (at, events, task)
}

/// What the shard hears, until so many connections are open.
#[derive(Default)]
struct Heard {
    ways: Vec<Outbound>,
    closed: Vec<u64>,
}

impl Heard {
    async fn event(&mut self, events: &mut mpsc::Receiver<StreamEvent>) {
        match timeout(PATIENCE, events.recv()).await.expect("in time").expect("a listener") {
            StreamEvent::Opened { out, .. } => self.ways.push(out),
            StreamEvent::Closed { flow } => self.closed.push(flow.0),
            StreamEvent::Message { .. } => panic!("nobody sends a message"),
        }
    }

    async fn opened(&mut self, events: &mut mpsc::Receiver<StreamEvent>, count: usize) {
        while self.ways.len() < count {
            self.event(events).await;
        }
    }
}

/// Whether the far end closed the connection; waits for it.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 64];
    matches!(timeout(PATIENCE, stream.read(&mut buffer)).await, Ok(Ok(0) | Err(_)))
}

/// Whether the connection still answers a ping.
async fn answers(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 2];
    stream.write_all(b"\r\n\r\n").await.is_ok()
        && matches!(timeout(PATIENCE, stream.read_exact(&mut buffer)).await, Ok(Ok(_)))
        && buffer == *b"\r\n"
}

#[tokio::test]
async fn of_too_many_strangers_the_quietest_is_closed_and_the_shard_is_told() {
    let (at, mut events, _task) = listen(2, None).await;
    let (mut streams, mut heard) = (Vec::new(), Heard::default());
    for n in 1..=3 {
        streams.push(TcpStream::connect(at).await.expect("connected"));
        heard.opened(&mut events, n).await;
        if let [first, _] = streams.as_mut_slice() {
            assert!(answers(first).await, "the first one has stirred last");
        }
    }
    assert!(is_closed(&mut streams[1]).await);
    while heard.closed.is_empty() {
        heard.event(&mut events).await;
    }
    assert_eq!(heard.closed, [1]);
    assert!(answers(&mut streams[0]).await && answers(&mut streams[2]).await);
}

#[tokio::test]
async fn those_who_proved_themselves_stay() {
    let (at, mut events, _task) = listen(2, None).await;
    let (mut streams, mut heard) = (Vec::new(), Heard::default());
    for n in 1..=5 {
        streams.push(TcpStream::connect(at).await.expect("connected"));
        heard.opened(&mut events, n).await;
        heard.ways[n - 1].settle();
    }
    for stream in &mut streams {
        assert!(answers(stream).await);
    }
}

#[tokio::test]
async fn who_begins_no_handshake_makes_room() {
    let dir = std::env::temp_dir().join(format!("naisen-net-{}", std::process::id()));
    let tls = crate::certs::server_config(&dir, &["127.0.0.1".into()]).expect("a certificate");
    let _ = std::fs::remove_dir_all(&dir);
    let (at, _events, _task) = listen(2, Some(tls)).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(TcpStream::connect(at).await.expect("connected"));
    }
    assert!(is_closed(&mut streams[0]).await);
}
