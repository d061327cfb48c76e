//! Hunting: one free member at a time (R090, group H).
//!
//! | 均等 | begins after the member that was offered a call last, whoever answered |
//! |---|---|
//! | パイロット | begins at member 1 |
//!
//! Members' own forwards are not followed. Rounds test all members anew, at least 5 s apart
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

/// A hunt under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunt {
    group: u16,
    pub(super) pilot: Dn,
    /// Members considered in this round, counted from where it began.
    pub(super) passed: usize,
    /// Rung in this round.
    rung: SmallVec<[Dn; 4]>,
    /// The member after whom the round began (均等).
    after: Option<Dn>,
    rounds: u8,
    round_began: Mono,
    ends: Mono,
    /// Someone was rung, in whatever round.
    tried: bool,
    /// A telephone could not talk with the caller's, and any other ended otherwise.
    unfit: bool,
    other: bool,
    reasons: Reasons,
}

impl Journey {
    /// The call reaches a pilot number.
    pub(super) fn at_hunt(&mut self, walk: &mut Walk<'_>, dn: Dn, number: u16) -> Next {
        walk.note(Mark::RouteHunt(dn));
        self.services.insert(Service::Hunt);
        self.called = None;
        let facts = walk.facts;
        let Some(group) = facts.snapshot().hunt_group(self.tenant, number) else {
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        if let Some(to) = &group.all.to {
            return self.forward(walk, dn, ForwardKind::All, to);
        }
        let hunt = Hunt {
            group: number,
            pilot: dn,
            passed: 0,
            rung: SmallVec::new(),
            after: facts.offered_last(self.tenant, number),
            rounds: 1,
            round_began: walk.now,
            ends: walk.now + Micros::seconds(u64::from(group.limit_s)),
            tried: false,
            unfit: false,
            other: false,
            reasons: Reasons::default(),
        };
        self.hunt_on(walk, Box::new(hunt))
    }

    /// A member did not take the call: the next one.
    pub(super) fn member_failed(
        &mut self,
        walk: &mut Walk<'_>,
        mut hunt: Box<Hunt>,
        cause: Cause,
    ) -> Next {
        match cause {
            // Nothing that another member could mend.
            Cause::ResourceShortage => return self.fail(walk, cause),
            Cause::MediaNotAcceptable => hunt.unfit = true,
            _ => hunt.other = true,
        }
        self.hunt_on(walk, hunt)
    }

    /// The next free member, the next round, or the end.
    pub(super) fn hunt_on(&mut self, walk: &mut Walk<'_>, mut hunt: Box<Hunt>) -> Next {
        let facts = walk.facts;
        let Some(group) = facts.snapshot().hunt_group(self.tenant, hunt.group) else {
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        let left_s = hunt.ends.0.saturating_sub(walk.now.0) / 1_000_000;
        if left_s == 0 {
            walk.note(Mark::HuntOver);
            return self.hunt_ended(walk, &hunt, group);
        }
        let start = begin_at(group, hunt.after);
        while hunt.passed < group.members.len() {
            let at = (start + hunt.passed) % group.members.len();
            hunt.passed += 1;
            let Some(member) = group.members.get(at).copied() else { break };
            if hunt.rung.contains(&member) {
                continue;
            }
            match self.free_member(walk, group, member) {
                Ok((users, contacts)) => {
                    let ring_s = group.ring_s.max(1).min(u16::try_from(left_s).unwrap_or(u16::MAX));
                    let contacts = u16::try_from(contacts).unwrap_or(u16::MAX);
                    walk.note(Mark::Member(member));
                    walk.note(Mark::Ring { contacts, ring_time_s: ring_s });
                    hunt.rung.push(member);
                    hunt.tried = true;
                    let style = Style::Hunt { group: hunt.group };
                    self.at = At::Hunt(hunt);
                    return Next::Ring(Plan { dn: member, users, ring_s, style });
                }
                Err(why) => {
                    hunt.reasons.add(why);
                    walk.note(Mark::Spared { member, why });
                }
            }
        }
        self.round_over(walk, hunt, group)
    }

    fn round_over(&mut self, walk: &mut Walk<'_>, mut hunt: Box<Hunt>, group: &HuntGroup) -> Next {
        let until = walk.now.max(hunt.round_began + ROUND_APART);
        if hunt.rounds >= group.rounds || until >= hunt.ends {
            return self.hunt_ended(walk, &hunt, group);
        }
        hunt.rounds += 1;
        hunt.after = hunt.rung.last().copied().or(hunt.after);
        hunt.passed = 0;
        hunt.rung.clear();
        hunt.round_began = until;
        walk.note(Mark::Round(hunt.rounds));
        if until > walk.now {
            self.at = At::Hunt(hunt);
            return Next::Wait { until };
        }
        self.hunt_on(walk, hunt)
    }

    fn hunt_ended(&mut self, walk: &mut Walk<'_>, hunt: &Hunt, group: &HuntGroup) -> Next {
        if let Some(to) = &group.overflow {
            return self.overflow_to(walk, hunt.pilot, to);
        }
        let cause = match hunt.tried {
            true if hunt.unfit && !hunt.other => Cause::MediaNotAcceptable,
            true => Cause::RingTimeout,
            false => hunt.reasons.cause(),
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

    /// Who rings for a member, or why it is passed over (R270, R271).
    fn free_member(
        &mut self,
        walk: &mut Walk<'_>,
        group: &HuntGroup,
        member: Dn,
    ) -> Result<(SmallVec<[base::id::UserId; 1]>, usize), Spared> {
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
        let forward = settings.and_then(|s| s.forward(ForwardKind::All).to.as_ref());
        let user = match forward {
            None => user,
            Some(to) => {
                let stand_in = self.stand_in(walk, to).filter(|_| group.follow_all);
                stand_in.ok_or(Spared::Forwards)?
            }
        };
        let reach = Reach::of(walk.facts, user);
        if reach.is_out() {
            return Err(Spared::Out);
        }
        if reach.is_quiet() {
            return Err(Spared::Quiet);
        }
        if walk.facts.calls(self.tenant, user.dn) > 0 {
            return Err(Spared::Busy);
        }
        self.hops += u8::from(forward.is_some());
        Ok((smallvec![user.id], reach.contacts))
    }

    /// With 「CFA に従う」 another user rings in the member's place (R270).
    fn stand_in<'s>(&self, walk: &Walk<'s>, to: &Destination) -> Option<&'s model::User> {
        let Destination::Dn(dn) = to else { return None };
        let free = self.hops < super::forward::HOPS_MAX && !self.is_involved(*dn);
        let snapshot = walk.facts.snapshot();
        match snapshot.dn_owner(self.tenant, *dn) {
            Some(DnOwner::User(id)) if free => active(snapshot, id),
            _ => None,
        }
    }
}

/// Index of the member with which a round begins.
fn begin_at(group: &HuntGroup, after: Option<Dn>) -> usize {
    let after = after.filter(|_| group.method == HuntMethod::RoundRobin);
    let at = after.and_then(|dn| group.members.iter().position(|m| *m == dn));
    at.map_or(0, |at| at + 1)
}
