//! What [`crate::apply`] refuses, with the codes of the error catalogue.

use base::Dn;

use crate::code::CodeKind;
use crate::snapshot::DnOwner;

/// One broken rule. All of a set of changes are reported at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Index of the offending change.
    pub change: usize,
    /// Code of the error catalogue (customer-control, section 5).
    pub code: u16,
    /// Which field.
    pub field: Field,
    /// The offending value; for 236 the number of extensions that may still be registered.
    pub value: Box<str>,
    /// What it collides with.
    pub with: Option<Conflict>,
}

/// The other side of a collision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conflict {
    /// Index of the other change, when the collision is inside the set; `None`: in the data.
    pub change: Option<usize>,
    /// Extension of the other object, when it has one.
    pub dn: Option<Dn>,
    /// Name of the other object: user name, SIP id, domain, number of a group, code, prefix or
    /// reserved number; for a value out of its range the range.
    pub name: Box<str>,
    /// What the other object is; `None` when the field tells it.
    pub noun: Option<Noun>,
}

/// Kinds of objects that stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// A user, by name.
    User,
    /// A virtual number, by name.
    Virtual,
    /// A department, by name.
    Department,
    /// A hunting group, by number.
    Hunt,
    /// A pickup group, by number.
    Pickup,
    /// A park slot.
    ParkSlot,
    /// A site, by its 拠点番号 or domain.
    Site,
    /// A gateway, by its prefix.
    Gateway,
    /// A code, by its characters.
    Code(CodeKind),
    /// A reserved number.
    Reserved,
    /// An own sound, by its name.
    Sound,
    /// A line, by its 識別番号.
    Line,
}

impl Noun {
    /// What the owner of a number is.
    pub(crate) const fn of(owner: DnOwner) -> Self {
        match owner {
            DnOwner::User(_) => Noun::User,
            DnOwner::Virtual(_) => Noun::Virtual,
            DnOwner::Department(_) => Noun::Department,
            DnOwner::Hunt(_) => Noun::Hunt,
            DnOwner::ParkSlot(_) => Noun::ParkSlot,
        }
    }
}

/// Which field of the changed object broke a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The object itself: gone, or named by others.
    Object,
    /// Name of tenant, site, user or group.
    Name,
    /// フリガナ.
    Furigana,
    /// SIP domain.
    Domain,
    /// Digest realm.
    Realm,
    /// Mark of the default tenant.
    Default,
    /// Tenant that does not exist.
    Tenant,
    /// Site that does not exist.
    Site,
    /// User that does not exist.
    User,
    /// 内線番号, 代表内線番号, 所属共通内線番号 or slot number.
    Dn,
    /// SIP id.
    SipId,
    /// Webカスコンユーザー名.
    WebUser,
    /// 管理者ユーザー名.
    Login,
    /// 携帯番号.
    Mobile,
    /// State of a mobile line.
    State,
    /// Number of extensions allowed.
    Quota,
    /// Label of a terminal.
    Label,
    /// Owner of a password or PIN.
    Credential,
    /// Number of a group.
    Group,
    /// A member of a group or department, or how many there are.
    Member,
    /// ピックアップ対象所属.
    Department,
    /// 特番 of this kind.
    Code(CodeKind),
    /// 拠点番号 or GW識別番号.
    Prefix,
    /// Destination of a forward or overflow.
    Destination,
    /// A time or count out of its range, by its name.
    Range(&'static str),
    /// Settings of an extension number that goes.
    Settings,
    /// A sound that does not exist.
    Sound,
    /// An entry of own words and tones.
    Wording,
    /// Address to which pages are sent.
    Multicast,
    /// Addresses to which pages are sent at single sites.
    MulticastSite,
    /// A way out for emergency calls.
    Emergency,
    /// A country that is opened.
    Toll,
    /// 識別番号 of a line.
    LineCode,
    /// 回線番号.
    LineNumber,
    /// Gateway of a line that does not exist.
    Gateway,
    /// 予備回線.
    Reserve,
    /// 共通初期回線, when there is one already.
    Common,
    /// ユーザ固有初期回線 of a person who has another one.
    InitialLine,
    /// Business hours.
    Hours,
}

/// Codes of the catalogue that the model raises.
pub mod code {
    /// 必須項目が空です.
    pub const EMPTY: u16 = 211;
    /// 使えない文字があります; also for texts that are too long and values out of their range.
    pub const BAD_TEXT: u16 = 212;
    /// 内線番号の形式が違います.
    pub const BAD_DN: u16 = 213;
    /// SIP IDの形式が違います.
    pub const BAD_SIP_ID: u16 = 217;
    /// Webカスコンユーザー名の形式が違います.
    pub const BAD_WEB_USER: u16 = 219;
    /// 携帯番号が利用できません.
    pub const MOBILE_UNUSABLE: u16 = 231;
    /// パラメータエラー(重複登録).
    pub const DUPLICATE: u16 = 233;
    /// SIPユーザー名が重複しています.
    pub const DUPLICATE_SIP_ID: u16 = 234;
    /// Webカスコンユーザー名が重複しています.
    pub const DUPLICATE_WEB_USER: u16 = 235;
    /// 登録できる数を超えています.
    pub const QUOTA: u16 = 236;
    /// 特番または番号計画と衝突しています.
    pub const COLLISION: u16 = 237;
    /// 対象が見つかりません.
    pub const NOT_FOUND: u16 = 238;
    /// グループに登録されています.
    pub const IN_GROUP: u16 = 240;
    /// 所属が見つかりません.
    pub const NO_DEPARTMENT: u16 = 241;
    /// 回線が見つかりません.
    pub const NO_LINE: u16 = 242;
    /// 番号は別の用途で使用中です; also for objects that others still refer to.
    pub const IN_USE: u16 = 244;
    /// メンバー数の上限を超えています.
    pub const TOO_MANY_MEMBERS: u16 = 246;
    /// 別のハンティンググループに登録済みです.
    pub const IN_OTHER_HUNT: u16 = 247;
    /// グループ番号の範囲外です.
    pub const GROUP_RANGE: u16 = 248;
    /// 特番の形式が違います.
    pub const BAD_CODE: u16 = 251;
    /// 特番が他の番号と重なっています; also raised for 拠点番号 and GW識別番号.
    pub const CODE_COLLISION: u16 = 252;
}
