//! Reads the file, refuses what it does not know, and says where each value came from.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Document, Item, TableLike};

use super::keys::{KEYS, Key, Rule};
use super::{Config, value};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// Set in the file, at this line.
    Line(usize),
}

/// A configuration and the origin and text of each key.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// The file, when there is one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) rows: Vec<(&'static Key, String, Origin)>,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    Unreadable { file: PathBuf, error: String },
    /// It is not TOML.
    Syntax { file: PathBuf, line: usize, error: String },
    /// A key that does not exist.
    Unknown { file: PathBuf, line: usize, key: String, nearest: &'static str },
    /// A value against its rule.
    Value { file: PathBuf, line: usize, key: &'static str, value: String, rule: Rule },
}

/// Reads `file`; without one `naisen.toml` in the current folder if present, else the defaults.
pub(crate) fn load(file: Option<&Path>) -> Result<Loaded, ConfigError> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => {
            let here = PathBuf::from("naisen.toml");
            if !here.exists() {
                return Ok(defaults(Path::new(".")));
            }
            here
        }
    };
    let text = fs::read_to_string(&path).map_err(|e: io::Error| ConfigError::Unreadable {
        file: path.clone(),
        error: e.to_string(),
    })?;
    parse(&path, &text)
}

/// The defaults; relative paths start at `folder`.
pub(crate) fn defaults(folder: &Path) -> Loaded {
    let document = Document::parse("").unwrap_or_default();
    let mut reader =
        Reader { file: PathBuf::new(), text: "", document: &document, rows: Vec::new() };
    // The defaults satisfy their own rules; a test proves it.
    let config = reader.config(folder).expect("defaults follow their rules");
    Loaded { config, file: None, rows: reader.rows }
}

/// Reads the text of `file`.
pub(crate) fn parse(file: &Path, text: &str) -> Result<Loaded, ConfigError> {
    let document = Document::parse(text).map_err(|e| ConfigError::Syntax {
        file: file.to_owned(),
        line: e.span().map_or(1, |s| line_of(text, s.start)),
        error: e.message().to_owned(),
    })?;
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut reader = Reader { file: file.to_owned(), text, document: &document, rows: Vec::new() };
    reader.refuse_unknown()?;
    let config = reader.config(&folder)?;
    Ok(Loaded { config, file: Some(file.to_owned()), rows: reader.rows })
}

struct Reader<'a> {
    file: PathBuf,
    text: &'a str,
    document: &'a Document<&'a str>,
    rows: Vec<(&'static Key, String, Origin)>,
}

impl Reader<'_> {
    fn refuse_unknown(&self) -> Result<(), ConfigError> {
        for (table, item) in self.document.as_table().iter() {
            let Some(inner) = item.as_table_like() else {
                return Err(self.unknown(table, item));
            };
            for (name, item) in inner.iter() {
                let full = format!("{table}.{name}");
                if !KEYS.iter().any(|k| k.name == full) {
                    return Err(self.unknown(&full, item));
                }
            }
            if inner.is_empty() && !KEYS.iter().any(|k| k.name.starts_with(&format!("{table}."))) {
                return Err(self.unknown(table, item));
            }
        }
        Ok(())
    }

    fn unknown(&self, key: &str, item: &Item) -> ConfigError {
        let score = |k: &&Key| {
            let short = k.name.split('.').next_back().unwrap_or_default();
            let whole = strsim::jaro_winkler(k.name, key);
            let last = key.split('.').next_back().unwrap_or_default();
            (whole.max(strsim::jaro_winkler(short, last) * 0.95) * 1e6) as u64
        };
        let nearest = KEYS.iter().max_by_key(score).map_or("node.data", |k| k.name);
        let line = item.span().map_or(1, |s| line_of(self.text, s.start));
        ConfigError::Unknown { file: self.file.clone(), line, key: key.to_owned(), nearest }
    }

    fn config(&mut self, folder: &Path) -> Result<Config, ConfigError> {
        let data = self
            .take("node.data", |i| value::text(i).filter(|t| !t.is_empty()).map(PathBuf::from))?;
        let drain: Duration = self.take("node.drain", value::span)?;
        let udp: Vec<SocketAddr> = self.take("sip.udp", value::listeners)?;
        let tcp = self.take("sip.tcp", value::listeners)?;
        let tls = self.take("sip.tls", value::listeners)?;
        let media_address: Option<IpAddr> = self.take("media.address", value::address)?;
        let media_ports = self.take("media.ports", value::ports)?;
        let relay = self.take("media.path", |i| match value::text(i)? {
            "auto" => Some(false),
            "relay" => Some(true),
            _ => None,
        })?;
        let journal_bytes = self.take("journal.size", value::size)?;
        let portal_closed = self.take("portal.closed", value::listener)?;
        self.take("portal.internet", value::listener)?;
        self.take("phones.listen", value::listener)?;
        let metrics = self.take("metrics.listen", value::listener)?;
        self.take("database.url", |i| (value::text(i)? == "sqlite").then_some(()))?;
        Ok(Config {
            data: folder.join(data),
            drain,
            udp,
            tcp,
            tls,
            media_address,
            media_ports,
            relay,
            journal_bytes,
            portal_closed,
            metrics,
        })
    }

    /// The value of a key, by the file or by default, and a row about it.
    fn take<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Item) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let key = KEYS.iter().find(|k| k.name == name).expect("every key read is in the table");
        let (table, short) = name.split_once('.').expect("every key has a table");
        let found = self
            .document
            .get(table)
            .and_then(Item::as_table_like)
            .and_then(|t: &dyn TableLike| t.get(short));
        if let Some(item) = found {
            let span = item.span().unwrap_or(0..0);
            let line = line_of(self.text, span.start);
            let shown = self.text.get(span).unwrap_or_default().trim().to_owned();
            let refused = || ConfigError::Value {
                file: self.file.clone(),
                line,
                key: name,
                value: shown.clone(),
                rule: key.rule,
            };
            let value = parse(item).ok_or_else(refused)?;
            self.rows.push((key, shown.clone(), Origin::Line(line)));
            return Ok(value);
        }
        self.rows.push((key, key.default.to_owned(), Origin::Default));
        let text = format!("v = {}", key.default);
        let document = Document::parse(text).expect("defaults are TOML");
        Ok(document.get("v").and_then(parse).expect("defaults follow their rules"))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}
