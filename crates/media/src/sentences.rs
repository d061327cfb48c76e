//! The files of the built-in sentences, embedded.

use mediactl::{Language, PromptId};

/// Declares the files, in the order of [`PromptId::ALL`]; Japanese and English.
macro_rules! sentences {
    ($($id:ident = $name:literal),+ $(,)?) => {
        /// The file of a sentence: RIFF/WAVE, 16 kHz, 16 bit.
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
    ForwardAll = "forward-all",
    ForwardBusy = "forward-busy",
    ForwardNoAnswer = "forward-no-answer",
    ForwardUnregistered = "forward-unregistered",
    Voicemail = "voicemail",
    DoNotDisturb = "do-not-disturb",
    HasBeenSet = "has-been-set",
    HasBeenCleared = "has-been-cleared",
    IsSet = "is-set",
    NothingSet = "nothing-set",
    CannotSet = "cannot-set",
    ReasonUnused = "reason-unused",
    ReasonOutside = "reason-outside",
    ReasonOwnNumber = "reason-own-number",
    ReasonNoRights = "reason-no-rights",
    DestinationIs = "destination-is",
    SentenceEnd = "sentence-end",
    NightSet = "night-set",
    DaySet = "day-set",
    AutomaticHours = "automatic-hours",
    Greeting = "greeting",
    OneNewMessage = "one-new-message",
    YouHave = "you-have",
    NewMessages = "new-messages",
    NoMessages = "no-messages",
    NoMoreMessages = "no-more-messages",
    MessageSaved = "message-saved",
    MessageDeleted = "message-deleted",
    VoicemailHelp = "voicemail-help",
    CallerIs = "caller-is",
    CallerUnknown = "caller-unknown",
    ReceivedAt = "received-at",
    Month = "month",
    Day = "day",
    Hour = "hour",
    Minute = "minute",
    RecordGreeting = "record-greeting",
    GreetingSaved = "greeting-saved",
    GreetingStandard = "greeting-standard",
    Again = "again",
    EnterPin = "enter-pin",
    WrongPin = "wrong-pin",
    EnterExtension = "enter-extension",
    LoggedIn = "logged-in",
    LoggedOut = "logged-out",
    BoxFull = "box-full",
    CannotRecord = "cannot-record",
    ParkNumberIs = "park-number-is",
    NothingToPickUp = "nothing-to-pick-up",
    Star = "star",
    Hash = "hash",
    N0 = "n0",
    N1 = "n1",
    N2 = "n2",
    N3 = "n3",
    N4 = "n4",
    N5 = "n5",
    N6 = "n6",
    N7 = "n7",
    N8 = "n8",
    N9 = "n9",
    N10 = "n10",
    N11 = "n11",
    N12 = "n12",
    N13 = "n13",
    N14 = "n14",
    N15 = "n15",
    N16 = "n16",
    N17 = "n17",
    N18 = "n18",
    N19 = "n19",
    N20 = "n20",
    N30 = "n30",
    N40 = "n40",
    N50 = "n50",
    N60 = "n60",
    N70 = "n70",
    N80 = "n80",
    N90 = "n90",
    N100 = "n100",
    N200 = "n200",
    N300 = "n300",
    N400 = "n400",
    N500 = "n500",
    N600 = "n600",
    N700 = "n700",
    N800 = "n800",
    N900 = "n900",
    N1000 = "n1000",
    LoginWrong = "login-wrong",
    LoginLocked = "login-locked",
    LoginFull = "login-full",
}
