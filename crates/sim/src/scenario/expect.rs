//! What a scenario expects: of the wire, of ears, of lamps, of the history and of explanations.

use base::{Cause, Dn, Micros};
use callctl::whatif::{Answer, Ending, Explanation, Question};
use model::record::{CallRecord, Step as Decision};

use super::play::{PATIENCE, Player};
use super::read::{Asked, Heard, Message, Said, Shown, Step, What};
use crate::check::s3;
use crate::company::tenant_id;
use crate::lamp;
use crate::script::fits;
use crate::world::World;

impl Player {
    pub(super) fn expect(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Sees(n, message, within) => self.sees(*n, message, *within),
            Step::NeverSees(n, message) => match self.seen(*n, message) {
                0 => Ok(()),
                _ => Err(format!("phone {n} has seen it")),
            },
            Step::SeesNone(n, message, time) => {
                let before = self.seen(*n, message);
                self.world.run(*time);
                let more = self.seen(*n, message) - before;
                (more == 0).then_some(()).ok_or(format!("phone {n} has seen {more}"))
            }
            Step::Saw(n, times, message) => {
                let seen = self.seen(*n, message);
                (seen == *times).then_some(()).ok_or(format!("phone {n} has seen {seen}"))
            }
            Step::Has(n, message, has, text) => {
                let phone = self.address(*n);
                let script = self.world.script.as_ref();
                let found = script.and_then(|s| s.last_has(message, phone, text));
                (found == Some(*has)).then_some(()).ok_or(format!("it is {found:?}"))
            }
            Step::Box(number, n) => {
                let dn = Dn::parse(number).map_err(|_| format!("{number} is no extension"))?;
                let held = self.world.store.waiting(tenant_id(), dn);
                let held = held.new + held.old;
                (held == *n).then_some(()).ok_or(format!("the box holds {held}"))
            }
            Step::Most(n, message, within) => {
                let most = self.world.script.as_ref().map_or(0, |s| s.most(message, *within));
                (most <= *n).then_some(()).ok_or(format!("the node sends {most}"))
            }
            Step::CalledBy(n, who) => {
                let (n, who) = (*n, who.as_str());
                let calls = |w: &World| {
                    let mut legs = w.phones[n].legs.values().filter(|l| !l.outgoing);
                    legs.any(|l| l.party == who).then_some(())
                };
                self.until(PATIENCE, calls).ok_or_else(|| {
                    let legs = self.world.phones[n].legs.values();
                    let who: Vec<&str> = legs.map(|l| l.party.as_str()).collect();
                    format!("phone {n} is called by {who:?}")
                })
            }
            Step::Lamp(n, number, shown) => self.lamp(*n, number, shown),
            Step::Explained(asked, text) => self.explained(asked, text),
            Step::Hears(n, heard) => self.hears(*n, *heard),
            Step::Free(n) => {
                let n = *n;
                let free = self.until(PATIENCE, |w| w.phones[n].legs.is_empty().then_some(()));
                free.ok_or("the phone has a call".into())
            }
            Step::Record(said) => self.record(said),
            Step::Records(n) => {
                let n = *n;
                let all = self.until(PATIENCE, |w| (w.store.records.len() == n).then_some(()));
                let have = self.world.store.records.len();
                all.ok_or(format!("there are {have} records"))
            }
            _ => Err("this is nothing to expect".into()),
        }
    }

    fn sees(&mut self, n: usize, message: &Message, within: Micros) -> Result<(), String> {
        let address = self.address(n);
        let from = self.read[n];
        let found = self.until(within, |w| {
            let seen = w.script.as_ref()?.seen.get(&address)?;
            seen.iter().skip(from).position(|m| fits(message, m))
        });
        self.read[n] = from + found.ok_or(format!("phone {n} does not see it"))? + 1;
        Ok(())
    }

    /// How many such messages a phone got so far.
    fn seen(&self, n: usize, message: &Message) -> usize {
        let address = self.address(n);
        let seen = self.world.script.as_ref().and_then(|s| s.seen.get(&address));
        seen.into_iter().flatten().filter(|m| fits(message, m)).count()
    }

    fn hears(&mut self, n: usize, heard: Heard) -> Result<(), String> {
        let hears = move |w: &World| match heard {
            Heard::Phone(m) => s3::talk(w, n, m).then_some(()),
            Heard::Page(m) => s3::is_paged(w, n, m).then_some(()),
            Heard::Music => s3::hears_music(w, n).then_some(()),
            Heard::Sound(sound) => s3::hears_own_music(w, n, sound).then_some(()),
            Heard::Words => s3::hears_words(w, n).then_some(()),
            Heard::Nothing => s3::hears_nothing(w, n).then_some(()),
        };
        self.until(PATIENCE, hears).ok_or(s3::told(&self.world, n))
    }

    fn lamp(&mut self, n: usize, number: &str, shown: &Shown) -> Result<(), String> {
        let fits = |w: &World| (shown_by(w, n, number).as_ref() == Some(shown)).then_some(());
        let counted = |w: &World| match (shown, shown_by(w, n, number)) {
            (Shown::Calls(count), Some(Shown::Text(text))) => {
                (text.matches(',').count() + 1 == *count && !text.is_empty()).then_some(())
            }
            _ => fits(w),
        };
        let found = self.until(PATIENCE, counted);
        found.ok_or_else(|| format!("the lamp shows {:?}", shown_by(&self.world, n, number)))
    }

    /// What would become of a call that is not made (R318).
    fn explained(&mut self, asked: &Asked, text: &str) -> Result<(), String> {
        let dn = |text: &str| Dn::parse(text).map_err(|_| format!("{text} is no extension"));
        let answers = asked.answers.iter().map(|(of, answer)| Ok((dn(of)?, *answer)));
        let answers: Vec<(Dn, Answer)> = answers.collect::<Result<_, String>>()?;
        let question = Question {
            tenant: tenant_id(),
            from: dn(&asked.from)?.into(),
            to: &asked.to,
            answers: &answers,
        };
        let (shard, now) = (self.world.meets_at.unwrap_or(0), self.world.now.mono);
        let machine = self.world.machine.as_ref().ok_or("the node is down")?;
        let moment = machine.moment(shard, (now, tenant_id()), None).ok_or("no such shard")?;
        let told = told(&moment.explain(&question));
        let has = told.iter().any(|line| line.starts_with(text));
        has.then_some(()).ok_or_else(|| format!("the explanation tells\n  {}", told.join("\n  ")))
    }

    fn record(&mut self, said: &Said) -> Result<(), String> {
        let found = self.until(PATIENCE, |w| {
            let fits = |r: &&CallRecord| {
                *r.caller.number == *said.caller
                    && *r.dialed == *said.dialed
                    && r.is_answered() == said.answered
                    && says(r, said)
            };
            w.store.records.values().find(fits).map(|_| ())
        });
        found.ok_or_else(|| {
            let records = self.world.store.records.values();
            let told: Vec<String> = records.map(in_words).collect();
            format!("there is no such record, but:\n  {}", told.join("\n  "))
        })
    }
}

