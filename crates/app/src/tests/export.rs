use base::Wall;
use bulk::{Counts, Kind, Mode};

use super::{house, sjis};
use crate::Lang;
use crate::export::{self, Day, HistoryRequest, Piece, file, parse_day};
use crate::import::Format;

#[test]
fn days_are_read_in_three_forms() {
    let day = Day { from: Wall(1_782_831_600_000), to: Wall(1_782_918_000_000) };
    for text in ["2026/07/01", "2026-07-01", "20260701"] {
        assert_eq!(parse_day(text), Some(day), "{text}");
    }
    assert!(parse_day("2028-02-29").is_some());
    for text in ["2026/02/29", "2026/13/01", "2026/7/1", "26-07-01", "2026070", "20260700", ""] {
        assert_eq!(parse_day(text), None, "{text}");
    }
    let sentence = export::day_sentence(Lang::Ja, "2026/7/1");
    assert!(sentence.contains("「2026/7/1」"), "{sentence}");
}

#[tokio::test]
async fn what_is_exported_can_be_imported_in_every_format() {
    let house = house().await;
    house.stock("08012345678\n09011112222\n").await;
    let rows = "2001,08012345678,0,tanaka2001,,,,tanaka,abc12345\n\
                2002,09011112222,0,,,,,suzuki,abc12345\n";
    house.import(Kind::Extensions, Mode::Register, sjis(rows)).await;
    let snapshot = house.store.snapshot();
    for format in [Format::Sjis, Format::Utf8, Format::Xlsx] {
        for standard in [false, true] {
            let tenant = house.scope.tenant();
            let bytes = file(&snapshot, tenant, (Kind::Extensions, standard), format, &|_| None);
            let bytes = bytes.expect("every character is known");
            let outcome = house.import(Kind::Extensions, Mode::Update, bytes).await;
            assert_eq!(outcome.errors, []);
            assert_eq!(outcome.counts, Counts { unchanged: 2, ..Counts::default() });
        }
    }
    let pairs = (Kind::ExtensionDeletions, false);
    let bytes = file(&snapshot, house.scope.tenant(), pairs, Format::Sjis, &|_| None);
    let outcome =
        house.run(Kind::ExtensionDeletions, Mode::Register, bytes.expect("ASCII"), true).await;
    assert_eq!(outcome.counts, Counts { deleted: 2, ..Counts::default() });
}

#[tokio::test]
async fn an_empty_history_is_a_file_with_or_without_a_header() {
    let house = house().await;
    let request = |standard, format, daily| HistoryRequest { day: None, standard, format, daily };
    for (request, expected) in [
        (request(false, Format::Sjis, false), 0),
        (request(true, Format::Sjis, false), 1),
        (request(true, Format::Xlsx, false), 1),
        (request(true, Format::Sjis, true), 0),
    ] {
        let mut export = export::history(&house.store, &house.scope, request);
        let mut pieces = Vec::new();
        while let Some(piece) = export.next().await.expect("readable") {
            pieces.push(piece);
        }
        assert_eq!((pieces.len(), export.records()), (expected, 0), "{request:?}");
        assert!(pieces.iter().all(|p| matches!(p, Piece::Bytes(_))));
    }
}
