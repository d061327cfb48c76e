//! 携帯番号 as rows.

use base::id::TenantId;
use base::{Dn, MobileNumber};
use model::{Change, MobileLine, MobileState};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, number, state, dn, requested_at, activated_at,
    cancelled_at FROM mobile_line";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO mobile_line (tenant, number, state, dn, requested_at, activated_at,
     cancelled_at) VALUES",
    7,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM mobile_line WHERE (tenant, number) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let tenant = TenantId(c.id()?);
    let number = MobileNumber::parse(c.text()?).map_err(|_| DbError::corrupt("mobile number"))?;
    Ok(Change::MobilePut(MobileLine {
        number,
        tenant,
        state: c.one_of(&MobileState::ALL)?,
        dn: c
            .text_option()?
            .map(Dn::parse)
            .transpose()
            .map_err(|_| DbError::corrupt("extension"))?,
        requested_at: c.wall_option()?,
        activated_at: c.wall_option()?,
        cancelled_at: c.wall_option()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    lines: &[&MobileLine],
) -> Result<(), DbError> {
    PUT.run(conn, lines, |m, args| {
        args.id(m.tenant.0);
        args.add(m.number.to_string());
        args.add(number_of(&m.state, &MobileState::ALL));
        args.add(m.dn.map(Dn::text));
        args.wall_option(m.requested_at);
        args.wall_option(m.activated_at);
        args.wall_option(m.cancelled_at);
    })
    .await
}
