//! A user's or virtual number: the first hit of the table of group E decides.
//!
//! | Step | Test | Then |
//! |---|---|---|
//! | 1 | 無条件転送 | forward |
//! | 2 | no device can be reached | 圏外転送, voicemail, 圏外 |
//! | 3 | limit, 話中着信, do not disturb, refused | 話中転送, voicemail, busy or rejected |
//! | 4 | delay or ring time over | 応答遅延転送, voicemail, no answer |

use base::id::{UserId, VirtualDnId};
use base::{Cause, Dn};
use model::dn_settings::{DnSettings, ForwardKind, Waiting};
use model::{Destination, User};
use smallvec::smallvec;

use super::facts::{Reach, active};
use super::{At, Journey, Next, Plan, Style, Walk};
use crate::explain::{Mark, Target};

impl Journey {
    /// The settings of a number; defaults where none are kept.
    pub(super) fn settings(&self, walk: &Walk<'_>, dn: Dn) -> DnSettings {
        let kept = walk.facts.snapshot().dn_settings(self.tenant, dn);
        let mut settings = kept.cloned().unwrap_or_else(|| DnSettings::new(self.tenant, dn));
        settings.voicemail &= self.is_voicemail_contracted(walk);
        settings
    }

    /// The call reaches a user's number.
    pub(super) fn at_user(&mut self, walk: &mut Walk<'_>, dn: Dn, id: UserId) -> Next {
        walk.note(Mark::RouteUser(dn));
        let facts = walk.facts;
        let Some(user) = active(facts.snapshot(), id) else {
            walk.note(Mark::UserStopped(dn));
            return self.at_stopped(walk, dn);
        };
        if !self.may_receive(walk, id) {
            walk.note(Mark::LineKept(dn));
            return self.fail(walk, Cause::LineNotPermitted);
        }
        let settings = self.settings(walk, dn);
        if self.caller == Some(dn) {
            return self.own_number(walk, &settings);
        }
        if let Some(to) = &settings.forward(ForwardKind::All).to {
            // The secretary reaches the one whose calls it takes (R258).
            if self.caller.is_none_or(|c| *to != Destination::Dn(c)) {
                return self.forward(walk, dn, ForwardKind::All, to);
            }
            walk.note(Mark::Secretary(dn));
        }
        self.ring_user(walk, user, &settings)
    }

    /// Nobody answers for a stopped user but whom the company has named for all of them (R241):
    /// not to who calls from there, and not twice.
    fn at_stopped(&mut self, walk: &mut Walk<'_>, dn: Dn) -> Next {
        let tenant = walk.facts.snapshot().tenant(self.tenant);
        let to = tenant.and_then(|t| t.stopped_to.clone());
        let leads = |to: &Destination| match to {
            Destination::Dn(to) => *to != dn && !self.is_involved(*to),
            Destination::Outside(_) | Destination::Announcement(_) => true,
            Destination::Voicemail => false,
        };
        let Some(to) = to.filter(leads) else {
            return self.fail(walk, Cause::UnallocatedNumber);
        };
        walk.note(Mark::StoppedTo { from: dn, to: Target::of(&to) });
        self.hop(walk, (dn, None), &to)
    }

    /// R253; a forward that leads back finds its caller busy.
    fn own_number(&mut self, walk: &mut Walk<'_>, settings: &DnSettings) -> Next {
        let dn = settings.dn;
        self.called = Some(dn);
        walk.note(Mark::OwnNumber);
        let direct = self.forwarders.is_empty() && self.barred.is_empty();
        if settings.voicemail && direct {
            return Next::Mailbox { of: dn };
        }
        self.fail(walk, Cause::UserBusy)
    }

    fn ring_user(&mut self, walk: &mut Walk<'_>, user: &User, settings: &DnSettings) -> Next {
        let dn = user.dn;
        self.called = Some(dn);
        let reach = Reach::of(walk.facts, user);
        if reach.is_out() {
            walk.note(Mark::NoContact(dn));
            return self.unreachable(walk, settings);
        }
        if let Some(mark) = self.busy(walk, settings).or(quiet(reach, dn)) {
            walk.note(mark);
            return self.refused(walk, settings, Cause::UserBusy);
        }
        let ring_s = ring_time(user, settings);
        let contacts = u16::try_from(reach.contacts).unwrap_or(u16::MAX);
        walk.note(Mark::Ring { contacts, ring_time_s: ring_s });
        self.at = At::User { dn, some_quiet: reach.quiet > 0 };
        Next::Ring(Plan { dn, users: smallvec![user.id], ring_s, style: Style::User })
    }

