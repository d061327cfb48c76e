//! Departments (R207–R209, R273–R276).

use std::borrow::Cow;

use base::id::{DepartmentId, TenantId};
use model::{Change, Department, Snapshot, TenantOption};

use crate::service::destination::{self, Owner};
use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::Problem;

impl Noun for Department {
    const WORD: &'static str = "department";
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
        Box::new(snapshot.departments(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = match key.id() {
            Some(id) => snapshot.department(DepartmentId(id)).filter(|d| d.tenant == tenant),
            None => snapshot.department_by_dn(tenant, key.dn()?),
        };
        found.map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.dn.text(), self.name.to_string()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::DepartmentPut(self.clone())]
    }

    /// People who may pick up for it are named, every one of them.
    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let pickers =
            snapshot.users(self.tenant).filter(|u| u.pickup_departments.contains(&self.id));
        let (mut dependants, mut release) = (Vec::new(), Vec::new());
        for user in pickers {
            let needed = Problem::new(244, "", &self.name);
            dependants.push(needed.with("user", &user.name, Some(user.dn.text())));
            let mut user = user.clone();
            user.pickup_departments =
                user.pickup_departments.iter().copied().filter(|id| *id != self.id).collect();
            release.push(Change::UserPut(user));
        }
        Removal { changes: vec![Change::DepartmentDelete(self.id)], dependants, release }
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let owner = Owner { tenant: self.tenant, site: self.site, dn: Some(self.dn) };
        let pairs = [
            ("forward_all", old.and_then(|o| o.all.to.as_ref()), self.all.to.as_ref()),
            ("overflow", old.and_then(|o| o.overflow.as_ref()), self.overflow.as_ref()),
        ];
        let mut out = destination::changed(snapshot, owner, pairs);
        let on = self.voicemail && old.is_none_or(|o| !o.voicemail);
        out.extend(destination::voicemail(snapshot, self.tenant, on));
        let pages = self.multicast && old.is_none_or(|o| !o.multicast);
        let tenant = snapshot.tenant(self.tenant);
        if pages && tenant.is_none_or(|t| !t.options.contains(TenantOption::Multicast)) {
            out.push(Problem::new(263, "multicast", "true"));
        }
        out
    }
}
