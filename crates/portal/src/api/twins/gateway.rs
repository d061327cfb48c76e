//! Gateways as JSON (R110).

use app::service::Problem;
use base::id::GatewayId;
use model::{Gateway, GatewayKind, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Reader, first_site, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

const KINDS: [(&str, GatewayKind); 2] = [("voip", GatewayKind::VoIp), ("sip", GatewayKind::Sip)];

const SHAPE: &Shape = &Shape {
    name: "Gateway",
    about: "A gateway of a site, reached by its prefix.",
    fields: &[
        told("id", Kind::Id, "Durable id, its key."),
        must("name", Kind::Text(1, 64), "Its name."),
        must("prefix", Kind::Text(1, 4), "0 alone, or 1 to 4 digits of which the first is 2-9."),
        may("site", Kind::Id, "Where it stands; default the first site."),
        may("kind", Kind::OneOf(&["voip", "sip"]), "What it is; default sip."),
        told("account", Kind::Null(&Kind::Text(1, 32)), "SIP id of its account; null = none yet."),
        may("channels", Kind::Number(0, 65_535), "Calls at once; default 0, none."),
        may(
            "holds_line",
            Kind::Flag,
            "The authority holds the line of an emergency call until it hangs up; default false.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct GatewayTwin {
    id: String,
    name: String,
    prefix: String,
    site: String,
    kind: String,
    account: Option<String>,
    channels: u16,
    holds_line: bool,
}

impl Twin for GatewayTwin {
    type Of = Gateway;
    const PATH: &'static str = "gateways";
    const SHAPE: &'static Shape = SHAPE;

    fn of(gateway: &Gateway, snapshot: &Snapshot) -> Self {
        let account = gateway.account.and_then(|id| snapshot.device(id));
        GatewayTwin {
            id: gateway.id.to_string(),
            name: gateway.name.to_string(),
            prefix: gateway.prefix.to_string(),
            site: gateway.site.to_string(),
            kind: word_of(&KINDS, &gateway.kind),
            account: account.map(|d| d.sip_id.to_string()),
            channels: gateway.channels,
            holds_line: gateway.holds_line,
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        Some(GatewayTwin {
            id: cx.id.to_string(),
            name: String::new(),
            prefix: String::new(),
            site: first_site(cx).to_string(),
            kind: word_of(&KINDS, &GatewayKind::default()),
            account: None,
            channels: 0,
            holds_line: false,
        })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&Gateway>) -> Result<Gateway, Vec<Problem>> {
        let mut reader = Reader::default();
        let gateway = Gateway {
            id: old.map_or(GatewayId(cx.id), |o| o.id),
            tenant: cx.tenant,
            site: reader.site(&self.site),
            name: self.name.into(),
            kind: reader.word(&KINDS, &self.kind),
            prefix: self.prefix.into(),
            channels: self.channels,
            account: old.and_then(|o| o.account),
            holds_line: self.holds_line,
        };
        reader.end(gateway)
    }
}
