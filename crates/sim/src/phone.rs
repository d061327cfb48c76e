//! A simulated phone: a real user agent, its audio as addresses only, and what it believes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::id::DeviceId;
use base::{FlowId, LegId, Mono, Now, Place, Rng};
use bytes::Bytes;
use mediactl::Direction;
use mediactl::sdp::Sdp;
use sip::leg::{LegCommand, LegEvent};
use sip::msg::Msg;
use sip::stack::{Config, Transport};
use sip::ua::{Command, Endpoint, Event, Input, Output, Settings};

use crate::company::{DOMAIN, SECRET, sip_id};
use crate::panel::{self, Link, Panel};

/// The flow of a phone that speaks UDP.
pub const FLOW: FlowId = FlowId(7);

/// Where the node listens.
pub fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5060))
}

/// How far a call is, as the phone believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Dialled, nothing heard.
    Dialling,
    /// Rings: there when we dialled, here when we are called.
    Ringing,
    /// Answered.
    Up,
    /// Over; the phone only waits for the last messages.
    Ending,
}

/// Where the far end wants audio, and in which direction (from its own view).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Far {
    /// Its address.
    pub rtp: SocketAddr,
    /// What it does.
    pub direction: Direction,
}

/// One call of a phone.
#[derive(Debug, Clone)]
pub struct PhoneLeg {
    /// We dialled.
    pub outgoing: bool,
    /// Number of the far end, or what was dialled.
    pub party: String,
    /// How far it is.
    pub stage: Stage,
    /// We hold.
    pub holding: bool,
    /// A hold or resume that is asked for.
    pub wish: Option<bool>,
    /// Our RTP port.
    pub port: u16,
    /// Version of our description.
    pub version: u64,
    /// The far end's description in force.
    pub far: Option<Far>,
    /// The INVITE had no offer.
    pub late: bool,
    /// Our answer went out before the final one.
    pub early_answer: bool,
    /// 100rel may be used.
    pub reliable: bool,
    /// Its person holds by code, as far as that person knows.
    pub coded: bool,
    /// What the call ended with: a refusal's status, 200 for BYE and CANCEL.
    pub ended_with: Option<u16>,
}

/// Fixed particulars of a phone.
#[derive(Debug, Clone)]
pub struct Card {
    /// Its place in the list.
    pub index: usize,
    /// Its device.
    pub device: DeviceId,
    /// Number of its user.
    pub number: String,
    /// Its own address, and where a NAT lets it appear at first.
    pub address: SocketAddr,
    /// UDP, or a connection to the node.
    pub transport: Transport,
    /// Never hangs up by itself.
    pub patient: bool,
    /// Keeps its `+sip.instance` over a reboot.
    pub instance: bool,
    /// Seconds of registration to ask for.
    pub expires_s: u32,
    /// Session-Expires to ask for.
    pub session_s: u32,
}

/// A phone.
pub struct Phone {
    /// What does not change.
    pub card: Card,
    /// Where the node sees it now: the outer address of its NAT, or its end of the connection.
    pub outside: SocketAddr,
    /// Its socket or connection; `None` while it has no connection.
    pub flow: Option<FlowId>,
    /// Its signalling.
    pub endpoint: Endpoint,
    /// Its calls.
    pub legs: BTreeMap<LegId, PhoneLeg>,
    /// Its keys with lamps.
    pub panel: Panel,
    /// How the last call ended.
    pub last_end: Option<(LegId, u16)>,
    /// Digits heard by INFO.
    pub digits: u64,
    boots: u64,
    next_port: u16,
    seed: Rng,
}

/// What the world must know of a phone's step.
#[derive(Debug, Clone)]
pub enum News {
    /// Send these bytes by this flow.
    Send(FlowId, Bytes),
    /// A call rings here.
    Incoming(LegId),
    /// A call that we dialled was answered.
    Answered(LegId),
    /// How a transfer went.
    Transfer {
        /// The leg of the REFER.
        leg: LegId,
        /// Status of the referred call or of the refusal.
        status: u16,
        /// Nothing more comes.
        done: bool,
    },
    /// A leg is over.
    Gone(LegId),
    /// Something that is counted.
    Counted(&'static str),
}

impl Phone {
    /// A phone that is switched off; [`Phone::boot`] starts it.
    pub fn new(card: Card, seed: &Rng) -> Self {
        let seed = seed.derive(&format!("phone {}", card.index));
        Phone {
            endpoint: endpoint(&card, &seed, 0),
            outside: card.address,
            flow: None,
            panel: Panel::new(card.index, seed.derive("panel")),
            card,
            legs: BTreeMap::new(),
            last_end: None,
            digits: 0,
            boots: 0,
            next_port: 40_000,
            seed,
        }
    }

