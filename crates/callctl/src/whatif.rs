//! Where a call would go, and why: the walk of live calls, taken without making the call (R318).
//!
//! What phones will do cannot be known: each number that rings is taken not to answer, unless the
//! question says otherwise, and each such step shows where the other answers would lead.

use base::id::{GatewayId, SiteId, TenantId};
use base::{Cause, Dn, Micros, Mono, Now, Wall};
use model::CodeKind;
use model::record::Step;

use crate::Moment;
use crate::admit::is_spoken;
use crate::call::Purpose;
use crate::explain::{Mark, told};
pub use crate::origin::Origin;
use crate::route::{Facts, Journey, Next, Walk};
use crate::whatif_back::Back;

/// A call that is not made.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Whose numbers.
    pub tenant: TenantId,
    /// Who calls.
    pub from: Origin,
    /// What is dialled.
    pub to: &'a str,
    /// What numbers do when they ring; others do not answer.
    pub answers: &'a [(Dn, Answer)],
}

/// What becomes of a number that rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Someone answers.
    Answers,
    /// Nobody answers in time.
    NoAnswer,
    /// 486: it is busy, or in do not disturb by its own key.
    Busy,
    /// 603: it is declined.
    Declines,
    /// Registered, but silent for 4 s (圏外).
    Unreachable,
}

impl Answer {
    /// Every answer, the usual assumption first.
    pub const ALL: [Answer; 5] =
        [Self::NoAnswer, Self::Answers, Self::Busy, Self::Declines, Self::Unreachable];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Answer::Answers => "answers",
            Answer::NoAnswer => "no-answer",
            Answer::Busy => "busy",
            Answer::Declines => "declines",
            Answer::Unreachable => "unreachable",
        }
    }

    /// The answer of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Answer::ALL.into_iter().find(|a| a.name() == name)
    }

    fn cause(self) -> Option<Cause> {
        match self {
            Answer::Answers => None,
            Answer::NoAnswer => Some(Cause::RingTimeout),
            Answer::Busy => Some(Cause::UserBusy),
            Answer::Declines => Some(Cause::UserRejected),
            Answer::Unreachable => Some(Cause::Unregistered),
        }
    }
}

/// Where the call would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decisions in order.
    pub steps: Vec<Explained>,
    /// How it would end.
    pub ending: Ending,
}

/// Decisions up to one that hangs on a phone, with the other ways from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The decisions, as a record keeps them.
    pub steps: Vec<Step>,
    /// The number that rings then, and what it is taken to do.
    pub assumed: Option<(Dn, Answer)>,
    /// Where the other answers would lead.
    pub branches: Vec<Branch>,
}

/// Another answer and what would follow at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The other answer.
    pub answer: Answer,
    /// The decisions that would follow.
    pub steps: Vec<Step>,
    /// The end, or the next number that would ring.
    pub ending: Ending,
}

/// How an explained call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Answered by this number.
    Answered(Dn),
    /// This number would ring next; only in branches.
    Rings(Dn),
    /// A message is left in the box of this number.
    Voicemail(Dn),
    /// The members of this department are paged.
    Pages(Dn),
    /// The own box is listened to.
    Mailbox(Dn),
    /// Number and PIN of a box are asked for at this number.
    Boxes(Dn),
    /// A feature code, which the caller hears about.
    Code(CodeKind),
    /// What is parked there is retrieved.
    Slot(Dn),
    /// Refused.
    Refused(Cause),
}

/// Steps of one explanation that hang on a phone; a hunt has up to 64 members in five rounds.
const RINGS_MAX: usize = 330;

