//! Every statement fits the schema; a fresh schema is all migrations, applied in any portions.

use sqlx::{Executor, SqlSafeStr, SqliteConnection};

use super::world::{T0, TempDir};
use crate::backend::sqlite;
use crate::directory::{
    admin, department, device, dn_settings, gateway, hunt, line, mobile, park_slot, pickup,
    reception, site, sound, tenant, user, virtual_dn,
};
use crate::error::OpenError;
use crate::migrate::{MAIN, SOFT, migrate};
use crate::rows::Rows;
use crate::{
    api_token, audit, binding, commit, credential, history, idempotency, login, message, open,
    session,
};

async fn fresh(dir: &TempDir) -> SqliteConnection {
    std::fs::create_dir_all(dir.path()).expect("folder");
    sqlite::open_main(&dir.path().join("x.db")).await.expect("opens")
}

async fn tables(conn: &mut SqliteConnection) -> Vec<(String, Option<String>)> {
    let sql = "SELECT name, sql FROM sqlite_master ORDER BY name";
    sqlx::query_as(sql).fetch_all(conn).await.expect("readable")
}

#[tokio::test]
async fn every_statement_of_main_is_prepared() {
    let dir = TempDir::new();
    let mut conn = fresh(&dir).await;
    migrate(&mut conn, MAIN, T0).await.expect("migrates");
    let rows: [&'static Rows; 40] = [
        &tenant::PUT,
        &tenant::DELETE,
        &site::PUT,
        &site::DELETE,
        &user::PUT,
        &user::DELETE,
        &device::PUT,
        &device::DELETE,
        &mobile::PUT,
        &mobile::DELETE,
        &admin::PUT,
        &admin::DELETE,
        &virtual_dn::PUT,
        &virtual_dn::DELETE,
        &department::PUT,
        &department::DELETE,
        &hunt::PUT,
        &hunt::DELETE,
        &pickup::PUT,
        &pickup::DELETE,
        &park_slot::PUT,
        &park_slot::DELETE,
        &gateway::PUT,
        &gateway::DELETE,
        &line::PUT,
        &line::DELETE,
        &reception::PUT,
        &reception::DELETE,
        &dn_settings::PUT,
        &dn_settings::DELETE,
        &sound::PUT,
        &sound::DELETE,
        &credential::PUT,
        &credential::DELETE,
        &session::DELETE,
        &history::INSERT,
        &message::PUT,
        &message::REMOVE,
        &message::GREET,
        &message::UNGREET,
    ];
    let single = [
        tenant::LOAD,
        idempotency::FIND,
        idempotency::KEEP,
        idempotency::FORGET_OLD,
        idempotency::FORGET_MANY,
        site::LOAD,
        user::LOAD,
        device::LOAD,
        mobile::LOAD,
        admin::LOAD,
        virtual_dn::LOAD,
        department::LOAD,
        hunt::LOAD,
        pickup::LOAD,
        park_slot::LOAD,
        gateway::LOAD,
        line::LOAD,
        reception::LOAD,
        dn_settings::LOAD,
        sound::LOAD,
        message::LOAD,
        message::FILES,
        message::LOAD_GREETINGS,
        open::REVISION,
        open::TENANT_REVISIONS,
        commit::ADVANCE,
        commit::TENANT_ADVANCE,
        audit::HEAD,
        audit::HEAD_PUT,
        audit::APPEND,
        audit::PAGE,
        audit::AFTER,
        credential::READ,
        credential::REPLACE,
        credential::BULK,
        login::SET_FAILURES,
        login::TOUCH,
        login::LOCKED,
        api_token::MAKE,
        api_token::FIND,
        api_token::LIST,
        api_token::COUNT,
        api_token::REVOKE,
        session::OPEN,
        session::FIND,
        session::SEEN,
        session::CLOSE,
        session::EXPIRE,
        session::EXPEL,
        history::NEWEST,
        history::OLDEST,
        history::COUNT,
        history::COUNT_SOME,
        history::DAYS,
        history::FORGET,
        crate::migrate::APPLIED,
        crate::migrate::RECORD,
    ];
    for sql in single.into_iter().chain(rows.into_iter().flat_map(Rows::texts)) {
        let prepared = (&mut conn).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn every_statement_of_soft_is_prepared() {
    let dir = TempDir::new();
    let mut conn = fresh(&dir).await;
    migrate(&mut conn, SOFT, T0).await.expect("migrates");
    let rows: [&'static Rows; 2] = [&binding::PUT, &binding::REMOVE];
    let single = [binding::EXPIRE, binding::LOAD];
    for sql in single.into_iter().chain(rows.into_iter().flat_map(Rows::texts)) {
        let prepared = (&mut conn).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn history_and_retention_use_the_index_of_time() {
    let dir = TempDir::new();
    let mut conn = fresh(&dir).await;
    migrate(&mut conn, MAIN, T0).await.expect("migrates");
    for sql in [concat!(
        "EXPLAIN QUERY PLAN ",
        "SELECT body FROM call_record WHERE tenant = $1
         AND called_at >= $2 AND called_at < $3 AND (called_at, id) < ($4, $5)
         ORDER BY called_at DESC, id DESC LIMIT 10"
    )] {
        let rows: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sql).fetch_all(&mut conn).await.expect("plan");
        assert!(rows.iter().all(|r| r.3.starts_with("SEARCH")), "{rows:?}");
    }
}

#[tokio::test]
async fn portions_of_migrations_make_the_same_schema() {
    let (whole, parts) = (TempDir::new(), TempDir::new());
    let (mut a, mut b) = (fresh(&whole).await, fresh(&parts).await);
    migrate(&mut a, MAIN, T0).await.expect("at once");
    for count in 1..=MAIN.len() {
        migrate(&mut b, &MAIN[..count], T0).await.expect("one by one");
    }
    migrate(&mut b, MAIN, T0).await.expect("again");
    assert_eq!(tables(&mut a).await, tables(&mut b).await);
    assert!(MAIN.windows(2).all(|w| w[0].number < w[1].number));
}

#[tokio::test]
async fn a_newer_or_altered_schema_is_refused() {
    let dir = TempDir::new();
    let mut conn = fresh(&dir).await;
    migrate(&mut conn, MAIN, T0).await.expect("migrates");
    let older = migrate(&mut conn, &MAIN[..1], T0).await;
    assert!(matches!(older, Err(OpenError::Newer(2))), "{older:?}");
    let damage = "UPDATE migration SET checksum = x'00' WHERE number = 1";
    sqlx::query(damage).execute(&mut conn).await.expect("altered");
    let altered = migrate(&mut conn, MAIN, T0).await;
    assert!(matches!(altered, Err(OpenError::Altered(1))), "{altered:?}");
}
