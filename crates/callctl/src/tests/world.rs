//! A small company, and far ends that keep to the contract of a leg and check that we do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use base::id::{DepartmentId, DeviceId, SiteId, TenantId, UserId};
use base::{Dn, LegId, Micros, Mono, Now, Place, Rng, Uuid, Wall};
use bytes::Bytes;
use mediactl::sdp::{Profile, Sdp};
use mediactl::{Joined, LegWant, PlayerId};
use model::record::CallRecord;
use model::{
    Change, CredentialOwner, Department, Device, DeviceKind, HuntGroup, ParkSlot, PickupGroup,
    Preset, Site, Snapshot, SrtpPolicy, Tenant, TenantOption, User, UserState,
};

use crate::action::{Action, LegCommand};
use crate::input::{Input, LegEvent, Offered, Path, Refer, Refused};
use crate::lamps::DialogLine;
use crate::view::{Contact, View};
use crate::{CallControl, LEG_COUNTER_FIRST};

pub(super) const TENANT: TenantId = TenantId(Uuid(1));
pub(super) const SITE: SiteId = SiteId(Uuid(2));

pub(super) fn user_id(n: u16) -> UserId {
    UserId(Uuid(0x1_0000 + u128::from(n)))
}

/// The `k`-th device of user `n`.
pub(super) fn device_id(n: u16, k: u16) -> DeviceId {
    DeviceId(Uuid(0x2_0000 + u128::from(n) * 16 + u128::from(k)))
}

/// What call control may read, as the test wants it.
pub(super) struct Facts {
    pub snapshot: Snapshot,
    pub changes: Vec<Change>,
    pub contacts: BTreeMap<DeviceId, Vec<Contact>>,
    pub relay: bool,
    pub announcements: bool,
    /// A device that shows every lamp.
    pub shows: Option<DeviceId>,
    pub address: Option<IpAddr>,
}

impl View for Facts {
    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
    fn contacts(&self, device: DeviceId, out: &mut Vec<Contact>) {
        out.extend(self.contacts.get(&device).into_iter().flatten());
    }
    fn shows(&self, device: DeviceId, _dn: Dn) -> bool {
        self.shows == Some(device)
    }
    fn relay_always(&self) -> bool {
        self.relay
    }
    fn media_address(&self) -> Option<IpAddr> {
        self.address
    }
    fn announcements(&self, _tenant: TenantId) -> bool {
        self.announcements
    }
}

/// A far end as the stack would show it.
#[derive(Debug, Clone, Default)]
pub(super) struct Far {
    pub name: String,
    pub user: u16,
    pub inbound: bool,
    pub answered: bool,
    pub ended: bool,
    /// We have offered (`Some(true)`) or asked for an offer (`Some(false)`).
    pub asked: Option<bool>,
    /// It waits for our answer; `Some(true)` when it offered, `Some(false)` when it asked.
    pub pending: Option<bool>,
    /// The pending offer came in a final answer.
    pub must: bool,
    pub referring: bool,
    /// The INVITE was without offer.
    pub late: bool,
    /// It has an answer to its INVITE, or gave one to ours.
    pub negotiated: bool,
    pub reliable: bool,
    /// Whom it shows: number and name.
    pub shows: String,
}

pub(super) struct World {
    pub control: CallControl,
    pub facts: Facts,
    pub now: Now,
    pub far: BTreeMap<LegId, Far>,
    pub wants: BTreeMap<LegId, LegWant>,
    pub opened: usize,
    pub closed: usize,
    pub records: Vec<CallRecord>,
    /// Where hunts stood, as it was kept.
    pub kept: Vec<model::Write>,
    pub counts: BTreeMap<base::event::Kind, u32>,
    pub lines: Vec<String>,
    /// `o=` of each description sent to an existing leg, with the name of the leg.
    pub sent: Vec<(String, String)>,
    /// Far ends say "gone" and the media plane "opened" at once.
    pub prompt: bool,
    pub media_prompt: bool,
    pub labels: BTreeMap<Vec<u8>, String>,
    next_leg: u64,
    next_port: u16,
    queue: VecDeque<Input>,
    pub unopened: BTreeSet<LegId>,
    /// Media legs that failed, until they are closed.
    pub failed: BTreeSet<LegId>,
    versions: BTreeMap<u16, u32>,
    /// What the lamp of each user showed after the last input.
    lamps: BTreeMap<u16, Vec<DialogLine>>,
}

pub(super) fn path(n: u16) -> Path {
    Path {
        local: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        remote: IpAddr::V4(Ipv4Addr::new(10, 0, (n >> 8) as u8, n as u8)),
        secure: false,
        behind_nat: false,
    }
}

