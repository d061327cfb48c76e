//! Who may sign in to the administrator portal.

use base::id::{AdminId, SiteId, TenantId};

/// An administrator of a tenant or of one of its sites. The password is kept by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Durable id.
    pub id: AdminId,
    /// Whose.
    pub tenant: TenantId,
    /// The one site, or `None` for the whole tenant.
    pub site: Option<SiteId>,
    /// 管理者ユーザー名: 1–32 visible ASCII characters, unique in the tenant, case ignored.
    pub login: Box<str>,
    /// Whether signing in is allowed.
    pub state: AdminState,
}

/// Whether an administrator may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AdminState {
    /// May sign in.
    #[default]
    Active,
    /// Answered like an unknown name.
    Stopped,
}

impl AdminState {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [AdminState; 2] = [AdminState::Active, AdminState::Stopped];
}
