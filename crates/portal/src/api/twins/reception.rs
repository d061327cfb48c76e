//! Business hours and night switch of sites as JSON (R300).

use std::collections::BTreeMap;

use app::service::Problem;
use base::Dn;
use base::id::SiteId;
use model::reception::{Day, Span};
use model::{Hours, NightSwitch, Reception, Snapshot};
use serde::{Deserialize, Serialize};

use super::line::target;
use super::{Reader, first_site, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, told};

const SWITCH: [(&str, NightSwitch); 3] = [
    ("automatic", NightSwitch::Automatic),
    ("day", NightSwitch::Day),
    ("night", NightSwitch::Night),
];

const DAYS: &[&str] =
    &["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

const SHAPE: &Shape = &Shape {
    name: "Reception",
    about: "When lines of a site are in business hours, and what becomes of unknown numbers.",
    fields: &[
        told("site", Kind::Id, "Which site; its domain is a key as well."),
        told("name", Kind::Text(1, 64), "Name of the site."),
        may(
            "night",
            Kind::OneOf(&["automatic", "day", "night"]),
            "By the hours, or switched by hand; default automatic.",
        ),
        may(
            "hours",
            Kind::Null(&Kind::Map(DAYS, &Kind::List(&Kind::Text(11, 11), 8))),
            "Business hours by weekday as \"09:00-17:30\", by the clock of Tokyo; days that are \
             left out have none. null = always, the default.",
        ),
        may(
            "holidays",
            Kind::List(&Kind::Text(10, 10), 400),
            "Days without business hours as \"2027-01-01\".",
        ),
        may(
            "unknown",
            Kind::Null(&Kind::Text(1, 49)),
            "Where calls to a number go that is no line's: an extension or an announcement; null = \
             the number is not in use.",
        ),
        may(
            "group",
            Kind::Null(&Kind::Extension),
            "The number that rings after 20 s when nobody takes a call back to an emergency call; \
             default null, none.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct ReceptionTwin {
    site: String,
    name: String,
    night: String,
    hours: Option<BTreeMap<String, Vec<String>>>,
    holidays: Vec<String>,
    unknown: Option<String>,
    group: Option<String>,
}

fn week(reader: &mut Reader, given: &BTreeMap<String, Vec<String>>) -> [Box<[Span]>; 7] {
    let mut out: [Box<[Span]>; 7] = Default::default();
    for (name, slot) in DAYS.iter().zip(&mut out) {
        let texts = given.get(*name).map(Vec::as_slice).unwrap_or_default();
        let mut spans = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            match Span::parse(text) {
                Some(span) => spans.push(span),
                None => reader.fail(Problem::new(212, &format!("hours.{name}.{at}"), text)),
            }
        }
        spans.sort();
        *slot = spans.into();
    }
    out
}

/// Days of a field, in order.
pub(super) fn days(reader: &mut Reader, field: &str, given: &[String]) -> Box<[Day]> {
    let mut out = Vec::new();
    for (at, text) in given.iter().enumerate() {
        match Day::parse(text) {
            Some(day) => out.push(day),
            None => reader.fail(Problem::new(212, &format!("{field}.{at}"), text)),
        }
    }
    out.sort();
    out.dedup();
    out.into()
}

impl Twin for ReceptionTwin {
    type Of = Reception;
    const PATH: &'static str = "receptions";
    const SHAPE: &'static Shape = SHAPE;

    fn of(reception: &Reception, snapshot: &Snapshot) -> Self {
        let hours = reception.hours.as_ref();
        let texts = |spans: &[Span]| spans.iter().map(|s| s.text()).collect::<Vec<String>>();
        let week = |h: &Hours| {
            let days = DAYS.iter().zip(&h.week);
            days.map(|(name, spans)| ((*name).to_owned(), texts(spans))).collect()
        };
        let holidays = hours.map(|h| h.holidays.iter().map(|d| d.text()).collect());
        ReceptionTwin {
            site: reception.site.to_string(),
            name: snapshot.site(reception.site).map(|s| s.name.to_string()).unwrap_or_default(),
            night: word_of(&SWITCH, &reception.switch),
            hours: hours.map(week),
            holidays: holidays.unwrap_or_default(),
            unknown: reception.unknown.map(|to| to.text()),
            group: reception.group.map(|dn| dn.text()),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        Some(ReceptionTwin::of(&Reception::new(cx.tenant, first_site(cx)), cx.snapshot))
    }

    fn object(self, cx: &Cx<'_>, old: Option<&Reception>) -> Result<Reception, Vec<Problem>> {
        let mut reader = Reader::default();
        let site = old.map_or_else(|| reader.site(&self.site), |o| o.site);
        let hours = match &self.hours {
            Some(given) => {
                let week = week(&mut reader, given);
                Some(Hours { week, holidays: days(&mut reader, "holidays", &self.holidays) })
            }
            // Without hours there is nothing that a holiday could end.
            None if !self.holidays.is_empty() => {
                let always = Span { from: 0, to: Span::DAY };
                let week = std::array::from_fn(|_| Box::from([always]));
                Some(Hours { week, holidays: days(&mut reader, "holidays", &self.holidays) })
            }
            None => None,
        };
        let reception = Reception {
            switch: reader.word(&SWITCH, &self.night),
            hours,
            unknown: target(&mut reader, "unknown", self.unknown.as_deref()),
            group: self.group.as_deref().and_then(|dn| Dn::parse(dn).ok()),
            ..Reception::new(cx.tenant, SiteId(site.0))
        };
        reader.end(reception)
    }
}
