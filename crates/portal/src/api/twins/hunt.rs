//! Hunting groups as JSON (R090–R093).

use app::service::Problem;
use model::{BoxLimits, HuntGroup, HuntMethod, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Reader, TOLLS, destination_text, dn_texts, first_site, toll_text, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must};

const METHODS: [(&str, HuntMethod); 2] =
    [("round-robin", HuntMethod::RoundRobin), ("priority", HuntMethod::Priority)];

const SHAPE: &Shape = &Shape {
    name: "HuntingGroup",
    about: "Calls to the pilot go to one free member at a time.",
    fields: &[
        must("number", Kind::Number(1, 10_000), "Number of the group, its key."),
        may("name", Kind::Text(0, 64), "Shown beside the caller while a member rings."),
        may("site", Kind::Id, "Whose rules for outside numbers count; default the first site."),
        may(
            "method",
            Kind::OneOf(&["round-robin", "priority"]),
            "Begins after the member offered last, or always at the first; default round-robin.",
        ),
        must("pilot", Kind::Extension, "The number that is dialled; nobody else's."),
        may(
            "members",
            Kind::List(&Kind::Extension, 64),
            "Extensions of people, in order; each in one group only.",
        ),
        may("ring_s", Kind::Number(5, 120), "Seconds that one member rings; default 20."),
        may("limit_s", Kind::Number(20, 600), "Seconds of the whole hunt; default 120."),
        may("rounds", Kind::Number(1, 5), "How often each member is tried; default 1."),
        may("follow_all", Kind::Flag, "Follow a member's unconditional forward; default false."),
        may("forward_all", Kind::Null(&Kind::Destination), "Unconditional forward of the pilot."),
        may("overflow", Kind::Null(&Kind::Destination), "Where calls go that nobody answered."),
        may("voicemail", Kind::Flag, "Whether the group has a mailbox; default false."),
        may("record_s", Kind::Number(10, 600), "Longest message in seconds; default 180."),
        may("messages_max", Kind::Number(1, 1_000), "Most messages; default 100."),
        may("keep_days", Kind::Number(1, 400), "Days that a message is kept; default 90."),
        may(
            "toll_class",
            Kind::Null(&Kind::OneOf(TOLLS)),
            "Numbers outside that its forward and overflow may lead to; null, the default, = the \
             company's.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct HuntTwin {
    number: u16,
    name: String,
    site: String,
    method: String,
    pilot: String,
    members: Vec<String>,
    ring_s: u16,
    limit_s: u16,
    rounds: u16,
    follow_all: bool,
    forward_all: Option<String>,
    overflow: Option<String>,
    voicemail: bool,
    record_s: u16,
    messages_max: u16,
    keep_days: u16,
    toll_class: Option<String>,
}

impl Twin for HuntTwin {
    type Of = HuntGroup;
    const PATH: &'static str = "hunting-groups";
    const SHAPE: &'static Shape = SHAPE;

    fn of(group: &HuntGroup, _: &Snapshot) -> Self {
        HuntTwin {
            number: group.number,
            name: group.name.to_string(),
            site: group.site.to_string(),
            method: word_of(&METHODS, &group.method),
            pilot: group.pilot.text(),
            members: dn_texts(&group.members),
            ring_s: group.ring_s,
            limit_s: group.limit_s,
            rounds: group.rounds.into(),
            follow_all: group.follow_all,
            forward_all: destination_text(group.all.to.as_ref()),
            overflow: destination_text(group.overflow.as_ref()),
            voicemail: group.voicemail,
            record_s: group.limits.record_s,
            messages_max: group.limits.messages_max,
            keep_days: group.limits.keep_days,
            toll_class: toll_text(group.toll),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        let group = HuntGroup::new(cx.tenant, 0, first_site(cx), Reader::any_dn()?);
        Some(HuntTwin::of(&group, cx.snapshot))
    }

    fn object(self, cx: &Cx<'_>, old: Option<&HuntGroup>) -> Result<HuntGroup, Vec<Problem>> {
        let mut reader = Reader::default();
        if let Some(old) = old {
            reader.same_number(old.number, self.number);
        }
        let group = HuntGroup {
            tenant: cx.tenant,
            number: self.number,
            name: self.name.into(),
            site: reader.site(&self.site),
            method: reader.word(&METHODS, &self.method),
            pilot: reader.dn("pilot", &self.pilot)?,
            members: reader.dns("members", &self.members)?,
            ring_s: self.ring_s,
            limit_s: self.limit_s,
            rounds: u8::try_from(self.rounds).unwrap_or(u8::MAX),
            follow_all: self.follow_all,
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
        reader.end(group)
    }
}
