//! Business hours and night switches of sites as rows.

use base::id::{SiteId, TenantId};
use model::{Change, Hours, LineTarget, NightSwitch, Reception};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str =
    "SELECT tenant, site, night_switch, week, holidays, unknown_to, reception_group FROM reception";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO reception (tenant, site, night_switch, week, holidays, unknown_to,
     reception_group) VALUES",
    7,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM reception WHERE (tenant, site) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let (tenant, site) = (TenantId(c.id()?), SiteId(c.id()?));
    let switch = c.one_of(&NightSwitch::ALL)?;
    let (week, holidays) = (c.text_option()?, c.text()?);
    let hours = |week| Hours::parse(week, holidays).ok_or(DbError::corrupt("hours"));
    let hours = week.map(hours).transpose()?;
    let target = |text| LineTarget::parse(text).ok_or(DbError::corrupt("inbound"));
    let unknown = c.text_option()?.map(target).transpose()?;
    let group = c.dn_option()?;
    Ok(Change::ReceptionPut(Reception { tenant, site, switch, hours, unknown, group }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    receptions: &[&Reception],
) -> Result<(), DbError> {
    PUT.run(conn, receptions, |r, args| {
        args.id(r.tenant.0);
        args.id(r.site.0);
        args.add(number_of(&r.switch, &NightSwitch::ALL));
        args.add(r.hours.as_ref().map(Hours::week_text));
        args.add(r.hours.as_ref().map(Hours::holidays_text).unwrap_or_default());
        args.add(r.unknown.map(LineTarget::text));
        args.add(r.group.map(base::Dn::text));
    })
    .await
}
