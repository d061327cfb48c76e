//! 拠点: where the router that ends the access line stands.

use base::id::{SiteId, TenantId};

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
