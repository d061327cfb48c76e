//! Where pages go as RTP streams, and which terminals hear them there (R280).
//!
//! A department may have one group for everybody, and others of its own at single sites. A
//! terminal holds so many groups as it can: those of the departments of its user that were made
//! first. For the pages of the others it is called.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base::Uuid;
use base::id::{DepartmentId, SiteId};

use crate::{Department, Device, Snapshot};

/// What a department has at one site instead of the group for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteStream {
    /// Where the terminals stand.
    pub site: SiteId,
    /// Group and port; `None` = no stream, all terminals there are called.
    pub to: Option<SocketAddr>,
}

impl SiteStream {
    /// Most entries of one department.
    pub const MAX: usize = 1_000;
}

/// Whether pages may be sent there: an even port from 1,024 on, and a group of the block
/// 239.0.0.0/8, or a transient one of IPv6 whose scope is at most an organization
/// (scopes 2–5 and 8). No flow label, and no interface.
pub fn is_group(to: SocketAddr) -> bool {
    let port = to.port() >= 1_024 && to.port().is_multiple_of(2);
    port && match to {
        SocketAddr::V4(to) => is_local_v4(*to.ip()),
        SocketAddr::V6(to) => to.flowinfo() == 0 && to.scope_id() == 0 && is_local_v6(*to.ip()),
    }
}

fn is_local_v4(group: Ipv4Addr) -> bool {
    group.octets()[0] == 239
}

fn is_local_v6(group: Ipv6Addr) -> bool {
    let [first, flags_and_scope, ..] = group.octets();
    let is_transient = flags_and_scope & 0x10 != 0;
    first == 0xff && is_transient && matches!(flags_and_scope & 0x0f, 2..=5 | 8)
}

/// Whether a stream to the group can leave by an address of ours.
pub fn leaves_by(to: SocketAddr, local: IpAddr) -> bool {
    to.is_ipv4() == local.is_ipv4()
}

impl Department {
    /// Where its pages are sent at a site; `None` = nowhere, the terminals there are called.
    pub fn stream_at(&self, site: SiteId) -> Option<SocketAddr> {
        let own = self.multicast_sites.iter().find(|own| own.site == site);
        own.map_or(self.multicast_to, |own| own.to)
    }

    /// Whether it belongs to the site or has a stream there.
    pub fn is_of_site(&self, site: SiteId) -> bool {
        self.site == site || self.multicast_sites.iter().any(|own| own.site == site)
    }

    /// Every group it names, the one for all sites first.
    pub fn streams(&self) -> impl Iterator<Item = SocketAddr> {
        self.multicast_to.into_iter().chain(self.multicast_sites.iter().filter_map(|own| own.to))
    }

    /// A group that both have at one site, or for all the sites without one of their own: there
    /// the pages of one would be heard as the other's.
    pub fn shares_stream(&self, other: &Department) -> Option<SocketAddr> {
        let mine = self.multicast_to.filter(|to| Some(*to) == other.multicast_to);
        let own = |d: &Department| -> BTreeMap<SiteId, Option<SocketAddr>> {
            d.multicast_sites.iter().map(|own| (own.site, own.to)).collect()
        };
        let (ours, theirs) = (own(self), own(other));
        let mut sites = ours.keys().chain(theirs.keys());
        mine.or_else(|| {
            sites.find_map(|site| {
                let at = ours.get(site).copied().unwrap_or(self.multicast_to);
                at.filter(|_| at == theirs.get(site).copied().unwrap_or(other.multicast_to))
            })
        })
    }
}

impl Snapshot {
    /// The groups that a terminal holds, which its own configuration file must name: those of the
    /// departments of its user, the first one made first, so many as it can.
    pub fn streams_heard(
        &self,
        device: &Device,
    ) -> impl Iterator<Item = (DepartmentId, SocketAddr)> {
        let all = device.user.map_or(&[][..], |user| self.departments_of(user));
        let site = device.site;
        let pages = all.iter().filter_map(|id| self.department(*id)).filter(|d| d.multicast);
        let streams = pages.filter_map(move |d| Some((d.id, d.stream_at(site)?)));
        streams.take(usize::from(device.multicast_groups))
    }

    /// Where a terminal hears the pages of a department; `None` = it is called for them.
    pub fn stream_heard(&self, device: &Device, department: DepartmentId) -> Option<SocketAddr> {
        let mut heard = self.streams_heard(device);
        heard.find(|(of, _)| *of == department).map(|(_, to)| to)
    }
}

/// Own streams of sites as text: the site's id, `=`, and the group with its port or `none`;
/// entries parted by spaces.
pub fn text(streams: &[SiteStream]) -> String {
    let one = |own: &SiteStream| {
        let to = own.to.map_or_else(|| "none".to_owned(), |to| to.to_string());
        format!("{}={to}", own.site)
    };
    streams.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads what [`text`] wrote; at most [`SiteStream::MAX`] entries.
pub fn parse(text: &str) -> Option<Box<[SiteStream]>> {
    let one = |part: &str| {
        let (site, to) = part.split_once('=')?;
        let to = match to {
            "none" => None,
            group => Some(group.parse().ok()?),
        };
        Some(SiteStream { site: SiteId(Uuid::parse(site)?), to })
    };
    let out: Option<Vec<SiteStream>> = text.split_ascii_whitespace().map(one).collect();
    out.filter(|out| out.len() <= SiteStream::MAX).map(Into::into)
}
