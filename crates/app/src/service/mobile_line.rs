//! Mobile lines: the stock of contracted numbers, asked for, assigned and freed (R022, R221).

use std::borrow::Cow;

use base::MobileNumber;
use base::id::TenantId;
use model::{Change, MobileLine, Snapshot, TenantOption};

use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::Problem;

impl Noun for MobileLine {
    const WORD: &'static str = "mobile-line";
    const KEY: &'static str = "number";
    const OPTION: Option<TenantOption> = Some(TenantOption::MobileLines);

    fn place(&self) -> Place {
        Place::Text(self.number.to_string())
    }

    fn key(&self) -> String {
        self.number.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.mobiles(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let number = MobileNumber::parse(key.0).ok()?;
        snapshot.mobile(number).filter(|line| line.tenant == tenant).map(one)
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let user = self.dn.and_then(|dn| snapshot.user_by_dn(self.tenant, dn));
        let name = user.map(|u| u.name.to_string()).unwrap_or_default();
        let dn = self.dn.map(|dn| dn.text()).unwrap_or_default();
        vec![self.number.to_string(), dn, name]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::MobilePut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        let used = self.dn.map(|dn| {
            let used = Problem::new(240, "extension", &dn.text()).saying("api-line-used");
            used.with("", &self.number.to_string(), Some(dn.text()))
        });
        let changes = vec![Change::MobileDelete(self.number)];
        Removal { changes, dependants: used.into_iter().collect(), release: Vec::new() }
    }

    /// An extension has one line (232).
    fn problems(&self, _: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let other = self.dn.and_then(|dn| snapshot.mobile_of_dn(self.tenant, dn));
        let other = other.filter(|line| line.number != self.number);
        let taken = other.map(|line| {
            let dn = self.dn.map(|dn| dn.text()).unwrap_or_default();
            Problem::new(232, "extension", &dn).with("", &line.number.to_string(), None)
        });
        taken.into_iter().collect()
    }
}