    /// Whether the number takes no further call (R250).
    fn busy(&self, walk: &Walk<'_>, settings: &DnSettings) -> Option<Mark> {
        let calls = walk.facts.calls(self.tenant, settings.dn);
        let alone = match settings.waiting {
            Waiting::Auto => settings.forward(ForwardKind::Busy).to.is_some(),
            Waiting::Never => true,
            Waiting::Always => false,
        };
        // No call waiting (J36).
        let alone = alone || walk.facts.in_emergency(self.tenant, settings.dn);
        match calls {
            calls if calls >= u32::from(settings.call_limit) => Some(Mark::CallLimit(settings.dn)),
            1.. if alone => Some(Mark::InCall(settings.dn)),
            _ => None,
        }
    }

    /// What was rung at a user's number ended.
    pub(super) fn user_failed(&mut self, walk: &mut Walk<'_>, dn: Dn, cause: Cause) -> Next {
        let settings = self.settings(walk, dn);
        match cause {
            Cause::Unregistered => self.unreachable(walk, &settings),
            Cause::UserBusy | Cause::UserRejected => self.refused(walk, &settings, cause),
            Cause::RingTimeout => self.unanswered(walk, &settings),
            other => self.fail(walk, other),
        }
    }

    /// Step 2.
    pub(super) fn unreachable(&mut self, walk: &mut Walk<'_>, settings: &DnSettings) -> Next {
        self.instead(walk, settings, ForwardKind::Unregistered, Cause::Unregistered)
    }

    /// Step 3.
    pub(super) fn refused(
        &mut self,
        walk: &mut Walk<'_>,
        settings: &DnSettings,
        cause: Cause,
    ) -> Next {
        self.instead(walk, settings, ForwardKind::Busy, cause)
    }

    /// Step 4.
    fn unanswered(&mut self, walk: &mut Walk<'_>, settings: &DnSettings) -> Next {
        self.instead(walk, settings, ForwardKind::NoAnswer, Cause::RingTimeout)
    }

    /// The forward of this kind, else voicemail, else the cause.
    fn instead(
        &mut self,
        walk: &mut Walk<'_>,
        settings: &DnSettings,
        kind: ForwardKind,
        cause: Cause,
    ) -> Next {
        if let Some(to) = &settings.forward(kind).to {
            return self.forward(walk, settings.dn, kind, to);
        }
        if settings.voicemail {
            return self.voicemail(walk, settings.dn);
        }
        self.fail(walk, cause)
    }

    /// A number without device: 圏外 at once, but for 無条件転送 (virtual extension, point 2) and
    /// where the site has it open mailboxes (R262, step 5).
    pub(super) fn at_virtual(&mut self, walk: &mut Walk<'_>, dn: Dn, id: VirtualDnId) -> Next {
        walk.note(Mark::RouteVirtual(dn));
        if self.opens_boxes(walk, dn, id) {
            self.called = Some(dn);
            walk.note(Mark::Boxes(dn));
            return Next::Boxes { at: dn };
        }
        let settings = self.settings(walk, dn);
        if let Some(to) = &settings.forward(ForwardKind::All).to
            && self.caller.is_none_or(|c| *to != Destination::Dn(c))
        {
            return self.forward(walk, dn, ForwardKind::All, to);
        }
        self.called = Some(dn);
        self.unreachable(walk, &settings)
    }
}

impl Journey {
    /// Whether mailboxes are opened at the number of its site (R262).
    pub(super) fn opens_boxes(&self, walk: &Walk<'_>, dn: Dn, id: VirtualDnId) -> bool {
        let snapshot = walk.facts.snapshot();
        let site = snapshot.virtual_dn(id).and_then(|v| snapshot.site(v.site));
        site.is_some_and(|s| s.voicemail_at == Some(dn)) && self.is_voicemail_contracted(walk)
    }
}

fn quiet(reach: Reach, dn: Dn) -> Option<Mark> {
    reach.is_quiet().then_some(Mark::Quiet(dn))
}

/// The earlier of ring time and of the delay that leads elsewhere (R252).
fn ring_time(user: &User, settings: &DnSettings) -> u16 {
    let ring = user.ring_time_s.max(1);
    let delay = match settings.forward(ForwardKind::NoAnswer).to {
        Some(_) => Some(settings.no_answer_s),
        None => settings.voicemail.then_some(settings.voicemail_s),
    };
    delay.map_or(ring, |delay| ring.min(delay.max(1)))
}
