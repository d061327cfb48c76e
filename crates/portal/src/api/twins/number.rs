//! Settings of numbers as JSON (R060–R066, R250, R262).

use app::service::Problem;
use app::service::dn_settings::{forward_field, holder};
use model::{CallerNumber, DnOwner, DnSettings, ForwardKind, ShownNumber, Snapshot, Waiting};
use serde::{Deserialize, Serialize};

use super::{LANGUAGES, Reader, SPOKEN, TOLLS, destination_text, toll_text, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, told};

const WAITING: [(&str, Waiting); 3] =
    [("auto", Waiting::Auto), ("always", Waiting::Always), ("never", Waiting::Never)];
const SHOWN: [(&str, ShownNumber); 3] = [
    ("own", ShownNumber::Own),
    ("pilot", ShownNumber::Pilot),
    ("department", ShownNumber::Department),
];

const CALLER_NUMBER: [(&str, CallerNumber); 4] = [
    ("line", CallerNumber::Line),
    ("own", CallerNumber::Own),
    ("pilot", CallerNumber::Pilot),
    ("department", CallerNumber::Department),
];

const FORWARDS: &Shape = &Shape {
    name: "Forwards",
    about: "The four forwards; null = out of force.",
    fields: &[
        may("all", Kind::Null(&Kind::Destination), "Unconditional."),
        may("busy", Kind::Null(&Kind::Destination), "When busy."),
        may("no_answer", Kind::Null(&Kind::Destination), "When nobody answers."),
        may("unregistered", Kind::Null(&Kind::Destination), "When no terminal can be reached."),
    ],
};

const SHAPE: &Shape = &Shape {
    name: "Number",
    about: "What a call to a person's number or to a virtual number meets.",
    fields: &[
        told("extension", Kind::Extension, "The number, its key."),
        told("owner", Kind::OneOf(&["user", "virtual-number"]), "What has the number."),
        told("name", Kind::Text(0, 64), "Name of who has it."),
        may("forwards", Kind::Object(FORWARDS), "Forwards by kind; default none."),
        may("no_answer_s", Kind::Number(5, 60), "Seconds of ringing until that forward; 20."),
        may("voicemail", Kind::Flag, "Unanswered calls go to the mailbox; default false."),
        may("voicemail_s", Kind::Number(5, 60), "Seconds of ringing until the mailbox; 20."),
        may(
            "waiting",
            Kind::OneOf(&["auto", "always", "never"]),
            "What a further call to a busy number does: waits unless a busy forward is set, \
             always waits, or is busy from the first call on; default auto.",
        ),
        may("call_limit", Kind::Number(1, 1_000), "Calls at once on all terminals; default 4."),
        may("record_s", Kind::Number(10, 600), "Longest message in seconds; default 180."),
        may("messages_max", Kind::Number(1, 1_000), "Most messages; default 100."),
        may("keep_days", Kind::Number(1, 400), "Days that a message is kept; default 90."),
        may(
            "shown",
            Kind::OneOf(&["own", "pilot", "department"]),
            "The number shown to those who are called; default own.",
        ),
        may(
            "caller_number",
            Kind::OneOf(&["line", "own", "pilot", "department"]),
            "The number that those outside see: the line's, or the direct number of the person, \
             the pilot or the department; default line.",
        ),
        may("hide_number", Kind::Flag, "Those outside see no number; default false."),
        may(
            "language",
            Kind::Null(&Kind::OneOf(LANGUAGES)),
            "Language of what is said to the number, and of its mailbox; null = the site's.",
        ),
        may(
            "toll_class",
            Kind::Null(&Kind::OneOf(TOLLS)),
            "Numbers outside that may be called, and that calls may be forwarded to; null, the \
             default, = that of the first department that has one, else the company's.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
struct Forwards {
    all: Option<String>,
    busy: Option<String>,
    no_answer: Option<String>,
    unregistered: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct NumberTwin {
    extension: String,
    owner: String,
    name: String,
    forwards: Forwards,
    no_answer_s: u16,
    voicemail: bool,
    voicemail_s: u16,
    waiting: String,
    call_limit: u16,
    record_s: u16,
    messages_max: u16,
    keep_days: u16,
    shown: String,
    caller_number: String,
    hide_number: bool,
    language: Option<String>,
    toll_class: Option<String>,
}

impl Twin for NumberTwin {
    type Of = DnSettings;
    const PATH: &'static str = "numbers";
    const SHAPE: &'static Shape = SHAPE;

    fn of(settings: &DnSettings, snapshot: &Snapshot) -> Self {
        let owner = match snapshot.dn_owner(settings.tenant, settings.dn) {
            Some(DnOwner::Virtual(_)) => "virtual-number",
            _ => "user",
        };
        let name = holder(snapshot, settings).map(|(name, _)| name.to_owned());
        let to = |kind| destination_text(settings.forward(kind).to.as_ref());
        NumberTwin {
            extension: settings.dn.text(),
            owner: owner.to_owned(),
            name: name.unwrap_or_default(),
            forwards: Forwards {
                all: to(ForwardKind::All),
                busy: to(ForwardKind::Busy),
                no_answer: to(ForwardKind::NoAnswer),
                unregistered: to(ForwardKind::Unregistered),
            },
            no_answer_s: settings.no_answer_s,
            voicemail: settings.voicemail,
            voicemail_s: settings.voicemail_s,
            waiting: word_of(&WAITING, &settings.waiting),
            call_limit: settings.call_limit,
            record_s: settings.record_s,
            messages_max: settings.messages_max,
            keep_days: settings.keep_days,
            shown: word_of(&SHOWN, &settings.shown),
            caller_number: word_of(&CALLER_NUMBER, &settings.caller_number),
            hide_number: settings.hide_number,
            language: settings.spoken.map(|s| word_of(&SPOKEN, &s)),
            toll_class: toll_text(settings.toll),
        }
    }

    /// The number comes from the address.
    fn blank(cx: &Cx<'_>) -> Option<Self> {
        let defaults = DnSettings::new(cx.tenant, Reader::any_dn()?);
        Some(NumberTwin::of(&defaults, cx.snapshot))
    }

    fn object(self, cx: &Cx<'_>, old: Option<&DnSettings>) -> Result<DnSettings, Vec<Problem>> {
        let mut reader = Reader::default();
        let dn = match old {
            Some(old) => old.dn,
            None => reader.dn("extension", &self.extension)?,
        };
        let Forwards { all, busy, no_answer, unregistered } = &self.forwards;
        let texts = [all, busy, no_answer, unregistered];
        let mut settings = DnSettings {
            no_answer_s: self.no_answer_s,
            voicemail: self.voicemail,
            voicemail_s: self.voicemail_s,
            waiting: reader.word(&WAITING, &self.waiting),
            call_limit: self.call_limit,
            record_s: self.record_s,
            messages_max: self.messages_max,
            keep_days: self.keep_days,
            shown: reader.word(&SHOWN, &self.shown),
            caller_number: reader.word(&CALLER_NUMBER, &self.caller_number),
            hide_number: self.hide_number,
            spoken: self.language.as_deref().map(|word| reader.word(&SPOKEN, word)),
            toll: reader.toll(self.toll_class.as_deref()),
            ..DnSettings::new(cx.tenant, dn)
        };
        for (kind, text) in ForwardKind::ALL.into_iter().zip(texts) {
            let old = old.map(|o| o.forward(kind));
            *settings.forward_mut(kind) = reader.forward(forward_field(kind), text.as_deref(), old);
        }
        reader.end(settings)
    }
}
