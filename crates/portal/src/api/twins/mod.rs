//! The JSON forms of the model's nouns, one file each.

pub(crate) mod department;
pub(crate) mod device;
pub(crate) mod gateway;
pub(crate) mod hunt;
pub(crate) mod line;
pub(crate) mod mobile_line;
pub(crate) mod number;
pub(crate) mod park_slot;
pub(crate) mod pickup;
pub(crate) mod reception;
pub(crate) mod site;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod user_lines;
pub(crate) mod virtual_dn;
mod wording;

use app::service::{Problem, destination};
use base::id::{SiteId, SoundId};
use base::{Dn, Uuid};
use model::{Destination, Forward, Outside, SiteMusic, Snapshot, Spoken, TollClass};

use crate::api::noun::Cx;

/// Reads strings of a form into the types of the model, and keeps what is wrong.
#[derive(Default)]
pub(crate) struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    pub(crate) fn fail(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Another number is another group.
    pub(crate) fn same_number(&mut self, old: u16, new: u16) {
        if old != new {
            self.fail(Problem::new(212, "number", &new.to_string()).saying("api-read-only"));
        }
    }

    /// Stands where a form must name an extension itself.
    pub(crate) fn any_dn() -> Option<Dn> {
        Dn::parse("0").ok()
    }

    /// An extension.
    pub(crate) fn dn(&self, field: &str, text: &str) -> Result<Dn, Vec<Problem>> {
        Dn::parse(text).map_err(|_| vec![Problem::new(213, field, text)])
    }

    pub(crate) fn dns(&self, field: &str, texts: &[String]) -> Result<Box<[Dn]>, Vec<Problem>> {
        texts.iter().map(|text| self.dn(field, text)).collect()
    }

    pub(crate) fn site(&mut self, text: &str) -> SiteId {
        match Uuid::parse(text) {
            Some(id) => SiteId(id),
            None => {
                self.fail(Problem::new(238, "site", text));
                SiteId::default()
            }
        }
    }

    pub(crate) fn destination(&mut self, field: &str, text: Option<&str>) -> Option<Destination> {
        let text = text?;
        let found = destination::parse(text);
        if found.is_none() {
            self.fail(Problem::new(212, field, text));
        }
        found
    }

    /// The music of a site.
    pub(crate) fn music(&mut self, text: &str) -> SiteMusic {
        match (text, Uuid::parse(text).filter(|_| text.len() == 36)) {
            ("inherit", _) => SiteMusic::Inherit,
            ("built-in", _) => SiteMusic::BuiltIn,
            (_, Some(id)) => SiteMusic::Own(SoundId(id)),
            _ => {
                self.fail(Problem::new(212, "music", text));
                SiteMusic::Inherit
            }
        }
    }

    /// A forward: off when there is no text, with the last destination of `old` remembered.
    pub(crate) fn forward(
        &mut self,
        field: &str,
        text: Option<&str>,
        old: Option<&Forward>,
    ) -> Forward {
        let old = old.cloned().unwrap_or_default();
        match self.destination(field, text) {
            Some(to) if old.to.as_ref() == Some(&to) => old,
            Some(to) => Forward::on(to),
            None => old.off(),
        }
    }

    /// A toll class; the form has been checked.
    pub(crate) fn toll(&self, word: Option<&str>) -> Option<TollClass> {
        word.and_then(TollClass::of_name)
    }

    /// The variant of a word; the form has been checked.
    pub(crate) fn word<T: Copy + Default>(&self, words: &[(&str, T)], text: &str) -> T {
        words.iter().find(|(word, _)| *word == text).map_or_else(T::default, |(_, v)| *v)
    }

    /// The object, unless something was wrong.
    pub(crate) fn end<T>(self, object: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() { Ok(object) } else { Err(self.problems) }
    }
}

/// The word of a variant.
pub(crate) fn word_of<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> String {
    words.iter().find(|(_, v)| v == value).map_or("", |(word, _)| *word).to_owned()
}

pub(crate) fn destination_text(to: Option<&Destination>) -> Option<String> {
    to.map(destination::text)
}

pub(crate) fn dn_texts(dns: &[Dn]) -> Vec<String> {
    dns.iter().map(|dn| dn.text()).collect()
}

/// The first site of the company: where an object belongs that names none.
pub(crate) fn first_site(cx: &Cx<'_>) -> SiteId {
    cx.snapshot.sites(cx.tenant).next().map(|s| s.id).unwrap_or_default()
}

/// Departments by their extensions.
pub(crate) fn department_texts(ids: &[base::id::DepartmentId], snapshot: &Snapshot) -> Vec<String> {
    ids.iter().filter_map(|id| snapshot.department(*id)).map(|d| d.dn.text()).collect()
}

pub(crate) const OUTSIDE: [(&str, Outside); 3] =
    [("denied", Outside::Denied), ("domestic", Outside::Domestic), ("allowed", Outside::Allowed)];
pub(crate) const OUTSIDE_WORDS: &[&str] = &["denied", "domestic", "allowed"];

/// Names of toll classes, in order.
pub(crate) const TOLLS: &[&str] = &["internal", "domestic", "mobile", "special", "international"];

pub(crate) fn toll_text(class: Option<TollClass>) -> Option<String> {
    class.map(|c| c.name().to_owned())
}

pub(crate) const SPOKEN: [(&str, Spoken); 2] =
    [(Spoken::Ja.name(), Spoken::Ja), (Spoken::En.name(), Spoken::En)];
pub(crate) const LANGUAGES: &[&str] = &[Spoken::Ja.name(), Spoken::En.name()];
