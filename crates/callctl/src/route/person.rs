//! Who stands behind a leg, as others see him.

use std::sync::Arc;

use base::Dn;
use base::id::TenantId;
use model::{DnOwner, Snapshot, User};

use crate::leg::Person;

/// A user as a side of a call.
pub(crate) fn person(user: &User) -> Arc<Person> {
    Arc::new(Person {
        user: Some(user.id),
        dn: Some(user.dn),
        number: user.dn.text().into(),
        name: user.name.clone(),
        site: Some(user.site),
        ..Person::default()
    })
}

/// The owner of a number as a side of a call.
pub(crate) fn owner(snapshot: &Snapshot, tenant: TenantId, dn: Dn) -> Arc<Person> {
    let (name, site) = match snapshot.dn_owner(tenant, dn) {
        Some(DnOwner::User(id)) => match snapshot.user(id) {
            Some(user) => return person(user),
            None => (None, None),
        },
        Some(DnOwner::Virtual(id)) => {
            let it = snapshot.virtual_dn(id);
            (it.map(|v| v.name.clone()), it.map(|v| v.site))
        }
        Some(DnOwner::Hunt(number)) => {
            let it = snapshot.hunt_group(tenant, number);
            (it.map(|g| g.name.clone()), it.map(|g| g.site))
        }
        Some(DnOwner::Department(id)) => {
            let it = snapshot.department(id);
            (it.map(|d| d.name.clone()), it.map(|d| d.site))
        }
        Some(DnOwner::ParkSlot(site)) => (None, Some(site)),
        None => (None, None),
    };
    Arc::new(Person {
        user: None,
        dn: Some(dn),
        number: dn.text().into(),
        name: name.unwrap_or_default(),
        site,
        ..Person::default()
    })
}
