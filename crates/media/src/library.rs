//! Sounds to play: sentences, hold music, tones, and files. Each is made or read at its first
//! use, off the media threads. Built-in ones are kept, files as long as somebody hears them.

use std::collections::HashMap;
use std::fs::Metadata;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock, Weak};
use std::time::SystemTime;

use mediactl::{FileId, Language, PlayerId, PromptId, ToneKind};
use rtp::{music, resample, tone};

use crate::Files;
use crate::clip::Clip;
use crate::sentences::wav;

/// All sounds of the process; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    shelf: Arc<[OnceLock<Arc<Clip>>]>,
    orders: SyncSender<Order>,
}

/// Where a file that was asked for arrives; `None` in it = it is missing.
pub(crate) type Slot = Arc<OnceLock<Option<Arc<Clip>>>>;

/// What the library has.
pub(crate) enum Found {
    Ready(Arc<Clip>),
    /// It is being made.
    Soon,
    /// There is no such file.
    Missing,
}

enum Order {
    BuiltIn(PlayerId),
    File(FileId, Slot),
}

/// Music, tones, two languages of each sentence.
const SHELF: usize = 1 + TONES.len() + 2 * PromptId::ALL.len();

/// Orders that may wait; a lost one is ordered again with the next tick.
const ORDERS: usize = 256;

const TONES: [(ToneKind, tone::Tone); 11] = [
    (ToneKind::Dial, tone::DIAL),
    (ToneKind::SecondDial, tone::SECOND_DIAL),
    (ToneKind::Ringback, tone::RINGBACK),
    (ToneKind::Busy, tone::BUSY),
    (ToneKind::CallWaiting, tone::CALL_WAITING),
    (ToneKind::Refusal, tone::REFUSAL),
    (ToneKind::Confirmation, tone::CONFIRMATION),
    (ToneKind::Error, tone::ERROR),
    (ToneKind::Record, tone::RECORD),
    (ToneKind::Beep, tone::BEEP),
    (ToneKind::Hold, tone::HOLD),
];

impl Library {
    /// An empty shelf, and the workshop to run on a thread of its own.
    pub(crate) fn new(files: Option<Files>) -> (Self, Workshop) {
        let shelf: Arc<[_]> = (0..SHELF).map(|_| OnceLock::new()).collect();
        let (orders, incoming) = sync_channel(ORDERS);
        let workshop = Workshop { shelf: shelf.clone(), incoming, files, read: HashMap::new() };
        (Self { shelf, orders }, workshop)
    }

    /// The sound. `slot` is the caller's memory of a file that it waits for. Never blocks.
    pub(crate) fn clip(&self, what: PlayerId, slot: &mut Option<Slot>) -> Found {
        let file = match what {
            PlayerId::File(file) => file,
            PlayerId::Music(number) => FileId::Sound(number),
            _ => {
                let clip = place(what).and_then(|at| self.built_in(what, at));
                return clip.map_or(Found::Soon, Found::Ready);
            }
        };
        let Some(waiting) = slot else {
            let fresh = Slot::default();
            if self.orders.try_send(Order::File(file, fresh.clone())).is_ok() {
                *slot = Some(fresh);
            }
            return Found::Soon;
        };
        match waiting.get() {
            None => Found::Soon,
            Some(None) => Found::Missing,
            Some(Some(clip)) => Found::Ready(clip.clone()),
        }
    }

    /// Whether a built-in sound is there; one that is not is ordered.
    pub(crate) fn is_ready(&self, what: PlayerId) -> bool {
        place(what).is_some_and(|at| self.built_in(what, at).is_some())
    }

    fn built_in(&self, what: PlayerId, at: usize) -> Option<Arc<Clip>> {
        let slot = self.shelf.get(at)?;
        if slot.get().is_none() {
            // A full queue already holds what others wait for.
            let _ = self.orders.try_send(Order::BuiltIn(what));
        }
        slot.get().cloned()
    }
}

/// Makes and reads sounds on order until the last [`Library`] is gone.
pub(crate) struct Workshop {
    shelf: Arc<[OnceLock<Arc<Clip>>]>,
    incoming: Receiver<Order>,
    files: Option<Files>,
    read: HashMap<FileId, Kept>,
}

