//! S4: exactly one record for each attempt and conversation; its times are ordered, its cause
//! and whose act it was agree with what went over the wire, and it is never rewritten.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use base::event::Kind;
use base::id::DeviceId;
use base::{Cause, Wall};
use model::record::{CallRecord, Service, Step};
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene};
use crate::company::tenant_id;
use crate::holders::Holders;
use crate::world::World;

mod help;

use help::says;

/// How far before a record's end the act may lie that explains it, milliseconds.
const SLACK_MS: i64 = 1;

/// A number that is dialled in a call is complete so long after its last digit, and the digit may
/// have been repeated on its way, milliseconds.
const DIALLED_MS: i64 = 4_000 + 32_000;

/// A slot is kept for so long for who is to be parked, milliseconds.
const KEPT_MS: i64 = 30_000 + DIALLED_MS;

/// A call that a phone began.
#[derive(Debug, Clone)]
struct Attempt {
    device: DeviceId,
    dialed: String,
    at: Wall,
    /// Lives of the node before it.
    life: u64,
    /// Final response that the node sent.
    status: Option<u16>,
}

/// What a phone did on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Refused(u16),
    Answered,
    Bye,
    Cancel,
    Refer,
    /// A digit in a call.
    Digit,
    /// Its connection was cut.
    Cut,
}

/// What was seen on the wire.
#[derive(Default)]
pub struct Records {
    /// The INVITE at hand, outside of a dialog.
    at_hand: Option<((Vec<u8>, u32), SocketAddr, String)>,
    attempts: BTreeMap<(Vec<u8>, u32), Attempt>,
    /// What phones did.
    deeds: BTreeMap<DeviceId, Vec<(Wall, Deed)>>,
    lives: u64,
    transferred: u64,
    /// The wall clock jumped: what was done when is not to be told from records.
    jumped: bool,
    /// Some phones are in do not disturb; they count as busy when the others are silent (R249).
    some_quiet: bool,
    /// Whose telephones had which number.
    holders: Holders,
    /// What may stand before an emergency number.
    before: Vec<String>,
    /// Who speaks for parties outside.
    gateways: Vec<DeviceId>,
}

impl Checker for Records {
    fn name(&self) -> Name {
        Name::S4
    }

