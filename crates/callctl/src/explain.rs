//! The explanation kept with each record: which rule decided, with what it found (R246, R318).

use std::net::{IpAddr, SocketAddr};

use base::{Cause, Dn};
use model::record::Step;
use model::{CodeKind, Destination, ForwardKind};

use crate::page::Paged;
use crate::route::facts::Spared;
use crate::route::line::Chosen;

/// One step taken. Small, since each running call keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The calling device has no user (FeatureNotPermitted).
    DeviceWithoutUser,
    /// The calling user is stopped.
    CallerStopped,
    /// No hop is left.
    NoHops,
    /// The caller's offer cannot be used, or is not protected as its device must be.
    OfferRefused,
    /// As many legs as there may be.
    NoRoom,
    /// The calling number is at its limit (R250).
    CallerLimit(Dn),
    /// The called number is at its limit (R250).
    CallLimit(Dn),
    /// The caller dialled the own number (R253).
    OwnNumber,
    /// What was dialled is no number of the tenant.
    NoSuchNumber,
    /// The number belongs to a stopped user (R241).
    UserStopped(Dn),
    /// Calls to stopped users lead there (R241).
    StoppedTo { from: Dn, to: Target },
    /// The number belongs to a user.
    RouteUser(Dn),
    /// The number is a virtual one (R037).
    RouteVirtual(Dn),
    /// The number is the pilot of a hunting group.
    RouteHunt(Dn),
    /// The number is the common one of a department.
    RouteDepartment(Dn),
    /// The number is a park slot.
    RouteSlot(Dn),
    /// A feature code was dialled.
    Code(CodeKind),
    /// The caller is the one that this number forwards all its calls to (R258).
    Secretary(Dn),
    /// The number is in a call and takes no second one (話中着信, R250).
    InCall(Dn),
    /// All devices of the number are in do not disturb (R251).
    Quiet(Dn),
    /// A forward.
    Forward { kind: ForwardKind, from: Dn, to: Target },
    /// Nobody of a group took the call.
    Overflow { from: Dn, to: Target },
    /// The forward leads to a party of the transfer (R288).
    Barred(Dn),
    /// This number has forwarded the call before, or did so after five others (R066).
    Loop(Dn),
    /// The site of this number does not forward outside (R063).
    OutsideDenied(Dn),
    /// There is no line to the outside.
    NoLine,
    /// An emergency number, for which there is no way out, or none any more.
    Emergency,
    /// It leaves by the gateway of this prefix.
    EmergencyBy(Prefix),
    /// The gateway of this prefix would be next and is not registered.
    EmergencyOut(Prefix),
    /// It has no free channel: one of its calls is ended (J33).
    EmergencyFull(Prefix),
    /// It answered that it has no channel, and is tried again.
    EmergencyAgain,
    /// Terminals ring that made an emergency call (J35): the authority itself calls, or somebody
    /// who calls the number that was shown.
    CallBack { official: bool },
    /// A terminal rings for that, whatever this would else keep from the number.
    CallBackPast { dn: Dn, why: Spared },
    /// The reception group of the site rings too.
    CallBackGroup(Dn),
    /// The access line of a site has no channel left (R305).
    AccessFull,
    /// The number outside is behind this prefix of a gateway.
    Gateway(Prefix),
    /// A class of numbers that is barred (J60).
    TollBarred,
    /// The gateway is not registered.
    GatewayOut,
    /// All channels of the gateway, so many, are in use (R110).
    ChannelsFull(u16),
    /// The site does not connect outside parties with each other (R291).
    ConnectDenied,
    /// Two outside parties have talked for as long as they may (R291).
    OutsideOver,
    /// Answered outside.
    AnsweredOutside,
    /// The call leaves by the line with this 識別番号, and why by this one (R302).
    Line { code: Dn, why: Chosen },
    /// The line is none of the 発信回線 of who pays (R302).
    LineDenied(Dn),
    /// The call came by the line with this 識別番号, in business hours or outside (R300).
    LineIn { code: Dn, night: bool },
    /// The number called is no line's and no extension (R300).
    LineUnknown,
    /// The line may not ring this number (R301).
    LineKept(Dn),
    /// Nobody registered for the line took the call.
    LineOverflow(Dn),
    /// Callers hear an announcement at this hour.
    LineAnnounces,
    /// A message is left in the box of this number.
    Voicemail(Dn),
    /// Mailboxes are opened at this number, by number and PIN (R262).
    Boxes(Dn),
    /// A member of a group that does not ring.
    Spared { member: Dn, why: Spared },
    /// The member that is offered the call.
    Member(Dn),
    /// The time of the whole hunt is over.
    HuntOver,
    /// So many rounds have begun.
    Round(u8),
    /// A multicast department of a tenant without the option.
    NoPaging(Dn),
    /// The caller may not page this department (R278).
    NoPageRight(Dn),
    /// A page is only for who dials it: no forward, transfer or consultation leads to one (R261).
    PageBarred(Dn),
    /// So many contacts are called for a page of at most so many seconds.
    Page { contacts: u16, page_s: u16 },
    /// So many members hear a page as a stream to this group (R280).
    PageStream { group: (IpAddr, u16), members: u16 },
    /// No address of ours can send to this group: the terminals are called.
    PageNoWay((IpAddr, u16)),
    /// The longest time of a page is over.
    PageOver,
    /// No device of the user has a live contact (R062).
    NoContact(Dn),
    /// So many contacts are called, with this ring time in seconds (R202).
    Ring { contacts: u16, ring_time_s: u16 },
    /// Media goes from phone to phone.
    Direct,
    /// Media goes through the relay, and why.
    Relay(Why),
    /// A contact ended with this SIP status; what it means.
    Verdict { status: u16, cause: Cause },
    /// No sign of life within 4 s (R062).
    Silent,
    /// The ring time is over (R252).
    RingOver,
    /// Unanswered for 600 s (R252).
    Unanswered,
    /// A device that was called is gone from the configuration (R247).
    Gone,
    /// Answered by this number.
    Answered(Dn),
    /// A guidance was played before the refusal.
    Announced,
    /// Transferred by a phone; the transferrer.
    Transferred(Dn),
    /// Called back after a transfer in vain (R290).
    Recall(Dn),
    /// Parked in this slot.
    Parked(Dn),
    /// Nobody retrieved it, so its parker was called back.
    ParkRecall(Dn),
    /// Retrieved by this number.
    Unparked(Dn),
    /// Taken over by another device.
    TakenOver(Dn),
    /// The decision.
    Decided(Cause),
}

