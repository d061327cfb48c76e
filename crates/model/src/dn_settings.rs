//! Settings that belong to an extension number and pass on with it (R060–R066, R250, R262).

use std::ops::RangeInclusive;

use base::Dn;
use base::id::TenantId;

use crate::destination::Forward;
use crate::sound::Spoken;
use crate::toll::TollClass;

/// When a forward counts, in the order in which a call tests them (R066).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardKind {
    /// 無条件.
    All,
    /// 話中.
    Busy,
    /// 応答遅延.
    NoAnswer,
    /// 圏外.
    Unregistered,
}

impl ForwardKind {
    /// Every kind, in the order of [`DnSettings::forwards`].
    pub const ALL: [ForwardKind; 4] =
        [ForwardKind::All, ForwardKind::Busy, ForwardKind::NoAnswer, ForwardKind::Unregistered];

    /// Stable name for files, logs and message ids: `all`, `busy`, `no-answer`, `unregistered`.
    pub const fn name(self) -> &'static str {
        match self {
            ForwardKind::All => "all",
            ForwardKind::Busy => "busy",
            ForwardKind::NoAnswer => "no-answer",
            ForwardKind::Unregistered => "unregistered",
        }
    }
}

/// 話中着信: what a further call to a busy number does (R250).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Waiting {
    /// 自動: waits up to the limit; with 話中転送 set the number is busy from its first call on.
    #[default]
    Auto,
    /// する: always waits, up to the limit.
    Always,
    /// しない: busy from the first call on.
    Never,
}

impl Waiting {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [Waiting; 3] = [Waiting::Auto, Waiting::Always, Waiting::Never];
}

/// Which number is shown to those who are called (R092).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ShownNumber {
    /// The own number.
    #[default]
    Own,
    /// 代表内線番号 of the own hunting group; the own number when in none.
    Pilot,
    /// 所属共通内線番号 of the first own department; the own number when in none.
    Department,
}

impl ShownNumber {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [ShownNumber; 3] =
        [ShownNumber::Own, ShownNumber::Pilot, ShownNumber::Department];
}

/// Which number those outside see (R304). A direct number is that of a line whose calls go to the
/// number; where the gateway in use carries no such line, it is the number of the line in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CallerNumber {
    /// The number of the line.
    #[default]
    Line,
    /// The own direct number.
    Own,
    /// The direct number of the own hunting group.
    Pilot,
    /// The direct number of the first own department.
    Department,
}

impl CallerNumber {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [CallerNumber; 4] =
        [CallerNumber::Line, CallerNumber::Own, CallerNumber::Pilot, CallerNumber::Department];
}

/// Settings of an extension number of a user or of a virtual number. A number without a row has
/// the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnSettings {
    /// Whose.
    pub tenant: TenantId,
    /// 内線番号; with `tenant` the key.
    pub dn: Dn,
    /// The four forwardings in the order of [`ForwardKind::ALL`]; default none.
    pub forwards: [Forward; 4],
    /// Seconds of ringing until 応答遅延転送: 5–60, default 20.
    pub no_answer_s: u16,
    /// 留守番: unanswered calls go to the mailbox; default off.
    pub voicemail: bool,
    /// Seconds of ringing until 留守番 without 応答遅延転送: 5–60, default 20.
    pub voicemail_s: u16,
    /// 話中着信, default 自動 (R250).
    pub waiting: Waiting,
    /// Calls at once on all terminals: 1–1,000, default 4 (R250).
    pub call_limit: u16,
    /// Longest message in seconds: 10–600, default 180 (R262).
    pub record_s: u16,
    /// Most messages in the mailbox: 1–1,000, default 100 (R262).
    pub messages_max: u16,
    /// Days that a message is kept: 1–400, default 90 (R262).
    pub keep_days: u16,
    /// The number that is shown to those who are called; default the own (R092).
    pub shown: ShownNumber,
    /// Language of what is said to the number, and of the standard greeting of its mailbox;
    /// default the site's (J120, R262).
    pub spoken: Option<Spoken>,
    /// 発信規制クラス of calls and forwards to outside numbers; default that of the first
    /// department that has one, else the company's (J60, R227).
    pub toll: Option<TollClass>,
    /// The number that those outside see; default the line's (R304).
    pub caller_number: CallerNumber,
    /// Those outside see none, unless 186 is dialled; default off (J22).
    pub hide_number: bool,
}

impl DnSettings {
    /// Seconds of `no_answer_s` and `voicemail_s`.
    pub const DELAY_S: RangeInclusive<u16> = 5..=60;
    /// Values of `call_limit`.
    pub const CALL_LIMIT: RangeInclusive<u16> = 1..=1_000;
    /// Seconds of `record_s`.
    pub const RECORD_S: RangeInclusive<u16> = 10..=600;
    /// Values of `messages_max`.
    pub const MESSAGES_MAX: RangeInclusive<u16> = 1..=1_000;
    /// Days of `keep_days`.
    pub const KEEP_DAYS: RangeInclusive<u16> = 1..=400;

    /// The defaults, which hold for a number without a row.
    pub fn new(tenant: TenantId, dn: Dn) -> Self {
        DnSettings {
            tenant,
            dn,
            forwards: Default::default(),
            no_answer_s: 20,
            voicemail: false,
            voicemail_s: 20,
            waiting: Waiting::Auto,
            call_limit: base::limits::CALLS_PER_DN as u16,
            record_s: 180,
            messages_max: 100,
            keep_days: 90,
            shown: ShownNumber::Own,
            spoken: None,
            toll: None,
            caller_number: CallerNumber::Line,
            hide_number: false,
        }
    }

    /// The forward of a kind.
    pub fn forward(&self, kind: ForwardKind) -> &Forward {
        let [all, busy, no_answer, unregistered] = &self.forwards;
        match kind {
            ForwardKind::All => all,
            ForwardKind::Busy => busy,
            ForwardKind::NoAnswer => no_answer,
            ForwardKind::Unregistered => unregistered,
        }
    }

    /// The forward of a kind, to be changed.
    pub fn forward_mut(&mut self, kind: ForwardKind) -> &mut Forward {
        let [all, busy, no_answer, unregistered] = &mut self.forwards;
        match kind {
            ForwardKind::All => all,
            ForwardKind::Busy => busy,
            ForwardKind::NoAnswer => no_answer,
            ForwardKind::Unregistered => unregistered,
        }
    }
}
