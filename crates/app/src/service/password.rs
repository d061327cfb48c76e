//! Webカスコンパスワード of a person: set, never read (R027, R028).

use std::sync::Arc;

use base::Secret;
use model::{Change, CredentialOwner, NewPassword, Snapshot, User, check_password};

use crate::service::noun::{Key, Noun};
use crate::service::problem::{self, Problem};
use crate::service::write::{Act, Plan, Refusal, change};

/// Sets a password, to be changed at the first login.
pub async fn set(
    act: Act<'_>,
    key: Key<'_>,
    password: &Secret<String>,
) -> Result<Arc<Snapshot>, Refusal> {
    let tenant = act.scope.tenant();
    let work = |snapshot: &Snapshot| {
        let user = User::find(snapshot, tenant, key).ok_or(Refusal::NotFound)?;
        let policy = snapshot.tenant(tenant).map(|t| t.web_policy).unwrap_or_default();
        if let Err(error) = check_password(policy, &user.web_user, password.expose()) {
            // The value is a secret and is not repeated.
            return Err(Refusal::Broken(vec![Problem::new(error.code(), "password", "")]));
        }
        let password = NewPassword {
            owner: CredentialOwner::User(user.id),
            text: password.clone(),
            must_change: true,
            bulk: false,
        };
        let changes = vec![Change::Password(password)];
        Ok((Plan { changes, problems: Vec::new(), detail: user.dn.text() }, ()))
    };
    change(act, "password-set", problem::field, work).await.map(|(snapshot, ())| snapshot)
}
