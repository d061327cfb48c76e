//! People: read, stopped and resumed, what they may pick up for, how long they ring. They are made
//! and removed by bulk files.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use base::id::{TenantId, UserId};
use model::{Change, Snapshot, User};

use crate::service::noun::{Key, Noun, Place, Removal, one};

/// Seconds of `ring_time_s` (R202).
pub const RING_TIME_S: RangeInclusive<u16> = 5..=600;

impl Noun for User {
    const WORD: &'static str = "user";
    const KEY: &'static str = "extension";

    fn place(&self) -> Place {
        Place::Dn(self.dn)
    }

    fn key(&self) -> String {
        self.dn.text()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.users(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = match key.id() {
            Some(id) => snapshot.user(UserId(id)).filter(|u| u.tenant == tenant),
            None => snapshot.user_by_dn(tenant, key.dn()?),
        };
        found.map(one)
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let mobile = snapshot.mobile_of_dn(self.tenant, self.dn);
        let mobile = mobile.map(|m| m.number.to_string()).unwrap_or_default();
        let name = |text: &str| text.to_owned();
        vec![self.dn.text(), name(&self.name), name(&self.furigana), name(&self.web_user), mobile]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::UserPut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        Removal { changes: vec![Change::UserDelete(self.id)], ..Removal::default() }
    }
}
