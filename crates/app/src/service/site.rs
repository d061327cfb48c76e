//! Sites: codes of calls, tones, what may leave the company, park times, mailboxes from outside
//! (R063, R083, R086, R262, R283).

use std::borrow::Cow;

use base::Dn;
use base::id::{SiteId, TenantId};
use model::{Change, DnOwner, Field, Site, Snapshot, TenantOption};

use crate::service::destination::{self, Owner};
use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::{self, Problem};

impl Noun for Site {
    const WORD: &'static str = "site";
    const KEY: &'static str = "domain";

    fn place(&self) -> Place {
        Place::Id(self.id.0)
    }

    fn key(&self) -> String {
        self.domain.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.sites(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = match key.id() {
            Some(id) => snapshot.site(SiteId(id)),
            None => snapshot.site_of_domain(key.0),
        };
        found.filter(|s| s.tenant == tenant).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        let number = self.number.as_deref().unwrap_or_default().to_owned();
        vec![self.name.to_string(), self.domain.to_string(), number]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::SitePut(self.clone())]
    }

    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let hours = snapshot.reception(self.id).map(|r| Change::ReceptionDelete(r.site));
        let changes = hours.into_iter().chain([Change::SiteDelete(self.id)]).collect();
        Removal { changes, ..Removal::default() }
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let owner = Owner { tenant: self.tenant, site: self.id, dn: None };
        let before = old.and_then(|o| o.park_overflow.as_ref());
        let pairs = [("park_overflow", before, self.park_overflow.as_ref())];
        let mut problems = destination::changed(snapshot, owner, pairs);
        let at = self.voicemail_at.filter(|at| old.and_then(|o| o.voicemail_at) != Some(*at));
        problems.extend(at.and_then(|at| voicemail_at(self, at, snapshot)));
        problems
    }

    fn field(field: Field) -> String {
        match field {
            Field::Prefix => "number".to_owned(),
            Field::Destination => "park_overflow".to_owned(),
            other => problem::field(other),
        }
    }
}

/// What speaks against a number that opens mailboxes: it must be a virtual number of the site, and
/// voicemail contracted.
fn voicemail_at(site: &Site, at: Dn, snapshot: &Snapshot) -> Option<Problem> {
    const FIELD: &str = "voicemail_at";
    let virtual_dn = match snapshot.dn_owner(site.tenant, at) {
        None => return Some(Problem::new(238, FIELD, &at.text())),
        Some(DnOwner::Virtual(id)) => snapshot.virtual_dn(id).filter(|v| v.site == site.id),
        Some(_) => None,
    };
    if virtual_dn.is_none() {
        return Some(Problem::new(244, FIELD, &at.text()).saying("api-voicemail-at"));
    }
    let tenant = snapshot.tenant(site.tenant)?;
    let lacks = !tenant.options.contains(TenantOption::Voicemail);
    lacks.then(|| Problem::new(263, FIELD, &at.text()))
}
