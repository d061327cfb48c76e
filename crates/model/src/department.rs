//! 所属: people who share a number that rings all of them, or pages them (R207, R208).

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use base::Dn;
use base::id::{DepartmentId, SiteId, TenantId, UserId};

use crate::box_limits::BoxLimits;
use crate::destination::{Destination, Forward};
use crate::paging::SiteStream;
use crate::toll::TollClass;

/// A department with its 所属共通内線番号.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Durable id.
    pub id: DepartmentId,
    /// Whose.
    pub tenant: TenantId,
    /// Whose policy counts for its forwards.
    pub site: SiteId,
    /// 所属名, 1–64 characters.
    pub name: Box<str>,
    /// 所属共通内線番号, unique in the tenant among numbers of all kinds.
    pub dn: Dn,
    /// マルチキャスト: calls are one-way pages; default off (R208).
    pub multicast: bool,
    /// Where pages are sent as one RTP stream, to terminals that listen there, at sites without an
    /// entry of their own: group and even port; default nowhere, all are called (R280).
    pub multicast_to: Option<SocketAddr>,
    /// Sites with another stream, or with none; each at most once.
    pub multicast_sites: Box<[SiteStream]>,
    /// ダイヤルタイムアウト in seconds: 5–600, default 360 (R207).
    pub ring_s: u16,
    /// The people, in order; at most 256, with `multicast` 2,000 (R276).
    pub members: Box<[UserId]>,
    /// 話中でも鳴らす; default off (R274).
    pub ring_busy: bool,
    /// 転送中でも鳴らす; default off (R274).
    pub ring_forwarded: bool,
    /// 放送できる人 of a department that pages; `None` = everybody of the tenant (R278).
    pub pagers: Option<Box<[UserId]>>,
    /// Longest page in seconds: 10–3,600, default 180.
    pub page_s: u16,
    /// 緊急放送: passes do not disturb and takes the place of other pages; default off (R279).
    pub emergency: bool,
    /// 無条件転送 (R273).
    pub all: Forward,
    /// あふれ先, when nobody answered (R273).
    pub overflow: Option<Destination>,
    /// Whether the department has a mailbox of its own; default off.
    pub voicemail: bool,
    /// How much that mailbox takes.
    pub limits: BoxLimits,
    /// 発信規制クラス of its forwards, and of members who have none of their own; default the
    /// company's.
    pub toll: Option<TollClass>,
}

impl Department {
    /// Seconds of `ring_s`.
    pub const RING_S: RangeInclusive<u16> = 5..=600;
    /// Seconds of `page_s`.
    pub const PAGE_S: RangeInclusive<u16> = 10..=3_600;
    /// Most members of a department that rings.
    pub const MEMBERS_MAX: usize = 256;
    /// Most members of a department that pages.
    pub const MULTICAST_MAX: usize = 2_000;

    /// A department without members and with every default.
    pub fn new(id: DepartmentId, tenant: TenantId, site: SiteId, name: &str, dn: Dn) -> Self {
        Department {
            id,
            tenant,
            site,
            name: name.into(),
            dn,
            multicast: false,
            multicast_to: None,
            multicast_sites: Box::default(),
            ring_s: 360,
            members: Box::default(),
            ring_busy: false,
            ring_forwarded: false,
            pagers: None,
            page_s: 180,
            emergency: false,
            all: Forward::default(),
            overflow: None,
            voicemail: false,
            limits: BoxLimits::default(),
            toll: None,
        }
    }

    /// Whether somebody may page (R278).
    pub fn may_page(&self, user: UserId) -> bool {
        self.pagers.as_ref().is_none_or(|list| list.contains(&user))
    }

    /// Most members that this one may have (R276).
    pub fn members_max(&self) -> usize {
        if self.multicast { Department::MULTICAST_MAX } else { Department::MEMBERS_MAX }
    }
}
