//! コールハンティンググループ as rows; the members are one column, their numbers in order.

use base::id::{SiteId, TenantId};
use model::{Change, HuntGroup, HuntMethod, TollClass};
use sqlx::sqlite::SqliteRow;

use super::{Columns, add_forward, add_limits, add_overflow, dns_text, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, number, name, site, method, pilot, members, ring_s,
    limit_s, rounds, follow_all, forward_all, forward_all_last, overflow, voicemail,
    record_s, messages_max, keep_days, toll FROM hunt_group";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO hunt_group (tenant, number, name, site, method, pilot, members, ring_s, limit_s,
     rounds, follow_all, forward_all, forward_all_last, overflow, voicemail, record_s,
     messages_max, keep_days, toll) VALUES",
    19,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM hunt_group WHERE (tenant, number) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::HuntPut(HuntGroup {
        tenant: TenantId(c.id()?),
        number: c.small()?,
        name: c.text()?.into(),
        site: SiteId(c.id()?),
        method: c.one_of(&HuntMethod::ALL)?,
        pilot: c.dn()?,
        members: c.dns()?,
        ring_s: c.small()?,
        limit_s: c.small()?,
        rounds: c.small()?,
        follow_all: c.flag()?,
        all: c.forward()?,
        overflow: c.destination()?,
        voicemail: c.flag()?,
        limits: c.limits()?,
        toll: c.toll()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    groups: &[&HuntGroup],
) -> Result<(), DbError> {
    PUT.run(conn, groups, |h, args| {
        args.id(h.tenant.0);
        args.add(i64::from(h.number));
        args.add(&*h.name);
        args.id(h.site.0);
        args.add(number_of(&h.method, &HuntMethod::ALL));
        args.add(h.pilot.text());
        args.add(dns_text(&h.members));
        args.add(i64::from(h.ring_s));
        args.add(i64::from(h.limit_s));
        args.add(i64::from(h.rounds));
        args.add(i64::from(h.follow_all));
        add_forward(args, &h.all);
        add_overflow(args, h.overflow.as_ref());
        args.add(i64::from(h.voicemail));
        add_limits(args, h.limits);
        args.add(h.toll.map(TollClass::name));
    })
    .await
}
