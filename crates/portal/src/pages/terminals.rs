//! アカウント一覧 (R212, R213): the terminals with their live registrations.

use app::Lang;
use app::text::text;
use askama::Template;
use axum::extract::State;
use model::{Device, DeviceKind, Snapshot};

use crate::Portal;
use crate::directory::{Listed, Order, Places, Search};
use crate::live::{Contact, Devices};
use crate::pages::users::Reach;
use crate::pages::{Answer, page};
use crate::shell::columns::{Columns, TERMINALS};
use crate::shell::download::{Form, Title, table};
use crate::shell::fault::Fault;
use crate::shell::frame::{Frame, Notice, Page, Tone, choices};
use crate::shell::list::{Asked, Column, Controls, Head, ListQuery, ROWS, cut, heads};
use crate::shell::signed::Signed;

pub(crate) const PATH: &str = "/terminals";

const COLUMNS: [Column; 6] = [
    Column { id: "terminals-sip-id", word: "", sort: "login", class: "" },
    Column { id: "terminals-user", word: "", sort: "name", class: "" },
    Column { id: "terminals-dn", word: "", sort: "dn", class: "" },
    Column { id: "terminals-registration", word: "", sort: "", class: "" },
    Column { id: "terminals-kind", word: "kind", sort: "", class: "wide-only" },
    Column { id: "terminals-domain", word: "domain", sort: "", class: "wide-only" },
];

/// Headings of files.
const IN_FILES: [&str; 8] = [
    "terminals-sip-id",
    "terminals-user",
    "terminals-dn",
    "terminals-registration",
    "terminals-name",
    "terminals-source",
    "terminals-kind",
    "terminals-domain",
];

#[derive(Template)]
#[template(path = "terminals.html")]
struct TerminalsPage {
    frame: Frame,
    asked: ListQuery,
    rows_choices: [usize; 3],
    states: Vec<(&'static str, String)>,
    heads: Vec<Head>,
    rows: Vec<TerminalRow>,
    controls: Controls,
    columns: Columns,
    csv: String,
    excel: String,
    is_filtered: bool,
}

struct TerminalRow {
    sip_id: String,
    label: String,
    user: String,
    furigana: String,
    /// Empty = 未使用: nobody is logged in.
    dn: String,
    /// Empty when it is not registered.
    contacts: Vec<ContactRow>,
    reach: Reach,
    kind: &'static str,
    /// What the phone registers at.
    domain: String,
}

struct ContactRow {
    reach: Reach,
    agent: String,
    source: String,
    transport: String,
    until: String,
}

pub(crate) async fn list(
    State(portal): State<Portal>,
    who: Signed,
    Asked(asked): Asked<ListQuery>,
) -> Answer {
    let found = find(&portal, &who, &asked).await?;
    let snapshot = &found.snapshot;
    let (part, range) = cut(found.places.len(), asked.page(), asked.rows());
    let shown: Vec<&Device> = found.some(who.scope().tenant(), range);
    let contacts = portal.live.contacts(shown.iter().map(|d| d.id).collect()).await;
    let lang = who.visit.lang;
    let mut frame = Frame::new(&portal, &who, snapshot, Page::Terminals);
    if contacts.is_none() && frame.notice.is_none() {
        frame.notice = Some(Notice::new(Tone::Warn, frame.t("live-unknown")));
    }
    let columns = Columns::of(&TERMINALS, &who.visit);
    let shown_columns: Vec<&Column> = COLUMNS.iter().filter(|c| columns.shows(c.word)).collect();
    page(&TerminalsPage {
        rows: shown.iter().map(|d| row(snapshot, d, contacts.as_deref())).collect(),
        frame,
        rows_choices: ROWS,
        states: choices(lang, "terminals-state", &["on", "off", "unused"]),
        heads: heads(lang, PATH, &asked, ("login", &shown_columns)),
        columns,
        controls: Controls::of(lang, PATH, &asked, &part),
        csv: asked.file("/terminals.csv"),
        excel: asked.file("/terminals.xlsx"),
        is_filtered: !(asked.q.is_empty() && asked.state.is_empty()),
        asked,
    })
}

fn kind(device: &Device) -> &'static str {
    match device.kind {
        DeviceKind::Mobile => "terminals-kind-mobile",
        DeviceKind::SipPhone => "terminals-kind-phone",
    }
}

