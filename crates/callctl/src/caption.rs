//! Words on the displays of telephones. They stand here and not in a catalogue of messages, since
//! a phone asks nobody for its language: it shows what the call brings.

use mediactl::Language;

/// Why a phone rings, where the caller's name alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caption {
    /// Who was transferred or held comes back (group G, case 1).
    HoldRecall,
    /// Who was parked comes back (group F, step 5).
    ParkRecall,
    /// The number of the slot in which a call was parked is to be heard (R293).
    ParkedIn,
    /// A hunting group is called (hunting, point 6); its name follows.
    Hunt,
}

impl Caption {
    pub(crate) fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Caption::HoldRecall, Language::Ja) => "保留呼び戻し",
            (Caption::HoldRecall, Language::En) => "Hold recall",
            (Caption::ParkRecall, Language::Ja) => "パーク呼び戻し",
            (Caption::ParkRecall, Language::En) => "Park recall",
            (Caption::ParkedIn, Language::Ja) => "パーク",
            (Caption::ParkedIn, Language::En) => "Parked",
            (Caption::Hunt, Language::Ja) => "代表",
            (Caption::Hunt, Language::En) => "Group",
        }
    }
}

/// Parts of a display in order, those that are empty left out.
pub(crate) fn joined(parts: &[&str]) -> String {
    let said: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
    said.join(": ")
}
