//! The lines of people as JSON (R211).

use app::service::Problem;
use app::service::user_lines::UserLines;
use base::id::LineId;
use model::Snapshot;
use serde::{Deserialize, Serialize};

use super::Reader;
use super::line::by_code;
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, told};

const SHAPE: &Shape = &Shape {
    name: "UserLines",
    about: "The lines of a person, by their codes: what the lists of the lines say of one person.",
    fields: &[
        told("extension", Kind::Extension, "Number of the person, the key."),
        told("name", Kind::Text(0, 64), "Name of the person."),
        may(
            "initial",
            Kind::Null(&Kind::Extension),
            "Line for calls that choose none; null = the common one. May be called out on as well.",
        ),
        may("receive", Kind::List(&Kind::Extension, 10_000), "Lines that may ring the person."),
        may("call", Kind::List(&Kind::Extension, 10_000), "Lines that the person may call out on."),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct UserLinesTwin {
    extension: String,
    name: String,
    initial: Option<String>,
    receive: Vec<String>,
    call: Vec<String>,
}

impl Twin for UserLinesTwin {
    type Of = UserLines;
    const PATH: &'static str = "user-lines";
    const SHAPE: &'static Shape = SHAPE;

    fn of(lines: &UserLines, snapshot: &Snapshot) -> Self {
        let code = |id: &LineId| snapshot.line(*id).map(|l| l.code.text());
        UserLinesTwin {
            extension: lines.dn.text(),
            name: snapshot.user(lines.user).map(|u| u.name.to_string()).unwrap_or_default(),
            initial: lines.initial.as_ref().and_then(code),
            receive: lines.receive.iter().filter_map(code).collect(),
            call: lines.call.iter().filter_map(code).collect(),
        }
    }

    /// The person comes from the address.
    fn blank(_: &Cx<'_>) -> Option<Self> {
        Some(UserLinesTwin {
            extension: Reader::any_dn()?.text(),
            name: String::new(),
            initial: None,
            receive: Vec::new(),
            call: Vec::new(),
        })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&UserLines>) -> Result<UserLines, Vec<Problem>> {
        let mut reader = Reader::default();
        let dn = reader.dn("extension", &self.extension)?;
        let user = match old {
            Some(old) => Some((old.user, old.dn)),
            None => cx.snapshot.user_by_dn(cx.tenant, dn).map(|u| (u.id, u.dn)),
        };
        let missing = || vec![Problem::new(238, "extension", &self.extension)];
        let (user, dn) = user.ok_or_else(missing)?;
        let mut lines = |field: &str, codes: &[String]| {
            let one = |(at, code): (usize, &String)| {
                by_code(cx, &mut reader, &format!("{field}.{at}"), code)
            };
            codes.iter().enumerate().filter_map(one).collect::<Vec<LineId>>()
        };
        let (receive, mut call) = (lines("receive", &self.receive), lines("call", &self.call));
        let initial = self.initial.as_deref();
        let initial = initial.and_then(|code| by_code(cx, &mut reader, "initial", code));
        call.extend(initial.filter(|id| !call.contains(id)));
        reader.end(UserLines { tenant: cx.tenant, user, dn, initial, receive, call })
    }
}
