//! What `check-config` prints.

use std::fmt::Write as _;

use super::load::{ConfigError, Loaded, Origin};
use crate::args::Lang;

/// Every key with value and origin, then warnings, then one closing line.
pub(crate) fn report(loaded: &Loaded, lang: Lang) -> String {
    let mut out = String::new();
    let file = loaded.file.as_ref().map(|f| f.display().to_string()).unwrap_or_default();
    for (key, value, origin) in &loaded.rows {
        let origin = match origin {
            Origin::Default => lang.pick("既定値", "default").to_owned(),
            Origin::Line(line) => format!("{file}:{line}"),
        };
        let _ = writeln!(out, "{} = {value}\t({origin})", key.name);
    }
    let mut warnings = 0;
    for (key, _, origin) in &loaded.rows {
        if key.later && *origin != Origin::Default {
            warnings += 1;
            let text = lang.pick(
                "この版にはない機能です。指定は受け付けますが、効果はありません。",
                "this version does not have it yet; the value is accepted and has no effect.",
            );
            let _ = writeln!(out, "{} {}: {text}", lang.pick("警告", "warning"), key.name);
        }
    }
    let closing = match (lang, warnings) {
        (Lang::Ja, 0) => "設定に誤りはありません。".to_owned(),
        (Lang::En, 0) => "The configuration is valid.".to_owned(),
        (Lang::Ja, n) => format!("設定に誤りはありません。警告が{n}件あります。"),
        (Lang::En, n) => format!("The configuration is valid, with {n} warning(s)."),
    };
    let _ = writeln!(out, "{closing}");
    out
}

impl ConfigError {
    /// File, line, key, rule and mend, in the reader's language.
    pub(crate) fn text(&self, lang: Lang) -> String {
        match self {
            ConfigError::Unreadable { file, error } => format!(
                "{}: {} ({error})",
                file.display(),
                lang.pick("設定ファイルを読めません。", "the configuration file cannot be read.")
            ),
            ConfigError::Syntax { file, line, error } => format!(
                "{}:{line}: {} ({error})",
                file.display(),
                lang.pick("TOMLとして読めません。", "this is not TOML.")
            ),
            ConfigError::Unknown { file, line, key, nearest } => match lang {
                Lang::Ja => format!(
                    "{}:{line}: {key} というキーはありません。近いキーは {nearest} です。",
                    file.display()
                ),
                Lang::En => format!(
                    "{}:{line}: there is no key {key}. The nearest one is {nearest}.",
                    file.display()
                ),
            },
            ConfigError::Value { file, line, key, value, rule } => {
                let (ja, en) = rule.words();
                match lang {
                    Lang::Ja => format!(
                        "{}:{line}: {key} の値 {value} は使えません。{ja}で指定してください。",
                        file.display()
                    ),
                    Lang::En => format!(
                        "{}:{line}: {key} cannot be {value}. It must be {en}.",
                        file.display()
                    ),
                }
            }
        }
    }
}
