//! Hunting: one free member at a time (R090, group H).
//!
//! | 均等 | begins after the member that was offered a call last, whoever answered |
//! |---|---|
//! | パイロット | begins at member 1 |
//!
//! A member that forwards all its calls is passed over, or where that leads stands in for it
//! (`stand_in`). A group that stands in hunts within the member's time, and when nobody there
//! takes the call the hunt around it goes on. Rounds test all members anew, at least 5 s apart
//! (R271).

use base::{Cause, Dn, Micros, Mono};
use model::record::Service;
use model::{Destination, DnOwner, ForwardKind, HuntGroup, HuntMethod};
use smallvec::{SmallVec, smallvec};

use super::facts::{Reach, Reasons, Spared, active};
use super::{At, Journey, Next, Plan, Style, Walk};
use crate::explain::{Mark, Target};

/// Least time between the beginnings of two rounds.
const ROUND_APART: Micros = Micros::seconds(5);

/// A hunt under way; those that stand in for a member come after the one that they stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunt {
    group: u16,
    pub(super) pilot: Dn,
    /// Members considered in this round, counted from where it began.
    passed: usize,
    /// Whose turn it is.
    member: Option<Dn>,
    /// Offered in this round, each by itself or by whoever stands in.
    offered: SmallVec<[Dn; 4]>,
    /// The member after whom the round began (均等).
    after: Option<Dn>,
    rounds: u8,
    round_began: Mono,
    ends: Mono,
    rung: Rung,
    reasons: Reasons,
    /// Hops and forwarders when it began: who stands in for a member adds to them for the time of
    /// that member only.
    hops: u8,
    forwarders: usize,
}

/// How those who rang, in whatever round, have taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rung {
    /// Nobody was rung.
    Nobody,
    /// No telephone could talk with the caller's.
    Unfit,
    /// Somebody might have answered.
    Somebody,
}

/// What comes next in a hunt.
pub(super) enum Turn {
    /// Somebody rings.
    Rings(Plan),
    /// A group hunts in the place of the member.
    Begins(Hunt),
    /// The next round begins at once.
    Again,
    /// The next round begins then.
    Waits(Mono),
    /// Nobody is left, or its time is over.
    Over,
}

impl Hunt {
    /// Whether anybody was asked in vain, who could have talked with the caller or not.
    fn came(&mut self, cause: Cause) {
        self.rung = match (cause, self.rung) {
            (Cause::MediaNotAcceptable, Rung::Nobody | Rung::Unfit) => Rung::Unfit,
            _ => Rung::Somebody,
        };
    }

    /// The next member that was not offered the call in this round.
    fn next_of(&mut self, group: &HuntGroup) -> Option<Dn> {
        let start = begin_at(group, self.after);
        while self.passed < group.members.len() {
            let at = (start + self.passed) % group.members.len();
            self.passed += 1;
            let member = group.members.get(at).filter(|m| !self.offered.contains(m));
            if let Some(member) = member {
                return Some(*member);
            }
        }
        None
    }

    /// Something rings for the member whose turn it is.
    fn is_offered(&mut self) {
        let member = self.member.filter(|m| !self.offered.contains(m));
        self.offered.extend(member);
    }

    /// The reason of a number outside that could not be called.
    pub(super) fn denied(&mut self, cause: Cause) {
        self.reasons.deny(cause);
    }

    /// What became of the group that hunted in the place of the member.
    fn learn(&mut self, walk: &mut Walk<'_>, inner: &Hunt) {
        match inner.rung {
            Rung::Nobody => {
                self.reasons.merge(inner.reasons);
                if let Some(member) = self.member {
                    walk.note(Mark::Spared { member, why: inner.reasons.why() });
                }
            }
            Rung::Unfit => self.came(Cause::MediaNotAcceptable),
            Rung::Somebody => self.came(Cause::RingTimeout),
        }
    }
}

