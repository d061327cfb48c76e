//! Own sounds of a company: music that it has uploaded for those who are on hold (R319).

use base::id::{SiteId, SoundId, TenantId};
use base::{Dn, Wall};

use crate::Snapshot;
use crate::index::hash_of;
use crate::numbers::of_tenant;

/// A sound that was uploaded. What is to be heard is a file of the media plane and never changes:
/// another sound is another object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// Durable id; tells the file.
    pub id: SoundId,
    /// Whose.
    pub tenant: TenantId,
    /// Name shown to people, 1–64 characters, unique in the tenant.
    pub name: Box<str>,
    /// Length in milliseconds: 1–600,000.
    pub duration_ms: u32,
    /// When it was uploaded.
    pub uploaded_at: Wall,
}

impl Sound {
    /// Number of its file in the media plane: the random half of the id.
    pub fn file(id: SoundId) -> u64 {
        id.0.0 as u64
    }
}

/// What a site does about the music of the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SiteMusic {
    /// Its people play the company's.
    #[default]
    Inherit,
    /// The built-in music, whatever the company has.
    BuiltIn,
    /// A sound of its own choice.
    Own(SoundId),
}

/// The language of announcements (J120).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Spoken {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

impl Spoken {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [Spoken; 2] = [Spoken::Ja, Spoken::En];

    /// Language tag for files and programs: `ja` or `en`.
    pub const fn name(self) -> &'static str {
        match self {
            Spoken::Ja => "ja",
            Spoken::En => "en",
        }
    }
}

impl Snapshot {
    /// A sound.
    pub fn sound(&self, id: SoundId) -> Option<&Sound> {
        self.sound_by_id.find(hash_of(&id), |s| s.id == id).map(AsRef::as_ref)
    }

    /// The sounds of a tenant, the first one made first.
    pub fn sounds(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &Sound> {
        of_tenant(&self.sounds, tenant, |s| s.tenant)
    }

    /// The music of those whom somebody at `site` holds; `None` = the built-in one.
    pub fn music(&self, tenant: TenantId, site: Option<SiteId>) -> Option<SoundId> {
        match site.and_then(|id| self.site(id)).map(|s| s.music).unwrap_or_default() {
            SiteMusic::Own(id) => Some(id),
            SiteMusic::BuiltIn => None,
            SiteMusic::Inherit => self.tenant(tenant).and_then(|t| t.music),
        }
    }

    /// The language in which something is said to `dn`, or for it: its own, else that of its
    /// site, else the company's (J120).
    pub fn spoken(&self, tenant: TenantId, site: Option<SiteId>, dn: Option<Dn>) -> Spoken {
        let own = dn.and_then(|dn| self.dn_settings(tenant, dn)).and_then(|s| s.spoken);
        let site = || site.and_then(|id| self.site(id)).and_then(|s| s.spoken);
        let tenant = || self.tenant(tenant).map(|t| t.spoken);
        own.or_else(site).or_else(tenant).unwrap_or_default()
    }
}
