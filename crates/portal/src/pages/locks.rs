//! ロック中ユーザー一覧 (R052): who is locked, and ending locks of users by hand.

use app::text::{text, text_with};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use base::Uuid;
use base::id::UserId;
use bulk::reason::Arg;
use model::{CredentialOwner, Snapshot};
use store::{Locked, Zone};

use crate::Portal;
use crate::pages::{Answer, page};
use crate::shell::fault::Fault;
use crate::shell::form::Fields;
use crate::shell::frame::{Frame, Notice, Page, Tone};
use crate::shell::signed::Signed;

#[derive(Template)]
#[template(path = "locks.html")]
struct LocksPage {
    frame: Frame,
    rows: Vec<LockRow>,
    /// Some row may be chosen.
    can_unlock: bool,
}

struct LockRow {
    /// Value of the tick box; empty when only the provider may end the lock.
    id: String,
    login: String,
    /// Name and extension of a user.
    person: String,
    portal: &'static str,
    zone: &'static str,
    address: String,
    since: String,
    /// Empty = by hand only.
    until: String,
}

/// The locks that the reader may see: those of the own site, or of the whole tenant.
pub(crate) async fn visible(
    portal: &Portal,
    who: &Signed,
    snapshot: &Snapshot,
) -> Result<Vec<Locked>, Fault> {
    let mut locks = portal.store.locked(who.scope(), who.visit.now).await?;
    let (tenant, site) = (who.scope().tenant(), who.scope().site());
    locks.retain(|lock| {
        let place = match lock.owner {
            CredentialOwner::Admin(id) => {
                snapshot.admin(id).filter(|a| a.tenant == tenant).map(|a| a.site)
            }
            CredentialOwner::User(id) | CredentialOwner::Pin(id) => {
                snapshot.user(id).filter(|u| u.tenant == tenant).map(|u| Some(u.site))
            }
            CredentialOwner::BoxPin(owner) => {
                let place = owner.place(snapshot).map(|(_, site)| Some(site));
                place.filter(|_| owner.tenant(snapshot) == Some(tenant))
            }
        };
        place.is_some_and(|place| site.is_none() || place == site)
    });
    Ok(locks)
}

pub(crate) async fn list(State(portal): State<Portal>, who: Signed) -> Answer {
    let snapshot = portal.store.snapshot();
    let locks = visible(&portal, &who, &snapshot).await?;
    let rows: Vec<LockRow> = locks.iter().map(|lock| row(&snapshot, lock)).collect();
    let frame = Frame::new(&portal, &who, &snapshot, Page::Locks);
    page(&LocksPage { frame, can_unlock: rows.iter().any(|r| !r.id.is_empty()), rows })
}

fn row(snapshot: &Snapshot, lock: &Locked) -> LockRow {
    let (id, login, person, portal) = match lock.owner {
        CredentialOwner::Admin(id) => {
            let login = snapshot.admin(id).map(|a| a.login.to_string()).unwrap_or_default();
            (String::new(), login, String::new(), "locks-portal-admin")
        }
        CredentialOwner::User(id) | CredentialOwner::Pin(id) => {
            let user = snapshot.user(id);
            let login = user.map(|u| u.web_user.to_string()).unwrap_or_default();
            let person = user.map(|u| format!("{} {}", u.dn, u.name)).unwrap_or_default();
            (id.to_string(), login, person, "locks-portal-user")
        }
        // A lock of fifteen minutes, which nobody signs in with.
        CredentialOwner::BoxPin(owner) => {
            let number = owner.place(snapshot).map(|(dn, _)| dn.text()).unwrap_or_default();
            (String::new(), String::new(), number, "locks-portal-user")
        }
    };
    LockRow {
        id,
        login,
        person,
        portal,
        zone: match lock.zone {
            Some(Zone::Closed) => "locks-zone-closed",
            Some(Zone::Internet) => "locks-zone-internet",
            None => "record-none",
        },
        address: lock.address.map(|a| a.to_string()).unwrap_or_default(),
        since: lock.since.tokyo_text(),
        until: lock.until.map(|u| u.tokyo_text()).unwrap_or_default(),
    }
}

/// Ends the chosen locks. Locks of administrators are the provider's to end.
pub(crate) async fn submit(State(portal): State<Portal>, who: Signed, fields: Fields) -> Answer {
    fields.check(Some(&who.token))?;
    let snapshot = portal.store.snapshot();
    let visible = visible(&portal, &who, &snapshot).await?;
    let lang = who.visit.lang;
    let chosen: Vec<CredentialOwner> = fields
        .values("id")
        .filter_map(Uuid::parse)
        .flat_map(|id| [CredentialOwner::User(UserId(id)), CredentialOwner::Pin(UserId(id))])
        .filter(|owner| visible.iter().any(|lock| lock.owner == *owner))
        .collect();
    for owner in &chosen {
        portal.store.unlock(who.scope(), *owner, who.visit.now).await?;
    }
    let notice = if chosen.is_empty() {
        Notice::new(Tone::Warn, text(lang, "locks-nothing"))
    } else {
        let args = [("count", Arg::Number(chosen.len() as u64))];
        Notice::new(Tone::Good, text_with(lang, "locks-done", &args))
    };
    portal.memory.put_notice(&who.token, notice);
    Ok(Redirect::to("/locks").into_response())
}
