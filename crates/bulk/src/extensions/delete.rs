//! F3: takes the mobile number back and deletes the profile, in one go (R043).

use std::collections::BTreeMap;

use base::{Dn, MobileNumber};
use model::{Change, Device, DeviceKind};

use super::export::COLUMNS;
use crate::cells;
use crate::plan::Draft;
use crate::reason::Reason;
use crate::table::{Row, Table};

const A: u8 = 0;
const B: u8 = 1;
const C: u8 = 2;

/// Plans every row of `table`.
pub(crate) fn plan(table: &Table, draft: &mut Draft<'_>) {
    let rows = super::data_rows(table, draft, &[3], "3");
    let mut seen = BTreeMap::new();
    for row in rows {
        let dn = cells::dn(draft, row, A).required(draft, row, (A, COLUMNS[0]));
        let mobile = cells::mobile(draft, row, B).required(draft, row, (B, COLUMNS[1]));
        cells::reserved_zeros(draft, row, C);
        let Some(dn) = dn else { continue };
        let other = *seen.entry(dn).or_insert(row.line());
        if other != row.line() {
            draft.cell(row, A, Reason::DnTwice { other });
        } else {
            delete(draft, row, dn, mobile);
        }
    }
}

fn delete(draft: &mut Draft<'_>, row: Row<'_>, dn: Dn, mobile: Option<MobileNumber>) {
    let (snapshot, tenant) = (draft.context.snapshot, draft.context.tenant.id);
    let Some(user) = snapshot.user_by_dn(tenant, dn) else {
        draft.cell(row, A, Reason::DnUnknown);
        return;
    };
    let own = draft.mobile_of.get(&dn).copied();
    if let Some(mobile) = mobile
        && own.is_none_or(|own| own.number != mobile)
    {
        let line = snapshot.mobile(mobile).filter(|m| m.tenant == tenant);
        let owner = line.and_then(|m| m.dn).map(Dn::text).unwrap_or_default();
        let assigned = own.map(|own| own.number.to_string()).unwrap_or_default();
        let reason = Reason::PairMismatch { owner: owner.into(), mobile: assigned.into() };
        draft.cell(row, B, reason);
    }
    if let Some(own) = own {
        draft.free(row.line(), own);
    }
    for device in snapshot.devices_of(user.id).iter().filter_map(|id| snapshot.device(*id)) {
        draft.change(row.line(), without_user(device));
    }
    if snapshot.dn_settings(tenant, dn).is_some() {
        draft.change(row.line(), Change::DnSettingsDelete { tenant, dn });
    }
    draft.change(row.line(), Change::UserDelete(user.id));
    draft.plan.counts.deleted += 1;
}

/// A mobile terminal goes with its profile; a contracted account becomes 未使用.
fn without_user(device: &Device) -> Change {
    match device.kind {
        DeviceKind::Mobile => Change::DeviceDelete(device.id),
        DeviceKind::SipPhone => Change::DevicePut(Device { user: None, ..device.clone() }),
    }
}
