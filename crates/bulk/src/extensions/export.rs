//! F4: the profiles of a tenant as rows that the importer reads back (R038).

use base::Dn;
use base::id::{DeviceId, TenantId};
use model::{Device, DeviceKind, Snapshot, User, UserState};

use crate::plan::Draft;
use crate::reason::{Column, Finding, Reason};

/// Columns A–J of F1 and F4.
pub const COLUMNS: [&str; 10] = [
    "内線番号",
    "携帯番号",
    "予約番号1",
    "SIP ID",
    "SIPパスワード",
    "予約番号2",
    "予約番号3",
    "Webカスコンユーザー名",
    "Webカスコンパスワード",
    "予約番号4",
];

/// Columns that the standard export adds behind [`COLUMNS`].
pub const STANDARD_COLUMNS: [&str; 10] = [
    "氏名",
    "フリガナ",
    "状態",
    "レジスト状況",
    "無条件転送",
    "話中転送",
    "応答遅延転送",
    "圏外転送",
    "ピックアップグループ",
    "コールハンティンググループ",
];

/// Whether a terminal is registered now; `None` when no running node could be asked.
pub type Registered<'f> = &'f dyn Fn(DeviceId) -> Option<bool>;

/// The ten columns of every profile, in order of extension; secrets are always empty.
pub fn compatible_rows(snapshot: &Snapshot, tenant: TenantId) -> impl Iterator<Item = Vec<String>> {
    profiles(snapshot, tenant).into_iter().map(|p| p.columns())
}

/// As [`compatible_rows`], with a row of names first and the columns of our own behind.
pub fn standard_rows(
    snapshot: &Snapshot,
    tenant: TenantId,
    registered: Registered<'_>,
) -> impl Iterator<Item = Vec<String>> {
    let names = COLUMNS.iter().chain(&STANDARD_COLUMNS).map(|n| (*n).to_owned()).collect();
    std::iter::once(names).chain(profiles(snapshot, tenant).into_iter().map(move |p| {
        let mut row = p.columns();
        row.extend(p.own_columns(registered));
        row
    }))
}

struct Profile<'a> {
    user: &'a User,
    device: Option<&'a Device>,
    mobile: Option<String>,
}

fn profiles(snapshot: &Snapshot, tenant: TenantId) -> Vec<Profile<'_>> {
    let lines = snapshot.mobiles(tenant).filter_map(|m| m.dn.map(|dn| (dn, m.number)));
    let mobiles: std::collections::BTreeMap<_, _> = lines.collect();
    snapshot
        .users(tenant)
        .map(|user| {
            let mut devices =
                snapshot.devices_of(user.id).iter().filter_map(|id| snapshot.device(*id));
            let first = devices.clone().next();
            let device = devices.find(|d| d.kind == DeviceKind::Mobile).or(first);
            let mobile = mobiles.get(&user.dn).map(ToString::to_string);
            Profile { user, device, mobile }
        })
        .collect()
}

impl Profile<'_> {
    fn columns(&self) -> Vec<String> {
        let zero = || "0".to_owned();
        vec![
            self.user.dn.text(),
            self.mobile.clone().unwrap_or_default(),
            "000000000000".to_owned(),
            self.device.map(|d| d.sip_id.to_string()).unwrap_or_default(),
            String::new(),
            zero(),
            zero(),
            self.user.web_user.to_string(),
            String::new(),
            zero(),
        ]
    }

    fn own_columns(&self, registered: Registered<'_>) -> Vec<String> {
        let state = match self.user.state {
            UserState::Active => "利用中",
            UserState::Stopped => "停止",
        };
        let live = match self.device.and_then(|d| registered(d.id)) {
            Some(true) => "接続中",
            Some(false) => "未接続",
            None => "",
        };
        let mut row: Vec<String> =
            [&*self.user.name, &*self.user.furigana, state, live].map(str::to_owned).to_vec();
        row.resize(STANDARD_COLUMNS.len(), String::new());
        row
    }
}

/// N06: a new number that begins another, or the reverse, is reached by in-call dialling only
/// after a wait (customer-control, section 6).
pub(crate) fn note_prefixes(draft: &mut Draft<'_>, fresh: &[(Dn, u32)]) {
    let context = draft.context;
    let line_of: std::collections::BTreeMap<u64, u32> =
        fresh.iter().map(|(dn, line)| (dn.bits(), *line)).collect();
    let present = context.snapshot.users(context.tenant.id).map(|u| u.dn);
    let mut all: Vec<Dn> = present.chain(fresh.iter().map(|(dn, _)| *dn)).collect();
    all.sort_unstable();
    all.dedup();
    for dn in &all {
        // Four bits a digit: shifting right takes the last digits away.
        for shift in 1..dn.len() {
            let prefix = dn.bits() >> (4 * shift);
            let Ok(at) = all.binary_search_by_key(&prefix, |d| d.bits()) else { continue };
            let Some(short) = all.get(at) else { continue };
            let (line, value, other) = match (line_of.get(&dn.bits()), line_of.get(&prefix)) {
                (Some(line), _) => (*line, dn, short),
                (None, Some(line)) => (*line, short, dn),
                (None, None) => continue,
            };
            draft.findings.push(Finding {
                line,
                column: Some(Column(0)),
                value: value.text().into(),
                reason: Reason::DnPrefix { other: other.text().into() },
            });
        }
    }
}
