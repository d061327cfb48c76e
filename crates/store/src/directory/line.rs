//! 回線 as rows; people are columns, their ids one after the other.

use base::id::{GatewayId, LineId, TenantId, UserId};
use model::{Change, Inbound, Line, Receive};
use sqlx::sqlite::SqliteRow;

use super::{Columns, ids_blob, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, code, name, number, gateway, prefix, reserve,
    receive, receivers, callers, initial_of, common, day, night FROM line";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO line (tenant, id, code, name, number, gateway, prefix, reserve, receive,
     receivers, callers, initial_of, common, day, night) VALUES",
    15,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM line WHERE (tenant, id) IN (VALUES", 2, ")");

fn inbound(text: &str) -> Result<Inbound, DbError> {
    Inbound::parse(text).ok_or(DbError::corrupt("inbound"))
}

fn users(c: &mut Columns<'_>) -> Result<Box<[UserId]>, DbError> {
    Ok(c.ids()?.into_iter().map(UserId).collect())
}

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::LinePut(Line {
        tenant: TenantId(c.id()?),
        id: LineId(c.id()?),
        code: c.dn()?,
        name: c.text()?.into(),
        number: c.dn()?,
        gateway: GatewayId(c.id()?),
        prefix: c.text_option()?.map(Box::from),
        reserve: c.id_option()?.map(LineId),
        receive: c.one_of(&Receive::ALL)?,
        receivers: users(&mut c)?,
        callers: users(&mut c)?,
        initial_of: users(&mut c)?,
        common: c.flag()?,
        day: inbound(c.text()?)?,
        night: c.text_option()?.map(inbound).transpose()?,
    }))
}

pub(crate) async fn put(conn: &mut sqlx::SqliteConnection, lines: &[&Line]) -> Result<(), DbError> {
    PUT.run(conn, lines, |l, args| {
        args.id(l.tenant.0);
        args.id(l.id.0);
        args.add(l.code.text());
        args.add(&*l.name);
        args.add(l.number.text());
        args.id(l.gateway.0);
        args.add(l.prefix.as_deref());
        args.id_option(l.reserve.map(|r| r.0));
        args.add(number_of(&l.receive, &Receive::ALL));
        for users in [&l.receivers, &l.callers, &l.initial_of] {
            args.add(ids_blob(users.iter().map(|u| u.0)));
        }
        args.add(i64::from(l.common));
        args.add(l.day.text());
        args.add(l.night.map(Inbound::text));
    })
    .await
}
