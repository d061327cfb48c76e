//! ユーザ: a person with one extension number.

use base::id::{DepartmentId, DeviceId, SiteId, TenantId, UserId};
use base::{Dn, Wall};

/// A person. Holds one Dn; the web credential is kept by the store, apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Durable id.
    pub id: UserId,
    /// Whose.
    pub tenant: TenantId,
    /// Where the person works.
    pub site: SiteId,
    /// ユーザ名, 1–64 characters; the extension number until edited when imported by F1.
    pub name: Box<str>,
    /// フリガナ, 0–64 characters.
    pub furigana: Box<str>,
    /// 内線番号, unique in the tenant.
    pub dn: Dn,
    /// Webカスコンユーザー名: 1–16 letters and digits, unique in the tenant, case ignored (R026);
    /// empty = no portal login.
    pub web_user: Box<str>,
    /// 利用中 or 停止 (R241).
    pub state: UserState,
    /// 内線ダイヤルタイムアウト in seconds, default 60 (R202).
    pub ring_time_s: u16,
    /// ピックアップ対象所属: departments whose ringing calls the person may answer (R209).
    pub pickup_departments: Box<[DepartmentId]>,
    /// Terminals of a person who is stopped, to be given back when resumed as far as they are
    /// still 未使用; of one who was resumed, those that could not be given back (R314). Some may
    /// be gone.
    pub former_devices: Box<[DeviceId]>,
    /// 登録日時.
    pub created_at: Wall,
    /// Last change.
    pub updated_at: Wall,
}

/// Whether a person may be called and may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum UserState {
    /// 利用中.
    #[default]
    Active,
    /// 停止: the number stays reserved, calls to it end with 001.
    Stopped,
}

impl UserState {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [UserState; 2] = [UserState::Active, UserState::Stopped];
}
