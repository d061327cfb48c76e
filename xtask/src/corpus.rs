//! The start corpus of each fuzz target, replayed as ordinary tests.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "written as the library of the fuzz workspace")]
mod targets;

/// Replays every file of a target's corpus; a panic names the file.
#[track_caller]
fn replay(name: &str) {
    let (_, run) = targets::TARGETS.iter().find(|(target, _)| *target == name).unwrap();
    let folder = crate::run::root().join("fuzz/corpus").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{name} has only {} start inputs", files.len());
    for file in files {
        let data = std::fs::read(&file).unwrap();
        let result = std::panic::catch_unwind(|| run(&data));
        assert!(result.is_ok(), "{name}: {} breaks it", file.display());
        // Cut short anywhere, nothing breaks either.
        for end in (0..data.len()).step_by(1 + data.len() / 200) {
            run(&data[..end]);
        }
    }
}

macro_rules! targets {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })+

        #[test]
        fn every_target_is_replayed() {
            let mut replayed = [$(stringify!($name)),+];
            replayed.sort_unstable();
            assert_eq!(replayed.as_slice(), crate::fuzz::targets(&crate::run::root()));
            assert_eq!(replayed.len(), targets::TARGETS.len());
        }
    };
}

targets! { csv_sjis digest rtp sdp sip_message sip_stream sip_uri stack_ops }
