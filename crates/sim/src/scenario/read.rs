//! From text to steps.

use base::{Cause, Micros};
use callctl::whatif::Answer;
use sip::event::Package;
use sip::stack::Transport;

use super::setup::{self, Setup};

/// A scenario.
#[derive(Debug, Clone, Default)]
pub struct Scenario {
    /// The phones.
    pub phones: Vec<Named>,
    /// Ids of the rows of the specification that it shows.
    pub rows: Vec<String>,
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

/// A phone of a scenario.
#[derive(Debug, Clone)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// Its extension.
    pub dn: u32,
    /// How it speaks.
    pub transport: Transport,
    /// It stands at the second site.
    pub far: bool,
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
    /// An administrator changes something.
    Now(Setup),
    /// An administrator ends every call.
    Clear,
    /// The node ends every call, as before it stops.
    Stop,
    /// For half a minute nothing has come from a phone.
    Silent(usize),
    /// A phone has a lamp for a number, or for its box.
    Watch(usize, Package, String),
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
    /// A phone gets no such message for a time.
    SeesNone(usize, Message, Micros),
    /// How many such messages a phone got so far.
    Saw(usize, usize, Message),
    /// The node sends at most so many such messages in that time.
    Most(usize, Message, Micros),
    /// The last such message to a phone has a text, or lacks it.
    Has(usize, Message, bool, String),
    /// So many messages are stored for a number.
    Box(String, u32),
    /// Who calls a phone, as it shows.
    CalledBy(usize, String),
    /// What a lamp shows.
    Lamp(usize, String, Shown),
    /// What the explanation of a call tells that is not made.
    Explained(Asked, String),
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
    Refuse(Cause),
    HangUp { first: bool },
    Hold(bool),
    Offer,
    Press(String),
    Tone(u8, Micros),
    Transfer(String),
    Connect,
    CallAs(String),
    Leave,
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
    /// This sound of the company as hold music, and nothing else.
    Sound(u64),
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
    /// What else it says.
    pub what: What,
    /// In these words.
    pub value: String,
}

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum What {
    /// Q.850 value.
    Cause,
    /// Our own reason, column L of the history.
    Reason,
    /// The internal reason by its name, from which both are derived.
    Because,
    Callee,
    Transferrer,
    EndedBy,
    Service,
    /// A decision, with the beginning of its arguments.
    Step,
    /// Name of the called side.
    Name,
}

impl What {
    const ALL: [(&'static str, What); 9] = [
        ("cause", What::Cause),
        ("reason", What::Reason),
        ("because", What::Because),
        ("callee", What::Callee),
        ("transferrer", What::Transferrer),
        ("ended-by", What::EndedBy),
        ("service", What::Service),
        ("step", What::Step),
        ("name", What::Name),
    ];
}

/// What a lamp shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// These calls or messages; nothing when empty.
    Text(String),
    /// So many calls.
    Calls(usize),
    /// Nothing: the subscription was refused with this status.
    Refused(u16),
}

/// A call that is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who would call.
    pub from: String,
    /// What would be dialled.
    pub to: String,
    /// What numbers would do.
    pub answers: Vec<(String, Answer)>,
}