    /// Starts, or starts again with nothing remembered; registers, when it speaks by connections
    /// as soon as it is [`Phone::connected`].
    pub fn boot(&mut self, now: Now) -> Vec<News> {
        self.boots += 1;
        self.legs.clear();
        self.panel.restart(now.mono);
        self.endpoint = endpoint(&self.card, &self.seed, self.boots);
        self.flow = None;
        let mut news = match self.card.transport {
            Transport::Udp => self.connected(now, FLOW, self.card.address),
            Transport::Tcp | Transport::Tls => Vec::new(),
        };
        news.extend(self.step(now, Input::Command(Command::Register)));
        news
    }

    /// A socket or connection is open; `local` is the phone's end.
    pub fn connected(&mut self, now: Now, flow: FlowId, local: SocketAddr) -> Vec<News> {
        let transport = self.card.transport;
        if transport != Transport::Udp {
            self.outside = local;
        }
        self.flow = Some(flow);
        self.step(now, Input::FlowOpened { flow, transport, local })
    }

    /// The connection is gone.
    pub fn cut(&mut self, now: Now) -> Vec<News> {
        let Some(flow) = self.flow.take() else { return Vec::new() };
        self.step(now, Input::FlowClosed { flow })
    }

    /// A message for the phone.
    pub fn receive(&mut self, now: Now, from: SocketAddr, bytes: Bytes) -> Vec<News> {
        let Some(flow) = self.flow else { return Vec::new() };
        let link = self.link();
        if let Ok(msg) = Msg::parse_datagram(bytes.clone())
            && let Some(step) = self.panel.receive(now.mono, &link, &msg)
        {
            return told(flow, step);
        }
        let local = self.card.address.ip();
        self.step(now, Input::Received { flow, from, local, bytes })
    }

    /// When [`Phone::tick`] is due; without a connection lamps wait.
    pub fn next_deadline(&self) -> Option<Mono> {
        let panel = self.flow.and_then(|_| self.panel.next_deadline());
        [self.endpoint.next_deadline(), panel].into_iter().flatten().min()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Now) -> Vec<News> {
        let is_due = |at: Option<Mono>| at.is_some_and(|at| at <= now.mono);
        let mut news = match is_due(self.endpoint.next_deadline()) {
            true => self.step(now, Input::Tick),
            false => Vec::new(),
        };
        if let Some(flow) = self.flow.filter(|_| is_due(self.panel.next_deadline())) {
            let link = self.link();
            news.extend(told(flow, self.panel.tick(now.mono, &link)));
        }
        news
    }

    /// From where requests of its own go.
    fn link(&self) -> Link {
        let transport = self.card.transport;
        let is_udp = transport == Transport::Udp;
        let local = if is_udp { self.card.address } else { self.outside };
        Link { local, transport }
    }

    /// Anything that a person can do with the keys.
    pub fn command(&mut self, now: Now, command: Command) -> Vec<News> {
        self.step(now, Input::Command(command))
    }

    /// Speaks to a leg.
    pub fn leg(&mut self, now: Now, leg: LegId, command: LegCommand) -> Vec<News> {
        self.command(now, Command::Leg { leg, command })
    }

    /// Dials.
    pub fn dial(&mut self, now: Now, to: &str, late: bool, reliable: bool) -> (LegId, Vec<News>) {
        let leg = self.endpoint.new_leg();
        let mut new = self.new_leg(true, to);
        (new.late, new.reliable) = (late, reliable);
        self.legs.insert(leg, new);
        let sdp = (!late).then(|| self.describe(leg, Direction::SendRecv)).flatten();
        (leg, self.command(now, Command::Call { leg, to: to.to_owned(), sdp, reliable }))
    }

    /// Answers a call that rings here.
    pub fn answer(&mut self, now: Now, leg: LegId) -> Vec<News> {
        let Some(call) = self.legs.get_mut(&leg).filter(|l| rings_here(l)) else {
            return Vec::new();
        };
        call.stage = Stage::Up;
        let sdp = match call.early_answer {
            true => None,
            false => self.describe(leg, Direction::SendRecv),
        };
        self.leg(now, leg, LegCommand::Answer { sdp })
    }

