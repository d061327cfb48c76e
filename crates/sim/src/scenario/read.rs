//! From text to steps.

use base::Micros;
use sip::stack::Transport;

use super::setup::{self, Setup};

/// A scenario.
#[derive(Debug, Clone, Default)]
pub struct Scenario {
    /// Names and numbers of the phones, and how they speak.
    pub phones: Vec<(String, u32, Transport)>,
    /// All calls are relayed.
    pub relay: bool,
    /// Session-Expires, seconds.
    pub session_s: Option<u32>,
    /// Ring time of all users, seconds.
    pub ring_time_s: Option<u16>,
    /// Groups, forwards and limits.
    pub setups: Vec<Setup>,
    /// What happens.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number in the file.
    pub number: usize,
    /// How long after the last line without `at`; `None` = without it.
    pub at: Option<Micros>,
    /// What.
    pub step: Step,
}

/// A message by what it is called: a method, or a status with or without its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Status of a response.
    pub status: Option<u16>,
    /// Method; of any request when absent.
    pub method: Option<String>,
}

/// What a line does.
#[derive(Debug, Clone)]
pub enum Step {
    /// A phone's link is slow.
    Link(usize, Micros),
    /// A person does something.
    Do(usize, Verb),
    /// The node dies and starts again.
    Restart,
    /// The media plane has no leg left, or has again.
    Media(bool),
    /// The wall clock jumps, forward or back.
    Jump(Micros, bool),
    /// The next one, or every one, from or to a phone is lost or changed.
    Rule {
        /// Only the next one.
        once: bool,
        /// Which.
        message: Message,
        /// Of which phone.
        phone: usize,
        /// The phone sends it.
        from: bool,
        /// What stands in for what; `None` = it is lost.
        change: Option<(Vec<u8>, Vec<u8>)>,
    },
    /// The last one of a phone comes once more.
    Repeat(Message, usize),
    /// Time passes.
    Wait(Micros),
    /// A phone gets a message, within a time.
    Sees(usize, Message, Micros),
    /// A phone got no such message.
    NeverSees(usize, Message),
    /// What reaches an ear.
    Hears(usize, Heard),
    /// A phone has no call.
    Free(usize),
    /// One record.
    Record(Said),
    /// Number of records.
    Records(usize),
    /// Nothing remains.
    Drained,
}

/// What a person does.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Verb {
    Dial { to: String, late: bool, reliable: bool },
    Ring { early: bool },
    Answer,
    Reject,
    Busy,
    Fail,
    HangUp,
    Hold(bool),
    Offer,
    Press(u8),
    Transfer(String),
    Connect,
    Reboot,
    Rebind,
    Cut,
    Send(String, String),
}

/// What reaches an ear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// That phone, and it hears this one.
    Phone(usize),
    /// That phone, which does not hear this one.
    Page(usize),
    /// The hold music only.
    Music,
    /// Spoken words only.
    Words,
    /// Nothing.
    Nothing,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Number of the caller.
    pub caller: String,
    /// What was dialled.
    pub dialed: String,
    /// 成立.
    pub answered: bool,
    /// Q.850 value; our own reason when [`Said::is_reason`].
    pub cause: u16,
    /// The number is that of column L of the history.
    pub is_reason: bool,
}

/// Reads a scenario; the error names the line.
pub fn read(text: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario::default();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = n + 1;
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(setup) = setup::read(&words) {
            scenario.setups.push(setup);
            continue;
        }
        let read = match words.as_slice() {
            ["phone", name, dn, rest @ ..] => {
                let dn = dn.parse().map_err(|_| format!("line {number}: {dn} is no number"))?;
                let by = match rest {
                    [] => Transport::Udp,
                    ["by", "TCP"] => Transport::Tcp,
                    _ => return Err(format!("line {number} is not understood: {line}")),
                };
                scenario.phones.push(((*name).to_owned(), dn, by));
                continue;
            }
            ["relay", "on"] => {
                scenario.relay = true;
                continue;
            }
            ["session", time] => time_of(time).map(|t| {
                scenario.session_s = u32::try_from(t.as_seconds()).ok();
            }),
            ["ring", "time", time] => time_of(time).map(|t| {
                scenario.ring_time_s = u16::try_from(t.as_seconds()).ok();
            }),
            ["at", time, rest @ ..] => time_of(time.trim_start_matches('+')).and_then(|at| {
                let step = step(&scenario, rest, line)?;
                scenario.lines.push(Line { number, at: Some(at), step });
                Some(())
            }),
            words => step(&scenario, words, line)
                .map(|step| scenario.lines.push(Line { number, at: None, step })),
        };
        read.ok_or_else(|| format!("line {number} is not understood: {line}"))?;
    }
    Ok(scenario)
}

fn step(scenario: &Scenario, words: &[&str], line: &str) -> Option<Step> {
    let phone = |name: &str| scenario.phones.iter().position(|(n, ..)| n == name);
    Some(match words {
        ["link", name, "delay", time] => Step::Link(phone(name)?, time_of(time)?),
        ["wait", time] => Step::Wait(time_of(time)?),
        ["node", "restarts"] => Step::Restart,
        ["media", "fails"] => Step::Media(false),
        ["media", "works"] => Step::Media(true),
        ["the", "clock", "jumps", time] => Step::Jump(time_of(time)?, true),
        ["the", "clock", "jumps", "back", time] => Step::Jump(time_of(time)?, false),
        ["lose", which, rest @ .., way @ ("from" | "to"), name] => Step::Rule {
            once: once(which)?,
            message: message(rest)?,
            phone: phone(name)?,
            from: *way == "from",
            change: None,
        },
        ["change", which, what, way @ ("from" | "to"), name, ..] => Step::Rule {
            once: once(which)?,
            message: message(&[what])?,
            phone: phone(name)?,
            from: *way == "from",
            change: Some(quoted(line)?),
        },
        ["repeat", "last", rest @ .., "from", name] => Step::Repeat(message(rest)?, phone(name)?),
        ["expect", rest @ ..] => expected(scenario, rest)?,
        [name, rest @ ..] => Step::Do(phone(name)?, verb(rest)?),
        [] => return None,
    })
}

