//! Digits of one leg in a call: held back while they may become a code, then passed or swallowed
//! (group G, R089, R282).
//!
//! | State | Event | Action | Next |
//! |---|---|---|---|
//! | Idle | digit that begins no code | pass it | Idle |
//! | Idle | digit that begins a code | hold it back | Matching |
//! | Matching | completes a code | swallow all, run the code | by code |
//! | Matching | no code is possible | pass what was held, take this digit afresh | Idle |
//! | Matching | a pause of 1.5 s | pass what was held | Idle |
//! | Dialling | digit | collect it | Dialling |
//! | Dialling | dial-confirm code, an emergency number, or a pause of 4 s | dial | Idle |
//! | Dialling | 15 s without a digit; hold code again | give up | Idle |
//!
//! These are the times of a new company ([`CallTimes`]).
//! They run from the end of a digit and stop at the start of the next one.

use base::id::SiteId;
use base::{LegId, Micros, Mono};
use model::{CallTimes, Code, CodeKind, Snapshot, TenantOption};
use smallvec::SmallVec;

/// How long the first digit of a number is waited for.
const FIRST_DIGIT: Micros = Micros::seconds(15);
/// The same digit by two ways within this time is one.
const SAME: Micros = Micros::millis(150);
/// Most digits that wait.
const DIGITS_MAX: usize = 32;

/// The codes of a site, as they are active for a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CallCodes {
    pub hold: Option<Code>,
    pub confirm: Option<Code>,
    pub tones: Option<Code>,
    pub park: Option<Code>,
}

impl CallCodes {
    fn in_call(&self) -> impl Iterator<Item = (CodeKind, Code)> {
        let all = [
            (CodeKind::Hold, self.hold),
            (CodeKind::PushToneSend, self.tones),
            (CodeKind::Park, self.park),
        ];
        all.into_iter().filter_map(|(kind, code)| code.map(|c| (kind, c)))
    }

    /// Those of a site (R283); none without the option 保留特番, since the exchange then does
    /// not listen to the tones of calls.
    pub(crate) fn of_site(snapshot: &Snapshot, site: Option<SiteId>) -> Self {
        let Some((id, site)) = site.and_then(|id| Some((id, snapshot.site(id)?))) else {
            return CallCodes::default();
        };
        let tenant = snapshot.tenant(site.tenant);
        if !tenant.is_some_and(|t| t.options.contains(TenantOption::InCallCodes)) {
            return CallCodes::default();
        }
        CallCodes {
            hold: snapshot.site_code(id, CodeKind::Hold),
            confirm: snapshot.site_code(id, CodeKind::DialConfirm),
            tones: snapshot.site_code(id, CodeKind::PushToneSend),
            park: snapshot.site_code(id, CodeKind::Park),
        }
    }

    /// Nothing to look for: digits need not be held back.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_call().next().is_none()
    }
}

/// What became of digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// They are no code: for the other party, in order.
    Pass(SmallVec<[u8; 8]>),
    /// A code was pressed.
    Code(CodeKind),
    /// A number is complete.
    Dial(Box<str>),
    /// No number comes, or it was taken back.
    GiveUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Idle,
    Matching,
    Dialling,
}

/// The digits of one leg.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collector {
    state: State,
    held: SmallVec<[u8; 8]>,
    deadline: Option<Mono>,
    last: Option<(u8, Way, Mono)>,
    /// The party that the push tones are for, whatever the site says (R087).
    pub tones_to: Option<LegId>,
    /// The digits are tones in the audio, which the other party hears as they are.
    pub in_band: bool,
}

/// How a digit is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// On the media path: RFC 4733, or a tone.
    Media,
    /// INFO.
    Signalling,
}