    fn arrived(&mut self, scene: &mut Scene<'_>, at: Arrived<'_>) {
        self.at_hand = None;
        let Some(cseq) = at.msg.cseq() else { return };
        if let Some(deed) = deed_of(at.msg, cseq.method)
            && let Some(phone) = scene.phones.get(&at.from.ip())
        {
            self.deeds.entry(phone.device).or_default().push((scene.wall, deed));
        }
        let begins = at.msg.to().is_some_and(|to| to.tag().is_none());
        if at.msg.method() == Some(Method::Invite) && begins {
            let uri = sip::msg::uri::Uri::parse(at.msg.request_uri());
            let dialed = uri.and_then(|u| u.user().map(|u| super::text(&u))).unwrap_or_default();
            self.at_hand = Some(((at.msg.call_id().to_vec(), cseq.number), at.from, dialed));
        }
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        match done {
            Done::Event(event) if event.kind == Kind::CallBegan => self.began(scene),
            Done::Event(event) if event.kind == Kind::Transferred => self.transferred += 1,
            Done::Sent(msg, to) if scene.phones.contains_key(&to.ip()) => {
                let final_ = msg.status().filter(|s| *s >= 200);
                let cseq = msg.cseq().filter(|c| c.method == Method::Invite);
                if let (Some(status), Some(cseq)) = (final_, cseq)
                    && let Some(attempt) =
                        self.attempts.get_mut(&(msg.call_id().to_vec(), cseq.number))
                {
                    // A node that started since knows nothing of it.
                    if attempt.life == self.lives {
                        attempt.status.get_or_insert(status);
                    }
                }
            }
            Done::Event(_)
            | Done::Sent(..)
            | Done::Media(_)
            | Done::Stored
            | Done::Configured(_) => {}
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        self.lives += 1;
        self.at_hand = None;
    }

    fn cut(&mut self, scene: &mut Scene<'_>, phone: IpAddr) {
        if let Some(phone) = scene.phones.get(&phone) {
            self.deeds.entry(phone.device).or_default().push((scene.wall, Deed::Cut));
        }
    }

    fn pressed(&mut self, scene: &mut Scene<'_>, phone: IpAddr) {
        if let Some(phone) = scene.phones.get(&phone) {
            self.deeds.entry(phone.device).or_default().push((scene.wall, Deed::Digit));
        }
    }

    fn jumped(&mut self) {
        self.jumped = true;
    }

    fn ended(&mut self, world: &World) -> Vec<String> {
        let mut found = Vec::new();
        self.some_quiet = world.company.is_office;
        self.holders = world.holders.clone();
        self.before = world.company.before_emergency();
        let gateways = world.company.snapshot.gateways(tenant_id());
        self.gateways = gateways.filter_map(|g| g.account).collect();
        for id in &world.store.rewritten {
            found.push(format!("record {id} was rewritten"));
        }
        let mut plain: BTreeMap<(DeviceId, Wall, &str), Vec<&CallRecord>> = BTreeMap::new();
        let mut transfers = 0;
        for record in world.store.records.values() {
            self.judge(record, &mut found);
            if record.services.contains(Service::Transfer) {
                transfers += u64::from(record.is_answered());
            } else if let Some(device) = record.caller.device {
                plain.entry((device, record.called_at, &record.dialed)).or_default().push(record);
            }
        }
        let mut made: BTreeMap<(DeviceId, Wall, &str), Vec<&Attempt>> = BTreeMap::new();
        for attempt in self.attempts.values() {
            let key = (attempt.device, attempt.at, attempt.dialed.as_str());
            made.entry(key).or_default().push(attempt);
        }
        for (key, mut attempts) in made {
            let mut records = plain.remove(&key).unwrap_or_default();
            // A clock that jumped back gave two calls the same time: those that were answered
            // belong together.
            if attempts.len() > 1 && attempts.len() == records.len() {
                attempts.sort_by_key(|a| a.status.is_some_and(|s| s < 300));
                records.sort_by_key(|r| r.is_answered());
                let pairs = attempts.iter().zip(&records);
                pairs.for_each(|(attempt, record)| self.compare(attempt, &[*record], &mut found));
                continue;
            }
            for attempt in attempts {
                if !(records.is_empty() && self.picked_up(attempt, world)) {
                    self.compare(attempt, &records, &mut found);
                }
            }
        }
        for record in plain.into_values().flatten() {
            if !self.by_digits(record) {
                found.push(format!("record of a call that nobody made: {record:?}"));
            }
        }
        let lost = self.lives > 0 && transfers < self.transferred;
        if transfers != self.transferred && !lost {
            let done = self.transferred;
            found.push(format!("{done} transfers, {transfers} records of conversations by them"));
        }
        found
    }
}

impl Records {
    fn began(&mut self, scene: &mut Scene<'_>) {
        let Some((key, from, dialed)) = self.at_hand.take() else { return };
        let Some(phone) = scene.phones.get(&from.ip()) else { return };
        let dialed = dialed.chars().take(base::limits::DIALED_MAX).collect();
        let (device, at, life) = (phone.device, scene.wall, self.lives);
        self.attempts.insert(key, Attempt { device, dialed, at, life, status: None });
    }

    /// One attempt against the records that match it.
    fn compare(&self, attempt: &Attempt, records: &[&CallRecord], found: &mut Vec<String>) {
        let record = match records {
            [record] => *record,
            // It ran when the node crashed.
            [] if attempt.life < self.lives => return,
            [] => return found.push(format!("no record of {attempt:?}")),
            _ => return found.push(format!("{} records of {attempt:?}", records.len())),
        };
        let Some(status) = attempt.status else { return };
        let answered = record.is_answered();
        // The called side answered, but the caller could not be told any more.
        let between = matches!(
            record.cause,
            Cause::ResourceShortage
                | Cause::MediaNotAcceptable
                | Cause::CallerCancelled
                | Cause::Preempted
        );
        let agrees = match (status, answered) {
            (200..=299, true) => true,
            (200..=299, false) => false,
            // No PRACK came: RFC 3262 §3 asks for a 5xx.
            (504, _) if record.cause == Cause::MediaTimeout => true,
            (_, true) => between || record.cause == Cause::NormalClearing,
            (487, false) => {
                matches!(record.cause, Cause::CallerCancelled | Cause::UnregisteredAbandoned)
                    || self.did(record, Deed::Cancel)
                    || self.did(record, Deed::Bye)
                    || self.did(record, Deed::Cut)
            }
            (status, false) => status == record.cause.sip_status(),
        };
        if !agrees {
            let (cause, answered) = (record.cause, record.is_answered());
            found.push(format!("caller saw {status}, record: {cause:?}, answered {answered}"));
        }
    }

