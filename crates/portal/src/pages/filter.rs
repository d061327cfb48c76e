//! What the address of the history asks for, as a filter of the store.

use app::Lang;
use app::export::{Day, day_sentence, parse_day};
use app::text::{text, text_with};
use base::Cause;
use base::Wall;
use base::time::TOKYO_OFFSET_S;
use bulk::reason::Arg;
use model::User;
use model::record::{Service, Services};
use store::Filter;

use crate::Portal;
use crate::directory::{Order, Search, as_number};
use crate::shell::fault::Fault;
use crate::shell::form::narrow;
use crate::shell::link::Link;
use crate::shell::list::rows;
use crate::shell::signed::Signed;

/// Days that a search without a period covers, today included.
const DAYS: i64 = 31;
/// People offered when several have the name that was searched for.
const PEOPLE_MAX: usize = 20;
/// Fewest digits of a search for the end of a number.
const END_DIGITS: usize = 4;

/// The query of the history's address.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct HistoryQuery {
    /// First day.
    pub(crate) from: String,
    /// Last day.
    pub(crate) to: String,
    /// A number or a person.
    pub(crate) q: String,
    /// `end` = the number ends with `q`; else it begins so.
    pub(crate) part: String,
    /// `answered`, `unanswered`, or empty.
    pub(crate) kind: String,
    pub(crate) service: String,
    pub(crate) cause: String,
    pub(crate) rows: String,
    /// Place in the list after which the page begins.
    pub(crate) after: String,
    /// Rows before that place.
    pub(crate) skip: String,
}

/// What was made of it.
pub(crate) struct Wanted {
    pub(crate) filter: Filter,
    /// Nothing can fit: the person does not exist, or a field is wrong.
    pub(crate) is_void: bool,
    pub(crate) from_fault: String,
    pub(crate) to_fault: String,
    pub(crate) q_fault: String,
    /// No period was asked for.
    pub(crate) is_default_period: bool,
    /// The person whose calls are shown, when a name was searched for.
    pub(crate) person: Option<Candidate>,
    /// Others of that name.
    pub(crate) others: Vec<Candidate>,
}

/// A person that a name may mean.
pub(crate) struct Candidate {
    pub(crate) dn: String,
    pub(crate) name: String,
    pub(crate) href: String,
}

impl HistoryQuery {
    pub(crate) fn rows(&self) -> usize {
        rows(&self.rows)
    }

    /// The filter without the place in the list.
    fn link(&self, path: &str) -> Link {
        Link::new(path)
            .with("from", &self.from)
            .with("to", &self.to)
            .with("q", &self.q)
            .with("part", &self.part)
            .with("kind", &self.kind)
            .with("service", &self.service)
            .with("cause", &self.cause)
    }

    /// The page after a place, with `skip` rows before it.
    pub(crate) fn after(&self, after: &str, skip: usize) -> String {
        let link = self.link("/history").with("rows", &self.rows).with("after", after);
        link.with("skip", &skip.to_string()).text()
    }

    pub(crate) fn first(&self) -> String {
        self.link("/history").with("rows", &self.rows).text()
    }

    pub(crate) fn file(&self, path: &str) -> String {
        self.link(path).text()
    }

    pub(crate) fn is_filtered(&self) -> bool {
        let fields = [&self.from, &self.to, &self.q, &self.kind, &self.service, &self.cause];
        fields.iter().any(|field| !field.is_empty())
    }

    /// Whether one of the conditions that are folded away is set.
    pub(crate) fn has_more(&self) -> bool {
        let fields = [&self.service, &self.cause, &self.part];
        fields.iter().any(|field| !field.is_empty())
    }