fn row(snapshot: &Snapshot, device: &Device, contacts: Option<&[Contact]>) -> TerminalRow {
    let (furigana, user) = device.person(snapshot);
    let own = |all: &[Contact]| -> Vec<Contact> {
        all.iter().filter(|c| c.device == device.id).cloned().collect()
    };
    let own = contacts.map(own);
    let reach = Reach::of(own.as_ref().map(|own| own.iter()));
    let contact = |c: Contact| ContactRow {
        reach: if c.is_silent { Reach::Silent } else { Reach::Registered },
        agent: c.agent,
        source: c.source,
        transport: c.transport,
        until: c.expires_at.tokyo_text(),
    };
    TerminalRow {
        sip_id: device.sip_id.to_string(),
        label: device.label.to_string(),
        user: user.to_owned(),
        furigana: furigana.to_owned(),
        dn: device.number(snapshot).map(|dn| dn.text()).unwrap_or_default(),
        contacts: own.unwrap_or_default().into_iter().map(contact).collect(),
        reach,
        kind: kind(device),
        domain: snapshot.site(device.site).map(|s| s.domain.to_string()).unwrap_or_default(),
    }
}

/// Which terminals are wanted by their state.
enum Wanted {
    All,
    Registered(Devices),
    Unregistered(Devices),
    /// Nobody is logged in.
    Unused,
}

impl Wanted {
    fn fits(&self, device: &Device) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Registered(set) => set.binary_search(&device.id).is_ok(),
            Wanted::Unregistered(set) => set.binary_search(&device.id).is_err(),
            Wanted::Unused => device.user.is_none(),
        }
    }
}

async fn find(portal: &Portal, who: &Signed, asked: &ListQuery) -> Result<Places, Fault> {
    let (tenant, site) = (who.scope().tenant(), who.scope().site());
    let snapshot = portal.store.snapshot();
    let wanted = match asked.state.as_str() {
        "on" | "off" => {
            let set = portal.live.registered(&snapshot, tenant, who.visit.now).await;
            let set = set.ok_or(Fault::Unavailable)?;
            if asked.state == "on" { Wanted::Registered(set) } else { Wanted::Unregistered(set) }
        }
        "unused" => Wanted::Unused,
        _ => Wanted::All,
    };
    let fits = |d: &Device| site.is_none_or(|s| d.site == s) && wanted.fits(d);
    let search = Search {
        tenant,
        query: &asked.q,
        order: match asked.sort.as_str() {
            "name" => Order::Reading,
            "dn" => Order::Number,
            _ => Order::Own,
        },
        is_descending: asked.is_descending(),
        fits: &fits,
    };
    portal.directory.terminals.find(snapshot, search).await.ok_or(Fault::Unavailable)
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
    portal.store.note(who.scope(), "terminals-export", &asked.q, now).await?;
    let title = Title { form, name: "terminals", sheet: "page-terminals-title", lang, now };
    table(title, |mut rows| async move {
        rows.push(IN_FILES.iter().map(|id| text(lang, id).into_owned()).collect()).await?;
        for first in (0..found.places.len()).step_by(200) {
            let last = (first + 200).min(found.places.len());
            let devices: Vec<&Device> = found.some(tenant, first..last);
            let contacts = portal.live.contacts(devices.iter().map(|d| d.id).collect()).await;
            for device in devices {
                let row = row(&found.snapshot, device, contacts.as_deref());
                rows.push(cells(&row, lang)).await?;
            }
        }
        Ok(rows)
    })
    .await
}

fn cells(row: &TerminalRow, lang: Lang) -> Vec<String> {
    let join = |part: fn(&ContactRow) -> &str| {
        row.contacts.iter().map(part).collect::<Vec<_>>().join(" / ")
    };
    vec![
        row.sip_id.clone(),
        row.user.clone(),
        row.dn.clone(),
        text(lang, row.reach.id()).into_owned(),
        join(|c| &c.agent),
        join(|c| &c.source),
        text(lang, row.kind).into_owned(),
        row.domain.clone(),
    ]
}
