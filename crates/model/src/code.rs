//! 特番: what is dialled or pressed to ask the exchange for something (R080–R089, R320).

use thiserror::Error;

use crate::tenant::TenantOption;

/// When the characters of a code are looked for (customer-control, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeClass {
    /// Among digits pressed during a call.
    InCall,
    /// At the end of collected digits.
    Terminator,
    /// At the beginning of what is dialled.
    Dial,
}

/// Which code, in the order of the table of R320.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeKind {
    /// 保留特番: holds the call and takes the digits of a target (R080–R082).
    Hold,
    /// ダイヤル確定特番: ends dialling at once (R084).
    DialConfirm,
    /// プッシュ音送出特番: passes push tones for this call (R087).
    PushToneSend,
    /// パーク保留特番: pressed in a call, or the target of a transfer (R075, R293).
    Park,
    /// ピックアップ特番, alone or followed by a number (R070).
    Pickup,
    /// グループピックアップ特番, followed by a group number (R071).
    GroupPickup,
    /// パーク応答, alone or followed by a slot number.
    ParkRetrieve,
    /// 無条件転送 on, alone (R263) or followed by a destination.
    ForwardAllSet,
    /// 無条件転送 off.
    ForwardAllClear,
    /// 話中転送 on.
    ForwardBusySet,
    /// 話中転送 off.
    ForwardBusyClear,
    /// 応答遅延転送 on.
    ForwardNoAnswerSet,
    /// 応答遅延転送 off.
    ForwardNoAnswerClear,
    /// 圏外転送 on.
    ForwardUnregisteredSet,
    /// 圏外転送 off.
    ForwardUnregisteredClear,
    /// 留守番 on.
    VoicemailSet,
    /// 留守番 off.
    VoicemailClear,
    /// Announces what is in force.
    ForwardQuery,
    /// 着信拒否 on, for all terminals of the person (R251).
    DoNotDisturbSet,
    /// 着信拒否 off.
    DoNotDisturbClear,
    /// Lines of the site ring as outside business hours (R300).
    Night,
    /// Lines of the site ring as in business hours.
    Day,
    /// Lines of the site follow the calendar.
    AutomaticHours,
    /// Followed by the 識別番号 of a line and a number (R303).
    LineSelect,
    /// A person logs in to this terminal (R233).
    Login,
    /// The person logs out of this terminal.
    Logout,
    /// Listens to messages (R262).
    Voicemail,
}

/// (name, default of R320, class, option) of each kind, in order.
const TABLE: [(&str, &str, CodeClass, Option<TenantOption>); CodeKind::COUNT] = {
    use CodeClass::{Dial, InCall, Terminator};
    use TenantOption as O;
    [
        ("hold", "#7", InCall, Some(O::InCallCodes)),
        ("dial-confirm", "#1", Terminator, Some(O::InCallCodes)),
        ("push-tone-send", "#9", InCall, Some(O::InCallCodes)),
        ("park", "#5", InCall, Some(O::Park)),
        ("pickup", "*55", Dial, Some(O::Pickup)),
        ("group-pickup", "*56", Dial, Some(O::Pickup)),
        ("park-retrieve", "*57", Dial, Some(O::Park)),
        ("forward-all-set", "*211", Dial, None),
        ("forward-all-clear", "*210", Dial, None),
        ("forward-busy-set", "*221", Dial, None),
        ("forward-busy-clear", "*220", Dial, None),
        ("forward-no-answer-set", "*231", Dial, None),
        ("forward-no-answer-clear", "*230", Dial, None),
        ("forward-unregistered-set", "*241", Dial, None),
        ("forward-unregistered-clear", "*240", Dial, None),
        ("voicemail-set", "*251", Dial, Some(O::Voicemail)),
        ("voicemail-clear", "*250", Dial, Some(O::Voicemail)),
        ("forward-query", "*29", Dial, None),
        ("do-not-disturb-set", "*261", Dial, None),
        ("do-not-disturb-clear", "*260", Dial, None),
        ("night", "*281", Dial, None),
        ("day", "*280", Dial, None),
        ("automatic-hours", "*282", Dial, None),
        ("line-select", "*80", Dial, None),
        ("login", "*91", Dial, None),
        ("logout", "*92", Dial, None),
        ("voicemail", "*98", Dial, Some(O::Voicemail)),
    ]
};

impl CodeKind {
    /// Number of kinds.
    const COUNT: usize = 27;

    /// Every kind in the order of R320; the index of each is its number in byte forms.
    pub const ALL: [CodeKind; CodeKind::COUNT] = [
        CodeKind::Hold,
        CodeKind::DialConfirm,
        CodeKind::PushToneSend,
        CodeKind::Park,
        CodeKind::Pickup,
        CodeKind::GroupPickup,
        CodeKind::ParkRetrieve,
        CodeKind::ForwardAllSet,
        CodeKind::ForwardAllClear,
        CodeKind::ForwardBusySet,
        CodeKind::ForwardBusyClear,
        CodeKind::ForwardNoAnswerSet,
        CodeKind::ForwardNoAnswerClear,
        CodeKind::ForwardUnregisteredSet,
        CodeKind::ForwardUnregisteredClear,
        CodeKind::VoicemailSet,
        CodeKind::VoicemailClear,
        CodeKind::ForwardQuery,
        CodeKind::DoNotDisturbSet,
        CodeKind::DoNotDisturbClear,
        CodeKind::Night,
        CodeKind::Day,
        CodeKind::AutomaticHours,
        CodeKind::LineSelect,
        CodeKind::Login,
        CodeKind::Logout,
        CodeKind::Voicemail,
    ];