    /// Reads every field. Wrong ones are told and match nothing.
    pub(crate) async fn read(&mut self, portal: &Portal, who: &Signed) -> Result<Wanted, Fault> {
        let lang = who.visit.lang;
        let (from, from_fault) = day(&self.from, lang);
        let (to, mut to_fault) = day(&self.to, lang);
        if let (Some(from), Some(to)) = (from, to)
            && to.to <= from.from
        {
            to_fault = text(lang, "history-period-turned").into_owned();
        }
        let is_default_period = self.from.is_empty() && self.to.is_empty();
        let start = match from {
            Some(day) => Some(day.from),
            None if is_default_period => Some(days_ago(who.visit.now, DAYS - 1)),
            None => None,
        };
        let mut wanted = Wanted {
            filter: Filter {
                from: start,
                to: to.map(|day| day.to),
                answered: match self.kind.as_str() {
                    "answered" => Some(true),
                    "unanswered" => Some(false),
                    _ => None,
                },
                services: service(&self.service),
                cause: Cause::parse(&self.cause),
                ..Filter::default()
            },
            is_void: !from_fault.is_empty() || !to_fault.is_empty(),
            from_fault,
            to_fault,
            q_fault: String::new(),
            is_default_period,
            person: None,
            others: Vec::new(),
        };
        self.read_words(portal, who, &mut wanted).await?;
        Ok(wanted)
    }

    async fn read_words(
        &mut self,
        portal: &Portal,
        who: &Signed,
        wanted: &mut Wanted,
    ) -> Result<(), Fault> {
        if self.q.trim().is_empty() {
            self.q.clear();
            return Ok(());
        }
        let Some(digits) = as_number(&self.q) else {
            return self.read_person(portal, who, wanted).await;
        };
        // Shown as it is used: full-width digits and hyphens were converted.
        self.q.clone_from(&digits);
        if self.part != "end" {
            wanted.filter.prefix = Some(digits.into());
        } else if digits.len() < END_DIGITS {
            let args = [("count", Arg::Number(END_DIGITS as u64))];
            wanted.q_fault = text_with(who.visit.lang, "history-end-short", &args);
            wanted.is_void = true;
        } else {
            wanted.filter.suffix = Some(digits.into());
        }
        Ok(())
    }

    async fn read_person(
        &self,
        portal: &Portal,
        who: &Signed,
        wanted: &mut Wanted,
    ) -> Result<(), Fault> {
        let (tenant, site) = (who.scope().tenant(), who.scope().site());
        let fits = |user: &User| site.is_none_or(|s| user.site == s);
        let search =
            Search { tenant, query: &self.q, order: Order::Own, is_descending: false, fits: &fits };
        let found = portal.directory.people.find(portal.store.snapshot(), search).await;
        let found = found.ok_or(Fault::Unavailable)?;
        let mut people = found
            .some::<User>(tenant, 0..found.places.len().min(PEOPLE_MAX))
            .into_iter()
            .map(|u| {
                let dn = u.dn.text();
                let other = HistoryQuery { q: dn.clone(), ..self.clone() };
                Candidate { href: other.first(), dn, name: u.name.to_string() }
            });
        wanted.person = people.next();
        wanted.others = people.collect();
        match &wanted.person {
            Some(person) => wanted.filter.prefix = Some(person.dn.as_str().into()),
            None => wanted.is_void = true,
        }
        Ok(())
    }
}

/// A day and, when the field cannot be read, what is wrong with it.
fn day(field: &str, lang: Lang) -> (Option<Day>, String) {
    let narrowed = narrow(field);
    match parse_day(&narrowed) {
        Some(day) => (Some(day), String::new()),
        None if narrowed.is_empty() => (None, String::new()),
        None => (None, day_sentence(lang, &narrowed)),
    }
}

fn service(word: &str) -> Services {
    let found = Service::ALL.into_iter().find(|s| format!("{s:?}") == word);
    found.map_or(Services::NONE, |s| Services::NONE.with(s))
}

/// The first instant of the day `days` days before that of `now`.
pub(crate) fn days_ago(now: Wall, days: i64) -> Wall {
    let day = Wall(now.0 - days * 86_400_000).civil(TOKYO_OFFSET_S);
    Wall::start_of_day(day.year, day.month, day.day, TOKYO_OFFSET_S)
}