impl World {
    /// Users 2001–2008 with a device each; 2008 has two devices, 2007's is not registered.
    pub(super) fn new() -> Self {
        let mut tenant = Tenant::new(TENANT, "見本", "sample.example", Preset::OfficeLink);
        tenant.is_default = true;
        let mut changes = vec![Change::TenantPut(tenant), Change::SitePut(site())];
        let mut contacts = BTreeMap::new();
        for n in 2001..=2008 {
            changes.push(Change::UserPut(user(n)));
            for k in 1..=(1 + u16::from(n == 2008)) {
                changes.push(Change::DevicePut(device(n, k)));
                let id = u64::from(n) * 10 + u64::from(k);
                if n != 2007 {
                    contacts.insert(device_id(n, k), vec![Contact { id, path: path(n) }]);
                }
            }
        }
        // A device that nobody is logged in to.
        let mut spare = device(2999, 1);
        spare.user = None;
        changes.push(Change::DevicePut(spare));
        let snapshot = Snapshot::build(changes.clone()).expect("a valid company");
        let mut control = CallControl::new(Place::new(0, 0), Rng::from_seed([7; 32]));
        for n in (2001..=2008).chain([7801, 7802]) {
            control.watch(TENANT, dn(n), true);
        }
        let facts = Facts {
            snapshot,
            changes,
            contacts,
            relay: false,
            announcements: false,
            shows: None,
            address: None,
        };
        World {
            control,
            facts,
            now: Now { mono: Mono(1_000_000), wall: Wall(1_000_000), lag: Micros(0) },
            far: BTreeMap::new(),
            wants: BTreeMap::new(),
            opened: 0,
            closed: 0,
            records: Vec::new(),
            kept: Vec::new(),
            counts: BTreeMap::new(),
            lines: Vec::new(),
            sent: Vec::new(),
            prompt: true,
            media_prompt: true,
            labels: BTreeMap::new(),
            next_leg: 0,
            next_port: 16_384,
            queue: VecDeque::new(),
            unopened: BTreeSet::new(),
            failed: BTreeSet::new(),
            versions: BTreeMap::new(),
            lamps: BTreeMap::new(),
        }
    }

    pub(super) fn relayed() -> Self {
        let mut w = World::new();
        w.facts.relay = true;
        w
    }

    /// All default codes are active, those of a call too.
    pub(super) fn give_codes(&mut self) {
        let tenant = self.facts.snapshot.tenant(TENANT).expect("a tenant");
        let tenant = Tenant { options: model::Options::ALL, ..tenant.clone() };
        self.configure(&[Change::TenantPut(tenant)]);
    }

    /// The company chooses other times of calls.
    pub(super) fn set_times(&mut self, change: impl FnOnce(&mut model::CallTimes)) {
        let mut tenant = self.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
        change(&mut tenant.times);
        self.configure(&[Change::TenantPut(tenant)]);
    }

    /// What plays to a caller comes to its end.
    pub(super) fn play_over(&mut self) {
        let playing = self.wants.values().find_map(|w| match w.joined {
            Joined::Player(play) if play.serial > 0 => Some((w.leg, play.serial)),
            _ => None,
        });
        let (leg, serial) = playing.expect("something plays");
        self.input(Input::Media { event: mediactl::Event::PlayEnded { leg, serial } });
    }

    /// Puts a changed configuration in force and tells.
    pub(super) fn configure(&mut self, changes: &[Change]) {
        self.facts.snapshot = model::apply(&self.facts.snapshot, changes).expect("a valid change");
        self.input(Input::Config);
    }

    /// Codes may be pressed in calls: `#7` holds, `#1` confirms, `#5` parks in 7801 or 7802.
    pub(super) fn with_codes() -> Self {
        let mut w = World::new();
        w.configure(&with_codes());
        w
    }

    /// A phone presses keys, told by the media plane: 100 ms each, 100 ms apart; `_` is a second.
    pub(super) fn press(&mut self, name: &str, keys: &str) {
        for key in keys.chars() {
            let Some(digit) = mediactl::Digit::from_char(key) else {
                self.wait(Micros::seconds(1));
                continue;
            };
            let source = mediactl::DigitSource::Event;
            for phase in [mediactl::DigitPhase::Begin, mediactl::DigitPhase::End { ms: 100 }] {
                let heard = |(leg, _): (&LegId, &LegWant)| self.media_name(*leg) == name;
                let Some(leg) = self.wants.iter().find(|w| heard(*w)).map(|(leg, _)| *leg) else {
                    return;
                };
                let event = mediactl::Event::Digit { leg, digit, source, phase };
                self.input(Input::Media { event });
                self.wait(Micros::millis(100));
            }
        }
    }