/// A dial prefix of at most four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix([u8; 4]);

impl Prefix {
    pub(crate) fn of(text: &str) -> Self {
        let mut digits = [0; 4];
        digits.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        Prefix(digits)
    }

    fn text(self) -> String {
        self.0.iter().filter(|b| **b != 0).map(|b| char::from(*b)).collect()
    }
}

impl Mark {
    /// Whether it is a step of the walk that decides where a call goes.
    pub(crate) fn is_route(self) -> bool {
        !matches!(
            self,
            Mark::DeviceWithoutUser
                | Mark::CallerStopped
                | Mark::NoHops
                | Mark::OfferRefused
                | Mark::NoRoom
                | Mark::CallerLimit(_)
                | Mark::Direct
                | Mark::Relay(_)
                | Mark::Verdict { .. }
                | Mark::Silent
                | Mark::RingOver
                | Mark::Unanswered
                | Mark::Gone
                | Mark::Answered(_)
                | Mark::Announced
                | Mark::Transferred(_)
                | Mark::Recall(_)
                | Mark::Parked(_)
                | Mark::ParkRecall(_)
                | Mark::Unparked(_)
                | Mark::TakenOver(_)
                | Mark::ConnectDenied
                | Mark::OutsideOver
                | Mark::AnsweredOutside
                | Mark::PageBarred(_)
                | Mark::PageNoWay(_)
                | Mark::PageOver
                | Mark::CallBack { .. }
                | Mark::CallBackPast { .. }
                | Mark::CallBackGroup(_)
                | Mark::AccessFull
                | Mark::Decided(_)
        )
    }
}

