//! ピックアップグループ (R072, R073).

use base::id::TenantId;
use model::{Change, DnOwner, PickupGroup, Snapshot};

use super::{data_rows, group_number, is_first, list_text, may_change, members, name, with_names};
use crate::plan::Draft;
use crate::table::{Row, Table};

/// Columns of the format.
pub(crate) const COLUMNS: [&str; 3] = ["グループ番号", "名称", "メンバー"];

/// Plans every row of `table`.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>) {
    let mut seen = super::Seen::new();
    for row in data_rows(table, draft, &COLUMNS, "3") {
        let number = group_number(draft, row, (COLUMNS[0], PickupGroup::NUMBERS));
        let fits = |owner| matches!(owner, DnOwner::User(_) | DnOwner::Virtual(_));
        let members = members(draft, row, 2, (PickupGroup::MEMBERS_MAX, fits));
        let Some(number) = number.filter(|n| is_first(draft, row, (&mut seen, *n))) else {
            continue;
        };
        let Some(members) = members else { continue };
        let tenant = draft.context.tenant.id;
        let group = PickupGroup { tenant, number, name: name(row, 1), members: members.into() };
        put(draft, row, group);
    }
}

fn put(draft: &mut Draft<'_>, row: Row<'_>, group: PickupGroup) {
    let old = draft.context.snapshot.pickup_group(group.tenant, group.number);
    if old.is_some_and(|old| !may_change(draft, row, (0, &old.name))) {
        return;
    }
    let same = old == Some(&group);
    draft.plan.counts.count(old.is_some(), same);
    if !same {
        draft.change(row.line(), Change::PickupPut(group));
    }
}

/// The groups of a tenant in order of number.
pub fn rows(snapshot: &Snapshot, tenant: TenantId, header: bool) -> Vec<Vec<String>> {
    let row = |group: &PickupGroup| {
        let members = list_text(group.members.iter().copied());
        vec![group.number.to_string(), group.name.to_string(), members]
    };
    with_names(&COLUMNS, header, snapshot.pickup_groups(tenant).map(row))
}
