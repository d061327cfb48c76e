//! コールハンティンググループ: calls to a pilot go to one free member at a time (R090–R093).

use std::ops::RangeInclusive;

use base::Dn;
use base::id::{SiteId, TenantId};

use crate::box_limits::BoxLimits;
use crate::destination::{Destination, Forward};
use crate::toll::TollClass;

/// コールハンティング種別.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum HuntMethod {
    /// 均等着信方式: begins after the member that was offered last.
    #[default]
    RoundRobin,
    /// パイロット方式: always begins at the first member.
    Priority,
}

impl HuntMethod {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [HuntMethod; 2] = [HuntMethod::RoundRobin, HuntMethod::Priority];
}

/// A hunting group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntGroup {
    /// Whose.
    pub tenant: TenantId,
    /// コールハンティンググループ番号: 1–10,000; with `tenant` the key.
    pub number: u16,
    /// Name, 0–64 characters; shown as 「代表: name」.
    pub name: Box<str>,
    /// Whose policy and codes count for its forwards.
    pub site: SiteId,
    /// How the next member is chosen; default 均等着信方式.
    pub method: HuntMethod,
    /// 代表内線番号, unique in the tenant among numbers of all kinds.
    pub pilot: Dn,
    /// Extensions of users, at most 64, in order of priority; each in one group only (R091).
    pub members: Box<[Dn]>,
    /// Seconds that one member rings: 5–120, default 20.
    pub ring_s: u16,
    /// Seconds of the whole hunt: 20–600, default 120.
    pub limit_s: u16,
    /// 周回数: how often each member is tried: 1–5, default 1.
    pub rounds: u8,
    /// 「CFA に従う」: a member's 無条件転送 rings in his place; default off (R270).
    pub follow_all: bool,
    /// 無条件転送 of the pilot (R273).
    pub all: Forward,
    /// あふれ先, when nobody answered (R273).
    pub overflow: Option<Destination>,
    /// Whether the group has a mailbox of its own; default off.
    pub voicemail: bool,
    /// How much that mailbox takes.
    pub limits: BoxLimits,
    /// The class by which its forwards and overflow call outside; `None` = the company's (J60).
    pub toll: Option<TollClass>,
}

impl HuntGroup {
    /// Values of `number`.
    pub const NUMBERS: RangeInclusive<u16> = 1..=10_000;
    /// Most members.
    pub const MEMBERS_MAX: usize = 64;
    /// Seconds of `ring_s`.
    pub const RING_S: RangeInclusive<u16> = 5..=120;
    /// Seconds of `limit_s`.
    pub const LIMIT_S: RangeInclusive<u16> = 20..=600;
    /// Values of `rounds`.
    pub const ROUNDS: RangeInclusive<u8> = 1..=5;

    /// A group without members and with every default.
    pub fn new(tenant: TenantId, number: u16, site: SiteId, pilot: Dn) -> Self {
        HuntGroup {
            tenant,
            number,
            name: Box::default(),
            site,
            method: HuntMethod::RoundRobin,
            pilot,
            members: Box::default(),
            ring_s: 20,
            limit_s: 120,
            rounds: 1,
            follow_all: false,
            all: Forward::default(),
            overflow: None,
            voicemail: false,
            limits: BoxLimits::default(),
            toll: None,
        }
    }
}
