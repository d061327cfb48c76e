//! What a set of changes takes from a snapshot and brings into it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId,
    VirtualDnId,
};
use base::{Dn, MobileNumber};

use crate::apply::{Staged, Wanted};
use crate::change::CredentialOwner;
use crate::index::{Index, Pairs, hash_of, hash_text};
use crate::snapshot::Revision;
use crate::violation::{Field, Violation, code};
use crate::{
    Admin, Department, Device, DnSettings, Gateway, HuntGroup, Line, MobileLine, ParkSlot,
    PickupGroup, Reception, Site, Snapshot, Sound, Tenant, User, VirtualDn,
};

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

    /// `index` with this delta, under `key`.
    fn index(&self, index: &Index<T>, key: impl Fn(&T) -> Option<u64>) -> Index<T> {
        let pair = |(_, v): &(usize, Arc<T>)| key(v).map(|k| (k, Arc::clone(v)));
        let removed = self.removed.iter().filter_map(pair).collect();
        index.patched(removed, self.added.iter().filter_map(pair).collect())
    }

    /// `pairs` with this delta; `list` gives those of one object.
    fn pairs<K: Copy + Ord, V: Copy + Ord>(
        &self,
        pairs: &Pairs<K, V>,
        list: impl Fn(&T, &mut Vec<(K, V)>),
    ) -> Pairs<K, V> {
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        self.removed.iter().for_each(|(_, v)| list(v, &mut gone));
        self.added.iter().for_each(|(_, v)| list(v, &mut new));
        pairs.patched(gone, new)
    }
}

/// All deltas of one set of changes.
pub(crate) struct Deltas {
    pub(crate) tenants: Delta<Tenant>,
    pub(crate) sites: Delta<Site>,
    pub(crate) users: Delta<User>,
    pub(crate) devices: Delta<Device>,
    pub(crate) mobiles: Delta<MobileLine>,
    pub(crate) admins: Delta<Admin>,
    pub(crate) virtuals: Delta<VirtualDn>,
    pub(crate) departments: Delta<Department>,
    pub(crate) hunts: Delta<HuntGroup>,
    pub(crate) pickups: Delta<PickupGroup>,
    pub(crate) slots: Delta<ParkSlot>,
    pub(crate) gateways: Delta<Gateway>,
    pub(crate) settings: Delta<DnSettings>,
    pub(crate) sounds: Delta<Sound>,
    pub(crate) lines: Delta<Line>,
    pub(crate) receptions: Delta<Reception>,
}

type Numbered = (TenantId, u16);
type Dialled = (TenantId, Dn);

impl Deltas {
    pub(crate) fn between(now: &Snapshot, staged: &Staged, found: &mut Vec<Violation>) -> Self {
        let tenant = |id: TenantId| now.tenants.all().iter().find(|t| t.id == id);
        let site = |id: SiteId| now.site_by_id.find(hash_of(&id), |s| s.id == id);
        let user = |id: UserId| now.user_by_id.find(hash_of(&id), |u| u.id == id);
        let device = |id: DeviceId| now.device_by_id.find(hash_of(&id), |d| d.id == id);
        let mobile = |number: MobileNumber| {
            now.mobile_by_number.find(hash_of(&number), |m| m.number == number)
        };
        let admin = |id: AdminId| now.admin_by_id.find(hash_of(&id), |a| a.id == id);
        let virtual_dn = |id: VirtualDnId| now.virtual_by_id.find(hash_of(&id), |v| v.id == id);
        let department = |id: DepartmentId| now.department_by_id.find(hash_of(&id), |d| d.id == id);
        let hunt =
            |key: Numbered| now.hunt_by_number.find(hash_of(&key), |h| (h.tenant, h.number) == key);
        let pickup = |key: Numbered| {
            now.pickup_by_number.find(hash_of(&key), |p| (p.tenant, p.number) == key)
        };
        let slot = |key: Dialled| now.slot_by_dn.find(hash_of(&key), |s| (s.tenant, s.dn) == key);
        let gateway = |id: GatewayId| now.gateway_by_id.find(hash_of(&id), |g| g.id == id);
        let settings =
            |key: Dialled| now.settings_by_dn.find(hash_of(&key), |s| (s.tenant, s.dn) == key);
        let sound = |id: SoundId| now.sound_by_id.find(hash_of(&id), |s| s.id == id);
        let line = |id: LineId| now.line_by_id.find(hash_of(&id), |l| l.id == id);
        let reception =
            |site: SiteId| now.reception_by_site.find(hash_of(&site), |r| r.site == site);
        Deltas {
            tenants: Delta::between(&staged.tenants, tenant, found),
            sites: Delta::between(&staged.sites, site, found),
            users: Delta::between(&staged.users, user, found),
            devices: Delta::between(&staged.devices, device, found),
            mobiles: Delta::between(&staged.mobiles, mobile, found),
            admins: Delta::between(&staged.admins, admin, found),
            virtuals: Delta::between(&staged.virtuals, virtual_dn, found),
            departments: Delta::between(&staged.departments, department, found),
            hunts: Delta::between(&staged.hunts, hunt, found),
            pickups: Delta::between(&staged.pickups, pickup, found),
            slots: Delta::between(&staged.slots, slot, found),
            gateways: Delta::between(&staged.gateways, gateway, found),
            settings: Delta::between(&staged.settings, settings, found),
            sounds: Delta::between(&staged.sounds, sound, found),
            lines: Delta::between(&staged.lines, line, found),
            receptions: Delta::between(&staged.receptions, reception, found),
        }
    }