impl Collector {
    /// When [`Collector::tick`] is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.deadline
    }

    /// From now on digits are a number; 15 s for the first one.
    pub(crate) fn dial(&mut self, now: Mono) {
        self.clear();
        self.state = State::Dialling;
        self.deadline = Some(now + FIRST_DIGIT);
    }

    /// Some digits of a number are there.
    pub(crate) fn has_begun(&self) -> bool {
        self.state == State::Dialling && !self.held.is_empty()
    }

    /// Forgets what waits: hold, transfer and the end of the call (R282).
    pub(crate) fn clear(&mut self) {
        let Collector { last, tones_to, in_band, .. } = *self;
        *self = Collector { last, tones_to, in_band, ..Collector::default() };
    }

    /// A digit begins.
    pub(crate) fn began(
        &mut self,
        now: Mono,
        (digit, way): (u8, Way),
        codes: &CallCodes,
    ) -> SmallVec<[Heard; 2]> {
        let again = |(last, by, at): (u8, Way, Mono)| last == digit && by != way && now < at + SAME;
        if self.last.is_some_and(again) {
            return SmallVec::new();
        }
        self.last = Some((digit, way, now));
        // Should its end never be told.
        self.deadline = Some(now + FIRST_DIGIT);
        match self.state {
            State::Dialling => self.collect(digit, codes).into_iter().collect(),
            State::Idle | State::Matching => self.match_code(digit, codes),
        }
    }

    /// A digit ended: the pause begins.
    pub(crate) fn ended(&mut self, now: Mono, digit: u8, times: CallTimes) {
        if let Some((last, _, at)) = &mut self.last
            && *last == digit
        {
            *at = now;
        }
        self.deadline = match self.state {
            State::Idle => None,
            State::Matching => Some(now + Micros::millis(times.code_pause_ms.into())),
            State::Dialling if self.held.is_empty() => Some(now + FIRST_DIGIT),
            State::Dialling => Some(now + Micros::millis(times.digit_pause_ms.into())),
        };
    }

    /// A pause is over.
    pub(crate) fn tick(&mut self, now: Mono) -> Option<Heard> {
        self.deadline.filter(|at| *at <= now)?;
        self.deadline = None;
        let held = std::mem::take(&mut self.held);
        match std::mem::take(&mut self.state) {
            State::Idle => None,
            State::Matching => Some(Heard::Pass(held)),
            State::Dialling if held.is_empty() => Some(Heard::GiveUp),
            State::Dialling => Some(Heard::Dial(text(&held).into())),
        }
    }

    fn match_code(&mut self, digit: u8, codes: &CallCodes) -> SmallVec<[Heard; 2]> {
        let mut heard = SmallVec::new();
        self.held.push(digit);
        let hit = self.matches(codes).or_else(|| {
            // What was held is no code, but this digit may begin one.
            let last = self.held.pop().filter(|_| !self.held.is_empty());
            let passed = std::mem::take(&mut self.held);
            if let Some(last) = last {
                heard.push(Heard::Pass(passed));
                self.held.push(last);
                return self.matches(codes);
            }
            None
        });
        match hit {
            Some(Match::Whole(kind)) => {
                self.clear();
                heard.push(Heard::Code(kind));
            }
            Some(Match::Part) => self.state = State::Matching,
            None => {
                self.held.clear();
                self.state = State::Idle;
                heard.push(Heard::Pass(SmallVec::from_slice(&[digit])));
            }
        }
        heard
    }

    /// How the digits held fit the codes.
    fn matches(&self, codes: &CallCodes) -> Option<Match> {
        let held = text(&self.held);
        if let Some((kind, _)) = codes.in_call().find(|(_, c)| c.text() == held) {
            return Some(Match::Whole(kind));
        }
        codes.in_call().any(|(_, c)| c.text().starts_with(held)).then_some(Match::Part)
    }

    fn collect(&mut self, digit: u8, codes: &CallCodes) -> Option<Heard> {
        if !is_dialled(digit) || self.held.len() >= DIGITS_MAX {
            return None;
        }
        self.held.push(digit);
        let held = text(&self.held).to_owned();
        if let Some(hold) = codes.hold {
            let marked = matches!(hold.text().as_bytes().first(), Some(b'*' | b'#'));
            if held == hold.text() || (marked && held.ends_with(hold.text())) {
                self.clear();
                return Some(Heard::GiveUp);
            }
        }
        let confirmed = codes.confirm.and_then(|c| held.strip_suffix(c.text()));
        let number = match confirmed {
            Some(number) if !number.is_empty() => number,
            _ if is_emergency(&held) => &held,
            _ => return None,
        };
        let number = number.into();
        self.clear();
        Some(Heard::Dial(number))
    }
}

/// How held digits fit the codes.
enum Match {
    /// They are this one.
    Whole(CodeKind),
    /// One begins with them.
    Part,
}

/// A–D are never part of a code or number.
fn is_dialled(digit: u8) -> bool {
    matches!(digit, b'0'..=b'9' | b'*' | b'#')
}

fn text(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

/// Exactly 110, 118 or 119, also after 184 or 186: dialled at once.
fn is_emergency(text: &str) -> bool {
    let bare = text.strip_prefix("184").or(text.strip_prefix("186")).unwrap_or(text);
    model::emergency::is_number(bare)
}
