//! Terminals that have made an emergency call, in `main.db`: who may be called back (J35).

use std::collections::BTreeMap;

use base::id::{DeviceId, GatewayId, TenantId};
use model::{EmergencyRoute, StoredCaller};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::directory::Columns;
use crate::error::DbError;
use crate::open::rows;
use crate::rows::Rows;

pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO emergency_caller (tenant, device, gateway, shown, back, at) VALUES",
    6,
    " ON CONFLICT (tenant, device) DO UPDATE SET gateway = excluded.gateway, \
     shown = excluded.shown, back = excluded.back, at = excluded.at",
);
pub(crate) const LOAD: &str =
    "SELECT tenant, device, gateway, shown, back, at FROM emergency_caller ORDER BY at";
/// Older ones may not be called back any more.
pub(crate) const FORGET: &str = "DELETE FROM emergency_caller WHERE at < $1";

/// The longest window.
const WINDOW_MS: i64 = 24 * 3_600_000;

/// The last word on each terminal.
pub(crate) type Callers = BTreeMap<(TenantId, DeviceId), StoredCaller>;

/// Writes, and forgets what is a day older than the newest.
pub(crate) async fn store(conn: &mut SqliteConnection, callers: &Callers) -> Result<(), DbError> {
    let all: Vec<_> = callers.values().collect();
    PUT.run(conn, &all, |caller, args| {
        args.id(caller.tenant.0);
        args.id(caller.device.0);
        args.id(caller.route.gateway.0);
        args.add(caller.route.shown.text());
        args.add(caller.route.back.map(base::Dn::text));
        args.add(caller.at.0);
    })
    .await?;
    if let Some(newest) = all.iter().map(|c| c.at.0).max() {
        sqlx::query(FORGET).bind(newest - WINDOW_MS).execute(conn).await?;
    }
    Ok(())
}

/// Reads all, the latest last.
pub(crate) async fn load(conn: &mut SqliteConnection) -> Result<Vec<StoredCaller>, DbError> {
    let read = |row: &SqliteRow| {
        let mut c = Columns::of(row);
        let (tenant, device) = (TenantId(c.id()?), DeviceId(c.id()?));
        let gateway = GatewayId(c.id()?);
        let route = EmergencyRoute { gateway, shown: c.dn()?, back: c.dn_option()? };
        Ok(StoredCaller { tenant, device, route, at: base::Wall(c.number()?) })
    };
    rows(conn, LOAD, read).await
}
