//! Built-in sounds: sentences, hold music, tones. Each is made at its first use, off the media
//! threads, and kept.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use mediactl::{Language, PlayerId, PromptId, ToneKind};
use rtp::{music, resample, tone};

use crate::clip::Clip;

/// All sounds of the process; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    shelf: Arc<[OnceLock<Arc<Clip>>]>,
    orders: SyncSender<PlayerId>,
}

/// Music, tones, two languages of each sentence.
const SHELF: usize = 1 + TONES.len() + 2 * PromptId::ALL.len();

/// Orders that may wait; a lost one is ordered again with the next tick.
const ORDERS: usize = 64;

const TONES: [(ToneKind, tone::Tone); 6] = [
    (ToneKind::Dial, tone::DIAL),
    (ToneKind::SecondDial, tone::SECOND_DIAL),
    (ToneKind::Ringback, tone::RINGBACK),
    (ToneKind::Busy, tone::BUSY),
    (ToneKind::CallWaiting, tone::CALL_WAITING),
    (ToneKind::Refusal, tone::REFUSAL),
];

impl Library {
    /// An empty shelf, and the workshop to run on a thread of its own.
    pub(crate) fn new() -> (Self, Workshop) {
        let shelf: Arc<[_]> = (0..SHELF).map(|_| OnceLock::new()).collect();
        let (orders, incoming) = sync_channel(ORDERS);
        (Self { shelf: shelf.clone(), orders }, Workshop { shelf, incoming })
    }

    /// The sound; `None` while it is being made. Never blocks.
    pub(crate) fn clip(&self, what: PlayerId) -> Option<Arc<Clip>> {
        let slot = self.shelf.get(place(what))?;
        if slot.get().is_none() {
            // A full queue already holds what others wait for.
            let _ = self.orders.try_send(what);
        }
        slot.get().cloned()
    }
}

/// Makes sounds on order until the last [`Library`] is gone.
pub(crate) struct Workshop {
    shelf: Arc<[OnceLock<Arc<Clip>>]>,
    incoming: Receiver<PlayerId>,
}

impl Workshop {
    pub(crate) fn run(self) {
        while let Ok(what) = self.incoming.recv() {
            if let Some(slot) = self.shelf.get(place(what)) {
                slot.get_or_init(|| Arc::new(make(what)));
            }
        }
    }
}

fn place(what: PlayerId) -> usize {
    match what {
        PlayerId::HoldMusic => 0,
        PlayerId::Tone(kind) => 1 + TONES.iter().position(|t| t.0 == kind).unwrap_or_default(),
        PlayerId::Prompt { id, language } => {
            let at = PromptId::ALL.iter().position(|p| *p == id).unwrap_or_default();
            1 + TONES.len() + 2 * at + usize::from(language == Language::En)
        }
    }
}

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

/// The files, in the order of [`PromptId::ALL`]; Japanese and English.
macro_rules! sentences {
    ($($id:ident = $name:literal),+ $(,)?) => {
        pub(crate) fn wav(id: PromptId, language: Language) -> &'static [u8] {
            match (id, language) {
                $(
                    (PromptId::$id, Language::Ja) => {
                        include_bytes!(concat!("../prompts/ja/", $name, ".wav"))
                    }
                    (PromptId::$id, Language::En) => {
                        include_bytes!(concat!("../prompts/en/", $name, ".wav"))
                    }
                )+
            }
        }
    };
}

sentences! {
    NumberNotInUse = "number-not-in-use",
    CannotBeReached = "cannot-be-reached",
    NoAnswer = "no-answer",
    Busy = "busy",
    CallRefused = "call-refused",
    ForwardDenied = "forward-denied",
    Congestion = "congestion",
    EchoIntro = "echo-intro",
    TestBusy = "test-busy",
    TestMusic = "test-music",
}
