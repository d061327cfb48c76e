//! Call history as pages of rows ready to be shown, each with its explanation.

use base::id::RecordId;
use base::{Cause, Wall};
use bulk::reason::Arg;
use model::Snapshot;
use model::record::{CallRecord, Party, Service, Services, Step};
use store::{Cursor, DbError, Filter, Store, TenantScope};

use crate::kana;
use crate::text::{Lang, attribute, has, text, text_with};

/// Which records are wanted.
#[derive(Debug, Clone, Default)]
pub struct Query<'a> {
    /// 発呼時刻 at or after this.
    pub from: Option<Wall>,
    /// 発呼時刻 before this.
    pub to: Option<Wall>,
    /// Beginning of a number, or a person's name; empty = all.
    pub search: &'a str,
    /// 呼種別: true = 成立.
    pub answered: Option<bool>,
    /// At least one of these took part; empty = any.
    pub services: Services,
    /// Internal reason.
    pub cause: Option<Cause>,
}

/// A page of rows, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
}

/// One call, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its record.
    pub id: RecordId,
    /// 発呼時刻.
    pub called_at: String,
    /// 通話開始時刻, empty when nobody answered.
    pub answered_at: String,
    /// 終話時刻.
    pub ended_at: String,
    /// Whether it was answered.
    pub answered: bool,
    /// 呼種別 as text.
    pub kind: String,
    /// Length of the talk, empty when nobody answered.
    pub talk: String,
    /// 要求サービス, joined by `/`.
    pub services: String,
    /// 受信番号.
    pub dialed: String,
    /// 発信者.
    pub caller: Side,
    /// 着信者; empty when there was none.
    pub callee: Side,
    /// 転送者番号.
    pub transferrer: String,
    /// 切断者番号.
    pub ended_by: String,
    /// 切断理由 of the compatible export, three digits.
    pub cause_code: String,
    /// The reason as a sentence.
    pub cause: String,
    /// The likely mend.
    pub fix: String,
    /// Whose act or state it was.
    pub blame: String,
    /// The rules that decided, in order.
    pub trace: Vec<String>,
    /// 通話ID.
    pub call: String,
}

/// One side of a call, with name and number at call time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// Number.
    pub number: String,
    /// Name, empty for numbers of others.
    pub name: String,
}

/// A page of at most `limit` rows (500 at most) after `cursor`.
pub async fn page(
    store: &Store,
    scope: &TenantScope,
    query: &Query<'_>,
    cursor: Option<Cursor>,
    (lang, limit): (Lang, u16),
) -> Result<Page, DbError> {
    let Some(filter) = filter(&store.snapshot(), scope, query) else {
        return Ok(Page { rows: Vec::new(), next: None });
    };
    let page = store.history_page(scope, &filter, cursor, limit).await?;
    let rows = page.records.iter().map(|r| row(r, lang)).collect();
    Ok(Page { rows, next: page.next })
}

/// Number of records that fit `query`.
pub async fn count(store: &Store, scope: &TenantScope, query: &Query<'_>) -> Result<u64, DbError> {
    match filter(&store.snapshot(), scope, query) {
        Some(filter) => store.history_count(scope, &filter).await,
        None => Ok(0),
    }
}

/// The store's filter; `None` when the search names a person who does not exist.
fn filter(snapshot: &Snapshot, scope: &TenantScope, query: &Query<'_>) -> Option<Filter> {
    let search: String = kana::search_key(query.search);
    let digits: String = search.chars().filter(|c| !matches!(c, '-' | '‐' | '−')).collect();
    let is_number = |c: char| matches!(c, '0'..='9' | '*' | '#' | '+');
    let prefix = if search.is_empty() {
        None
    } else if digits.chars().all(is_number) {
        Some(digits.into())
    } else {
        let named = snapshot
            .users(scope.tenant())
            .find(|u| kana::matches(query.search, &[&u.name, &u.furigana, &u.web_user]))?;
        Some(named.dn.text().into())
    };
    Some(Filter {
        from: query.from,
        to: query.to,
        prefix,
        suffix: None,
        answered: query.answered,
        services: query.services,
        cause: query.cause,
    })
}

/// A record as it is shown.
pub fn row(record: &CallRecord, lang: Lang) -> Row {
    let cause = format!("cause-{}", record.cause.name());
    let talk = record.talk_s();
    let kind = if record.is_answered() { "call-answered" } else { "call-unanswered" };
    let args = [("minutes", Arg::Number(talk / 60)), ("seconds", Arg::Number(talk % 60))];
    let optional = |value: &Option<Box<str>>| value.as_deref().unwrap_or_default().to_owned();
    Row {
        id: record.id,
        called_at: record.called_at.tokyo_text(),
        answered_at: record.answered_at.map(Wall::tokyo_text).unwrap_or_default(),
        ended_at: record.ended_at.tokyo_text(),
        answered: record.is_answered(),
        kind: text(lang, kind).into_owned(),
        talk: if record.is_answered() {
            text_with(lang, "call-talk", &args)
        } else {
            String::new()
        },
        services: services(record.services, lang),
        dialed: record.dialed.to_string(),
        caller: side(Some(&record.caller)),
        callee: side(record.callee.as_ref()),
        transferrer: optional(&record.transferrer),
        ended_by: optional(&record.ended_by),
        cause_code: record.cause_column(),
        cause: text(lang, &cause).into_owned(),
        fix: attribute(lang, &cause, "fix").into_owned(),
        blame: text(lang, &format!("blame-{:?}", record.blame)).into_owned(),
        trace: record.trace.iter().map(|step| trace_sentence(step, lang)).collect(),
        call: record.call.to_string(),
    }
}

fn side(party: Option<&Party>) -> Side {
    party
        .map(|p| Side { number: p.number.to_string(), name: p.name.to_string() })
        .unwrap_or_default()
}

/// 要求サービス in the reader's language, joined by `/`.
pub fn services(services: Services, lang: Lang) -> String {
    services.iter().map(|s| service_name(s, lang)).collect::<Vec<_>>().join("/")
}

/// Name of one service in the reader's language.
pub fn service_name(service: Service, lang: Lang) -> String {
    text(lang, &format!("service-{service:?}")).into_owned()
}

/// One step of the explanation in the reader's language.
///
/// An argument of a step may name a cause, or why a member of a group was passed over: it is then
/// shown by its words. Codes without a sentence are shown as they are.
pub fn trace_sentence(step: &Step, lang: Lang) -> String {
    let why = |word: &str| format!("trace-why-{word}");
    let named = |word: &str| match Cause::parse(word) {
        Some(cause) => text(lang, &format!("cause-{}", cause.name())).into_owned(),
        None if has(lang, &why(word)) => text(lang, &why(word)).into_owned(),
        None => word.replace(',', ", "),
    };
    let code = step.code.replace('.', "-");
    let words: Vec<String> = step.args.split(' ').filter(|w| !w.is_empty()).map(named).collect();
    // The way of the media is a sentence of its own for each word.
    let last = step.args.split(' ').next_back().unwrap_or_default();
    let specific = format!("trace-{code}-{last}");
    let general = format!("trace-{code}");
    let id = [specific, general].into_iter().find(|id| has(lang, id));
    let Some(id) = id else {
        let args = [("code", Arg::from(&step.code)), ("args", Arg::from(&step.args))];
        return text_with(lang, "trace-other", &args);
    };
    let args: Vec<(&str, Arg)> = ["a", "b"].into_iter().zip(words.iter().map(Arg::from)).collect();
    text_with(lang, &id, &args)
}
