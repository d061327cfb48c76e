//! Paging: the caller speaks, the terminals of a department listen (group N, R278–R281).
//!
//! | Stage | Next |
//! |---|---|
//! | `Gathering`, caller unanswered | a terminal answers, or 3 s with a sign of life: answered |
//! | … | 3 s without any, or nobody is left: 圏外 |
//! | `Gathering`, caller answered | all have answered, or 3 s are over: `Tone` |
//! | `Tone`: all and the caller hear it | it ends: `Speaking` |
//! | `Speaking` | the caller hangs up, or the time is over: the page ends |
//!
//! The terminals' legs are kept apart from those of the call: a page is no call for whom it
//! reaches, so it counts for no limit, lights no lamp and cannot be picked up.

pub(crate) mod index;
mod legs;
mod stream;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use base::id::{DepartmentId, DeviceId};
use base::limits::{INVITE_PACE, LEGS_MAX, PAGE_LEGS_MAX};
use base::{Cause, Dn, LegId, Micros, Mono};
use mediactl::{Joined, Play, PlayerId, Repeat, ToneKind};

use crate::call::Call;
use crate::cx::Cx;
use crate::dial::Live;
use crate::explain::Mark;
use crate::leg::{Leg, Person, Role, State};
use crate::record::Verdict;
use crate::route::facts::active;
use crate::route::page::{PagePlan, spared_device};
use crate::route::person::person;
use crate::view::Contact;
use stream::{Stream, Streams};

/// How long terminals are waited for that answer by themselves.
const ANSWER_WAIT: Micros = Micros::seconds(3);

/// How long a terminal rings that does not (R281).
const JOIN_WAIT: Micros = Micros::seconds(30);

/// The tone is not longer; one whose end is not told is over by then.
const TONE_MAX: Micros = Micros::seconds(2);

/// The tone's number among the playings of the caller.
const SERIAL: u32 = 1;

/// A page that is under way.
#[derive(Debug)]
pub(crate) struct Page {
    department: DepartmentId,
    emergency: bool,
    /// Longest time from the answer on.
    length: Micros,
    stage: Stage,
    /// Terminals that are still to be called.
    queue: VecDeque<Target>,
    /// Legs with a port whose INVITE waits for its turn.
    ready: VecDeque<LegId>,
    /// The terminals' legs.
    legs: BTreeMap<LegId, Leg>,
    /// How many of them have answered.
    answered: usize,
    /// Members of whom a terminal has answered.
    reached: BTreeSet<Dn>,
    /// All members that were to be called.
    wanted: BTreeSet<Dn>,
    /// They carry the page to terminals that listen to groups.
    streams: Vec<Stream>,
    /// An access line had no channel for somebody.
    found_no_channel: bool,
    go_on_at: Option<Mono>,
    answer_by: Option<Mono>,
    join_by: Option<Mono>,
    /// The tone's end, then the page's.
    until: Option<Mono>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Gathering,
    Tone { until: Mono },
    Speaking,
}

/// A contact that is to be called.
#[derive(Debug)]
struct Target {
    device: DeviceId,
    contact: Contact,
    who: Arc<Person>,
}

/// Members that a page has reached, and those that were called in vain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paged {
    pub reached: Vec<Dn>,
    /// Members to whose terminals it was sent by multicast, and who else was not reached (送信).
    pub sent: Vec<Dn>,
    pub missed: Vec<Dn>,
}

impl Page {
    fn is_deserted(&self) -> bool {
        self.queue.is_empty() && self.legs.is_empty() && self.streams.is_empty()
    }

    fn all_answered(&self) -> bool {
        let streams = self.streams.iter().all(|s| s.is_open);
        streams && self.queue.is_empty() && self.answered == self.legs.len()
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let tone = match self.stage {
            Stage::Tone { until } => Some(until),
            Stage::Gathering | Stage::Speaking => None,
        };
        let all = [self.go_on_at, self.answer_by, self.join_by, self.until, tone];
        all.into_iter().flatten().min()
    }

    fn paged(&self) -> Paged {
        let sent: BTreeSet<Dn> = self.streams.iter().flat_map(Stream::listeners).collect();
        let missed = self.wanted.difference(&self.reached).filter(|dn| !sent.contains(dn));
        let missed = missed.copied().collect();
        let sent = sent.difference(&self.reached).copied().collect();
        Paged { reached: self.reached.iter().copied().collect(), sent, missed }
    }
}

