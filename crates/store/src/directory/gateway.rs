//! VoIP-GW and SIP-GW as rows.

use base::id::{DeviceId, GatewayId, SiteId, TenantId};
use model::{Change, Gateway, GatewayKind};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str =
    "SELECT tenant, id, site, name, kind, prefix, channels, account, holds_line FROM gateway";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO gateway (tenant, id, site, name, kind, prefix, channels, account,
     holds_line) VALUES",
    9,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM gateway WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::GatewayPut(Gateway {
        tenant: TenantId(c.id()?),
        id: GatewayId(c.id()?),
        site: SiteId(c.id()?),
        name: c.text()?.into(),
        kind: c.one_of(&GatewayKind::ALL)?,
        prefix: c.text()?.into(),
        channels: c.small()?,
        account: c.id_option()?.map(DeviceId),
        holds_line: c.flag()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    gateways: &[&Gateway],
) -> Result<(), DbError> {
    PUT.run(conn, gateways, |g, args| {
        args.id(g.tenant.0);
        args.id(g.id.0);
        args.id(g.site.0);
        args.add(&*g.name);
        args.add(number_of(&g.kind, &GatewayKind::ALL));
        args.add(&*g.prefix);
        args.add(i64::from(g.channels));
        args.id_option(g.account.map(|a| a.0));
        args.add(i64::from(g.holds_line));
    })
    .await
}
