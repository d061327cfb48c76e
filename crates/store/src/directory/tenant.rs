//! 契約企業 as rows.

use base::id::{SoundId, TenantId};
use model::calendar::Calendar;
use model::{
    CallTimes, Change, Code, CodeKind, Codes, Options, Preset, Spoken, Tenant, TollRules,
    WebPolicy, wording,
};
use sqlx::sqlite::SqliteRow;

use super::{Columns, add_overflow, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT id, name, realm, preset, sip_secret_compat, quota,
    is_default, web_policy, unlock_min, reminder_days, retention_days, codes, options,
     announcements, accounts_max, music, spoken, stopped_to, toll, wording, calendar,
     logins_end, digit_pause_ms, code_pause_ms, unanswered_s FROM tenant";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO tenant (id, name, realm, preset, sip_secret_compat, quota,
     is_default, web_policy, unlock_min, reminder_days, retention_days, codes, options,
     announcements, accounts_max, music, spoken, stopped_to, toll, wording, calendar,
     logins_end, digit_pause_ms, code_pause_ms, unanswered_s) VALUES",
    25,
    "",
);
pub(crate) static DELETE: Rows = Rows::new("DELETE FROM tenant WHERE (id) IN (VALUES", 1, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::TenantPut(Tenant {
        id: TenantId(c.id()?),
        name: c.text()?.into(),
        realm: c.text()?.into(),
        preset: c.one_of(&Preset::ALL)?,
        sip_secret_compat: c.flag()?,
        quota: c.small_option()?,
        is_default: c.flag()?,
        web_policy: c.one_of(&WebPolicy::ALL)?,
        unlock_min: c.small_option()?,
        reminder_days: c.small()?,
        retention_days: c.small()?,
        codes: read_codes(c.text()?)?,
        options: Options::from_bits(c.small()?),
        announcements: c.flag()?,
        accounts_max: c.small()?,
        music: c.id_option()?.map(SoundId),
        spoken: c.one_of(&Spoken::ALL)?,
        stopped_to: c.destination()?,
        toll: TollRules::parse(c.text()?).ok_or(DbError::corrupt("toll"))?,
        wording: wording::parse(c.text()?).ok_or(DbError::corrupt("wording"))?,
        calendar: Calendar::parse(c.text()?).ok_or(DbError::corrupt("calendar"))?,
        logins_end: c.small_option()?,
        times: CallTimes {
            digit_pause_ms: c.small()?,
            code_pause_ms: c.small()?,
            unanswered_s: c.small()?,
        },
    }))
}

/// `kind=characters` of each code that is set, parted by spaces.
fn codes_text(codes: &Codes) -> String {
    let parts: Vec<_> =
        codes.iter().map(|(kind, code)| format!("{}={code}", kind.name())).collect();
    parts.join(" ")
}

fn read_codes(text: &str) -> Result<Codes, DbError> {
    let mut codes = Codes::none();
    for part in text.split_ascii_whitespace() {
        let (name, code) = part.split_once('=').ok_or(DbError::corrupt("code"))?;
        let kind = CodeKind::of_name(name).ok_or(DbError::corrupt("code"))?;
        codes.set(kind, Some(Code::parse(code).map_err(|_| DbError::corrupt("code"))?));
    }
    Ok(codes)
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    tenants: &[&Tenant],
) -> Result<(), DbError> {
    PUT.run(conn, tenants, |t, args| {
        args.id(t.id.0);
        args.add(&*t.name);
        args.add(&*t.realm);
        args.add(number_of(&t.preset, &Preset::ALL));
        args.add(i64::from(t.sip_secret_compat));
        args.add(t.quota.map(i64::from));
        args.add(i64::from(t.is_default));
        args.add(number_of(&t.web_policy, &WebPolicy::ALL));
        args.add(t.unlock_min.map(i64::from));
        args.add(i64::from(t.reminder_days));
        args.add(i64::from(t.retention_days));
        args.add(codes_text(&t.codes));
        args.add(i64::from(t.options.bits()));
        args.add(i64::from(t.announcements));
        args.add(i64::from(t.accounts_max));
        args.add(t.music.map(|id| id.0.bytes().to_vec()));
        args.add(number_of(&t.spoken, &Spoken::ALL));
        add_overflow(args, t.stopped_to.as_ref());
        args.add(t.toll.text());
        args.add(wording::text(&t.wording));
        args.add(t.calendar.text());
        args.add(t.logins_end.map(i64::from));
        let CallTimes { digit_pause_ms, code_pause_ms, unanswered_s } = t.times;
        for time in [digit_pause_ms, code_pause_ms, unanswered_s] {
            args.add(i64::from(time));
        }
    })
    .await
}
