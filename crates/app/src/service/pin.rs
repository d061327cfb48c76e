//! 暗証番号 of a person: set or taken away, never read (R202, R234).

use std::sync::Arc;

use base::Secret;
use model::{Change, CredentialOwner, NewPassword, PinError, Preset, Snapshot, User, check_pin};

use crate::service::noun::{Key, Noun};
use crate::service::problem::{self, Problem};
use crate::service::write::{Act, Plan, Refusal, change};

/// Sets a PIN; an empty one takes it away. A guessable one is refused but in preset CloudPhone.
pub async fn set(
    act: Act<'_>,
    key: Key<'_>,
    pin: &Secret<String>,
) -> Result<Arc<Snapshot>, Refusal> {
    let tenant = act.scope.tenant();
    let work = |snapshot: &Snapshot| {
        let user = User::find(snapshot, tenant, key).ok_or(Refusal::NotFound)?;
        let text = pin.expose();
        let preset = snapshot.tenant(tenant).map(|t| t.preset).unwrap_or_default();
        match check_pin(user.dn, text) {
            _ if text.is_empty() => {}
            Ok(()) => {}
            Err(PinError::Guessable) if preset == Preset::CloudPhone => {}
            Err(error) => {
                // The value is a secret and is not repeated.
                return Err(Refusal::Broken(vec![Problem::new(error.code(), "pin", "")]));
            }
        }
        let password = NewPassword {
            owner: CredentialOwner::Pin(user.id),
            text: pin.clone(),
            must_change: false,
            bulk: false,
        };
        let changes = vec![Change::Password(password)];
        Ok((Plan { changes, problems: Vec::new(), detail: user.dn.text() }, ()))
    };
    change(act, "pin", problem::field, work).await.map(|(snapshot, ())| snapshot)
}