impl Journey {
    /// The call reaches a pilot number.
    pub(super) fn at_hunt(&mut self, walk: &mut Walk<'_>, dn: Dn, number: u16) -> Next {
        self.called = None;
        let Some(group) = walk.facts.snapshot().hunt_group(self.tenant, number) else {
            walk.note(Mark::RouteHunt(dn));
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        if let Some(to) = &group.all.to {
            walk.note(Mark::RouteHunt(dn));
            self.services.insert(Service::Hunt);
            return self.forward(walk, dn, ForwardKind::All, to);
        }
        let hunt = self.begin_hunt(walk, group, group.limit_s);
        self.hunt_on(walk, vec![hunt])
    }

    /// A hunt of at most so many seconds.
    pub(super) fn begin_hunt(
        &mut self,
        walk: &mut Walk<'_>,
        group: &HuntGroup,
        limit_s: u16,
    ) -> Hunt {
        walk.note(Mark::RouteHunt(group.pilot));
        self.services.insert(Service::Hunt);
        Hunt {
            group: group.number,
            pilot: group.pilot,
            passed: 0,
            member: None,
            offered: SmallVec::new(),
            after: walk.facts.offered_last(self.tenant, group.number),
            rounds: 1,
            round_began: walk.now,
            ends: walk.now + Micros::seconds(u64::from(limit_s)),
            rung: Rung::Nobody,
            reasons: Reasons::default(),
            hops: self.hops,
            forwarders: self.forwarders.len(),
        }
    }

    /// The members that are offered the call, by group.
    pub(crate) fn offers(&self) -> impl Iterator<Item = (u16, Dn)> {
        let hunts = match &self.at {
            At::Hunt(hunts) => hunts.as_slice(),
            _ => &[],
        };
        hunts.iter().filter_map(|hunt| Some((hunt.group, hunt.member?)))
    }

    /// A member did not take the call: the next one.
    pub(super) fn member_failed(
        &mut self,
        walk: &mut Walk<'_>,
        mut hunts: Vec<Hunt>,
        cause: Cause,
    ) -> Next {
        // Nothing that another member could mend.
        if cause == Cause::ResourceShortage {
            return self.fail(walk, cause);
        }
        if let Some(hunt) = hunts.last_mut() {
            hunt.came(cause);
        }
        self.hunt_on(walk, hunts)
    }

    /// Whoever rang may not ring any more. The groups may have other members now: none is offered
    /// the call twice in a round, and nobody stands in for one that is none any more.
    pub(super) fn hunt_anew(&mut self, walk: &mut Walk<'_>, mut hunts: Vec<Hunt>) -> Next {
        let snapshot = walk.facts.snapshot();
        let gone = hunts.iter().position(|h| {
            let group = snapshot.hunt_group(self.tenant, h.group);
            !group.zip(h.member).is_some_and(|(g, m)| g.members.contains(&m))
        });
        hunts.truncate(gone.map_or(hunts.len(), |at| at + 1));
        if let Some(hunt) = hunts.last_mut() {
            hunt.came(Cause::RingTimeout);
            hunt.passed = 0;
        }
        self.hunt_on(walk, hunts)
    }

    /// The next free member, the next round, or the end.
    pub(super) fn hunt_on(&mut self, walk: &mut Walk<'_>, mut hunts: Vec<Hunt>) -> Next {
        while let Some(mut hunt) = hunts.pop() {
            self.back_to(&hunt);
            match self.turn(walk, &mut hunt, &hunts) {
                Turn::Rings(plan) => {
                    hunts.push(hunt);
                    hunts.iter_mut().for_each(Hunt::is_offered);
                    if hunts.first().is_some_and(|h| h.forwarders < self.forwarders.len()) {
                        self.services.insert(Service::ForwardAll);
                    }
                    self.at = At::Hunt(hunts);
                    return Next::Ring(plan);
                }
                Turn::Begins(inner) => hunts.extend([hunt, inner]),
                Turn::Again => hunts.push(hunt),
                Turn::Waits(until) => {
                    hunts.push(hunt);
                    self.at = At::Hunt(hunts);
                    return Next::Wait { until };
                }
                Turn::Over => match hunts.last_mut() {
                    Some(outer) => outer.learn(walk, &hunt),
                    None => return self.hunt_ended(walk, &hunt),
                },
            }
        }
        Next::Refuse(Cause::RingTimeout)
    }

    /// Who stood in for a member does so no longer.
    fn back_to(&mut self, hunt: &Hunt) {
        self.hops = hunt.hops;
        self.forwarders.truncate(hunt.forwarders);
        (self.called, self.outside, self.leaving) = (None, None, None);
    }

    fn turn(&mut self, walk: &mut Walk<'_>, hunt: &mut Hunt, around: &[Hunt]) -> Turn {
        let facts = walk.facts;
        let group = facts.snapshot().hunt_group(self.tenant, hunt.group);
        let Some(group) = group else { return Turn::Over };
        let left_s = hunt.ends.0.saturating_sub(walk.now.0) / 1_000_000;
        if left_s == 0 {
            if around.is_empty() {
                walk.note(Mark::HuntOver);
            }
            return Turn::Over;
        }
        let ring_s = group.ring_s.max(1).min(u16::try_from(left_s).unwrap_or(u16::MAX));
        while let Some(member) = hunt.next_of(group) {
            hunt.member = Some(member);
            match self.offer(walk, (hunt, around), (group, member), ring_s) {
                Ok(turn) => return turn,
                Err(why) => {
                    self.back_to(hunt);
                    hunt.reasons.add(why);
                    walk.note(Mark::Spared { member, why });
                }
            }
        }
        round_over(walk, hunt, group)
    }

    /// Who rings for a member, or why it is passed over (R270, R271).
    fn offer(
        &mut self,
        walk: &mut Walk<'_>,
        (hunt, around): (&mut Hunt, &[Hunt]),
        (group, member): (&HuntGroup, Dn),
        ring_s: u16,
    ) -> Result<Turn, Spared> {
        if self.is_involved(member) {
            return Err(Spared::Involved);
        }
        let snapshot = walk.facts.snapshot();
        let Some(DnOwner::User(id)) = snapshot.dn_owner(self.tenant, member) else {
            return Err(Spared::Stopped);
        };
        let user = active(snapshot, id).ok_or(Spared::Stopped)?;
        if !self.may_receive(walk, user.id) {
            return Err(Spared::Line);
        }
        let settings = snapshot.dn_settings(self.tenant, member);
        match settings.and_then(|s| s.forward(ForwardKind::All).to.as_ref()) {
            Some(to) if group.follow_all => {
                walk.note(Mark::Member(member));
                self.stand_in(walk, (hunt, around), (member, to), ring_s)
            }
            Some(_) => Err(Spared::Forwards),
            None => {
                let reach = self.free(walk, user)?;
                walk.note(Mark::Member(member));
                Ok(self.ring_one(walk, hunt, (user, reach), ring_s))
            }
        }
    }

    /// Whether a user can be rung as a member, or in the place of one.
    pub(super) fn free(&self, walk: &Walk<'_>, user: &model::User) -> Result<Reach, Spared> {
        let reach = Reach::of(walk.facts, user);
        if reach.is_out() {
            return Err(Spared::Out);
        }
        if reach.is_quiet() {
            return Err(Spared::Quiet);
        }
        match walk.facts.calls(self.tenant, user.dn) {
            0 => Ok(reach),
            _ => Err(Spared::Busy),
        }
    }

    /// A user rings in the name of the group.
    pub(super) fn ring_one(
        &self,
        walk: &mut Walk<'_>,
        hunt: &Hunt,
        (user, reach): (&model::User, Reach),
        ring_s: u16,
    ) -> Turn {
        let contacts = u16::try_from(reach.contacts).unwrap_or(u16::MAX);
        walk.note(Mark::Ring { contacts, ring_time_s: ring_s });
        let (users, style) = (smallvec![user.id], Style::Hunt { group: hunt.group });
        Turn::Rings(Plan { dn: user.dn, users, ring_s, style })
    }

    fn hunt_ended(&mut self, walk: &mut Walk<'_>, hunt: &Hunt) -> Next {
        let facts = walk.facts;
        let Some(group) = facts.snapshot().hunt_group(self.tenant, hunt.group) else {
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        if let Some(to) = &group.overflow {
            return self.overflow_to(walk, hunt.pilot, to);
        }
        let cause = match hunt.rung {
            Rung::Unfit => Cause::MediaNotAcceptable,
            Rung::Somebody => Cause::RingTimeout,
            Rung::Nobody => hunt.reasons.cause(),
        };
        self.fail(walk, cause)
    }

    /// Nobody of a group took the call and it has another destination.
    pub(super) fn overflow_to(&mut self, walk: &mut Walk<'_>, from: Dn, to: &Destination) -> Next {
        walk.note(Mark::Overflow { from, to: Target::of(to) });
        if *to == Destination::Voicemail && self.is_voicemail_contracted(walk) {
            // Always the group's own box (R259).
            walk.note(Mark::Voicemail(from));
            self.services.insert(Service::Voicemail);
            return Next::Voicemail { of: from };
        }
        self.hop(walk, (from, None), to)
    }
}

fn round_over(walk: &mut Walk<'_>, hunt: &mut Hunt, group: &HuntGroup) -> Turn {
    let until = walk.now.max(hunt.round_began + ROUND_APART);
    if hunt.rounds >= group.rounds || until >= hunt.ends {
        return Turn::Over;
    }
    hunt.rounds += 1;
    hunt.after = hunt.offered.last().copied().or(hunt.after);
    hunt.passed = 0;
    hunt.offered.clear();
    hunt.round_began = until;
    walk.note(Mark::Round(hunt.rounds));
    if until > walk.now { Turn::Waits(until) } else { Turn::Again }
}

/// Index of the member with which a round begins.
fn begin_at(group: &HuntGroup, after: Option<Dn>) -> usize {
    let after = after.filter(|_| group.method == HuntMethod::RoundRobin);
    let at = after.and_then(|dn| group.members.iter().position(|m| *m == dn));
    at.map_or(0, |at| at + 1)
}