    /// The player that the phone hears comes to its end.
    pub(super) fn heard_out(&mut self, name: &str) {
        let hears = |(leg, w): (&LegId, &LegWant)| match w.joined {
            Joined::Player(p) if self.media_name(*leg) == name => Some((*leg, p.serial)),
            _ => None,
        };
        let (leg, serial) = self.wants.iter().find_map(hears).expect("a player");
        self.input(Input::Media { event: mediactl::Event::PlayEnded { leg, serial } });
    }

    /// Phones answer what they are asked until nobody is asked any more.
    pub(super) fn agree(&mut self) {
        loop {
            let asked = self.far.iter().find(|(_, f)| f.asked.is_some() && f.answered && !f.ended);
            let Some((leg, far)) = asked.map(|(leg, far)| (*leg, far.clone())) else { break };
            let sdp = Some(self.sdp(far.user, "sendrecv"));
            let event = match far.asked {
                Some(true) => LegEvent::AnswerReceived { sdp },
                _ => LegEvent::OfferReceived { sdp },
            };
            self.event(leg, event);
        }
    }

    /// What was said about records since the last look; the rest is forgotten.
    pub(super) fn told_records(&mut self) -> Vec<String> {
        let lines = std::mem::take(&mut self.lines);
        lines.into_iter().filter_map(|l| Some(l.strip_prefix("record ")?.to_owned())).collect()
    }

    /// A new description of phone `n`, remembered by the label `n/version`.
    pub(super) fn sdp(&mut self, n: u16, direction: &str) -> Bytes {
        let version = self.versions.entry(n).or_insert(0);
        *version += 1;
        let (v, port) = (*version, 10_000 + n);
        let ip = path(n).remote;
        let text = format!(
            "v=0\r\no=p{n} {n} {v} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na={direction}\r\nX-odd: kept\r\n"
        );
        let text = text.replace("X-odd: kept", &format!("a=x-label:{n}/{v}"));
        self.label(text, format!("{n}/{v}"))
    }

    pub(super) fn label(&mut self, text: String, label: String) -> Bytes {
        self.labels.insert(text.clone().into_bytes(), label);
        Bytes::from(text)
    }

    /// What an exchange member would see of a body: its label when it passed untouched.
    pub(super) fn describe(&self, body: &[u8]) -> String {
        if let Some(label) = self.labels.get(body) {
            return label.clone();
        }
        let Ok(sdp) = Sdp::parse(body) else { return "broken".to_owned() };
        let Ok(Some(audio)) = sdp.audio() else { return "no-audio".to_owned() };
        let profile = match audio.profile {
            Profile::Avp => "",
            Profile::Savp => " savp",
            Profile::Other => " other",
        };
        let keys = if audio.crypto.is_empty() { "" } else { " keys" };
        format!("{} {}{profile}{keys}", audio.rtp, audio.direction.as_str())
    }

    pub(super) fn input(&mut self, input: Input) {
        self.queue.push_back(input);
        let mut rounds = 0;
        while let Some(input) = self.queue.pop_front() {
            rounds += 1;
            assert!(rounds < 5_000, "the inputs never end");
            let mut out = Vec::new();
            self.control.handle(self.now, input, &self.facts, &mut out);
            self.watch_lamps();
            for action in out {
                self.act(action);
            }
        }
    }

    /// No lamp changes without word of it.
    fn watch_lamps(&mut self) {
        let touched = self.control.take_touched();
        for n in (2001..=2008).chain([7801, 7802]) {
            let lines = self.control.dialogs_of(TENANT, dn(n));
            let told = touched.contains(&(TENANT, dn(n)));
            let before = self.lamps.insert(n, lines.clone()).unwrap_or_default();
            assert!(told || before == lines, "{n}: {before:?} became {lines:?}");
        }
    }

