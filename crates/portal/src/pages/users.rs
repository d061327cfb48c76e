//! ユーザ一覧 (R243): search, order, pages, live registration.

use app::Lang;
use app::text::text;
use askama::Template;
use axum::extract::State;
use base::id::DeviceId;
use model::{Snapshot, User, UserState};

use crate::Portal;
use crate::directory::{Order, Places, Search};
use crate::live::Contact;
use crate::pages::{Answer, page};
use crate::shell::columns::{Columns, USERS};
use crate::shell::download::{Form, Title, table};
use crate::shell::fault::Fault;
use crate::shell::frame::{Frame, Notice, Page, Tone, choices};
use crate::shell::list::{Asked, Column, Controls, Head, ListQuery, ROWS, cut, heads};
use crate::shell::signed::Signed;
use crate::shell::tel::Tel;

pub(crate) const PATH: &str = "/users";

const COLUMNS: [Column; 8] = [
    Column { id: "users-dn", word: "", sort: "dn", class: "" },
    Column { id: "users-name", word: "", sort: "name", class: "" },
    Column { id: "users-registration", word: "", sort: "", class: "" },
    Column { id: "users-state", word: "state", sort: "", class: "" },
    Column { id: "users-devices", word: "devices", sort: "", class: "right wide-only" },
    Column { id: "users-mobile", word: "mobile", sort: "", class: "wide-only" },
    Column { id: "users-web-user", word: "login", sort: "login", class: "wide-only" },
    Column { id: "users-created", word: "created", sort: "", class: "wide-only" },
];

/// Headings of files.
const IN_FILES: [&str; 9] = [
    "users-dn",
    "users-name",
    "users-furigana",
    "users-registration",
    "users-state",
    "users-devices",
    "users-mobile",
    "users-web-user",
    "users-created",
];

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    asked: ListQuery,
    rows_choices: [usize; 3],
    states: Vec<(&'static str, String)>,
    heads: Vec<Head>,
    rows: Vec<UserRow>,
    controls: Controls,
    columns: Columns,
    csv: String,
    excel: String,
    is_filtered: bool,
}

/// Whether a person can be reached by phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Registered,
    /// Registered, but gave no answer lately.
    Silent,
    Unregistered,
    /// The node does not answer.
    Unknown,
}

impl Reach {
    /// Of terminals with these registrations.
    pub(crate) fn of<'a>(contacts: Option<impl Iterator<Item = &'a Contact>>) -> Self {
        let Some(contacts) = contacts else { return Reach::Unknown };
        let mut reach = Reach::Unregistered;
        for contact in contacts {
            if !contact.is_silent {
                return Reach::Registered;
            }
            reach = Reach::Silent;
        }
        reach
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Reach::Registered => "on",
            Reach::Silent => "warn",
            Reach::Unregistered | Reach::Unknown => "off",
        }
    }

    pub(crate) fn id(self) -> &'static str {
        match self {
            Reach::Registered => "state-registered",
            Reach::Silent => "state-unreachable",
            Reach::Unregistered => "state-unregistered",
            Reach::Unknown => "state-unknown",
        }
    }
}

struct UserRow {
    dn: String,
    name: String,
    furigana: String,
    web_user: String,
    mobile: Tel,
    devices: usize,
    reach: Reach,
    is_stopped: bool,
    created_at: String,
}

pub(crate) async fn list(
    State(portal): State<Portal>,
    who: Signed,
    Asked(asked): Asked<ListQuery>,
) -> Answer {
    let found = find(&portal, &who, &asked).await?;
    let snapshot = &found.snapshot;
    let (part, range) = cut(found.places.len(), asked.page(), asked.rows());
    let shown: Vec<&User> = found.some(who.scope().tenant(), range);
    let devices = shown.iter().flat_map(|u| snapshot.devices_of(u.id)).copied().collect();
    let contacts = portal.live.contacts(devices).await;
    let lang = who.visit.lang;
    let mut frame = Frame::new(&portal, &who, snapshot, Page::Users);
    if contacts.is_none() && frame.notice.is_none() {
        frame.notice = Some(Notice::new(Tone::Warn, frame.t("live-unknown")));
    }
    let columns = Columns::of(&USERS, &who.visit);
    let shown_columns: Vec<&Column> = COLUMNS.iter().filter(|c| columns.shows(c.word)).collect();
    page(&UsersPage {
        rows: shown.iter().map(|u| row(snapshot, u, contacts.as_deref())).collect(),
        frame,
        rows_choices: ROWS,
        states: choices(lang, "user-state", &["active", "stopped"]),
        heads: heads(lang, PATH, &asked, ("dn", &shown_columns)),
        columns,
        controls: Controls::of(lang, PATH, &asked, &part),
        csv: asked.file("/users.csv"),
        excel: asked.file("/users.xlsx"),
        is_filtered: !(asked.q.is_empty() && asked.state.is_empty()),
        asked,
    })
}

