//! The built-in sentences and words. The text of each is in `crates/media/prompts/prompts.toml`.

use crate::Language;

/// Declares the sentences: document, name of the variant, id in `prompts.toml`.
macro_rules! prompts {
    ($($(#[$doc:meta])+ $id:ident = $name:literal,)+) => {
        /// A built-in sentence, or a word that is said between others.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum PromptId {
            $($(#[$doc])+ $id,)+
        }

        impl PromptId {
            /// All, in the order of their wire numbers.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$id),+];

            /// The id in `prompts.toml`, also the name of the file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$id => $name,)+
                }
            }
        }
    };
}

prompts! {
    /// The number dialled is not in use.
    NumberNotInUse = "number-not-in-use",
    /// The telephone is out of reach or switched off (圏外).
    CannotBeReached = "cannot-be-reached",
    /// Nobody answers.
    NoAnswer = "no-answer",
    /// The other party is on the telephone.
    Busy = "busy",
    /// The other party does not take the call.
    CallRefused = "call-refused",
    /// The forwarding destination does not take the call.
    ForwardDenied = "forward-denied",
    /// The lines are crowded.
    Congestion = "congestion",
    /// What the echo test does.
    EchoIntro = "echo-intro",
    /// What the busy test does.
    TestBusy = "test-busy",
    /// What the music test does.
    TestMusic = "test-music",
    /// 無条件転送; a state follows.
    ForwardAll = "forward-all",
    /// 話中転送; a state follows.
    ForwardBusy = "forward-busy",
    /// 応答遅延転送; a state follows.
    ForwardNoAnswer = "forward-no-answer",
    /// 圏外転送; a state follows.
    ForwardUnregistered = "forward-unregistered",
    /// 留守番電話; a state follows.
    Voicemail = "voicemail",
    /// 着信拒否; a state follows.
    DoNotDisturb = "do-not-disturb",
    /// …を設定しました: what was named before is on from now on.
    HasBeenSet = "has-been-set",
    /// …を解除しました: what was named before is off from now on.
    HasBeenCleared = "has-been-cleared",
    /// …が設定されています: what was named before is on.
    IsSet = "is-set",
    /// Nothing is set.
    NothingSet = "nothing-set",
    /// It cannot be set; a reason may follow.
    CannotSet = "cannot-set",
    /// The destination's number is not in use.
    ReasonUnused = "reason-unused",
    /// Forwarding to the outside is not allowed.
    ReasonOutside = "reason-outside",
    /// One's own number cannot be the destination.
    ReasonOwnNumber = "reason-own-number",
    /// This telephone may not do that.
    ReasonNoRights = "reason-no-rights",
    /// 転送先は; digits or a place follow.
    DestinationIs = "destination-is",
    /// です behind a number; nothing in English.
    SentenceEnd = "sentence-end",
    /// The hours are switched to night by hand.
    NightSet = "night-set",
    /// The hours are switched to day by hand.
    DaySet = "day-set",
    /// The hours follow the calendar again.
    AutomaticHours = "automatic-hours",
    /// Standard greeting of a voicemail box; the tone follows.
    Greeting = "greeting",
    /// One new message.
    OneNewMessage = "one-new-message",
    /// The number of new messages follows, then [`PromptId::NewMessages`].
    YouHave = "you-have",
    /// …件です, behind the number of new messages.
    NewMessages = "new-messages",
    /// There are no messages.
    NoMessages = "no-messages",
    /// That was the last message.
    NoMoreMessages = "no-more-messages",
    /// The message was kept.
    MessageSaved = "message-saved",
    /// The message was deleted.
    MessageDeleted = "message-deleted",
    /// The keys of the voicemail box.
    VoicemailHelp = "voicemail-help",
    /// The caller's number follows.
    CallerIs = "caller-is",
    /// The caller's number is not known.
    CallerUnknown = "caller-unknown",
    /// The time at which the message came follows.
    ReceivedAt = "received-at",
    /// Month of a date.
    Month = "month",
    /// Day of a date.
    Day = "day",
    /// Hour of a time.
    Hour = "hour",
    /// Minute of a time.
    Minute = "minute",
    /// The greeting is recorded after the tone.
    RecordGreeting = "record-greeting",
    /// The greeting was stored.
    GreetingSaved = "greeting-saved",
    /// The standard greeting is in use again.
    GreetingStandard = "greeting-standard",
    /// Once more, please.
    Again = "again",
    /// The PIN, then `#`.
    EnterPin = "enter-pin",
    /// The PIN is wrong.
    WrongPin = "wrong-pin",
    /// The extension number, then `#`.
    EnterExtension = "enter-extension",
    /// This telephone is logged in.
    LoggedIn = "logged-in",
    /// This telephone is logged out.
    LoggedOut = "logged-out",
    /// The box is full.
    BoxFull = "box-full",
    /// Nothing can be recorded at present.
    CannotRecord = "cannot-record",
    /// The number of the park slot follows.
    ParkNumberIs = "park-number-is",
    /// Nothing rings that could be picked up, or nothing is parked there.
    NothingToPickUp = "nothing-to-pick-up",
    /// Key `*`.
    Star = "star",
    /// Key `#`.
    Hash = "hash",
    /// Digit or number.
    N0 = "n0",
    /// Digit or number.
    N1 = "n1",
    /// Digit or number.
    N2 = "n2",
    /// Digit or number.
    N3 = "n3",
    /// Digit or number.
    N4 = "n4",
    /// Digit or number.
    N5 = "n5",
    /// Digit or number.
    N6 = "n6",
    /// Digit or number.
    N7 = "n7",
    /// Digit or number.
    N8 = "n8",
    /// Digit or number.
    N9 = "n9",
    /// Number.
    N10 = "n10",
    /// Number.
    N11 = "n11",
    /// Number.
    N12 = "n12",
    /// Number.
    N13 = "n13",
    /// Number.
    N14 = "n14",
    /// Number.
    N15 = "n15",
    /// Number.
    N16 = "n16",
    /// Number.
    N17 = "n17",
    /// Number.
    N18 = "n18",
    /// Number.
    N19 = "n19",
    /// Number, alone or before a digit.
    N20 = "n20",
    /// Number, alone or before a digit.
    N30 = "n30",
    /// Number, alone or before a digit.
    N40 = "n40",
    /// Number, alone or before a digit.
    N50 = "n50",
    /// Number, alone or before a digit.
    N60 = "n60",
    /// Number, alone or before a digit.
    N70 = "n70",
    /// Number, alone or before a digit.
    N80 = "n80",
    /// Number, alone or before a digit.
    N90 = "n90",
    /// Number, alone or before lower ones.
    N100 = "n100",
    /// Number, alone or before lower ones.
    N200 = "n200",
    /// Number, alone or before lower ones.
    N300 = "n300",
    /// Number, alone or before lower ones.
    N400 = "n400",
    /// Number, alone or before lower ones.
    N500 = "n500",
    /// Number, alone or before lower ones.
    N600 = "n600",
    /// Number, alone or before lower ones.
    N700 = "n700",
    /// Number, alone or before lower ones.
    N800 = "n800",
    /// Number, alone or before lower ones.
    N900 = "n900",
    /// Number, alone or before lower ones.
    N1000 = "n1000",
    /// Extension or PIN is wrong; which of them is not told.
    LoginWrong = "login-wrong",
    /// Nobody can log in for a while, after too many wrong PINs.
    LoginLocked = "login-locked",
    /// The person is logged in to as many telephones as one may.
    LoginFull = "login-full",
    /// There is no line here for an emergency call; from where to call.
    NoEmergencyLine = "no-emergency-line",
    /// The line was needed for an emergency call; at most 5 s.
    LinePreempted = "line-preempted",
    /// The number is barred for this telephone (発信規制).
    NumberBarred = "number-barred",
    /// There is no call to pick up or to retrieve.
    NothingToTake = "nothing-to-take",
}

/// Below twenty each number has a word of its own.
const SMALL: [PromptId; 20] = [
    PromptId::N0,
    PromptId::N1,
    PromptId::N2,
    PromptId::N3,
    PromptId::N4,
    PromptId::N5,
    PromptId::N6,
    PromptId::N7,
    PromptId::N8,
    PromptId::N9,
    PromptId::N10,
    PromptId::N11,
    PromptId::N12,
    PromptId::N13,
    PromptId::N14,
    PromptId::N15,
    PromptId::N16,
    PromptId::N17,
    PromptId::N18,
    PromptId::N19,
];

const TENS: [PromptId; 8] = [
    PromptId::N20,
    PromptId::N30,
    PromptId::N40,
    PromptId::N50,
    PromptId::N60,
    PromptId::N70,
    PromptId::N80,
    PromptId::N90,
];

const HUNDREDS: [PromptId; 10] = [
    PromptId::N100,
    PromptId::N200,
    PromptId::N300,
    PromptId::N400,
    PromptId::N500,
    PromptId::N600,
    PromptId::N700,
    PromptId::N800,
    PromptId::N900,
    PromptId::N1000,
];

impl PromptId {
    /// From the id in `prompts.toml`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.name() == name)
    }

    /// The key with that character: `0`–`9`, `*`, `#`.
    pub fn key(c: char) -> Option<Self> {
        match c {
            '*' => Some(Self::Star),
            '#' => Some(Self::Hash),
            digit => SMALL.get(digit.to_digit(10)? as usize).copied(),
        }
    }

    /// The words of a number up to 1,099, in the order in which both languages say them; of
    /// larger ones, 1,099.
    pub fn number(n: u16) -> impl Iterator<Item = Self> {
        let n = usize::from(n.min(1_099));
        let hundreds = (n / 100).checked_sub(1).and_then(|at| HUNDREDS.get(at));
        let rest = n % 100;
        let tens = (rest / 10).checked_sub(2).and_then(|at| TENS.get(at));
        let small = if tens.is_some() { rest % 10 } else { rest };
        let silent = small == 0 && (tens.is_some() || hundreds.is_some());
        let small = SMALL.get(small).filter(|_| !silent);
        [hundreds, tens, small].into_iter().flatten().copied()
    }

    pub(crate) fn wire_number(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_wire_number(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n)).copied()
    }

    /// Whether it says anything in that language: a particle may have no counterpart.
    pub fn is_said_in(self, language: Language) -> bool {
        !(self == Self::SentenceEnd && language == Language::En)
    }
}
