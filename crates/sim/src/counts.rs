//! What happened in a run, and the last lines of what went over the wire.

use std::collections::{BTreeMap, VecDeque};

use base::{Cause, Mono};
use model::record::{CallRecord, Service, Step};

/// Counted things that a set of seeds must contain; each is above zero or the set is no test.
pub const REQUIRED: [&str; 123] = [
    "calls answered",
    "calls dialled",
    "holds",
    "blind transfers asked",
    "attended transfers asked",
    "transfers done",
    "glares (491)",
    "CANCEL/200 crossings",
    "phone reboots",
    "node restarts",
    "media failures",
    "configuration changes",
    "stale configurations",
    "ports changed by NAT",
    "connections opened",
    "connections cut",
    "jumps of the wall clock",
    "broken packets",
    "digits",
    "datagrams lost",
    "datagrams doubled",
    "unconditional forwards",
    "forwards when busy",
    "forwards without answer",
    "forwards out of reach",
    "hunts",
    "hunts answered",
    "groups in a member's place",
    "departments in a member's place",
    "numbers outside in a member's place",
    "departments",
    "departments answered",
    "pages heard",
    "pickups",
    "group pickups",
    "nothing to pick up",
    "settings by code",
    "settings refused",
    "words spoken",
    "do not disturb",
    "groups changed while they ring",
    "groups deleted while they ring",
    "people deleted in a call",
    "people stopped in a call",
    "numbers moved in a call",
    "digits by INFO",
    "digits by media",
    "held by code",
    "held by code by who is consulted",
    "hold code after the target answered",
    "transfers by code",
    "consultations by code",
    "codes refused",
    "push tones asked for",
    "codes changed while somebody is held",
    "transferrers called back",
    "parked calls",
    "parked calls retrieved",
    "nothing to retrieve",
    "parkers called back",
    "messages recorded",
    "messages listened to",
    "boxes full",
    "greetings recorded",
    "keys of voicemail",
    "PINs right",
    "PINs wrong",
    "virtual numbers called",
    "numbers that let no call wait",
    "numbers at their limit",
    "subscriptions asked for",
    "subscriptions refreshed",
    "subscriptions ended",
    "subscriptions expired",
    "subscriptions refused",
    "subscriptions too brief",
    "notifications",
    "lamps lit",
    "lamps that show who",
    "message lamps lit",
    "log-ins",
    "log-outs",
    "log-ins with a wrong PIN",
    "log-ins refused",
    "calls by who logged in",
    "calls from outside dialled",
    "calls from outside answered",
    "calls to outside",
    "calls to outside answered",
    "channels of a gateway full",
    "calls to outside by lines answered",
    "lines dialled",
    "own initial lines",
    "common lines",
    "lines of a gateway",
    "reserve lines",
    "lines refused",
    "numbers barred",
    "calls by lines in business hours",
    "calls by lines at night",
    "calls by lines answered",
    "people that a line may not ring",
    "lines that overflow",
    "announcements of lines",
    "numbers that are no line's",
    "receptions switched by code",
    "access lines full",
    "emergency calls",
    "emergency calls answered",
    "emergency calls without a way out",
    "emergency calls that take a channel",
    "emergency calls tried again",
    "calls that lose their channel",
    "emergency calls back",
    "emergency calls back answered",
    "pages sent by multicast",
    "pages by several streams",
    "groups without a way to them",
    "log-ins ended by the clock",
    "log-ins that end in a call",
    "own words heard",
    "own music heard",
    "sounds replaced while they are heard",
];