    /// The content after the changes, unchecked, with the old revision.
    pub(crate) fn patch(&self, now: &Snapshot) -> Snapshot {
        let mut next = now.clone();
        next.tenants =
            now.tenants.patched(&self.tenants.gone(), self.tenants.fresh(), |a, b| a.id.cmp(&b.id));
        let by_id = |a: &Site, b: &Site| (a.tenant, a.id).cmp(&(b.tenant, b.id));
        next.sites = now.sites.patched(&self.sites.gone(), self.sites.fresh(), by_id);
        next.site_by_id = self.sites.index(&now.site_by_id, |s| Some(hash_of(&s.id)));
        next.site_by_domain =
            self.sites.index(&now.site_by_domain, |s| Some(hash_text(0, &s.domain)));
        self.patch_users(now, &mut next);
        self.patch_devices(now, &mut next);
        let by_number =
            |a: &MobileLine, b: &MobileLine| (a.tenant, a.number).cmp(&(b.tenant, b.number));
        next.mobiles = now.mobiles.patched(&self.mobiles.gone(), self.mobiles.fresh(), by_number);
        next.mobile_by_number =
            self.mobiles.index(&now.mobile_by_number, |m| Some(hash_of(&m.number)));
        let of_dn = |m: &MobileLine| m.dn.map(|dn| hash_of(&(m.tenant, dn)));
        next.mobile_by_dn = self.mobiles.index(&now.mobile_by_dn, of_dn);
        let by_id = |a: &Admin, b: &Admin| (a.tenant, a.id).cmp(&(b.tenant, b.id));
        next.admins = now.admins.patched(&self.admins.gone(), self.admins.fresh(), by_id);
        next.admin_by_id = self.admins.index(&now.admin_by_id, |a| Some(hash_of(&a.id)));
        self.patch_virtuals(now, &mut next);
        self.patch_departments(now, &mut next);
        self.patch_groups(now, &mut next);
        self.patch_places(now, &mut next);
        self.patch_lines(now, &mut next);
        next
    }

    fn patch_users(&self, now: &Snapshot, next: &mut Snapshot) {
        let users = &self.users;
        let order = |a: &User, b: &User| (a.tenant, a.dn, a.id).cmp(&(b.tenant, b.dn, b.id));
        next.users = now.users.patched(&users.gone(), users.fresh(), order);
        next.user_by_id = users.index(&now.user_by_id, |u| Some(hash_of(&u.id)));
        next.user_by_dn = users.index(&now.user_by_dn, |u| Some(hash_of(&(u.tenant, u.dn))));
        next.user_by_web = users.index(&now.user_by_web, |u| {
            (!u.web_user.is_empty()).then(|| hash_text(u.tenant.0.0, &u.web_user))
        });
    }

