//! People as JSON: what calls need of them (R202, R209, R241).

use app::service::Problem;
use app::service::user::RING_TIME_S;
use base::id::UserId;
use model::{Snapshot, User, UserState};
use serde::{Deserialize, Serialize};

use super::{Reader, department_texts, first_site, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

const STATES: [(&str, UserState); 2] =
    [("active", UserState::Active), ("stopped", UserState::Stopped)];

const SHAPE: &Shape = &Shape {
    name: "User",
    about: "A person. Removed only when stopped, or by force.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        must(
            "extension",
            Kind::Extension,
            "The person's number; memberships and settings go with it.",
        ),
        must("name", Kind::Text(1, 64), "Name."),
        may("reading", Kind::Text(0, 64), "Reading of the name."),
        may("site", Kind::Id, "Where the person works; default the first site."),
        may("web_user", Kind::Text(0, 16), "Name to sign in with; empty = none."),
        may(
            "state",
            Kind::OneOf(&["active", "stopped"]),
            "stopped: keeps the number; calls to it are answered as to a number nobody has, the \
             terminals are unused until the person is active again.",
        ),
        may("ring_time_s", Kind::Number(5, 600), "Seconds that calls ring; default 60."),
        may(
            "pickup_departments",
            Kind::List(&Kind::Extension, 1_000),
            "Extensions of departments whose ringing calls the person may answer.",
        ),
        told("departments", Kind::List(&Kind::Extension, 10_000), "Member of these departments."),
        told("hunting_group", Kind::Null(&Kind::Number(1, 10_000)), "Member of this group."),
        told("pickup_groups", Kind::List(&Kind::Number(1, 4_096), 4_096), "Member of these."),
        told("mobile", Kind::Null(&Kind::Text(11, 11)), "Mobile number."),
        told("devices", Kind::List(&Kind::Text(1, 32), 1_000), "SIP ids of the terminals."),
        told(
            "former_devices",
            Kind::List(&Kind::Text(1, 32), 1_000),
            "While stopped: terminals that come back. After that: those that did not, because \
             somebody else uses them.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct UserTwin {
    id: String,
    extension: String,
    name: String,
    reading: String,
    site: String,
    web_user: String,
    state: String,
    ring_time_s: u16,
    pickup_departments: Vec<String>,
    departments: Vec<String>,
    hunting_group: Option<u16>,
    pickup_groups: Vec<u16>,
    mobile: Option<String>,
    devices: Vec<String>,
    former_devices: Vec<String>,
}

impl Twin for UserTwin {
    type Of = User;
    const PATH: &'static str = "users";
    const SHAPE: &'static Shape = SHAPE;

    fn of(user: &User, snapshot: &Snapshot) -> Self {
        let (tenant, dn) = (user.tenant, user.dn);
        let devices = snapshot.devices_of(user.id).iter().filter_map(|id| snapshot.device(*id));
        let former = user.former_devices.iter().filter_map(|id| snapshot.device(*id));
        UserTwin {
            id: user.id.to_string(),
            extension: dn.text(),
            name: user.name.to_string(),
            reading: user.furigana.to_string(),
            site: user.site.to_string(),
            web_user: user.web_user.to_string(),
            state: word_of(&STATES, &user.state),
            ring_time_s: user.ring_time_s,
            pickup_departments: department_texts(&user.pickup_departments, snapshot),
            departments: department_texts(snapshot.departments_of(user.id), snapshot),
            hunting_group: snapshot.hunt_of_member(tenant, dn),
            pickup_groups: snapshot.pickup_groups_of(tenant, dn).to_vec(),
            mobile: snapshot.mobile_of_dn(tenant, dn).map(|m| m.number.to_string()),
            devices: devices.map(|d| d.sip_id.to_string()).collect(),
            former_devices: former.map(|d| d.sip_id.to_string()).collect(),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        Some(UserTwin {
            id: cx.id.to_string(),
            extension: Reader::any_dn()?.text(),
            name: String::new(),
            reading: String::new(),
            site: first_site(cx).to_string(),
            web_user: String::new(),
            state: word_of(&STATES, &UserState::Active),
            ring_time_s: base::limits::RING_TIME.as_seconds() as u16,
            pickup_departments: Vec::new(),
            departments: Vec::new(),
            hunting_group: None,
            pickup_groups: Vec::new(),
            mobile: None,
            devices: Vec::new(),
            former_devices: Vec::new(),
        })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&User>) -> Result<User, Vec<Problem>> {
        let mut reader = Reader::default();
        let mut departments = Vec::with_capacity(self.pickup_departments.len());
        for (at, text) in self.pickup_departments.iter().enumerate() {
            let field = format!("pickup_departments.{at}");
            match cx.snapshot.department_by_dn(cx.tenant, reader.dn(&field, text)?) {
                Some(department) => departments.push(department.id),
                None => reader.fail(Problem::new(241, &field, text)),
            }
        }
        if !RING_TIME_S.contains(&self.ring_time_s) {
            let range = format!("{}-{}", RING_TIME_S.start(), RING_TIME_S.end());
            let problem = Problem::new(212, "ring_time_s", &self.ring_time_s.to_string());
            reader.fail(problem.saying("api-range").with("", &range, None));
        }
        let mut user = User {
            id: old.map_or(UserId(cx.id), |o| o.id),
            tenant: cx.tenant,
            site: reader.site(&self.site),
            name: self.name.into(),
            furigana: self.reading.into(),
            dn: reader.dn("extension", &self.extension)?,
            web_user: self.web_user.into(),
            state: reader.word(&STATES, &self.state),
            ring_time_s: self.ring_time_s,
            pickup_departments: departments.into(),
            former_devices: old.map(|o| o.former_devices.clone()).unwrap_or_default(),
            created_at: old.map_or(cx.now, |o| o.created_at),
            updated_at: old.map_or(cx.now, |o| o.updated_at),
        };
        if old.is_none_or(|old| *old != user) {
            user.updated_at = cx.now;
        }
        reader.end(user)
    }
}
