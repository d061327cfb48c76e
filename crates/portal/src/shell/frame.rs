//! What stands around every page: tree, breadcrumbs, title, help, notice, choices.

use std::borrow::Cow;

use app::Lang;
use app::text::{has, text, text_with};
use bulk::reason::Arg;
use model::Snapshot;

use crate::Portal;
use crate::pages::filter::Candidate;
use crate::shell::assets;
use crate::shell::signed::Signed;
use crate::shell::visit::{Theme, Visit};

/// Every page; the words are in the catalogue under `page-…-title`, `-purpose` and `-help-1` ….
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Home,
    Users,
    Terminals,
    Locks,
    History,
    Days,
    Record,
    Password,
    Login,
    NotFound,
    NotAllowed,
    Forbidden,
    Malformed,
    TooLarge,
    Unavailable,
}

impl Page {
    fn word(self) -> &'static str {
        match self {
            Page::Home => "home",
            Page::Users => "users",
            Page::Terminals => "terminals",
            Page::Locks => "locks",
            Page::History => "history",
            Page::Days => "days",
            Page::Record => "record",
            Page::Password => "password",
            Page::Login => "login",
            Page::NotFound => "not-found",
            Page::NotAllowed => "not-allowed",
            Page::Forbidden => "forbidden",
            Page::Malformed => "malformed",
            Page::TooLarge => "too-large",
            Page::Unavailable => "unavailable",
        }
    }
}

/// The tree: (heading, pages as (page, address)). Only pages that exist.
const TREE: [(&str, &[(Page, &str)]); 4] = [
    ("", &[(Page::Home, "/")]),
    (
        "nav-users",
        &[(Page::Users, "/users"), (Page::Terminals, "/terminals"), (Page::Locks, "/locks")],
    ),
    ("nav-history", &[(Page::History, "/history")]),
    ("nav-other", &[(Page::Password, "/password")]),
];

/// A heading of the tree with its pages.
pub(crate) struct Group {
    pub(crate) title: Cow<'static, str>,
    pub(crate) items: Vec<Item>,
}

/// A page in the tree.
pub(crate) struct Item {
    pub(crate) text: Cow<'static, str>,
    pub(crate) href: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) is_current: bool,
}

/// How a notice looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// What stands above the page: 「■実行結果」, a reminder, what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    /// (address, text) of what to do now.
    pub(crate) link: Option<(&'static str, String)>,
}

impl Notice {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Notice { tone, text: text.into(), link: None }
    }
}

/// Values that every template uses.
pub(crate) struct Frame {
    pub(crate) lang: Lang,
    pub(crate) theme: Option<Theme>,
    pub(crate) page: Page,
    /// Path and query, for choices that return here.
    pub(crate) here: String,
    pub(crate) csrf: String,
    pub(crate) tenant: String,
    /// Name of the only site that the reader may see; empty for the whole company.
    pub(crate) site: String,
    pub(crate) user: String,
    pub(crate) notice: Option<Notice>,
    /// What an open page must show to go on updating itself.
    pub(crate) view: String,
    /// Time of the state shown.
    pub(crate) at: String,
}

impl Frame {
    /// The frame of a page before or without login.
    pub(crate) fn door(visit: &Visit, page: Page) -> Self {
        Frame {
            lang: visit.lang,
            theme: visit.theme,
            page,
            here: visit.here.clone(),
            csrf: visit.token.as_deref().map(crate::shell::signed::csrf).unwrap_or_default(),
            tenant: String::new(),
            site: String::new(),
            user: String::new(),
            notice: None,
            view: "1".to_owned(),
            at: visit.now.tokyo_text(),
        }
    }

    /// The frame of a page behind the login. Takes the notice that waits for this session.
    pub(crate) fn new(portal: &Portal, who: &Signed, snapshot: &Snapshot, page: Page) -> Self {
        let scope = who.scope();
        let site = scope.site().and_then(|id| snapshot.site(id));
        let tenant = snapshot.tenant(scope.tenant());
        let waiting = if who.is_live() { None } else { portal.memory.take_notice(&who.token) };
        Frame {
            tenant: tenant.map(|t| t.name.to_string()).unwrap_or_default(),
            site: site.map(|s| s.name.to_string()).unwrap_or_default(),
            user: scope.name().to_owned(),
            notice: waiting,
            ..Frame::door(&who.visit, page)
        }
    }