    /// Rings: 180, or a provisional answer with audio.
    pub fn ring(&mut self, now: Now, leg: LegId, early: bool) -> Vec<News> {
        let Some(call) = self.legs.get_mut(&leg).filter(|l| rings_here(l)) else {
            return Vec::new();
        };
        let sdp = if early && call.reliable && !call.early_answer {
            call.early_answer = true;
            self.describe(leg, Direction::SendRecv)
        } else {
            None
        };
        let status = if sdp.is_some() { 183 } else { 180 };
        self.leg(now, leg, LegCommand::Progress { status, sdp })
    }

    /// Refuses a call that rings here.
    pub fn reject(&mut self, now: Now, leg: LegId, cause: base::Cause) -> Vec<News> {
        if self.legs.get(&leg).is_none_or(|l| !rings_here(l)) {
            return Vec::new();
        }
        self.end_leg(leg, cause.sip_status());
        self.leg(now, leg, LegCommand::Refuse { cause, retry_after_s: None })
    }

    /// Hangs up, cancels or refuses.
    pub fn hang_up(&mut self, now: Now, leg: LegId) -> Vec<News> {
        if self.legs.get(&leg).is_none_or(|l| l.stage == Stage::Ending) {
            return Vec::new();
        }
        self.end_leg(leg, 200);
        let cause = base::Cause::NormalClearing;
        self.leg(now, leg, LegCommand::End { cause, elsewhere: false })
    }

    /// Holds or resumes.
    pub fn hold(&mut self, now: Now, leg: LegId, hold: bool) -> Vec<News> {
        let Some(call) = self.legs.get_mut(&leg) else { return Vec::new() };
        if call.stage != Stage::Up || call.wish.is_some() || call.far.is_none() {
            return Vec::new();
        }
        call.wish = Some(hold);
        let direction = if hold { Direction::SendOnly } else { Direction::SendRecv };
        let sdp = self.describe(leg, direction);
        self.leg(now, leg, LegCommand::Offer { sdp, identity: None })
    }

    /// A new description of a call, audio in both directions.
    pub fn description(&mut self, leg: LegId) -> Option<Bytes> {
        self.describe(leg, Direction::SendRecv)
    }

    /// Calls that are answered and not over.
    pub fn up(&self) -> Vec<LegId> {
        self.legs.iter().filter(|(_, l)| l.stage == Stage::Up).map(|(id, _)| *id).collect()
    }

    /// Where the phone listens for a call.
    pub fn rtp(&self, leg: &PhoneLeg) -> SocketAddr {
        SocketAddr::new(self.card.address.ip(), leg.port)
    }

    fn new_leg(&mut self, outgoing: bool, party: &str) -> PhoneLeg {
        self.next_port += 2;
        PhoneLeg {
            outgoing,
            party: party.to_owned(),
            stage: if outgoing { Stage::Dialling } else { Stage::Ringing },
            holding: false,
            wish: None,
            port: self.next_port,
            version: 0,
            far: None,
            late: false,
            early_answer: false,
            reliable: false,
            coded: false,
            ended_with: None,
        }
    }

