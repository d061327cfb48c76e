//! 拠点 as rows.

use base::id::{SiteId, SoundId, TenantId};
use model::{
    Change, Code, CodeKind, HoldAgain, MediaPath, Outside, Site, SiteCode, SiteMusic, Tones,
    emergency, wording,
};
use sqlx::sqlite::SqliteRow;

use super::{Columns, add_overflow, add_spoken, number_of, parse_dn};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, domain, name, media_path, number, codes, tones,
    hold_again, forward_outside, transfer_outside, park_s, park_overflow, voicemail_without_pin,
    music, own_music, spoken, voicemail_at, emergency, outside_pair_min, access_channels,
    has_exchange, wording FROM site";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO site (tenant, id, domain, domain_key, name, media_path, number, codes, tones,
     hold_again, forward_outside, transfer_outside, park_s, park_overflow, voicemail_without_pin,
     music, own_music, spoken, voicemail_at, emergency, outside_pair_min, access_channels,
     has_exchange, wording) VALUES",
    24,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM site WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let (tenant, id) = (TenantId(c.id()?), SiteId(c.id()?));
    let mut site = Site::new(id, tenant, c.text()?, c.text()?);
    site.media_path = c.one_of(&MediaPath::ALL)?;
    site.number = c.text_option()?.map(Box::from);
    read_codes(&mut site, c.text()?)?;
    site.tones = c.one_of(&Tones::ALL)?;
    site.hold_again = c.one_of(&HoldAgain::ALL)?;
    site.forward_outside = c.one_of(&Outside::ALL)?;
    site.transfer_outside = c.one_of(&Outside::ALL)?;
    site.park_s = c.small()?;
    site.park_overflow = c.destination()?;
    site.voicemail_without_pin = c.flag()?;
    site.music = match (c.small::<u8>()?, c.id_option()?) {
        (0, _) => SiteMusic::Inherit,
        (1, _) => SiteMusic::BuiltIn,
        (2, Some(id)) => SiteMusic::Own(SoundId(id)),
        _ => return Err(DbError::corrupt("music")),
    };
    site.spoken = c.spoken()?;
    site.voicemail_at = c.text_option()?.map(parse_dn).transpose()?;
    site.emergency = emergency::parse(c.text()?).ok_or(DbError::corrupt("emergency"))?;
    site.outside_pair_min = c.small()?;
    site.access_channels = c.small_option()?;
    site.has_exchange = c.flag()?;
    site.wording = wording::parse(c.text()?).ok_or(DbError::corrupt("wording"))?;
    Ok(Change::SitePut(site))
}

/// `kind=characters` or `kind=off` of each code that the site sets, parted by spaces.
fn codes_text(site: &Site) -> String {
    let part = |kind: CodeKind| match site.code(kind) {
        SiteCode::Inherit => None,
        SiteCode::Off => Some(format!("{}=off", kind.name())),
        SiteCode::Own(code) => Some(format!("{}={code}", kind.name())),
    };
    CodeKind::OF_CALL.into_iter().filter_map(part).collect::<Vec<_>>().join(" ")
}

fn read_codes(site: &mut Site, text: &str) -> Result<(), DbError> {
    for part in text.split_ascii_whitespace() {
        let (name, code) = part.split_once('=').ok_or(DbError::corrupt("code"))?;
        let kind = CodeKind::of_name(name).ok_or(DbError::corrupt("code"))?;
        let code = match code {
            "off" => SiteCode::Off,
            own => SiteCode::Own(Code::parse(own).map_err(|_| DbError::corrupt("code"))?),
        };
        site.set_code(kind, code);
    }
    Ok(())
}

pub(crate) async fn put(conn: &mut sqlx::SqliteConnection, sites: &[&Site]) -> Result<(), DbError> {
    PUT.run(conn, sites, |s, args| {
        args.id(s.tenant.0);
        args.id(s.id.0);
        args.add(&*s.domain);
        args.add(s.domain.to_ascii_lowercase());
        args.add(&*s.name);
        args.add(number_of(&s.media_path, &MediaPath::ALL));
        args.add(s.number.as_deref());
        args.add(codes_text(s));
        args.add(number_of(&s.tones, &Tones::ALL));
        args.add(number_of(&s.hold_again, &HoldAgain::ALL));
        args.add(number_of(&s.forward_outside, &Outside::ALL));
        args.add(number_of(&s.transfer_outside, &Outside::ALL));
        args.add(i64::from(s.park_s));
        add_overflow(args, s.park_overflow.as_ref());
        args.add(i64::from(s.voicemail_without_pin));
        let (music, own) = match s.music {
            SiteMusic::Inherit => (0i64, None),
            SiteMusic::BuiltIn => (1, None),
            SiteMusic::Own(id) => (2, Some(id.0)),
        };
        args.add(music);
        args.add(own.map(|id| id.bytes().to_vec()));
        add_spoken(args, s.spoken);
        args.add(s.voicemail_at.map(|dn| dn.text()));
        args.add(emergency::text(&s.emergency));
        args.add(i64::from(s.outside_pair_min));
        args.add(s.access_channels.map(i64::from));
        args.add(i64::from(s.has_exchange));
        args.add(wording::text(&s.wording));
    })
    .await
}
