//! 暗証番号 of a person or of a mailbox: set or taken away, never read (R202, R234, R262).

use std::sync::Arc;

use base::id::TenantId;
use base::{Dn, Secret};
use model::{
    BoxOwner, Change, CredentialOwner, Department, HuntGroup, NewPassword, PinError, Preset,
    Snapshot, User, VirtualDn, check_pin,
};

use crate::service::noun::{Key, Noun};
use crate::service::problem::{self, Problem};
use crate::service::write::{Act, Plan, Refusal, change};

/// Whose PIN an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinOf {
    /// A person's.
    User,
    /// That of a virtual number's mailbox.
    Virtual,
    /// That of a department's mailbox.
    Department,
    /// That of a hunting group's mailbox.
    Hunt,
}

impl PinOf {
    /// Number and owner that the address names.
    fn find(
        self,
        snapshot: &Snapshot,
        tenant: TenantId,
        key: Key<'_>,
    ) -> Option<(Dn, CredentialOwner)> {
        let of_box = |(dn, owner)| (dn, CredentialOwner::BoxPin(owner));
        match self {
            PinOf::User => {
                let user = User::find(snapshot, tenant, key)?;
                Some((user.dn, CredentialOwner::Pin(user.id)))
            }
            PinOf::Virtual => {
                let found = VirtualDn::find(snapshot, tenant, key)?;
                Some(of_box((found.dn, BoxOwner::Virtual(found.id))))
            }
            PinOf::Department => {
                let found = Department::find(snapshot, tenant, key)?;
                Some(of_box((found.dn, BoxOwner::Department(found.id))))
            }
            PinOf::Hunt => {
                let found = HuntGroup::find(snapshot, tenant, key)?;
                Some(of_box((found.pilot, BoxOwner::Hunt(tenant, found.number))))
            }
        }
    }
}

/// Sets a PIN; an empty one takes it away. A guessable one is refused but in preset CloudPhone.
pub async fn set(
    act: Act<'_>,
    of: PinOf,
    key: Key<'_>,
    pin: &Secret<String>,
) -> Result<Arc<Snapshot>, Refusal> {
    let tenant = act.scope.tenant();
    let work = |snapshot: &Snapshot| {
        let (dn, owner) = of.find(snapshot, tenant, key).ok_or(Refusal::NotFound)?;
        let text = pin.expose();
        let preset = snapshot.tenant(tenant).map(|t| t.preset).unwrap_or_default();
        match check_pin(dn, text) {
            _ if text.is_empty() => {}
            Ok(()) => {}
            Err(PinError::Guessable) if preset == Preset::CloudPhone => {}
            Err(error) => {
                // The value is a secret and is not repeated.
                return Err(Refusal::Broken(vec![Problem::new(error.code(), "pin", "")]));
            }
        }
        let password = NewPassword { owner, text: pin.clone(), must_change: false, bulk: false };
        let changes = vec![Change::Password(password)];
        Ok((Plan { changes, problems: Vec::new(), detail: dn.text() }, ()))
    };
    change(act, "pin", problem::field, work).await.map(|(snapshot, ())| snapshot)
}
