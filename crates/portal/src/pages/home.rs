//! ホーム: counts, running calls and the newest ended ones.

use app::Lang;
use app::text::text_with;
use askama::Template;
use axum::extract::State;
use base::id::{SiteId, TenantId};
use bulk::reason::Arg;
use model::{MobileState, Snapshot};

use crate::Portal;
use crate::pages::calls::{CallRow, RunningRow, call_row, is_open, running_rows};
use crate::pages::{Answer, page};
use crate::shell::frame::{Frame, Notice, Page, Tone};
use crate::shell::list::thousands;
use crate::shell::signed::Signed;

/// Ended calls shown.
const RECENT: u16 = 10;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    tiles: Vec<Tile>,
    /// `None` when the node does not answer.
    running: Option<Vec<RunningRow>>,
    /// `None` until identity is proved again (R101).
    recent: Option<Vec<CallRow>>,
}

/// A number with its name.
struct Tile {
    href: &'static str,
    label: String,
    value: String,
    note: String,
    /// Comes from the running node.
    is_live: bool,
    is_warning: bool,
}

pub(crate) async fn show(State(portal): State<Portal>, who: Signed) -> Answer {
    let snapshot = portal.store.snapshot();
    let scope = who.scope();
    let (tenant, site) = (scope.tenant(), scope.site());
    let registered = portal.live.registered(&snapshot, tenant, who.visit.now).await;
    let calls = portal.live.calls(&snapshot, (tenant, site)).await;
    let locks = super::locks::visible(&portal, &who, &snapshot).await?.len();
    let counts = Counts {
        registered: registered.map(|all| match site {
            None => all.len(),
            Some(site) => {
                let devices = all.iter().filter_map(|id| snapshot.device(*id));
                devices.filter(|d| d.site == site).count()
            }
        }),
        calls: calls.as_ref().map(Vec::len),
        locks,
    };
    let recent = if is_open(&portal, &who) {
        let filter = store::Filter::default();
        let found = portal.store.history_page(scope, &filter, None, RECENT).await?;
        Some(found.records.iter().map(|r| call_row(r, who.visit.lang)).collect())
    } else {
        None
    };
    let mut frame = Frame::new(&portal, &who, &snapshot, Page::Home);
    let key = portal.memory.view_key(&who.token, &who.visit.here);
    frame.view = key.unwrap_or(frame.view);
    if counts.calls.is_none() && frame.notice.is_none() {
        frame.notice = Some(Notice::new(Tone::Warn, frame.t("live-unknown")));
    }
    let running = calls.map(|calls| running_rows(&snapshot, tenant, &calls, who.visit.now));
    let tiles = tiles(&snapshot, (tenant, site), &counts, who.visit.lang);
    page(&HomePage { frame, tiles, running, recent })
}

/// What is not in the configuration; `None` = the node does not answer.
struct Counts {
    registered: Option<usize>,
    calls: Option<usize>,
    locks: usize,
}

fn tiles(
    snapshot: &Snapshot,
    (tenant, site): (TenantId, Option<SiteId>),
    counts: &Counts,
    lang: Lang,
) -> Vec<Tile> {
    let here = |place: SiteId| site.is_none_or(|s| place == s);
    let users = match site {
        None => snapshot.dn_count(tenant),
        Some(_) => snapshot.users(tenant).filter(|u| here(u.site)).count(),
    };
    let terminals = snapshot.devices(tenant).filter(|d| here(d.site)).count();
    let unassigned =
        snapshot.mobiles(tenant).filter(|m| m.state == MobileState::Unassigned).count();
    let say = |id: &str| app::text::text(lang, id).into_owned();
    let with = |id: &str, n: usize| text_with(lang, id, &[("count", Arg::Text(thousands(n)))]);
    let number = |n: Option<usize>| n.map_or_else(|| "–".to_owned(), thousands);
    let left = app::users::remaining(snapshot, tenant);
    let tile = |href, label: &str, value, note| Tile {
        href,
        label: say(label),
        value,
        note,
        is_live: false,
        is_warning: false,
    };
    vec![
        Tile {
            is_live: true,
            ..tile("/#running", "home-calls", number(counts.calls), say("home-calls-note"))
        },
        Tile {
            is_live: true,
            ..tile(
                "/terminals?state=on",
                "home-terminals",
                number(counts.registered),
                with("home-terminals-of", terminals),
            )
        },
        tile(
            "/users",
            "home-users",
            thousands(users),
            match left {
                Some(left) => with("home-users-left", usize::try_from(left).unwrap_or(usize::MAX)),
                None => say("home-users-unlimited"),
            },
        ),
        tile("/users", "home-mobiles", thousands(unassigned), say("home-mobiles-note")),
        Tile {
            is_warning: counts.locks > 0,
            ..tile("/locks", "home-locks", thousands(counts.locks), say("home-locks-note"))
        },
    ]
}
