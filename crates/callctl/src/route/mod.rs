//! Where a call goes: one pure walk over the configuration and the live state, taken step by step
//! by live calls and at one go by [`crate::whatif`], so that page, command line and exchange
//! cannot disagree (R318, invariant I14).
//!
//! | File | Decides |
//! |---|---|
//! | `number` | what was dialled: a code, a prefix, a number |
//! | `user` | the table of group E: forward, ring, voicemail, refuse |
//! | `forward` | hops, loops, whose voicemail, what a forward in vain means |
//! | `outside` | numbers outside: policy, toll class, gateway, channels |
//! | `emergency` | 110, 118 and 119: the ways out of a site |
//! | `line` `line_in` | which line a call leaves by; where a call from a line goes |
//! | `hunt` `department` `page` | the members of a group |
//! | `stand_in` | what rings in the place of a member that forwards |
//! | `facts` | what may be read |
//! | `person` | who stands behind a leg |
//!
//! Every decision reads the newest snapshot; what was decided before stands (R247).

mod department;
mod emergency;
pub(crate) mod facts;
mod forward;
mod hunt;
pub(crate) mod line;
mod line_in;
pub(crate) mod number;
mod outside;
pub(crate) mod page;
pub(crate) mod person;
mod stand_in;
mod user;

use base::id::{DepartmentId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId};
use base::{Cause, Dn, Mono, Wall};
use model::dn_settings::ForwardKind;
use model::outside::OutsideNumber;
use model::record::Services;
use model::{CodeKind, DnOwner, LineTarget};
use smallvec::SmallVec;

use crate::explain::Mark;
pub(crate) use facts::Facts;
use hunt::Hunt;
use page::PagePlan;

/// A refusal and the rule that it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub cause: Cause,
    pub mark: Mark,
}

impl Refusal {
    pub(crate) fn new(cause: Cause, mark: Mark) -> Self {
        Refusal { cause, mark }
    }
}

/// What one step of the walk works with.
pub(crate) struct Walk<'a> {
    pub facts: &'a dyn Facts,
    pub now: Mono,
    /// The time of day, which calls from lines hang on (R300).
    pub wall: Wall,
    pub trace: &'a mut Vec<Mark>,
}

impl Walk<'_> {
    fn note(&mut self, mark: Mark) {
        crate::explain::note(self.trace, mark);
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ring these; the walk goes on with how that ended.
    Ring(Plan),
    /// Nobody to ring until then (R271); the walk goes on by [`Journey::resume`].
    Wait { until: Mono },
    /// Page these (R208).
    Page(PagePlan),
    /// Leave a message in the box of a number (R262).
    Voicemail { of: Dn },
    /// Listen to the own box (R253).
    Mailbox { of: Dn },
    /// A number was called that opens mailboxes by number and PIN (R262).
    Boxes { at: Dn },
    /// A feature code was dialled, and what followed it.
    Code(CodeKind, Box<str>),
    /// A park slot was dialled (R294).
    Slot(Dn),
    /// An announcement is played, an own sound or the standard sentence, and the call ends.
    Announce(Option<SoundId>),
    /// The call ends.
    Refuse(Cause),
}

/// Whom to ring, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The number that rings; a member's number in a hunt, the common one of a department.
    pub dn: Dn,
    /// Whose devices.
    pub users: SmallVec<[UserId; 1]>,
    /// Seconds from the first sign of ringing (R252).
    pub ring_s: u16,
    pub style: Style,
}

impl Plan {
    /// It rings members of a group, or those registered for a line.
    pub(crate) fn is_of_group(&self) -> bool {
        matches!(self.style, Style::Hunt { .. } | Style::Department(_) | Style::Line(_))
    }

    /// A number outside rings, by a gateway.
    pub(crate) fn is_outside(&self) -> bool {
        matches!(self.style, Style::Outside { .. } | Style::Emergency { .. })
    }
}

/// In whose name it rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// The number's own.
    User,
    /// As member of a hunting group.
    Hunt { group: u16 },
    /// As member of a department.
    Department(DepartmentId),
    /// As one of whom the line is a 着信回線.
    Line(LineId),
    /// A number outside, by a gateway; the plan has no users.
    Outside { gateway: GatewayId, number: OutsideNumber },
    /// An emergency number by a gateway, from the number that is shown; no users either.
    Emergency { gateway: GatewayId, number: Dn, shown: Dn },
    /// The one who transferred or parked is called back: past do not disturb (R290).
    Recall,
}