    /// The lamp of a user: phase, side and far party of each dialog.
    pub(super) fn lamp(&self, n: u16) -> Vec<String> {
        let lines = self.control.dialogs_of(TENANT, dn(n));
        let show = |l: DialogLine| {
            let side = if l.is_caller { "to" } else { "from" };
            let holds = if l.holds { " holds" } else { "" };
            format!("{:?} {side} {}{holds}", l.phase, l.remote.0)
        };
        lines.into_iter().map(show).collect()
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::OfferLeg(offer) => {
                assert!(offer.leg.0 & LEG_COUNTER_FIRST != 0, "our half of the counters");
                let n = (offer.contact / 10) as u16;
                let name = match offer.contact % 10 {
                    1 => n.to_string(),
                    k => format!("{n}.{k}"),
                };
                let sdp = offer.sdp.as_ref().map(|s| self.describe(s));
                let to = &offer.to.number;
                let dial = offer.dial.as_ref().map(|d| format!("{d} ")).unwrap_or_default();
                match &offer.dial {
                    Some(dial) => assert!(dial.ends_with(to), "{dial} is not {to}"),
                    None => {
                        let snapshot = &self.facts.snapshot;
                        let user = snapshot.device(offer.device).and_then(|d| d.user);
                        let user = user.and_then(|id| snapshot.user(id)).expect("a user");
                        assert_eq!(*to, user.dn.text());
                    }
                }
                let line = format!(
                    "{name} {} {dial}from {} {}{}{}",
                    if offer.auto_answer { "page" } else { "invite" },
                    offer.from.number,
                    sdp.unwrap_or_else(|| "-".into()),
                    if offer.reliable { " reliable" } else { "" },
                    if offer.hidden { " hidden" } else { "" }
                );
                self.lines.push(line);
                let far = Far {
                    name,
                    user: n,
                    shows: shows(&offer.from),
                    late: offer.sdp.is_none(),
                    asked: Some(offer.sdp.is_some()),
                    ..Far::default()
                };
                assert!(self.far.insert(offer.leg, far).is_none(), "offered once");
            }
            Action::Leg { leg, command } => self.obey(leg, command),
            Action::Media(command) => self.media(command),
            Action::Record(record) => {
                let r = &record;
                assert!(r.called_at <= r.ended_at);
                assert!(r.answered_at.is_none_or(|a| r.called_at <= a && a <= r.ended_at));
                let line = format!(
                    "record {}>{} {:?} {}{}{}",
                    r.caller.number,
                    r.callee.as_ref().map_or("-", |c| &c.number),
                    r.cause,
                    if r.is_answered() { "answered" } else { "unanswered" },
                    r.ended_by.as_ref().map(|n| format!(" by {n}")).unwrap_or_default(),
                    r.transferrer.as_ref().map(|n| format!(" transferred {n}")).unwrap_or_default(),
                );
                self.lines.push(line);
                self.records.push(*record);
            }
            Action::Wish { dn, wanted, .. } => self.lines.push(format!("wish {dn} {wanted:?}")),
            Action::CheckPin { owner: CredentialOwner::Pin(user), .. } => {
                let user = self.facts.snapshot.user(user).expect("a user");
                self.lines.push(format!("check-pin {}", user.dn));
            }
            Action::CheckPin { owner: CredentialOwner::BoxPin(owner), .. } => {
                let place = owner.place(&self.facts.snapshot);
                let of = place.map_or_else(|| format!("{owner:?}"), |(dn, _)| dn.to_string());
                self.lines.push(format!("check-pin of {of}"));
            }
            Action::CheckPin { owner, .. } => panic!("{owner:?} has no PIN"),
            Action::Keep(write)
                if matches!(*write, model::Write::PointerPut(_) | model::Write::CallerPut(_)) =>
            {
                self.kept.push(*write);
            }
            Action::Seat { device, typed, .. } => {
                let device = self.facts.snapshot.device(device).expect("a device");
                let typed = typed.map(|t| format!("{} {}", t.extension, t.pin.expose()));
                let typed = typed.unwrap_or_else(|| "-".to_owned());
                self.lines.push(format!("seat {} {typed}", device.sip_id));
            }
            Action::Keep(write) => self.lines.push(super::voicemail::written(&write)),
            Action::Event(event) => *self.counts.entry(event.kind).or_default() += event.count,
        }
    }

    /// What the stack would do, and what it would rightly complain about.
    fn obey(&mut self, leg: LegId, command: LegCommand) {
        let describe =
            |w: &World, sdp: &Option<Bytes>| sdp.as_ref().map_or("-".to_owned(), |s| w.describe(s));
        let Some(far) = self.far.get(&leg).cloned() else {
            assert!(matches!(command, LegCommand::End { .. }), "{command:?} to a leg that is gone");
            return;
        };
        let name = &far.name;
        if far.ended {
            assert!(matches!(command, LegCommand::End { .. }), "{command:?} to {name}, ended");
            return;
        }
        let mut next = far.clone();
        let body = match &command {
            LegCommand::Progress { sdp, .. }
            | LegCommand::Answer { sdp }
            | LegCommand::Offer { sdp, .. } => sdp.as_ref(),
            LegCommand::AnswerOffer { sdp } => Some(sdp),
            _ => None,
        };
        let text = body.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
        if let Some(origin) = text.lines().find(|l| l.starts_with("o=")) {
            self.sent.push((name.clone(), origin.to_owned()));
        }
        let line = match &command {
            LegCommand::Progress { status, sdp } => {
                assert!(far.inbound && !far.answered, "{command:?} to {name}");
                if sdp.is_some() && far.reliable {
                    assert!(far.pending.is_some(), "{name}: answered twice before the answer");
                    next.asked = (far.pending == Some(false)).then_some(true);
                    next.pending = None;
                    next.negotiated = true;
                }
                format!("{name} progress {status} {}", describe(self, sdp))
            }
            LegCommand::Answer { sdp } => {
                assert!(far.inbound && !far.answered, "{command:?} to {name}");
                assert_eq!(sdp.is_some(), far.pending.is_some(), "{name}: {command:?}");
                next.answered = true;
                if far.pending == Some(false) {
                    next.asked = Some(true);
                }
                next.pending = None;
                next.negotiated = true;
                format!("{name} answer {}", describe(self, sdp))
            }
            LegCommand::Refuse { cause } => {
                assert!(far.inbound && !far.answered, "{command:?} to {name}");
                assert!(cause.sip_status() >= 300);
                next.ended = true;
                format!("{name} refuse {cause:?}")
            }
            LegCommand::End { cause, elsewhere } => {
                assert!(far.answered || !far.inbound, "an unanswered inbound leg is refused");
                next.ended = true;
                let elsewhere = if *elsewhere { " elsewhere" } else { "" };
                format!("{name} end {cause:?}{elsewhere}")
            }
            LegCommand::Offer { sdp, identity } => {
                assert_eq!(far.asked, None, "{name}: one offer of ours at a time");
                assert_eq!(far.pending, None, "{name}: an offer against an offer");
                assert!(far.negotiated, "{name}: not before the first answer");
                next.asked = Some(sdp.is_some());
                if let Some(party) = identity {
                    next.shows = shows(party);
                }
                let who = identity.as_ref().map(|i| format!(" as {}", i.number));
                format!("{name} offer {}{}", describe(self, sdp), who.unwrap_or_default())
            }
            LegCommand::Show { party } => {
                assert!(far.inbound || far.answered, "its INVITE has told {name}");
                next.shows = shows(party);
                if !far.answered {
                    self.far.insert(leg, next);
                    return;
                }
                format!("{name} show {}", party.number)
            }
            LegCommand::WithdrawOffer => {
                assert_eq!(far.asked, Some(true), "{name}: nothing to withdraw");
                next.asked = None;
                format!("{name} withdraw-offer")
            }
            LegCommand::AnswerOffer { sdp } => {
                assert!(far.pending.is_some(), "nothing to answer at {name} {command:?}");
                if far.pending == Some(false) {
                    next.asked = Some(true);
                }
                next.pending = None;
                next.must = false;
                next.negotiated = true;
                format!("{name} answer-offer {}", self.describe(sdp))
            }
            LegCommand::RefuseOffer { status } => {
                assert!(far.pending.is_some() && !far.must, "{name}: nothing to refuse");
                assert!(!far.inbound || far.answered || far.negotiated, "{name}: its INVITE");
                next.pending = None;
                format!("{name} refuse-offer {status}")
            }
            LegCommand::AcceptRefer => {
                assert!(far.referring);
                format!("{name} refer-accept")
            }
            LegCommand::RefuseRefer { status } => {
                assert!(far.referring);
                next.referring = false;
                format!("{name} refer-refuse {status}")
            }
            LegCommand::ReferProgress { status } => {
                assert!(far.referring, "{name}: nobody asked");
                next.referring = *status < 200;
                format!("{name} refer {status}")
            }
        };
        self.lines.push(line);
        let gone = next.ended;
        self.far.insert(leg, next);
        if gone && self.prompt {
            self.gone(leg);
        }
    }

    /// Number and name on the display of a phone.
    pub(super) fn shows(&self, name: &str) -> String {
        self.far[&self.leg(name)].shows.clone()
    }

    /// The stack forgets an ended leg.
    pub(super) fn gone(&mut self, leg: LegId) {
        self.far.remove(&leg);
        self.queue.push_back(Input::Leg { leg, event: LegEvent::Gone });
    }

    fn media(&mut self, command: mediactl::Command) {
        match command {
            mediactl::Command::Leg(want) => {
                let leg = want.leg;
                if self.wants.insert(leg, *want).is_none() {
                    self.opened += 1;
                    if self.media_prompt {
                        self.open(leg);
                    } else {
                        self.unopened.insert(leg);
                    }
                }
            }
            // What failed is closed for the sake of conditions that crossed the failure.
            mediactl::Command::Close { leg } if self.failed.remove(&leg) => {}
            mediactl::Command::Close { leg } => {
                assert!(self.wants.remove(&leg).is_some(), "closed once");
                self.unopened.remove(&leg);
                self.closed += 1;
            }
            mediactl::Command::SendDigit { leg, digit, duration_ms } => {
                let line =
                    format!("digit {} {} {duration_ms}", self.media_name(leg), digit.as_char());
                self.lines.push(line);
            }
            mediactl::Command::ReportStats { .. } => {}
            mediactl::Command::DeleteFile { file } => self.lines.push(format!("delete {file:?}")),
        }
    }

    /// The media plane gives the leg its port.
    pub(super) fn open(&mut self, leg: LegId) {
        let port = self.next_port;
        self.next_port += 2;
        self.unopened.remove(&leg);
        let ip = self.wants.get(&leg).map(|w| w.local).expect("a wanted leg");
        let rtp = SocketAddr::new(ip, port);
        let rtcp = SocketAddr::new(ip, port + 1);
        let event = mediactl::Event::Opened { leg, rtp, rtcp };
        self.queue.push_back(Input::Media { event });
        if !self.media_prompt {
            self.pump();
        }
    }

    pub(super) fn fail_media(&mut self, leg: LegId) {
        assert!(self.wants.remove(&leg).is_some());
        self.failed.insert(leg);
        self.unopened.remove(&leg);
        self.closed += 1;
        let why = mediactl::Failure::ResourceShortage;
        self.input(Input::Media { event: mediactl::Event::Failed { leg, why } });
    }

    pub(super) fn pump(&mut self) {
        if let Some(input) = self.queue.pop_front() {
            self.input(input);
        }
    }

    /// A phone dials; its leg. `sdp` as in its INVITE.
    pub(super) fn dial_as(
        &mut self,
        n: u16,
        sdp: Option<Bytes>,
        change: impl FnOnce(&mut Offered),
    ) -> LegId {
        self.next_leg += 1;
        let leg = LegId::new(Place::new(0, 0), self.next_leg);
        let mut offered = Offered {
            device: device_id(n, 1),
            dialed: "2002".to_owned(),
            name: String::new(),
            caller: String::new(),
            called: String::new(),
            sdp: sdp.clone(),
            replaces: None,
            referred_by: None,
            max_forwards: 70,
            reliable: false,
            path: path(n),
        };
        change(&mut offered);
        let far = Far {
            name: n.to_string(),
            user: n,
            inbound: true,
            pending: Some(sdp.is_some()),
            late: sdp.is_none(),
            reliable: offered.reliable,
            ..Far::default()
        };
        self.far.insert(leg, far);
        self.input(Input::Offered { leg, offered: Box::new(offered) });
        leg
    }

    /// A phone dials a number with an ordinary offer.
    pub(super) fn dial(&mut self, n: u16, dialed: &str) -> LegId {
        let sdp = self.sdp(n, "sendrecv");
        self.dial_as(n, Some(sdp), |o| o.dialed = dialed.to_owned())
    }

    /// The live leg of this name.
    pub(super) fn leg(&self, name: &str) -> LegId {
        let mut named = self.far.iter().filter(|(_, f)| f.name == name && !f.ended);
        *named.next_back().map(|(id, _)| id).unwrap_or_else(|| panic!("no leg {name}"))
    }

    pub(super) fn event(&mut self, leg: LegId, event: LegEvent) {
        self.note(leg, &event);
        self.input(Input::Leg { leg, event });
        if self.prompt && self.far.get(&leg).is_some_and(|f| f.ended) {
            self.gone(leg);
            self.pump();
        }
    }

    /// Keeps the far end's own view of what is under way.
    fn note(&mut self, leg: LegId, event: &LegEvent) {
        let Some(far) = self.far.get_mut(&leg) else { return };
        let offers = |far: &mut Far, must: bool| {
            far.pending = Some(true);
            far.asked = None;
            far.must = must;
        };
        match event {
            LegEvent::Progress { sdp: Some(_), .. } if !far.inbound => {
                if far.late && !far.negotiated && far.pending.is_none() {
                    offers(far, true);
                } else {
                    far.asked = None;
                    far.negotiated = true;
                }
            }
            LegEvent::Answered { sdp } => {
                far.answered = true;
                if far.late && sdp.is_some() && !far.negotiated && far.pending.is_none() {
                    offers(far, true);
                } else {
                    far.asked = None;
                    far.negotiated |= !far.late;
                }
            }
            LegEvent::OfferReceived { sdp } => {
                let asked_for = far.asked == Some(false) && sdp.is_some();
                far.must = asked_for;
                if asked_for {
                    far.asked = None;
                }
                far.pending = Some(sdp.is_some());
            }
            LegEvent::AnswerReceived { .. } | LegEvent::OfferFailed { .. } => far.asked = None,
            LegEvent::Refer(_) => far.referring = true,
            LegEvent::Refused(_) | LegEvent::Ended { .. } => far.ended = true,
            LegEvent::Trying
            | LegEvent::Progress { .. }
            | LegEvent::Confirmed
            | LegEvent::Digit { .. }
            | LegEvent::Gone => {}
        }
    }

    pub(super) fn rings(&mut self, name: &str) {
        let leg = self.leg(name);
        self.event(leg, LegEvent::Progress { status: 180, sdp: None });
    }

    pub(super) fn answers(&mut self, name: &str) {
        let leg = self.leg(name);
        let sdp = self.sdp(self.far[&leg].user, "sendrecv");
        self.event(leg, LegEvent::Answered { sdp: Some(sdp) });
    }

    /// A terminal answers by itself, or someone does: it listens to a page.
    pub(super) fn listens(&mut self, name: &str) {
        let leg = self.leg(name);
        let sdp = self.sdp(self.far[&leg].user, "recvonly");
        self.event(leg, LegEvent::Answered { sdp: Some(sdp) });
    }

    pub(super) fn refuses(&mut self, name: &str, status: u16) {
        let leg = self.leg(name);
        let refused = Refused { status, q850: None, unreachable: false };
        self.event(leg, LegEvent::Refused(refused));
    }

    pub(super) fn unreachable(&mut self, name: &str) {
        let leg = self.leg(name);
        let refused = Refused { status: 503, q850: None, unreachable: true };
        self.event(leg, LegEvent::Refused(refused));
    }

    pub(super) fn hangs_up(&mut self, name: &str) {
        let leg = self.leg(name);
        let far = &self.far[&leg];
        let cause = match far.inbound && !far.answered {
            true => base::Cause::CallerCancelled,
            false => base::Cause::NormalClearing,
        };
        self.event(leg, LegEvent::Ended { cause, by_far_end: true });
    }

    /// Everybody hangs up.
    pub(super) fn hangs_up_all(&mut self) {
        while let Some(name) = self.far.values().find(|f| !f.ended).map(|f| f.name.clone()) {
            self.hangs_up(&name);
        }
    }

    /// The boxes that watchers are to be told of.
    pub(super) fn boxes_told(&mut self) -> Vec<Dn> {
        self.control.take_touched_boxes().into_iter().map(|(_, dn)| dn).collect()
    }

    pub(super) fn offers(&mut self, name: &str, direction: &str) {
        let leg = self.leg(name);
        let sdp = self.sdp(self.far[&leg].user, direction);
        self.event(leg, LegEvent::OfferReceived { sdp: Some(sdp) });
    }

    pub(super) fn accepts(&mut self, name: &str, direction: &str) {
        let leg = self.leg(name);
        let sdp = self.sdp(self.far[&leg].user, direction);
        self.event(leg, LegEvent::AnswerReceived { sdp: Some(sdp) });
    }

    pub(super) fn refers(&mut self, name: &str, target: &str, replaces: Option<LegId>) {
        self.refers_by(self.leg(name), target, replaces);
    }

    /// The same in one of several dialogs of the phone.
    pub(super) fn refers_by(&mut self, leg: LegId, target: &str, replaces: Option<LegId>) {
        let refer = Refer {
            target: target.to_owned(),
            replaces,
            replaces_unknown: false,
            referred_by: Bytes::new(),
        };
        self.event(leg, LegEvent::Refer(Box::new(refer)));
    }

    pub(super) fn wait(&mut self, span: Micros) {
        self.now.mono += span;
        self.now.wall = Wall(self.now.wall.0 + span.as_millis() as i64);
        self.input(Input::Tick);
    }

    /// 2001 talks to 2002.
    pub(super) fn talk(&mut self, a: u16, b: u16) {
        self.dial(a, &b.to_string());
        self.rings(&b.to_string());
        self.answers(&b.to_string());
        self.lines.clear();
    }

    /// What has been done since the last look.
    #[track_caller]
    pub(super) fn expect(&mut self, lines: &[&str]) {
        let got = std::mem::take(&mut self.lines);
        let got: Vec<&str> = got.iter().map(String::as_str).collect();
        assert_eq!(got, lines);
    }

    #[track_caller]
    pub(super) fn expect_drained(&self) {
        assert!(self.control.is_drained());
        assert_eq!(self.opened, self.closed, "every media leg is closed once");
        assert!(self.wants.is_empty());
        assert_eq!(self.control.calls().count(), 0);
    }

    /// Which far end a media leg belongs to, by the address it sends to.
    pub(super) fn media_name(&self, leg: LegId) -> String {
        let remote = self.wants.get(&leg).and_then(|w| w.remote);
        remote.map_or("?".to_owned(), |r| (r.rtp.port() - 10_000).to_string())
    }

    /// What every media leg is joined to, by name.
    pub(super) fn joins(&self) -> Vec<String> {
        let mut joins: Vec<String> = self
            .wants
            .values()
            .map(|w| {
                let to = match w.joined {
                    Joined::None => "-".to_owned(),
                    Joined::Leg(other) => self.media_name(other),
                    Joined::Echo => "echo".to_owned(),
                    Joined::Player(p) => match p.what {
                        PlayerId::HoldMusic => "music".to_owned(),
                        PlayerId::Prompt { id, .. } => id.name().to_owned(),
                        PlayerId::Tone(tone) => format!("{tone:?}"),
                        PlayerId::Words(words) => format!("{words:?}"),
                        PlayerId::File(file) => format!("{file:?}"),
                        PlayerId::Music(music) => format!("music {music}"),
                    },
                    Joined::Recorder(record) => format!("recorder {:?}", record.file),
                    Joined::Speaker => "speaks".to_owned(),
                    Joined::Listener(to) => format!("hears {}", self.media_name(to)),
                };
                format!("{} {to}", self.media_name(w.leg))
            })
            .collect();
        joins.sort();
        joins
    }
}

