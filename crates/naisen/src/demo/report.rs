//! What the demo prints.

use std::net::IpAddr;
use std::path::Path;

use app::demo::{ADMIN, DOMAIN, Demo, Role};
use app::text::{text, text_with};
use base::Micros;
use bulk::reason::Arg;
use model::CodeKind;

use super::first_call::{Fault, Outcome};
use super::ports;
use super::talk::Count;
use super::tone::SEQUENCE;
use crate::args::Lang;

/// Collects lines in one language.
struct Page {
    lang: Lang,
    lines: Vec<String>,
}

impl Page {
    fn new(lang: Lang) -> Self {
        Page { lang, lines: Vec::new() }
    }

    fn text(&self, id: &str) -> String {
        text(self.lang.app(), id).into_owned()
    }

    fn line(&mut self, id: &str, args: &[(&str, Arg)]) {
        self.lines.push(text_with(self.lang.app(), id, args));
    }

    fn heading(&mut self, id: &str) {
        self.lines.push(String::new());
        self.lines.push(self.text(id));
    }

    /// Rows with columns of equal width.
    fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |n: usize| {
            rows.iter().filter_map(|row| row.get(n)).map(|cell| width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        for row in rows {
            let mut line = String::from(" ");
            for (cell, wide) in row.iter().zip(&widths) {
                line.push(' ');
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', wide.saturating_sub(width(cell)) + 1));
            }
            self.lines.push(line.trim_end().to_owned());
        }
    }
}

/// Characters that take two columns on a terminal: kana, kanji, hangul and full-width forms.
const WIDE: [std::ops::RangeInclusive<char>; 6] = [
    '\u{1100}'..='\u{115f}',
    '\u{2e80}'..='\u{a4cf}',
    '\u{ac00}'..='\u{d7a3}',
    '\u{f900}'..='\u{faff}',
    '\u{fe30}'..='\u{ff60}',
    '\u{20000}'..='\u{3fffd}',
];

fn width(text: &str) -> usize {
    let wide = |c: char| WIDE.iter().any(|range| range.contains(&c));
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

/// Settings of the free terminals, test numbers, portal and history.
pub(super) fn welcome(demo: &Demo, listen: IpAddr, config: &Path, lang: Lang) -> Vec<String> {
    let mut page = Page::new(lang);
    let server = ports::shown(listen);
    let host = match server {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    page.line("demo-running", &[("company", text(lang.app(), "demo-company").as_ref().into())]);
    page.heading("demo-terminals");
    let sip = ports::SIP;
    let rows = [
        ("demo-server", host.clone()),
        ("demo-port", format!("{sip} (UDP, TCP), {} (TLS)", ports::SIP_TLS)),
        ("demo-domain", DOMAIN.to_owned()),
    ];
    page.table(&rows.map(|(id, value)| vec![page.text(id), value]));
    let heads = ["demo-head-name", "demo-head-dn", "demo-head-sip-id", "demo-head-secret"];
    let mut rows = vec![heads.iter().map(|id| page.text(id)).collect::<Vec<_>>()];
    rows.extend(
        demo.phones.iter().filter(|p| p.role == Role::Free).map(|p| {
            vec![p.name.clone(), p.dn.text(), p.sip_id.clone(), p.secret.expose().clone()]
        }),
    );
    page.table(&rows);
    page.heading("demo-numbers");
    let tested = [Role::Echo, Role::Music, Role::Busy];
    let rows: Vec<Vec<String>> = demo
        .phones
        .iter()
        .filter(|p| tested.contains(&p.role))
        .map(|p| vec![p.dn.text(), p.name.clone()])
        .collect();
    page.table(&rows);
    page.heading("demo-services");
    page.table(&services(&page));
    page.heading("demo-portal");
    let rows = [
        ("demo-address", format!("http://{host}:{}/", ports::PORTAL)),
        ("demo-login-domain", DOMAIN.to_owned()),
        ("demo-login-user", ADMIN.to_owned()),
        ("demo-login-password", demo.password.expose().clone()),
    ];
    page.table(&rows.map(|(id, value)| vec![page.text(id), value]));
    page.heading("demo-history");
    page.lines
        .push(format!("  naisen export history --tenant {DOMAIN} --config {}", config.display()));
    page.heading("demo-explain");
    page.lines.push(format!(
        "  naisen explain --tenant {DOMAIN} --from 2101 --to 7000 --config {}",
        config.display()
    ));
    page.lines
}

/// What a telephone dials or presses to try the call services, with what it does.
fn services(page: &Page) -> Vec<Vec<String>> {
    let code = CodeKind::default_text;
    [
        ("demo-try-hunting", "7000".to_owned()),
        ("demo-try-department", "7100".to_owned()),
        ("demo-try-pickup", code(CodeKind::Pickup).to_owned()),
        ("demo-try-hold", format!("{} 2102", code(CodeKind::Hold))),
        ("demo-try-park", code(CodeKind::Park).to_owned()),
        ("demo-try-retrieve", format!("7901, {}", code(CodeKind::ParkRetrieve))),
        ("demo-try-forward", format!("{}2002", code(CodeKind::ForwardAllSet))),
        ("demo-try-forward-end", code(CodeKind::ForwardAllClear).to_owned()),
        ("demo-try-voicemail", code(CodeKind::VoicemailSet).to_owned()),
        ("demo-try-mailbox", code(CodeKind::Voicemail).to_owned()),
    ]
    .map(|(id, dial)| vec![dial, page.text(id)])
    .to_vec()
}

/// The result of the first call.
pub(super) fn first_call(outcome: &Outcome, lang: Lang) -> Vec<String> {
    let mut page = Page::new(lang);
    page.heading("demo-call");
    let times = [
        ("demo-registered", outcome.register),
        ("demo-rang", outcome.ring),
        ("demo-answered", outcome.answer),
    ];
    let rows = times.map(|(id, after)| vec![page.text(id), milliseconds(after)]);
    page.table(&rows);
    if let (Some(caller), Some(echo)) = (&outcome.caller, &outcome.echo) {
        let heads = ["demo-way", "demo-sent", "demo-received", "demo-lost", "demo-tones"];
        let mut rows = vec![heads.iter().map(|id| page.text(id)).collect::<Vec<_>>()];
        let (there, back) = (way(super::CALLER, super::ECHO), way(super::ECHO, super::CALLER));
        rows.push(direction(there, caller, echo));
        rows.push(direction(back, echo, caller));
        page.table(&rows);
        let sent: Vec<String> = SEQUENCE.iter().map(u16::to_string).collect();
        page.line("demo-tones-sent", &[("tones", sent.join(" ").as_str().into())]);
    }
    match outcome.fault {
        None => page.line("demo-passed", &[]),
        Some(fault) => {
            let reason = reason(fault, lang);
            page.line("demo-failed", &[("reason", reason.as_str().into())]);
        }
    }
    page.lines
}

fn way(from: &str, to: &str) -> String {
    format!("{from} → {to}")
}

/// One direction: sent here, the rest there.
fn direction(way: String, from: &Count, to: &Count) -> Vec<String> {
    // What never came by number, or by count when the last ones are missing.
    let lost = to.lost.max(from.sent.saturating_sub(to.received));
    let right = to.heard.iter().zip(SEQUENCE).filter(|(a, b)| **a == *b).count();
    let tones = match to.heard.len() == right {
        true => format!("{right}/{}", SEQUENCE.len()),
        false => {
            let heard: Vec<String> = to.heard.iter().map(u16::to_string).collect();
            format!("{right}/{} ({} Hz)", SEQUENCE.len(), heard.join(" "))
        }
    };
    vec![way, from.sent.to_string(), to.received.to_string(), lost.to_string(), tones]
}

fn milliseconds(after: Option<Micros>) -> String {
    match after {
        Some(after) => format!("{}.{} ms", after.as_millis(), after.0 % 1_000 / 100),
        None => "-".to_owned(),
    }
}

fn reason(fault: Fault, lang: Lang) -> String {
    let say = |id: &str, args: &[(&str, Arg)]| text_with(lang.app(), id, args);
    let status = |status: u16| ("status", Arg::Number(status.into()));
    match fault {
        Fault::Register { done, status: Some(code) } => {
            let done = ("done", Arg::Number(done as u64));
            say("demo-fault-register-refused", &[done, status(code)])
        }
        Fault::Register { done, status: None } => {
            say("demo-fault-register", &[("done", Arg::Number(done as u64))])
        }
        Fault::Answer => say("demo-fault-answer", &[]),
        Fault::Refused { status: code } => say("demo-fault-refused", &[status(code)]),
        Fault::Ring => say("demo-fault-ring", &[]),
        Fault::End => say("demo-fault-end", &[]),
        Fault::ToEcho => say("demo-fault-to-echo", &[]),
        Fault::ToCaller => say("demo-fault-to-caller", &[]),
        Fault::Lost => say("demo-fault-lost", &[]),
        Fault::Record => say("demo-fault-record", &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(heard: &[u16], received: u64) -> Count {
        Count { sent: 150, received, lost: 0, heard: heard.to_vec() }
    }

    #[test]
    fn columns_stand_below_each_other_in_wide_letters_too() {
        let mut page = Page::new(Lang::Ja);
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        page.table(&[row("髙橋 美咲", "2103"), row("Sato", "2101")]);
        assert_eq!(page.lines, ["  髙橋 美咲  2103", "  Sato       2101"]);
    }

    #[test]
    fn a_passed_and_a_failed_call_read_differently() {
        let mut outcome = Outcome {
            register: Some(Micros(12_345)),
            ring: Some(Micros(1_990)),
            answer: Some(Micros(2_000)),
            caller: Some(count(&SEQUENCE, 150)),
            echo: Some(count(&SEQUENCE, 149)),
            fault: None,
        };
        let passed = first_call(&outcome, Lang::Ja).join("\n");
        for part in ["合格", "12.3 ms", "1.9 ms", "2.0 ms", "6/6", "2009 → 2001"] {
            assert!(passed.contains(part), "{part} in\n{passed}");
        }
        outcome.caller = Some(count(&SEQUENCE[..2], 30));
        outcome.fault = Some(Fault::ToCaller);
        let failed = first_call(&outcome, Lang::Ja).join("\n");
        assert!(failed.contains("不合格") && failed.contains("2/6"), "{failed}");
        assert!(failed.contains("120"), "the lost packets\n{failed}");
        let english = first_call(&outcome, Lang::En).join("\n");
        assert!(english.contains("FAILED"), "{english}");
    }

    #[test]
    fn every_fault_has_its_sentence() {
        let faults = [
            Fault::Register { done: 1, status: Some(401) },
            Fault::Register { done: 1, status: None },
            Fault::Answer,
            Fault::Refused { status: 486 },
            Fault::Ring,
            Fault::End,
            Fault::ToEcho,
            Fault::ToCaller,
            Fault::Lost,
            Fault::Record,
        ];
        for lang in [Lang::Ja, Lang::En] {
            for fault in faults {
                let said = reason(fault, lang);
                assert!(!said.starts_with("demo-"), "{said}");
            }
        }
    }
}
