//! 所属 (R207).

use base::id::{DepartmentId, TenantId};
use base::{Rng, Uuid};
use model::{Change, Department, DnOwner, Snapshot, User};

use super::{
    choice, data_rows, is_first, list_text, may_change, members, name, seconds, with_names,
};
use crate::cells;
use crate::plan::Draft;
use crate::reason::Reason;
use crate::table::{Row, Table};

/// Columns of the format.
pub(crate) const COLUMNS: [&str; 5] =
    ["所属名", "所属共通内線番号", "マルチキャスト", "ダイヤルタイムアウト", "メンバー"];

/// Words of マルチキャスト.
const MULTICAST: [&str; 2] = ["使用しない", "使用する"];

/// Plans every row of `table`.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>, rng: &mut Rng) {
    let mut seen = super::Seen::new();
    for row in data_rows(table, draft, &COLUMNS, "5") {
        let title = name(row, 0);
        if title.is_empty() {
            draft.cell(row, 0, Reason::Missing { name: COLUMNS[0] });
        }
        let dn = cells::dn(draft, row, 1).required(draft, row, (1, COLUMNS[1]));
        let multicast = choice(draft, row, 2, MULTICAST);
        let ring = seconds(draft, row, 3, (Department::RING_S, 360));
        let most = match multicast {
            Some(true) => Department::MULTICAST_MAX,
            _ => Department::MEMBERS_MAX,
        };
        let members = members(draft, row, 4, (most, |owner| matches!(owner, DnOwner::User(_))));
        let dn = dn.filter(|dn| is_first(draft, row, (&mut seen, *dn)));
        let (Some(dn), Some(multicast), Some(ring_s)) = (dn, multicast, ring) else { continue };
        let Some(members) = members.filter(|_| !title.is_empty()) else { continue };
        let (context, tenant) = (draft.context, draft.context.tenant.id);
        let people = members.iter().filter_map(|dn| context.snapshot.user_by_dn(tenant, *dn));
        let old = context.snapshot.department_by_dn(tenant, dn);
        let base = old.cloned().unwrap_or_else(|| {
            let id = DepartmentId(Uuid::mint(context.now, rng));
            Department::new(id, tenant, context.site, &title, dn)
        });
        let department = Department {
            name: title,
            multicast,
            ring_s,
            members: people.map(|u: &User| u.id).collect(),
            ..base
        };
        put(draft, row, (old, department));
    }
}

fn put(draft: &mut Draft<'_>, row: Row<'_>, (old, new): (Option<&Department>, Department)) {
    if old.is_some_and(|old| !may_change(draft, row, (1, &old.name))) {
        return;
    }
    let same = old == Some(&new);
    draft.plan.counts.count(old.is_some(), same);
    if !same {
        draft.change(row.line(), Change::DepartmentPut(new));
    }
}

/// The departments of a tenant in order of their number.
pub fn rows(snapshot: &Snapshot, tenant: TenantId, header: bool) -> Vec<Vec<String>> {
    let row = |department: &Department| {
        let members = department.members.iter().filter_map(|id| snapshot.user(*id));
        let [off, on] = MULTICAST;
        vec![
            department.name.to_string(),
            department.dn.text(),
            if department.multicast { on } else { off }.to_owned(),
            department.ring_s.to_string(),
            list_text(members.map(|u| u.dn)),
        ]
    };
    let mut all: Vec<_> = snapshot.departments(tenant).collect();
    all.sort_by_key(|d| d.dn);
    with_names(&COLUMNS, header, all.into_iter().map(row))
}
