//! アカウント: a terminal with SIP credentials.

use std::ops::RangeInclusive;

use base::Wall;
use base::id::{DeviceId, SiteId, TenantId, UserId};
use md5::{Digest, Md5};
use sha2::Sha256;

/// A terminal; assigned to one user or to none (未使用).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Durable id.
    pub id: DeviceId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it stands.
    pub site: SiteId,
    /// 端末種別.
    pub kind: DeviceKind,
    /// SIP id: 1–32 letters and digits, unique in the tenant, case ignored (R025).
    pub sip_id: Box<str>,
    /// MD5 of `sip_id:realm:secret` (RFC 8760, RFC 2617).
    pub ha1_md5: [u8; 16],
    /// SHA-256 of the same (RFC 8760).
    pub ha1_sha256: [u8; 32],
    /// Who is logged in; `None` = 未使用: neither calls nor is called.
    pub user: Option<UserId>,
    /// Label of the terminal's own, 0–64 characters (R235).
    pub label: Box<str>,
    /// Protection of its audio.
    pub srtp: SrtpPolicy,
    /// 着信拒否: is not rung and counts as busy; default off (R251).
    pub do_not_disturb: bool,
    /// Gets push tones from other extensions, as a door phone must; default off (R088).
    pub accepts_tones: bool,
    /// How many group addresses of pages it can hold: 0–64; default 0, it knows no RTP multicast.
    /// Its own configuration file must name them; for their pages it is not called (R280).
    pub multicast_groups: u8,
    /// A secret that was made by a reset and becomes the valid one later (R215); `None` = none
    /// waits.
    pub next: Option<Box<NextSecret>>,
    /// The log-in made at the terminal, when it has an end; it counts while that person is the
    /// user (R233).
    pub login: Option<Box<TimedLogin>>,
}

/// A log-in at a terminal that ends by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedLogin {
    /// Who logged in.
    pub user: UserId,
    /// From then on the terminal is 未使用.
    pub until: Wall,
}

/// A SIP secret that is not valid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextSecret {
    /// Its stored forms.
    pub ha1: Ha1,
    /// When it takes the place of the one before.
    pub from: Wall,
}

impl Device {
    /// How many groups a terminal may hold.
    pub const GROUPS: RangeInclusive<u8> = 0..=64;

    /// The terminal with another secret, valid from now on; none waits any more.
    #[must_use]
    pub fn with_secret(&self, ha1: Ha1) -> Self {
        Device { ha1_md5: ha1.md5, ha1_sha256: ha1.sha256, next: None, ..self.clone() }
    }

    /// The stored forms of the secret that is valid now.
    pub fn ha1(&self) -> Ha1 {
        Ha1 { md5: self.ha1_md5, sha256: self.ha1_sha256 }
    }

    /// The terminal with the secret that waited, once its time has come.
    pub fn renewed(&self, now: Wall) -> Option<Self> {
        let next = self.next.as_ref().filter(|next| next.from <= now)?;
        Some(self.with_secret(next.ha1))
    }

    /// The terminal without its user.
    #[must_use]
    pub fn logged_out(&self) -> Self {
        // Do not disturb was the user's wish.
        Device { user: None, do_not_disturb: false, login: None, ..self.clone() }
    }

    /// The terminal without the person whose log-in has come to its end.
    pub fn login_ended(&self, now: Wall) -> Option<Self> {
        let login = self.login.as_ref().filter(|login| login.until <= now)?;
        (self.user == Some(login.user)).then(|| self.logged_out())
    }
}

/// 端末種別 (R024).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum DeviceKind {
    /// 携帯電話.
    Mobile,
    /// A desk phone or softphone.
    #[default]
    SipPhone,
}

impl DeviceKind {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [DeviceKind; 2] = [DeviceKind::Mobile, DeviceKind::SipPhone];
}

/// Whether audio is protected by SRTP with keys from SDP (RFC 4568).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SrtpPolicy {
    /// Offered on TLS, accepted anywhere.
    #[default]
    Auto,
    /// A call without it is refused.
    Required,
    /// Neither offered nor accepted.
    Off,
}

impl SrtpPolicy {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [SrtpPolicy; 3] = [SrtpPolicy::Auto, SrtpPolicy::Required, SrtpPolicy::Off];
}

/// The two stored forms of a SIP secret; neither gives the secret back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1 {
    /// MD5.
    pub md5: [u8; 16],
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Ha1 {
    /// Hashes `sip_id:realm:secret` (RFC 7616 §3.4.2).
    pub fn of(sip_id: &str, realm: &str, secret: &str) -> Self {
        let parts = [sip_id.as_bytes(), b":", realm.as_bytes(), b":", secret.as_bytes()];
        let mut md5 = Md5::new();
        let mut sha256 = Sha256::new();
        for part in parts {
            md5.update(part);
            sha256.update(part);
        }
        Ha1 { md5: md5.finalize().into(), sha256: sha256.finalize().into() }
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(…)")
    }
}
