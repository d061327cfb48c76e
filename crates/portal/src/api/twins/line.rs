//! Lines as JSON (R231, R232, R300–R303).

use app::service::{Key, Problem, line};
use base::Dn;
use base::id::{GatewayId, LineId, UserId};
use model::{Inbound, Line, LineTarget, Receive, Snapshot};
use serde::{Deserialize, Serialize};

use super::department::people;
use super::{Reader, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

const RECEIVE: [(&str, Receive); 2] =
    [("everyone", Receive::Everyone), ("registered", Receive::Registered)];

/// Seconds that registered people ring when nothing is said.
const RING_S: u16 = 120;

const RULE: &Shape = &Shape {
    name: "LineRule",
    about: "Where calls of a line go.",
    fields: &[
        may(
            "to",
            Kind::Text(1, 49),
            "\"registered\": the receivers ring together; an extension; \"announcement\" for the \
             standard sentence, or \"announcement:\" with the id of a sound.",
        ),
        may("ring_s", Kind::Number(5, 600), "Seconds that the receivers ring; default 120."),
        may(
            "overflow",
            Kind::Null(&Kind::Text(1, 49)),
            "Where calls go that no receiver took: an extension or an announcement.",
        ),
    ],
};

const SHAPE: &Shape = &Shape {
    name: "Line",
    about: "A number of the public network: who may use it, and where its calls go.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        must("code", Kind::Extension, "1 to 6 digits by which it is selected; its key."),
        may("name", Kind::Text(1, 64), "Its name; default its number."),
        must("number", Kind::Text(3, 20), "As dialled in the country; hyphens are left out."),
        must("gateway", Kind::Id, "Which gateway carries it."),
        may("prefix", Kind::Null(&Kind::Text(1, 4)), "Dial prefix of its own."),
        may("reserve", Kind::Null(&Kind::Extension), "Code of the line for when it is full."),
        may(
            "receive",
            Kind::OneOf(&["everyone", "registered"]),
            "Whom its calls may ring; default everyone.",
        ),
        may("receivers", Kind::List(&Kind::Extension, 65_536), "Who is registered for its calls."),
        may("callers", Kind::List(&Kind::Extension, 65_536), "Who may call out on it."),
        may(
            "initial_of",
            Kind::List(&Kind::Extension, 65_536),
            "Whose initial line it is; they may call out on it as well.",
        ),
        may("common", Kind::Flag, "Initial line of those without one; one line at a time."),
        may("in_hours", Kind::Object(RULE), "In business hours; default the receivers."),
        may("outside_hours", Kind::Null(&Kind::Object(RULE)), "Outside; null = the same."),
    ],
};

#[derive(Serialize, Deserialize)]
struct Rule {
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    ring_s: Option<u16>,
    #[serde(default)]
    overflow: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct LineTwin {
    id: String,
    code: String,
    name: String,
    number: String,
    gateway: String,
    prefix: Option<String>,
    reserve: Option<String>,
    receive: String,
    receivers: Vec<String>,
    callers: Vec<String>,
    initial_of: Vec<String>,
    common: bool,
    in_hours: Rule,
    outside_hours: Option<Rule>,
}

impl Rule {
    fn of(inbound: &Inbound) -> Self {
        match *inbound {
            Inbound::Registered { ring_s, overflow } => Rule {
                to: Some("registered".to_owned()),
                ring_s: Some(ring_s),
                overflow: overflow.map(LineTarget::text),
            },
            Inbound::To(to) => Rule { to: Some(to.text()), ring_s: Some(RING_S), overflow: None },
        }
    }

    fn read(&self, reader: &mut Reader, field: &str) -> Inbound {
        match self.to.as_deref() {
            None | Some("registered") => Inbound::Registered {
                ring_s: self.ring_s.unwrap_or(RING_S),
                overflow: target(reader, &format!("{field}.overflow"), self.overflow.as_deref()),
            },
            to => {
                let to = target(reader, &format!("{field}.to"), to);
                to.map_or_else(Inbound::default, Inbound::To)
            }
        }
    }
}

/// A destination of calls that come in.
pub(super) fn target(reader: &mut Reader, field: &str, text: Option<&str>) -> Option<LineTarget> {
    let text = text?;
    let found = LineTarget::parse(text);
    if found.is_none() {
        reader.fail(Problem::new(212, field, text));
    }
    found
}

/// The line with this 識別番号.
pub(super) fn by_code(cx: &Cx<'_>, reader: &mut Reader, field: &str, code: &str) -> Option<LineId> {
    let found = line::named(cx.snapshot, cx.tenant, Key(code)).map(|l| l.id);
    if found.is_none() {
        reader.fail(Problem::new(242, field, code));
    }
    found
}

impl Twin for LineTwin {
    type Of = Line;
    const PATH: &'static str = "lines";
    const SHAPE: &'static Shape = SHAPE;

    fn of(line: &Line, snapshot: &Snapshot) -> Self {
        let numbers = |ids: &[UserId]| {
            let users = ids.iter().filter_map(|id| snapshot.user(*id));
            users.map(|u| u.dn.text()).collect::<Vec<String>>()
        };
        let code = |id| snapshot.line(id).map(|l| l.code.text());
        LineTwin {
            id: line.id.to_string(),
            code: line.code.text(),
            name: line.name.to_string(),
            number: line.number.text(),
            gateway: line.gateway.to_string(),
            prefix: line.prefix.as_deref().map(str::to_owned),
            reserve: line.reserve.and_then(code),
            receive: word_of(&RECEIVE, &line.receive),
            receivers: numbers(&line.receivers),
            callers: numbers(&line.callers),
            initial_of: numbers(&line.initial_of),
            common: line.common,
            in_hours: Rule::of(&line.day),
            outside_hours: line.night.as_ref().map(Rule::of),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        let dn = Reader::any_dn()?;
        let line = Line::new(LineId(cx.id), (cx.tenant, GatewayId::default()), dn, dn);
        Some(LineTwin { name: String::new(), ..LineTwin::of(&line, cx.snapshot) })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&Line>) -> Result<Line, Vec<Problem>> {
        let mut reader = Reader::default();
        let digits = self.number.replace('-', "");
        let number = Dn::parse(&digits);
        let number = number.map_err(|_| vec![Problem::new(212, "number", &self.number)])?;
        let code = reader.dn("code", &self.code)?;
        let gateway = base::Uuid::parse(&self.gateway).map(GatewayId).unwrap_or_default();
        let name = if self.name.is_empty() { number.text() } else { self.name };
        let reserve = self.reserve.as_deref();
        let id = old.map_or(LineId(cx.id), |o| o.id);
        let line = Line {
            name: name.into(),
            prefix: self.prefix.map(Into::into),
            reserve: reserve.and_then(|code| by_code(cx, &mut reader, "reserve", code)),
            receive: reader.word(&RECEIVE, &self.receive),
            receivers: people(cx, &mut reader, ("receivers", &self.receivers))?.into(),
            callers: people(cx, &mut reader, ("callers", &self.callers))?.into(),
            initial_of: people(cx, &mut reader, ("initial_of", &self.initial_of))?.into(),
            common: self.common,
            day: self.in_hours.read(&mut reader, "in_hours"),
            night: self.outside_hours.map(|rule| rule.read(&mut reader, "outside_hours")),
            ..Line::new(id, (cx.tenant, gateway), code, number)
        };
        reader.end(line.settled())
    }
}