/// Reads a scenario; the error names the line.
pub fn read(text: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario::default();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rows) = line.strip_prefix("# rows:") {
            scenario.rows.extend(rows.split_whitespace().map(str::to_owned));
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = n + 1;
        let words: Vec<&str> = line.split_whitespace().collect();
        let setup = |words: &[&str]| {
            let words = words.iter().map(|w| (*w).to_owned()).collect();
            setup::Setup { number, words }
        };
        if setup::is_setup(&words) {
            scenario.setups.push(setup(&words));
            continue;
        }
        let read = match words.as_slice() {
            ["phone", name, dn, rest @ ..] => phone(name, dn, rest).map(|p| {
                scenario.phones.push(p);
            }),
            ["now", words @ ..] if setup::is_setup(words) => {
                let step = Step::Now(setup(words));
                scenario.lines.push(Line { number, at: None, step });
                Some(())
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

fn phone(name: &str, dn: &str, words: &[&str]) -> Option<Named> {
    let (mut transport, mut far) = (Transport::Udp, false);
    for pair in words.chunks(2) {
        match pair {
            ["by", "TCP"] => transport = Transport::Tcp,
            ["afar", "yes"] => far = true,
            _ => return None,
        }
    }
    Some(Named { name: name.to_owned(), dn: dn.parse().ok()?, transport, far })
}

fn step(scenario: &Scenario, words: &[&str], line: &str) -> Option<Step> {
    let phone = |name: &str| scenario.phones.iter().position(|p| p.name == name);
    Some(match words {
        ["the", "administrator", "ends", "every", "call"] => Step::Clear,
        ["the", "node", "ends", "every", "call"] => Step::Stop,
        ["nothing", "is", "heard", "of", name] => Step::Silent(phone(name)?),
        [name, "watches", "the", "box", "of", number] => {
            Step::Watch(phone(name)?, Package::MessageSummary, (*number).to_owned())
        }
        [name, "watches", number] => {
            Step::Watch(phone(name)?, Package::Dialog, (*number).to_owned())
        }
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
    let phone = |name: &str| scenario.phones.iter().position(|p| p.name == name);
    Some(match words {
        ["drained"] => Step::Drained,
        [n, "records" | "record"] => Step::Records(n.parse().ok()?),
        ["record", caller, "->", dialed, answered, what, value @ ..] => {
            let what = What::ALL.into_iter().find(|(name, _)| name == what)?.1;
            Step::Record(Said {
                caller: (*caller).to_owned(),
                dialed: (*dialed).to_owned(),
                answered: match *answered {
                    "answered" => true,
                    "unanswered" => false,
                    _ => return None,
                },
                what,
                value: value.join(" "),
            })
        }
        ["explanation", "of", from, "to", to, rest @ ..] => explained(from, to, rest)?,
        [name, "lamp", number, "is", "dark"] => {
            Step::Lamp(phone(name)?, (*number).to_owned(), Shown::Text(String::new()))
        }
        [name, "lamp", number, "is", "refused", status] => {
            Step::Lamp(phone(name)?, (*number).to_owned(), Shown::Refused(status.parse().ok()?))
        }
        [name, "lamp", number, "shows", n, "calls"] => {
            Step::Lamp(phone(name)?, (*number).to_owned(), Shown::Calls(n.parse().ok()?))
        }
        [name, "lamp", number, "shows", text @ ..] => {
            Step::Lamp(phone(name)?, (*number).to_owned(), Shown::Text(text.join(" ")))
        }
        ["at", "most", n, rest @ .., "in", time] => {
            Step::Most(n.parse().ok()?, message(rest)?, time_of(time)?)
        }
        ["last", what, "to", name, has @ ("has" | "lacks"), text @ ..] => {
            Step::Has(phone(name)?, message(&[what])?, *has == "has", text.join(" "))
        }
        ["box", number, "holds", n] => Step::Box((*number).to_owned(), n.parse().ok()?),
        [name, "is", "called", "by", who] => Step::CalledBy(phone(name)?, (*who).to_owned()),
        [name, "saw", n, rest @ ..] => Step::Saw(phone(name)?, n.parse().ok()?, message(rest)?),
        [name, "sees", "no", rest @ .., "for", time] => {
            Step::SeesNone(phone(name)?, message(rest)?, time_of(time)?)
        }
        [name, "never", "sees", rest @ ..] => Step::NeverSees(phone(name)?, message(rest)?),
        [name, "sees", rest @ .., "within", time] => {
            Step::Sees(phone(name)?, message(rest)?, time_of(time)?)
        }
        [name, "sees", rest @ ..] => Step::Sees(phone(name)?, message(rest)?, Micros::seconds(5)),
        [name, "talks", "to", other] => Step::Hears(phone(name)?, Heard::Phone(phone(other)?)),
        [name, "hears", "music"] => Step::Hears(phone(name)?, Heard::Music),
        [name, "hears", "sound", n] => Step::Hears(phone(name)?, Heard::Sound(n.parse().ok()?)),
        [name, "hears", "words"] => Step::Hears(phone(name)?, Heard::Words),
        [name, "hears", "nothing"] => Step::Hears(phone(name)?, Heard::Nothing),
        [name, "hears", other] => Step::Hears(phone(name)?, Heard::Page(phone(other)?)),
        [name, "is", "free"] => Step::Free(phone(name)?),
        _ => return None,
    })
}

/// `[when 2002 busy] … tells text`.
fn explained(from: &str, to: &str, words: &[&str]) -> Option<Step> {
    let (mut answers, mut rest) = (Vec::new(), words);
    while let ["when", number, answer, more @ ..] = rest {
        answers.push(((*number).to_owned(), Answer::parse(answer)?));
        rest = more;
    }
    let ["tells", text @ ..] = rest else { return None };
    let asked = Asked { from: from.to_owned(), to: to.to_owned(), answers };
    Some(Step::Explained(asked, text.join(" ")))
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
        ["refuses", "as", cause] => Verb::Refuse(Cause::parse(cause)?),
        ["hangs", "up"] => Verb::HangUp { first: false },
        ["hangs", "up", "the", "first", "call"] => Verb::HangUp { first: true },
        ["holds"] => Verb::Hold(true),
        ["resumes"] => Verb::Hold(false),
        ["offers"] => Verb::Offer,
        ["presses", digits] => Verb::Press((*digits).to_owned()),
        ["presses", digit, "for", time] => Verb::Tone(*digit.as_bytes().first()?, time_of(time)?),
        ["calls", "as", who] => Verb::CallAs((*who).to_owned()),
        ["unregisters"] => Verb::Leave,
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
