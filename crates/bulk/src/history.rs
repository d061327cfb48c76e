//! F5: call history as rows, compatible (12 columns) and standard (R102).

use base::Wall;
use base::time::TOKYO_OFFSET_S;
use model::Snapshot;
use model::record::{CallRecord, Service, Services};

/// Columns A–L of the compatible file, which has no header.
pub const COLUMNS: [&str; 12] = [
    "発呼時刻",
    "通話開始時刻",
    "終話時刻",
    "呼種別",
    "要求サービス",
    "受信番号",
    "発信者番号",
    "着信者番号",
    "転送者番号",
    "切断種別",
    "切断者番号",
    "切断理由",
];

/// Columns that the standard file adds.
pub const STANDARD_COLUMNS: [&str; 6] =
    ["通話時間(秒)", "通話ID", "拠点", "回線", "内部理由", "録音"];

/// Most records of one compatible file (R103).
pub const FILE_RECORDS_MAX: u64 = 40_000;

/// Columns A–L of one record, column L in the values of seed 003.
pub fn compatible_row(record: &CallRecord) -> Vec<String> {
    columns(record, record.cause.compatible())
}

/// The row of names of the standard file.
pub fn standard_header() -> Vec<String> {
    COLUMNS.iter().chain(&STANDARD_COLUMNS).map(|n| (*n).to_owned()).collect()
}

/// The columns of the standard file, column L in the values of Q.850.
pub fn standard_row(record: &CallRecord, snapshot: &Snapshot) -> Vec<String> {
    let mut row = columns(record, record.cause.q850());
    let site = record.site.and_then(|id| snapshot.site(id));
    row.extend([
        record.talk_s().to_string(),
        record.call.to_string(),
        site.map(|s| s.name.to_string()).unwrap_or_default(),
        String::new(),
        record.cause.name().to_owned(),
        String::new(),
    ]);
    row
}

fn columns(record: &CallRecord, cause: u8) -> Vec<String> {
    let text = |value: &Option<Box<str>>| value.as_deref().unwrap_or_default().to_owned();
    vec![
        record.called_at.tokyo_text(),
        record.answered_at.map(Wall::tokyo_text).unwrap_or_default(),
        record.ended_at.tokyo_text(),
        if record.is_answered() { "成立" } else { "不成立" }.to_owned(),
        services(record.services),
        record.dialed.to_string(),
        record.caller_number().to_owned(),
        record.callee_number().to_owned(),
        text(&record.transferrer),
        "0".to_owned(),
        text(&record.ended_by),
        format!("{cause:03}"),
    ]
}

/// 要求サービス, several joined by `/`.
pub fn services(services: Services) -> String {
    services.iter().map(service_name).collect::<Vec<_>>().join("/")
}

/// The word of the file format for a service.
pub fn service_name(service: Service) -> &'static str {
    match service {
        Service::ForwardAll => "無条件転送",
        Service::ForwardBusy => "話中転送",
        Service::ForwardNoAnswer => "応答遅延転送",
        Service::ForwardUnregistered => "圏外転送",
        Service::Voicemail => "留守番",
        Service::Pickup => "ピックアップ",
        Service::GroupPickup => "グループピックアップ",
        Service::Park => "パーク保留",
        Service::ParkRetrieve => "パーク応答",
        Service::Transfer => "保留転送",
        Service::Hunt => "コールハンティング",
        Service::Department => "所属",
        Service::Multicast => "マルチキャスト",
        Service::Conference => "会議",
        Service::FeatureCode => "特番操作",
    }
}

/// `YYYYMMDD` of the day (Asia/Tokyo) that `at` falls on: the first part of a file name.
pub fn day_name(at: Wall) -> String {
    let c = at.civil(TOKYO_OFFSET_S);
    format!("{:04}{:02}{:02}", c.year, c.month, c.day)
}

/// Name of the `part`-th file of a day, counted from 1: `20260701-01.csv`.
pub fn file_name(day: &str, part: u64) -> String {
    format!("{day}-{part:02}.csv")
}
