//! Voicemail is found again after the writer, a crash, and a restart in the middle of a recording.

use base::{CallId, Dn};
use model::{StoredGreeting, StoredMessage, StoredPointer, Write};

use super::world::*;
use crate::{Store, StoreWriter};

fn dn() -> Dn {
    Dn::parse("2001").expect("digits")
}

fn message(file: u64, duration_ms: u32) -> StoredMessage {
    StoredMessage {
        file,
        tenant: tenant_id(1),
        dn: dn(),
        call: CallId(3),
        left_at: later(file as i64 & 0xff),
        duration_ms,
        heard: false,
        caller: "2002".into(),
        name: "佐藤".into(),
    }
}

fn put(message: StoredMessage) -> Write {
    Write::MessagePut(Box::new(message))
}

fn greet(file: Option<u64>) -> Write {
    Write::GreetingPut(StoredGreeting { tenant: tenant_id(1), dn: dn(), file })
}

/// Files, lengths and whether they were heard; the own greetings.
async fn found(store: &Store, length: Option<u32>) -> (Vec<(u64, u32, bool)>, Vec<Option<u64>>) {
    let boxes = store.boxes(|_| length).await.expect("readable");
    let messages = boxes.messages.iter().map(|m| (m.file, m.duration_ms, m.heard)).collect();
    (messages, boxes.greetings.iter().map(|g| g.file).collect())
}

#[tokio::test]
async fn the_last_word_on_each_message_and_greeting_is_kept() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let large = u64::MAX - 0xff;
    let first = [put(message(2, 0)), put(message(2, 4_000)), put(message(large, 9_000))];
    spool.append(&first).expect("appended");
    spool.append(&[greet(Some(large)), put(message(3, 2_500))]).expect("appended");
    assert!(writer.flush().await);
    let all = [(large, 9_000, false), (2, 4_000, false), (3, 2_500, false)];
    assert_eq!(found(&store, None).await, (all.to_vec(), vec![Some(large)]));
    let heard = StoredMessage { heard: true, ..message(2, 4_000) };
    let then = [put(heard), Write::MessageRemove { file: large }, greet(None)];
    spool.append(&then).expect("appended");
    assert!(writer.flush().await);
    assert_eq!(found(&store, None).await, (vec![(2, 4_000, true), (3, 2_500, false)], vec![]));
}

/// 均等: the next call begins behind the member that was offered one last.
#[tokio::test]
async fn where_hunts_stand_is_found_again() {
    let dir = TempDir::new();
    let pointer = |group, member: &str| StoredPointer {
        tenant: tenant_id(1),
        group,
        member: Dn::parse(member).expect("digits"),
    };
    {
        let store = dir.open().await;
        add_tenant(&store, 1).await;
        let (mut spool, tail) = store.spool(0).expect("spool");
        let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
        let puts = [pointer(1, "2001"), pointer(10_000, "2005"), pointer(1, "2002")];
        spool.append(&puts.map(Write::PointerPut)).expect("appended");
        assert!(writer.flush().await);
    }
    let boxes = dir.open().await.boxes(|_| None).await.expect("readable");
    assert_eq!(boxes.pointers, [pointer(1, "2002"), pointer(10_000, "2005")]);
}

/// J35: who has made an emergency call within a day may be called back after a restart.
#[tokio::test]
async fn who_may_be_called_back_is_found_again() {
    let dir = TempDir::new();
    let caller = |n: u128, shown: &str, at: i64| model::StoredCaller {
        tenant: tenant_id(1),
        device: base::id::DeviceId(base::Uuid(n)),
        route: model::EmergencyRoute {
            gateway: base::id::GatewayId(base::Uuid(9)),
            shown: Dn::parse(shown).expect("digits"),
            back: (n == 2).then(|| Dn::parse("2000").expect("digits")),
        },
        at: base::Wall(at),
    };
    const DAY: i64 = 24 * 3_600_000;
    {
        let store = dir.open().await;
        add_tenant(&store, 1).await;
        let (mut spool, tail) = store.spool(0).expect("spool");
        let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
        let old = [caller(1, "0311110000", 1), caller(3, "0311110000", DAY)];
        spool.append(&old.map(Write::CallerPut)).expect("appended");
        assert!(writer.flush().await);
        let new = [caller(2, "0311110000", DAY + 5), caller(3, "0322220000", DAY + 6)];
        spool.append(&new.map(Write::CallerPut)).expect("appended");
        assert!(writer.flush().await);
    }
    let boxes = dir.open().await.boxes(|_| None).await.expect("readable");
    let kept = [caller(2, "0311110000", DAY + 5), caller(3, "0322220000", DAY + 6)];
    assert_eq!(boxes.callers, kept, "older ones are forgotten");
}

#[tokio::test]
async fn a_recording_that_a_crash_ended_is_kept_with_what_there_is_of_it() {
    for (length, kept) in [(Some(6_000), vec![(1, 6_000, false)]), (None, vec![])] {
        let dir = TempDir::new();
        {
            let store = dir.open().await;
            add_tenant(&store, 1).await;
            let (mut spool, _tail) = store.spool(0).expect("spool");
            spool.append(&[put(message(1, 0))]).expect("appended");
        }
        let store = dir.open().await;
        assert_eq!(store.recovered(), 1);
        assert_eq!(found(&store, length).await.0, kept);
        drop(store);
        assert_eq!(found(&dir.open().await, None).await.0, kept, "for good");
    }
}
