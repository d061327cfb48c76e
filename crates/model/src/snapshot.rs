//! The whole configuration as calls read it: immutable, shared, with a revision.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base::id::{AdminId, DepartmentId, DeviceId, LineId, SiteId, TenantId, UserId, VirtualDnId};
use base::{Dn, MobileNumber};

use crate::index::{Index, Ordered, Pairs, hash_of, hash_text};
use crate::{
    Admin, Change, Department, Device, DnSettings, Gateway, HuntGroup, Line, MobileLine, ParkSlot,
    PickupGroup, Reception, Site, Sound, Tenant, User, VirtualDn,
};

/// Number of the last change that a snapshot holds; grows by one with every commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// Who owns an extension number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DnOwner {
    /// A person.
    User(UserId),
    /// A virtual number (R037).
    Virtual(VirtualDnId),
    /// 所属共通内線番号 of a department.
    Department(DepartmentId),
    /// 代表内線番号 of the hunting group with this number.
    Hunt(u16),
    /// A park slot of the site.
    ParkSlot(SiteId),
}

/// Everything durable that routing and authentication read. Cloning shares all content.
#[derive(Clone, Default)]
pub struct Snapshot {
    pub(crate) revision: Revision,
    /// Revision of the last change in each tenant, sorted by tenant.
    pub(crate) touched: Arc<Vec<(TenantId, Revision)>>,
    pub(crate) local_names: Arc<[Box<str>]>,
    pub(crate) tenants: Ordered<Tenant>,
    pub(crate) sites: Ordered<Site>,
    pub(crate) site_by_id: Index<Site>,
    pub(crate) site_by_domain: Index<Site>,
    /// By tenant, then Dn.
    pub(crate) users: Ordered<User>,
    pub(crate) user_by_id: Index<User>,
    pub(crate) user_by_dn: Index<User>,
    pub(crate) user_by_web: Index<User>,
    /// By tenant, then SIP id.
    pub(crate) devices: Ordered<Device>,
    pub(crate) device_by_id: Index<Device>,
    pub(crate) device_by_sip: Index<Device>,
    /// Devices by the user who is logged in.
    pub(crate) owned: Pairs<UserId, DeviceId>,
    /// By tenant, then number.
    pub(crate) mobiles: Ordered<MobileLine>,
    pub(crate) mobile_by_number: Index<MobileLine>,
    pub(crate) mobile_by_dn: Index<MobileLine>,
    pub(crate) admins: Ordered<Admin>,
    pub(crate) admin_by_id: Index<Admin>,
    /// By tenant, then Dn.
    pub(crate) virtuals: Ordered<VirtualDn>,
    pub(crate) virtual_by_id: Index<VirtualDn>,
    pub(crate) virtual_by_dn: Index<VirtualDn>,
    pub(crate) virtual_by_web: Index<VirtualDn>,
    /// By tenant, then Dn.
    pub(crate) departments: Ordered<Department>,
    pub(crate) department_by_id: Index<Department>,
    pub(crate) department_by_dn: Index<Department>,
    pub(crate) departments_of: Pairs<UserId, DepartmentId>,
    /// By tenant, then number.
    pub(crate) hunts: Ordered<HuntGroup>,
    pub(crate) hunt_by_number: Index<HuntGroup>,
    pub(crate) hunt_by_pilot: Index<HuntGroup>,
    pub(crate) hunts_of: Pairs<(TenantId, Dn), u16>,
    /// By tenant, then number.
    pub(crate) pickups: Ordered<PickupGroup>,
    pub(crate) pickup_by_number: Index<PickupGroup>,
    pub(crate) pickups_of: Pairs<(TenantId, Dn), u16>,
    /// By tenant, site, then Dn.
    pub(crate) slots: Ordered<ParkSlot>,
    pub(crate) slot_by_dn: Index<ParkSlot>,
    /// By tenant, then id.
    pub(crate) gateways: Ordered<Gateway>,
    pub(crate) gateway_by_id: Index<Gateway>,
    /// By tenant, then Dn.
    pub(crate) settings: Ordered<DnSettings>,
    pub(crate) settings_by_dn: Index<DnSettings>,
    /// By tenant, then id.
    pub(crate) sounds: Ordered<Sound>,
    pub(crate) sound_by_id: Index<Sound>,
    /// By tenant, then 識別番号.
    pub(crate) lines: Ordered<Line>,
    pub(crate) line_by_id: Index<Line>,
    pub(crate) lines_in: Pairs<UserId, LineId>,
    pub(crate) lines_out: Pairs<UserId, LineId>,
    pub(crate) initial_lines_of: Pairs<UserId, LineId>,
    /// By tenant, then site.
    pub(crate) receptions: Ordered<Reception>,
    pub(crate) reception_by_site: Index<Reception>,
}

impl Snapshot {
    /// A snapshot without any tenant, revision 0.
    pub fn empty() -> Self {
        Snapshot::default()
    }