impl World {
    /// More users with a registered device each.
    pub(super) fn hire(&mut self, numbers: impl IntoIterator<Item = u16>) {
        let mut changes = Vec::new();
        for n in numbers {
            changes.extend([Change::UserPut(user(n)), Change::DevicePut(device(n, 1))]);
            let contact = Contact { id: u64::from(n) * 10 + 1, path: path(n) };
            self.facts.contacts.insert(device_id(n, 1), vec![contact]);
        }
        self.configure(&changes);
    }
}

fn shows(party: &crate::action::Party) -> String {
    format!("{} {}", party.number, party.name)
}

pub(super) fn user(n: u16) -> User {
    User {
        id: user_id(n),
        tenant: TENANT,
        site: SITE,
        name: format!("利用者{n}").into(),
        furigana: "".into(),
        dn: dn(n),
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        web_user: "".into(),
        state: UserState::Active,
        ring_time_s: 60,
        created_at: Wall(0),
        updated_at: Wall(0),
    }
}

pub(super) fn dn(n: u16) -> Dn {
    Dn::parse(&n.to_string()).expect("digits")
}

/// The device does not want to be disturbed.
pub(super) fn quiet(n: u16, k: u16) -> Change {
    Change::DevicePut(Device { do_not_disturb: true, ..device(n, k) })
}

