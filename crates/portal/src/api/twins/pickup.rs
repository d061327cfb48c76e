//! Pickup groups as JSON (R070–R074).

use app::service::Problem;
use model::{PickupGroup, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Reader, dn_texts};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must};

const SHAPE: &Shape = &Shape {
    name: "PickupGroup",
    about: "Who may answer whose ringing calls.",
    fields: &[
        must("number", Kind::Number(1, 4_096), "Number of the group, its key."),
        may("name", Kind::Text(0, 64), "Its name."),
        may(
            "members",
            Kind::List(&Kind::Extension, 64),
            "Extensions of people and virtual numbers; each may be in several groups.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct PickupTwin {
    number: u16,
    name: String,
    members: Vec<String>,
}

impl Twin for PickupTwin {
    type Of = PickupGroup;
    const PATH: &'static str = "pickup-groups";
    const SHAPE: &'static Shape = SHAPE;

    fn of(group: &PickupGroup, _: &Snapshot) -> Self {
        PickupTwin {
            number: group.number,
            name: group.name.to_string(),
            members: dn_texts(&group.members),
        }
    }

    fn blank(_: &Cx<'_>) -> Option<Self> {
        Some(PickupTwin { number: 0, name: String::new(), members: Vec::new() })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&PickupGroup>) -> Result<PickupGroup, Vec<Problem>> {
        let mut reader = Reader::default();
        if let Some(old) = old {
            reader.same_number(old.number, self.number);
        }
        let members = reader.dns("members", &self.members)?;
        let name = self.name.into();
        reader.end(PickupGroup { tenant: cx.tenant, number: self.number, name, members })
    }
}
