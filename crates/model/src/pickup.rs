//! ピックアップグループ: who may answer whose ringing calls (R070–R074).

use std::ops::RangeInclusive;

use base::Dn;
use base::id::TenantId;

/// A pickup group; an extension may be in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickupGroup {
    /// Whose.
    pub tenant: TenantId,
    /// ピックアップグループ番号: 1–4096; with `tenant` the key.
    pub number: u16,
    /// Name, 0–64 characters.
    pub name: Box<str>,
    /// Extensions of users and virtual numbers, at most 64.
    pub members: Box<[Dn]>,
}

impl PickupGroup {
    /// Values of `number` (R072).
    pub const NUMBERS: RangeInclusive<u16> = 1..=4_096;
    /// Most members (R072).
    pub const MEMBERS_MAX: usize = 64;
}