pub(crate) fn explain(now: Now, asked: &Question<'_>, facts: &dyn Facts) -> Explanation {
    let mut journey = match asked.from.journey((facts, now.mono), asked.tenant, asked.to) {
        Ok(journey) => journey,
        Err(refusal) => {
            let steps = told(&[refusal.mark]);
            let steps = vec![Explained { steps, assumed: None, branches: Vec::new() }];
            return Explanation { steps, ending: Ending::Refused(refusal.cause) };
        }
    };
    let mut asker = Asker { facts, now, asked };
    let mut steps = Vec::new();
    let mut trace = Vec::new();
    let mut back = Back::of(&asker.walk(&mut trace), asked.from, asked.to);
    let mut next = journey.begin(&mut asker.walk(&mut trace), asked.to);
    for _ in 0..RINGS_MAX {
        let mut decided = asker.admitted(&mut journey, next, &mut trace);
        if let Some(back) = &mut back {
            decided = back.instead(&mut journey, &mut asker.walk(&mut trace), decided);
        }
        let plan = match decided {
            Next::Ring(plan) => plan,
            Next::Wait { until } => {
                asker.pass(Micros(until.0.saturating_sub(asker.now.mono.0)));
                next = journey.waited(&mut asker.walk(&mut trace));
                continue;
            }
            Next::Slot(dn) if !facts.is_parked(asked.tenant, dn) => {
                return asker.ended(steps, &trace, Ending::Refused(Cause::ParkNone));
            }
            end => return asker.ended(steps, &trace, ending(&end)),
        };
        let answer = asker.assumed(plan.dn);
        let branches = match back.as_ref().is_some_and(Back::is_alone) {
            true => Vec::new(),
            false => asker.branches(&journey, answer, plan.ring_s),
        };
        let told = told(&std::mem::take(&mut trace));
        steps.push(Explained { steps: told, assumed: Some((plan.dn, answer)), branches });
        let Some(cause) = answer.cause() else {
            return asker.ended(steps, &trace, Ending::Answered(plan.dn));
        };
        asker.pass(time_of(answer, plan.ring_s));
        let mut walk = asker.walk(&mut trace);
        next = match back.as_mut().filter(|b| b.is_alone()) {
            Some(back) => back.after_alone(&mut journey, &mut walk),
            None => journey.resume(&mut walk, cause),
        };
    }
    asker.ended(steps, &trace, Ending::Refused(Cause::ForwardLoop))
}

/// What one decision found, and what became of the number that rang then.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// When it fell.
    pub at: Mono,
    /// The time of day then, on which calls from lines hang (R300).
    pub wall: Wall,
    /// What there was.
    pub moment: &'a Moment,
    /// `None` when nothing more is to be told.
    pub came: Option<Came>,
}

/// What became of a number that rang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Its phones said so.
    Answer(Answer),
    /// The gateway has ended it for this reason.
    Ended(Cause),
    /// None of its phones may ring any more (R247).
    Gone,
}

/// Who began a call.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    /// A terminal of a site, and the extension of its user if it has one.
    Terminal(Option<Dn>, Option<SiteId>),
    /// A gateway.
    Gateway(GatewayId),
}

/// The decisions of a call that found something else each time: those before each number that
/// rang, and the last ones. The call is taken to be permitted.
pub fn retrace(
    (tenant, caller): (TenantId, Caller),
    dialed: &str,
    found: &[Found<'_>],
) -> Vec<Vec<Step>> {
    let mut out = Vec::new();
    let mut journey = journey_of(tenant, caller);
    let mut trace = Vec::new();
    let Some(mut begins) = walk_of(found, 0, &mut trace) else { return out };
    let mut next = journey.begin(&mut begins, dialed);
    for _ in 0..RINGS_MAX {
        match next {
            Next::Ring(_) => {
                let came = found.get(out.len()).and_then(|f| f.came);
                out.push(told(&std::mem::take(&mut trace)));
                let Some(mut goes_on) = walk_of(found, out.len(), &mut trace) else { return out };
                next = match came.map(|c| (c, c.cause())) {
                    Some((Came::Gone, _)) => journey.anew(&mut goes_on),
                    Some((_, Some(cause))) => journey.resume(&mut goes_on, cause),
                    Some((_, None)) | None => return out,
                };
            }
            Next::Wait { until } => {
                let Some(mut waits) = walk_of(found, out.len(), &mut trace) else { return out };
                waits.now = waits.now.max(until);
                next = journey.waited(&mut waits);
            }
            _ => break,
        }
    }
    if !trace.is_empty() {
        out.push(told(&trace));
    }
    out
}

/// The beginning of a call that is permitted.
fn journey_of(tenant: TenantId, caller: Caller) -> Journey {
    match caller {
        Caller::Gateway(id) => Journey::new(tenant, None).coming_in(Some(id)),
        Caller::Terminal(dn, site) => Journey::new(tenant, dn).dialled_at(site),
    }
}

fn walk_of<'a>(found: &'a [Found<'_>], n: usize, trace: &'a mut Vec<Mark>) -> Option<Walk<'a>> {
    found.get(n).map(|f| Walk { facts: f.moment, now: f.at, wall: f.wall, trace })
}

