//! Rules of the repository that a machine can check, each as a test and as `cargo xtask layout`.
//!
//! A finding names the file, the line and what to do; a check returns all of them at once.

pub(crate) mod arrows;
pub(crate) mod papers;
pub(crate) mod scan;
pub(crate) mod sentences;
pub(crate) mod size;
pub(crate) mod tree;
pub(crate) mod words;

#[cfg(test)]
mod tests;

use anyhow::Result;

use crate::say;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding(pub(crate) String);

impl Finding {
    /// A breach at a line of a file.
    pub(crate) fn at(path: &str, line: usize, text: String) -> Self {
        Finding(format!("{path}:{line}: {text}"))
    }

    /// A breach that has no line.
    pub(crate) fn of(subject: &str, text: impl std::fmt::Display) -> Self {
        Finding(format!("{subject}: {text}"))
    }
}

/// A check: what it is called, and what it finds.
type Check = (&'static str, fn(&tree::Tree) -> Vec<Finding>);

/// Every check, in the order in which they are printed.
pub(crate) const CHECKS: &[Check] = &[
    ("arrows go down, kinds hold", |t| arrows::edges(&t.packages)),
    ("third-party crates", |t| arrows::third_party(&t.packages)),
    ("manifests follow the workspace", |t| arrows::manifests(&t.packages)),
    ("licences and sources", |t| arrows::licences(&t.root)),
    ("module arrows in sip", |t| arrows::sip_modules(&t.sources)),
    ("file sizes and line widths", |t| size::files(&t.sources)),
    ("function sizes", |t| size::functions(&t.sources)),
    ("banned words", |t| words::everywhere(&t.sources)),
    ("no code in comments", |t| words::sleeping_code(&t.sources)),
    ("pure crates read no world", |t| words::pure(&t.sources, &t.of_kind("pure"))),
    ("queues have bounds", |t| words::shells(&t.sources, &t.of_kind("shell"))),
    ("only store knows SQL", |t| words::sql(&t.sources)),
    ("Japanese stands in its places", |t| words::japanese(&t.sources)),
    ("RFCs cited are listed", papers::rfcs),
    ("generated documents are fresh", papers::generated),
    ("requirements name tests that exist", papers::requirements),
    ("links in documents lead somewhere", papers::links),
    ("migrations are numbered", papers::migrations),
    ("sentences have one name", sentences::names),
];

/// Runs every check and prints what they find; `false` when anything was found.
pub(crate) fn print_all() -> Result<bool> {
    let tree = tree::Tree::read(&crate::run::root())?;
    let mut all = 0;
    for (name, check) in CHECKS {
        let found = check(&tree);
        say!("{:5}  {name}", if found.is_empty() { "ok".into() } else { found.len().to_string() });
        for finding in &found {
            say!("       {}", finding.0);
        }
        all += found.len();
    }
    say!("{all} findings");
    Ok(all == 0)
}
