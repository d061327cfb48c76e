//! The history record of an attempt or conversation (group I): drafted while it runs, made once.

use std::sync::Arc;

use base::event::Kind;
use base::id::{DeviceId, RecordId};
use base::{Blame, Cause, LegId, Uuid, Wall};
use model::record::{CallRecord, Party, Service, Services};

use crate::action::Action;
use crate::call::Call;
use crate::cx::Cx;
use crate::explain::{self, Mark};
use crate::leg::Person;
use crate::page::Paged;

/// What is known of a record before its end.
#[derive(Debug)]
pub(crate) struct Draft {
    pub called_at: Wall,
    pub answered_at: Option<Wall>,
    pub services: Services,
    pub dialed: Box<str>,
    pub caller: Arc<Person>,
    pub caller_device: DeviceId,
    pub callee: Option<(Arc<Person>, Option<DeviceId>)>,
    /// Who forwarded or transferred it last (column I).
    pub transferrer: Option<Box<str>>,
    pub trace: Vec<Mark>,
    /// Of a page: whom it reached.
    pub paged: Option<Box<Paged>>,
    /// The record has been made: the rest of the call has none.
    pub is_recorded: bool,
}

/// How an attempt or conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub cause: Cause,
    pub blame: Blame,
    /// The leg whose far end did it; `None` when the system did.
    pub by: Option<LegId>,
}

impl Verdict {
    /// Decided by the system.
    pub(crate) fn new(cause: Cause) -> Self {
        Verdict { cause, blame: blame(cause), by: None }
    }

    /// Decided by the far end of `leg`.
    pub(crate) fn by(cause: Cause, leg: LegId) -> Self {
        Verdict { cause, blame: blame(cause), by: Some(leg) }
    }

    pub(crate) fn blaming(self, blame: Blame) -> Self {
        Verdict { blame, ..self }
    }
}

impl Draft {
    pub(crate) fn new(wall: Wall, caller: Arc<Person>, device: DeviceId, dialed: &str) -> Self {
        Draft {
            called_at: wall,
            answered_at: None,
            services: Services::NONE,
            dialed: dialed.chars().take(base::limits::DIALED_MAX).collect::<String>().into(),
            caller,
            caller_device: device,
            callee: None,
            transferrer: None,
            trace: Vec::new(),
            paged: None,
            is_recorded: false,
        }
    }

    pub(crate) fn note(&mut self, mark: Mark) {
        explain::note(&mut self.trace, mark);
    }

    /// The draft of what a transfer begins: linked, and marked with who transferred.
    pub(crate) fn of_transfer(
        wall: Wall,
        stays: (Arc<Person>, DeviceId),
        dialed: &str,
        transferrer: &Person,
    ) -> Self {
        let mut draft = Draft::new(wall, stays.0, stays.1, dialed);
        draft.services = Services::NONE.with(Service::Transfer);
        draft.transferrer = Some(transferrer.number.clone());
        if let Some(dn) = transferrer.dn {
            draft.note(Mark::Transferred(dn));
        }
        draft
    }
}

impl Call {
    /// Makes the record of `draft`; the only place where records come from.
    pub(crate) fn record(&self, cx: &mut Cx<'_>, draft: &Draft, end: Verdict) {
        #[cfg(feature = "planted")]
        if cx.core.planted == Some(crate::planted::Bug::Unrecorded)
            && end.cause == Cause::CallerCancelled
        {
            return;
        }
        // Wall time may jump back; a record never does.
        let answered_at = draft.answered_at.map(|at| at.max(draft.called_at));
        let ended_at = cx.now.wall.max(answered_at.unwrap_or(draft.called_at));
        let ended_by = end.by.and_then(|id| {
            // A refusing leg may be gone already: then it was one of the called number.
            let called = || draft.callee.as_ref().map(|(who, _)| who);
            self.leg(id).map(|l| &l.who).or_else(called).map(|who| who.number.clone())
        });
        let callee = draft.callee.as_ref().map(|(who, device)| party(who, *device));
        let site = draft.caller.site.or(draft.callee.as_ref().and_then(|(who, _)| who.site));
        let record = CallRecord {
            id: RecordId(Uuid::mint(cx.now.wall, &mut cx.core.rng)),
            tenant: self.tenant,
            site,
            call: self.id,
            called_at: draft.called_at,
            answered_at,
            ended_at,
            services: draft.services,
            dialed: draft.dialed.clone(),
            caller: party(&draft.caller, Some(draft.caller_device)),
            callee,
            transferrer: draft.transferrer.clone(),
            ended_by,
            cause: end.cause,
            blame: end.blame,
            trace: explain::steps(&draft.trace, draft.paged.as_deref(), end.cause),
        };
        #[cfg(feature = "planted")]
        let record = forget_forwards(cx, record);
        cx.core.keep_pointers(cx.out);
        cx.out.push(Action::Record(Box::new(record)));
        cx.count(Kind::CallEnded);
    }
}

/// The planted bug of the explanation.
#[cfg(feature = "planted")]
fn forget_forwards(cx: &Cx<'_>, mut record: CallRecord) -> CallRecord {
    if cx.core.planted == Some(crate::planted::Bug::ForwardUntold) {
        let forwards = ["forward.all", "forward.busy", "forward.no-answer", "forward.unregistered"];
        let steps = record.trace.iter().filter(|s| !forwards.contains(&&*s.code));
        record.trace = steps.cloned().collect();
    }
    record
}

fn party(who: &Person, device: Option<DeviceId>) -> Party {
    Party { dn: who.dn, number: who.number.clone(), user: who.user, name: who.name.clone(), device }
}

/// Whose act or state a cause speaks of, where nothing more is known.
pub(crate) fn blame(cause: Cause) -> Blame {
    match cause {
        Cause::UnallocatedNumber
        | Cause::NormalClearing
        | Cause::CallerCancelled
        | Cause::UnregisteredAbandoned
        | Cause::PickupNone
        | Cause::ParkNone
        | Cause::TollDenied
        | Cause::AnonymousRejected
        | Cause::LineNotPermitted
        | Cause::FeatureNotPermitted
        | Cause::ConferenceRefused
        | Cause::OptionNotContracted => Blame::Caller,
        Cause::TransferTargetDropped
        | Cause::UserBusy
        | Cause::RingTimeout
        | Cause::UserRejected
        | Cause::UnregisteredForwardNoAnswer
        | Cause::ExternalForwardDenied
        | Cause::Unregistered
        | Cause::AnnouncementEnded
        | Cause::MobileRingGuard
        | Cause::ForwardLoop
        | Cause::MediaNotAcceptable => Blame::Callee,
        Cause::UpstreamFailure | Cause::MobileServiceRefused => Blame::Carrier,
        Cause::GatewayChannelsExceeded
        | Cause::SiteChannelsExceeded
        | Cause::ResourceShortage
        | Cause::Failover
        | Cause::Preempted
        | Cause::AdminCleared => Blame::Us,
        Cause::MediaTimeout => Blame::Unknown,
    }
}
