//! Mobile lines as JSON (R022, R221, R222).

use app::service::Problem;
use base::{MobileNumber, Wall};
use model::{MobileLine, MobileState, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Reader, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

const STATES: [(&str, MobileState); 6] = [
    ("requested", MobileState::Requested),
    ("activating", MobileState::Activating),
    ("unassigned", MobileState::Unassigned),
    ("assigned", MobileState::Assigned),
    ("cancelling", MobileState::Cancelling),
    ("cancelled", MobileState::Cancelled),
];
const STATE_WORDS: &[&str] =
    &["requested", "activating", "unassigned", "assigned", "cancelling", "cancelled"];

const SHAPE: &Shape = &Shape {
    name: "MobileLine",
    about: "A contracted mobile number. An administrator asks for one and gives usable ones to \
        extensions; the rest of its life is the operator's.",
    fields: &[
        must("number", Kind::Text(11, 11), "The mobile number, its key."),
        may(
            "state",
            Kind::OneOf(STATE_WORDS),
            "Default requested. Between unassigned and assigned it follows the extension.",
        ),
        may("extension", Kind::Null(&Kind::Extension), "Whose it is; null = nobody's."),
        told("requested_at", Kind::Null(&Kind::Time), "When it was asked for."),
        told("activated_at", Kind::Null(&Kind::Time), "Since when it is usable."),
        told("cancelled_at", Kind::Null(&Kind::Time), "When it ends, or ended."),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct MobileTwin {
    number: String,
    state: String,
    extension: Option<String>,
    requested_at: Option<String>,
    activated_at: Option<String>,
    cancelled_at: Option<String>,
}

impl Twin for MobileTwin {
    type Of = MobileLine;
    const PATH: &'static str = "mobile-lines";
    const SHAPE: &'static Shape = SHAPE;

    fn of(line: &MobileLine, _: &Snapshot) -> Self {
        let time = |at: Option<Wall>| at.map(crate::api::live::time);
        MobileTwin {
            number: line.number.to_string(),
            state: word_of(&STATES, &line.state),
            extension: line.dn.map(|dn| dn.text()),
            requested_at: time(line.requested_at),
            activated_at: time(line.activated_at),
            cancelled_at: time(line.cancelled_at),
        }
    }

    fn blank(_: &Cx<'_>) -> Option<Self> {
        Some(MobileTwin {
            number: String::new(),
            state: word_of(&STATES, &MobileState::Requested),
            extension: None,
            requested_at: None,
            activated_at: None,
            cancelled_at: None,
        })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&MobileLine>) -> Result<MobileLine, Vec<Problem>> {
        use MobileState::{Assigned, Cancelled, Cancelling, Requested, Unassigned};
        let mut reader = Reader::default();
        let number = MobileNumber::parse(&self.number)
            .map_err(|_| vec![Problem::new(214, "number", &self.number)])?;
        if old.is_some_and(|old| old.number != number) {
            reader.fail(Problem::new(212, "number", &self.number).saying("api-read-only"));
        }
        let dn = match &self.extension {
            Some(text) => Some(reader.dn("extension", text)?),
            None => None,
        };
        let wanted = reader.word(&STATES, &self.state);
        let state = match (wanted, dn) {
            (Unassigned, Some(_)) => Assigned,
            (Assigned, None) => Unassigned,
            (other, _) => other,
        };
        let past = old.map(|o| o.state);
        let at = |kept: Option<Wall>, begins: bool| kept.or(begins.then_some(cx.now));
        let usable = matches!(state, Unassigned | Assigned);
        let ends = matches!(state, Cancelling | Cancelled);
        reader.end(MobileLine {
            number,
            tenant: cx.tenant,
            state,
            dn,
            requested_at: at(
                old.and_then(|o| o.requested_at),
                past.is_none() && state == Requested,
            ),
            activated_at: at(old.and_then(|o| o.activated_at), usable),
            cancelled_at: at(old.and_then(|o| o.cancelled_at), ends),
        })
    }
}
