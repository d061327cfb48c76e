//! Business hours and night switch of sites (R300). Every site has them: the defaults, until
//! something is set.

use std::borrow::Cow;

use base::id::TenantId;
use model::{Change, Field, LineTarget, Reception, Site, Snapshot, TenantOption};

use crate::service::line::target_problem;
use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::{self, Problem};

fn of_site<'s>(snapshot: &'s Snapshot, site: &Site) -> Cow<'s, Reception> {
    match snapshot.reception(site.id) {
        Some(kept) => one(kept),
        None => Cow::Owned(Reception::new(site.tenant, site.id)),
    }
}

impl Noun for Reception {
    const WORD: &'static str = "reception";
    const KEY: &'static str = "site";
    const OPTION: Option<TenantOption> = Some(TenantOption::Gateways);

    fn place(&self) -> Place {
        Place::Id(self.site.0)
    }

    fn key(&self) -> String {
        self.site.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.sites(tenant).map(|s| of_site(snapshot, s)))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let site = Site::find(snapshot, tenant, key)?;
        Some(of_site(snapshot, &site))
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let site = snapshot.site(self.site);
        site.map(|s| vec![s.name.to_string(), s.domain.to_string()]).unwrap_or_default()
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::ReceptionPut(self.clone())]
    }

    /// Back to the defaults.
    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let kept = snapshot.reception(self.site);
        let changes = kept.map(|r| Change::ReceptionDelete(r.site)).into_iter().collect();
        Removal { changes, ..Removal::default() }
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let new = self.unknown.filter(|to| old.is_none_or(|o| o.unknown != Some(*to)));
        let found = new.and_then(|to| target_problem(snapshot, self.tenant, "unknown", to));
        let group = self.group.filter(|dn| old.is_none_or(|o| o.group != Some(*dn)));
        let group = group.map(LineTarget::Dn);
        let other = group.and_then(|to| target_problem(snapshot, self.tenant, "group", to));
        found.into_iter().chain(other).collect()
    }

    fn field(field: Field) -> String {
        match field {
            Field::Sound => "unknown".to_owned(),
            other => problem::field(other),
        }
    }
}
