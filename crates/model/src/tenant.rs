//! 契約企業: the company, its numbering plan and its switches.

use base::id::TenantId;

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
        }
    }
}
