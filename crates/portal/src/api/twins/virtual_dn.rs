//! Virtual numbers as JSON (R037).

use app::service::Problem;
use base::id::VirtualDnId;
use model::{Snapshot, VirtualDn};
use serde::{Deserialize, Serialize};

use super::{Reader, first_site};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

const SHAPE: &Shape = &Shape {
    name: "VirtualNumber",
    about: "A number without a terminal: it forwards, may be picked up for, has a mailbox. Its \
        forwards are those of the number.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        must("extension", Kind::Extension, "The number; nobody else's."),
        must("name", Kind::Text(1, 64), "Its name."),
        may("site", Kind::Id, "Where it belongs; default the first site."),
        may("web_user", Kind::Text(0, 16), "Name to sign in with; empty = none."),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct VirtualTwin {
    id: String,
    extension: String,
    name: String,
    site: String,
    web_user: String,
}

impl Twin for VirtualTwin {
    type Of = VirtualDn;
    const PATH: &'static str = "virtual-numbers";
    const SHAPE: &'static Shape = SHAPE;

    fn of(number: &VirtualDn, _: &Snapshot) -> Self {
        VirtualTwin {
            id: number.id.to_string(),
            extension: number.dn.text(),
            name: number.name.to_string(),
            site: number.site.to_string(),
            web_user: number.web_user.to_string(),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        Some(VirtualTwin {
            id: cx.id.to_string(),
            extension: Reader::any_dn()?.text(),
            name: String::new(),
            site: first_site(cx).to_string(),
            web_user: String::new(),
        })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&VirtualDn>) -> Result<VirtualDn, Vec<Problem>> {
        let mut reader = Reader::default();
        let number = VirtualDn {
            id: old.map_or(VirtualDnId(cx.id), |o| o.id),
            tenant: cx.tenant,
            site: reader.site(&self.site),
            dn: reader.dn("extension", &self.extension)?,
            name: self.name.into(),
            web_user: self.web_user.into(),
        };
        reader.end(number)
    }
}
