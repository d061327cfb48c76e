//! Any order of subscribing, refreshing, leaving, changes and loss: whoever still watches ends
//! with the newest state, nothing leaks, and nothing panics whatever the headers say.

use std::collections::BTreeMap;

use base::Micros;
use proptest::prelude::*;

use super::{Watcher, World, body, header, line, standing, version};
use crate::event::{DialogPhase, WatchEvent};
use crate::msg::{HeaderId, Msg};
use crate::stack::Input;
use crate::stack::tests::bench::Ask;

#[derive(Debug, Clone)]
enum Act {
    Subscribe(u8, u8),
    Refresh(u8),
    Leave(u8),
    State(u8, u8),
    Wait(u16),
    /// Answers of the watchers are lost, or come again.
    Lossy(bool),
    Refuse,
    Gone(u8),
    Forget(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..4u8, 0..3u8).prop_map(|(n, of)| Act::Subscribe(n, of)),
        2 => any::<u8>().prop_map(Act::Refresh),
        2 => any::<u8>().prop_map(Act::Leave),
        6 => (0..3u8, 0..6u8).prop_map(|(of, phase)| Act::State(of, phase)),
        5 => (0..2_500u16).prop_map(Act::Wait),
        1 => any::<bool>().prop_map(Act::Lossy),
        1 => Just(Act::Refuse),
        1 => (0..3u8).prop_map(Act::Gone),
        1 => (0..4u8).prop_map(Act::Forget),
    ]
}

/// The watchers' side and what the owner of the state knows.
struct Model {
    w: World,
    serial: u32,
    watchers: Vec<Watcher>,
    /// Body and version last told, by Call-ID; gone with the end.
    seen: BTreeMap<String, (String, u32)>,
    /// What the owner would say, by number.
    states: BTreeMap<u32, u8>,
    watched: Vec<u32>,
    lossy: bool,
    refuse: bool,
}

fn number(of: u8) -> u32 {
    2010 + u32::from(of)
}

fn lines(phase: u8) -> Vec<crate::event::DialogLine> {
    match phase {
        0 => Vec::new(),
        1 | 2 => vec![line(u64::from(phase), DialogPhase::Early)],
        3 | 4 => vec![line(u64::from(phase), DialogPhase::Confirmed)],
        _ => vec![line(1, DialogPhase::Confirmed), line(9, DialogPhase::Trying)],
    }
}

impl Model {
    fn new() -> Self {
        Model {
            w: World::new(),
            serial: 0,
            watchers: Vec::new(),
            seen: BTreeMap::new(),
            states: BTreeMap::new(),
            watched: Vec::new(),
            lossy: false,
            refuse: false,
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Subscribe(n, of) => {
                self.serial += 1;
                let mut watcher = Watcher::new(2001 + u32::from(n), self.serial, number(of));
                assert_eq!(self.w.subscribe(&mut watcher, "Expires: 300\r\n").status(), Some(200));
                self.watchers.push(watcher);
            }
            Act::Refresh(at) => self.ask(at, "Expires: 300\r\n"),
            Act::Leave(at) => self.ask(at, "Expires: 0\r\n"),
            Act::State(of, phase) => {
                self.states.insert(number(of), phase);
                if self.watched.contains(&number(of)) {
                    self.w.state(number(of), lines(phase));
                }
            }
            Act::Wait(ms) => self.w.wait(Micros::millis(u64::from(ms))),
            Act::Lossy(lossy) => self.lossy = lossy,
            Act::Refuse => self.refuse = true,
            Act::Gone(of) => {
                let got = self.w.bench.put(Input::Gone { resource: super::dialogs(number(of)) });
                self.w.take(got);
            }
            Act::Forget(n) => {
                let device = super::device(2001 + u32::from(n));
                let got = self.w.bench.put(Input::Forget { device });
                self.w.take(got);
            }
        }
        self.settle();
    }

    fn ask(&mut self, at: u8, extra: &str) {
        if let Some(count) = self.watchers.len().checked_sub(1) {
            let at = usize::from(at) % (count + 1);
            let mut watcher = self.watchers[at].clone();
            let status = self.w.subscribe(&mut watcher, extra).status();
            assert!(matches!(status, Some(200 | 481)), "{status:?}");
            self.watchers[at] = watcher;
        }
    }