    /// The same content for a machine that answers to `names` (its host names), which then mean
    /// the default tenant as an address does.
    #[must_use]
    pub fn with_local_names(mut self, names: &[&str]) -> Self {
        self.local_names = names.iter().map(|n| Box::from(*n)).collect();
        self
    }

    /// The same content for the machine that `other` was made for.
    #[must_use]
    pub fn with_names_of(mut self, other: &Snapshot) -> Self {
        self.local_names = Arc::clone(&other.local_names);
        self
    }

    /// The same content with the revisions that a store kept for it.
    #[must_use]
    pub fn with_revisions(mut self, revision: Revision, tenants: &[(TenantId, Revision)]) -> Self {
        let mut touched = tenants.to_vec();
        touched.sort_unstable();
        self.revision = revision;
        self.touched = Arc::new(touched);
        self
    }

    /// Number of the last change.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Number of the last change in one tenant; 0 when it is unknown.
    pub fn tenant_revision(&self, tenant: TenantId) -> Revision {
        let found = self.touched.binary_search_by_key(&tenant, |(id, _)| *id);
        found.ok().and_then(|at| self.touched.get(at)).map_or(Revision(0), |(_, r)| *r)
    }

    /// A company.
    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        let all = self.tenants.all();
        let at = all.binary_search_by_key(&id, |t| t.id).ok()?;
        all.get(at).map(Arc::as_ref)
    }

    /// All companies, the first one made first.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.all().iter().map(Arc::as_ref)
    }

    /// The marked tenant, else the first one made.
    pub fn default_tenant(&self) -> Option<&Tenant> {
        self.tenants().find(|t| t.is_default).or_else(|| self.tenants().next())
    }

    /// The tenant that a host part names: a site's domain (case ignored); or, for an IP address,
    /// `localhost` or a name of this machine, the default tenant (product.md, What runs).
    pub fn tenant_of_domain(&self, host: &str) -> Option<&Tenant> {
        match self.site_of_domain(host) {
            Some(site) => self.tenant(site.tenant),
            None if self.is_local(host) => self.default_tenant(),
            None => None,
        }
    }

    /// The site with this domain, case ignored; addresses name no site.
    pub fn site_of_domain(&self, domain: &str) -> Option<&Site> {
        let same = |s: &Site| s.domain.eq_ignore_ascii_case(domain);
        self.site_by_domain.find(hash_text(0, domain), same).map(Arc::as_ref)
    }

    fn is_local(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<Ipv4Addr>().is_ok()
            || bare.parse::<Ipv6Addr>().is_ok()
            || self.local_names.iter().any(|n| n.eq_ignore_ascii_case(host))
    }

    /// A site.
    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.site_by_id.find(hash_of(&id), |s| s.id == id).map(Arc::as_ref)
    }

    /// The sites of a tenant, the first one made first.
    pub fn sites(&self, tenant: TenantId) -> impl Iterator<Item = &Site> {
        let from = self.sites.from(|s| s.tenant < tenant);
        from.iter().map(Arc::as_ref).take_while(move |s| s.tenant == tenant)
    }

    /// A terminal.
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.device_by_id.find(hash_of(&id), |d| d.id == id).map(Arc::as_ref)
    }

    /// The terminal with this SIP id, case ignored.
    pub fn device_by_sip_id(&self, tenant: TenantId, sip_id: &str) -> Option<&Device> {
        let same = |d: &Device| d.tenant == tenant && d.sip_id.eq_ignore_ascii_case(sip_id);
        self.device_by_sip.find(hash_text(tenant.0.0, sip_id), same).map(Arc::as_ref)
    }

    /// The terminals of a tenant in order of SIP id.
    pub fn devices(&self, tenant: TenantId) -> impl Iterator<Item = &Device> {
        let from = self.devices.from(|d| d.tenant < tenant);
        from.iter().map(Arc::as_ref).take_while(move |d| d.tenant == tenant)
    }

    /// The terminals that a person is logged in to, in the order they were made.
    pub fn devices_of(&self, user: UserId) -> &[DeviceId] {
        self.owned.of(user)
    }

    /// A person.
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.user_by_id.find(hash_of(&id), |u| u.id == id).map(Arc::as_ref)
    }

    /// The people of a tenant in order of extension: shorter numbers first, then by digits.
    pub fn users(&self, tenant: TenantId) -> impl Iterator<Item = &User> {
        let from = self.users.from(|u| u.tenant < tenant);
        from.iter().map(Arc::as_ref).take_while(move |u| u.tenant == tenant)
    }

    /// As [`Snapshot::users`], beginning with extension `first` (開始内線番号, R029).
    pub fn users_from(&self, tenant: TenantId, first: Dn) -> impl Iterator<Item = &User> {
        let from = self.users.from(|u| (u.tenant, u.dn) < (tenant, first));
        from.iter().map(Arc::as_ref).take_while(move |u| u.tenant == tenant)
    }

    /// The person with this portal name, case ignored; an empty name is nobody's.
    pub fn user_by_web_user(&self, tenant: TenantId, web_user: &str) -> Option<&User> {
        let same = |u: &User| u.tenant == tenant && u.web_user.eq_ignore_ascii_case(web_user);
        self.user_by_web.find(hash_text(tenant.0.0, web_user), same).map(Arc::as_ref)
    }

    /// The person with this extension.
    pub fn user_by_dn(&self, tenant: TenantId, dn: Dn) -> Option<&User> {
        let same = |u: &User| u.dn == dn && u.tenant == tenant;
        self.user_by_dn.find(hash_of(&(tenant, dn)), same).map(Arc::as_ref)
    }

    /// A mobile line of any tenant.
    pub fn mobile(&self, number: MobileNumber) -> Option<&MobileLine> {
        self.mobile_by_number.find(hash_of(&number), |m| m.number == number).map(Arc::as_ref)
    }

    /// The mobile lines of a tenant in order of number.
    pub fn mobiles(&self, tenant: TenantId) -> impl Iterator<Item = &MobileLine> {
        let from = self.mobiles.from(|m| m.tenant < tenant);
        from.iter().map(Arc::as_ref).take_while(move |m| m.tenant == tenant)
    }

    /// The mobile line bound to an extension.
    pub fn mobile_of_dn(&self, tenant: TenantId, dn: Dn) -> Option<&MobileLine> {
        let same = |m: &MobileLine| m.dn == Some(dn) && m.tenant == tenant;
        self.mobile_by_dn.find(hash_of(&(tenant, dn)), same).map(Arc::as_ref)
    }

    /// An administrator.
    pub fn admin(&self, id: AdminId) -> Option<&Admin> {
        self.admin_by_id.find(hash_of(&id), |a| a.id == id).map(Arc::as_ref)
    }

    /// The administrators of a tenant.
    pub fn admins(&self, tenant: TenantId) -> impl Iterator<Item = &Admin> {
        let from = self.admins.from(|a| a.tenant < tenant);
        from.iter().map(Arc::as_ref).take_while(move |a| a.tenant == tenant)
    }

    /// The administrator with this login, case ignored.
    pub fn admin_by_login(&self, tenant: TenantId, login: &str) -> Option<&Admin> {
        self.admins(tenant).find(|a| a.login.eq_ignore_ascii_case(login))
    }

    /// The puts that make this content from [`Snapshot::empty`]; owners before what they own.
    pub fn changes(&self) -> Vec<Change> {
        let mut out = Vec::new();
        fn add<T: Clone>(out: &mut Vec<Change>, list: &Ordered<T>, put: fn(T) -> Change) {
            out.extend(list.all().iter().map(|v| put((**v).clone())));
        }
        add(&mut out, &self.tenants, Change::TenantPut);
        add(&mut out, &self.sounds, Change::SoundPut);
        add(&mut out, &self.sites, Change::SitePut);
        add(&mut out, &self.departments, Change::DepartmentPut);
        add(&mut out, &self.users, Change::UserPut);
        add(&mut out, &self.virtuals, Change::VirtualDnPut);
        add(&mut out, &self.devices, Change::DevicePut);
        add(&mut out, &self.mobiles, Change::MobilePut);
        add(&mut out, &self.gateways, Change::GatewayPut);
        add(&mut out, &self.lines, Change::LinePut);
        add(&mut out, &self.receptions, Change::ReceptionPut);
        add(&mut out, &self.slots, Change::ParkSlotPut);
        add(&mut out, &self.hunts, Change::HuntPut);
        add(&mut out, &self.pickups, Change::PickupPut);
        add(&mut out, &self.settings, Change::DnSettingsPut);
        add(&mut out, &self.admins, Change::AdminPut);
        out
    }
}

/// Equal content; revisions and local names do not count.
impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(a: &Ordered<T>, b: &Ordered<T>) -> bool {
            a.all() == b.all()
        }
        same(&self.tenants, &other.tenants)
            && same(&self.sites, &other.sites)
            && same(&self.users, &other.users)
            && same(&self.devices, &other.devices)
            && same(&self.mobiles, &other.mobiles)
            && same(&self.admins, &other.admins)
            && same(&self.virtuals, &other.virtuals)
            && same(&self.departments, &other.departments)
            && same(&self.hunts, &other.hunts)
            && same(&self.pickups, &other.pickups)
            && same(&self.slots, &other.slots)
            && same(&self.gateways, &other.gateways)
            && same(&self.settings, &other.settings)
            && same(&self.sounds, &other.sounds)
            && same(&self.lines, &other.lines)
            && same(&self.receptions, &other.receptions)
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("revision", &self.revision.0)
            .field("tenants", &self.tenants.all().len())
            .field("users", &self.users.all().len())
            .field("devices", &self.devices.all().len())
            .finish_non_exhaustive()
    }
}