/// Counters by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    /// Counts one.
    pub fn add(&mut self, what: &'static str) {
        self.more(what, 1);
    }

    /// Counts several.
    pub fn more(&mut self, what: &'static str, n: u64) {
        *self.0.entry(what).or_default() += n;
    }

    /// The count of a thing.
    pub fn get(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Counts the services of a record.
    pub fn record(&mut self, record: &CallRecord) {
        let answered = record.is_answered();
        for service in record.services.iter() {
            match service {
                Service::ForwardAll => self.add("unconditional forwards"),
                Service::ForwardBusy => self.add("forwards when busy"),
                Service::ForwardNoAnswer => self.add("forwards without answer"),
                Service::ForwardUnregistered => self.add("forwards out of reach"),
                Service::Hunt if answered => self.add("hunts answered"),
                Service::Department if answered => self.add("departments answered"),
                Service::Multicast if answered => self.add("pages heard"),
                Service::Pickup if answered => self.add("pickups"),
                Service::GroupPickup if answered => self.add("group pickups"),
                Service::Pickup | Service::GroupPickup => self.add("nothing to pick up"),
                Service::ParkRetrieve if answered => self.add("parked calls retrieved"),
                Service::ParkRetrieve => self.add("nothing to retrieve"),
                Service::Park => self.add("parked calls"),
                _ => {}
            }
            match service {
                Service::Hunt => self.add("hunts"),
                Service::Department => self.add("departments"),
                _ => {}
            }
        }
        self.places(&record.trace);
        for step in &record.trace {
            match &*step.code {
                "page.sent" => self.add("pages sent by multicast"),
                "page.no-way" => self.add("groups without a way to them"),
                "park.recall" => self.add("parkers called back"),
                "transfer.recall" => self.add("transferrers called back"),
                "route.virtual" => self.add("virtual numbers called"),
                "route.in-call" => self.add("numbers that let no call wait"),
                "route.limit" | "permit.limit" => self.add("numbers at their limit"),
                "ring.device-gone" => self.add("phones gone while they ring"),
                "outside.channels" => self.add("channels of a gateway full"),
                "outside.gateway" if answered => {
                    self.more("calls to outside", 1);
                    self.add("calls to outside answered");
                }
                "outside.gateway" => self.add("calls to outside"),
                code => self.line_step(code, answered),
            }
        }
        let streams = record.trace.iter().filter(|step| &*step.code == "page.stream");
        if answered && streams.count() > 1 {
            self.add("pages by several streams");
        }
        if record.cause == Cause::Preempted {
            self.add("calls that lose their channel");
        }
        let is_inside = record.callee.as_ref().is_some_and(|c| c.dn.is_some());
        if answered && record.caller.dn.is_none() && is_inside {
            self.add("calls from outside answered");
        }
        let quiet = |s: &Step| s.code.contains("disturb") || s.args.contains("disturb");
        if record.trace.iter().any(quiet) {
            self.add("do not disturb");
        }
    }

    /// Counts what stood in for members of hunting groups.
    fn places(&mut self, trace: &[Step]) {
        for steps in trace.windows(3) {
            let [member, forward, place] = steps else { continue };
            if (&*member.code, &*forward.code) != ("hunt.member", "forward.all") {
                continue;
            }
            match &*place.code {
                "route.hunt" => self.add("groups in a member's place"),
                "route.department" => self.add("departments in a member's place"),
                "outside.gateway" | "line.own" | "line.common" | "line.gateway" => {
                    self.add("numbers outside in a member's place");
                }
                _ => {}
            }
        }
    }

    /// Counts a step of lines and emergency calls.
    fn line_step(&mut self, code: &str, answered: bool) {
        match code {
            "line.dialled" => self.add("lines dialled"),
            "line.own" => self.add("own initial lines"),
            "line.common" => self.add("common lines"),
            "line.gateway" => self.add("lines of a gateway"),
            "line.reserve" => self.add("reserve lines"),
            "line.denied" => self.add("lines refused"),
            "line.kept" => self.add("people that a line may not ring"),
            "line.overflow" => self.add("lines that overflow"),
            "line.announcement" => self.add("announcements of lines"),
            "line.unknown" => self.add("numbers that are no line's"),
            "line.day" => self.add("calls by lines in business hours"),
            "line.night" => self.add("calls by lines at night"),
            "outside.barred" => self.add("numbers barred"),
            "outside.emergency" => self.add("emergency calls without a way out"),
            "emergency.gateway" => self.add("emergency calls"),
            "emergency.preempts" => self.add("emergency calls that take a channel"),
            "emergency.again" => self.add("emergency calls tried again"),
            "emergency.call-back" => self.add("emergency calls back"),
            "site.channels" => self.add("access lines full"),
            _ => {}
        }
        match code {
            "line.day" | "line.night" if answered => self.add("calls by lines answered"),
            "line.dialled" | "line.own" | "line.common" | "line.gateway" if answered => {
                self.add("calls to outside by lines answered");
            }
            "emergency.gateway" if answered => self.add("emergency calls answered"),
            "emergency.call-back" if answered => self.add("emergency calls back answered"),
            _ => {}
        }
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Counts) {
        for (what, n) in &other.0 {
            self.more(what, *n);
        }
    }

    /// Required things that did not happen.
    pub fn missing(&self) -> Vec<&'static str> {
        REQUIRED.into_iter().filter(|what| self.get(what) == 0).collect()
    }

    /// All counts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(what, n)| (*what, *n))
    }
}

/// Lines kept for a violation.
const LINES_MAX: usize = 80;

/// The last lines of what happened; empty unless asked for.
#[derive(Debug, Default)]
pub struct Trace {
    on: bool,
    all: bool,
    lines: VecDeque<String>,
}

impl Trace {
    /// A trace that keeps nothing, the last lines, or everything.
    pub fn new(on: bool, all: bool) -> Self {
        Trace { on: on || all, all, lines: VecDeque::new() }
    }

    /// Adds a line; it is not even made when nobody wants it.
    pub fn line(&mut self, at: Mono, text: impl FnOnce() -> String) {
        if !self.on {
            return;
        }
        if self.lines.len() >= LINES_MAX && !self.all {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>12.6} {}", at.0 as f64 / 1e6, text()));
    }

    /// What is kept.
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