    fn patch_devices(&self, now: &Snapshot, next: &mut Snapshot) {
        let devices = &self.devices;
        let order =
            |a: &Device, b: &Device| (a.tenant, &a.sip_id, a.id).cmp(&(b.tenant, &b.sip_id, b.id));
        next.devices = now.devices.patched(&devices.gone(), devices.fresh(), order);
        next.device_by_id = devices.index(&now.device_by_id, |d| Some(hash_of(&d.id)));
        next.device_by_sip =
            devices.index(&now.device_by_sip, |d| Some(hash_text(d.tenant.0.0, &d.sip_id)));
        next.owned = devices.pairs(&now.owned, |d, out| out.extend(d.user.map(|u| (u, d.id))));
    }

    fn patch_virtuals(&self, now: &Snapshot, next: &mut Snapshot) {
        let virtuals = &self.virtuals;
        let order =
            |a: &VirtualDn, b: &VirtualDn| (a.tenant, a.dn, a.id).cmp(&(b.tenant, b.dn, b.id));
        next.virtuals = now.virtuals.patched(&virtuals.gone(), virtuals.fresh(), order);
        next.virtual_by_id = virtuals.index(&now.virtual_by_id, |v| Some(hash_of(&v.id)));
        next.virtual_by_dn =
            virtuals.index(&now.virtual_by_dn, |v| Some(hash_of(&(v.tenant, v.dn))));
        next.virtual_by_web = virtuals.index(&now.virtual_by_web, |v| {
            (!v.web_user.is_empty()).then(|| hash_text(v.tenant.0.0, &v.web_user))
        });
    }

    fn patch_departments(&self, now: &Snapshot, next: &mut Snapshot) {
        let list = &self.departments;
        let order =
            |a: &Department, b: &Department| (a.tenant, a.dn, a.id).cmp(&(b.tenant, b.dn, b.id));
        next.departments = now.departments.patched(&list.gone(), list.fresh(), order);
        next.department_by_id = list.index(&now.department_by_id, |d| Some(hash_of(&d.id)));
        next.department_by_dn =
            list.index(&now.department_by_dn, |d| Some(hash_of(&(d.tenant, d.dn))));
        next.departments_of = list.pairs(&now.departments_of, |d, out| {
            out.extend(d.members.iter().map(|user| (*user, d.id)));
        });
    }

    fn patch_groups(&self, now: &Snapshot, next: &mut Snapshot) {
        let hunts = &self.hunts;
        let order = |a: &HuntGroup, b: &HuntGroup| (a.tenant, a.number).cmp(&(b.tenant, b.number));
        next.hunts = now.hunts.patched(&hunts.gone(), hunts.fresh(), order);
        next.hunt_by_number =
            hunts.index(&now.hunt_by_number, |h| Some(hash_of(&(h.tenant, h.number))));
        next.hunt_by_pilot =
            hunts.index(&now.hunt_by_pilot, |h| Some(hash_of(&(h.tenant, h.pilot))));
        next.hunts_of = hunts.pairs(&now.hunts_of, |h, out| {
            out.extend(h.members.iter().map(|dn| ((h.tenant, *dn), h.number)));
        });
        let pickups = &self.pickups;
        let order =
            |a: &PickupGroup, b: &PickupGroup| (a.tenant, a.number).cmp(&(b.tenant, b.number));
        next.pickups = now.pickups.patched(&pickups.gone(), pickups.fresh(), order);
        next.pickup_by_number =
            pickups.index(&now.pickup_by_number, |p| Some(hash_of(&(p.tenant, p.number))));
        next.pickups_of = pickups.pairs(&now.pickups_of, |p, out| {
            out.extend(p.members.iter().map(|dn| ((p.tenant, *dn), p.number)));
        });
    }