fn row(snapshot: &Snapshot, user: &User, contacts: Option<&[Contact]>) -> UserRow {
    let devices = snapshot.devices_of(user.id);
    let mobile = snapshot.mobile_of_dn(user.tenant, user.dn);
    UserRow {
        dn: user.dn.text(),
        name: user.name.to_string(),
        furigana: user.furigana.to_string(),
        web_user: user.web_user.to_string(),
        mobile: mobile.map(|m| Tel::of(&m.number.to_string())).unwrap_or_default(),
        devices: devices.len(),
        reach: Reach::of(contacts.map(|all| all.iter().filter(|c| devices.contains(&c.device)))),
        is_stopped: user.state == UserState::Stopped,
        created_at: user.created_at.tokyo_text(),
    }
}

async fn find(portal: &Portal, who: &Signed, asked: &ListQuery) -> Result<Places, Fault> {
    let site = who.scope().site();
    let state = match asked.state.as_str() {
        "active" => Some(UserState::Active),
        "stopped" => Some(UserState::Stopped),
        _ => None,
    };
    let fits =
        |user: &User| site.is_none_or(|s| user.site == s) && state.is_none_or(|s| user.state == s);
    let search = Search {
        tenant: who.scope().tenant(),
        query: &asked.q,
        order: match asked.sort.as_str() {
            "name" => Order::Reading,
            "login" => Order::Login,
            _ => Order::Own,
        },
        is_descending: asked.is_descending(),
        fits: &fits,
    };
    let found = portal.directory.people.find(portal.store.snapshot(), search).await;
    found.ok_or(Fault::Unavailable)
}

pub(crate) async fn csv(portal: State<Portal>, who: Signed, asked: Asked<ListQuery>) -> Answer {
    file(portal, who, asked, Form::Csv).await
}

pub(crate) async fn excel(portal: State<Portal>, who: Signed, asked: Asked<ListQuery>) -> Answer {
    file(portal, who, asked, Form::Excel).await
}

/// The rows of the filter as a file.
async fn file(
    State(portal): State<Portal>,
    who: Signed,
    Asked(asked): Asked<ListQuery>,
    form: Form,
) -> Answer {
    let found = find(&portal, &who, &asked).await?;
    let (tenant, lang, now) = (who.scope().tenant(), who.visit.lang, who.visit.now);
    portal.store.note(who.scope(), "users-export", &asked.q, now).await?;
    let registered = portal.live.registered(&found.snapshot, tenant, now).await;
    let title = Title { form, name: "users", sheet: "page-users-title", lang, now };
    table(title, |mut rows| async move {
        rows.push(IN_FILES.iter().map(|id| text(lang, id).into_owned()).collect()).await?;
        for first in (0..found.places.len()).step_by(1_000) {
            let last = (first + 1_000).min(found.places.len());
            for user in found.some::<User>(tenant, first..last) {
                let registered = registered.as_deref().map(Vec::as_slice);
                rows.push(cells(&found.snapshot, user, registered, lang)).await?;
            }
        }
        Ok(rows)
    })
    .await
}

fn cells(
    snapshot: &Snapshot,
    user: &User,
    registered: Option<&[DeviceId]>,
    lang: Lang,
) -> Vec<String> {
    let devices = snapshot.devices_of(user.id);
    let reach = match registered {
        None => Reach::Unknown,
        Some(all) if devices.iter().any(|d| all.binary_search(d).is_ok()) => Reach::Registered,
        Some(_) => Reach::Unregistered,
    };
    let state = match user.state {
        UserState::Active => "user-state-active",
        UserState::Stopped => "user-state-stopped",
    };
    let mobile = snapshot.mobile_of_dn(user.tenant, user.dn);
    vec![
        user.dn.text(),
        user.name.to_string(),
        user.furigana.to_string(),
        text(lang, reach.id()).into_owned(),
        text(lang, state).into_owned(),
        devices.len().to_string(),
        mobile.map(|m| m.number.to_string()).unwrap_or_default(),
        user.web_user.to_string(),
        user.created_at.tokyo_text(),
    ]
}
