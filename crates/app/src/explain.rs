//! なぜ鳴らない: an explanation of call control as lines for people (R318).

use base::time::TOKYO_OFFSET_S;
use base::{Cause, Dn, Wall};
use bulk::reason::Arg;
pub use callctl::whatif::{Answer, Ending, Explanation, Origin};
use callctl::whatif::{Branch, Explained};

use model::reception::{Day, Span, minutes};

use crate::history::trace_sentence;
use crate::text::{Lang, text, text_with};

/// Reads `2001=busy`: what a number does when it rings.
pub fn assumption(text: &str) -> Option<(Dn, Answer)> {
    let (dn, answer) = text.split_once('=')?;
    Some((Dn::parse(dn.trim()).ok()?, Answer::parse(answer.trim())?))
}

/// Reads `2026-07-01 20:30` by the clock of Tokyo; slashes and a `T` are read as well (J100).
pub fn time(text: &str) -> Option<Wall> {
    let (day, clock) = text.trim().split_once([' ', 'T'])?;
    let day = Day::parse(&day.replace('/', "-"))?;
    let minute = minutes(clock).filter(|m| *m < Span::DAY)?;
    let midnight = Wall::start_of_day(day.year.into(), day.month, day.day, TOKYO_OFFSET_S);
    Some(Wall(midnight.0 + i64::from(minute) * 60_000))
}

/// The decisions in order, each with where other answers would have led; then the end.
pub fn lines(explanation: &Explanation, lang: Lang) -> Vec<String> {
    let mut out = Vec::new();
    let mut number = 0;
    for part in &explanation.steps {
        for step in &part.steps {
            number += 1;
            out.push(format!("{number:>2}. {}", trace_sentence(step, lang)));
        }
        out.extend(assumed(part, lang));
        out.extend(part.branches.iter().map(|b| format!("      {}", branch(b, lang))));
    }
    let end = [("end", Arg::Text(ending(&explanation.ending, lang)))];
    out.push(text_with(lang, "explain-end", &end));
    out
}

fn assumed(part: &Explained, lang: Lang) -> Option<String> {
    let (dn, answer) = part.assumed?;
    let args = [("dn", Arg::Text(dn.text())), ("answer", Arg::Text(word(answer, lang)))];
    Some(format!("    {}", text_with(lang, "explain-assumed", &args)))
}

fn branch(branch: &Branch, lang: Lang) -> String {
    let steps: Vec<String> = branch.steps.iter().map(|s| trace_sentence(s, lang)).collect();
    let args = [
        ("answer", Arg::Text(word(branch.answer, lang))),
        ("steps", Arg::Text(steps.join(" "))),
        ("end", Arg::Text(ending(&branch.ending, lang))),
    ];
    let id = if steps.is_empty() { "explain-branch-end" } else { "explain-branch" };
    text_with(lang, id, &args)
}

fn word(answer: Answer, lang: Lang) -> String {
    text(lang, &format!("explain-{}", answer.name())).into_owned()
}

/// How the call ends, in words.
pub fn ending(ending: &Ending, lang: Lang) -> String {
    let numbered = |id: &str, dn: &Dn| text_with(lang, id, &[("dn", Arg::Text(dn.text()))]);
    match ending {
        Ending::Answered(dn) => numbered("explain-answered", dn),
        Ending::Rings(dn) => numbered("explain-rings", dn),
        Ending::Voicemail(dn) => numbered("explain-voicemail", dn),
        Ending::Pages(dn) => numbered("explain-pages", dn),
        Ending::Mailbox(dn) => numbered("explain-mailbox", dn),
        Ending::Boxes(dn) => numbered("explain-boxes", dn),
        Ending::Slot(dn) => numbered("explain-slot", dn),
        Ending::Code(kind) => {
            text_with(lang, "explain-code", &[("code", Arg::Text(kind.name().to_owned()))])
        }
        Ending::Refused(cause) => refused(*cause, lang),
    }
}

fn refused(cause: Cause, lang: Lang) -> String {
    let sentence = text(lang, &format!("cause-{}", cause.name())).into_owned();
    let args = [
        ("sentence", Arg::Text(sentence)),
        ("code", Arg::Text(format!("{:03}", cause.compatible()))),
    ];
    text_with(lang, "explain-refused", &args)
}