    /// Our description of a call, each time with a new version.
    fn describe(&mut self, leg: LegId, direction: Direction) -> Option<Bytes> {
        let ip = self.card.address.ip();
        let call = self.legs.get_mut(&leg)?;
        call.version += 1;
        let (port, version, direction) = (call.port, call.version, direction.as_str());
        Some(Bytes::from(format!(
            "v=0\r\no=- {port} {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )))
    }

    fn end_leg(&mut self, leg: LegId, status: u16) {
        if let Some(call) = self.legs.get_mut(&leg).filter(|l| l.stage != Stage::Ending) {
            call.stage = Stage::Ending;
            call.ended_with = Some(status);
            self.last_end = Some((leg, status));
        }
    }

    fn step(&mut self, now: Now, input: Input) -> Vec<News> {
        let mut out = Vec::new();
        self.endpoint.handle(now, input, &mut out);
        let mut news = Vec::new();
        for output in out {
            match output {
                Output::Transmit { flow, bytes, .. } => news.push(News::Send(flow, bytes)),
                Output::Event(event) => self.event(now, event, &mut news),
            }
        }
        news
    }

    fn event(&mut self, now: Now, event: Event, news: &mut Vec<News>) {
        match event {
            Event::Registered { .. } | Event::Unregistered | Event::RegisterFailed { .. } => {}
            Event::Incoming { leg, from, offered } => {
                let mut new = self.new_leg(false, &from.user);
                new.far = offered.sdp.as_deref().and_then(far_of);
                new.late = offered.sdp.is_none();
                new.reliable = offered.reliable && offered.sdp.is_some();
                self.legs.insert(leg, new);
                news.push(News::Incoming(leg));
            }
            Event::Leg { leg, event } => self.leg_event(now, leg, event, news),
            Event::Transfer { leg, status, done } => {
                news.push(News::Transfer { leg, status, done });
            }
        }
    }

    fn leg_event(&mut self, now: Now, leg: LegId, event: LegEvent, news: &mut Vec<News>) {
        let Some(call) = self.legs.get_mut(&leg) else { return };
        match event {
            LegEvent::Progress { sdp, .. } => {
                if call.stage == Stage::Dialling {
                    call.stage = Stage::Ringing;
                }
                self.take(now, leg, sdp, news);
            }
            LegEvent::Answered { sdp } => {
                call.stage = Stage::Up;
                self.take(now, leg, sdp, news);
                news.push(News::Answered(leg));
            }
            LegEvent::Refused(refused) => self.end_leg(leg, refused.status),
            LegEvent::Ended { .. } => self.end_leg(leg, 200),
            LegEvent::OfferReceived { sdp } => {
                let direction = match sdp.as_deref().and_then(far_of) {
                    Some(far) => {
                        call.far = Some(far);
                        own_direction(call.holding).answer_to(far.direction)
                    }
                    None => own_direction(call.holding),
                };
                if let Some(sdp) = self.describe(leg, direction) {
                    news.extend(self.leg(now, leg, LegCommand::AnswerOffer { sdp }));
                }
            }
            LegEvent::AnswerReceived { sdp } => {
                call.far = sdp.as_deref().and_then(far_of).or(call.far);
                if let Some(hold) = call.wish.take() {
                    call.holding = hold;
                }
            }
            LegEvent::OfferFailed { .. } => call.wish = None,
            LegEvent::Refer(_) => {
                news.extend(self.leg(now, leg, LegCommand::RefuseRefer { status: 603 }));
            }
            LegEvent::Digit { .. } => self.digits += 1,
            LegEvent::Gone => {
                self.legs.remove(&leg);
                news.push(News::Gone(leg));
            }
            LegEvent::Trying | LegEvent::Confirmed | LegEvent::Offered(_) => {}
        }
    }

    /// A description in a response to our INVITE: an answer, or the offer that we asked for.
    fn take(&mut self, now: Now, leg: LegId, sdp: Option<Bytes>, news: &mut Vec<News>) {
        let Some(call) = self.legs.get_mut(&leg) else { return };
        let Some(far) = sdp.as_deref().and_then(far_of) else { return };
        call.far = Some(far);
        if call.late {
            call.late = false;
            let direction = Direction::SendRecv.answer_to(far.direction);
            if let Some(sdp) = self.describe(leg, direction) {
                news.extend(self.leg(now, leg, LegCommand::AnswerOffer { sdp }));
            }
        }
    }
}

/// What lamps send and count.
fn told(flow: FlowId, step: panel::Step) -> Vec<News> {
    let send = step.send.into_iter().map(|bytes| News::Send(flow, bytes));
    send.chain(step.counted.into_iter().map(News::Counted)).collect()
}

fn rings_here(leg: &PhoneLeg) -> bool {
    !leg.outgoing && leg.stage == Stage::Ringing
}

fn own_direction(holding: bool) -> Direction {
    if holding { Direction::SendOnly } else { Direction::SendRecv }
}

/// The audio of a description.
pub fn far_of(body: &[u8]) -> Option<Far> {
    let sdp = Sdp::parse(body).ok()?;
    let audio = sdp.audio().ok().flatten()?;
    Some(Far { rtp: audio.rtp, direction: audio.direction })
}

fn endpoint(card: &Card, seed: &Rng, boots: u64) -> Endpoint {
    let config = Config { session_expires_s: card.session_s, ..Config::default() };
    let settings = Settings {
        user: sip_id(card.index),
        secret: SECRET.into(),
        domain: DOMAIN.into(),
        display: format!("電話{}", card.index),
        server: server(),
        expires_s: card.expires_s,
        instance: card.instance.then(|| format!("urn:uuid:{:032x}", card.device.0.0)),
        config,
    };
    let place = Place::new(9, card.index as u8);
    Endpoint::new(place, &seed.derive(&format!("boot {boots}")), settings)
}
