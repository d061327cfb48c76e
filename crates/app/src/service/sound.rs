//! Own sounds: uploaded, renamed, heard again and removed (R319).
//!
//! The file is stored before the object and removed after it, so that whatever has an object has
//! its file; what a crash leaves without an object is removed at the next start.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use base::id::{SoundId, TenantId};
use base::limits;
use model::{Change, Snapshot, Sound};

use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::{self, Problem};
use crate::service::write::{Act, Answer, Plan, Refusal, change_answered, remove as remove_object};

/// Where the files of sounds are. Its calls block; each may take seconds.
pub trait SoundFiles: Send + Sync {
    /// Reads an uploaded file and keeps it as that sound. Gives its length in milliseconds.
    ///
    /// # Errors
    /// The rule that the file breaks; nothing is kept then.
    fn import(&self, id: SoundId, purpose: SoundUse, bytes: &[u8]) -> Result<u32, SoundError>;

    /// The sound as a RIFF/WAVE file.
    ///
    /// # Errors
    /// `NotFound`, or what the disk says.
    fn read(&self, id: SoundId) -> io::Result<Vec<u8>>;

    /// Removes the file; who hears it hears it to its end.
    ///
    /// # Errors
    /// What the disk says; a file that is not there is no error.
    fn delete(&self, id: SoundId) -> io::Result<()>;
}

/// What a sound is meant for: it decides on its loudness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundUse {
    /// Behind a conversation that rests.
    Music,
    /// Words, as loud as the built-in ones.
    Announcement,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundError {
    /// Larger than 10 MiB.
    TooBig,
    /// Longer than ten minutes.
    TooLong,
    /// Neither WAV nor MP3 nor FLAC.
    Format,
    /// It cannot be read to its end.
    Broken,
    /// Nothing is to be heard in it.
    Silent,
    /// The disk does not take it.
    Storage,
}

impl SoundError {
    /// The rule as people read it; `None` when the file is not to blame.
    pub fn problem(self) -> Option<Problem> {
        let message = match self {
            SoundError::TooBig => "api-sound-too-big",
            SoundError::TooLong => "api-sound-too-long",
            SoundError::Format => "api-sound-format",
            SoundError::Broken => "api-sound-broken",
            SoundError::Silent => "api-sound-silent",
            SoundError::Storage => return None,
        };
        Some(Problem::new(202, "file", "").saying(message))
    }
}

impl Noun for Sound {
    const WORD: &'static str = "sound";
    const KEY: &'static str = "id";

    fn place(&self) -> Place {
        Place::Id(self.id.0)
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.sounds(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = snapshot.sound(SoundId(key.id()?));
        found.filter(|s| s.tenant == tenant).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.name.to_string()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::SoundPut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        Removal { changes: vec![Change::SoundDelete(self.id)], ..Removal::default() }
    }
}

/// Refuses at once what would be refused after the file was read.
fn judge(snapshot: &Snapshot, draft: &Sound) -> Result<(), Refusal> {
    if snapshot.sounds(draft.tenant).count() >= limits::SOUNDS_MAX {
        let most = limits::SOUNDS_MAX.to_string();
        let full = Problem::new(236, "", &most).saying("api-sounds-full");
        return Err(Refusal::Broken(vec![full]));
    }
    let broken = model::apply(snapshot, &[Change::SoundPut(draft.clone())]).err();
    let broken = broken.unwrap_or_default();
    let problems: Vec<_> = broken.iter().map(|v| Problem::of(v, problem::field)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Broken(problems)) }
}

/// Takes an uploaded file as a sound with the id and name of `draft`; the answer, if any, is kept
/// with it.
///
/// # Errors
/// The rules that file or name break.
pub async fn upload(
    act: Act<'_>,
    files: &Arc<dyn SoundFiles>,
    (draft, purpose): (Sound, SoundUse),
    bytes: Vec<u8>,
    answer: Option<&Answer<'_, Sound>>,
) -> Result<(Arc<Snapshot>, Sound), Refusal> {
    judge(&act.store.snapshot(), &draft)?;
    let (id, reader) = (draft.id, Arc::clone(files));
    let read = tokio::task::spawn_blocking(move || reader.import(id, purpose, &bytes)).await;
    let duration_ms = match read {
        Ok(Ok(duration_ms)) => duration_ms,
        Ok(Err(error)) => {
            return Err(error.problem().map_or(Refusal::Busy, |p| Refusal::Broken(vec![p])));
        }
        Err(_) => return Err(Refusal::Broken(SoundError::Broken.problem().into_iter().collect())),
    };
    let sound = Sound { duration_ms, ..draft };
    let work = |snapshot: &Snapshot| {
        judge(snapshot, &sound)?;
        let changes = vec![Change::SoundPut(sound.clone())];
        let plan = Plan { changes, problems: Vec::new(), detail: sound.name.to_string() };
        Ok((plan, sound.clone()))
    };
    match change_answered(act, ("sound-made", problem::field), work, answer).await {
        Ok(made) => Ok(made),
        Err(refusal) => {
            drop_file(files, id).await;
            Err(refusal)
        }
    }
}

/// Removes a sound that nobody has chosen, then its file.
///
/// # Errors
/// Who has chosen it.
pub async fn remove(
    act: Act<'_>,
    files: &Arc<dyn SoundFiles>,
    key: Key<'_>,
) -> Result<Arc<Snapshot>, Refusal> {
    let snapshot = remove_object::<Sound>(act, key, false).await?;
    if let Some(id) = key.id() {
        drop_file(files, SoundId(id)).await;
    }
    Ok(snapshot)
}

async fn drop_file(files: &Arc<dyn SoundFiles>, id: SoundId) {
    let files = Arc::clone(files);
    let gone = tokio::task::spawn_blocking(move || files.delete(id)).await;
    if !matches!(gone, Ok(Ok(()))) {
        // The next start removes it.
        tracing::warn!(%id, "file of a sound could not be removed");
    }
}
