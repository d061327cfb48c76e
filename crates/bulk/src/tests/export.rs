use base::cause::Blame;
use base::id::{RecordId, Uuid};
use base::{CallId, Cause, Wall};
use model::record::{CallRecord, Party, Service, Services};

use super::{SITE, TENANT, World, brief, table};
use crate::error_file::{error_file, faultless_rows};
use crate::extensions::export::{compatible_rows, standard_rows};
use crate::{Counts, Encoding, Kind, Mode, Profile, Writer, decode, history};

fn file(rows: impl Iterator<Item = Vec<String>>, encoding: Encoding) -> Vec<u8> {
    let mut writer = Writer::new(encoding, Profile::Plain);
    let mut out = Vec::new();
    for row in rows {
        writer.row(&row, &mut out);
    }
    assert_eq!(writer.unmappable(), []);
    out
}

fn read(bytes: &[u8]) -> crate::Table {
    match decode(bytes, None) {
        Ok(crate::Content::Table(table, _)) => table,
        other => panic!("no table: {other:?}"),
    }
}

#[test]
fn importing_an_export_changes_nothing() {
    let world = World::new();
    let rows = "2001,08012345678,0,Tanaka2001,,,,tanaka,abc12345\n2002,09011112222,0,,,,,b,\
                abc12345\n";
    let world = world.after(&world.plan_text(Kind::Extensions, Mode::Register, rows));
    for encoding in [Encoding::Sjis, Encoding::Utf8] {
        let compatible = file(compatible_rows(&world.snapshot, TENANT), encoding);
        let standard = file(standard_rows(&world.snapshot, TENANT, &|_| Some(true)), encoding);
        for bytes in [compatible, standard] {
            let plan = world.plan(Kind::Extensions, Mode::Update, &read(&bytes));
            assert_eq!(brief(&plan.errors), Vec::<String>::new());
            assert_eq!(plan.counts, Counts { unchanged: 5, ..Counts::default() });
            assert_eq!((plan.changes.len(), plan.secrets.len()), (0, 0));
        }
    }
}

#[test]
fn the_export_has_the_ten_columns_without_secrets() {
    let world = World::new();
    let bytes = file(compatible_rows(&world.snapshot, TENANT), Encoding::Sjis);
    let text = String::from_utf8(bytes).expect("ASCII");
    assert_eq!(
        text,
        "3001,09012345678,000000000000,used3001,,0,0,used,,0\r\n\
         7001,,000000000000,,,0,0,,,0\r\n\
         7002,,000000000000,phone7002,,0,0,desk7002,,0\r\n"
    );
}

#[test]
fn the_standard_export_names_its_columns_and_tells_the_live_state() {
    let world = World::new();
    let rows: Vec<_> = standard_rows(&world.snapshot, TENANT, &|_| Some(true)).collect();
    assert_eq!((rows[0].len(), rows[0][10].as_str()), (20, "氏名"));
    assert_eq!(rows[1][10..14], ["氏名3001", "シメイ", "利用中", "接続中"]);
    assert_eq!(rows[2][13], "");
}

#[test]
fn the_error_file_can_be_mended_and_uploaded() {
    let world = World::new();
    let text = "1001,08012345678,0,,,0,0,阿部,abc12345\n2002,09011112222,0,,,0,0,b,abc12345,0\n";
    let rows = table(text);
    let plan = world.plan(Kind::Extensions, Mode::Register, &rows);
    let errors = error_file(&rows, &plan.errors, &|f| format!("理由{}", f.reason.code()));
    let expected = [
        "1001",
        "08012345678",
        "0",
        "",
        "",
        "0",
        "0",
        "阿部",
        "abc12345",
        "1",
        "A / H",
        "213 / 212",
        "理由213 / 理由212",
    ];
    assert_eq!(errors.rows, [expected.map(str::to_owned).to_vec()]);
    assert_eq!(errors.marks, [(0, 0), (0, 7)]);
    let good = faultless_rows(&rows, &plan.errors);
    assert_eq!(good.len(), 1);
    assert_eq!(good[0][0], "2002");
    let mut mended = errors.rows;
    mended[0][0] = "2001".to_owned();
    mended[0][7] = "abe".to_owned();
    let bytes = file(mended.into_iter().chain(good), Encoding::Sjis);
    let plan = world.plan(Kind::Extensions, Mode::Register, &read(&bytes));
    assert_eq!(brief(&plan.errors), Vec::<String>::new());
    assert_eq!(plan.counts.added, 2);
}

fn record() -> CallRecord {
    // 2026/07/01 09:00:00 in Tokyo.
    let at = |s: i64| Wall(1_782_864_000_000 + s * 1_000);
    CallRecord {
        id: RecordId(Uuid(9)),
        tenant: TENANT,
        site: Some(SITE),
        call: CallId(7),
        called_at: at(0),
        answered_at: Some(at(7)),
        ended_at: at(192),
        services: Services::NONE.with(Service::Hunt),
        dialed: "7000".into(),
        caller: Party { number: "09012345678".into(), ..Party::default() },
        callee: Some(Party { number: "7001".into(), ..Party::default() }),
        transferrer: None,
        ended_by: Some("09012345678".into()),
        cause: Cause::NormalClearing,
        blame: Blame::Caller,
        trace: Box::default(),
    }
}

fn line(record: &CallRecord) -> String {
    let bytes = file(std::iter::once(history::compatible_row(record)), Encoding::Utf8);
    String::from_utf8(bytes).expect("UTF-8").trim_start_matches('\u{FEFF}').trim_end().to_owned()
}

#[test]
fn history_rows_are_those_of_the_seed() {
    let answered = record();
    assert_eq!(
        line(&answered),
        "2026/07/01 09:00:00,2026/07/01 09:00:07,2026/07/01 09:03:12,成立,コールハンティング,\
         7000,09012345678,7001,,0,09012345678,016"
    );
    let timed_out = CallRecord {
        answered_at: None,
        services: Services::NONE,
        dialed: "7002".into(),
        ended_by: None,
        cause: Cause::RingTimeout,
        ..record()
    };
    assert_eq!(
        line(&timed_out),
        "2026/07/01 09:00:00,,2026/07/01 09:03:12,不成立,,7002,09012345678,7001,,0,,018"
    );
    let forwarded = CallRecord {
        answered_at: None,
        services: Services::NONE.with(Service::ForwardAll).with(Service::Transfer),
        callee: None,
        transferrer: Some("7004".into()),
        ended_by: None,
        cause: Cause::ExternalForwardDenied,
        ..record()
    };
    assert!(
        line(&forwarded).ends_with("無条件転送/保留転送,7000,09012345678,,7004,0,,034"),
        "{}",
        line(&forwarded)
    );
}

#[test]
fn the_standard_history_adds_columns_and_the_standard_cause() {
    let world = World::new();
    let record = CallRecord { cause: Cause::RingTimeout, ..record() };
    let row = history::standard_row(&record, &world.snapshot);
    assert_eq!(row.len(), history::standard_header().len());
    assert_eq!((row[11].as_str(), row[12].as_str(), row[14].as_str()), ("019", "185", "本社"));
    assert_eq!(row[16], "RingTimeout");
    assert_eq!(history::day_name(record.called_at), "20260701");
    assert_eq!(history::file_name("20260701", 2), "20260701-02.csv");
}