fn site() -> Site {
    Site::new(SITE, TENANT, "sample.example", "本社")
}

pub(super) fn site_forwards_outside() -> Change {
    Change::SitePut(Site { forward_outside: model::Outside::Allowed, ..site() })
}

/// The site with something changed.
pub(super) fn site_with(change: impl FnOnce(&mut Site)) -> Change {
    let mut site = site();
    change(&mut site);
    Change::SitePut(site)
}

/// The option, and two slots.
pub(super) fn with_codes() -> [Change; 3] {
    let mut tenant = Tenant::new(TENANT, "見本", "sample.example", Preset::OfficeLink);
    tenant.is_default = true;
    tenant.options = tenant.options.with(TenantOption::InCallCodes);
    let slot = |n| Change::ParkSlotPut(ParkSlot { tenant: TENANT, dn: dn(n), site: SITE });
    [Change::TenantPut(tenant), slot(7801), slot(7802)]
}

/// The device wants push tones, as a door phone does.
pub(super) fn door_phone(n: u16) -> Change {
    Change::DevicePut(Device { accepts_tones: true, ..device(n, 1) })
}

/// Group 1 with pilot 7000 and these members; `change` sets the rest.
pub(super) fn hunt(members: &[u16], change: impl FnOnce(&mut HuntGroup)) -> Change {
    let mut group = HuntGroup::new(TENANT, 1, SITE, dn(7000));
    group.name = "営業".into();
    group.members = members.iter().map(|n| dn(*n)).collect();
    change(&mut group);
    Change::HuntPut(group)
}