    fn patch_places(&self, now: &Snapshot, next: &mut Snapshot) {
        let slots = &self.slots;
        let order =
            |a: &ParkSlot, b: &ParkSlot| (a.tenant, a.site, a.dn).cmp(&(b.tenant, b.site, b.dn));
        next.slots = now.slots.patched(&slots.gone(), slots.fresh(), order);
        next.slot_by_dn = slots.index(&now.slot_by_dn, |s| Some(hash_of(&(s.tenant, s.dn))));
        let gateways = &self.gateways;
        let order = |a: &Gateway, b: &Gateway| (a.tenant, a.id).cmp(&(b.tenant, b.id));
        next.gateways = now.gateways.patched(&gateways.gone(), gateways.fresh(), order);
        next.gateway_by_id = gateways.index(&now.gateway_by_id, |g| Some(hash_of(&g.id)));
        let settings = &self.settings;
        let order = |a: &DnSettings, b: &DnSettings| (a.tenant, a.dn).cmp(&(b.tenant, b.dn));
        next.settings = now.settings.patched(&settings.gone(), settings.fresh(), order);
        next.settings_by_dn =
            settings.index(&now.settings_by_dn, |s| Some(hash_of(&(s.tenant, s.dn))));
        let sounds = &self.sounds;
        let order = |a: &Sound, b: &Sound| (a.tenant, a.id).cmp(&(b.tenant, b.id));
        next.sounds = now.sounds.patched(&sounds.gone(), sounds.fresh(), order);
        next.sound_by_id = sounds.index(&now.sound_by_id, |s| Some(hash_of(&s.id)));
    }

    fn patch_lines(&self, now: &Snapshot, next: &mut Snapshot) {
        let lines = &self.lines;
        let order = |a: &Line, b: &Line| (a.tenant, a.code, a.id).cmp(&(b.tenant, b.code, b.id));
        next.lines = now.lines.patched(&lines.gone(), lines.fresh(), order);
        next.line_by_id = lines.index(&now.line_by_id, |l| Some(hash_of(&l.id)));
        let of = |users: &[UserId], id: LineId, out: &mut Vec<(UserId, LineId)>| {
            out.extend(users.iter().map(|user| (*user, id)));
        };
        next.lines_in = lines.pairs(&now.lines_in, |l, out| of(&l.receivers, l.id, out));
        next.lines_out = lines.pairs(&now.lines_out, |l, out| of(&l.callers, l.id, out));
        next.initial_lines_of =
            lines.pairs(&now.initial_lines_of, |l, out| of(&l.initial_of, l.id, out));
        let receptions = &self.receptions;
        let order = |a: &Reception, b: &Reception| (a.tenant, a.site).cmp(&(b.tenant, b.site));
        next.receptions = now.receptions.patched(&receptions.gone(), receptions.fresh(), order);
        next.reception_by_site =
            receptions.index(&now.reception_by_site, |r| Some(hash_of(&r.site)));
    }

    /// Gives `next` its revision and marks the tenants that the changes touched.
    pub(crate) fn stamp(
        &self,
        before: &Snapshot,
        mut next: Snapshot,
        passwords: &[(usize, CredentialOwner)],
    ) -> Snapshot {
        let revision = Revision(before.revision.0 + 1);
        let mut touched: BTreeMap<TenantId, Revision> = before.touched.iter().copied().collect();
        let mut tenants = self.tenants();
        tenants.extend(passwords.iter().filter_map(|(_, owner)| owner.tenant(&next)));
        touched.extend(tenants.into_iter().map(|t| (t, revision)));
        next.revision = revision;
        next.touched = Arc::new(touched.into_iter().collect());
        next
    }

    /// The tenants of everything that leaves or enters.
    fn tenants(&self) -> BTreeSet<TenantId> {
        fn add<T>(out: &mut BTreeSet<TenantId>, delta: &Delta<T>, of: impl Fn(&T) -> TenantId) {
            out.extend(delta.removed.iter().chain(&delta.added).map(|(_, v)| of(v)));
        }
        let mut out = BTreeSet::new();
        add(&mut out, &self.tenants, |t| t.id);
        add(&mut out, &self.sites, |s| s.tenant);
        add(&mut out, &self.users, |u| u.tenant);
        add(&mut out, &self.devices, |d| d.tenant);
        add(&mut out, &self.mobiles, |m| m.tenant);
        add(&mut out, &self.admins, |a| a.tenant);
        add(&mut out, &self.virtuals, |v| v.tenant);
        add(&mut out, &self.departments, |d| d.tenant);
        add(&mut out, &self.hunts, |h| h.tenant);
        add(&mut out, &self.pickups, |p| p.tenant);
        add(&mut out, &self.slots, |s| s.tenant);
        add(&mut out, &self.gateways, |g| g.tenant);
        add(&mut out, &self.settings, |s| s.tenant);
        add(&mut out, &self.sounds, |s| s.tenant);
        add(&mut out, &self.lines, |l| l.tenant);
        add(&mut out, &self.receptions, |r| r.tenant);
        out
    }
}
