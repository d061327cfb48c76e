//! Every text for people, in Japanese and English, by id. The catalogues are in `locale/`.

use std::borrow::Cow;
use std::sync::OnceLock;

use bulk::Finding;
use bulk::reason::Arg;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentMessage, FluentResource, FluentValue};

/// Language of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Lang {
    /// 日本語, the default whatever the locale of the machine.
    #[default]
    Ja,
    /// English.
    En,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::Ja, Lang::En];

    /// The language of a tag such as `ja`, `ja-JP` or `en`.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary {
            p if p.eq_ignore_ascii_case("ja") => Some(Lang::Ja),
            p if p.eq_ignore_ascii_case("en") => Some(Lang::En),
            _ => None,
        }
    }

    /// Its tag: `ja` or `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::Ja => "ja",
            Lang::En => "en",
        }
    }
}

/// Declares the catalogue files of both languages.
macro_rules! catalogues {
    ($($file:literal),+ $(,)?) => {
        /// (file, Japanese, English)
        pub(crate) const FILES: &[(&str, &str, &str)] = &[$((
            $file,
            include_str!(concat!("locale/ja/", $file, ".ftl")),
            include_str!(concat!("locale/en/", $file, ".ftl")),
        )),+];
    };
}

catalogues![
    "api", "cli", "demo", "explain", "export", "history", "import", "init", "login", "portal",
    "users",
];

type Bundle = FluentBundle<FluentResource>;

fn bundle(lang: Lang) -> &'static Bundle {
    static JA: OnceLock<Bundle> = OnceLock::new();
    static EN: OnceLock<Bundle> = OnceLock::new();
    match lang {
        Lang::Ja => JA.get_or_init(|| make(Lang::Ja)),
        Lang::En => EN.get_or_init(|| make(Lang::En)),
    }
}

fn make(lang: Lang) -> Bundle {
    let tag = lang.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // The isolating marks would end up in terminals and files.
    bundle.set_use_isolating(false);
    for (file, ja, en) in FILES {
        let source = match lang {
            Lang::Ja => ja,
            Lang::En => en,
        };
        // What is wrong in a catalogue is found by the tests of this crate; the rest stays usable.
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(r, _)| r);
        if bundle.add_resource(resource).is_err() {
            tracing::error!(file, "message id is used twice");
        }
    }
    bundle
}

/// The text of `id`; the id itself when the catalogue lacks it.
pub fn text(lang: Lang, id: &str) -> Cow<'static, str> {
    format(lang, id, None, &[])
}

/// The text of `id` with values by name.
pub fn text_with(lang: Lang, id: &str, args: &[(&str, Arg)]) -> String {
    format(lang, id, None, args).into_owned()
}

/// The text of an attribute of `id`, for example `fix`.
pub fn attribute(lang: Lang, id: &str, name: &str) -> Cow<'static, str> {
    format(lang, id, Some(name), &[])
}

/// Whether the catalogue of `lang` has `id`.
pub fn has(lang: Lang, id: &str) -> bool {
    bundle(lang).has_message(id)
}

fn format(
    lang: Lang,
    id: &str,
    attribute: Option<&str>,
    args: &[(&str, Arg)],
) -> Cow<'static, str> {
    let bundle = bundle(lang);
    let pattern = bundle.get_message(id).and_then(|m: FluentMessage<'static>| match attribute {
        Some(name) => m.get_attribute(name).map(|a| a.value()),
        None => m.value(),
    });
    let Some(pattern) = pattern else {
        tracing::warn!(id, lang = lang.tag(), "message is missing");
        return Cow::Owned(id.to_owned());
    };
    let mut values = FluentArgs::with_capacity(args.len());
    for (name, value) in args {
        values.set((*name).to_owned(), value_of(lang, value));
    }
    let values = (!args.is_empty()).then_some(&values);
    bundle.format_pattern(pattern, values, &mut Vec::new())
}

fn value_of(lang: Lang, value: &Arg) -> FluentValue<'static> {
    match value {
        // Digits without separators, as they are typed into other tools.
        Arg::Number(n) => FluentValue::String(n.to_string().into()),
        Arg::Text(text) if text.is_empty() => FluentValue::String(text_of_none(lang)),
        Arg::Text(text) => FluentValue::String(clean(text).into()),
    }
}

fn text_of_none(lang: Lang) -> Cow<'static, str> {
    format(lang, "import-none", None, &[])
}

/// The text without control characters, so that it stays in its line and column.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The sentence of a finding: what is wrong, by which rule, and how to mend it.
pub fn sentence(lang: Lang, finding: &Finding) -> String {
    let mut args = finding.reason.args();
    args.push(("line", Arg::Number(u64::from(finding.line))));
    args.push(("value", Arg::Text(finding.value.to_string())));
    text_with(lang, finding.reason.message(), &args)
}

/// Title of a number of the error catalogue, `233` or `N01` for example.
pub fn code_title(lang: Lang, code: bulk::Code) -> Cow<'static, str> {
    text(lang, &format!("import-code-{code}"))
}
