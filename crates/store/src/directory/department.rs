//! 所属 as rows; the members are one column, their ids in order.

use base::id::{DepartmentId, SiteId, TenantId, UserId};
use model::{Change, Department, TollClass, paging};
use sqlx::sqlite::SqliteRow;

use super::{Columns, add_forward, add_limits, add_overflow, ids_blob};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, site, name, dn, multicast, ring_s, members,
    ring_busy, ring_forwarded, forward_all, forward_all_last, overflow, voicemail,
    pagers, page_s, emergency, record_s, messages_max, keep_days, toll,
    multicast_to, multicast_sites FROM department";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO department (tenant, id, site, name, dn, multicast, ring_s, members, ring_busy,
     ring_forwarded, forward_all, forward_all_last, overflow, voicemail, pagers, page_s,
     emergency, record_s, messages_max, keep_days, toll, multicast_to,
     multicast_sites) VALUES",
    23,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM department WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let mut department = Department {
        tenant: TenantId(c.id()?),
        id: DepartmentId(c.id()?),
        site: SiteId(c.id()?),
        name: c.text()?.into(),
        dn: c.dn()?,
        multicast: c.flag()?,
        multicast_to: None,
        multicast_sites: Box::default(),
        ring_s: c.small()?,
        members: c.ids()?.into_iter().map(UserId).collect(),
        ring_busy: c.flag()?,
        ring_forwarded: c.flag()?,
        all: c.forward()?,
        overflow: c.destination()?,
        voicemail: c.flag()?,
        pagers: c.ids_option()?.map(|ids| ids.into_iter().map(UserId).collect()),
        page_s: c.small()?,
        emergency: c.flag()?,
        limits: c.limits()?,
        toll: c.toll()?,
    };
    let to = c.text_option()?.map(|text| text.parse().map_err(|_| DbError::corrupt("address")));
    department.multicast_to = to.transpose()?;
    let own = paging::parse(c.text()?);
    department.multicast_sites = own.ok_or(DbError::corrupt("streams"))?;
    Ok(Change::DepartmentPut(department))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    departments: &[&Department],
) -> Result<(), DbError> {
    PUT.run(conn, departments, |d, args| {
        args.id(d.tenant.0);
        args.id(d.id.0);
        args.id(d.site.0);
        args.add(&*d.name);
        args.add(d.dn.text());
        args.add(i64::from(d.multicast));
        args.add(i64::from(d.ring_s));
        args.add(ids_blob(d.members.iter().map(|m| m.0)));
        args.add(i64::from(d.ring_busy));
        args.add(i64::from(d.ring_forwarded));
        add_forward(args, &d.all);
        add_overflow(args, d.overflow.as_ref());
        args.add(i64::from(d.voicemail));
        args.add(d.pagers.as_ref().map(|list| ids_blob(list.iter().map(|id| id.0))));
        args.add(i64::from(d.page_s));
        args.add(i64::from(d.emergency));
        add_limits(args, d.limits);
        args.add(d.toll.map(TollClass::name));
        args.add(d.multicast_to.map(|at| at.to_string()));
        args.add(paging::text(&d.multicast_sites));
    })
    .await
}