fn expected(scenario: &Scenario, words: &[&str]) -> Option<Step> {
    let phone = |name: &str| scenario.phones.iter().position(|(n, ..)| n == name);
    Some(match words {
        ["drained"] => Step::Drained,
        [n, "records" | "record"] => Step::Records(n.parse().ok()?),
        ["record", caller, "->", dialed, answered, by @ ("cause" | "reason"), cause] => {
            Step::Record(Said {
                caller: (*caller).to_owned(),
                dialed: (*dialed).to_owned(),
                answered: match *answered {
                    "answered" => true,
                    "unanswered" => false,
                    _ => return None,
                },
                cause: cause.parse().ok()?,
                is_reason: *by == "reason",
            })
        }
        [name, "never", "sees", rest @ ..] => Step::NeverSees(phone(name)?, message(rest)?),
        [name, "sees", rest @ .., "within", time] => {
            Step::Sees(phone(name)?, message(rest)?, time_of(time)?)
        }
        [name, "sees", rest @ ..] => Step::Sees(phone(name)?, message(rest)?, Micros::seconds(5)),
        [name, "talks", "to", other] => Step::Hears(phone(name)?, Heard::Phone(phone(other)?)),
        [name, "hears", "music"] => Step::Hears(phone(name)?, Heard::Music),
        [name, "hears", "words"] => Step::Hears(phone(name)?, Heard::Words),
        [name, "hears", "nothing"] => Step::Hears(phone(name)?, Heard::Nothing),
        [name, "hears", other] => Step::Hears(phone(name)?, Heard::Page(phone(other)?)),
        [name, "is", "free"] => Step::Free(phone(name)?),
        _ => return None,
    })
}

fn verb(words: &[&str]) -> Option<Verb> {
    Some(match words {
        ["dials", to, rest @ ..] => Verb::Dial {
            to: (*to).to_owned(),
            late: rest.contains(&"without"),
            reliable: rest.contains(&"reliably"),
        },
        ["rings"] => Verb::Ring { early: false },
        ["rings", "with", "audio"] => Verb::Ring { early: true },
        ["answers"] => Verb::Answer,
        ["rejects"] => Verb::Reject,
        ["is", "busy"] => Verb::Busy,
        ["fails"] => Verb::Fail,
        ["hangs", "up"] => Verb::HangUp,
        ["holds"] => Verb::Hold(true),
        ["resumes"] => Verb::Hold(false),
        ["offers"] => Verb::Offer,
        ["presses", digit] => Verb::Press(*digit.as_bytes().first()?),
        ["transfers", "to", to] => Verb::Transfer((*to).to_owned()),
        ["connects"] => Verb::Connect,
        ["reboots"] => Verb::Reboot,
        ["gets", "another", "port"] => Verb::Rebind,
        ["loses", "its", "connection"] => Verb::Cut,
        ["sends", method, "to", to] => Verb::Send((*method).to_owned(), (*to).to_owned()),
        _ => return None,
    })
}

fn once(word: &str) -> Option<bool> {
    match word {
        "next" => Some(true),
        "every" => Some(false),
        _ => None,
    }
}

fn message(words: &[&str]) -> Option<Message> {
    let (status, method) = match words {
        [one] => match one.parse() {
            Ok(status) => (Some(status), None),
            Err(_) => (None, Some(*one)),
        },
        [status, method] => (Some(status.parse().ok()?), Some(*method)),
        _ => return None,
    };
    Some(Message { status, method: method.map(str::to_ascii_uppercase) })
}

pub(super) fn time_of(text: &str) -> Option<Micros> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Micros::millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Micros::seconds)
}

/// `"a" to "b"` at the end of a line.
fn quoted(line: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = line.split('"');
    let (_, what, to, with) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (to.trim() == "to").then(|| (unescaped(what), unescaped(with)))
}

/// `\r`, `\n`, `\q` (a quotation mark), `\xNN` and `{a*30}`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let escape = (c == '\\').then(|| after.chars().next()).flatten();
        let hex = after.get(1..3).and_then(|h| u8::from_str_radix(h, 16).ok());
        let repeated = (c == '{').then(|| repeat(after)).flatten();
        let used = match (escape, hex, repeated) {
            (Some('r'), _, _) => (vec![b'\r'], 2),
            (Some('n'), _, _) => (vec![b'\n'], 2),
            (Some('q'), _, _) => (vec![b'"'], 2),
            (Some('x'), Some(byte), _) => (vec![byte], 4),
            (_, _, Some((text, used))) => (text, used + 1),
            _ => (c.to_string().into_bytes(), c.len_utf8()),
        };
        out.extend_from_slice(&used.0);
        rest = rest.get(used.1..).unwrap_or_default();
    }
    out
}

fn repeat(text: &str) -> Option<(Vec<u8>, usize)> {
    let (inner, _) = text.split_once('}')?;
    let (what, times) = inner.split_once('*')?;
    Some((what.repeat(times.parse().ok()?).into_bytes(), inner.len() + 1))
}