    /// The owner answers interest, the watchers answer NOTIFYs.
    fn settle(&mut self) {
        while !self.w.news.is_empty() || !self.w.told.is_empty() {
            for event in std::mem::take(&mut self.w.news) {
                let n = (2010..2013).find(|n| match event {
                    WatchEvent::Began { resource } | WatchEvent::Ended { resource } => {
                        resource == super::dialogs(*n)
                    }
                });
                let n = n.expect("a number that is watched");
                match event {
                    WatchEvent::Began { .. } => {
                        assert!(!self.watched.contains(&n), "begun twice");
                        self.watched.push(n);
                        let phase = self.states.get(&n).copied().unwrap_or(0);
                        self.w.state(n, lines(phase));
                    }
                    WatchEvent::Ended { .. } => {
                        assert!(self.watched.contains(&n), "ended twice");
                        self.watched.retain(|w| *w != n);
                    }
                }
            }
            for told in std::mem::take(&mut self.w.told) {
                self.hear(&told);
            }
        }
    }

    fn hear(&mut self, told: &Msg) {
        // The watcher hears it, but not always we its answer.
        let id = header(told, HeaderId::CallId);
        let ends = standing(told).starts_with("terminated");
        let known = self.seen.get(&id).map(|(_, version)| *version);
        if ends {
            self.seen.remove(&id);
        } else if known.is_none_or(|known| known < version(told)) {
            self.seen.insert(id.clone(), (body(told), version(told)));
        }
        if self.lossy {
            return;
        }
        if std::mem::take(&mut self.refuse) {
            self.seen.remove(&id);
            return self.w.answer(told, "481 Gone", "");
        }
        self.w.answer(told, "200 OK", "");
    }

    /// Whoever watches has the newest state.
    fn check(&mut self) {
        self.lossy = false;
        self.refuse = false;
        for _ in 0..40 {
            self.w.wait(Micros::seconds(1));
            self.settle();
        }
        let now = self.w.bench.stack.subscriptions_len();
        let mut living = 0;
        for watcher in &self.watchers {
            let Some((text, _)) = self.seen.get(&watcher.call_id) else { continue };
            let of: u32 = watcher.uri[4..8].parse().expect("number");
            let phase = self.states.get(&of).copied().unwrap_or(0);
            let mut mark = watcher.clone();
            // One that timed out while answers were lost does not know that it is gone.
            if self.w.subscribe(&mut mark, "Expires: 300\r\n").status() == Some(481) {
                continue;
            }
            living += 1;
            for line in lines(phase) {
                assert!(text.contains(&format!("id=\"{:x}\"", line.leg.0)), "{text}");
            }
            let live = text.matches("<dialog ").count() - text.matches("terminated").count();
            assert_eq!(live, lines(phase).len(), "{text}");
        }
        assert_eq!(living, now);
        self.settle();
    }

    fn end(&mut self) {
        for _ in 0..330 {
            self.w.wait(Micros::seconds(1));
            self.settle();
        }
        self.w.wait(Micros::seconds(70));
        assert_eq!(self.w.bench.stack.subscriptions_len(), 0);
        assert_eq!(self.watched, Vec::<u32>::new(), "interest outlives the last watcher");
        assert!(self.w.bench.stack.is_drained());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_living_watcher_ends_with_the_newest_state(
        acts in prop::collection::vec(act(), 1..60)
    ) {
        let mut model = Model::new();
        for act in &acts {
            model.act(act);
        }
        model.check();
        model.end();
    }

    #[test]
    fn hostile_headers_break_nothing(
        event in "[ -~]{0,40}", accept in "[ -~]{0,40}", expires in "[ -~]{0,12}",
        contact in "[ -~]{0,40}", route in "[ -~]{0,40}", answer in 100..700u16,
    ) {
        let mut w = World::new();
        let mut watcher = Watcher::new(2001, 1, 2002);
        let ask = watcher.ask("SUBSCRIBE", "Event: dialog\r\n");
        let extra = format!(
            "Event: dialog;{event}\r\nAccept: application/*, {accept}\r\nExpires: {expires}\r\n\
             Contact: {contact}\r\nRecord-Route: {route}\r\n"
        );
        for extra in [extra.clone(), format!("{}{extra}", ask.extra)] {
            let got = w.bench.ask(&Ask { extra, ..ask.clone() });
            w.take(got);
            w.state(2002, lines(3));
            w.wait(Micros::seconds(2));
            for told in std::mem::take(&mut w.told) {
                let from = watcher.source;
                let again = format!("Retry-After: {expires}\r\n");
                w.answer_from(from, &told, &format!("{answer} Hm"), &again);
            }
        }
        let got = w.bench.put(Input::Drain);
        w.take(got);
        w.wait(Micros::seconds(400));
        prop_assert_eq!(w.bench.stack.subscriptions_len(), 0);
    }
}
