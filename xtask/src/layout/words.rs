//! Words that must not stand in sources: in any, in pure ones, outside of their place.

use super::Finding;
use super::scan::Source;

/// Joined at compile time, so that this file does not contain what it bans.
const EVERYWHERE: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it, or note it in docs/requirements.md"),
    (concat!("FIX", "ME"), "mend it"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("todo", "!("), "write it"),
    (concat!("unimple", "mented!("), "write it"),
    (concat!("println", "!("), "return text, or use the logger"),
    (concat!("#[ig", "nore"), "assert today's result with a reason instead"),
    (concat!("/wo", "rk/"), "no path of a particular machine"),
    (concat!("thread::sl", "eep(Duration::from_secs(60"), "no test may wait that long"),
];

/// What decides must not read the world: (word, what to use).
const PURE: &[(&str, &str)] = &[
    ("std::time", "base::time"),
    ("Instant", "base::Mono"),
    ("SystemTime", "base::Wall"),
    ("UdpSocket", "an output"),
    ("TcpStream", "an output"),
    ("TcpListener", "an output"),
    ("std::fs", "an argument"),
    ("std::env", "an argument"),
    ("std::thread", "an output"),
    ("std::process", "an output"),
    ("HashMap", "base::Table or BTreeMap"),
    ("HashSet", "base::Table or BTreeSet"),
    ("Mutex", "one owner"),
    ("RwLock", "one owner"),
    ("thread_local!", "an argument"),
    ("async fn", "an output with an answering input"),
    (".await", "an output with an answering input"),
    ("getrandom", "base::Rng"),
    ("tracing::", "base::event"),
    ("static mut", "an argument"),
];

/// The one place where a hash table is wrapped so that its order cannot leak.
const TABLE: &str = "crates/base/src/table.rs";

/// Queues without a bound: (word, what to use).
const SHELL: &[(&str, &str)] = &[
    ("unbounded_channel", "a bounded channel"),
    ("mpsc::channel()", "sync_channel with a limit"),
    ("mem::forget", "an owner that ends it"),
];

/// Pieces of SQL, which only `store` may know.
const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA "];

/// Where strings may be Japanese: (start of the path, why).
const JAPANESE: &[(&str, &str)] = &[
    ("crates/base/src/event.rs", "event catalogue"),
    ("crates/bulk/", "file formats"),
    ("crates/callctl/src/caption.rs", "words on telephone displays"),
    ("crates/sheets/", "file formats"),
    ("crates/deskphone/", "character tables of screens"),
    ("crates/app/locale/", "locale"),
    ("crates/naisen/src/config/", "table of settings: must speak before anything is loaded"),
    ("crates/sim/", "sample data of the simulated company"),
    ("xtask/", "tools of the repository"),
];

/// Words of the first table, in code, comments and strings alike.
pub(crate) fn everywhere(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            for (word, instead) in EVERYWHERE {
                // Tests may say what they drew.
                let speaks = source.test && word.contains("print");
                if !speaks && line.contains(word) && is_word(line, word) {
                    found.push(Finding::at(
                        &source.path,
                        index + 1,
                        format!("`{word}`: {instead}"),
                    ));
                }
            }
        }
    }
    found
}

/// A word that begins or ends with a letter must begin or end there, so that a longer name passes.
fn is_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let (begins, ends) = (word.starts_with(part), word.ends_with(part));
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let longer = begins && before.is_some_and(part) || ends && after.is_some_and(part);
        !longer
    })
}

/// Clocks, sockets, files, threads, locks and logs in pure crates.
pub(crate) fn pure(sources: &[Source], pure: &[String]) -> Vec<Finding> {
    let of_pure = sources.iter().filter(|s| !s.test && pure.iter().any(|p| p == s.krate()));
    of_pure.filter(|s| s.path != TABLE).flat_map(|source| banned(source, PURE)).collect()
}

/// Unbounded queues in shells.
pub(crate) fn shells(sources: &[Source], shells: &[String]) -> Vec<Finding> {
    let of_shell = sources.iter().filter(|s| !s.test && shells.iter().any(|p| p == s.krate()));
    of_shell.flat_map(|source| banned(source, SHELL)).collect()
}

fn banned(source: &Source, words: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, line) in source.code_lines() {
        for (word, instead) in words {
            if line.contains(word) && is_word(line, word) {
                found.push(Finding::at(&source.path, number, format!("`{word}`: use {instead}")));
            }
        }
    }
    found
}

/// Code that was put to sleep in a comment.
pub(crate) fn sleeping_code(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        for (line, comment) in &source.comments {
            let doc = ["///", "//!", "/**", "/*!"].iter().any(|start| comment.starts_with(start));
            let text = comment.trim_start_matches('/').trim();
            let ends = [";", "{", "}"].iter().any(|end| text.ends_with(end));
            // Prose may end a line with a semicolon; it has no calls and assignments before it.
            let code = ["(", "=", "::", "}"].iter().any(|sign| text.contains(sign));
            if !doc && ends && code {
                found.push(Finding::at(&source.path, *line, "code in a comment".into()));
            }
        }
    }
    found
}

/// SQL outside of `store`.
pub(crate) fn sql(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        if source.test || matches!(source.krate(), "store" | "xtask") {
            continue;
        }
        for (line, text) in &source.strings {
            if SQL.iter().any(|word| text.trim_start().starts_with(word)) {
                found.push(Finding::at(&source.path, *line, "only `store` knows SQL".into()));
            }
        }
    }
    found
}

/// Japanese in strings of the product outside of its places.
pub(crate) fn japanese(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        if JAPANESE.iter().any(|(start, _)| source.path.starts_with(start)) {
            continue;
        }
        for (line, text) in &source.strings {
            if source.is_product_line(*line) && text.chars().any(is_japanese) {
                let text = format!("{text:?}: texts for people belong into the locale files");
                found.push(Finding::at(&source.path, *line, text));
            }
        }
    }
    found
}

fn is_japanese(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Vec<Source> {
        vec![Source::new("crates/sip/src/a.rs", text.to_owned())]
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_found() {
        let pures = vec!["sip".to_owned()];
        let with = |text: &str| pure(&source(text), &pures).len();
        assert_eq!(with("fn a() { let t = std::time::Instant::now(); }"), 2);
        assert_eq!(with("// Instant in a comment\nfn a() { let s = \"HashMap\"; }"), 0);
        assert_eq!(with("#[cfg(test)]\nmod tests {\n use std::fs;\n}\n"), 0);
        assert_eq!(with("struct Instantly; fn b() { a.awaiting(); }"), 0);
        assert_eq!(with("fn b() { a.await; }"), 1);
    }

    #[test]
    fn marks_of_unfinished_work_are_found_in_comments() {
        let text = format!("// {}: later\nfn a() {{}}\n", concat!("TO", "DO"));
        assert_eq!(everywhere(&source(&text)).len(), 1);
        assert_eq!(everywhere(&source("const AUTODOC: u8 = 0;")).len(), 0);
    }

    #[test]
    fn sleeping_code_is_found() {
        assert_eq!(sleeping_code(&source("// let a = 1;\nfn a() {}\n")).len(), 1);
        assert_eq!(sleeping_code(&source("// A sentence; and a half.\nfn a() {}\n")).len(), 0);
    }

    #[test]
    fn japanese_is_found_in_strings_but_not_in_glosses() {
        assert_eq!(japanese(&source("/// 内線番号\nfn a() -> &'static str { \"内線\" }")).len(), 1);
        assert_eq!(japanese(&source("/// 内線番号\nfn a() {}")).len(), 0);
    }
}