impl Came {
    fn cause(self) -> Option<Cause> {
        match self {
            Came::Answer(answer) => answer.cause(),
            Came::Ended(cause) => Some(cause),
            Came::Gone => None,
        }
    }
}

struct Asker<'a> {
    facts: &'a dyn Facts,
    now: Now,
    asked: &'a Question<'a>,
}

/// The time that an answer takes.
fn time_of(answer: Answer, ring_s: u16) -> Micros {
    match answer {
        Answer::NoAnswer => Micros::seconds(u64::from(ring_s)),
        Answer::Unreachable => base::limits::UNREACHABLE_AFTER,
        Answer::Answers | Answer::Busy | Answer::Declines => Micros(0),
    }
}

impl<'a> Asker<'a> {
    fn walk<'w>(&self, trace: &'w mut Vec<Mark>) -> Walk<'w>
    where
        'a: 'w,
    {
        Walk { facts: self.facts, now: self.now.mono, wall: self.now.wall, trace }
    }

    fn assumed(&self, dn: Dn) -> Answer {
        let said = self.asked.answers.iter().find(|(of, _)| *of == dn);
        said.map_or(Answer::NoAnswer, |(_, answer)| *answer)
    }

    fn pass(&mut self, span: Micros) {
        self.now.mono += span;
        self.now.wall.0 += i64::try_from(span.0 / 1_000).unwrap_or(0);
    }

    /// What is decided once access lines were asked for a channel: nothing rings without (R305).
    fn admitted(&self, journey: &mut Journey, next: Next, trace: &mut Vec<Mark>) -> Next {
        let caller = (self.asked.tenant, self.asked.from);
        let mut next = next;
        for _ in 0..RINGS_MAX {
            match &next {
                Next::Ring(plan) if !self.facts.has_room(caller, Some(plan)) => {}
                spoken if is_spoken(spoken, Purpose::Basic) => {
                    if self.facts.has_room(caller, None) {
                        return next;
                    }
                    crate::explain::note(trace, Mark::AccessFull);
                    return Next::Refuse(Cause::SiteChannelsExceeded);
                }
                _ => return next,
            }
            crate::explain::note(trace, Mark::AccessFull);
            next = journey.resume(&mut self.walk(trace), Cause::SiteChannelsExceeded);
        }
        next
    }

    fn branches(&self, journey: &Journey, taken: Answer, ring_s: u16) -> Vec<Branch> {
        let others = Answer::ALL.into_iter().filter(|a| *a != taken);
        let branch = |answer: Answer| {
            let cause = answer.cause()?;
            let mut asker = Asker { ..*self };
            asker.pass(time_of(answer, ring_s));
            let mut journey = journey.clone();
            let mut trace = Vec::new();
            let next = journey.resume(&mut asker.walk(&mut trace), cause);
            let next = asker.admitted(&mut journey, next, &mut trace);
            Some(Branch { answer, steps: told(&trace), ending: ending(&next) })
        };
        others.filter_map(branch).collect()
    }

    fn ended(&self, mut steps: Vec<Explained>, trace: &[Mark], ending: Ending) -> Explanation {
        if !trace.is_empty() {
            let steps_left = told(trace);
            steps.push(Explained { steps: steps_left, assumed: None, branches: Vec::new() });
        }
        Explanation { steps, ending }
    }
}

fn ending(next: &Next) -> Ending {
    match next {
        Next::Ring(plan) => Ending::Rings(plan.dn),
        Next::Wait { .. } => Ending::Refused(Cause::RingTimeout),
        Next::Page(plan) => Ending::Pages(plan.dn),
        Next::Voicemail { of } => Ending::Voicemail(*of),
        Next::Mailbox { of } => Ending::Mailbox(*of),
        Next::Boxes { at } => Ending::Boxes(*at),
        Next::Code(kind, _) => Ending::Code(*kind),
        Next::Slot(dn) => Ending::Slot(*dn),
        Next::Announce(_) => Ending::Refused(Cause::AnnouncementEnded),
        Next::Refuse(cause) => Ending::Refused(*cause),
    }
}
