//! Which columns of a list a person wants to see, kept in a cookie of the list.

use app::Lang;
use app::text::text;

use crate::shell::visit::Visit;

/// A list whose columns can be chosen.
pub(crate) struct List {
    /// In the cookie's name.
    pub(crate) name: &'static str,
    /// (word, id of the heading) of the columns that may be left out.
    pub(crate) optional: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(crate) static LISTS: [&List; 3] = [&USERS, &TERMINALS, &HISTORY];

pub(crate) static USERS: List = List {
    name: "users",
    optional: &[
        ("state", "users-state"),
        ("devices", "users-devices"),
        ("mobile", "users-mobile"),
        ("login", "users-web-user"),
        ("created", "users-created"),
    ],
};

pub(crate) static TERMINALS: List = List {
    name: "terminals",
    optional: &[("kind", "terminals-kind"), ("domain", "terminals-domain")],
};

pub(crate) static HISTORY: List = List {
    name: "history",
    optional: &[
        ("talk", "history-talk"),
        ("service", "history-service"),
        ("cause", "history-cause"),
    ],
};

/// The columns of a list as one person sees them.
pub(crate) struct Columns {
    list: &'static List,
    hidden: Vec<&'static str>,
}

/// One tick box of the chooser.
pub(crate) struct Choice {
    pub(crate) word: &'static str,
    pub(crate) text: String,
    pub(crate) is_shown: bool,
}

impl List {
    pub(crate) fn cookie(&self) -> String {
        format!("naisen-hide-{}", self.name)
    }

    /// The cookie's value when only the columns `shown` are wanted.
    pub(crate) fn hide_others<'a>(&self, shown: impl Iterator<Item = &'a str> + Clone) -> String {
        let words = self.optional.iter().map(|(word, _)| *word);
        let hidden: Vec<&str> = words.filter(|word| !shown.clone().any(|s| s == *word)).collect();
        hidden.join(".")
    }
}

impl Columns {
    pub(crate) fn of(list: &'static List, visit: &Visit) -> Self {
        let chosen = visit.cookie(&list.cookie()).unwrap_or_default();
        let words = list.optional.iter().map(|(word, _)| *word);
        Columns { list, hidden: words.filter(|w| chosen.split('.').any(|c| c == *w)).collect() }
    }

    /// Whether a column is shown; those that are not optional always are.
    pub(crate) fn shows(&self, word: &str) -> bool {
        !self.hidden.contains(&word)
    }

    pub(crate) fn list(&self) -> &'static str {
        self.list.name
    }

    pub(crate) fn choices(&self, lang: &Lang) -> Vec<Choice> {
        let choice = |(word, id): &(&'static str, &'static str)| Choice {
            word,
            text: text(*lang, id).into_owned(),
            is_shown: self.shows(word),
        };
        self.list.optional.iter().map(choice).collect()
    }
}