/// What a lamp shows now.
fn shown_by(world: &World, n: usize, number: &str) -> Option<Shown> {
    let key = world.phones[n].panel.keys().iter().find(|k| k.number == number)?;
    if let Some(status) = key.refused {
        return Some(Shown::Refused(status));
    }
    let text = lamp::shown(&String::from_utf8_lossy(&key.told.as_ref()?.body));
    let without_id = |call: &str| match call.split_once(' ') {
        Some((_, rest)) => rest.to_owned(),
        None => call.to_owned(),
    };
    let calls: Vec<String> = text.split(", ").map(without_id).collect();
    Some(Shown::Text(calls.join(", ")))
}

/// An explanation in lines: steps, `assumed` and what would follow `or` another answer.
fn told(explanation: &Explanation) -> Vec<String> {
    let line = |s: &Decision| format!("{} {}", s.code, s.args).trim_end().to_owned();
    let mut out = Vec::new();
    for part in &explanation.steps {
        out.extend(part.steps.iter().map(line));
        out.extend(part.assumed.map(|(dn, answer)| format!("assumed {dn} {}", answer.name())));
        for branch in &part.branches {
            let or = |s: &Decision| format!("or {} {}", branch.answer.name(), line(s));
            out.extend(branch.steps.iter().map(or));
        }
    }
    out.push(format!("ends {}", ending(explanation.ending)));
    out
}

fn ending(ending: Ending) -> String {
    match ending {
        Ending::Answered(dn) => format!("answered {dn}"),
        Ending::Rings(dn) => format!("rings {dn}"),
        Ending::Voicemail(dn) => format!("voicemail {dn}"),
        Ending::Pages(dn) => format!("pages {dn}"),
        Ending::Mailbox(dn) => format!("mailbox {dn}"),
        Ending::Boxes(dn) => format!("boxes {dn}"),
        Ending::Code(kind) => format!("code {}", kind.name()),
        Ending::Slot(dn) => format!("slot {dn}"),
        Ending::Refused(cause) => format!("refused {}", cause.name()),
    }
}

fn says(record: &CallRecord, said: &Said) -> bool {
    let number = |n: u8| said.value.parse() == Ok(n);
    match said.what {
        What::Cause => number(record.cause.q850()),
        What::Reason => number(record.cause.compatible()),
        What::Because => record.cause.name() == said.value,
        What::Callee => record.callee_number() == said.value,
        What::Transferrer => record.transferrer.as_deref().unwrap_or_default() == said.value,
        What::EndedBy => record.ended_by.as_deref().unwrap_or_default() == said.value,
        What::Service => record.services.iter().any(|s| format!("{s:?}") == said.value),
        What::Step => record.trace.iter().any(|s| decision(s).starts_with(&said.value)),
        What::Name => record.callee.as_ref().is_some_and(|p| *p.name == *said.value),
    }
}

fn decision(step: &Decision) -> String {
    format!("{} {}", step.code, step.args)
}

/// A record in one line, for people.
fn in_words(record: &CallRecord) -> String {
    let (caller, dialed, callee) = (&record.caller.number, &record.dialed, record.callee_number());
    let (answered, cause): (bool, Cause) = (record.is_answered(), record.cause);
    let services: Vec<String> = record.services.iter().map(|s| format!("{s:?}")).collect();
    let steps: Vec<String> = record.trace.iter().map(decision).collect();
    format!(
        "{caller} -> {dialed} answered {answered} cause {} reason {} {} callee {callee} name {:?} \
         transferrer {:?} ended-by {:?} service {services:?} steps {steps:?}",
        cause.q850(),
        record.cause_column(),
        cause.name(),
        record.callee.as_ref().map(|p| &p.name),
        record.transferrer,
        record.ended_by,
    )
}
