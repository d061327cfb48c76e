//! Settings of the numbers of people and of virtual numbers (R060–R066, R250, R262). Every such
//! number has them: the defaults, until something is set.

use std::borrow::Cow;

use base::id::{SiteId, TenantId};
use model::own_setting::{Declined, check_destination};
use model::{Change, DnOwner, DnSettings, ForwardKind, Snapshot};

use crate::service::destination::{self, Owner};
use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::Problem;

/// Name and site of who owns a number that has settings; `None` for other numbers.
pub fn holder<'s>(snapshot: &'s Snapshot, of: &DnSettings) -> Option<(&'s str, SiteId)> {
    match snapshot.dn_owner(of.tenant, of.dn)? {
        DnOwner::User(id) => snapshot.user(id).map(|u| (&*u.name, u.site)),
        DnOwner::Virtual(id) => snapshot.virtual_dn(id).map(|v| (&*v.name, v.site)),
        DnOwner::Department(_) | DnOwner::Hunt(_) | DnOwner::ParkSlot(_) => None,
    }
}

/// Name of the field of a forward.
pub const fn forward_field(kind: ForwardKind) -> &'static str {
    match kind {
        ForwardKind::All => "forwards.all",
        ForwardKind::Busy => "forwards.busy",
        ForwardKind::NoAnswer => "forwards.no_answer",
        ForwardKind::Unregistered => "forwards.unregistered",
    }
}

fn of_number(snapshot: &Snapshot, tenant: TenantId, dn: base::Dn) -> Cow<'_, DnSettings> {
    match snapshot.dn_settings(tenant, dn) {
        Some(kept) => one(kept),
        None => Cow::Owned(DnSettings::new(tenant, dn)),
    }
}

impl Noun for DnSettings {
    const WORD: &'static str = "settings";
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
        let users = snapshot.users(tenant).map(|u| u.dn);
        let virtuals = snapshot.virtuals(tenant).map(|v| v.dn);
        Box::new(users.chain(virtuals).map(move |dn| of_number(snapshot, tenant, dn)))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let dn = key.dn()?;
        match snapshot.dn_owner(tenant, dn)? {
            DnOwner::User(_) | DnOwner::Virtual(_) => Some(of_number(snapshot, tenant, dn)),
            DnOwner::Department(_) | DnOwner::Hunt(_) | DnOwner::ParkSlot(_) => None,
        }
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let name = holder(snapshot, self).map(|(name, _)| name.to_owned());
        vec![self.dn.text(), name.unwrap_or_default()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::DnSettingsPut(self.clone())]
    }

    /// Back to the defaults.
    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let (tenant, dn) = (self.tenant, self.dn);
        let kept = snapshot.dn_settings(tenant, dn);
        let changes = kept.map(|_| Change::DnSettingsDelete { tenant, dn }).into_iter().collect();
        Removal { changes, ..Removal::default() }
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let Some((_, site)) = holder(snapshot, self) else { return Vec::new() };
        let owner = Owner { tenant: self.tenant, site, dn: Some(self.dn) };
        let mut out = Vec::new();
        for kind in ForwardKind::ALL {
            let Some(to) = &self.forward(kind).to else { continue };
            if old.is_some_and(|old| old.forward(kind).to.as_ref() == Some(to)) {
                continue;
            }
            let field = forward_field(kind);
            let found = destination::problem(snapshot, owner, field, to);
            let loops = || {
                let place = (self.tenant, self.dn);
                let declined = check_destination(snapshot, place, kind, to).err();
                let text = destination::text(to);
                (declined == Some(Declined::Loop))
                    .then(|| Problem::new(244, field, &text).saying("api-forward-loop"))
            };
            out.extend(found.or_else(loops));
        }
        let on = self.voicemail && old.is_none_or(|o| !o.voicemail);
        out.extend(destination::voicemail(snapshot, self.tenant, on));
        out
    }
}
