//! 「■実行結果」: the result of an import as text, and the files that go with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bulk::reason::Arg;
use bulk::{Code, Encoding, Finding, IssuedSecret, Kind, Profile, Writer};

use crate::import::{Format, Outcome};
use crate::text::{Lang, clean, code_title, sentence, text, text_with};

/// Notes of one code that are shown one by one; more are counted instead.
const NOTES_SHOWN: usize = 20;

/// Characters of a value that are shown.
const VALUE_MAX: usize = 200;

/// Shown where a finding has no line, column or value of its own.
const NONE: &str = "-";

/// The result block, columns parted by a tab, every line ended by LF.
///
/// Errors first, then notes. Counts of stored rows, or of storable ones in a trial.
pub fn render(outcome: &Outcome, lang: Lang) -> String {
    let heading =
        if outcome.dry_run { "import-result-heading-dry-run" } else { "import-result-heading" };
    let mut out = format!("{}\n", text(lang, heading));
    out.push_str(&counts(outcome, lang));
    if outcome.errors.is_empty() && outcome.notes.is_empty() {
        return out;
    }
    let names = ["line", "column", "value", "code", "reason"];
    let header = names.map(|n| text(lang, &format!("import-result-{n}")).into_owned());
    push_row(&mut out, &header);
    for error in &outcome.errors {
        push_finding(&mut out, error, lang);
    }
    let mut by_code: BTreeMap<Code, usize> = BTreeMap::new();
    for note in &outcome.notes {
        *by_code.entry(note.reason.code()).or_default() += 1;
    }
    let many = |code: &Code| by_code.get(code).is_some_and(|n| *n > NOTES_SHOWN);
    for note in outcome.notes.iter().filter(|n| !many(&n.reason.code())) {
        push_finding(&mut out, note, lang);
    }
    for (code, count) in by_code.iter().filter(|(code, _)| many(code)) {
        let title = code_title(lang, *code);
        let args = [("title", Arg::from(&*title)), ("count", Arg::Number(*count as u64))];
        let reason = text_with(lang, "import-result-note-many", &args);
        let none = NONE.to_owned();
        push_row(&mut out, &[none.clone(), none.clone(), none, code.to_string(), reason]);
    }
    out
}

fn counts(outcome: &Outcome, lang: Lang) -> String {
    let c = outcome.counts;
    let mut parts = vec![("added", c.added), ("changed", c.changed), ("unchanged", c.unchanged)];
    if outcome.kind == Kind::ExtensionDeletions {
        parts.push(("deleted", c.deleted));
    }
    parts.push(("errors", outcome.error_rows() as u32));
    let mut cells = Vec::with_capacity(parts.len() * 2);
    for (name, count) in parts {
        cells.push(text(lang, &format!("import-result-{name}")).into_owned());
        let args = [("count", Arg::Number(u64::from(count)))];
        cells.push(text_with(lang, "import-result-count", &args));
    }
    let mut line = String::new();
    push_row(&mut line, &cells);
    line
}

fn push_finding(out: &mut String, finding: &Finding, lang: Lang) {
    let line = match finding.line {
        0 => NONE.to_owned(),
        line => line.to_string(),
    };
    let value: String = match finding.value.trim() {
        "" => NONE.to_owned(),
        value => clean(value).chars().take(VALUE_MAX).collect(),
    };
    let column = finding.column.map_or(NONE.to_owned(), |c| c.to_string());
    let code = finding.reason.code().to_string();
    push_row(out, &[line, column, value, code, sentence(lang, finding)]);
}

fn push_row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "{}", cells.join("\t"));
}

/// Column names and rows of the secrets that an import made.
fn secret_rows(secrets: &[IssuedSecret], lang: Lang) -> impl Iterator<Item = [String; 3]> {
    let names = ["dn", "sip-id", "secret"];
    let header = names.map(|n| text(lang, &format!("import-secrets-{n}")).into_owned());
    std::iter::once(header).chain(secrets.iter().map(|issued| {
        [issued.dn.text(), issued.sip_id.to_string(), issued.secret.expose().clone()]
    }))
}

/// The secrets as text behind the result block: a heading, then columns parted by a tab.
pub fn render_secrets(secrets: &[IssuedSecret], lang: Lang) -> String {
    let mut out = format!("{}\n", text(lang, "import-secrets-heading"));
    for row in secret_rows(secrets, lang) {
        push_row(&mut out, &row);
    }
    out
}

/// The secrets as a CSV file with a header, for `--secrets FILE`.
pub fn secrets_file(secrets: &[IssuedSecret], encoding: Encoding) -> Vec<u8> {
    let mut writer = Writer::new(encoding, Profile::Plain);
    let mut out = Vec::new();
    for row in secret_rows(secrets, Lang::Ja) {
        writer.row(&row, &mut out);
    }
    out
}

/// Error file F12 of an outcome: the faulty rows with the reasons beside them.
///
/// `None` when the file could not be read as rows or has no error. Characters that Shift_JIS
/// lacks cannot occur but in the reasons, where they are written as the geta mark.
pub fn error_file(outcome: &Outcome, lang: Lang, format: Format) -> Option<Vec<u8>> {
    let table = outcome.table.as_ref().filter(|_| !outcome.errors.is_empty())?;
    let file = bulk::error_file::error_file(table, &outcome.errors, &|f| sentence(lang, f));
    let Some(encoding) = format.encoding() else {
        let name = text(lang, "export-sheet-errors");
        let sheet =
            sheets::Sheet { name: &name, rows: &file.rows, marks: &file.marks, header: false };
        return sheets::write(sheet).ok();
    };
    let mut writer = Writer::new(encoding, Profile::Plain);
    let mut out = Vec::new();
    for row in &file.rows {
        writer.row(row, &mut out);
    }
    Some(out)
}

/// The faultless rows of an outcome as a file of their own.
pub fn faultless_file(outcome: &Outcome, encoding: Encoding) -> Option<Vec<u8>> {
    let table = outcome.table.as_ref()?;
    let mut writer = Writer::new(encoding, Profile::Plain);
    let mut out = Vec::new();
    for row in bulk::error_file::faultless_rows(table, &outcome.errors) {
        writer.row(&row, &mut out);
    }
    Some(out)
}
