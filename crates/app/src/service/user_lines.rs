//! The lines of a person: the same relation as the lists of a line, from the other side (R211).

use std::borrow::Cow;

use base::Dn;
use base::id::{LineId, TenantId, UserId};
use model::{Change, Line, Snapshot, TenantOption, User};

use crate::service::noun::{Key, Noun, Place, Removal};

/// Which lines a person has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserLines {
    /// Whose.
    pub tenant: TenantId,
    /// The person.
    pub user: UserId,
    /// 内線番号, the key.
    pub dn: Dn,
    /// ユーザ固有初期回線; `None` = 共通初期回線.
    pub initial: Option<LineId>,
    /// 着信回線, in order of 識別番号.
    pub receive: Vec<LineId>,
    /// 発信回線, in order of 識別番号.
    pub call: Vec<LineId>,
}

impl UserLines {
    fn of(snapshot: &Snapshot, user: &User) -> Self {
        let lines = |has: fn(&Line) -> &[UserId]| {
            let lines = snapshot.lines(user.tenant).filter(|l| has(l).contains(&user.id));
            lines.map(|l| l.id).collect()
        };
        UserLines {
            tenant: user.tenant,
            user: user.id,
            dn: user.dn,
            initial: snapshot.initial_line(user.id).map(|l| l.id),
            receive: lines(|l| &l.receivers),
            call: lines(|l| &l.callers),
        }
    }
}

/// `list` with or without the person.
fn with(list: &[UserId], user: UserId, on: bool) -> Box<[UserId]> {
    let others = list.iter().filter(|id| **id != user).copied();
    match (on, list.contains(&user)) {
        (true, true) => list.into(),
        (true, false) => others.chain([user]).collect(),
        (false, _) => others.collect(),
    }
}

impl Noun for UserLines {
    const WORD: &'static str = "user-lines";
    const KEY: &'static str = "extension";
    const OPTION: Option<TenantOption> = Some(TenantOption::Gateways);

    fn place(&self) -> Place {
        Place::Dn(self.dn)
    }

    fn key(&self) -> String {
        self.dn.text()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.users(tenant).map(|u| Cow::Owned(UserLines::of(snapshot, u))))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let user = snapshot.user_by_dn(tenant, key.dn()?)?;
        Some(Cow::Owned(UserLines::of(snapshot, user)))
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let name = snapshot.user(self.user).map(|u| u.name.to_string());
        vec![self.dn.text(), name.unwrap_or_default()]
    }

    /// The initial line becomes a 発信回線 as well (R210).
    fn changes(&self, _: Option<&Self>, snapshot: &Snapshot) -> Vec<Change> {
        let next = |line: &Line| {
            let initial = self.initial == Some(line.id);
            Line {
                receivers: with(&line.receivers, self.user, self.receive.contains(&line.id)),
                callers: with(&line.callers, self.user, initial || self.call.contains(&line.id)),
                initial_of: with(&line.initial_of, self.user, initial),
                ..line.clone()
            }
        };
        let lines = snapshot.lines(self.tenant).map(|l| (l, next(l)));
        lines.filter(|(old, new)| *old != new).map(|(_, new)| Change::LinePut(new)).collect()
    }

    /// No lines of the own any more.
    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let none =
            UserLines { initial: None, receive: Vec::new(), call: Vec::new(), ..self.clone() };
        Removal { changes: none.changes(Some(self), snapshot), ..Removal::default() }
    }
}
