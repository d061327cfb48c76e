//! Where a dialled number leads. Every decision reads the snapshot in force (R247).

use std::sync::Arc;

use base::id::TenantId;
use base::{Cause, Dialed, Dn};
use model::{DnOwner, Snapshot, User, UserState};

use crate::explain::Mark;
use crate::leg::Person;

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

/// The user whom `dialed` reaches in the tenant.
pub(crate) fn find<'s>(
    snapshot: &'s Snapshot,
    tenant: TenantId,
    dialed: &str,
) -> Result<&'s User, Refusal> {
    let none = Refusal::new(Cause::UnallocatedNumber, Mark::NoSuchNumber);
    let dn: Dn = Dialed::parse(dialed).ok().and_then(|d| d.dn()).ok_or(none)?;
    let user = match snapshot.dn_owner(tenant, dn) {
        Some(DnOwner::User(id)) => snapshot.user(id).ok_or(none)?,
        Some(
            DnOwner::Virtual(_) | DnOwner::Department(_) | DnOwner::Hunt(_) | DnOwner::ParkSlot(_),
        )
        | None => return Err(none),
    };
    match user.state {
        UserState::Active => Ok(user),
        UserState::Stopped => Err(Refusal::new(Cause::UnallocatedNumber, Mark::UserStopped(dn))),
    }
}

/// A user as a side of a call.
pub(crate) fn person(user: &User) -> Arc<Person> {
    Arc::new(Person {
        user: Some(user.id),
        dn: Some(user.dn),
        number: user.dn.text().into(),
        name: user.name.clone(),
        site: Some(user.site),
    })
}
