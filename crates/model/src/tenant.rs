//! 契約企業: the company, its numbering plan and its switches.

use base::id::{SoundId, TenantId};

use crate::CallTimes;
use crate::calendar::Calendar;
use crate::code::{Code, CodeKind, Codes};
use crate::destination::Destination;
use crate::sound::Spoken;
use crate::toll::TollRules;
use crate::wording::Worded;

/// A company with its own numbers, sites, users and secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Durable id; its time order decides which tenant was the first one made.
    pub id: TenantId,
    /// Company name, 1–64 characters.
    pub name: Box<str>,
    /// Digest realm: the domain of the first site, never changed, because stored HA1 values
    /// depend on it.
    pub realm: Box<str>,
    /// Numbering plan and defaults.
    pub preset: Preset,
    /// R025: an omitted SIP secret becomes the extension number. Off in every preset.
    pub sip_secret_compat: bool,
    /// Most extension numbers (R030); `None` until the operator sets one.
    pub quota: Option<u32>,
    /// Named when a phone gives an address instead of a domain; at most one tenant is marked.
    pub is_default: bool,
    /// Rule for new web passwords (R027).
    pub web_policy: WebPolicy,
    /// Minutes until a lock ends by itself (R051, R053): 1–1,440, default 60; `None` = by hand.
    pub unlock_min: Option<u16>,
    /// Days until the login page reminds of an old password (R007): default 90, 0 = off.
    pub reminder_days: u16,
    /// Days that call records are kept in the database (R103): default 400.
    pub retention_days: u16,
    /// 特番 as set; default R320. Which of them are active is told by [`Tenant::code`].
    pub codes: Codes,
    /// What is contracted (R236); default all but [`TenantOption::InCallCodes`].
    pub options: Options,
    /// 案内音声: announcements besides tones; default on.
    pub announcements: bool,
    /// Most terminals that one person is logged in to: 1–20, default 5 (R315).
    pub accounts_max: u8,
    /// Minute of the day in Tokyo at which log-ins made at terminals end: 0–1,439; default
    /// `None`, they last (R233).
    pub logins_end: Option<u16>,
    /// What those hear who are on hold; default the built-in music (R319).
    pub music: Option<SoundId>,
    /// Language of announcements; default Japanese (J120).
    pub spoken: Spoken,
    /// Own words and tones, each place once per language; default the standard (R319).
    pub wording: Box<[Worded]>,
    /// Where calls to stopped users lead: a number inside or outside, never a mailbox; default
    /// nowhere, they are told that the number is not in use (R241).
    pub stopped_to: Option<Destination>,
    /// 発信規制: which numbers outside may be called; default none that is charged (J60).
    pub toll: TollRules,
    /// Days without business hours.
    pub calendar: Calendar,
    /// Pauses and limits of calls.
    pub times: CallTimes,
}

/// What a tenant may contract (R236). A missing option is hidden and its codes are not active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenantOption {
    /// 保留特番, ダイヤル確定特番 and プッシュ音送出特番: the exchange listens to digits pressed
    /// in calls.
    InCallCodes,
    /// ピックアップ and グループピックアップ (R074).
    Pickup,
    /// コールパーク (R075).
    Park,
    /// マルチキャスト (R208).
    Multicast,
    /// 会議.
    Conference,
    /// VoIP-GW and SIP-GW (R110).
    Gateways,
    /// 携帯内線 (R022).
    MobileLines,
    /// 留守番 (R262).
    Voicemail,
}

impl TenantOption {
    /// Every option; the index of each is its bit in stores and byte forms.
    pub const ALL: [TenantOption; 8] = [
        TenantOption::InCallCodes,
        TenantOption::Pickup,
        TenantOption::Park,
        TenantOption::Multicast,
        TenantOption::Conference,
        TenantOption::Gateways,
        TenantOption::MobileLines,
        TenantOption::Voicemail,
    ];

