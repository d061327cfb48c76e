//! Settings of extension numbers as rows.

use base::id::TenantId;
use model::{CallerNumber, Change, DnSettings, ShownNumber, TollClass, Waiting};
use sqlx::sqlite::SqliteRow;

use super::{Columns, add_forward, add_spoken, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, dn, forward_all, forward_all_last, forward_busy,
    forward_busy_last, forward_no_answer, forward_no_answer_last, forward_unregistered,
    forward_unregistered_last, no_answer_s, voicemail, voicemail_s, waiting, call_limit, record_s,
    messages_max, keep_days, shown, spoken, toll, caller_number, hide_number FROM dn_settings";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO dn_settings (tenant, dn, forward_all, forward_all_last, forward_busy,
     forward_busy_last, forward_no_answer, forward_no_answer_last, forward_unregistered,
     forward_unregistered_last, no_answer_s, voicemail, voicemail_s, waiting, call_limit, record_s,
     messages_max, keep_days, shown, spoken, toll, caller_number, hide_number) VALUES",
    23,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM dn_settings WHERE (tenant, dn) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::DnSettingsPut(DnSettings {
        tenant: TenantId(c.id()?),
        dn: c.dn()?,
        forwards: [c.forward()?, c.forward()?, c.forward()?, c.forward()?],
        no_answer_s: c.small()?,
        voicemail: c.flag()?,
        voicemail_s: c.small()?,
        waiting: c.one_of(&Waiting::ALL)?,
        call_limit: c.small()?,
        record_s: c.small()?,
        messages_max: c.small()?,
        keep_days: c.small()?,
        shown: c.one_of(&ShownNumber::ALL)?,
        spoken: c.spoken()?,
        toll: c.toll()?,
        caller_number: c.one_of(&CallerNumber::ALL)?,
        hide_number: c.flag()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    settings: &[&DnSettings],
) -> Result<(), DbError> {
    PUT.run(conn, settings, |s, args| {
        args.id(s.tenant.0);
        args.add(s.dn.text());
        s.forwards.iter().for_each(|f| add_forward(args, f));
        args.add(i64::from(s.no_answer_s));
        args.add(i64::from(s.voicemail));
        args.add(i64::from(s.voicemail_s));
        args.add(number_of(&s.waiting, &Waiting::ALL));
        args.add(i64::from(s.call_limit));
        args.add(i64::from(s.record_s));
        args.add(i64::from(s.messages_max));
        args.add(i64::from(s.keep_days));
        args.add(number_of(&s.shown, &ShownNumber::ALL));
        add_spoken(args, s.spoken);
        args.add(s.toll.map(TollClass::name));
        args.add(number_of(&s.caller_number, &CallerNumber::ALL));
        args.add(i64::from(s.hide_number));
    })
    .await
}
