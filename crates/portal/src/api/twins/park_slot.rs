//! Park slots as JSON (R075).

use app::service::Problem;
use model::{ParkSlot, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Reader, first_site};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must};

const SHAPE: &Shape = &Shape {
    name: "ParkSlot",
    about: "A place where a call is parked.",
    fields: &[
        must("extension", Kind::Extension, "Dialled to park or retrieve there; its key."),
        may("site", Kind::Id, "Whose people use it; default the first site."),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct ParkSlotTwin {
    extension: String,
    site: String,
}

impl Twin for ParkSlotTwin {
    type Of = ParkSlot;
    const PATH: &'static str = "park-slots";
    const SHAPE: &'static Shape = SHAPE;

    fn of(slot: &ParkSlot, _: &Snapshot) -> Self {
        ParkSlotTwin { extension: slot.dn.text(), site: slot.site.to_string() }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        let site = first_site(cx).to_string();
        Some(ParkSlotTwin { extension: Reader::any_dn()?.text(), site })
    }

    fn object(self, cx: &Cx<'_>, _: Option<&ParkSlot>) -> Result<ParkSlot, Vec<Problem>> {
        let mut reader = Reader::default();
        let dn = reader.dn("extension", &self.extension)?;
        let site = reader.site(&self.site);
        reader.end(ParkSlot { tenant: cx.tenant, dn, site })
    }
}
