//! Own words and tones as JSON (R319).

use app::service::Problem;
use base::Uuid;
use base::id::SoundId;
use model::{Phrase, Spoken, Worded};
use serde::{Deserialize, Serialize};

use super::{LANGUAGES, Reader, SPOKEN, word_of};
use crate::api::shape::{Kind, Shape, may, must};

/// Names of all places of use, in order.
const PHRASES: &[&str] = &{
    let mut out = [""; Phrase::ALL.len()];
    let mut at = 0;
    while at < out.len() {
        out[at] = Phrase::ALL[at].name();
        at += 1;
    }
    out
};

const SHAPE: &Shape = &Shape {
    name: "Worded",
    about: "What is heard at a place of use instead of the standard sentence or tone.",
    fields: &[
        must("phrase", Kind::OneOf(PHRASES), "The place of use."),
        may(
            "language",
            Kind::Null(&Kind::OneOf(LANGUAGES)),
            "Who hears it; null, the default, = whoever has no entry of the own language. Tones \
             have none.",
        ),
        may(
            "sound",
            Kind::Null(&Kind::Id),
            "The sound; null, the default, = the standard, at a site whatever the company has.",
        ),
    ],
};

/// The form of a set.
pub(super) const KIND: Kind = Kind::List(&Kind::Object(SHAPE), Worded::MAX as u32);

/// An entry as JSON.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct WordedTwin {
    phrase: String,
    language: Option<String>,
    sound: Option<String>,
}

impl WordedTwin {
    pub(super) fn all(set: &[Worded]) -> Vec<Self> {
        let one = |worded: &Worded| WordedTwin {
            phrase: worded.phrase.name().to_owned(),
            language: worded.spoken.map(|s| word_of(&SPOKEN, &s)),
            sound: worded.sound.map(|id| id.to_string()),
        };
        set.iter().map(one).collect()
    }
}

/// The set of these entries.
pub(super) fn read(reader: &mut Reader, entries: &[WordedTwin]) -> Box<[Worded]> {
    let mut set = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let Some(phrase) = Phrase::of_name(&entry.phrase) else {
            let field = format!("wording.{at}.phrase");
            reader.fail(Problem::new(211, &field, "").saying("api-missing"));
            continue;
        };
        let spoken = entry.language.as_deref();
        let spoken: Option<Spoken> = spoken.map(|word| reader.word(&SPOKEN, word));
        let sound = entry.sound.as_deref().and_then(Uuid::parse).map(SoundId);
        set.push(Worded { phrase, spoken, sound });
    }
    set.into()
}
