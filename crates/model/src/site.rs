//! 拠点: where the router that ends the access line stands.

use std::ops::RangeInclusive;

use base::Dn;
use base::id::{SiteId, TenantId};

use crate::code::{CodeKind, SiteCode};
use crate::destination::Destination;
use crate::emergency::EmergencyRoute;
use crate::sound::{SiteMusic, Spoken};
use crate::wording::Worded;

/// A site with its SIP domain (CUGドメイン名).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Durable id.
    pub id: SiteId,
    /// Whose.
    pub tenant: TenantId,
    /// SIP domain and login domain, unique in the whole system, case ignored (R005):
    /// 1–253 letters, digits, hyphens and dots.
    pub domain: Box<str>,
    /// Name shown to people, 1–64 characters.
    pub name: Box<str>,
    /// Whether calls of its devices go through the media plane.
    pub media_path: MediaPath,
    /// 拠点番号: 2–4 digits of which the first is 2–9; an extension follows. `None` = none.
    pub number: Option<Box<str>>,
    /// Own codes of a call in the order of [`CodeKind::OF_CALL`]; default the tenant's (R283).
    pub codes: [SiteCode; 4],
    /// プッシュ音 消去設定; default 消去しない (R086).
    pub tones: Tones,
    /// What the hold code does once the target has answered; default 非切断 (R083).
    pub hold_again: HoldAgain,
    /// 外線転送: forwards to outside numbers; default 不可 (R063).
    pub forward_outside: Outside,
    /// 外線間転送: outside callers transferred outside; default 不可 (R291).
    pub transfer_outside: Outside,
    /// Seconds until a parked call rings back: 30–600, default 90.
    pub park_s: u16,
    /// Where a parked call goes whose parker does not answer; default nowhere.
    pub park_overflow: Option<Destination>,
    /// The own number from an own terminal opens the mailbox without PIN; default yes (R262).
    pub voicemail_without_pin: bool,
    /// A virtual number of the site that opens mailboxes to whoever calls it, from outside too, by
    /// number and PIN; default none (R262).
    pub voicemail_at: Option<Dn>,
    /// What those hear whom people of the site hold; default the company's (R319).
    pub music: SiteMusic,
    /// Language of announcements; default the company's.
    pub spoken: Option<Spoken>,
    /// Words and tones that differ from the company's; default none (R319).
    pub wording: Box<[Worded]>,
    /// Ways out for emergency calls, in order; default none (J31).
    pub emergency: Box<[EmergencyRoute]>,
    /// Minutes that two outside parties may talk whom a transfer connected: 10–600, default 60
    /// (R291).
    pub outside_pair_min: u16,
    /// CH of the access line: calls whose audio may cross it at once; default uncounted (R305).
    pub access_channels: Option<u16>,
    /// Whether the exchange stands inside the site, so that only audio of others crosses its
    /// access line; default no (R305).
    pub has_exchange: bool,
}

impl Site {
    /// Seconds of `park_s`.
    pub const PARK_S: RangeInclusive<u16> = 30..=600;
    /// Minutes of `outside_pair_min`.
    pub const OUTSIDE_PAIR_MIN: RangeInclusive<u16> = 10..=600;

    /// A site with the default of every setting.
    pub fn new(id: SiteId, tenant: TenantId, domain: &str, name: &str) -> Self {
        Site {
            id,
            tenant,
            domain: domain.into(),
            name: name.into(),
            media_path: MediaPath::Auto,
            number: None,
            codes: [SiteCode::Inherit; 4],
            tones: Tones::Pass,
            hold_again: HoldAgain::Toggle,
            forward_outside: Outside::Denied,
            transfer_outside: Outside::Denied,
            park_s: 90,
            park_overflow: None,
            voicemail_without_pin: true,
            voicemail_at: None,
            music: SiteMusic::Inherit,
            spoken: None,
            wording: Box::default(),
            emergency: Box::default(),
            outside_pair_min: 60,
            access_channels: None,
            has_exchange: false,
        }
    }

    /// What the site does with codes of `kind`: the tenant's, unless it is one of
    /// [`CodeKind::OF_CALL`] that the site has set.
    pub fn code(&self, kind: CodeKind) -> SiteCode {
        let at = CodeKind::OF_CALL.iter().position(|k| *k == kind);
        at.and_then(|at| self.codes.get(at)).copied().unwrap_or_default()
    }

    /// Sets what the site does with one of [`CodeKind::OF_CALL`]; other kinds are the tenant's.
    pub fn set_code(&mut self, kind: CodeKind, code: SiteCode) {
        let at = CodeKind::OF_CALL.iter().position(|k| *k == kind);
        if let Some(slot) = at.and_then(|at| self.codes.get_mut(at)) {
            *slot = code;
        }
    }
}

/// プッシュ音 消去設定: whether push tones reach the outside party (R086).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Tones {
    /// 消去しない.
    #[default]
    Pass,
    /// 消去する.
    Mute,
}

impl Tones {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [Tones; 2] = [Tones::Pass, Tones::Mute];
}

/// 転送先接続後の保留特番入力時 (R083).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum HoldAgain {
    /// 非切断: changes between target and caller.
    #[default]
    Toggle,
    /// 切断: drops the target and goes back to the caller.
    Drop,
}

impl HoldAgain {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [HoldAgain; 2] = [HoldAgain::Toggle, HoldAgain::Drop];
}

/// A policy for calls that leave the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Outside {
    /// 不可.
    #[default]
    Denied,
    /// 国内のみ可.
    Domestic,
    /// 可.
    Allowed,
}

impl Outside {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [Outside; 3] = [Outside::Denied, Outside::Domestic, Outside::Allowed];
}

/// The way of the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MediaPath {
    /// Passed through where both ends can reach each other.
    #[default]
    Auto,
    /// Always relayed.
    Relay,
}

impl MediaPath {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [MediaPath; 2] = [MediaPath::Auto, MediaPath::Relay];
}
