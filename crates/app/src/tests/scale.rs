use bulk::{Counts, Kind, Mode};

use super::house;

#[tokio::test]
async fn ten_thousand_rows_are_stored_as_one_set() {
    let house = house().await;
    let number = |i: u32| format!("0901{:07}", 5_000_000 + i);
    let stock: String = (0..10_000).map(|i| number(i) + "\n").collect();
    house.stock(&stock).await;
    let rows: String = (0..10_000)
        .map(|i| {
            let dn = 200_000 + i;
            format!("{dn},{},000000000000,sip{dn},,0,0,web{dn},abc{i:05},0\n", number(i))
        })
        .collect();
    let outcome = house.import(Kind::Extensions, Mode::Register, rows.clone()).await;
    assert_eq!(outcome.counts, Counts { added: 10_000, ..Counts::default() });
    assert_eq!(outcome.secrets.len(), 10_000);
    let snapshot = house.store.snapshot();
    assert_eq!(snapshot.dn_count(house.scope.tenant()), 10_000);
    // Again: every row is refused by its number; the rest is its own.
    let again = house.import(Kind::Extensions, Mode::Register, rows).await;
    assert_eq!((again.error_rows(), again.errors.len()), (10_000, 10_000));
}
