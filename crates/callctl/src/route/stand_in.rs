//! 「CFA に従う」: where a member of a hunting group forwards all its calls rings in its place, for
//! its time (R270).
//!
//! | 無条件転送 of the member leads to | In its place |
//! |---|---|
//! | a user | rings, tested as a member is |
//! | a hunting group | hunts, for no longer than the member's time |
//! | a department | rings together; one that pages does not |
//! | a number outside | is called: the member's site permits it, and the member pays |
//! | a number that forwards all its calls | wherever that leads, one hop more |
//! | voicemail, an announcement, a number that nobody can ring | nobody: the member is passed over |
//!
//! It takes the member's place and no more: its other forwards, its voicemail and its overflow do
//! not run, as the member's own do not, and the hunt goes on when its time is over or nobody there
//! takes the call. Meanwhile it is one hop, and the member has forwarded the call.

use base::{Cause, Dn};
use model::{Destination, DnOwner, ForwardKind};

use super::facts::{Spared, active};
use super::forward::HOPS_MAX;
use super::hunt::{Hunt, Turn};
use super::{Journey, Walk, outside};
use crate::explain::{Mark, Target};

/// Most hunts in the places of members in one call. Each may pass over 64 members at one go.
const NESTED_MAX: u8 = 16;

impl Journey {
    /// What rings in the place of a member whose calls go there, or why nothing does.
    pub(super) fn stand_in<'s>(
        &mut self,
        walk: &mut Walk<'s>,
        (hunt, around): (&mut Hunt, &[Hunt]),
        (member, to): (Dn, &'s Destination),
        ring_s: u16,
    ) -> Result<Turn, Spared> {
        let (mut from, mut to) = (member, to);
        loop {
            self.follow(walk, (hunt, around), from, to)?;
            let dn = match to {
                Destination::Dn(dn) => *dn,
                Destination::Outside(digits) => {
                    let rung = self.outside_in_place(walk, (from, digits), ring_s);
                    return rung.map_err(|cause| {
                        hunt.denied(cause);
                        Spared::Forwards
                    });
                }
                Destination::Voicemail | Destination::Announcement(_) => {
                    return Err(Spared::Forwards);
                }
            };
            match self.forwards_all(walk, dn) {
                Some(next) => (from, to) = (dn, next),
                None => return self.number_in_place(walk, hunt, dn, ring_s),
            }
        }
    }

    /// One hop, if it can be taken: no circle, not more than five, not to a party of a transfer.
    fn follow(
        &mut self,
        walk: &mut Walk<'_>,
        (hunt, around): (&Hunt, &[Hunt]),
        from: Dn,
        to: &Destination,
    ) -> Result<(), Spared> {
        if self.hops >= HOPS_MAX {
            return Err(Spared::Forwards);
        }
        self.hops += 1;
        self.forwarders.push((from, Some(ForwardKind::All)));
        if let Destination::Dn(dn) = to {
            if self.barred.contains(dn) {
                walk.note(Mark::Barred(*dn));
                return Err(Spared::Busy);
            }
            let hunts = around.iter().chain([hunt]).any(|h| h.pilot == *dn);
            if hunts || self.is_involved(*dn) {
                return Err(Spared::Forwards);
            }
        }
        walk.note(Mark::Forward { kind: ForwardKind::All, from, to: Target::of(to) });
        Ok(())
    }

    /// A number that does not forward.
    fn number_in_place(
        &mut self,
        walk: &mut Walk<'_>,
        hunt: &Hunt,
        dn: Dn,
        ring_s: u16,
    ) -> Result<Turn, Spared> {
        let snapshot = walk.facts.snapshot();
        match snapshot.dn_owner(self.tenant, dn) {
            Some(DnOwner::User(id)) => {
                let user = active(snapshot, id).ok_or(Spared::Stopped)?;
                let reach = self.free(walk, user)?;
                Ok(self.ring_one(walk, hunt, (user, reach), ring_s))
            }
            Some(DnOwner::Hunt(number)) if self.nested < NESTED_MAX => {
                let group = snapshot.hunt_group(self.tenant, number).ok_or(Spared::Forwards)?;
                self.nested += 1;
                let limit_s = ring_s.min(group.limit_s);
                Ok(Turn::Begins(self.begin_hunt(walk, group, limit_s)))
            }
            Some(DnOwner::Department(id)) => {
                let department = snapshot.department(id).filter(|d| !d.multicast);
                let department = department.ok_or(Spared::Forwards)?;
                self.department_in_place(walk, department, ring_s).map(Turn::Rings)
            }
            Some(DnOwner::Virtual(_)) => Err(Spared::Out),
            Some(DnOwner::Hunt(_) | DnOwner::ParkSlot(_)) | None => Err(Spared::Forwards),
        }
    }

    /// A number outside, as a forward of `from` reaches it; the reason when it does not.
    fn outside_in_place(
        &mut self,
        walk: &mut Walk<'_>,
        (from, digits): (Dn, &str),
        ring_s: u16,
    ) -> Result<Turn, Cause> {
        let exit = self.exit_of_forward(walk, from, digits)?;
        Ok(Turn::Rings(outside::ring(walk, exit, ring_s)))
    }

    /// Where the number forwards all its calls. A stopped user's go nowhere from here.
    fn forwards_all<'s>(&self, walk: &Walk<'s>, dn: Dn) -> Option<&'s Destination> {
        let snapshot = walk.facts.snapshot();
        let own = || snapshot.dn_settings(self.tenant, dn);
        let forward = match snapshot.dn_owner(self.tenant, dn)? {
            DnOwner::User(id) => active(snapshot, id).and(own())?.forward(ForwardKind::All),
            DnOwner::Virtual(id) if self.opens_boxes(walk, dn, id) => return None,
            DnOwner::Virtual(_) => own()?.forward(ForwardKind::All),
            DnOwner::Hunt(number) => &snapshot.hunt_group(self.tenant, number)?.all,
            DnOwner::Department(id) => &snapshot.department(id)?.all,
            DnOwner::ParkSlot(_) => return None,
        };
        forward.to.as_ref()
    }
}