    /// A text of the catalogue.
    pub(crate) fn t(&self, id: &str) -> Cow<'static, str> {
        text(self.lang, id)
    }

    /// A text of this page: `title`, `purpose`.
    pub(crate) fn own(&self, part: &str) -> Cow<'static, str> {
        text(self.lang, &format!("page-{}-{part}", self.page.word()))
    }

    /// What 「この画面の操作方法」 says.
    pub(crate) fn help(&self) -> Vec<Cow<'static, str>> {
        (1..10)
            .map(|n| format!("page-{}-help-{n}", self.page.word()))
            .take_while(|id| has(self.lang, id))
            .map(|id| text(self.lang, &id))
            .collect()
    }

    pub(crate) fn tree(&self) -> Vec<Group> {
        let current = match self.page {
            Page::Record | Page::Days => Page::History,
            page => page,
        };
        TREE.iter()
            .map(|(heading, pages)| Group {
                title: if heading.is_empty() { Cow::Borrowed("") } else { self.t(heading) },
                items: pages
                    .iter()
                    .map(|(page, href)| Item {
                        text: text(self.lang, &format!("page-{}-title", page.word())),
                        href,
                        icon: page.word(),
                        is_current: *page == current,
                    })
                    .collect(),
            })
            .collect()
    }

    /// (address, text) of the pages above this one.
    pub(crate) fn crumbs(&self) -> Vec<(&'static str, Cow<'static, str>)> {
        let mut crumbs = Vec::new();
        if self.page != Page::Home {
            crumbs.push(("/", self.t("page-home-title")));
        }
        if matches!(self.page, Page::Record | Page::Days) {
            crumbs.push(("/history", self.t("page-history-title")));
        }
        crumbs
    }

    pub(crate) fn asset(&self, name: &str) -> String {
        format!("/assets/{name}?v={}", assets::version())
    }

    /// First letter of the reader's name, for the round mark.
    pub(crate) fn initial(&self) -> String {
        self.user.chars().take(1).flat_map(char::to_uppercase).collect()
    }

    pub(crate) fn is_days(&self) -> bool {
        self.page == Page::Days
    }

    /// When the state shown was read.
    pub(crate) fn live_note(&self) -> String {
        text_with(self.lang, "live-note", &[("at", Arg::from(&self.at))])
    }

    pub(crate) fn until(&self, at: &str) -> String {
        text_with(self.lang, "terminals-until", &[("at", Arg::from(at))])
    }

    /// Whose calls are shown after a search for a name.
    pub(crate) fn calls_of(&self, person: &Candidate) -> String {
        let args = [("dn", Arg::from(&person.dn)), ("name", Arg::from(&person.name))];
        text_with(self.lang, "history-of", &args)
    }

    /// Whether a value of the theme switch is in force.
    pub(crate) fn is_theme(&self, value: &str) -> bool {
        self.theme.map_or("auto", Theme::word) == value
    }

    pub(crate) fn theme_word(&self) -> &'static str {
        self.theme.map_or("", Theme::word)
    }

    /// The language that the switch offers, with its own name.
    pub(crate) fn other_lang(&self) -> (&'static str, &'static str) {
        match self.lang {
            Lang::Ja => ("en", "English"),
            // The name of the language in itself, so it is no text of a catalogue.
            Lang::En => ("ja", "\u{65e5}\u{672c}\u{8a9e}"),
        }
    }

    /// (value, text) of the themes that the switch offers.
    pub(crate) fn themes(&self) -> [(&'static str, Cow<'static, str>); 3] {
        [
            ("auto", self.t("portal-theme-auto")),
            ("light", self.t("portal-theme-light")),
            ("dark", self.t("portal-theme-dark")),
        ]
    }
}

/// (word, text) of the choices of a select field: all, then `words` under `prefix`.
pub(crate) fn choices(
    lang: Lang,
    prefix: &str,
    words: &'static [&'static str],
) -> Vec<(&'static str, String)> {
    let mut all = vec![("", text(lang, "list-all").into_owned())];
    all.extend(words.iter().map(|w| (*w, text(lang, &format!("{prefix}-{w}")).into_owned())));
    all
}