/// Where a forward leads. A number outside is not named: it is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An extension number of the tenant.
    Dn(Dn),
    /// 留守番.
    Voicemail,
    /// A number outside.
    Outside,
    /// An announcement.
    Announcement,
}

impl Target {
    pub(crate) fn of(to: &Destination) -> Self {
        match to {
            Destination::Dn(dn) => Target::Dn(*dn),
            Destination::Voicemail => Target::Voicemail,
            Destination::Outside(_) => Target::Outside,
            Destination::Announcement(_) => Target::Announcement,
        }
    }

    fn text(self) -> String {
        match self {
            Target::Dn(dn) => dn.text(),
            Target::Voicemail => "voicemail".to_owned(),
            Target::Outside => "outside".to_owned(),
            Target::Announcement => "announcement".to_owned(),
        }
    }
}

/// Why media is relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// `[media] path = "relay"`.
    Always,
    /// The site's parameter.
    Site,
    /// Codes of the site are listened for in its calls.
    Codes,
    /// Different sites.
    Sites,
    /// A side is outside.
    Outside,
    /// A side is behind NAT.
    Nat,
    /// One side is IPv4 and the other IPv6, or only one of them is on this machine.
    Network,
    /// The sides are protected differently.
    Protection,
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Why::Always => "always",
            Why::Site => "site",
            Why::Codes => "codes",
            Why::Sites => "sites",
            Why::Outside => "outside",
            Why::Nat => "nat",
            Why::Network => "network",
            Why::Protection => "protection",
        }
    }
}

/// Most steps kept of one call; later ones are left out, but for the decision. A hunt passes over
/// up to 64 members in each of five rounds.
pub(crate) const STEPS_MAX: usize = 400;

/// Most bytes of the arguments of one step.
const ARGS_MAX: usize = 256;

/// Most steps with the members of a page of one kind.
const LISTS_MAX: usize = 45;

/// Room for a count and a space.
const COUNT_DIGITS: usize = 6;

/// Appends a step within the bound.
pub(crate) fn note(trace: &mut Vec<Mark>, mark: Mark) {
    if trace.len() < STEPS_MAX {
        trace.push(mark);
    }
}

/// The record's form of the steps, of whom a page reached, and the final decision.
pub(crate) fn steps(trace: &[Mark], paged: Option<&Paged>, cause: Cause) -> Box<[Step]> {
    let mut steps = told(trace);
    if let Some(paged) = paged {
        numbered("page.reached", &paged.reached, &mut steps);
        numbered("page.sent", &paged.sent, &mut steps);
        numbered("page.missed", &paged.missed, &mut steps);
    }
    steps.push(step(Mark::Decided(cause)));
    steps.into()
}

/// The record's form of steps: members that are passed over for one reason are one step.
pub(crate) fn told(trace: &[Mark]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(trace.len() + 1);
    let mut passed: Option<(Spared, String)> = None;
    for mark in trace {
        if let Mark::Spared { member, why } = *mark {
            match &mut passed {
                Some((same, list)) if *same == why => enumerate(list, member),
                _ => {
                    steps.extend(passed.take().map(spared));
                    passed = Some((why, format!("{} {member}", why.word())));
                }
            }
            continue;
        }
        steps.extend(passed.take().map(spared));
        steps.push(step(*mark));
    }
    steps.extend(passed.map(spared));
    steps
}

/// How many numbers, and which: several steps when one has no room for them.
fn numbered(code: &str, numbers: &[Dn], steps: &mut Vec<Step>) {
    let mut list = String::new();
    let room = ARGS_MAX - COUNT_DIGITS;
    let step = |list: &str| Step::new(code, &format!("{} {list}", numbers.len()));
    let first = steps.len();
    for dn in numbers {
        let text = dn.text();
        if steps.len() - first == LISTS_MAX {
            return;
        }
        if !list.is_empty() && list.len() + text.len() + 1 > room {
            steps.push(step(&list));
            list.clear();
        }
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&text);
    }
    if !list.is_empty() {
        steps.push(step(&list));
    }
}