    /// A record by itself, and against what its parties did.
    fn judge(&self, record: &CallRecord, found: &mut Vec<String>) {
        let answered_at = record.answered_at.unwrap_or(record.called_at);
        if !(record.called_at <= answered_at && answered_at <= record.ended_at) {
            found.push(format!("times of a record are not in order: {record:?}"));
        }
        let callee = record.callee.as_ref().map(|c| c.number.to_string()).unwrap_or_default();
        if self.is_kept_from_help(record) {
            found.push(format!("an emergency call was refused: {record:?}"));
        }
        // Who picks up has dialled, and codes are answered by the exchange.
        let exchange = [Service::FeatureCode, Service::Voicemail, Service::Park];
        let device = record.callee.as_ref().and_then(|c| c.device);
        let dialled = record.trace.iter().any(|s| &*s.code == "replaces")
            || has(record, Service::ParkRetrieve)
            || (device.is_none() && exchange.into_iter().any(|s| has(record, s)))
            || (device.is_none() && *callee == *record.caller.number);
        // Of a page each that it reached has answered; the caller need not wait for the first.
        let reached = record.trace.iter().filter(|s| &*s.code == "page.reached");
        let numbers = reached.filter_map(|s| s.args.split_once(' ')).flat_map(|s| s.1.split(','));
        let deaf: Vec<&str> =
            numbers.filter(|n| !self.has_done(n, Deed::Answered, record)).collect();
        if !deaf.is_empty() {
            found.push(format!("{deaf:?} did not listen: {record:?}"));
        }
        let early = record.answered_at.is_some()
            && !record.services.contains(Service::Multicast)
            && !self.has_done(&callee, Deed::Answered, record)
            && !is_transfer(record)
            && !dialled;
        if !self.is_explained(record, &callee) {
            found.push(format!("nothing on the wire explains the cause of {record:?}"));
        }
        if early {
            found.push(format!("nobody answered: {record:?}"));
        }
    }

    /// Whether what was done on the wire, or what the record tells, explains its cause.
    fn is_explained(&self, record: &CallRecord, callee: &str) -> bool {
        let lost = Cause::Unregistered.name();
        let silent = |s: &Step| &*s.code == "ring.silent" || s.args.ends_with(lost);
        let is_busy = |s: &Step| BUSY.contains(&&*s.code) || (self.some_quiet && silent(s));
        let limited = record.trace.iter().any(is_busy);
        // Of a group anyone may have refused.
        let group = [Service::Hunt, Service::Department];
        let many = ["line.day", "line.night", "emergency.call-back"];
        let group = group.into_iter().any(|s| record.services.contains(s)) || says(record, &many);
        let refused = |statuses: &[u16]| {
            statuses.iter().any(|s| match group {
                true => self.somebody_has_done(Deed::Refused(*s), record),
                false => self.has_done(callee, Deed::Refused(*s), record),
            })
        };
        match record.cause {
            Cause::UserRejected => refused(&[603, 403]),
            Cause::UserBusy => limited || refused(&[486, 600, 480]),
            Cause::CallerCancelled if !record.is_answered() && !is_transfer(record) => {
                let deeds = [Deed::Cancel, Deed::Bye, Deed::Cut, Deed::Digit];
                // Who is held ends a consultation as well.
                let by = record.ended_by.as_deref().filter(|_| self.by_digits(record));
                deeds.into_iter().any(|deed| self.did(record, deed))
                    || by.is_some_and(|by| self.has_done(by, Deed::Bye, record))
            }
            Cause::NormalClearing if says(record, &["page.over", "outside.over"]) => true,
            Cause::NormalClearing if record.is_answered() => {
                let deeds = [Deed::Bye, Deed::Refer, Deed::Digit];
                let by = |by: &str| deeds.into_iter().any(|d| self.has_done(by, d, record));
                // A box ends a call when its last word is spoken.
                let boxed = record.ended_by.is_none() && has(record, Service::Voicemail);
                record.ended_by.as_deref().map_or(boxed, by)
            }
            _ => self.is_explained_outside(record),
        }
    }