impl Call {
    /// The caller pages these members; the cause when that cannot be begun.
    pub(crate) fn begin_page(&mut self, cx: &mut Cx<'_>, plan: &PagePlan) -> Result<(), Cause> {
        let department = cx.view.snapshot().department(plan.department);
        let (Some(first), Some(department)) = (self.first, department) else {
            return Err(Cause::UnallocatedNumber);
        };
        let offers = self.leg(first).is_some_and(|l| !l.body().is_empty());
        if !offers || !self.can_answer_ourselves(first) {
            return Err(Cause::MediaNotAcceptable);
        }
        let emergency = department.emergency;
        let length = department.page_s;
        let streams = self.plan_streams(cx, plan);
        let (queue, replaces) = self.targets(cx, plan, (emergency, &streams));
        if queue.is_empty() && streams.len() == 0 {
            return Err(Cause::Unregistered);
        }
        if cx.core.by_leg.len() + queue.len() + streams.len() > LEGS_MAX {
            return Err(Cause::ResourceShortage);
        }
        let now = cx.now.mono;
        let called = queue.iter().filter_map(|target| target.who.dn);
        let wanted = called.chain(streams.unsent.iter().copied()).collect();
        self.page = Some(Box::new(Page {
            department: plan.department,
            emergency,
            length: Micros::seconds(u64::from(length)),
            stage: Stage::Gathering,
            queue,
            ready: VecDeque::new(),
            legs: BTreeMap::new(),
            answered: 0,
            reached: BTreeSet::new(),
            wanted,
            streams: Vec::new(),
            found_no_channel: false,
            // Whoever leaves another page for this one is told of that first.
            go_on_at: replaces.then_some(now + INVITE_PACE),
            answer_by: Some(now + ANSWER_WAIT),
            join_by: Some(now + JOIN_WAIT),
            until: None,
        }));
        self.dialing = None;
        self.open_media(cx, first);
        self.open_streams(cx, streams);
        if !replaces {
            self.page_more(cx);
        }
        Ok(())
    }

    /// The contacts to be called, and whether any of them leaves another page for this one.
    fn targets(
        &self,
        cx: &mut Cx<'_>,
        plan: &PagePlan,
        (emergency, streams): (bool, &Streams),
    ) -> (VecDeque<Target>, bool) {
        let mut targets = VecDeque::new();
        let mut replaced = Vec::new();
        let mut contacts = Vec::new();
        let access = self.own_access();
        let facts = Live { view: cx.view, core: cx.core, reserved: &self.reserved, access };
        let snapshot = cx.view.snapshot();
        for user in plan.users.iter().filter_map(|id| active(snapshot, *id)) {
            let who = person(user);
            for device in snapshot.devices_of(user.id) {
                if streams.reach(*device) || spared_device(&facts, *device, emergency).is_some() {
                    continue;
                }
                contacts.clear();
                cx.view.contacts(*device, &mut contacts);
                if !contacts.is_empty() && cx.core.pages.of(*device).is_some() {
                    replaced.push(*device);
                }
                for contact in contacts.drain(..) {
                    if targets.len() == PAGE_LEGS_MAX {
                        break;
                    }
                    let who = who.clone();
                    targets.push_back(Target { device: *device, contact, who });
                }
            }
        }
        replaced.iter().for_each(|device| cx.core.pages.call_away(*device));
        (targets, !replaced.is_empty())
    }

    /// What the caller's leg is joined to while it pages.
    pub(crate) fn page_for(&self, leg: LegId) -> Option<Joined> {
        let page = self.page.as_ref().filter(|_| self.first == Some(leg))?;
        Some(match page.stage {
            Stage::Gathering => Joined::None,
            Stage::Tone { .. } => {
                let what = PlayerId::Tone(ToneKind::Record);
                Joined::Player(Play { what, repeat: Repeat::Once, serial: SERIAL })
            }
            Stage::Speaking => Joined::Speaker,
        })
    }

    /// The tone has ended: true when it was ours.
    pub(crate) fn page_tone_ended(&mut self, leg: LegId, serial: u32) -> bool {
        let ours = serial == SERIAL && self.first == Some(leg);
        let Some(page) = self.page.as_mut().filter(|_| ours) else { return false };
        if matches!(page.stage, Stage::Tone { .. }) {
            page.stage = Stage::Speaking;
        }
        true
    }

