//! 仮想内線番号プロフィール: a number that only receives (R037).

use base::Dn;
use base::id::{SiteId, TenantId, VirtualDnId};

/// An extension number bound to no terminal. It forwards, may be picked up for and has a mailbox;
/// it is no member of a hunting group and counts against the quota (R030).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualDn {
    /// Durable id.
    pub id: VirtualDnId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it belongs.
    pub site: SiteId,
    /// 内線番号, unique in the tenant among numbers of all kinds.
    pub dn: Dn,
    /// Name, 1–64 characters.
    pub name: Box<str>,
    /// Webカスコンユーザー名: 1–16 letters and digits, unique in the tenant among users and virtual
    /// numbers, case ignored (R026); empty = no portal login.
    pub web_user: Box<str>,
}