    /// The codes of a call, which a site may have of its own (R283); the order of `Site::codes`.
    pub const OF_CALL: [CodeKind; 4] =
        [CodeKind::Hold, CodeKind::DialConfirm, CodeKind::PushToneSend, CodeKind::Park];

    /// When it is looked for. [`CodeKind::Park`] is dialled as well, as target of a transfer.
    pub const fn class(self) -> CodeClass {
        TABLE[self as usize].2
    }

    /// Whether it may begin what is dialled.
    pub const fn is_dialled(self) -> bool {
        matches!(self.class(), CodeClass::Dial) || matches!(self, CodeKind::Park)
    }

    /// The option that must be contracted for it to be active (R236).
    pub const fn option(self) -> Option<TenantOption> {
        TABLE[self as usize].3
    }

    /// The characters of a new tenant (R320).
    pub const fn default_text(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// Stable name for files, logs and message ids, for example `forward-all-set`.
    pub const fn name(self) -> &'static str {
        TABLE[self as usize].0
    }

    /// The kind with this [`CodeKind::name`].
    pub fn of_name(name: &str) -> Option<Self> {
        CodeKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Reads a code of this kind: 1–4 characters for 保留 and パーク保留 (R080), 1–3 beginning with
    /// `*` or `#` for ダイヤル確定 and プッシュ音送出 (R084, R087), else 1–6.
    pub fn parse(self, text: &str) -> Result<Code, CodeError> {
        let code = Code::parse(text)?;
        self.check(code).map(|()| code)
    }

    /// Whether `code` has the shape of this kind; see [`CodeKind::parse`].
    pub fn check(self, code: Code) -> Result<(), CodeError> {
        let (max, sign_first) = match self {
            CodeKind::Hold | CodeKind::Park => (4, false),
            CodeKind::DialConfirm | CodeKind::PushToneSend => (3, true),
            _ => (Code::LEN_MAX, false),
        };
        let text = code.text();
        if text.len() > max {
            Err(CodeError::TooLong { max })
        } else if sign_first && !text.starts_with(['*', '#']) {
            Err(CodeError::First)
        } else {
            Ok(())
        }
    }

    /// What speaks against a lawful code that is pressed during calls (R080).
    pub fn risk(self, code: Code) -> Option<CodeRisk> {
        let text = code.text();
        match self {
            CodeKind::Hold | CodeKind::Park if text.len() == 1 => Some(CodeRisk::OneCharacter),
            CodeKind::Hold | CodeKind::Park if text.bytes().all(|b| b.is_ascii_digit()) => {
                Some(CodeRisk::DigitsOnly)
            }
            _ => None,
        }
    }
}

/// A lawful code that people should be warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRisk {
    /// Noise in the room may be taken for it.
    OneCharacter,
    /// Voice menus want the same digits.
    DigitsOnly,
}

/// Why a text is no code (251).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodeError {
    /// No character.
    #[error("code is empty")]
    Empty,
    /// More characters than this kind may have.
    #[error("code has more than {max} characters")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Something else than `0-9 * #`.
    #[error("code holds {0:?}")]
    Character(char),
    /// Must begin with `*` or `#`.
    #[error("code does not begin with * or #")]
    First,
}

/// 1–6 characters of `0-9 * #`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; Code::LEN_MAX]);

impl Code {
    /// Most characters.
    pub const LEN_MAX: usize = 6;

    /// Reads the characters.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if text.is_empty() {
            return Err(CodeError::Empty);
        }
        if let Some(bad) = text.chars().find(|c| !matches!(c, '0'..='9' | '*' | '#')) {
            return Err(CodeError::Character(bad));
        }
        if text.len() > Code::LEN_MAX {
            return Err(CodeError::TooLong { max: Code::LEN_MAX });
        }
        let mut bytes = [0; Code::LEN_MAX];
        bytes.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        Ok(Code(bytes))
    }

    /// The characters.
    pub fn text(&self) -> &str {
        let used = self.0.split(|b| *b == 0).next().unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }

    /// Whether it begins with `other` or is equal to it.
    pub fn starts_with(self, other: Code) -> bool {
        self.text().starts_with(other.text())
    }

    /// Whether `other` is anywhere in it.
    pub fn contains(self, other: Code) -> bool {
        self.text().contains(other.text())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({})", self.text())
    }
}

/// The codes of a tenant; the default is R320.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes(Box<[Option<Code>; CodeKind::COUNT]>);

impl Codes {
    /// No code at all.
    pub fn none() -> Self {
        Codes(Box::new([None; CodeKind::COUNT]))
    }

    /// The code of a kind; `None` = emptied. Whether it is active is told by `Tenant::code`.
    pub fn get(&self, kind: CodeKind) -> Option<Code> {
        self.0.get(kind as usize).copied().flatten()
    }

    /// Sets or empties the code of a kind.
    pub fn set(&mut self, kind: CodeKind, code: Option<Code>) {
        if let Some(slot) = self.0.get_mut(kind as usize) {
            *slot = code;
        }
    }

    /// The codes that are set, in the order of R320.
    pub fn iter(&self) -> impl Iterator<Item = (CodeKind, Code)> {
        CodeKind::ALL.into_iter().filter_map(|kind| Some((kind, self.get(kind)?)))
    }
}

impl Default for Codes {
    fn default() -> Self {
        let mut codes = Codes::none();
        for kind in CodeKind::ALL {
            codes.set(kind, Code::parse(kind.default_text()).ok());
        }
        codes
    }
}

/// What a site does with one of the codes of a call (R283).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SiteCode {
    /// The tenant's.
    #[default]
    Inherit,
    /// None here.
    Off,
    /// One of its own.
    Own(Code),
}
