//! Departments as JSON (R207–R209, R273–R276). People are named by their extensions.

use std::net::SocketAddr;

use app::service::Problem;
use base::Uuid;
use base::id::{DepartmentId, SiteId, UserId};
use model::{BoxLimits, Department, SiteStream, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Reader, TOLLS, destination_text, first_site, toll_text};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

/// A group and a port; one of IPv6 in brackets.
const GROUP: Kind = Kind::Text(14, 47);

const STREAM: &Shape = &Shape {
    name: "SiteStream",
    about: "Where pages are sent at one site.",
    fields: &[
        must("site", Kind::Id, "Where the terminals stand; each site at most once."),
        may(
            "to",
            Kind::Null(&GROUP),
            "Group and port; null, the default, = no stream, the terminals there are called.",
        ),
    ],
};

/// An entry of `multicast_sites` as JSON.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct StreamTwin {
    site: String,
    to: Option<String>,
}

const SHAPE: &Shape = &Shape {
    name: "Department",
    about: "People who share a number that rings all of them, or pages them.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        must("extension", Kind::Extension, "The common number; nobody else's."),
        must("name", Kind::Text(1, 64), "Its name."),
        may("site", Kind::Id, "Whose rules for outside numbers count; default the first site."),
        may("multicast", Kind::Flag, "Calls are one-way pages; default false."),
        may(
            "multicast_to",
            Kind::Null(&GROUP),
            "Where pages are sent as one RTP stream, to sites without an entry in \
             multicast_sites: a group of 239.0.0.0/8 or, in brackets, a transient one of IPv6 \
             (ff12, ff13, ff14, ff15, ff18), a colon, an even port from 1024 on; null, the \
             default, = nowhere, all terminals there are called.",
        ),
        may(
            "multicast_sites",
            Kind::List(&Kind::Object(STREAM), SiteStream::MAX as u32),
            "Sites with another stream, or with none; default none.",
        ),
        may("ring_s", Kind::Number(5, 600), "Seconds of ringing; default 360."),
        may(
            "members",
            Kind::List(&Kind::Extension, 2_000),
            "Extensions of people; at most 256, with multicast 2,000.",
        ),
        may("ring_busy", Kind::Flag, "Ring members who talk; default false."),
        may("ring_forwarded", Kind::Flag, "Ring members who forward; default false."),
        may(
            "pagers",
            Kind::Null(&Kind::List(&Kind::Extension, 2_000)),
            "Who may page: extensions of people; null, the default, lets everybody.",
        ),
        may("page_s", Kind::Number(10, 3_600), "Longest page in seconds; default 180."),
        may(
            "emergency",
            Kind::Flag,
            "Pages pass do not disturb and take the place of others; default false.",
        ),
        may("forward_all", Kind::Null(&Kind::Destination), "Unconditional forward."),
        may("overflow", Kind::Null(&Kind::Destination), "Where calls go that nobody answered."),
        may("voicemail", Kind::Flag, "Whether the department has a mailbox; default false."),
        may("record_s", Kind::Number(10, 600), "Longest message in seconds; default 180."),
        may("messages_max", Kind::Number(1, 1_000), "Most messages; default 100."),
        may("keep_days", Kind::Number(1, 400), "Days that a message is kept; default 90."),
        may(
            "toll_class",
            Kind::Null(&Kind::OneOf(TOLLS)),
            "Numbers outside that its forwards may lead to, and that members may call who have no \
             class of their own; null, the default, = the company's.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct DepartmentTwin {
    id: String,
    extension: String,
    name: String,
    site: String,
    multicast: bool,
    multicast_to: Option<String>,
    multicast_sites: Vec<StreamTwin>,
    ring_s: u16,
    members: Vec<String>,
    ring_busy: bool,
    ring_forwarded: bool,
    pagers: Option<Vec<String>>,
    page_s: u16,
    emergency: bool,
    forward_all: Option<String>,
    overflow: Option<String>,
    voicemail: bool,
    record_s: u16,
    messages_max: u16,
    keep_days: u16,
    toll_class: Option<String>,
}

impl Twin for DepartmentTwin {
    type Of = Department;
    const PATH: &'static str = "departments";
    const SHAPE: &'static Shape = SHAPE;

    fn of(department: &Department, snapshot: &Snapshot) -> Self {
        let numbers = |ids: &[UserId]| {
            let users = ids.iter().filter_map(|id| snapshot.user(*id));
            users.map(|u| u.dn.text()).collect::<Vec<String>>()
        };
        DepartmentTwin {
            id: department.id.to_string(),
            extension: department.dn.text(),
            name: department.name.to_string(),
            site: department.site.to_string(),
            multicast: department.multicast,
            multicast_to: department.multicast_to.map(|at| at.to_string()),
            multicast_sites: streams_of(department),
            ring_s: department.ring_s,
            members: numbers(&department.members),
            ring_busy: department.ring_busy,
            ring_forwarded: department.ring_forwarded,
            pagers: department.pagers.as_deref().map(numbers),
            page_s: department.page_s,
            emergency: department.emergency,
            forward_all: destination_text(department.all.to.as_ref()),
            overflow: destination_text(department.overflow.as_ref()),
            voicemail: department.voicemail,
            record_s: department.limits.record_s,
            messages_max: department.limits.messages_max,
            keep_days: department.limits.keep_days,
            toll_class: toll_text(department.toll),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        let (id, site, dn) = (DepartmentId(cx.id), first_site(cx), Reader::any_dn()?);
        Some(DepartmentTwin::of(&Department::new(id, cx.tenant, site, "", dn), cx.snapshot))
    }

    fn object(self, cx: &Cx<'_>, old: Option<&Department>) -> Result<Department, Vec<Problem>> {
        let mut reader = Reader::default();
        let members = people(cx, &mut reader, ("members", &self.members))?;
        let pagers = match &self.pagers {
            Some(list) => Some(people(cx, &mut reader, ("pagers", list))?.into()),
            None => None,
        };
        let multicast_to = group(&mut reader, "multicast_to", self.multicast_to.as_deref());
        let multicast_sites = streams(&mut reader, &self.multicast_sites);
        let department = Department {
            id: old.map_or(DepartmentId(cx.id), |o| o.id),
            tenant: cx.tenant,
            site: reader.site(&self.site),
            name: self.name.into(),
            dn: reader.dn("extension", &self.extension)?,
            multicast: self.multicast,
            multicast_to,
            multicast_sites,
            ring_s: self.ring_s,
            members: members.into(),
            ring_busy: self.ring_busy,
            ring_forwarded: self.ring_forwarded,
            pagers,
            page_s: self.page_s,
            emergency: self.emergency,
            all: reader.forward("forward_all", self.forward_all.as_deref(), old.map(|o| &o.all)),
            overflow: reader.destination("overflow", self.overflow.as_deref()),
            voicemail: self.voicemail,
            limits: BoxLimits {
                record_s: self.record_s,
                messages_max: self.messages_max,
                keep_days: self.keep_days,
            },
            toll: reader.toll(self.toll_class.as_deref()),
        };
        reader.end(department)
    }
}

/// The own streams of sites.
fn streams_of(department: &Department) -> Vec<StreamTwin> {
    let one = |own: &SiteStream| StreamTwin {
        site: own.site.to_string(),
        to: own.to.map(|to| to.to_string()),
    };
    department.multicast_sites.iter().map(one).collect()
}

/// A group with its port.
fn group(reader: &mut Reader, field: &str, text: Option<&str>) -> Option<SocketAddr> {
    let text = text?;
    let group = text.parse().ok();
    if group.is_none() {
        reader.fail(Problem::new(212, field, text));
    }
    group
}

/// The own streams of sites of these entries.
fn streams(reader: &mut Reader, entries: &[StreamTwin]) -> Box<[SiteStream]> {
    let mut all = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let field = |name: &str| format!("multicast_sites.{at}.{name}");
        let to = group(reader, &field("to"), entry.to.as_deref());
        match Uuid::parse(&entry.site) {
            Some(site) => all.push(SiteStream { site: SiteId(site), to }),
            None => reader.fail(Problem::new(238, &field("site"), &entry.site)),
        }
    }
    all.into()
}

/// The people of these extensions.
pub(super) fn people(
    cx: &Cx<'_>,
    reader: &mut Reader,
    (field, list): (&str, &[String]),
) -> Result<Vec<UserId>, Vec<Problem>> {
    let mut people = Vec::with_capacity(list.len());
    for (at, text) in list.iter().enumerate() {
        let field = format!("{field}.{at}");
        match cx.snapshot.user_by_dn(cx.tenant, reader.dn(&field, text)?) {
            Some(user) => people.push(user.id),
            None => reader.fail(Problem::new(238, &field, text)),
        }
    }
    Ok(people)
}
