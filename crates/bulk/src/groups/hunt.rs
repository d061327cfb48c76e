//! コールハンティンググループ (R090, R091, R238).

use base::id::TenantId;
use model::{Change, DnOwner, HuntGroup, HuntMethod, Snapshot};

use super::{
    choice, data_rows, group_number, is_first, list_text, may_change, members, name, overflow,
    overflow_text, seconds, with_names,
};
use crate::cells;
use crate::plan::Draft;
use crate::table::{Row, Table};

/// Columns of the format.
pub(crate) const COLUMNS: [&str; 7] =
    ["グループ番号", "名称", "種別", "代表内線番号", "メンバー", "鳴動秒", "あふれ先"];

/// Words of 種別.
const METHODS: [&str; 2] = ["均等", "パイロット"];

/// Plans every row of `table`.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>) {
    let mut seen = super::Seen::new();
    for row in data_rows(table, draft, &COLUMNS, "7") {
        let number = group_number(draft, row, (COLUMNS[0], HuntGroup::NUMBERS));
        let method = choice(draft, row, 2, METHODS);
        let pilot = cells::dn(draft, row, 3).required(draft, row, (3, COLUMNS[3]));
        let fits = |owner| matches!(owner, DnOwner::User(_));
        let members = members(draft, row, 4, (HuntGroup::MEMBERS_MAX, fits));
        let ring = seconds(draft, row, 5, (HuntGroup::RING_S, 20));
        let overflow = overflow(draft, row, 6);
        let number = number.filter(|n| is_first(draft, row, (&mut seen, *n)));
        let (Some(number), Some(method), Some(pilot)) = (number, method, pilot) else { continue };
        let (Some(members), Some(ring_s), Some(overflow)) = (members, ring, overflow) else {
            continue;
        };
        let context = draft.context;
        let old = context.snapshot.hunt_group(context.tenant.id, number);
        let base = old
            .cloned()
            .unwrap_or_else(|| HuntGroup::new(context.tenant.id, number, context.site, pilot));
        let group = HuntGroup {
            name: name(row, 1),
            method: if method { HuntMethod::Priority } else { HuntMethod::RoundRobin },
            pilot,
            members: members.into(),
            ring_s,
            overflow,
            ..base
        };
        put(draft, row, (old, group));
    }
}

fn put(draft: &mut Draft<'_>, row: Row<'_>, (old, group): (Option<&HuntGroup>, HuntGroup)) {
    if old.is_some_and(|old| !may_change(draft, row, (0, &old.name))) {
        return;
    }
    let same = old == Some(&group);
    draft.plan.counts.count(old.is_some(), same);
    if !same {
        draft.change(row.line(), Change::HuntPut(group));
    }
}

/// The groups of a tenant in order of number.
pub fn rows(snapshot: &Snapshot, tenant: TenantId, header: bool) -> Vec<Vec<String>> {
    let row = |group: &HuntGroup| {
        let [even, priority] = METHODS;
        let method = match group.method {
            HuntMethod::RoundRobin => even,
            HuntMethod::Priority => priority,
        };
        vec![
            group.number.to_string(),
            group.name.to_string(),
            method.to_owned(),
            group.pilot.text(),
            list_text(group.members.iter().copied()),
            group.ring_s.to_string(),
            overflow_text(group.overflow.as_ref()),
        ]
    };
    with_names(&COLUMNS, header, snapshot.hunt_groups(tenant).map(row))
}
