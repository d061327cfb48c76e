//! What is wrong or was mended in a file, as data. The sentences live in the message catalogue.

use std::fmt;

use crate::decode::Encoding;

/// A column by its place from the left, counted from 0; written as a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column(pub u8);

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |n: u8| char::from(b'A' + n % 26);
        match self.0.checked_sub(26) {
            Some(rest) => write!(f, "{}{}", letter(rest / 26), letter(self.0)),
            None => write!(f, "{}", letter(self.0)),
        }
    }
}

/// One error or note with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Line of the file (row of the sheet), counted from 1; 0 = the file as a whole.
    pub line: u32,
    /// The faulty column; `None` when the row or the file as a whole is meant.
    pub column: Option<Column>,
    /// The value as it stands in the file; a row of asterisks for passwords.
    pub value: Box<str>,
    /// What is wrong with it.
    pub reason: Reason,
}

impl Finding {
    /// A finding about the whole file.
    pub fn file(reason: Reason) -> Self {
        Finding { line: 0, column: None, value: Box::default(), reason }
    }

    /// Whether it is a note (N…), which never stops an import.
    pub fn is_note(&self) -> bool {
        self.reason.code().is_note()
    }
}

/// Number of the error catalogue: three digits, or N and two digits for a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// An error.
    Error(u16),
    /// A note on a repair.
    Note(u8),
}

impl Code {
    /// Whether it is a note.
    pub const fn is_note(self) -> bool {
        matches!(self, Code::Note(_))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::Error(n) => write!(f, "{n:03}"),
            Code::Note(n) => write!(f, "N{n:02}"),
        }
    }
}

/// A value put into the sentence of a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A text.
    Text(String),
    /// A count or limit.
    Number(u64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Arg::Text(text.to_owned())
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Arg::Text(text.clone())
    }
}

impl From<&Box<str>> for Arg {
    fn from(text: &Box<str>) -> Self {
        Arg::Text(text.to_string())
    }
}

impl From<&u64> for Arg {
    fn from(n: &u64) -> Self {
        Arg::Number(*n)
    }
}

impl From<&u32> for Arg {
    fn from(n: &u32) -> Self {
        Arg::Number(u64::from(*n))
    }
}

impl From<&char> for Arg {
    fn from(c: &char) -> Self {
        Arg::Text(c.to_string())
    }
}

impl From<&Encoding> for Arg {
    fn from(encoding: &Encoding) -> Self {
        Arg::from(match encoding {
            Encoding::Sjis => "Shift_JIS",
            Encoding::Utf8 => "UTF-8",
        })
    }
}

/// Declares reasons: variant with its fields, code and message id.
macro_rules! reasons {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $({ $($(#[doc = $fdoc:literal])+ $field:ident: $ty:ty),+ $(,)? })?
            = $code:expr, $id:literal;
    )+) => {
        /// Why a file, row or cell is refused, or what was mended in it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name $({ $($(#[doc = $fdoc])+ $field: $ty),+ })?,)+
        }

        impl Reason {
            /// Its number in the error catalogue.
            pub fn code(&self) -> Code {
                match self { $(Reason::$name { .. } => $code,)+ }
            }

            /// Id of its sentence in the message catalogue.
            pub fn message(&self) -> &'static str {
                match self { $(Reason::$name { .. } => $id,)+ }
            }

            /// The values of its sentence by name.
            pub fn args(&self) -> Vec<(&'static str, Arg)> {
                match self {
                    $(Reason::$name $({ $($field),+ })? => {
                        vec![$($((stringify!($field), Arg::from($field))),+)?]
                    })+
                }
            }
        }

        /// Message ids of all reasons, for the test that every sentence exists.
        pub const MESSAGES: &[&str] = &[$($id),+];
    };
}

use Code::{Error as E, Note as N};

