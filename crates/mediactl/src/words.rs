//! Sentences, words and tones that are said in one breath.

use crate::{Language, PlayerId, PromptId, ToneKind};

/// Up to [`Words::MAX`] pieces that are played one after the other without a gap.
///
/// What does not fit any more is left out; two playings one after the other have a gap of at most
/// 40 ms when the second is asked for at `PlayEnded`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Numbers of the wire: prompts from 0, tones from [`TONE`].
    pieces: [u8; Words::MAX],
    len: u8,
    language: Language,
}

/// The first number of a tone.
const TONE: u8 = 224;

impl Words {
    /// Most pieces: a sentence, eleven digits and what belongs to them fit well.
    pub const MAX: usize = 24;

    /// Nothing yet.
    pub fn new(language: Language) -> Self {
        Self { pieces: [0; Self::MAX], len: 0, language }
    }

    /// Then this sentence or word; particles that the language does not have are left out.
    #[must_use]
    pub fn say(self, id: PromptId) -> Self {
        if id.is_said_in(self.language) { self.push(id.wire_number()) } else { self }
    }

    /// Then one cadence of this tone.
    #[must_use]
    pub fn tone(self, kind: ToneKind) -> Self {
        self.push(TONE + kind.wire_number())
    }

    /// Then the keys of `text` one by one; other characters are left out.
    #[must_use]
    pub fn digits(self, text: &str) -> Self {
        text.chars().filter_map(PromptId::key).fold(self, Self::say)
    }

    /// Then a number, 0–1,099.
    #[must_use]
    pub fn number(self, n: u16) -> Self {
        PromptId::number(n).fold(self, Self::say)
    }

    /// Then a number of new messages as a whole sentence; 0 = there are none.
    #[must_use]
    pub fn new_messages(self, n: u16) -> Self {
        match n {
            0 => self.say(PromptId::NoMessages),
            1 => self.say(PromptId::OneNewMessage),
            n => self.say(PromptId::YouHave).number(n).say(PromptId::NewMessages),
        }
    }

    /// Then a moment, from [`PromptId::ReceivedAt`] on: month, day, hour, minute.
    #[must_use]
    pub fn received_at(self, [month, day, hour, minute]: [u8; 4]) -> Self {
        let units = [
            (month, PromptId::Month),
            (day, PromptId::Day),
            (hour, PromptId::Hour),
            (minute, PromptId::Minute),
        ];
        units.into_iter().fold(self.say(PromptId::ReceivedAt), |words, (n, unit)| {
            // A date is named before its number in English, behind it in Japanese.
            let dates = matches!(unit, PromptId::Month | PromptId::Day);
            if self.language == Language::En && dates {
                words.say(unit).number(n.into())
            } else {
                words.number(n.into()).say(unit)
            }
        })
    }

    /// How many pieces it has.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The language of its sentences.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A piece by its place.
    pub fn piece(&self, at: usize) -> Option<PlayerId> {
        let piece = *self.pieces().get(at)?;
        Some(match piece.checked_sub(TONE) {
            Some(tone) => PlayerId::Tone(ToneKind::from_wire_number(tone)?),
            None => {
                PlayerId::Prompt { id: PromptId::from_wire_number(piece)?, language: self.language }
            }
        })
    }

    /// The pieces as the wire has them.
    pub(crate) fn pieces(&self) -> &[u8] {
        self.pieces.get(..self.len()).unwrap_or_default()
    }

    /// From the wire; `None` when there are too many or one is not known.
    pub(crate) fn from_pieces(pieces: &[u8], language: Language) -> Option<Self> {
        let words = Self::new(language);
        let words = pieces.iter().fold(words, |words, piece| words.push(*piece));
        let known = words.len() == pieces.len();
        (known && (0..words.len()).all(|at| words.piece(at).is_some())).then_some(words)
    }

    fn push(mut self, piece: u8) -> Self {
        if let Some(free) = self.pieces.get_mut(usize::from(self.len)) {
            *free = piece;
            self.len += 1;
        }
        self
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |at| match self.piece(at)? {
            PlayerId::Prompt { id, .. } => Some(id.name().to_owned()),
            other => Some(format!("{other:?}")),
        };
        f.debug_list().entries((0..self.len()).filter_map(name)).finish()
    }
}
