//! The company as JSON: codes, options, rules of passwords (R236, R241, R320).

use std::collections::BTreeMap;

use app::service::Problem;
use base::Uuid;
use base::id::SoundId;
use model::calendar::{Calendar, Period};
use model::reception::{clock, minutes};
use model::{
    CallTimes, Charged, CodeKind, Options, Preset, Snapshot, Tenant, TenantOption, TollRules,
    WebPolicy,
};
use serde::{Deserialize, Serialize};

use super::reception::days;
use super::wording::{self, WordedTwin};
use super::{LANGUAGES, Reader, SPOKEN, TOLLS, destination_text, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, told};

const POLICIES: [(&str, WebPolicy); 2] =
    [("ten", WebPolicy::Ten), ("eight-alphanumeric", WebPolicy::EightAlphanumeric)];
const PRESETS: [(&str, Preset); 2] =
    [("officelink", Preset::OfficeLink), ("cloudphone", Preset::CloudPhone)];

/// Names of all codes, in order.
const CODES: &[&str] = &{
    let mut out = [""; CodeKind::ALL.len()];
    let mut at = 0;
    while at < out.len() {
        out[at] = CodeKind::ALL[at].name();
        at += 1;
    }
    out
};

/// Names of all options, in order.
const OPTIONS: &[&str] = &{
    let mut out = [""; TenantOption::ALL.len()];
    let mut at = 0;
    while at < out.len() {
        out[at] = TenantOption::ALL[at].name();
        at += 1;
    }
    out
};

/// Names of what is opened one by one, in order.
const CHARGED: &[&str] = &{
    let mut out = [""; Charged::ALL.len()];
    let mut at = 0;
    while at < out.len() {
        out[at] = Charged::ALL[at].name();
        at += 1;
    }
    out
};

