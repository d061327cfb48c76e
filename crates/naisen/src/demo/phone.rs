//! A test phone: a SIP user agent with its own socket, and what it does with calls.
//!
//! | Phone | Called | Calls |
//! |---|---|---|
//! | 2001 | rings, answers, returns what it hears | – |
//! | 2002 | rings, answers, plays music | – |
//! | 2003 | 486 | – |
//! | 2009 | 486 | 2001, with the tone sequence |

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use app::demo::{DOMAIN, Role};
use base::{Cause, FlowId, LegId, Micros, Mono, Now, Place, Rng};
use bytes::Bytes;
use sip::leg::{Identity, LegCommand, LegEvent};
use sip::stack::{Config, Transport};
use sip::ua::{Command, Endpoint, Event, Input, Output, Settings};
use tokio::net::UdpSocket;

use super::talk::{Count, Sound, Talk};

/// Calls of one phone at once; the next one is told that it is busy.
const TALKS_MAX: usize = 16;

/// Written into the phones' ids, which have nothing to do with those of the exchange.
const PHONES_NODE: u16 = 4_000;

/// A phone has one socket.
const FLOW: FlowId = FlowId(1);

/// What becomes of the first call, told to whoever waits for it.
#[derive(Debug)]
pub(super) enum News {
    /// A phone registered for the first time, so long after it was switched on.
    Registered { role: Role, after: Micros },
    /// A phone could not register; it tries again.
    RegisterFailed { role: Role, status: u16 },
    /// 180 came, so long after dialling.
    Ringing { after: Micros },
    /// 200 came.
    Answered { after: Micros },
    /// The call was refused.
    Refused { status: u16 },
    /// The call is over at this phone.
    Over { role: Role, count: Count },
}

/// A test phone.
pub(super) struct Phone {
    role: Role,
    endpoint: Endpoint,
    pub(super) socket: UdpSocket,
    local: SocketAddr,
    talks: BTreeMap<LegId, Call>,
    music: Arc<Vec<i16>>,
    rng: Rng,
    switched_on: Mono,
    registered: bool,
    dialled: Mono,
    waiting: VecDeque<Input>,
    outputs: Vec<Output>,
    pub(super) news: Vec<News>,
}

struct Call {
    talk: Talk,
    /// The call that the demo itself placed.
    first: bool,
}

impl Phone {
    /// Opens the phone's socket beside `server`; it is not switched on yet.
    pub(super) async fn open(
        phone: &app::demo::Phone,
        (at, server): (std::net::IpAddr, SocketAddr),
        rng: &Rng,
        music: Arc<Vec<i16>>,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind((at, 0)).await?;
        // From now on sending does not have to wait.
        socket.writable().await?;
        let local = socket.local_addr()?;
        let rng = rng.derive(&phone.sip_id);
        let settings = Settings {
            user: phone.sip_id.clone(),
            secret: phone.secret.expose().clone(),
            domain: DOMAIN.to_owned(),
            display: phone.name.clone(),
            server,
            expires_s: 3_600,
            instance: None,
            config: Config { product: "Naisen test phone", ..Config::default() },
        };
        let place = Place::new(PHONES_NODE, phone.role as u8);
        Ok(Phone {
            role: phone.role,
            endpoint: Endpoint::new(place, &rng, settings),
            socket,
            local,
            talks: BTreeMap::new(),
            music,
            rng,
            switched_on: Mono(0),
            registered: false,
            dialled: Mono(0),
            waiting: VecDeque::new(),
            outputs: Vec::new(),
            news: Vec::new(),
        })
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// Whether there is a call.
    pub(super) fn talks(&self) -> bool {
        !self.talks.is_empty()
    }

    /// Nothing is on its way: no call, no transaction.
    pub(super) fn is_idle(&self) -> bool {
        !self.talks() && !self.endpoint.is_registered()
    }

    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.endpoint.next_deadline()
    }

    /// Registers by digest.
    pub(super) fn switch_on(&mut self, now: Now) {
        self.switched_on = now.mono;
        let (transport, local) = (Transport::Udp, self.local);
        self.handle(now, Input::FlowOpened { flow: FLOW, transport, local });
        self.handle(now, Input::Command(Command::Register));
    }

    /// Hangs up everything and unregisters.
    pub(super) fn switch_off(&mut self, now: Now) {
        let legs: Vec<LegId> = self.talks.keys().copied().collect();
        for leg in legs {
            self.hang_up(now, leg);
        }
        self.handle(now, Input::Command(Command::Unregister));
    }

    /// Calls `to` with the tone sequence.
    pub(super) fn dial(&mut self, now: Now, to: &str) -> io::Result<()> {
        let mut talk =
            Talk::open(self.local.ip(), Sound::Sequence { block: 0, quiet: 0 }, &mut self.rng)?;
        let sdp = Some(talk.offer()?);
        let leg = self.endpoint.new_leg();
        self.talks.insert(leg, Call { talk, first: true });
        self.dialled = now.mono;
        let to = to.to_owned();
        self.handle(now, Input::Command(Command::Call { leg, to, sdp, reliable: false }));
        Ok(())
    }

    /// 20 ms of every call.
    pub(super) fn beat(&mut self, now: Now) {
        let mut done = Vec::new();
        for (leg, call) in &mut self.talks {
            call.talk.beat(now.mono);
            if call.talk.is_done() {
                done.push(*leg);
            }
        }
        for leg in done {
            self.hang_up(now, leg);
        }
    }

