//! Places where calls are parked (R075).

use base::Dn;
use base::id::{SiteId, TenantId};

/// A park slot. Its number is dialled to park or retrieve there (R293, R294).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkSlot {
    /// Whose.
    pub tenant: TenantId,
    /// The number; with `tenant` the key, unique in the tenant among numbers of all kinds.
    pub dn: Dn,
    /// The site whose people use it.
    pub site: SiteId,
}