/// A file that somebody may still hear, and how it looked when it was read.
struct Kept {
    clip: Weak<Clip>,
    len: u64,
    changed: Option<SystemTime>,
}

/// Entries of files that nobody hears are removed when there are more than this.
const KEPT_MAX: usize = 256;

impl Workshop {
    pub(crate) fn run(mut self) {
        while let Ok(order) = self.incoming.recv() {
            match order {
                Order::BuiltIn(what) => {
                    if let Some(slot) = place(what).and_then(|at| self.shelf.get(at)) {
                        slot.get_or_init(|| Arc::new(make(what)));
                    }
                }
                Order::File(file, slot) => {
                    let _ = slot.set(self.file(file));
                }
            }
        }
    }

    /// A file, shared with those who hear it already unless it has changed since.
    fn file(&mut self, file: FileId) -> Option<Arc<Clip>> {
        let files = self.files.as_ref()?;
        let meta = std::fs::metadata(files.path(file)).ok()?;
        let kept = self.read.get(&file).filter(|kept| kept.is(&meta));
        if let Some(clip) = kept.and_then(|kept| kept.clip.upgrade()) {
            return Some(clip);
        }
        let bytes = files.read(file).ok()?;
        let Some((law, octets)) = crate::wav::parse(&bytes) else {
            tracing::warn!(?file, "sound file cannot be read");
            return None;
        };
        let clip = Arc::new(Clip::coded(law, octets));
        if self.read.len() >= KEPT_MAX {
            self.read.retain(|_, kept| kept.clip.strong_count() > 0);
        }
        let (len, changed) = (meta.len(), meta.modified().ok());
        self.read.insert(file, Kept { clip: Arc::downgrade(&clip), len, changed });
        Some(clip)
    }
}

impl Kept {
    fn is(&self, meta: &Metadata) -> bool {
        self.len == meta.len() && self.changed == meta.modified().ok()
    }
}

/// Where a built-in sound stands.
fn place(what: PlayerId) -> Option<usize> {
    match what {
        PlayerId::HoldMusic => Some(0),
        PlayerId::Tone(kind) => Some(1 + TONES.iter().position(|t| t.0 == kind)?),
        PlayerId::Prompt { id, language } => {
            let at = PromptId::ALL.iter().position(|p| *p == id)?;
            Some(1 + TONES.len() + 2 * at + usize::from(language == Language::En))
        }
        PlayerId::Words(_) | PlayerId::File(_) | PlayerId::Music(_) => None,
    }
}

/// Makes a built-in sound; silence for what is none.
pub(crate) fn make(what: PlayerId) -> Clip {
    match what {
        PlayerId::HoldMusic => Clip::new(&music::render(), 0),
        PlayerId::Tone(kind) => {
            let tone = TONES.iter().find(|t| t.0 == kind).map_or(tone::BUSY, |t| t.1);
            let mut samples = tone::render(tone.intro);
            let intro = samples.len();
            samples.extend(tone::render(tone.cycle));
            Clip::new(&samples, intro)
        }
        PlayerId::Prompt { id, language } => {
            let samples = sentence(wav(id, language)).unwrap_or_else(|| {
                // A missing sound never ends a call (J120): silence, and a line in the log.
                tracing::warn!(prompt = id.name(), ?language, "sentence cannot be read");
                vec![0; 16_000]
            });
            Clip::new(&samples, 0)
        }
        PlayerId::Words(_) | PlayerId::File(_) | PlayerId::Music(_) => Clip::new(&[], 0),
    }
}

/// The samples of a sentence at 8 kHz.
fn sentence(wav: &[u8]) -> Option<Vec<i16>> {
    let mut reader = hound::WavReader::new(wav).ok()?;
    let spec = reader.spec();
    if spec.channels != 1 || spec.bits_per_sample != 16 {
        return None;
    }
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().ok()?;
    match spec.sample_rate {
        16_000 => Some(resample::halve(&samples)),
        8_000 => Some(samples),
        _ => None,
    }
}
