//! Uploaded sounds: what the portal takes becomes files of the media plane (R319).

use std::io;
use std::path::Path;

use app::service::sound::{self, SoundError, SoundFiles};
use base::id::SoundId;
use media::{Files, ImportError, SoundUse};
use mediactl::FileId;
use model::Sound;

/// The folder of the media plane.
pub(crate) struct Sounds(Files);

impl Sounds {
    pub(crate) fn new(folder: &Path) -> Self {
        Sounds(Files::new(folder))
    }
}

fn file(id: SoundId) -> FileId {
    FileId::Sound(Sound::file(id))
}

impl SoundFiles for Sounds {
    fn import(
        &self,
        id: SoundId,
        purpose: sound::SoundUse,
        bytes: &[u8],
    ) -> Result<u32, SoundError> {
        let purpose = match purpose {
            sound::SoundUse::Music => SoundUse::Music,
            sound::SoundUse::Announcement => SoundUse::Announcement,
        };
        let imported = media::import(bytes, purpose, &self.0, Sound::file(id));
        imported.map(|sound| sound.duration_ms.max(1)).map_err(|error| match error {
            ImportError::TooBig => SoundError::TooBig,
            ImportError::TooLong => SoundError::TooLong,
            ImportError::Format => SoundError::Format,
            ImportError::Broken => SoundError::Broken,
            ImportError::Silent => SoundError::Silent,
            ImportError::Exists | ImportError::Storage(_) => {
                tracing::error!(%error, "sound not stored");
                SoundError::Storage
            }
        })
    }

    fn read(&self, id: SoundId) -> io::Result<Vec<u8>> {
        self.0.read(file(id))
    }

    fn delete(&self, id: SoundId) -> io::Result<()> {
        self.0.delete(file(id))
    }
}
