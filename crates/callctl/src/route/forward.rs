//! Forwards: hops, loops, whose voicemail, and what remains when a forward was in vain.

use base::{Cause, Dn};
use model::record::Service;
use model::{Destination, DnOwner, ForwardKind, TenantOption};

use super::facts::active;
use super::{Journey, Next, Walk};
use crate::explain::{Mark, Target};

/// Most forwards and overflows of a call (R066).
pub(super) const HOPS_MAX: u8 = 5;

impl Journey {
    /// The call goes on to where `from` sends it.
    pub(super) fn forward(
        &mut self,
        walk: &mut Walk<'_>,
        from: Dn,
        kind: ForwardKind,
        to: &Destination,
    ) -> Next {
        if let Destination::Dn(dn) = to
            && self.barred.contains(dn)
        {
            walk.note(Mark::Barred(*dn));
            return self.counts_as_busy(walk, from, kind);
        }
        walk.note(Mark::Forward { kind, from, to: Target::of(to) });
        self.services.insert(match kind {
            ForwardKind::All => Service::ForwardAll,
            ForwardKind::Busy => Service::ForwardBusy,
            ForwardKind::NoAnswer => Service::ForwardNoAnswer,
            ForwardKind::Unregistered => Service::ForwardUnregistered,
        });
        self.hop(walk, (from, Some(kind)), to)
    }

    /// A forward to a party of the transfer is skipped, and step 3 of the table follows (R288).
    fn counts_as_busy(&mut self, walk: &mut Walk<'_>, dn: Dn, skipped: ForwardKind) -> Next {
        self.called = Some(dn);
        if skipped == ForwardKind::Busy {
            return match self.has_voicemail(walk, dn) {
                true => self.voicemail(walk, dn),
                false => self.fail(walk, Cause::UserBusy),
            };
        }
        let settings = self.settings(walk, dn);
        self.refused(walk, &settings, Cause::UserBusy)
    }

    /// One hop: of a forward, or of the overflow of a group.
    pub(super) fn hop(
        &mut self,
        walk: &mut Walk<'_>,
        (from, kind): (Dn, Option<ForwardKind>),
        to: &Destination,
    ) -> Next {
        self.hops += 1;
        self.forwarders.push((from, kind));
        match to {
            _ if self.hops > HOPS_MAX => self.looped(walk, from),
            Destination::Voicemail => self.voicemail(walk, from),
            Destination::Announcement(sound) => Next::Announce(*sound),
            Destination::Outside(digits) => self.forward_outside(walk, from, digits),
            Destination::Dn(dn) if self.has_forwarded(*dn) => self.looped(walk, *dn),
            Destination::Dn(dn) if self.barred.contains(dn) => {
                walk.note(Mark::Barred(*dn));
                self.fail(walk, Cause::UserBusy)
            }
            Destination::Dn(dn) => self.arrive(walk, *dn),
        }
    }

    fn looped(&mut self, walk: &mut Walk<'_>, dn: Dn) -> Next {
        walk.note(Mark::Loop(dn));
        Next::Refuse(Cause::ForwardLoop)
    }

    /// A message is left: in the box of the first forwarder whose voicemail is on, else in that
    /// of the number at hand (R259).
    pub(crate) fn voicemail(&mut self, walk: &mut Walk<'_>, dn: Dn) -> Next {
        if !self.is_voicemail_contracted(walk) {
            return self.fail(walk, Cause::OptionNotContracted);
        }
        let first = self.forwarders.first().map(|(dn, _)| *dn);
        let of = first.filter(|first| self.has_voicemail(walk, *first)).unwrap_or(dn);
        self.outside = None;
        walk.note(Mark::Voicemail(of));
        self.services.insert(Service::Voicemail);
        Next::Voicemail { of }
    }

    /// Whether messages are left for the number; none for a stopped user, who could not hear them.
    fn has_voicemail(&self, walk: &Walk<'_>, dn: Dn) -> bool {
        let snapshot = walk.facts.snapshot();
        let stopped = match snapshot.dn_owner(self.tenant, dn) {
            Some(DnOwner::User(id)) => active(snapshot, id).is_none(),
            _ => false,
        };
        let settings = snapshot.dn_settings(self.tenant, dn);
        !stopped && settings.is_some_and(|s| s.voicemail) && self.is_voicemail_contracted(walk)
    }

    /// Without the option nobody has a box.
    pub(super) fn is_voicemail_contracted(&self, walk: &Walk<'_>) -> bool {
        let tenant = walk.facts.snapshot().tenant(self.tenant);
        tenant.is_some_and(|t| t.options.contains(TenantOption::Voicemail))
    }

    /// Nothing further is set where the call has come to (R260).
    pub(super) fn fail(&mut self, walk: &mut Walk<'_>, cause: Cause) -> Next {
        let unanswered = matches!(
            cause,
            Cause::UserBusy | Cause::RingTimeout | Cause::Unregistered | Cause::UserRejected
        );
        let first = self.forwarders.first().map(|(dn, _)| *dn).filter(|_| unanswered);
        if let Some(first) = first.filter(|first| self.has_voicemail(walk, *first)) {
            return self.voicemail(walk, first);
        }
        let last = self.forwarders.last().and_then(|(_, kind)| *kind);
        match (cause, last) {
            (Cause::RingTimeout, Some(ForwardKind::Unregistered)) => {
                Next::Refuse(Cause::UnregisteredForwardNoAnswer)
            }
            _ => Next::Refuse(cause),
        }
    }
}
