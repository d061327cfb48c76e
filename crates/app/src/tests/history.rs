use base::cause::Blame;
use base::id::{RecordId, Uuid};
use base::{CallId, Cause, Wall};
use model::Write;
use model::record::{CallRecord, Party, Service, Services, Step};
use store::StoreWriter;

use super::{House, NOW, house};
use crate::Lang;
use crate::export::{self, HistoryExport, HistoryRequest, Piece, parse_day};
use crate::history::{Query, count, page, trace_sentence};
use crate::import::Format;

fn party(number: &str, name: &str) -> Party {
    Party { number: number.into(), name: name.into(), ..Party::default() }
}

/// The `n`-th call: one second after the one before it.
fn record(house: &House, n: u64) -> CallRecord {
    let at = Wall(NOW.0 + n as i64 * 1_000);
    CallRecord {
        id: RecordId(Uuid(u128::from(n) + 1)),
        tenant: house.scope.tenant(),
        site: None,
        call: CallId(u128::from(n) + 1),
        called_at: at,
        answered_at: None,
        ended_at: Wall(at.0 + 500),
        services: Services::NONE,
        dialed: "2002".into(),
        caller: party("2001", "佐藤 花子"),
        callee: Some(party("2002", "鈴木 一郎")),
        transferrer: None,
        ended_by: None,
        cause: Cause::RingTimeout,
        blame: Blame::Callee,
        trace: Box::new([Step::new("route.user", "2002"), Step::new("decided", "RingTimeout")]),
    }
}

async fn store(house: &House, records: impl Iterator<Item = CallRecord>) {
    let (mut spool, tail) = house.store.spool(0).expect("a spool");
    let writer = StoreWriter::start(&house.store, vec![tail]).expect("a writer");
    let writes: Vec<Write> = records.map(|r| Write::Record(Box::new(r))).collect();
    for chunk in writes.chunks(500) {
        spool.append(chunk).expect("appended");
    }
    assert!(writer.flush().await);
    assert!(writer.stop().await);
}

#[tokio::test]
async fn rows_explain_the_call() {
    let house = house().await;
    let answered = CallRecord {
        answered_at: Some(Wall(NOW.0 + 7_000)),
        ended_at: Wall(NOW.0 + 192_000),
        services: Services::NONE.with(Service::ForwardBusy).with(Service::Transfer),
        cause: Cause::NormalClearing,
        ..record(&house, 0)
    };
    store(&house, [answered, record(&house, 1)].into_iter()).await;
    let shown = page(&house.store, &house.scope, &Query::default(), None, (Lang::Ja, 50)).await;
    let rows = shown.expect("readable").rows;
    assert_eq!(rows.iter().map(|r| r.answered).collect::<Vec<_>>(), [false, true]);
    let [missed, talked] = rows.as_slice() else { panic!("two rows") };
    assert_eq!(
        (missed.called_at.as_str(), missed.kind.as_str()),
        ("2026/07/01 09:00:01", "不成立")
    );
    assert_eq!((missed.cause_code.as_str(), missed.talk.as_str()), ("018", ""));
    assert!(missed.cause.contains("応答がありませんでした"), "{}", missed.cause);
    assert!(missed.fix.contains("応答遅延転送"), "{}", missed.fix);
    assert_eq!(missed.trace[0], "内線番号2002のユーザーへの着信です。");
    assert!(missed.trace[1].contains(&missed.cause), "{:?}", missed.trace);
    assert_eq!((talked.talk.as_str(), talked.services.as_str()), ("3分5秒", "話中転送/保留転送"));
    assert_eq!((talked.caller.name.as_str(), talked.callee.number.as_str()), ("佐藤 花子", "2002"));
}

#[tokio::test]
async fn pages_follow_each_other_and_searches_cut() {
    let house = house().await;
    house.stock("08012345678\n").await;
    let rows = "2001,08012345678,0,,,,,hanako,abc12345\n";
    house.import(bulk::Kind::Extensions, bulk::Mode::Register, rows).await;
    let other = |n| CallRecord { caller: party("0312345678", ""), ..record(&house, n) };
    let records = (0..10).map(|n| if n % 2 == 0 { record(&house, n) } else { other(n) });
    store(&house, records.collect::<Vec<_>>().into_iter()).await;
    let all = Query::default();
    let first = page(&house.store, &house.scope, &all, None, (Lang::En, 6)).await.expect("page");
    let rest =
        page(&house.store, &house.scope, &all, first.next, (Lang::En, 6)).await.expect("page");
    assert_eq!((first.rows.len(), rest.rows.len(), rest.next), (6, 4, None));
    for (search, expected) in [("03-1234", 5), ("0312345678", 5), ("hanako", 5), ("nobody", 0)] {
        let query = Query { search, ..Query::default() };
        let found = count(&house.store, &house.scope, &query).await.expect("counted");
        assert_eq!(found, expected, "{search}");
    }
    let query = Query { from: Some(Wall(NOW.0 + 8_000)), ..Query::default() };
    assert_eq!(count(&house.store, &house.scope, &query).await.expect("counted"), 2);
}

