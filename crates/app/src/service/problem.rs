//! A broken rule as programs and people read it: code, field, value, the other side, a sentence
//! in both languages.

use bulk::reason::Arg;
use model::{CodeKind, Field, Noun, Violation};

use crate::text::{Lang, has, text_with};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Code of the error catalogue (customer-control, section 5).
    pub code: u16,
    /// Path of the field, parts joined by dots; empty = the object itself.
    pub field: String,
    /// The offending value.
    pub value: String,
    /// The other side of a collision.
    pub with: Option<Side>,
    /// Id of the sentence.
    message: String,
}

/// The other side of a collision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What it is, for example `hunting-group`; empty when the field tells it, or for a limit.
    pub noun: String,
    /// Its number, code, prefix, name or limit.
    pub name: String,
    /// Its extension, when it has one.
    pub extension: Option<String>,
}

impl Problem {
    /// A broken rule with the sentence of its code.
    pub fn new(code: u16, field: &str, value: &str) -> Self {
        Problem {
            code,
            field: field.to_owned(),
            value: value.to_owned(),
            with: None,
            message: format!("api-code-{code}"),
        }
    }

    /// The same with a sentence of its own.
    #[must_use]
    pub fn saying(self, message: &str) -> Self {
        Problem { message: message.to_owned(), ..self }
    }

    /// The same with the other side.
    #[must_use]
    pub fn with(self, noun: &str, name: &str, extension: Option<String>) -> Self {
        let with = Side { noun: noun.to_owned(), name: name.to_owned(), extension };
        Problem { with: Some(with), ..self }
    }

    /// What the model found; `field` names the model's fields.
    pub fn of(violation: &Violation, field: fn(Field) -> String) -> Self {
        let mut out = Problem::new(violation.code, &field(violation.field), &violation.value);
        if let Some(with) = &violation.with {
            let noun = with.noun.map(noun).unwrap_or_default();
            out = out.with(&noun, &with.name, with.dn.map(|dn| dn.text()));
            if matches!(violation.field, Field::Range(_)) {
                out = out.saying("api-range");
            }
            if (violation.code, violation.field) == (236, Field::User) {
                out = out.saying("api-accounts-max");
            }
        }
        out
    }

    /// What is wrong and how to mend it.
    pub fn sentence(&self, lang: Lang) -> String {
        let with = self.with.as_ref().map(|side| side.text(lang)).unwrap_or_default();
        let args = [
            ("field", Arg::Text(self.field.clone())),
            ("value", Arg::Text(self.value.chars().take(200).collect())),
            ("with", Arg::Text(with)),
        ];
        let id = if has(lang, &self.message) { &self.message } else { "api-code-other" };
        text_with(lang, id, &args)
    }
}

impl Side {
    /// What it is called.
    fn text(&self, lang: Lang) -> String {
        if self.noun.is_empty() {
            return self.name.clone();
        }
        let kind = self.noun.split('.').next().unwrap_or_default();
        let mut name = self.name.clone();
        if let Some(extension) = self.extension.as_ref().filter(|e| **e != name) {
            name =
                if name.is_empty() { extension.clone() } else { format!("{name} ({extension})") };
        }
        text_with(lang, &format!("api-noun-{kind}"), &[("name", Arg::Text(name))])
    }
}

/// Name of a kind of object in answers; a code is `code.` and its kind.
pub fn noun(noun: Noun) -> String {
    let word = match noun {
        Noun::User => "user",
        Noun::Virtual => "virtual-number",
        Noun::Department => "department",
        Noun::Hunt => "hunting-group",
        Noun::Pickup => "pickup-group",
        Noun::ParkSlot => "park-slot",
        Noun::Site => "site",
        Noun::Gateway => "gateway",
        Noun::Code(kind) => return format!("code.{}", kind.name()),
        Noun::Reserved => "reserved",
        Noun::Sound => "sound",
        Noun::Line => "line",
    };
    word.to_owned()
}

/// Every kind of object that may be on the other side, for tests of the catalogue.
pub const NOUNS: [Noun; 12] = [
    Noun::User,
    Noun::Virtual,
    Noun::Department,
    Noun::Hunt,
    Noun::Pickup,
    Noun::ParkSlot,
    Noun::Site,
    Noun::Gateway,
    Noun::Code(CodeKind::Hold),
    Noun::Reserved,
    Noun::Sound,
    Noun::Line,
];

/// The usual name of a field of the model.
pub fn field(field: Field) -> String {
    let word = match field {
        Field::Object => "",
        Field::Name => "name",
        Field::Furigana => "reading",
        Field::Domain => "domain",
        Field::Realm => "realm",
        Field::Default => "is_default",
        Field::Tenant => "tenant",
        Field::Site => "site",
        Field::User => "user",
        Field::Dn => "extension",
        Field::SipId => "sip_id",
        Field::WebUser => "web_user",
        Field::Login => "login",
        Field::Mobile => "mobile",
        Field::State => "state",
        Field::Quota => "quota",
        Field::Label => "label",
        Field::Credential => "pin",
        Field::Group => "number",
        Field::Member => "members",
        Field::Department => "pickup_departments",
        Field::Code(kind) => return format!("codes.{}", kind.name()),
        Field::Prefix => "prefix",
        Field::Destination => "forwards",
        Field::Range(name) => return name.replace('-', "_"),
        Field::Settings => "settings",
        Field::Sound => "music",
        Field::Wording => "wording",
        Field::Multicast => "multicast_to",
        Field::MulticastSite => "multicast_sites",
        Field::Emergency => "emergency",
        Field::Toll => "toll_countries",
        Field::LineCode => "code",
        Field::LineNumber => "number",
        Field::Gateway => "gateway",
        Field::Reserve => "reserve",
        Field::Common => "common",
        Field::InitialLine => "initial_of",
        Field::Hours => "hours",
    };
    word.to_owned()
}
