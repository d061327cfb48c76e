//! Documents that must agree with the code.

use std::collections::BTreeSet;
use std::path::Path;

use super::Finding;
use super::tree::{Tree, relative, walk};

/// Every `RFC nnnn` in a source is a row of docs/rfc.md.
pub(crate) fn rfcs(tree: &Tree) -> Vec<Finding> {
    let listed = first_cells(&tree.text("docs/rfc.md"));
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for source in &tree.sources {
        for (index, line) in source.text.lines().enumerate() {
            for number in rfc_numbers(line) {
                if !listed.contains(&number) && told.insert(number) {
                    let text = format!("RFC {number} is not in docs/rfc.md");
                    found.push(Finding::at(&source.path, index + 1, text));
                }
            }
        }
    }
    found
}

/// Numbers in the first column of a table.
fn first_cells(text: &str) -> BTreeSet<u32> {
    let cells =
        text.lines().filter_map(|line| line.trim().trim_start_matches('|').split('|').next());
    cells.flat_map(|cell| cell.split(',')).filter_map(|number| number.trim().parse().ok()).collect()
}

fn rfc_numbers(text: &str) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for (at, _) in text.match_indices("RFC") {
        let rest = text[at + 3..].trim_start_matches([' ', '-']);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if (3..=5).contains(&digits.len()) {
            numbers.extend(digits.parse::<u32>().ok());
        }
    }
    numbers
}

/// docs/limits.md and docs/events.md are what the code gives.
pub(crate) fn generated(tree: &Tree) -> Vec<Finding> {
    let all = crate::docs::all().into_iter();
    all.filter(|(path, text)| tree.text(path) != *text)
        .map(|(path, _)| Finding::of(path, "not fresh: run `cargo xtask docs`"))
        .collect()
}

/// Tests named in docs/requirements.md exist; a row that is done names one.
pub(crate) fn requirements(tree: &Tree) -> Vec<Finding> {
    const PATH: &str = "docs/requirements.md";
    let mut known = BTreeSet::new();
    for source in &tree.sources {
        let functions = super::size::list(&without_strings(source));
        known.extend(functions.into_iter().map(|function| function.name));
    }
    let mut found = Vec::new();
    for (index, line) in tree.text(PATH).lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [ids, _, tests, state] = cells[..] else { continue };
        if ids == "id" || ids.starts_with("--") {
            continue;
        }
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if names.is_empty() && (state.starts_with("done") || state.starts_with("partial")) {
            found.push(Finding::at(PATH, index + 1, format!("{ids} is {state} without a test")));
        }
        if !["done", "partial: ", "todo", "later"].iter().any(|word| state.starts_with(word)) {
            found.push(Finding::at(PATH, index + 1, format!("{ids}: unknown state {state:?}")));
        }
        for name in names {
            let function = name.rsplit("::").next().unwrap_or(name);
            if !known.contains(function) && !tree.root.join(name).is_file() {
                found.push(Finding::at(PATH, index + 1, format!("{ids}: no test {name}")));
            }
        }
    }
    found
}

/// The text with comments and strings blank, test items kept.
fn without_strings(source: &super::scan::Source) -> String {
    let as_test = super::scan::Source::new("crates/a/src/tests.rs", source.text.clone());
    as_test.code
}

/// Relative links in Markdown files point at files that exist.
pub(crate) fn links(tree: &Tree) -> Vec<Finding> {
    let mut paths = Vec::new();
    let _ = walk(&tree.root.join("docs"), "md", &mut paths);
    if let Ok(entries) = std::fs::read_dir(&tree.root) {
        let top = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        paths.extend(top.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("."));
        for (index, line) in text.lines().enumerate() {
            for link in links_of(line) {
                let file = link.split('#').next().unwrap_or_default();
                let elsewhere = link.contains("://") || link.starts_with("mailto:");
                if !file.is_empty() && !elsewhere && !folder.join(file).exists() {
                    let shown = relative(&tree.root, &path);
                    found.push(Finding::at(&shown, index + 1, format!("no file {file}")));
                }
            }
        }
    }
    found
}

fn links_of(line: &str) -> Vec<&str> {
    let mut links = Vec::new();
    for (at, _) in line.match_indices("](") {
        let rest = &line[at + 2..];
        if let Some(end) = rest.find(')') {
            links.push(&rest[..end]);
        }
    }
    links
}

/// Migrations of each database are numbered from 0001 without a gap.
pub(crate) fn migrations(tree: &Tree) -> Vec<Finding> {
    let mut paths = Vec::new();
    let _ = walk(&tree.root.join("crates/store/migrations"), "sql", &mut paths);
    paths.sort();
    let (mut folder, mut next, mut found) = (None, 1, Vec::new());
    for path in &paths {
        if folder != path.parent() {
            (folder, next) = (path.parent(), 1);
        }
        let shown = relative(&tree.root, path);
        let name = shown.rsplit('/').next().unwrap_or_default();
        let expected = format!("{next:04}");
        if !name.starts_with(&expected) || !matches!(name.as_bytes().get(4), Some(b'-' | b'_')) {
            found.push(Finding::of(&shown, format!("should begin with {expected}-")));
        }
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_numbers_are_read() {
        let got = rfc_numbers("see RFC 3261 §17, RFC3581 and RFC 12");
        assert_eq!(got.into_iter().collect::<Vec<_>>(), [3261, 3581]);
    }

    #[test]
    fn listed_rfcs_are_the_first_column() {
        let got = first_cells("| RFC | Subject |\n|---|---|\n| 2069, 2617 | digest of 3261 |\n");
        assert_eq!(got.into_iter().collect::<Vec<_>>(), [2069, 2617]);
    }

    #[test]
    fn links_are_read() {
        assert_eq!(links_of("[a](b.md#c) and [d](https://e)"), ["b.md#c", "https://e"]);
    }
}