/// One more member; an ellipsis when there is no room left.
fn enumerate(list: &mut String, member: Dn) {
    if list.len() + Dn::DIGITS_MAX + 6 <= ARGS_MAX {
        list.push_str(&format!(",{member}"));
    } else if !list.ends_with('…') {
        list.push('…');
    }
}

fn spared((_, args): (Spared, String)) -> Step {
    Step::new("group.pass", &args)
}

fn step(mark: Mark) -> Step {
    let plain = |code| Step::new(code, "");
    let named = |code, dn: Dn| Step::new(code, &dn.text());
    match mark {
        Mark::DeviceWithoutUser => plain("permit.no-user"),
        Mark::CallerStopped => plain("permit.stopped"),
        Mark::NoHops => plain("permit.no-hops"),
        Mark::OfferRefused => plain("permit.media"),
        Mark::NoRoom => plain("permit.room"),
        Mark::CallerLimit(dn) => named("permit.limit", dn),
        Mark::Ring { contacts, ring_time_s } => {
            Step::new("ring.begin", &format!("{contacts} {ring_time_s}"))
        }
        Mark::Direct => Step::new("media.path", "direct"),
        Mark::Relay(why) => Step::new("media.path", &format!("relay {}", why.word())),
        Mark::Verdict { status, cause } => {
            Step::new("ring.refused", &format!("{status} {}", cause.name()))
        }
        Mark::Silent => plain("ring.silent"),
        Mark::RingOver => plain("ring.over"),
        Mark::Unanswered => plain("ring.unanswered"),
        Mark::Gone => plain("ring.device-gone"),
        Mark::Answered(dn) => named("answer", dn),
        Mark::AnsweredOutside => plain("answer.outside"),
        Mark::OutsideOver => plain("outside.over"),
        Mark::CallBack { official } => {
            let whose = if official { "official" } else { "window" };
            Step::new("emergency.call-back", whose)
        }
        Mark::CallBackPast { dn, why } => {
            Step::new("emergency.past", &format!("{dn} {}", why.word()))
        }
        Mark::CallBackGroup(dn) => named("emergency.back-group", dn),
        Mark::AccessFull => plain("site.channels"),
        Mark::Announced => plain("announce"),
        Mark::Transferred(dn) => named("transfer", dn),
        Mark::Recall(dn) => named("transfer.recall", dn),
        Mark::Parked(dn) => named("park.slot", dn),
        Mark::ParkRecall(dn) => named("park.recall", dn),
        Mark::Unparked(dn) => named("park.retrieve", dn),
        Mark::TakenOver(dn) => named("replaces", dn),
        Mark::Decided(cause) => Step::new("decided", cause.name()),
        routing => routed(routing),
    }
}