/// Where the walk stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    /// Nobody was rung.
    Nowhere,
    /// The devices of the number's user ring, but for those in do not disturb.
    User { dn: Dn, some_quiet: bool },
    /// A member of a group rings, or is waited for; further hunts stand in for members.
    Hunt(Vec<Hunt>),
    /// Members of a department ring.
    Department(Dn),
    /// A number outside rings.
    Outside,
    /// An authority rings, or is tried again.
    Emergency(emergency::Trying),
    /// The registered people of a line ring.
    Line { id: LineId, overflow: Option<LineTarget> },
}

/// The way of one call attempt through the numbers of a tenant.
#[derive(Debug, Clone)]
pub(crate) struct Journey {
    tenant: TenantId,
    caller: Option<Dn>,
    /// Numbers that a forward may not lead to: transferrer and transferee (R288).
    barred: SmallVec<[Dn; 2]>,
    hops: u8,
    /// Hunts so far in the places of members of others.
    nested: u8,
    /// Numbers that have forwarded this call, the first one first; no kind for an overflow.
    forwarders: SmallVec<[(Dn, Option<ForwardKind>); 2]>,
    /// The user's or virtual number that was rung, busy or out of reach last.
    called: Option<Dn>,
    /// The number outside that it has come to instead.
    outside: Option<OutsideNumber>,
    /// The caller is outside: numbers can be reached, codes, slots and gateways cannot.
    from_outside: bool,
    /// Where it was dialled by whoever has it now; emergency calls leave there.
    site: Option<SiteId>,
    /// Whose class counts for calls outside, when it is not the caller's (R227).
    payer: Option<Dn>,
    /// The gateway that a caller outside came by.
    came_by: Option<GatewayId>,
    /// The line whose registered people alone may be rung (R301).
    filter: Option<LineId>,
    /// The line that the call leaves by.
    leaving: Option<line::Leaving>,
    at: At,
    /// Who had transferred the call before anybody forwarded it.
    pub transferrer: Option<Box<str>>,
    /// 要求サービス that took part so far.
    pub services: Services,
}

impl Journey {
    /// A call from `caller`; `None` when it has no extension.
    pub(crate) fn new(tenant: TenantId, caller: Option<Dn>) -> Self {
        Journey {
            tenant,
            caller,
            barred: SmallVec::new(),
            hops: 0,
            nested: 0,
            forwarders: SmallVec::new(),
            called: None,
            outside: None,
            from_outside: false,
            site: None,
            payer: None,
            came_by: None,
            filter: None,
            leaving: None,
            at: At::Nowhere,
            transferrer: None,
            services: Services::NONE,
        }
    }

    /// The attempt of a transfer: forwards to these numbers count as busy (R288).
    pub(crate) fn barring(mut self, numbers: impl IntoIterator<Item = Dn>) -> Self {
        self.barred.extend(numbers);
        self
    }

    /// The call of a party outside.
    pub(crate) fn coming_in(mut self, gateway: Option<GatewayId>) -> Self {
        self.from_outside = true;
        self.came_by = gateway;
        self
    }

    /// Somebody else pays for what it leads to outside: who transfers (R227).
    pub(crate) fn paid_by(mut self, payer: Option<Dn>) -> Self {
        self.payer = payer;
        self
    }

    /// Who forwarded last.
    pub(crate) fn forwarder(&self) -> Option<Dn> {
        self.forwarders.last().map(|(dn, _)| *dn)
    }

    /// Who has forwarded, the first one first, and by which forward.
    pub(crate) fn forwarders(&self) -> impl Iterator<Item = (Dn, Option<ForwardKind>)> {
        self.forwarders.iter().copied()
    }

    /// Column H of the history while nobody has answered: none for a group.
    pub(crate) fn called(&self) -> Option<Dn> {
        self.called
    }

    /// The pilot of the hunt that the call is in.
    pub(crate) fn hunts_for(&self) -> Option<Dn> {
        match &self.at {
            At::Hunt(hunts) => hunts.last().map(|hunt| hunt.pilot),
            _ => None,
        }
    }

