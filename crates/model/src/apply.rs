//! Applies changes to a snapshot: all of them, or none and every broken rule.
//!
//! Rules are judged on the outcome, so two people may swap numbers in one set. The cost is one
//! pass over the vectors that change and one hash look-up per rule and changed object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::MobileNumber;
use base::id::{AdminId, DeviceId, SiteId, TenantId, UserId};

use crate::change::CredentialOwner;
use crate::check;
use crate::index::{hash_of, hash_text};
use crate::snapshot::{Owned, Revision};
use crate::violation::{Field, Violation, code};
use crate::{Admin, Change, Device, MobileLine, Site, Snapshot, Tenant, User};

/// The snapshot after `changes`, with the next revision; or every rule they would break, in the
/// order of the changes.
pub fn apply(snapshot: &Snapshot, changes: &[Change]) -> Result<Snapshot, Vec<Violation>> {
    run(snapshot, Staged::from(changes.iter().cloned()))
}

impl Snapshot {
    /// The snapshot that `changes` make from nothing, without copying them; revision 1.
    pub fn build(changes: Vec<Change>) -> Result<Snapshot, Vec<Violation>> {
        run(&Snapshot::empty(), Staged::from(changes.into_iter()))
    }
}

fn run(snapshot: &Snapshot, staged: Staged) -> Result<Snapshot, Vec<Violation>> {
    let mut found = Vec::new();
    let deltas = Deltas::between(snapshot, &staged, &mut found);
    let next = deltas.patch(snapshot);
    check::check(&check::Case { before: snapshot, after: &next, deltas: &deltas }, &mut found);
    check::passwords(&next, &staged.passwords, &mut found);
    if !found.is_empty() {
        found.sort_by_key(|v| v.change);
        return Err(found);
    }
    Ok(deltas.stamp(snapshot, next, &staged.passwords))
}

/// What was asked last for each object, and by which change.
type Wanted<I, T> = BTreeMap<I, (usize, Option<Arc<T>>)>;

#[derive(Default)]
struct Staged {
    tenants: Wanted<TenantId, Tenant>,
    sites: Wanted<SiteId, Site>,
    users: Wanted<UserId, User>,
    devices: Wanted<DeviceId, Device>,
    mobiles: Wanted<MobileNumber, MobileLine>,
    admins: Wanted<AdminId, Admin>,
    passwords: Vec<(usize, CredentialOwner)>,
}

impl Staged {
    fn from(changes: impl Iterator<Item = Change>) -> Self {
        let mut out = Staged::default();
        for (at, change) in changes.enumerate() {
            out.stage(at, change);
        }
        out
    }

    fn stage(&mut self, at: usize, change: Change) {
        fn put<I: Ord, T>(map: &mut Wanted<I, T>, id: I, at: usize, value: T) {
            map.insert(id, (at, Some(Arc::new(value))));
        }
        fn delete<I: Ord, T>(map: &mut Wanted<I, T>, id: I, at: usize) {
            map.insert(id, (at, None));
        }
        match change {
            Change::TenantPut(t) => put(&mut self.tenants, t.id, at, t),
            Change::TenantDelete(id) => delete(&mut self.tenants, id, at),
            Change::SitePut(s) => put(&mut self.sites, s.id, at, s),
            Change::SiteDelete(id) => delete(&mut self.sites, id, at),
            Change::UserPut(u) => put(&mut self.users, u.id, at, u),
            Change::UserDelete(id) => delete(&mut self.users, id, at),
            Change::DevicePut(d) => put(&mut self.devices, d.id, at, d),
            Change::DeviceDelete(id) => delete(&mut self.devices, id, at),
            Change::MobilePut(m) => put(&mut self.mobiles, m.number, at, m),
            Change::MobileDelete(number) => delete(&mut self.mobiles, number, at),
            Change::AdminPut(a) => put(&mut self.admins, a.id, at, a),
            Change::AdminDelete(id) => delete(&mut self.admins, id, at),
            Change::Password(p) => self.passwords.push((at, p.owner)),
        }
    }
}

/// What leaves and what enters one kind of object, with the index of the change.
pub(crate) struct Delta<T> {
    /// Objects replaced or deleted.
    pub(crate) removed: Vec<(usize, Arc<T>)>,
    /// Objects made or replacing.
    pub(crate) added: Vec<(usize, Arc<T>)>,
}