#[test]
fn every_step_of_the_trace_has_a_sentence() {
    for (code, args) in [
        ("permit.no-user", ""),
        ("permit.limit", "2001"),
        ("route.none", ""),
        ("ring.begin", "2 60"),
        ("ring.refused", "486 UserBusy"),
        ("ring.silent", ""),
        ("media.path", "direct"),
        ("media.path", "relay nat"),
        ("media.path", "relay codes"),
        ("park.slot", "7801"),
        ("park.recall", "2001"),
        ("park.retrieve", "2001"),
        ("media.path", "relay protection"),
        ("transfer.recall", "2001"),
        ("page.begin", "4 180"),
        ("page.reached", "2 2001,2002"),
        ("page.sent", "2 2001,2002"),
        ("page.missed", "2 2001,2002"),
        ("page.no-right", "7100"),
        ("page.barred", "7100"),
        ("page.over", ""),
        ("group.pass", "paged 2002"),
        ("emergency.call-back", ""),
        ("emergency.call-back", "window"),
        ("emergency.call-back", "official"),
        ("emergency.past", "2001 forwards"),
        ("emergency.back-group", "7100"),
        ("group.pass", "line 2002"),
        ("line.dialled", "001"),
        ("line.own", "001"),
        ("line.common", "001"),
        ("line.gateway", "001"),
        ("line.reserve", "001"),
        ("line.denied", "001"),
        ("line.day", "001"),
        ("line.night", "001"),
        ("line.unknown", ""),
        ("line.kept", "2001"),
        ("line.overflow", "001"),
        ("line.announcement", ""),
        ("decided", "Unregistered"),
    ] {
        for lang in Lang::ALL {
            let sentence = trace_sentence(&Step::new(code, args), lang);
            assert!(!sentence.contains(code) && !sentence.contains('{'), "{sentence}");
        }
    }
    assert_eq!(trace_sentence(&Step::new("new.rule", "1 2"), Lang::En), "new.rule: 1 2");
}

async fn collect(mut export: HistoryExport<'_>) -> (Vec<(String, String)>, u64) {
    let mut files = vec![(String::new(), String::new())];
    while let Some(piece) = export.next().await.expect("readable") {
        match piece {
            Piece::File(name) => files.push((name, String::new())),
            Piece::Bytes(bytes) => {
                let (_, content) = files.last_mut().expect("one at least");
                content.push_str(&encoding(&bytes));
            }
        }
    }
    files.retain(|(name, content)| !name.is_empty() || !content.is_empty());
    (files, export.records())
}

/// Windows-31J or UTF-8 as text.
fn encoding(bytes: &[u8]) -> String {
    match bulk::decode(bytes, None) {
        Ok(bulk::Content::Table(table, _)) => {
            let row = |r: bulk::Row<'_>| r.cells().collect::<Vec<_>>().join(",") + "\n";
            table.rows().map(row).collect()
        }
        other => panic!("no text: {other:?}"),
    }
}

#[tokio::test]
async fn the_history_streams_in_order_of_the_calls() {
    let house = house().await;
    store(&house, (0..2_500).map(|n| record(&house, n)).collect::<Vec<_>>().into_iter()).await;
    let request = HistoryRequest { day: None, standard: false, format: Format::Sjis, daily: false };
    let export = export::history(&house.store, &house.scope, request);
    let (files, records) = collect(export).await;
    assert_eq!((files.len(), records), (1, 2_500));
    let lines: Vec<&str> = files[0].1.lines().collect();
    assert_eq!(lines.len(), 2_500);
    assert_eq!(lines[0], "2026/07/01 09:00:00,,2026/07/01 09:00:00,不成立,,2002,2001,2002,,0,,018");
    assert!(lines.windows(2).all(|w| w[0] < w[1]));
    let standard = HistoryRequest { standard: true, format: Format::Utf8, ..request };
    let (files, _) = collect(export::history(&house.store, &house.scope, standard)).await;
    let first = files[0].1.lines().next().unwrap_or_default();
    assert!(first.starts_with("発呼時刻,") && first.ends_with(",録音"), "{first}");
    assert!(files[0].1.contains(",019,0,"), "the standard value of RingTimeout is 19");
}

#[tokio::test]
async fn daily_files_end_at_midnight_in_tokyo() {
    let house = house().await;
    // 15 hours after 09:00 the next day begins.
    let at = |n: u64| record(&house, n * 3_600);
    store(&house, [0, 14, 15, 16, 39].map(at).into_iter()).await;
    let request = HistoryRequest { day: None, standard: true, format: Format::Sjis, daily: true };
    let (files, records) = collect(export::history(&house.store, &house.scope, request)).await;
    let shape: Vec<(&str, usize)> =
        files.iter().map(|(name, content)| (name.as_str(), content.lines().count())).collect();
    // A header in each.
    assert_eq!(shape, [("20260701-01.csv", 3), ("20260702-01.csv", 3), ("20260703-01.csv", 2)]);
    assert_eq!(records, 5);
    let day = parse_day("2026/07/02");
    let request = HistoryRequest { day, standard: false, daily: false, ..request };
    let (files, records) = collect(export::history(&house.store, &house.scope, request)).await;
    assert_eq!((files[0].1.lines().count(), records), (2, 2));
}

#[tokio::test]
async fn a_workbook_holds_the_history_as_text() {
    let house = house().await;
    store(&house, (0..3).map(|n| record(&house, n)).collect::<Vec<_>>().into_iter()).await;
    let request = HistoryRequest { day: None, standard: false, format: Format::Xlsx, daily: false };
    let mut export = export::history(&house.store, &house.scope, request);
    let Some(Piece::Bytes(bytes)) = export.next().await.expect("made") else { panic!("a file") };
    let table = sheets::read(&bytes).expect("a workbook");
    assert_eq!((table.len(), table.row(2).map(|r| r.cell(11))), (3, Some("018")));
    assert_eq!(export.next().await.expect("the end"), None);
}