    /// The first decision: what was dialled and where it leads.
    pub(crate) fn begin(&mut self, walk: &mut Walk<'_>, dialed: &str) -> Next {
        if let Some(next) = self.comes_by_line(walk, dialed) {
            return next;
        }
        match number::read(walk.facts.snapshot(), self.tenant, dialed) {
            Some(number::Read::Dn(dn)) => self.arrive(walk, dn),
            // With lines, the line-select code is nothing by itself (R303).
            Some(number::Read::Code(CodeKind::LineSelect, _))
                if walk.facts.snapshot().active_lines(self.tenant).next().is_some() =>
            {
                walk.note(Mark::NoLine);
                Next::Refuse(Cause::UnallocatedNumber)
            }
            Some(number::Read::Code(kind, rest)) if !self.from_outside => {
                walk.note(Mark::Code(kind));
                Next::Code(kind, rest)
            }
            Some(number::Read::Outside(way, number)) if !self.from_outside => {
                self.go_out(walk, way, number)
            }
            Some(number::Read::Emergency(number)) => self.emergency(walk, number),
            Some(number::Read::Code(..) | number::Read::Outside(..)) | None => {
                walk.note(Mark::NoSuchNumber);
                Next::Refuse(Cause::UnallocatedNumber)
            }
        }
    }

    /// The next decision, after what was rung ended for this reason.
    pub(crate) fn resume(&mut self, walk: &mut Walk<'_>, cause: Cause) -> Next {
        match std::mem::replace(&mut self.at, At::Nowhere) {
            At::Nowhere => Next::Refuse(cause),
            // A device in do not disturb counts as busy, should the others be out of reach (R249).
            At::User { dn, some_quiet: true } if cause == Cause::Unregistered => {
                self.user_failed(walk, dn, Cause::UserBusy)
            }
            At::User { dn, .. } => self.user_failed(walk, dn, cause),
            At::Hunt(hunts) => self.member_failed(walk, hunts, cause),
            At::Department(dn) => self.department_failed(walk, dn, cause),
            At::Outside => self.fail(walk, cause),
            At::Emergency(at) => self.way_failed(walk, at, cause),
            At::Line { id, overflow } => self.line_failed(walk, (id, overflow), cause),
        }
    }

    /// The pause of [`Next::Wait`] is over.
    pub(crate) fn waited(&mut self, walk: &mut Walk<'_>) -> Next {
        match std::mem::replace(&mut self.at, At::Nowhere) {
            At::Hunt(hunts) => self.hunt_on(walk, hunts),
            At::Emergency(at) => self.way_again(walk, at),
            At::Nowhere | At::User { .. } | At::Department(_) | At::Outside | At::Line { .. } => {
                Next::Refuse(Cause::RingTimeout)
            }
        }
    }

    /// Whoever rang may not ring any more: the number is decided anew (R247).
    pub(crate) fn anew(&mut self, walk: &mut Walk<'_>) -> Next {
        self.called = None;
        match std::mem::replace(&mut self.at, At::Nowhere) {
            At::Nowhere | At::Outside => Next::Refuse(Cause::UnallocatedNumber),
            At::User { dn, .. } | At::Department(dn) => self.arrive(walk, dn),
            At::Emergency(at) => self.way_failed(walk, at, Cause::UpstreamFailure),
            At::Line { id, .. } => self.line_anew(walk, id),
            At::Hunt(hunts) => self.hunt_anew(walk, hunts),
        }
    }

    /// The call reaches a number.
    fn arrive(&mut self, walk: &mut Walk<'_>, dn: Dn) -> Next {
        self.outside = None;
        match walk.facts.snapshot().dn_owner(self.tenant, dn) {
            Some(DnOwner::User(id)) => self.at_user(walk, dn, id),
            Some(DnOwner::Virtual(id)) => self.at_virtual(walk, dn, id),
            Some(DnOwner::Hunt(group)) => self.at_hunt(walk, dn, group),
            Some(DnOwner::Department(id)) => self.at_department(walk, dn, id),
            Some(DnOwner::ParkSlot(_)) if self.forwarders.is_empty() && !self.from_outside => {
                walk.note(Mark::RouteSlot(dn));
                Next::Slot(dn)
            }
            Some(DnOwner::ParkSlot(_)) | None => {
                walk.note(Mark::NoSuchNumber);
                self.fail(walk, Cause::UnallocatedNumber)
            }
        }
    }

    /// Whose numbers.
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// A call-back to an emergency call comes to the reception group (J35), whoever the line is
    /// for.
    pub(crate) fn reception(&mut self, walk: &mut Walk<'_>, dn: Dn) -> Next {
        self.filter = None;
        self.arrive(walk, dn)
    }

    /// Whether the number is the caller's, or has forwarded this call (R257).
    fn is_involved(&self, dn: Dn) -> bool {
        self.caller == Some(dn) || self.has_forwarded(dn)
    }

    fn has_forwarded(&self, dn: Dn) -> bool {
        self.forwarders.iter().any(|(by, _)| *by == dn)
    }
}