    /// A deadline may have passed.
    pub(crate) fn page_tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.mono;
        let Some(page) = &mut self.page else { return };
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if due(page.answer_by) {
            page.answer_by = None;
        }
        if matches!(page.stage, Stage::Tone { until } if until <= now) {
            page.stage = Stage::Speaking;
        }
        let (more, joined, over) = (due(page.go_on_at), due(page.join_by), due(page.until));
        if joined {
            page.join_by = None;
        }
        if over {
            self.draft.note(Mark::PageOver);
            return self.end(cx, Verdict::new(Cause::NormalClearing));
        }
        if more {
            self.page_more(cx);
        }
        if joined {
            for id in self.page_legs(|l| l.state != State::Answered) {
                self.page_hang_up(cx, id, Cause::RingTimeout);
            }
        }
    }

    /// Goes on with the page as far as it can, after whatever has happened.
    pub(crate) fn page_on(&mut self, cx: &mut Cx<'_>) {
        let Some((page, first)) = self.page.as_ref().zip(self.first) else { return };
        let Some(caller) = self.leg(first).filter(|l| l.role == Role::Party) else { return };
        let is_late = page.answer_by.is_none();
        if !caller.is_answered() {
            let streams = page.streams.iter().any(|s| s.is_open);
            let lives = page.answered > 0
                || (streams && page.all_answered())
                || (is_late && streams)
                || (is_late && page.legs.values().any(|l| l.reached));
            if caller.waiting.is_some() {
                return;
            }
            if lives {
                return self.open_page(cx);
            }
            if is_late || page.is_deserted() {
                self.page_failed(cx);
            }
            return;
        }
        if page.is_deserted() && page.reached.is_empty() {
            return self.page_failed(cx);
        }
        let ready = page.stage == Stage::Gathering && (is_late || page.all_answered());
        let now = cx.now.mono;
        let Some(page) = &mut self.page else { return };
        page.until = page.until.or(Some(now + page.length));
        if ready {
            page.stage = Stage::Tone { until: now + TONE_MAX };
            page.answer_by = None;
        }
    }

    /// The first terminal is ready, or some ring: the caller is answered.
    fn open_page(&mut self, cx: &mut Cx<'_>) {
        if !self.answer_ourselves(cx) {
            self.trouble = Some(Verdict::new(Cause::MediaNotAcceptable));
            return;
        }
        let answered = self.first.and_then(|id| self.leg(id)).is_some_and(Leg::is_answered);
        if answered {
            self.page_on(cx);
        }
    }

    /// Nobody was reached.
    fn page_failed(&mut self, cx: &mut Cx<'_>) {
        let full = self.page.as_ref().is_some_and(|page| page.found_no_channel);
        if full {
            self.draft.note(Mark::AccessFull);
        }
        self.note_page();
        self.end_page(cx, Cause::CallerCancelled);
        let cause = if full { Cause::SiteChannelsExceeded } else { Cause::Unregistered };
        self.trouble = Some(Verdict::new(cause));
    }

    /// Puts into the record whom the page has reached.
    pub(crate) fn note_page(&mut self) {
        if let Some(page) = &self.page {
            self.draft.paged = Some(Box::new(page.paged()));
        }
    }

    /// Ends the legs of all who listen or ring.
    pub(crate) fn end_page(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        for id in self.page_legs(|_| true) {
            let answered = self.page_leg(id).is_some_and(|l| l.state == State::Answered);
            let told = match cause {
                Cause::NormalClearing if !answered => Cause::CallerCancelled,
                Cause::CallerCancelled if answered => Cause::NormalClearing,
                _ => cause,
            };
            self.page_hang_up(cx, id, told);
        }
        self.close_streams(cx);
        self.page = None;
    }

    /// The configuration changed: terminals that may not ring any more stop (R247).
    pub(crate) fn page_configured(&mut self, cx: &mut Cx<'_>) {
        let snapshot = cx.view.snapshot();
        let Some(page) = &mut self.page else { return };
        let department = snapshot.department(page.department);
        let listens = |device: DeviceId| {
            let user = snapshot.device(device).and_then(|d| d.user);
            let member = user.filter(|id| department.is_some_and(|d| d.members.contains(id)));
            member.is_some_and(|id| active(snapshot, id).is_some())
        };
        page.queue.retain(|target| listens(target.device));
        for id in self.page_legs(|l| l.state != State::Answered && !listens(l.device)) {
            self.draft.note(Mark::Gone);
            self.page_hang_up(cx, id, Cause::UnallocatedNumber);
        }
    }
}
