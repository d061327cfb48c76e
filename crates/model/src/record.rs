//! 通信履歴: one attempt or conversation between a caller and a called side (R100–R103).

use base::cause::{Blame, Cause};
use base::id::{DeviceId, RecordId, SiteId, TenantId, UserId};
use base::{CallId, Dn, Wall};

/// One finished call or attempt. Columns A–L of format F5 derive from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Durable id; writing a record twice keeps one.
    pub id: RecordId,
    /// Whose history.
    pub tenant: TenantId,
    /// Site of the caller, else of the called side.
    pub site: Option<SiteId>,
    /// The conversation: equal in records that a transfer or park links.
    pub call: CallId,
    /// 発呼時刻: when the call reached us.
    pub called_at: Wall,
    /// 通話開始時刻; `None` = 不成立.
    pub answered_at: Option<Wall>,
    /// 終話時刻.
    pub ended_at: Wall,
    /// 要求サービス.
    pub services: Services,
    /// 受信番号: digits as received, codes and prefixes included, at most 32.
    pub dialed: Box<str>,
    /// 発信者.
    pub caller: Party,
    /// 着信者: who answered, else who was called; `None` when there was none.
    pub callee: Option<Party>,
    /// 転送者番号: who forwarded or transferred last.
    pub transferrer: Option<Box<str>>,
    /// 切断者番号: who ended it; `None` when the system did.
    pub ended_by: Option<Box<str>>,
    /// Internal reason, stored where it was decided.
    pub cause: Cause,
    /// Whose act or state led to it.
    pub blame: Blame,
    /// The deciding rules, in order; at most 128.
    pub trace: Box<[Step]>,
}

/// One side of a recorded call, with the name and number at call time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// Extension, when it is one of ours.
    pub dn: Option<Dn>,
    /// Number as shown.
    pub number: Box<str>,
    /// The person.
    pub user: Option<UserId>,
    /// The person's name at call time.
    pub name: Box<str>,
    /// The terminal used.
    pub device: Option<DeviceId>,
}

/// One step of the explanation: a short code that catalogues turn into a sentence, and its
/// arguments parted by single spaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Code of the rule, for example `route.dn`; at most 32 bytes.
    pub code: Box<str>,
    /// Arguments, at most 256 bytes.
    pub args: Box<str>,
}

impl Step {
    /// A step from its code and arguments.
    pub fn new(code: &str, args: &str) -> Self {
        Step { code: code.into(), args: args.into() }
    }
}

impl CallRecord {
    /// 呼種別: true = 成立.
    pub fn is_answered(&self) -> bool {
        self.answered_at.is_some()
    }

    /// Seconds of talk, rounded down; 0 when never answered.
    pub fn talk_s(&self) -> u64 {
        let talk = self.answered_at.map_or(0, |at| self.ended_at.0.saturating_sub(at.0));
        u64::try_from(talk / 1_000).unwrap_or(0)
    }

    /// Column L of the compatible export: three digits.
    pub fn cause_column(&self) -> String {
        format!("{:03}", self.cause.compatible())
    }

    /// Column G: the caller's number.
    pub fn caller_number(&self) -> &str {
        &self.caller.number
    }

    /// Column H: the called side's number, empty when there was none.
    pub fn callee_number(&self) -> &str {
        self.callee.as_ref().map_or("", |p| &p.number)
    }
}

/// 要求サービス: a feature that shaped a call; column E of format F5, in the order of that table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// 無条件転送.
    ForwardAll,
    /// 話中転送.
    ForwardBusy,
    /// 応答遅延転送.
    ForwardNoAnswer,
    /// 圏外転送.
    ForwardUnregistered,
    /// 留守番.
    Voicemail,
    /// ピックアップ.
    Pickup,
    /// グループピックアップ.
    GroupPickup,
    /// パーク保留.
    Park,
    /// パーク応答.
    ParkRetrieve,
    /// 保留転送.
    Transfer,
    /// コールハンティング.
    Hunt,
    /// 所属.
    Department,
    /// マルチキャスト.
    Multicast,
    /// 会議.
    Conference,
    /// 特番操作.
    FeatureCode,
}

impl Service {
    /// Every service, in the order of format F5.
    pub const ALL: [Service; 15] = [
        Service::ForwardAll,
        Service::ForwardBusy,
        Service::ForwardNoAnswer,
        Service::ForwardUnregistered,
        Service::Voicemail,
        Service::Pickup,
        Service::GroupPickup,
        Service::Park,
        Service::ParkRetrieve,
        Service::Transfer,
        Service::Hunt,
        Service::Department,
        Service::Multicast,
        Service::Conference,
        Service::FeatureCode,
    ];
}

/// A set of [`Service`]s; bit n is the n-th of [`Service::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Services(pub u32);

impl Services {
    /// The empty set.
    pub const NONE: Services = Services(0);

    /// This set with `service` in it.
    #[must_use]
    pub const fn with(self, service: Service) -> Self {
        Services(self.0 | (1 << service as u32))
    }

    /// Adds `service`.
    pub fn insert(&mut self, service: Service) {
        *self = self.with(service);
    }

    /// Whether `service` took part.
    pub const fn contains(self, service: Service) -> bool {
        self.0 & (1 << service as u32) != 0
    }

    /// Whether no service took part.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in the order of format F5.
    pub fn iter(self) -> impl Iterator<Item = Service> {
        Service::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}
