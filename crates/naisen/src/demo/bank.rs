//! The test phones' task: one loop for the sockets, timers and beats of all of them.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use app::demo::Role;
use base::{Mono, Rng};
use engine::clock::Clock;
use engine::tasks::Tasks;
use tokio::io::ReadBuf;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::phone::{News, Phone};

/// One frame.
const BEAT: Duration = Duration::from_micros(rtp::FRAME_US);

/// Beats further behind than this are not made up for.
const BEHIND_MAX: Duration = Duration::from_millis(200);

/// Longest SIP message by UDP.
const DATAGRAM_MAX: usize = 65_535;

/// News that wait; the first call has about a dozen.
const NEWS_MAX: usize = 64;

/// Errors of one socket that are passed over before the others have their turn.
const ERRORS_MAX: usize = 8;

/// How long switching off may take.
const OFF_WAIT: Duration = Duration::from_secs(2);

/// What the phones are told.
#[derive(Debug)]
enum Order {
    Dial(String),
    SwitchOff,
}

/// The running phones.
pub(super) struct Bank {
    orders: mpsc::Sender<Order>,
    /// What becomes of the first call.
    pub(super) news: mpsc::Receiver<News>,
    tasks: Tasks,
}

impl Bank {
    /// Opens the phones at `at` and switches them on; their server is `server`.
    pub(super) async fn start(
        phones: &[app::demo::Phone],
        (at, server): (IpAddr, SocketAddr),
        rng: &Rng,
        music: Arc<Vec<i16>>,
    ) -> io::Result<Self> {
        let mut opened = Vec::new();
        for phone in phones.iter().filter(|p| p.role != Role::Free) {
            opened.push(Phone::open(phone, (at, server), rng, Arc::clone(&music)).await?);
        }
        let (orders, orders_in) = mpsc::channel(4);
        let (news_out, news) = mpsc::channel(NEWS_MAX);
        let mut tasks = Tasks::new();
        tasks.spawn("test phones", run(opened, orders_in, news_out));
        Ok(Bank { orders, news, tasks })
    }

    /// The caller calls `to`.
    pub(super) async fn dial(&self, to: &str) {
        // A task that has ended is noticed by its missing news.
        let _ = self.orders.send(Order::Dial(to.to_owned())).await;
    }

    /// Hangs up and unregisters, then ends the task.
    pub(super) async fn switch_off(mut self) {
        let _ = self.orders.send(Order::SwitchOff).await;
        self.tasks.finish(OFF_WAIT).await;
        self.tasks.stop(Duration::from_secs(1)).await;
    }
}

async fn run(mut phones: Vec<Phone>, mut orders: mpsc::Receiver<Order>, news: mpsc::Sender<News>) {
    let clock = Clock::start();
    let now = || clock.now(clock.mono());
    let mut beats = beats();
    let mut talking = false;
    let mut going = true;
    let mut buffer = vec![0; DATAGRAM_MAX];
    phones.iter_mut().for_each(|phone| phone.switch_on(now()));
    while going || !phones.iter().all(Phone::is_idle) {
        tell(&mut phones, &news);
        let talks = phones.iter().any(Phone::talks);
        if talks && !talking {
            beats.reset();
        }
        talking = talks;
        let deadline = phones.iter().filter_map(Phone::next_deadline).min();
        tokio::select! {
            (n, len, from) = receive(&phones, &mut buffer) => {
                let bytes = buffer.get(..len).unwrap_or_default();
                if let Some(phone) = phones.get_mut(n) {
                    phone.received(now(), from, bytes);
                }
            }
            () = until(&clock, deadline) => phones.iter_mut().for_each(|p| p.tick(now())),
            due = beats.tick(), if talking => {
                phones.iter_mut().for_each(|phone| phone.beat(now()));
                if due.elapsed() > BEHIND_MAX {
                    beats.reset();
                }
            }
            order = orders.recv(), if going => match order {
                Some(Order::Dial(to)) => dial(&mut phones, &clock, &to),
                Some(Order::SwitchOff) | None => {
                    going = false;
                    phones.iter_mut().for_each(|phone| phone.switch_off(now()));
                }
            },
        }
    }
}

/// Passes on what happened; once the first call is over nobody listens.
fn tell(phones: &mut [Phone], news: &mpsc::Sender<News>) {
    for phone in phones {
        for piece in phone.news.drain(..) {
            let _ = news.try_send(piece);
        }
    }
}

fn dial(phones: &mut [Phone], clock: &Clock, to: &str) {
    let caller = phones.iter_mut().find(|phone| phone.role() == Role::Caller);
    let Some(caller) = caller else { return };
    if let Err(error) = caller.dial(clock.now(clock.mono()), to) {
        tracing::error!(%error, "test phone cannot call");
        caller.news.push(News::Refused { status: 503 });
    }
}

/// A beat that comes late is made up for, so that the far end gets every frame.
fn beats() -> Interval {
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
    beats
}

async fn until(clock: &Clock, deadline: Option<Mono>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(Instant::from_std(clock.instant(at))).await,
        None => std::future::pending().await,
    }
}

/// The next datagram at any phone: (phone, length, source).
async fn receive(phones: &[Phone], buffer: &mut [u8]) -> (usize, usize, SocketAddr) {
    poll_fn(|cx| {
        for (n, phone) in phones.iter().enumerate() {
            for _ in 0..ERRORS_MAX {
                let mut space = ReadBuf::new(buffer);
                match phone.socket.poll_recv_from(cx, &mut space) {
                    Poll::Ready(Ok(from)) => return Poll::Ready((n, space.filled().len(), from)),
                    // An earlier datagram of ours came back; behind it may be a good one.
                    Poll::Ready(Err(_)) => cx.waker().wake_by_ref(),
                    Poll::Pending => break,
                }
            }
        }
        Poll::Pending
    })
    .await
}