pub(super) const DEPARTMENT: DepartmentId = DepartmentId(Uuid(0x3_0000));

/// The department of number 7100 with these members.
pub(super) fn department(members: &[u16], change: impl FnOnce(&mut Department)) -> Change {
    let mut department = Department::new(DEPARTMENT, TENANT, SITE, "総務", dn(7100));
    department.members = members.iter().map(|n| user_id(*n)).collect();
    change(&mut department);
    Change::DepartmentPut(department)
}

/// Pickup group `number` of these members.
pub(super) fn pickup(number: u16, members: &[u16]) -> Change {
    let members = members.iter().map(|n| dn(*n)).collect();
    Change::PickupPut(PickupGroup { tenant: TENANT, number, name: "1階".into(), members })
}

pub(super) fn stopped(n: u16) -> Change {
    Change::UserPut(User { state: UserState::Stopped, ..user(n) })
}

pub(super) fn device(n: u16, k: u16) -> Device {
    Device {
        id: device_id(n, k),
        tenant: TENANT,
        site: SITE,
        kind: DeviceKind::SipPhone,
        sip_id: format!("phone{n}x{k}").into(),
        ha1_md5: [0; 16],
        ha1_sha256: [0; 32],
        user: Some(user_id(n)),
        label: "".into(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    }
}