reasons! {
    /// Old or encrypted Office file (compound file header).
    EncryptedOffice = E(201), "import-file-office";
    /// ZIP whose entries are encrypted.
    EncryptedZip = E(201), "import-file-zip-encrypted";
    /// No byte, or no row with content.
    EmptyFile = E(202), "import-file-empty";
    /// Refused before reading it.
    TooLarge {
        /// Size in bytes.
        bytes: u64,
        /// The limit in bytes.
        max: u64,
    } = E(202), "import-file-too-large";
    /// More rows than one import may have.
    TooManyRows {
        /// The limit.
        max: u64,
    } = E(202), "import-file-too-many-rows";
    /// Neither text nor workbook.
    NotText {
        /// Offset of the first zero byte.
        offset: u64,
    } = E(202), "import-file-not-text";
    /// A ZIP that is no readable xlsx workbook.
    NotWorkbook = E(202), "import-file-not-workbook";
    /// Unpacked, the workbook is larger than we read.
    WorkbookTooLarge {
        /// The limit of the unpacked size in bytes.
        max: u64,
    } = E(202), "import-file-workbook-too-large";
    /// UTF-16, which Excel calls Unicode text.
    Utf16 = E(203), "import-file-utf16";
    /// A byte that is no character in the encoding.
    Undecodable {
        /// Where it stands, counted from 0.
        offset: u64,
        /// The encoding that was tried last.
        tried: Encoding,
    } = E(203), "import-file-undecodable";
    /// Wrong number of columns.
    Columns {
        /// Columns of the row.
        found: u32,
        /// Columns of the format, for example `9, 10`.
        expected: &'static str,
    } = E(204), "import-columns";
    /// A quoted cell that never ends.
    OpenQuote = E(204), "import-open-quote";

    /// A cell that must be filled is empty.
    Missing {
        /// Name of the column.
        name: &'static str,
    } = E(211), "import-missing";
    /// Characters that the column doesn't take, full-width ones for example.
    Characters {
        /// The characters, each once.
        found: String,
    } = E(212), "import-characters";
    /// 外字: a user-defined character, which has no meaning outside of its author's machine (J77).
    UserDefined {
        /// Its code point, `U+E000` and so on.
        found: String,
    } = E(212), "import-user-defined";
    /// 内線番号 with a character that is no digit.
    DnNotDigits = E(213), "import-dn-digits";
    /// 内線番号 too short or too long for the numbering plan.
    DnLength {
        /// Its length.
        len: u32,
        /// Fewest digits.
        min: u32,
        /// Most digits.
        max: u32,
    } = E(213), "import-dn-length";
    /// 内線番号 with a first digit that the numbering plan doesn't allow.
    DnFirst = E(213), "import-dn-first";
    /// 携帯番号 of another length than 11 digits.
    MobileLength {
        /// Its length.
        len: u32,
    } = E(214), "import-mobile-length";
    /// 携帯番号 with a character that is no digit.
    MobileNotDigits = E(214), "import-mobile-digits";
    /// Eleven digits that don't begin as a mobile number does.
    MobilePrefix = E(214), "import-mobile-prefix";
    /// A spreadsheet turned the number into a power of ten.
    DigitsLost = E(215), "import-digits-lost";
    /// 予約番号1 that isn't 10 to 12 zeros or a single 0.
    ReservedZeros = E(216), "import-reserved-zeros";
    /// 予約番号2, 3 or 4 that isn't 0.
    ReservedZero {
        /// Name of the column.
        name: &'static str,
    } = E(216), "import-reserved-zero";
    /// SIP ID too long.
    SipIdLength {
        /// Its length.
        len: u32,
        /// Most characters.
        max: u32,
    } = E(217), "import-sip-id-length";
    /// SIP ID with a character other than letters and digits.
    SipIdCharacters {
        /// The characters, each once.
        found: String,
    } = E(217), "import-sip-id-characters";
    /// SIPパスワード too long.
    SipSecretLength {
        /// Its length.
        len: u32,
        /// Most characters.
        max: u32,
    } = E(218), "import-sip-secret-length";
    /// SIPパスワード with a character other than letters and digits.
    SipSecretCharacters = E(218), "import-sip-secret-characters";
    /// Webカスコンユーザー名 too long.
    WebUserLength {
        /// Its length.
        len: u32,
        /// Most characters.
        max: u32,
    } = E(219), "import-web-user-length";
    /// Webカスコンユーザー名 with a character other than letters and digits.
    WebUserCharacters {
        /// The characters, each once.
        found: String,
    } = E(219), "import-web-user-characters";
    /// Password without a letter or without a digit.
    PasswordMix = E(220), "import-password-mix";
    /// Password of a wrong length, policy 8英数字.
    PasswordEight {
        /// Its length.
        len: u32,
    } = E(220), "import-password-eight";
    /// Password of a wrong length, default policy.
    PasswordLength {
        /// Its length.
        len: u32,
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
    } = E(220), "import-password-length";
    /// Password with a character that it may not hold.
    PasswordCharacters = E(220), "import-password-characters";
    /// Password equal to the user name.
    PasswordIsUser = E(221), "import-password-is-user";

    /// 携帯番号 that this tenant hasn't contracted.
    MobileNotContracted = E(231), "import-mobile-not-contracted";
    /// 携帯番号 requested, but not accepted yet (申込中).
    MobileRequested = E(231), "import-mobile-requested";
    /// 携帯番号 registered, but not usable yet (反映中).
    MobileActivating = E(231), "import-mobile-activating";
    /// 携帯番号 whose contract is ending or has ended (解約予定, 解約済).
    MobileCancelled = E(231), "import-mobile-cancelled";
    /// 携帯番号 that belongs to another extension.
    MobileTaken {
        /// The extension that has it.
        dn: Box<str>,
    } = E(232), "import-mobile-taken";
    /// 携帯番号 that another row assigns as well.
    MobileTwice {
        /// Line of the other row.
        other: u32,
    } = E(232), "import-mobile-twice";
    /// The extension has a mobile number already.
    DnHasMobile {
        /// The number that it has.
        mobile: Box<str>,
    } = E(232), "import-dn-has-mobile";
    /// 内線番号 that another row of the file has as well.
    DnTwice {
        /// Line of the other row.
        other: u32,
    } = E(233), "import-dn-twice";
    /// 内線番号 that is registered.
    DnRegistered {
        /// Name of its user.
        user: Box<str>,
    } = E(233), "import-dn-registered";
    /// 携帯番号 that another row of a stock file has as well.
    LineTwice {
        /// Line of the other row.
        other: u32,
    } = E(233), "import-line-twice";
    /// 携帯番号 that is in the stock.
    LineRegistered = E(233), "import-line-registered";
    /// SIP ID in use.
    SipIdTaken {
        /// The extension that uses it.
        dn: Box<str>,
    } = E(234), "import-sip-id-taken";
    /// SIP ID that another row has as well.
    SipIdTwice {
        /// Line of the other row.
        other: u32,
    } = E(234), "import-sip-id-twice";
    /// Webカスコンユーザー名 in use.
    WebUserTaken {
        /// The extension that uses it.
        dn: Box<str>,
    } = E(235), "import-web-user-taken";
    /// Webカスコンユーザー名 that another row has as well.
    WebUserTwice {
        /// Line of the other row.
        other: u32,
    } = E(235), "import-web-user-twice";
    /// More extensions than the contract allows.
    Quota {
        /// How many more could be registered before this file.
        remaining: u64,
        /// The contracted number.
        quota: u64,
    } = E(236), "import-quota";
    /// 内線番号 that clashes with a code or a service of the public network.
    Collision {
        /// What it clashes with.
        with: Box<str>,
    } = E(237), "import-collision";
    /// 内線番号 that isn't registered.
    DnUnknown = E(238), "import-dn-unknown";
    /// 携帯番号 that is assigned to another extension than the row says.
    PairMismatch {
        /// The extension that has the mobile number.
        owner: Box<str>,
        /// The mobile number that the extension of the row has.
        mobile: Box<str>,
    } = E(239), "import-pair-mismatch";
    /// A person has as many terminals as one may (R315).
    TooManyTerminals {
        /// How many one may have.
        max: Box<str>,
    } = E(236), "import-too-many-terminals";
    /// 内線番号 that is member of a group.
    InGroup {
        /// Name or number of the group.
        group: Box<str>,
    } = E(240), "import-in-group";
    /// 所属 that does not exist.
    DepartmentUnknown = E(241), "import-department-unknown";
    /// 回線 that does not exist.
    LineUnknown = E(242), "import-line-unknown";
    /// 内線番号 that is used by something other than a person.
    DnOtherUse = E(244), "import-dn-other-use";
    /// A list that is not written as `#1000#2000#`.
    ListShape = E(245), "import-list-shape";
    /// More members than a group may have.
    TooManyMembers {
        /// How many it may have.
        max: Box<str>,
    } = E(246), "import-too-many-members";
    /// 内線番号 that is member of another hunting group.
    OtherHunt {
        /// Number of that group.
        group: Box<str>,
    } = E(247), "import-other-hunt";
    /// Number of a group out of its range.
    GroupRange = E(248), "import-group-range";
    /// 特番 of a wrong form.
    CodeShape = E(251), "import-code-shape";
    /// 特番 that is in the way of something else.
    CodeCollision {
        /// What it clashes with.
        with: Box<str>,
    } = E(252), "import-code-collision";

    /// A number out of its range.
    OutOfRange {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    } = E(212), "import-out-of-range";
    /// None of the two words that a column takes.
    NotAWord {
        /// The usual one.
        first: &'static str,
        /// The other one.
        second: &'static str,
    } = E(212), "import-not-a-word";
    /// あふれ先 that is no destination.
    DestinationShape = E(212), "import-destination-shape";
    /// A group that another row has as well.
    GroupTwice {
        /// Line of the other row.
        other: u32,
    } = E(233), "import-group-twice";
    /// A group that is registered.
    GroupRegistered {
        /// Its name.
        name: Box<str>,
    } = E(233), "import-group-registered";
    /// A member that is named twice.
    MemberTwice {
        /// Its number.
        dn: Box<str>,
    } = E(233), "import-member-twice";
    /// A member that nobody has as number.
    MemberUnknown {
        /// What was written.
        dn: Box<str>,
    } = E(238), "import-member-unknown";
    /// A forward to the outside that the site does not allow.
    OutsideDenied = E(253), "import-outside-denied";
    /// Something that is not contracted.
    OptionMissing = E(263), "import-option-missing";

    /// Restored the 0 that a spreadsheet drops.
    ZeroRestored {
        /// The number as it is used.
        result: Box<str>,
    } = N(1), "import-note-zero";
    /// Turned full-width characters into half-width ones.
    Narrowed {
        /// The value as it is used.
        result: Box<str>,
    } = N(2), "import-note-narrowed";
    /// Removed blanks or hyphens.
    Cleaned {
        /// The value as it is used.
        result: Box<str>,
    } = N(3), "import-note-cleaned";
    /// Put the # that was missing at an end of a list.
    HashAdded {
        /// The value as it is used.
        result: Box<str>,
    } = N(4), "import-note-hash";
    /// SIPパスワード equal to the extension number.
    SecretIsDn = N(5), "import-note-secret-is-dn";
    /// SIPパスワード shorter than 8 characters.
    SecretShort {
        /// Its length.
        len: u32,
    } = N(5), "import-note-secret-short";
    /// 内線番号 that begins another number, or the reverse.
    DnPrefix {
        /// The other number.
        other: Box<str>,
    } = N(6), "import-note-dn-prefix";
    /// First row taken as column names.
    HeaderSkipped = N(7), "import-note-header";
}

impl From<&&'static str> for Arg {
    fn from(text: &&'static str) -> Self {
        Arg::Text((*text).to_owned())
    }
}
