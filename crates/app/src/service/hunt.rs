//! Hunting groups (R090–R093).

use std::borrow::Cow;

use base::id::TenantId;
use model::{Change, Field, HuntGroup, Snapshot};

use crate::service::destination::{self, Owner};
use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::{self, Problem};

impl Noun for HuntGroup {
    const WORD: &'static str = "hunt";
    const KEY: &'static str = "number";

    fn place(&self) -> Place {
        Place::Number(self.number)
    }

    fn key(&self) -> String {
        self.number.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.hunt_groups(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        snapshot.hunt_group(tenant, key.number()?).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.number.to_string(), self.pilot.text(), self.name.to_string()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::HuntPut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        let gone = Change::HuntDelete { tenant: self.tenant, number: self.number };
        Removal { changes: vec![gone], ..Removal::default() }
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let owner = Owner { tenant: self.tenant, site: self.site, dn: Some(self.pilot) };
        let pairs = [
            ("forward_all", old.and_then(|o| o.all.to.as_ref()), self.all.to.as_ref()),
            ("overflow", old.and_then(|o| o.overflow.as_ref()), self.overflow.as_ref()),
        ];
        let mut out = destination::changed(snapshot, owner, pairs);
        let on = self.voicemail && old.is_none_or(|o| !o.voicemail);
        out.extend(destination::voicemail(snapshot, self.tenant, on));
        out
    }

    fn field(field: Field) -> String {
        match field {
            Field::Dn => "pilot".to_owned(),
            other => problem::field(other),
        }
    }
}
