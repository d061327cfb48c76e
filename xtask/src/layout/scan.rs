//! Reading Rust sources without compiling them: code, comments and strings told apart.

use std::path::Path;

/// One source file, relative to the root, with `/` between folders.
pub(crate) struct Source {
    /// Path from the root of the repository.
    pub(crate) path: String,
    /// As it stands in the file.
    pub(crate) text: String,
    /// The same, comments and the contents of strings replaced by blanks.
    pub(crate) code: String,
    /// Line (from 1) and content of each string literal.
    pub(crate) strings: Vec<(usize, String)>,
    /// Line (from 1) and text of each comment.
    pub(crate) comments: Vec<(usize, String)>,
    /// Whether the whole file is test code.
    pub(crate) test: bool,
}

impl Source {
    /// Splits the text of a file.
    pub(crate) fn new(path: &str, text: String) -> Self {
        let mut lexer = Lexer::new(&text);
        lexer.run();
        let Lexer { code, strings, comments, .. } = lexer;
        let test = is_test_path(path);
        let code = if test { code } else { without_test_items(&code) };
        Source { path: path.to_owned(), code, strings, comments, test, text }
    }

    /// The crate that the file belongs to: `sip` for `crates/sip/src/…`, `xtask` for `xtask/…`.
    pub(crate) fn krate(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            Some(first) => first,
            None => "",
        }
    }

    /// Lines (from 1) of code that is not inside a test item.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether that line still has code after test items were taken out.
    pub(crate) fn is_product_line(&self, line: usize) -> bool {
        !self.test && self.code.lines().nth(line.saturating_sub(1)).is_some_and(|l| l != TEST_MARK)
    }
}

/// What stands for a line of a test item.
const TEST_MARK: &str = "\u{1}";

fn is_test_path(path: &str) -> bool {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.contains("/tests/")
        || path.contains("/testdata/")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
}

/// Replaces every line of an item behind `#[cfg(test)]` by a mark.
fn without_test_items(code: &str) -> String {
    let mut lines: Vec<String> = code.lines().map(str::to_owned).collect();
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index].trim();
        if !(line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")) {
            index += 1;
            continue;
        }
        let end = item_end(&lines, index);
        for line in &mut lines[index..=end] {
            TEST_MARK.clone_into(line);
        }
        index = end + 1;
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// The last line of the item that begins at `start`: a matching brace, or a semicolon before any.
fn item_end(lines: &[String], start: usize) -> usize {
    let mut depth = 0_i32;
    for (offset, line) in lines[start..].iter().enumerate() {
        for c in line.chars() {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        return start + offset;
                    }
                }
                ';' if depth == 0 => return start + offset,
                _ => {}
            }
        }
    }
    lines.len() - 1
}

struct Lexer<'a> {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    strings: Vec<(usize, String)>,
    comments: Vec<(usize, String)>,
    _text: &'a str,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Lexer {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::with_capacity(text.len()),
            strings: Vec::new(),
            comments: Vec::new(),
            _text: text,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Takes one character; shown as it is or as a blank.
    fn take(&mut self, show: bool) -> char {
        let c = self.chars[self.at];
        self.at += 1;
        if c == '\n' {
            self.line += 1;
            self.code.push('\n');
        } else {
            self.code.push(if show { c } else { ' ' });
        }
        c
    }

    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => self.line_comment(),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r', Some('"' | '#')) if !self.after_word() && self.raw_hashes(1).is_some() => {
                    self.raw_string(1);
                }
                ('b' | 'c', Some('r')) if !self.after_word() && self.raw_hashes(2).is_some() => {
                    self.raw_string(2);
                }
                ('\'', next) => self.quote(next),
                _ => {
                    self.take(true);
                }
            }
        }
    }

    fn after_word(&self) -> bool {
        self.at > 0 && {
            let c = self.chars[self.at - 1];
            c.is_alphanumeric() || c == '_'
        }
    }

    /// How many `#` stand before the quote of a raw string that has `prefix` letters.
    fn raw_hashes(&self, prefix: usize) -> Option<usize> {
        let mut hashes = 0;
        while self.peek(prefix + hashes) == Some('#') {
            hashes += 1;
        }
        (self.peek(prefix + hashes) == Some('"')).then_some(hashes)
    }

    fn line_comment(&mut self) {
        let (line, mut text) = (self.line, String::new());
        while self.peek(0).is_some_and(|c| c != '\n') {
            text.push(self.take(false));
        }
        self.comments.push((line, text));
    }

    fn block_comment(&mut self) {
        let (line, mut text, mut depth) = (self.line, String::new(), 0);
        while let Some(c) = self.peek(0) {
            let pair = (c, self.peek(1));
            if pair == ('/', Some('*')) {
                depth += 1;
            } else if pair == ('*', Some('/')) {
                depth -= 1;
            }
            text.push(self.take(false));
            if matches!(pair, ('/', Some('*')) | ('*', Some('/'))) {
                text.push(self.take(false));
            }
            if depth == 0 {
                break;
            }
        }
        self.comments.push((line, text));
    }

    fn string(&mut self) {
        let (line, mut text) = (self.line, String::new());
        self.take(true);
        while let Some(c) = self.peek(0) {
            if c == '"' {
                self.take(true);
                break;
            }
            text.push(self.take(false));
            if c == '\\' && self.peek(0).is_some() {
                text.push(self.take(false));
            }
        }
        self.strings.push((line, text));
    }

    fn raw_string(&mut self, prefix: usize) {
        let (line, mut text) = (self.line, String::new());
        let hashes = self.raw_hashes(prefix).unwrap_or_default();
        for _ in 0..=prefix + hashes {
            self.take(false);
        }
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|n| self.peek(n) == Some('#')) {
                for _ in 0..=hashes {
                    self.take(false);
                }
                break;
            }
            text.push(self.take(false));
        }
        self.strings.push((line, text));
    }

    /// A character literal or a lifetime.
    fn quote(&mut self, next: Option<char>) {
        self.take(true);
        match next {
            Some('\\') => {
                self.take(false);
                self.take(false);
                while self.peek(0).is_some_and(|c| c != '\'' && c != '\n') {
                    self.take(false);
                }
                if self.peek(0) == Some('\'') {
                    self.take(true);
                }
            }
            Some(_) if self.peek(1) == Some('\'') => {
                self.take(false);
                self.take(true);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_literals_leave_the_code() {
        let text =
            "let a = \"x{ // \\\" y\"; // fn no()\nlet b = '{'; let c: &'a str = r#\"}\"#;\n";
        let source = Source::new("crates/a/src/b.rs", text.to_owned());
        assert!(!source.code.contains('{') && !source.code.contains('}'), "{}", source.code);
        assert!(source.code.contains("let c: &'a str"));
        assert_eq!(source.strings.len(), 2);
        assert_eq!(source.comments, vec![(1, "// fn no()".to_owned())]);
        assert_eq!(source.code.lines().count(), text.lines().count());
    }

    #[test]
    fn test_items_are_taken_out() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let source = Source::new("crates/a/src/b.rs", text.to_owned());
        assert!(source.code.contains("fn c") && !source.code.contains("fn b"));
        assert!(source.is_product_line(1) && !source.is_product_line(4));
    }

    #[test]
    fn byte_and_escaped_characters_do_not_open_strings() {
        let text = "let a = [b'\"', b'\\'', b'\\\\']; let b = \"s\";";
        let source = Source::new("crates/a/src/b.rs", text.to_owned());
        assert_eq!(source.strings, vec![(1, "s".to_owned())]);
    }
}
