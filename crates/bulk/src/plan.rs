//! What a file would do: changes, every error of every row, notes, generated secrets.
//!
//! Nothing is stored here. A plan with an error must not be applied (customer-control, group C).

use std::collections::BTreeMap;

use base::id::SiteId;
use base::{Dn, MobileNumber, Rng, Secret, Wall};
use model::{Change, MobileLine, MobileState, Snapshot, Tenant};

use crate::reason::{Column, Finding, Reason};
use crate::table::{Row, Table};
use crate::{extensions, groups, mobiles};

/// What a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// F1 or F2: profiles with their mobile numbers, told apart by the columns of the first row.
    Extensions,
    /// F3: profiles to be deleted.
    ExtensionDeletions,
    /// F11: the stock of mobile numbers.
    MobileLines,
    /// F10: ピックアップグループ.
    PickupGroups,
    /// F10: コールハンティンググループ.
    HuntingGroups,
    /// F10: 所属.
    Departments,
}

/// What happens to a number that is registered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 登録: it is an error (233).
    Register,
    /// 登録・更新: it is updated; an empty secret keeps the present one.
    Update,
}

/// What a plan is made against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The present data.
    pub snapshot: &'a Snapshot,
    /// Whose file.
    pub tenant: &'a Tenant,
    /// Where new users and terminals stand.
    pub site: SiteId,
    /// Time of the import, for new ids and 登録日時.
    pub now: Wall,
    /// What happens to numbers that exist.
    pub mode: Mode,
}

/// How many objects a plan makes, changes, leaves and removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// 登録.
    pub added: u32,
    /// 変更.
    pub changed: u32,
    /// 変更なし.
    pub unchanged: u32,
    /// 削除.
    pub deleted: u32,
}

impl Counts {
    /// One more object: made, left as it was, or changed.
    pub(crate) fn count(&mut self, exists: bool, same: bool) {
        *match (exists, same) {
            (false, _) => &mut self.added,
            (true, true) => &mut self.unchanged,
            (true, false) => &mut self.changed,
        } += 1;
    }
}

/// A SIP secret that the import made; shown once.
#[derive(Debug, Clone, PartialEq)]
pub struct IssuedSecret {
    /// 内線番号.
    pub dn: Dn,
    /// SIP ID.
    pub sip_id: Box<str>,
    /// SIPパスワード.
    pub secret: Secret<String>,
}

/// What a file would do.
#[derive(Debug, Default)]
pub struct Plan {
    /// Counts as if everything were applied.
    pub counts: Counts,
    /// The changes; meaningless when there are errors.
    pub changes: Vec<Change>,
    /// For each change the line of the file that it comes from.
    pub lines: Vec<u32>,
    /// Every error, in the order of the file.
    pub errors: Vec<Finding>,
    /// Every note, in the order of the file.
    pub notes: Vec<Finding>,
    /// Secrets made for rows without one.
    pub secrets: Vec<IssuedSecret>,
}

/// Plans the import of `table`; `rng` makes ids and secrets.
pub fn plan(kind: Kind, table: &Table, context: &Context<'_>, rng: &mut Rng) -> Plan {
    let mut draft = Draft::new(context);
    draft.user_defined(table);
    match kind {
        Kind::Extensions if extensions::is_short(table) => {
            extensions::assign::plan(table, &mut draft);
        }
        Kind::Extensions => extensions::register::plan(table, &mut draft, rng),
        Kind::ExtensionDeletions => extensions::delete::plan(table, &mut draft),
        Kind::MobileLines => mobiles::plan(table, &mut draft),
        Kind::PickupGroups => groups::pickup::plan(table, &mut draft),
        Kind::HuntingGroups => groups::hunt::plan(table, &mut draft),
        Kind::Departments => groups::department::plan(table, &mut draft, rng),
    }
    draft.finish()
}

