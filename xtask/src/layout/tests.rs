//! Each rule as a test of its own, so that a breach has a name.

use super::{CHECKS, tree::Tree};

#[track_caller]
fn check(name: &str) {
    let tree = Tree::read(&crate::run::root()).unwrap();
    let (_, rule) = CHECKS.iter().find(|(n, _)| *n == name).unwrap();
    let found = rule(&tree);
    let text: Vec<_> = found.iter().map(|f| f.0.as_str()).collect();
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), text.join("\n"));
}

macro_rules! rules {
    ($($test:ident: $name:literal,)+) => {
        $(#[test]
        fn $test() {
            check($name);
        })+

        #[test]
        fn every_rule_has_its_test() {
            let tested = [$($name),+];
            let all: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
            assert_eq!(tested.as_slice(), all.as_slice());
        }
    };
}

rules! {
    arrows_go_down: "arrows go down, kinds hold",
    third_party_crates_have_owners: "third-party crates",
    manifests_follow_the_workspace: "manifests follow the workspace",
    licences_and_sources: "licences and sources",
    module_arrows_in_sip: "module arrows in sip",
    files_and_lines_are_short: "file sizes and line widths",
    functions_are_short: "function sizes",
    no_banned_words: "banned words",
    no_code_in_comments: "no code in comments",
    pure_crates_read_no_world: "pure crates read no world",
    queues_have_bounds: "queues have bounds",
    only_store_knows_sql: "only store knows SQL",
    japanese_stands_in_its_places: "Japanese stands in its places",
    rfcs_cited_are_listed: "RFCs cited are listed",
    generated_documents_are_fresh: "generated documents are fresh",
    requirements_name_tests_that_exist: "requirements name tests that exist",
    links_lead_somewhere: "links in documents lead somewhere",
    migrations_are_numbered: "migrations are numbered",
    sentences_have_one_name: "sentences have one name",
}

#[test]
fn a_sentence_that_is_called_otherwise_is_found() {
    let ids = "    /// Nobody answers.\n    NoAnswer = \"no-answer\",\n    Busy = \"busy\",\n";
    let places = "    NoAnswer = \"no-answer\",\n    ToneBusy = \"tone-busy\",\n";
    let found = |files: &str, places: &str| super::sentences::compare(ids, files, places).len();
    assert_eq!(found(ids, places), 0);
    assert_eq!(found("NoAnswer = \"no-answer\",\nBusy = \"engaged\",", places), 1);
    assert_eq!(found("Busy = \"busy\",\nNoAnswer = \"no-answer\",", places), 1, "the order");
    assert_eq!(found("NoAnswer = \"no-answer\",", places), 1, "one is missing");
    assert_eq!(found(ids, "NoAnswer = \"nobody-answers\","), 1);
    assert_eq!(found(ids, ""), 1, "nothing is read");
}
