//! ユーザ as rows of `person`; "user" is a reserved word of SQL.

use base::id::{DepartmentId, DeviceId, SiteId, TenantId, UserId};
use model::{Change, User, UserState};
use sqlx::sqlite::SqliteRow;

use super::{Columns, ids_blob, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, site, name, furigana, dn, web_user, state,
    ring_time_s, created_at, updated_at, pickup_departments, former_devices FROM person";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO person (tenant, id, site, name, furigana, dn, web_user, web_key, state,
     ring_time_s, created_at, updated_at, pickup_departments, former_devices) VALUES",
    14,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM person WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::UserPut(User {
        tenant: TenantId(c.id()?),
        id: UserId(c.id()?),
        site: SiteId(c.id()?),
        name: c.text()?.into(),
        furigana: c.text()?.into(),
        dn: c.dn()?,
        web_user: c.text()?.into(),
        state: c.one_of(&UserState::ALL)?,
        ring_time_s: c.small()?,
        created_at: c.wall()?,
        updated_at: c.wall()?,
        pickup_departments: c.ids()?.into_iter().map(DepartmentId).collect(),
        former_devices: c.ids()?.into_iter().map(DeviceId).collect(),
    }))
}

pub(crate) async fn put(conn: &mut sqlx::SqliteConnection, users: &[&User]) -> Result<(), DbError> {
    PUT.run(conn, users, |u, args| {
        args.id(u.tenant.0);
        args.id(u.id.0);
        args.id(u.site.0);
        args.add(&*u.name);
        args.add(&*u.furigana);
        args.add(u.dn.text());
        args.add(&*u.web_user);
        args.add((!u.web_user.is_empty()).then(|| u.web_user.to_ascii_lowercase()));
        args.add(number_of(&u.state, &UserState::ALL));
        args.add(i64::from(u.ring_time_s));
        args.add(u.created_at.0);
        args.add(u.updated_at.0);
        let departments = ids_blob(u.pickup_departments.iter().map(|d| d.0));
        args.add((!departments.is_empty()).then_some(departments));
        let former = ids_blob(u.former_devices.iter().map(|d| d.0));
        args.add((!former.is_empty()).then_some(former));
    })
    .await
}