    pub(super) fn received(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        let (local, bytes) = (self.local.ip(), Bytes::copy_from_slice(bytes));
        self.handle(now, Input::Received { flow: FLOW, from, local, bytes });
    }

    pub(super) fn tick(&mut self, now: Now) {
        self.handle(now, Input::Tick);
    }

    fn hang_up(&mut self, now: Now, leg: LegId) {
        self.over(leg);
        let end = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
        self.handle(now, Input::Command(Command::Leg { leg, command: end }));
    }

    fn handle(&mut self, now: Now, input: Input) {
        self.waiting.push_back(input);
        while let Some(input) = self.waiting.pop_front() {
            let mut outputs = std::mem::take(&mut self.outputs);
            self.endpoint.handle(now, input, &mut outputs);
            for output in outputs.drain(..) {
                match output {
                    // What the system does not take is sent again by the transaction.
                    Output::Transmit { to, bytes, .. } => {
                        let _ = self.socket.try_send_to(&bytes, to);
                    }
                    Output::Event(event) => self.event(now, event),
                }
            }
            self.outputs = outputs;
        }
    }

    fn command(&mut self, leg: LegId, command: LegCommand) {
        self.waiting.push_back(Input::Command(Command::Leg { leg, command }));
    }

    fn event(&mut self, now: Now, event: Event) {
        match event {
            Event::Registered { .. } if !self.registered => {
                self.registered = true;
                let after = now.mono.since(self.switched_on);
                self.news.push(News::Registered { role: self.role, after });
            }
            Event::RegisterFailed { status } => {
                self.news.push(News::RegisterFailed { role: self.role, status });
            }
            Event::Registered { .. } | Event::Unregistered | Event::Transfer { .. } => {}
            Event::Incoming { leg, from, offered } => self.called(leg, &from, offered.sdp),
            Event::Leg { leg, event } => self.leg(now, leg, event),
        }
    }

    /// Somebody calls.
    fn called(&mut self, leg: LegId, from: &Identity, offer: Option<Bytes>) {
        let refuse = |cause| LegCommand::Refuse { cause, retry_after_s: None };
        let sound = match self.role {
            Role::Echo => Sound::Echo(VecDeque::new()),
            Role::Music => Sound::Music { samples: Arc::clone(&self.music), at: 0 },
            Role::Busy | Role::Caller | Role::Free => {
                return self.command(leg, refuse(Cause::UserBusy));
            }
        };
        if self.talks.len() >= TALKS_MAX {
            return self.command(leg, refuse(Cause::UserBusy));
        }
        let Ok(mut talk) = Talk::open(self.local.ip(), sound, &mut self.rng) else {
            return self.command(leg, refuse(Cause::ResourceShortage));
        };
        let ours = match offer {
            Some(offer) => talk.answer(&offer),
            None => talk.offer().ok(),
        };
        let Some(sdp) = ours else {
            return self.command(leg, refuse(Cause::MediaNotAcceptable));
        };
        let first = from.user == super::CALLER;
        self.talks.insert(leg, Call { talk, first });
        self.command(leg, LegCommand::Progress { status: 180, sdp: None });
        self.command(leg, LegCommand::Answer { sdp: Some(sdp) });
    }

    fn leg(&mut self, now: Now, leg: LegId, event: LegEvent) {
        let after = now.mono.since(self.dialled);
        match event {
            LegEvent::Progress { status, sdp } => {
                self.accept(leg, sdp);
                if status == 180 {
                    self.news.push(News::Ringing { after });
                }
            }
            LegEvent::Answered { sdp } => {
                self.accept(leg, sdp);
                self.news.push(News::Answered { after });
            }
            LegEvent::AnswerReceived { sdp } => self.accept(leg, sdp),
            LegEvent::Refused(refused) => {
                self.talks.remove(&leg);
                self.news.push(News::Refused { status: refused.status });
            }
            LegEvent::OfferReceived { sdp } => self.offered(leg, sdp),
            LegEvent::Refer(_) => self.command(leg, LegCommand::RefuseRefer { status: 603 }),
            LegEvent::Ended { .. } | LegEvent::Gone => self.over(leg),
            LegEvent::Offered(_)
            | LegEvent::Trying
            | LegEvent::OfferFailed { .. }
            | LegEvent::Confirmed
            | LegEvent::Digit { .. } => {}
        }
    }

    fn accept(&mut self, leg: LegId, sdp: Option<Bytes>) {
        if let Some((call, sdp)) = self.talks.get_mut(&leg).zip(sdp) {
            // Without a usable answer the call stays silent, which the result shows.
            let _ = call.talk.accept(&sdp);
        }
    }

    /// The far end offers anew: hold, resume, another address.
    fn offered(&mut self, leg: LegId, offer: Option<Bytes>) {
        let Some(call) = self.talks.get_mut(&leg) else { return };
        let ours = match offer {
            Some(offer) => call.talk.answer(&offer),
            None => call.talk.offer().ok(),
        };
        let command = match ours {
            Some(sdp) => LegCommand::AnswerOffer { sdp },
            None => LegCommand::RefuseOffer { status: 488 },
        };
        self.command(leg, command);
    }

    fn over(&mut self, leg: LegId) {
        let call = self.talks.remove(&leg).filter(|call| call.first);
        if let Some(call) = call {
            self.news.push(News::Over { role: self.role, count: call.talk.count() });
        }
    }
}
