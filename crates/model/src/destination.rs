//! Where a forward or an overflow leads (R060, R273).

use base::id::SoundId;
use base::{Dn, Uuid};

/// Destination of a forward or overflow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// An extension, pilot or department. Whether the number exists is seen when a call comes:
    /// numbers may be deleted while others forward to them.
    Dn(Dn),
    /// The own mailbox (R259).
    Voicemail,
    /// An outside number as dialled, 1–32 digits; allowed by the site's policy (R063).
    Outside(Box<str>),
    /// An announcement, then the call ends: an own sound, or the standard sentence. At most 30 s
    /// of it are heard.
    Announcement(Option<SoundId>),
}

impl Destination {
    /// An outside number; `None` unless it has 1–32 digits.
    pub fn outside(digits: &str) -> Option<Self> {
        is_outside(digits).then(|| Destination::Outside(digits.into()))
    }

    /// Whether its digits have the right shape.
    pub fn is_lawful(&self) -> bool {
        match self {
            Destination::Dn(_) | Destination::Voicemail | Destination::Announcement(_) => true,
            Destination::Outside(digits) => is_outside(digits),
        }
    }

    /// The sound that it plays.
    pub(crate) fn sound(&self) -> Option<SoundId> {
        match self {
            Destination::Announcement(sound) => *sound,
            Destination::Dn(_) | Destination::Voicemail | Destination::Outside(_) => None,
        }
    }

    /// Stable text for stores and byte forms: `dn:2001`, `voicemail`, `outside:0312345678`,
    /// `announcement`, `announcement:` with the id of a sound.
    pub fn text(&self) -> String {
        match self {
            Destination::Dn(dn) => format!("dn:{dn}"),
            Destination::Voicemail => "voicemail".to_owned(),
            Destination::Outside(digits) => format!("outside:{digits}"),
            Destination::Announcement(None) => "announcement".to_owned(),
            Destination::Announcement(Some(id)) => format!("announcement:{id}"),
        }
    }

    /// Reads what [`Destination::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("dn", digits)) => Dn::parse(digits).ok().map(Destination::Dn),
            Some(("outside", digits)) => Destination::outside(digits),
            Some(("announcement", id)) => {
                let id = Uuid::parse(id).filter(|_| id.len() == 36)?;
                Some(Destination::Announcement(Some(SoundId(id))))
            }
            None if text == "announcement" => Some(Destination::Announcement(None)),
            _ => (text == "voicemail").then_some(Destination::Voicemail),
        }
    }
}

fn is_outside(digits: &str) -> bool {
    (1..=base::limits::DIALED_MAX).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// 転送 of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Forward {
    /// In force when set.
    pub to: Option<Destination>,
    /// What set-by-code without digits switches on again (R263): the last `to`.
    pub last: Option<Destination>,
}

impl Forward {
    /// In force to `destination`.
    pub fn on(destination: Destination) -> Self {
        Forward { to: Some(destination.clone()), last: Some(destination) }
    }

    /// Out of force, the last destination remembered.
    #[must_use]
    pub fn off(self) -> Self {
        Forward { last: self.to.or(self.last), to: None }
    }

    /// In force to the last destination; `None` when there was none.
    pub fn again(&self) -> Option<Self> {
        self.to.as_ref().or(self.last.as_ref()).cloned().map(Forward::on)
    }

    /// The sounds that it plays, or would play again.
    pub(crate) fn sounds(&self) -> impl Iterator<Item = SoundId> {
        self.to.iter().chain(&self.last).filter_map(Destination::sound)
    }

    /// Whether all digits have the right shape.
    pub(crate) fn is_lawful(&self) -> bool {
        self.to.iter().chain(&self.last).all(Destination::is_lawful)
    }
}