/// A plan in the making, with what every kind looks up.
pub(crate) struct Draft<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) plan: Plan,
    pub(crate) findings: Vec<Finding>,
    /// Mobile lines taken away: they go before all other changes, because another row of the
    /// file may give the same line to somebody else.
    freed: Vec<(u32, Change)>,
    /// The present mobile line of each extension.
    pub(crate) mobile_of: BTreeMap<Dn, &'a MobileLine>,
}

impl<'a> Draft<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let lines = context.snapshot.mobiles(context.tenant.id);
        let mobile_of = lines.filter_map(|m| m.dn.map(|dn| (dn, m))).collect();
        Draft { context, plan: Plan::default(), findings: Vec::new(), freed: Vec::new(), mobile_of }
    }

    /// Reports a finding about a cell.
    pub(crate) fn cell(&mut self, row: Row<'_>, column: u8, reason: Reason) {
        let value = row.cell(usize::from(column)).trim();
        self.findings.push(Finding {
            line: row.line(),
            column: Some(Column(column)),
            value: value.into(),
            reason,
        });
    }

    /// Adds a change that comes from `line`.
    pub(crate) fn change(&mut self, line: u32, change: Change) {
        self.plan.changes.push(change);
        self.plan.lines.push(line);
    }

    /// Takes a mobile line away from its extension.
    pub(crate) fn free(&mut self, line: u32, mobile: &MobileLine) {
        let state = match mobile.state {
            MobileState::Assigned => MobileState::Unassigned,
            other => other,
        };
        let put = MobileLine { dn: None, state, ..mobile.clone() };
        self.freed.push((line, Change::MobilePut(put)));
    }

    /// Gives the mobile line `number` to `dn`; its contract may be ending.
    pub(crate) fn bind(&mut self, line: u32, number: MobileNumber, dn: Dn) {
        let Some(present) = self.context.snapshot.mobile(number) else { return };
        let state = match present.state {
            MobileState::Cancelling => MobileState::Cancelling,
            _ => MobileState::Assigned,
        };
        let put = MobileLine { dn: Some(dn), state, ..present.clone() };
        self.change(line, Change::MobilePut(put));
    }

    /// The line of `number`, with its state when it can't be given to an extension (231).
    pub(crate) fn usable_line(&self, number: MobileNumber) -> Result<&'a MobileLine, Reason> {
        use MobileState as S;
        let line = self.context.snapshot.mobile(number);
        let own = line.filter(|m| m.tenant == self.context.tenant.id);
        let own = own.ok_or(Reason::MobileNotContracted)?;
        match own.state {
            S::Requested => Err(Reason::MobileRequested),
            S::Activating => Err(Reason::MobileActivating),
            S::Cancelled => Err(Reason::MobileCancelled),
            S::Cancelling if own.dn.is_none() => Err(Reason::MobileCancelled),
            S::Unassigned | S::Assigned | S::Cancelling => Ok(own),
        }
    }

    /// 外字 anywhere in the file (J77).
    fn user_defined(&mut self, table: &Table) {
        for row in table.rows() {
            for (i, cell) in row.cells().enumerate() {
                let Some(c) = cell.chars().find(|c| is_user_defined(*c)) else { continue };
                let found = format!("U+{:04X}", u32::from(c));
                self.cell(row, i as u8, Reason::UserDefined { found });
            }
        }
    }

    /// Sorts findings by place and parts errors from notes.
    fn finish(mut self) -> Plan {
        if !self.freed.is_empty() {
            let (lines, changes): (Vec<_>, Vec<_>) = self.freed.into_iter().unzip();
            self.plan.changes.splice(..0, changes);
            self.plan.lines.splice(..0, lines);
        }
        self.findings.sort_by_key(|f| (f.line, f.column));
        let (notes, errors) = self.findings.into_iter().partition(Finding::is_note);
        self.plan.notes = notes;
        self.plan.errors = errors;
        self.plan
    }
}

/// Private-use characters: 外字 of one machine, or worse.
pub(crate) fn is_user_defined(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}')
}
