//! Sizes: files, functions, parameters, line width.

use super::Finding;
use super::scan::Source;

const FILE_LINES: usize = 800;
const TEST_FILE_LINES: usize = 1_200;
const FUNCTION_LINES: usize = 70;
const PARAMETERS: usize = 5;
const COLUMNS: usize = 100;

/// Files whose rows cannot be broken: (path, why).
const WIDE_FILES: &[(&str, &str)] = &[
    ("crates/base/src/event.rs", "each row of the catalogue holds both languages"),
    ("crates/naisen/src/config/keys.rs", "each row of the table holds both languages"),
];

/// Files that are too long, and lines that are too wide.
pub(crate) fn files(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        let max = if source.test { TEST_FILE_LINES } else { FILE_LINES };
        if lines > max {
            found.push(Finding::at(&source.path, 1, format!("{lines} lines, at most {max}")));
        }
        if WIDE_FILES.iter().any(|(path, _)| *path == source.path) {
            continue;
        }
        for (index, line) in source.text.lines().enumerate() {
            let width: usize = line.chars().map(columns).sum();
            // Neither a row of a table nor a string that must stay whole can be broken by anyone.
            let row = ["//! |", "/// |"].iter().any(|start| line.trim_start().starts_with(start));
            let unbreakable = row || line.split_whitespace().any(|w| w.chars().count() > 80);
            if width > COLUMNS && !unbreakable {
                let text = format!("{width} columns, at most {COLUMNS}");
                found.push(Finding::at(&source.path, index + 1, text));
            }
        }
    }
    found
}

/// How many columns a character takes on a terminal: two for ideographs, kana and full-width forms.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => 2,
        0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF => 2,
        0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// Functions that are too long or take too much; test code apart.
pub(crate) fn functions(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.test) {
        for function in list(&source.code) {
            if function.lines > FUNCTION_LINES {
                let text = format!(
                    "fn {} has {} lines, at most {FUNCTION_LINES}",
                    function.name, function.lines
                );
                found.push(Finding::at(&source.path, function.line, text));
            }
            if function.parameters > PARAMETERS {
                let text = format!(
                    "fn {} takes {} parameters, at most {PARAMETERS}",
                    function.name, function.parameters
                );
                found.push(Finding::at(&source.path, function.line, text));
            }
        }
    }
    found
}

/// A function as the counter sees it.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Line of the word `fn`, from 1.
    pub(crate) line: usize,
    /// From that line to the closing brace.
    pub(crate) lines: usize,
    /// Without `self`.
    pub(crate) parameters: usize,
}

/// Every function with a body in code whose strings and comments are blank.
pub(crate) fn list(code: &str) -> Vec<Function> {
    let chars: Vec<char> = code.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_fn(&chars, at) {
        at = start + 2;
        let mut name_at = at;
        while chars.get(name_at).is_some_and(|c| c.is_whitespace()) {
            name_at += 1;
        }
        let name: String =
            chars[name_at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
        if name.is_empty() {
            continue;
        }
        let Some((open, parameters)) = signature(&chars, name_at + name.chars().count()) else {
            continue;
        };
        let Some(close) = matching(&chars, open) else { continue };
        let line = 1 + chars[..start].iter().filter(|c| **c == '\n').count();
        let lines = 1 + chars[start..close].iter().filter(|c| **c == '\n').count();
        found.push(Function { name, line, lines, parameters });
    }
    found
}

fn next_fn(chars: &[char], from: usize) -> Option<usize> {
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
    (from..chars.len().saturating_sub(2)).find(|&at| {
        chars[at] == 'f'
            && chars[at + 1] == 'n'
            && chars[at + 2].is_whitespace()
            && (at == 0 || !word(chars.get(at - 1)))
    })
}

/// Where the body opens, and how many parameters stand before it; `None` without a body.
fn signature(chars: &[char], from: usize) -> Option<(usize, usize)> {
    let (mut round, mut angle) = (0_i32, 0_i32);
    let mut parameters: Option<usize> = None;
    let mut first = String::new();
    let (mut commas, mut trailing) = (0, false);
    for at in from..chars.len() {
        let c = chars[at];
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => {
                round -= 1;
                if round == 0 && angle == 0 && parameters.is_none() {
                    let own = first.contains("self") && !first.contains(':');
                    let count = commas + usize::from(!trailing && !first.trim().is_empty());
                    parameters = Some(count - usize::from(own && count > 0));
                }
            }
            '<' => angle += 1,
            '>' if at > 0 && chars[at - 1] != '-' && chars[at - 1] != '=' => angle -= 1,
            '{' if round == 0 => return Some((at, parameters.unwrap_or_default())),
            ';' if round == 0 => return None,
            ',' if round == 1 && angle == 0 && parameters.is_none() => {
                commas += 1;
                trailing = true;
                continue;
            }
            _ => {}
        }
        if parameters.is_none() && round == 1 {
            if !c.is_whitespace() && c != '(' {
                trailing = false;
            }
            if commas == 0 && !(c == '(' && first.is_empty()) {
                first.push(c);
            }
        }
    }
    None
}

fn matching(chars: &[char], open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, c) in chars[open..].iter().enumerate() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(open + offset);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &[(&str, usize, usize)]) {
        let got = list(code);
        let got: Vec<_> = got.iter().map(|f| (f.name.as_str(), f.lines, f.parameters)).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn counts_lines_and_parameters() {
        check("fn a() {}\n", &[("a", 1, 0)]);
        check("fn a(&self, b: u8) {\n\n}\n", &[("a", 3, 1)]);
        check(
            "fn a(\n  &mut self,\n  b: Vec<(u8, u8)>,\n  c: &[u8],\n) -> u8 {\n}\n",
            &[("a", 6, 2)],
        );
        check("fn a<T: Fn(u8, u8) -> u8>(f: T, g: fn(u8) -> u8) -> u8 { }", &[("a", 1, 2)]);
        check("trait T { fn a(&self); fn b(&self) { } }", &[("b", 1, 0)]);
        check("fn a(b: u8) where u8: Into<u16> {\n if b == 0 { x() }\n}", &[("a", 3, 1)]);
    }

    #[test]
    fn a_long_function_is_found() {
        let body = "    a();\n".repeat(70);
        let source = Source::new("crates/a/src/b.rs", format!("fn a() {{\n{body}}}\n"));
        assert_eq!(functions(&[source]).len(), 1);
    }
}
