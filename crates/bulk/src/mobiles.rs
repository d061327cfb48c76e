//! F11: the stock of mobile numbers, in and out.

use std::collections::BTreeMap;

use base::id::TenantId;
use base::{MobileNumber, Wall};
use model::{Change, MobileLine, MobileState, Snapshot};

use crate::cells;
use crate::plan::{Draft, Mode};
use crate::reason::Reason;
use crate::table::{Row, Table};

/// Columns of the format; the import reads the first one only.
pub const COLUMNS: [&str; 6] = ["携帯番号", "状態", "内線番号", "申込日", "反映日", "解約日"];

/// Plans every row of `table`: the lines are 未割当 at once.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>) {
    let mut seen = BTreeMap::new();
    for (i, row) in table.rows().enumerate() {
        if i == 0 && COLUMNS.contains(&row.cell(0).trim()) {
            draft.cell(row, 0, Reason::HeaderSkipped);
            continue;
        }
        let number = cells::mobile(draft, row, 0).required(draft, row, (0, COLUMNS[0]));
        let Some(number) = number else { continue };
        let other = *seen.entry(number).or_insert(row.line());
        if other != row.line() {
            draft.cell(row, 0, Reason::LineTwice { other });
        } else {
            add(draft, row, number);
        }
    }
}

fn add(draft: &mut Draft<'_>, row: Row<'_>, number: MobileNumber) {
    let (tenant, now) = (draft.context.tenant.id, draft.context.now);
    let fresh = MobileLine {
        number,
        tenant,
        state: MobileState::Unassigned,
        dn: None,
        requested_at: Some(now),
        activated_at: Some(now),
        cancelled_at: None,
    };
    match draft.context.snapshot.mobile(number) {
        None => {
            draft.change(row.line(), Change::MobilePut(fresh));
            draft.plan.counts.added += 1;
        }
        Some(line) if line.tenant != tenant || draft.context.mode == Mode::Register => {
            draft.cell(row, 0, Reason::LineRegistered);
        }
        // Contracted again, or usable from now on.
        Some(line)
            if matches!(
                line.state,
                MobileState::Requested | MobileState::Activating | MobileState::Cancelled
            ) =>
        {
            let requested_at = line.requested_at.or(Some(now));
            draft.change(row.line(), Change::MobilePut(MobileLine { requested_at, ..fresh }));
            draft.plan.counts.changed += 1;
        }
        Some(_) => draft.plan.counts.unchanged += 1,
    }
}

/// The lines of a tenant in order of number; `header` puts the names of the columns first.
pub fn rows(
    snapshot: &Snapshot,
    tenant: TenantId,
    header: bool,
) -> impl Iterator<Item = Vec<String>> {
    let names = header.then(|| COLUMNS.map(str::to_owned).to_vec());
    names.into_iter().chain(snapshot.mobiles(tenant).map(|line| {
        vec![
            line.number.to_string(),
            state_name(line.state).to_owned(),
            line.dn.map(|dn| dn.text()).unwrap_or_default(),
            day(line.requested_at),
            day(line.activated_at),
            day(line.cancelled_at),
        ]
    }))
}

/// The word of the file format for a state.
pub fn state_name(state: MobileState) -> &'static str {
    match state {
        MobileState::Requested => "申込中",
        MobileState::Activating => "反映中",
        MobileState::Unassigned => "未割当",
        MobileState::Assigned => "割当済",
        MobileState::Cancelling => "解約予定",
        MobileState::Cancelled => "解約済",
    }
}

fn day(at: Option<Wall>) -> String {
    at.map(|at| at.tokyo_text().chars().take(10).collect()).unwrap_or_default()
}
