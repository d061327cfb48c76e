//! 携帯番号: the stock of contracted mobile numbers.

use base::id::TenantId;
use base::{Dn, MobileNumber, Wall};

/// One contracted mobile number. The number itself is the key, unique in the whole system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MobileLine {
    /// 携帯番号.
    pub number: MobileNumber,
    /// Whose.
    pub tenant: TenantId,
    /// Where it stands in its life.
    pub state: MobileState,
    /// The extension it belongs to; present exactly when 割当済, optional when 解約予定.
    pub dn: Option<Dn>,
    /// 申込日.
    pub requested_at: Option<Wall>,
    /// 反映日.
    pub activated_at: Option<Wall>,
    /// 解約日.
    pub cancelled_at: Option<Wall>,
}

/// Life of a mobile line (customer-control, group B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MobileState {
    /// 申込中: requested by the tenant.
    Requested,
    /// 反映中: registered by the operator, not usable yet.
    Activating,
    /// 未割当: usable, no extension.
    #[default]
    Unassigned,
    /// 割当済: bound to exactly one Dn.
    Assigned,
    /// 解約予定: calls as before until the date.
    Cancelling,
    /// 解約済: not usable, visible for at most 2 months (R023).
    Cancelled,
}

impl MobileState {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [MobileState; 6] = [
        MobileState::Requested,
        MobileState::Activating,
        MobileState::Unassigned,
        MobileState::Assigned,
        MobileState::Cancelling,
        MobileState::Cancelled,
    ];
}
