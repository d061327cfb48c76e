//! A company's own words and tones in place of the built-in ones (R319, group G): one set per
//! company, which each site may change.
//!
//! A sentence is named as it is in the prompts of the media plane. What an emergency call hears,
//! and words that are parts of longer sentences, such as digits, cannot be replaced.

use base::id::{SiteId, SoundId, TenantId, Uuid};

use crate::{Snapshot, Spoken};

/// Declares the places of use: name of the variant, its stable name.
macro_rules! phrases {
    ($($id:ident = $name:literal,)+) => {
        /// A place of use: a sentence that is said, or a tone. Each variant is the sentence, or
        /// behind `Tone` the tone, of that name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names say it; the table of the guide has the words")]
        pub enum Phrase {
            $($id,)+
        }

        impl Phrase {
            /// Every place of use.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$id),+];

            /// Stable name for files, stores and programs, for example `no-answer`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$id => $name,)+
                }
            }
        }
    };
}

phrases! {
    NumberNotInUse = "number-not-in-use",
    CannotBeReached = "cannot-be-reached",
    NoAnswer = "no-answer",
    CallRefused = "call-refused",
    ForwardDenied = "forward-denied",
    ReasonNoRights = "reason-no-rights",
    NumberBarred = "number-barred",
    CannotSet = "cannot-set",
    ReasonUnused = "reason-unused",
    ReasonOutside = "reason-outside",
    ReasonOwnNumber = "reason-own-number",
    NothingSet = "nothing-set",
    NightSet = "night-set",
    DaySet = "day-set",
    AutomaticHours = "automatic-hours",
    Greeting = "greeting",
    OneNewMessage = "one-new-message",
    NoMessages = "no-messages",
    NoMoreMessages = "no-more-messages",
    MessageSaved = "message-saved",
    MessageDeleted = "message-deleted",
    VoicemailHelp = "voicemail-help",
    CallerUnknown = "caller-unknown",
    RecordGreeting = "record-greeting",
    GreetingSaved = "greeting-saved",
    GreetingStandard = "greeting-standard",
    EnterPin = "enter-pin",
    WrongPin = "wrong-pin",
    EnterExtension = "enter-extension",
    LoggedIn = "logged-in",
    LoggedOut = "logged-out",
    BoxFull = "box-full",
    CannotRecord = "cannot-record",
    LoginWrong = "login-wrong",
    LoginLocked = "login-locked",
    LoginFull = "login-full",
    ToneSecondDial = "tone-second-dial",
    ToneRingback = "tone-ringback",
    ToneBusy = "tone-busy",
    ToneConfirmation = "tone-confirmation",
    ToneError = "tone-error",
    ToneRecord = "tone-record",
    ToneBeep = "tone-beep",
    NothingToTake = "nothing-to-take",
}

impl Phrase {
    /// From its stable name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phrase| phrase.name() == name)
    }

    /// Whether it is a tone, which has no language.
    pub fn is_tone(self) -> bool {
        self.name().starts_with("tone-")
    }
}

/// What is heard at one place of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Worded {
    /// Where.
    pub phrase: Phrase,
    /// To whom: those who hear this language; `None` = to all for whom the same set has nothing
    /// in their own. A tone has none.
    pub spoken: Option<Spoken>,
    /// The own sound; `None` = the standard, at a site whatever the company has.
    pub sound: Option<SoundId>,
}

impl Worded {
    /// Most entries of one set: each place in each language and in none.
    pub const MAX: usize = 3 * Phrase::ALL.len();
}

/// The entry of a set for who hears that language; `None` = the set says nothing of it.
fn entry(set: &[Worded], phrase: Phrase, spoken: Option<Spoken>) -> Option<Worded> {
    let of = |spoken| set.iter().find(|w| w.phrase == phrase && w.spoken == spoken).copied();
    spoken.and_then(|own| of(Some(own))).or_else(|| of(None))
}

/// A set as text: place, `/` and the language if there is one, `=`, and the sound's id or
/// `standard`; entries parted by spaces.
pub fn text(set: &[Worded]) -> String {
    let one = |worded: &Worded| {
        let language = worded.spoken.map(|spoken| format!("/{}", spoken.name()));
        let language = language.unwrap_or_default();
        let sound = worded.sound.map_or_else(|| "standard".to_owned(), |id| id.to_string());
        format!("{}{language}={sound}", worded.phrase.name())
    };
    set.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads what [`text`] wrote; at most [`Worded::MAX`] entries. Places that are not known any more
/// are left out.
pub fn parse(text: &str) -> Option<Box<[Worded]>> {
    let mut out = Vec::new();
    for part in text.split_ascii_whitespace() {
        let (place, sound) = part.split_once('=')?;
        let (name, language) = place.split_once('/').map_or((place, None), |(n, l)| (n, Some(l)));
        let spoken = match language {
            None => None,
            Some(word) => Some(Spoken::ALL.into_iter().find(|spoken| spoken.name() == word)?),
        };
        let sound = match sound {
            "standard" => None,
            id => Some(SoundId(Uuid::parse(id)?)),
        };
        out.extend(Phrase::of_name(name).map(|phrase| Worded { phrase, spoken, sound }));
    }
    (out.len() <= Worded::MAX).then(|| out.into())
}

impl Snapshot {
    /// The own sound at a place of use, for somebody of `site` who hears `spoken`: that of the
    /// site, else the company's; `None` = the standard.
    pub fn own_words(
        &self,
        tenant: TenantId,
        site: Option<SiteId>,
        (phrase, spoken): (Phrase, Option<Spoken>),
    ) -> Option<SoundId> {
        let site = site.and_then(|id| self.site(id)).filter(|s| s.tenant == tenant);
        let of_site = site.and_then(|s| entry(&s.wording, phrase, spoken));
        let of_tenant = || entry(&self.tenant(tenant)?.wording, phrase, spoken);
        of_site.or_else(of_tenant)?.sound
    }
}