impl<T: PartialEq> Delta<T> {
    fn between<'a, I: Copy>(
        wanted: &Wanted<I, T>,
        current: impl Fn(I) -> Option<&'a Arc<T>>,
        found: &mut Vec<Violation>,
    ) -> Self
    where
        T: 'a,
    {
        let mut delta = Delta { removed: Vec::new(), added: Vec::new() };
        for (id, (at, new)) in wanted {
            match (current(*id), new) {
                (Some(old), Some(new)) if old == new => {}
                (old, Some(new)) => {
                    delta.removed.extend(old.map(|o| (*at, Arc::clone(o))));
                    delta.added.push((*at, Arc::clone(new)));
                }
                (Some(old), None) => delta.removed.push((*at, Arc::clone(old))),
                (None, None) => found.push(Violation {
                    change: *at,
                    code: code::NOT_FOUND,
                    field: Field::Object,
                    value: Box::default(),
                    with: None,
                }),
            }
        }
        delta
    }

    fn gone(&self) -> Vec<Arc<T>> {
        self.removed.iter().map(|(_, v)| Arc::clone(v)).collect()
    }

    fn fresh(&self) -> Vec<Arc<T>> {
        self.added.iter().map(|(_, v)| Arc::clone(v)).collect()
    }

    /// Entries for an index: those leaving and those entering, under `key`.
    fn keyed(&self, key: impl Fn(&T) -> Option<u64>) -> (Keyed<T>, Keyed<T>) {
        let pair = |(_, v): &(usize, Arc<T>)| key(v).map(|k| (k, Arc::clone(v)));
        (
            self.removed.iter().filter_map(pair).collect(),
            self.added.iter().filter_map(pair).collect(),
        )
    }
}

type Keyed<T> = Vec<(u64, Arc<T>)>;

/// All deltas of one set of changes.
pub(crate) struct Deltas {
    pub(crate) tenants: Delta<Tenant>,
    pub(crate) sites: Delta<Site>,
    pub(crate) users: Delta<User>,
    pub(crate) devices: Delta<Device>,
    pub(crate) mobiles: Delta<MobileLine>,
    pub(crate) admins: Delta<Admin>,
}

impl Deltas {
    fn between(now: &Snapshot, staged: &Staged, found: &mut Vec<Violation>) -> Self {
        let tenant = |id: TenantId| now.tenants.all().iter().find(|t| t.id == id);
        let site = |id: SiteId| now.site_by_id.find(hash_of(&id), |s| s.id == id);
        let user = |id: UserId| now.user_by_id.find(hash_of(&id), |u| u.id == id);
        let device = |id: DeviceId| now.device_by_id.find(hash_of(&id), |d| d.id == id);
        let mobile = |number| {
            now.mobile_by_number.find(hash_of(&number), |m: &MobileLine| m.number == number)
        };
        let admin = |id: AdminId| now.admin_by_id.find(hash_of(&id), |a| a.id == id);
        Deltas {
            tenants: Delta::between(&staged.tenants, tenant, found),
            sites: Delta::between(&staged.sites, site, found),
            users: Delta::between(&staged.users, user, found),
            devices: Delta::between(&staged.devices, device, found),
            mobiles: Delta::between(&staged.mobiles, mobile, found),
            admins: Delta::between(&staged.admins, admin, found),
        }
    }

    /// The content after the changes, unchecked, with the old revision.
    fn patch(&self, now: &Snapshot) -> Snapshot {
        let mut next = now.clone();
        next.tenants =
            now.tenants.patched(&self.tenants.gone(), self.tenants.fresh(), |a, b| a.id.cmp(&b.id));
        let by_id = |a: &Site, b: &Site| (a.tenant, a.id).cmp(&(b.tenant, b.id));
        next.sites = now.sites.patched(&self.sites.gone(), self.sites.fresh(), by_id);
        next.site_by_id = repatch(&now.site_by_id, &self.sites, |s| Some(hash_of(&s.id)));
        next.site_by_domain =
            repatch(&now.site_by_domain, &self.sites, |s| Some(hash_text(0, &s.domain)));
        self.patch_users(now, &mut next);
        self.patch_devices(now, &mut next);
        let by_number =
            |a: &MobileLine, b: &MobileLine| (a.tenant, a.number).cmp(&(b.tenant, b.number));
        next.mobiles = now.mobiles.patched(&self.mobiles.gone(), self.mobiles.fresh(), by_number);
        next.mobile_by_number =
            repatch(&now.mobile_by_number, &self.mobiles, |m| Some(hash_of(&m.number)));
        next.mobile_by_dn =
            repatch(&now.mobile_by_dn, &self.mobiles, |m| m.dn.map(|dn| hash_of(&(m.tenant, dn))));
        let by_id = |a: &Admin, b: &Admin| (a.tenant, a.id).cmp(&(b.tenant, b.id));
        next.admins = now.admins.patched(&self.admins.gone(), self.admins.fresh(), by_id);
        next.admin_by_id = repatch(&now.admin_by_id, &self.admins, |a| Some(hash_of(&a.id)));
        next
    }