    /// Whether an attempt without a record answered a call that rang elsewhere.
    fn picked_up(&self, attempt: &Attempt, world: &World) -> bool {
        world.store.records.values().any(|r| {
            let picks = [Service::Pickup, Service::GroupPickup];
            let device = r.callee.as_ref().and_then(|c| c.device);
            let picked = picks.into_iter().any(|s| has(r, s));
            // Who is retrieved must agree first.
            let retrieved = has(r, Service::ParkRetrieve) && r.answered_at >= Some(attempt.at);
            device == Some(attempt.device)
                && (picked && (self.jumped || r.answered_at == Some(attempt.at)) || retrieved)
        })
    }

    /// Whether a record without an INVITE was begun by digits: a consultation, a call back from a
    /// box, or a call that was parked.
    fn by_digits(&self, record: &CallRecord) -> bool {
        let did = |number: &str, within_ms: i64| {
            let span = (Wall(record.called_at.0 - within_ms), record.called_at);
            let is_begin = |d: Deed| matches!(d, Deed::Digit | Deed::Refer);
            self.jumped || self.deeds_of(number, record, span).any(is_begin)
        };
        // Who parked; a forwarder may stand in its place as transferrer later.
        let parker = record.trace.iter().find(|s| &*s.code == "transfer");
        match parker {
            Some(by) if has(record, Service::Park) => did(&by.args, KEPT_MS),
            _ => did(&record.caller.number, DIALLED_MS),
        }
    }

    /// What was done within a span at telephones that have had the number, or that the record
    /// names with it.
    fn deeds_of(
        &self,
        number: &str,
        record: &CallRecord,
        (from, to): (Wall, Wall),
    ) -> impl Iterator<Item = Deed> {
        let mut devices = self.holders.of(number);
        // Parties outside, whom no telephone holds; both of a call may have the same number.
        if devices.is_empty() {
            devices.extend(&self.gateways);
        }
        let parties = [Some(&record.caller), record.callee.as_ref()].into_iter().flatten();
        let named = parties.filter(|p| *p.number == *number).filter_map(|p| p.device);
        devices.extend(named);
        let deeds = devices.into_iter().filter_map(|device| self.deeds.get(&device)).flatten();
        deeds.filter(move |(at, _)| (from..=to).contains(at)).map(|(_, deed)| *deed)
    }

    /// Whether the caller did something while the call ran.
    fn did(&self, record: &CallRecord, deed: Deed) -> bool {
        self.has_done(&record.caller.number, deed, record)
    }

    fn has_done(&self, number: &str, deed: Deed, record: &CallRecord) -> bool {
        self.jumped || self.deeds_of(number, record, span_of(record)).any(|d| d == deed)
    }

    /// Whether anybody did something while the call ran.
    fn somebody_has_done(&self, deed: Deed, record: &CallRecord) -> bool {
        let (from, to) = span_of(record);
        let mut deeds = self.deeds.values().flatten();
        self.jumped || deeds.any(|(at, d)| *d == deed && (from..=to).contains(at))
    }
}

/// The time of a call, in which what was done explains it.
fn span_of(record: &CallRecord) -> (Wall, Wall) {
    (Wall(record.called_at.0 - SLACK_MS), Wall(record.ended_at.0 + SLACK_MS))
}

/// Steps that say why a number counts as busy though no phone refused.
const BUSY: [&str; 10] = [
    "route.own-number",
    "route.limit",
    "permit.limit",
    "route.in-call",
    "route.do-not-disturb",
    "group.pass",
    "route.slot",
    "route.code",
    "forward.party",
    "forward.loop",
];

fn has(record: &CallRecord, service: Service) -> bool {
    record.services.contains(service)
}

fn is_transfer(record: &CallRecord) -> bool {
    has(record, Service::Transfer)
}

fn deed_of(msg: &Msg, method: Method) -> Option<Deed> {
    match (msg.status(), method) {
        (Some(status @ 300..), Method::Invite) => Some(Deed::Refused(status)),
        (Some(200..=299), Method::Invite) => Some(Deed::Answered),
        (None, Method::Bye) => Some(Deed::Bye),
        (None, Method::Cancel) => Some(Deed::Cancel),
        (None, Method::Refer) => Some(Deed::Refer),
        _ => None,
    }
}