/// The steps of `route`.
fn routed(mark: Mark) -> Step {
    let plain = |code| Step::new(code, "");
    let named = |code, dn: Dn| Step::new(code, &dn.text());
    match mark {
        Mark::OwnNumber => plain("route.own-number"),
        Mark::UserStopped(dn) => named("route.stopped", dn),
        Mark::StoppedTo { from, to } => {
            Step::new("route.stopped-to", &format!("{from} {}", to.text()))
        }
        Mark::RouteUser(dn) => named("route.user", dn),
        Mark::RouteVirtual(dn) => named("route.virtual", dn),
        Mark::RouteHunt(dn) => named("route.hunt", dn),
        Mark::RouteDepartment(dn) => named("route.department", dn),
        Mark::RouteSlot(dn) => named("route.slot", dn),
        Mark::NoContact(dn) => named("route.unregistered", dn),
        Mark::Code(kind) => Step::new("route.code", kind.name()),
        Mark::Secretary(dn) => named("forward.secretary", dn),
        Mark::CallLimit(dn) => named("route.limit", dn),
        Mark::InCall(dn) => named("route.in-call", dn),
        Mark::Quiet(dn) => named("route.do-not-disturb", dn),
        Mark::Forward { kind, from, to } => {
            Step::new(forward_code(kind), &format!("{from} {}", to.text()))
        }
        Mark::Overflow { from, to } => {
            Step::new("group.overflow", &format!("{from} {}", to.text()))
        }
        Mark::Barred(dn) => named("forward.party", dn),
        Mark::Loop(dn) => named("forward.loop", dn),
        Mark::OutsideDenied(dn) => named("forward.outside-denied", dn),
        Mark::NoLine => plain("forward.no-line"),
        Mark::Emergency => plain("outside.emergency"),
        Mark::EmergencyBy(prefix) => Step::new("emergency.gateway", &prefix.text()),
        Mark::EmergencyOut(prefix) => Step::new("emergency.unregistered", &prefix.text()),
        Mark::EmergencyFull(prefix) => Step::new("emergency.preempts", &prefix.text()),
        Mark::EmergencyAgain => plain("emergency.again"),
        Mark::Gateway(prefix) => Step::new("outside.gateway", &prefix.text()),
        Mark::TollBarred => plain("outside.barred"),
        Mark::GatewayOut => plain("outside.unregistered"),
        Mark::ChannelsFull(channels) => Step::new("outside.channels", &channels.to_string()),
        Mark::ConnectDenied => plain("outside.connect-denied"),
        Mark::Line { .. }
        | Mark::LineDenied(_)
        | Mark::LineIn { .. }
        | Mark::LineUnknown
        | Mark::LineKept(_)
        | Mark::LineOverflow(_)
        | Mark::LineAnnounces => of_line(mark),
        Mark::Voicemail(dn) => named("voicemail", dn),
        Mark::Boxes(dn) => named("voicemail.boxes", dn),
        Mark::Spared { member, why } => {
            Step::new("group.pass", &format!("{} {member}", why.word()))
        }
        Mark::Member(dn) => named("hunt.member", dn),
        Mark::HuntOver => plain("hunt.over"),
        Mark::Round(round) => Step::new("hunt.round", &round.to_string()),
        Mark::NoPaging(dn) => named("department.multicast", dn),
        Mark::NoPageRight(dn) => named("page.no-right", dn),
        Mark::PageBarred(dn) => named("page.barred", dn),
        Mark::Page { contacts, page_s } => Step::new("page.begin", &format!("{contacts} {page_s}")),
        Mark::PageStream { group, members } => {
            Step::new("page.stream", &format!("{} {members}", SocketAddr::from(group)))
        }
        Mark::PageNoWay(group) => Step::new("page.no-way", &SocketAddr::from(group).to_string()),
        Mark::PageOver => plain("page.over"),
        _ => plain("route.none"),
    }
}

/// The steps of lines.
fn of_line(mark: Mark) -> Step {
    let named = |code, dn: Dn| Step::new(code, &dn.text());
    match mark {
        Mark::Line { code, why } => {
            let step = match why {
                Chosen::Dialled => "line.dialled",
                Chosen::Own => "line.own",
                Chosen::Common => "line.common",
                Chosen::Gateway => "line.gateway",
                Chosen::Reserve => "line.reserve",
            };
            named(step, code)
        }
        Mark::LineDenied(code) => named("line.denied", code),
        Mark::LineIn { code, night: false } => named("line.day", code),
        Mark::LineIn { code, night: true } => named("line.night", code),
        Mark::LineKept(dn) => named("line.kept", dn),
        Mark::LineOverflow(code) => named("line.overflow", code),
        Mark::LineAnnounces => Step::new("line.announcement", ""),
        _ => Step::new("line.unknown", ""),
    }
}

fn forward_code(kind: ForwardKind) -> &'static str {
    match kind {
        ForwardKind::All => "forward.all",
        ForwardKind::Busy => "forward.busy",
        ForwardKind::NoAnswer => "forward.no-answer",
        ForwardKind::Unregistered => "forward.unregistered",
    }
}