    fn patch_users(&self, now: &Snapshot, next: &mut Snapshot) {
        let users = &self.users;
        let order = |a: &User, b: &User| (a.tenant, a.dn, a.id).cmp(&(b.tenant, b.dn, b.id));
        next.users = now.users.patched(&users.gone(), users.fresh(), order);
        next.user_by_id = repatch(&now.user_by_id, users, |u| Some(hash_of(&u.id)));
        next.user_by_dn = repatch(&now.user_by_dn, users, |u| Some(hash_of(&(u.tenant, u.dn))));
        next.user_by_web = repatch(&now.user_by_web, users, |u| {
            (!u.web_user.is_empty()).then(|| hash_text(u.tenant.0.0, &u.web_user))
        });
    }

    fn patch_devices(&self, now: &Snapshot, next: &mut Snapshot) {
        let devices = &self.devices;
        let order =
            |a: &Device, b: &Device| (a.tenant, &a.sip_id, a.id).cmp(&(b.tenant, &b.sip_id, b.id));
        next.devices = now.devices.patched(&devices.gone(), devices.fresh(), order);
        next.device_by_id = repatch(&now.device_by_id, devices, |d| Some(hash_of(&d.id)));
        next.device_by_sip =
            repatch(&now.device_by_sip, devices, |d| Some(hash_text(d.tenant.0.0, &d.sip_id)));
        let pairs = |list: &[(usize, Arc<Device>)]| -> BTreeSet<(UserId, DeviceId)> {
            list.iter().filter_map(|(_, d)| d.user.map(|u| (u, d.id))).collect()
        };
        let (gone, new) = (pairs(&devices.removed), pairs(&devices.added));
        if gone != new {
            next.owned = Arc::new(now.owned.patched(&gone, new));
        }
    }

    /// Gives `next` its revision and marks the tenants that the changes touched.
    fn stamp(
        &self,
        before: &Snapshot,
        mut next: Snapshot,
        passwords: &[(usize, CredentialOwner)],
    ) -> Snapshot {
        let mut tenants = BTreeSet::new();
        fn add<T>(out: &mut BTreeSet<TenantId>, delta: &Delta<T>, of: impl Fn(&T) -> TenantId) {
            out.extend(delta.removed.iter().chain(&delta.added).map(|(_, v)| of(v)));
        }
        add(&mut tenants, &self.tenants, |t| t.id);
        add(&mut tenants, &self.sites, |s| s.tenant);
        add(&mut tenants, &self.users, |u| u.tenant);
        add(&mut tenants, &self.devices, |d| d.tenant);
        add(&mut tenants, &self.mobiles, |m| m.tenant);
        add(&mut tenants, &self.admins, |a| a.tenant);
        tenants.extend(passwords.iter().filter_map(|(_, owner)| match owner {
            CredentialOwner::Admin(id) => next.admin(*id).map(|a| a.tenant),
            CredentialOwner::User(id) => next.user(*id).map(|u| u.tenant),
        }));
        let revision = Revision(before.revision.0 + 1);
        let mut touched: BTreeMap<TenantId, Revision> = before.touched.iter().copied().collect();
        touched.extend(tenants.into_iter().map(|t| (t, revision)));
        next.revision = revision;
        next.touched = Arc::new(touched.into_iter().collect());
        next
    }
}

fn repatch<T: PartialEq>(
    index: &crate::index::Index<T>,
    delta: &Delta<T>,
    key: impl Fn(&T) -> Option<u64>,
) -> crate::index::Index<T> {
    let (removed, added) = delta.keyed(key);
    index.patched(removed, added)
}

impl Owned {
    fn patched(
        &self,
        gone: &BTreeSet<(UserId, DeviceId)>,
        mut new: BTreeSet<(UserId, DeviceId)>,
    ) -> Self {
        let size = self.users.len() + new.len();
        let (mut users, mut devices) = (Vec::with_capacity(size), Vec::with_capacity(size));
        let mut push = |(user, device)| {
            users.push(user);
            devices.push(device);
        };
        for pair in self.users.iter().copied().zip(self.devices.iter().copied()) {
            if gone.contains(&pair) {
                continue;
            }
            while new.first().is_some_and(|first| *first < pair) {
                new.pop_first().into_iter().for_each(&mut push);
            }
            push(pair);
        }
        new.into_iter().for_each(&mut push);
        users.shrink_to_fit();
        devices.shrink_to_fit();
        Owned { users, devices }
    }
}