    /// Stable name for files, logs and message ids, for example `in-call-codes`.
    pub const fn name(self) -> &'static str {
        match self {
            TenantOption::InCallCodes => "in-call-codes",
            TenantOption::Pickup => "pickup",
            TenantOption::Park => "park",
            TenantOption::Multicast => "multicast",
            TenantOption::Conference => "conference",
            TenantOption::Gateways => "gateways",
            TenantOption::MobileLines => "mobile-lines",
            TenantOption::Voicemail => "voicemail",
        }
    }
}

/// A set of [`TenantOption`]s. The default is all but [`TenantOption::InCallCodes`]: listening to
/// the tones of a call needs its media at the exchange, which else goes the direct way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Options(u32);

impl Options {
    /// Nothing.
    pub const NONE: Options = Options(0);
    /// Everything.
    pub const ALL: Options = Options((1 << TenantOption::ALL.len()) - 1);

    /// This set with `option` in it.
    #[must_use]
    pub const fn with(self, option: TenantOption) -> Self {
        Options(self.0 | (1 << option as u32))
    }

    /// This set without `option`.
    #[must_use]
    pub const fn without(self, option: TenantOption) -> Self {
        Options(self.0 & !(1 << option as u32))
    }

    /// Whether `option` is contracted.
    pub const fn contains(self, option: TenantOption) -> bool {
        self.0 & (1 << option as u32) != 0
    }

    /// Whether codes of `kind` may be active.
    pub const fn permits(self, kind: CodeKind) -> bool {
        match kind.option() {
            None => true,
            Some(option) => self.contains(option),
        }
    }

    /// The members in order.
    pub fn iter(self) -> impl Iterator<Item = TenantOption> {
        TenantOption::ALL.into_iter().filter(move |o| self.contains(*o))
    }

    /// One bit for each option, for stores.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set of these bits; unknown ones are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Options(bits & Options::ALL.0)
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::ALL.without(TenantOption::InCallCodes)
    }
}

/// Numbering plan and defaults of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Preset {
    /// Seed 003: extensions of 2–15 digits, first digit 2–9 (R020).
    #[default]
    OfficeLink,
    /// Seed 004: extensions of 1–7 digits, any first digit that collides with nothing (J05).
    CloudPhone,
}

impl Preset {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [Preset; 2] = [Preset::OfficeLink, Preset::CloudPhone];
}

/// Which web passwords may be chosen (R027, SEC-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum WebPolicy {
    /// At least 10 characters.
    #[default]
    Ten,
    /// 「8英数字」: exactly 8 letters and digits, both present.
    EightAlphanumeric,
}

impl WebPolicy {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [WebPolicy; 2] = [WebPolicy::Ten, WebPolicy::EightAlphanumeric];
}

impl Tenant {
    /// Range of [`Tenant::accounts_max`].
    pub const ACCOUNTS_MAX: std::ops::RangeInclusive<u8> = 1..=20;

    /// Range of [`Tenant::logins_end`].
    pub const LOGINS_END: std::ops::RangeInclusive<u16> = 0..=1_439;

    /// A tenant with the defaults of every switch.
    pub fn new(id: TenantId, name: &str, realm: &str, preset: Preset) -> Self {
        Tenant {
            id,
            name: name.into(),
            realm: realm.into(),
            preset,
            sip_secret_compat: false,
            quota: None,
            is_default: false,
            web_policy: WebPolicy::Ten,
            unlock_min: Some(60),
            reminder_days: 90,
            retention_days: 400,
            codes: Codes::default(),
            options: Options::default(),
            announcements: true,
            accounts_max: 5,
            logins_end: None,
            music: None,
            spoken: Spoken::Ja,
            wording: Box::default(),
            stopped_to: None,
            toll: TollRules::default(),
            calendar: Calendar::default(),
            times: CallTimes::default(),
        }
    }

    /// The code of a kind when it is active: set, and its option contracted.
    pub fn code(&self, kind: CodeKind) -> Option<Code> {
        self.codes.get(kind).filter(|_| self.options.permits(kind))
    }
}