const SHAPE: &Shape = &Shape {
    name: "Tenant",
    about: "The company of the token.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        told("realm", Kind::Text(1, 253), "Realm of SIP passwords."),
        told("preset", Kind::OneOf(&["officelink", "cloudphone"]), "Numbering plan."),
        may("name", Kind::Text(1, 64), "Name of the company."),
        may(
            "codes",
            Kind::Map(CODES, &Kind::Null(&Kind::Text(1, 6))),
            "Feature codes by kind; null = none. One without its option is kept, not active.",
        ),
        may(
            "options",
            Kind::List(&Kind::OneOf(OPTIONS), 8),
            "What is contracted; only a token of the role operator changes it.",
        ),
        may(
            "quota",
            Kind::Null(&Kind::Number(0, 4_294_967_295)),
            "Most extensions; null = no bound; only a token of the role operator changes it.",
        ),
        may("announcements", Kind::Flag, "Spoken announcements besides tones; default true."),
        may("music", Kind::Null(&Kind::Id), "The sound that those on hold hear; null = built in."),
        may("language", Kind::OneOf(LANGUAGES), "Language of announcements; default ja."),
        may("wording", wording::KIND, "Own words and tones; default none, all standard."),
        may(
            "stopped_to",
            Kind::Null(&Kind::Destination),
            "Where calls to stopped users go, never voicemail; null = the caller is told that the \
             number is not in use.",
        ),
        may("web_policy", Kind::OneOf(&["ten", "eight-alphanumeric"]), "Web passwords."),
        may(
            "unlock_min",
            Kind::Null(&Kind::Number(1, 1_440)),
            "Minutes until a lock ends by itself; null = by hand only; default 60.",
        ),
        may("reminder_days", Kind::Number(0, 65_535), "Age of a password to remind of; 90."),
        may("accounts_max", Kind::Number(1, 20), "Most terminals of one person; default 5."),
        may(
            "logins_end",
            Kind::Null(&Kind::Text(5, 5)),
            "When log-ins made at terminals end each day, as \"22:00\" by the clock of Tokyo; \
             default null, they last.",
        ),
        may(
            "digit_pause_ms",
            Kind::Number(2_000, 10_000),
            "Pause after which a number pressed in a call is complete; default 4000.",
        ),
        may(
            "code_pause_ms",
            Kind::Number(500, 3_000),
            "Longest pause between the digits of a code in a call; default 1500.",
        ),
        may(
            "unanswered_s",
            Kind::Number(120, 1_800),
            "How long a call may stay unanswered in all; default 600.",
        ),
        may("retention_days", Kind::Number(0, 65_535), "Days that history is kept; 400."),
        may(
            "toll_class",
            Kind::OneOf(TOLLS),
            "Numbers outside that may be called by who has no class; default international.",
        ),
        may(
            "toll_opened",
            Kind::List(&Kind::OneOf(CHARGED), 6),
            "Charged numbers that may be called at all; default none.",
        ),
        may(
            "toll_countries",
            Kind::List(&Kind::Text(1, 7), 300),
            "Country codes that may be called at all, each with digits of an area or none, \
             such as 44 or 1808; default none.",
        ),
        may(
            "holidays_national",
            Kind::Flag,
            "National holidays have no business hours; default true for a new company.",
        ),
        may(
            "holidays_year_end",
            Kind::Null(&Kind::Text(12, 12)),
            "The days around New Year without business hours as \"12-29..01-03\"; null = none.",
        ),
        may(
            "holidays_bon",
            Kind::Null(&Kind::Text(12, 12)),
            "The same in summer, such as \"08-13..08-16\"; default null, none.",
        ),
        may(
            "holidays_closed",
            Kind::List(&Kind::Text(10, 10), 400),
            "Other days without business hours as \"2027-06-01\".",
        ),
        may(
            "holidays_open",
            Kind::List(&Kind::Text(10, 10), 400),
            "Days with business hours, whatever the other fields say.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct TenantTwin {
    id: String,
    realm: String,
    preset: String,
    name: String,
    codes: BTreeMap<String, Option<String>>,
    options: Vec<String>,
    quota: Option<u32>,
    announcements: bool,
    music: Option<String>,
    language: String,
    wording: Vec<WordedTwin>,
    stopped_to: Option<String>,
    web_policy: String,
    unlock_min: Option<u16>,
    reminder_days: u16,
    retention_days: u16,
    accounts_max: u8,
    logins_end: Option<String>,
    digit_pause_ms: u16,
    code_pause_ms: u16,
    unanswered_s: u16,
    toll_class: String,
    toll_opened: Vec<String>,
    toll_countries: Vec<String>,
    holidays_national: bool,
    holidays_year_end: Option<String>,
    holidays_bon: Option<String>,
    holidays_closed: Vec<String>,
    holidays_open: Vec<String>,
}

fn period(reader: &mut Reader, field: &str, text: Option<&str>) -> Option<Period> {
    let text = text?;
    let found = Period::parse(text);
    if found.is_none() {
        reader.fail(Problem::new(212, field, text));
    }
    found
}

/// The minute of a day.
fn minute(reader: &mut Reader, field: &str, text: Option<&str>) -> Option<u16> {
    let text = text?;
    let found = minutes(text).filter(|minute| Tenant::LOGINS_END.contains(minute));
    if found.is_none() {
        reader.fail(Problem::new(212, field, text));
    }
    found
}

impl Twin for TenantTwin {
    type Of = Tenant;
    const PATH: &'static str = "tenant";
    const SHAPE: &'static Shape = SHAPE;

    fn of(tenant: &Tenant, _: &Snapshot) -> Self {
        let calendar = &tenant.calendar;
        let code = |kind| tenant.codes.get(kind).map(|code| code.to_string());
        TenantTwin {
            id: tenant.id.to_string(),
            realm: tenant.realm.to_string(),
            preset: word_of(&PRESETS, &tenant.preset),
            name: tenant.name.to_string(),
            codes: CodeKind::ALL.iter().map(|k| (k.name().to_owned(), code(*k))).collect(),
            options: tenant.options.iter().map(|o| o.name().to_owned()).collect(),
            quota: tenant.quota,
            announcements: tenant.announcements,
            music: tenant.music.map(|id| id.to_string()),
            language: word_of(&SPOKEN, &tenant.spoken),
            wording: WordedTwin::all(&tenant.wording),
            stopped_to: destination_text(tenant.stopped_to.as_ref()),
            web_policy: word_of(&POLICIES, &tenant.web_policy),
            unlock_min: tenant.unlock_min,
            reminder_days: tenant.reminder_days,
            retention_days: tenant.retention_days,
            accounts_max: tenant.accounts_max,
            logins_end: tenant.logins_end.map(clock),
            digit_pause_ms: tenant.times.digit_pause_ms,
            code_pause_ms: tenant.times.code_pause_ms,
            unanswered_s: tenant.times.unanswered_s,
            toll_class: tenant.toll.class.name().to_owned(),
            toll_opened: tenant.toll.opened().map(|what| what.name().to_owned()).collect(),
            toll_countries: tenant.toll.countries.iter().map(|c| c.to_string()).collect(),
            holidays_national: calendar.national,
            holidays_year_end: calendar.year_end.map(Period::text),
            holidays_bon: calendar.bon.map(Period::text),
            holidays_closed: calendar.closed.iter().map(|d| d.text()).collect(),
            holidays_open: calendar.open.iter().map(|d| d.text()).collect(),
        }
    }

    fn object(self, _: &Cx<'_>, old: Option<&Tenant>) -> Result<Tenant, Vec<Problem>> {
        let old = old.ok_or_else(Vec::new)?;
        let mut reader = Reader::default();
        let mut codes = old.codes.clone();
        for (name, text) in &self.codes {
            let Some(kind) = CodeKind::of_name(name) else { continue };
            match text.as_deref().map(|text| kind.parse(text)) {
                None => codes.set(kind, None),
                Some(Ok(code)) => codes.set(kind, Some(code)),
                Some(Err(_)) => {
                    let text = text.as_deref().unwrap_or_default();
                    reader.fail(Problem::new(251, &format!("codes.{name}"), text));
                }
            }
        }
        let options = TenantOption::ALL.into_iter();
        let wanted = |o: &TenantOption| self.options.iter().any(|name| name == o.name());
        let options = options.filter(wanted).fold(Options::NONE, Options::with);
        let mut toll = TollRules::default();
        toll.class = reader.toll(Some(&self.toll_class)).unwrap_or_default();
        toll.countries = self.toll_countries.iter().map(|c| c.as_str().into()).collect();
        let opened = self.toll_opened.iter().filter_map(|name| Charged::of_name(name));
        opened.for_each(|what| toll.set_open(what, true));
        let calendar = Calendar {
            national: self.holidays_national,
            year_end: period(&mut reader, "holidays_year_end", self.holidays_year_end.as_deref()),
            bon: period(&mut reader, "holidays_bon", self.holidays_bon.as_deref()),
            closed: days(&mut reader, "holidays_closed", &self.holidays_closed),
            open: days(&mut reader, "holidays_open", &self.holidays_open),
        };
        let tenant = Tenant {
            name: self.name.into(),
            codes,
            options,
            quota: self.quota,
            announcements: self.announcements,
            music: self.music.as_deref().and_then(Uuid::parse).map(SoundId),
            spoken: reader.word(&SPOKEN, &self.language),
            wording: wording::read(&mut reader, &self.wording),
            stopped_to: reader.destination("stopped_to", self.stopped_to.as_deref()),
            web_policy: reader.word(&POLICIES, &self.web_policy),
            unlock_min: self.unlock_min,
            reminder_days: self.reminder_days,
            retention_days: self.retention_days,
            accounts_max: self.accounts_max,
            logins_end: minute(&mut reader, "logins_end", self.logins_end.as_deref()),
            toll,
            calendar,
            times: CallTimes {
                digit_pause_ms: self.digit_pause_ms,
                code_pause_ms: self.code_pause_ms,
                unanswered_s: self.unanswered_s,
            },
            ..old.clone()
        };
        reader.end(tenant)
    }
}
