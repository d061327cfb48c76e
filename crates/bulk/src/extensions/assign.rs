//! F2: gives mobile numbers to profiles that exist (R042).

use std::collections::BTreeMap;

use base::{Dn, MobileNumber};

use super::export::COLUMNS;
use crate::cells;
use crate::plan::{Draft, Mode};
use crate::reason::Reason;
use crate::table::{Row, Table};

const A: u8 = 0;
const B: u8 = 1;

/// Plans every row of `table`; with 登録・更新 a present mobile number is replaced.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>) {
    let rows = super::data_rows(table, draft, &[2], "2");
    let pairs: Vec<_> = rows.into_iter().map(|row| read(draft, row)).collect();
    let freed = freed(draft, &pairs);
    let mut dns = BTreeMap::new();
    let mut mobiles = BTreeMap::new();
    for (row, dn, mobile) in pairs {
        let line = row.line();
        let other = dn.map_or(line, |dn| *dns.entry(dn).or_insert(line));
        if other != line {
            draft.cell(row, A, Reason::DnTwice { other });
        }
        let other = mobile.map_or(line, |m| *mobiles.entry(m).or_insert(line));
        if other != line {
            draft.cell(row, B, Reason::MobileTwice { other });
        }
        if let Some(mobile) = mobile {
            check_mobile(draft, row, (dn, mobile), &freed);
        }
        if let Some(dn) = dn {
            assign(draft, row, dn, mobile);
        }
    }
}

type Pair<'t> = (Row<'t>, Option<Dn>, Option<MobileNumber>);

fn read<'t>(draft: &mut Draft<'_>, row: Row<'t>) -> Pair<'t> {
    let dn = cells::dn(draft, row, A).required(draft, row, (A, COLUMNS[0]));
    let mobile = cells::mobile(draft, row, B).required(draft, row, (B, COLUMNS[1]));
    (row, dn, mobile)
}

/// Numbers that an update takes away from an extension of the file.
fn freed(draft: &Draft<'_>, pairs: &[Pair<'_>]) -> BTreeMap<MobileNumber, Dn> {
    if draft.context.mode == Mode::Register {
        return BTreeMap::new();
    }
    let pairs = pairs.iter().filter_map(|(_, dn, mobile)| Some((((*dn)?), ((*mobile)?))));
    pairs
        .filter_map(|(dn, new)| {
            let old = draft.mobile_of.get(&dn)?;
            (old.number != new).then_some((old.number, dn))
        })
        .collect()
}

fn check_mobile(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    (dn, mobile): (Option<Dn>, MobileNumber),
    freed: &BTreeMap<MobileNumber, Dn>,
) {
    match draft.usable_line(mobile).map(|line| line.dn) {
        Err(reason) => draft.cell(row, B, reason),
        Ok(Some(owner)) if Some(owner) != dn && !freed.contains_key(&mobile) => {
            draft.cell(row, B, Reason::MobileTaken { dn: owner.text().into() });
        }
        Ok(_) => {}
    }
}

fn assign(draft: &mut Draft<'_>, row: Row<'_>, dn: Dn, mobile: Option<MobileNumber>) {
    let (snapshot, tenant) = (draft.context.snapshot, draft.context.tenant.id);
    if snapshot.user_by_dn(tenant, dn).is_none() {
        draft.cell(row, A, Reason::DnUnknown);
        return;
    }
    let old = draft.mobile_of.get(&dn).copied();
    if let Some(old) = old {
        if draft.context.mode == Mode::Register {
            let mobile = old.number.to_string().into();
            draft.cell(row, A, Reason::DnHasMobile { mobile });
            return;
        }
        if Some(old.number) == mobile {
            draft.plan.counts.unchanged += 1;
            return;
        }
        draft.free(row.line(), old);
    }
    if let Some(mobile) = mobile {
        draft.bind(row.line(), mobile, dn);
    }
    draft.plan.counts.changed += 1;
}
