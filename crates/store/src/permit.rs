//! Who may make which change.

use base::id::UserId;
use model::{
    Change, CredentialOwner, Device, DnSettings, MobileLine, MobileState, NewPassword, Reception,
    Site, Snapshot,
};

use crate::scope::{Actor, TenantScope};

/// Whether `scope` may make `change`: its own tenant, its own site when it has one; a person the
/// own settings only. Preset, quota and options of the tenant and the stock of mobile lines are
/// the operator's.
pub(crate) fn permitted(
    scope: &TenantScope,
    change: &Change,
    before: &Snapshot,
    after: &Snapshot,
) -> bool {
    let tenant = scope.tenant();
    let ours = |snapshot| change.tenant(snapshot).is_none_or(|t| t == tenant);
    let known = change.tenant(before).is_some() || change.tenant(after).is_some();
    if !known || !ours(before) || !ours(after) {
        return false;
    }
    match scope.actor() {
        Actor::Operator => true,
        Actor::User(id) => is_own(before, id, change),
        Actor::Admin(_) | Actor::Token(_) => match (change, scope.site()) {
            (Change::TenantPut(new), None) => before.tenant(tenant).is_some_and(|old| {
                (new.quota, new.is_default, new.preset, new.options)
                    == (old.quota, old.is_default, old.preset, old.options)
            }),
            (Change::TenantPut(_) | Change::TenantDelete(_) | Change::MobileDelete(_), _) => false,
            (Change::MobilePut(new), _) => may_put_line(before, new),
            (Change::SitePut(new), Some(site)) => new.id == site && only_services(before, new),
            (
                Change::SitePut(_)
                | Change::SiteDelete(_)
                | Change::GatewayPut(_)
                | Change::GatewayDelete(_)
                | Change::AdminPut(_)
                | Change::AdminDelete(_),
                site,
            ) => site.is_none(),
            (_, None) => true,
            (change, Some(site)) => {
                let within = |snapshot| change.site_in(snapshot).is_none_or(|s| s == site);
                within(before) && within(after)
            }
        },
    }
}

/// An administrator assigns and frees usable lines, and asks for new ones; the operator does the
/// rest (R221).
fn may_put_line(before: &Snapshot, new: &MobileLine) -> bool {
    use MobileState::{Assigned, Cancelling, Requested, Unassigned};
    match before.mobile(new.number).map(|old| old.state) {
        None => new.state == Requested,
        Some(old) => {
            let usable = |state| matches!(state, Unassigned | Assigned);
            (usable(old) && usable(new.state)) || (old == Cancelling && new.state == Cancelling)
        }
    }
}

/// Whether a site keeps what its own administrator may not set: name and domain, way of the
/// audio, 拠点番号 and what may leave the company.
fn only_services(before: &Snapshot, new: &Site) -> bool {
    before.site(new.id).is_some_and(|old| {
        let kept = Site {
            codes: new.codes,
            tones: new.tones,
            hold_again: new.hold_again,
            park_s: new.park_s,
            park_overflow: new.park_overflow.clone(),
            voicemail_without_pin: new.voicemail_without_pin,
            music: new.music,
            spoken: new.spoken,
            wording: new.wording.clone(),
            ..old.clone()
        };
        kept == *new
    })
}

/// What a person may set (R003): forwards, 留守番, 話中着信 and language of the own number, do not
/// disturb of own terminals, the own PIN; and log in at a terminal or out of it (R233).
fn is_own(before: &Snapshot, id: UserId, change: &Change) -> bool {
    let Some(user) = before.user(id) else { return false };
    match change {
        Change::DnSettingsPut(new) => {
            if (new.tenant, new.dn) != (user.tenant, user.dn) {
                return false;
            }
            let old = before.dn_settings(new.tenant, new.dn).cloned();
            let kept = DnSettings {
                forwards: new.forwards.clone(),
                no_answer_s: new.no_answer_s,
                voicemail: new.voicemail,
                voicemail_s: new.voicemail_s,
                waiting: new.waiting,
                hide_number: new.hide_number,
                caller_number: new.caller_number,
                spoken: new.spoken,
                ..old.unwrap_or_else(|| DnSettings::new(new.tenant, new.dn))
            };
            kept == *new
        }
        Change::DevicePut(new) => before.device(new.id).is_some_and(|old| {
            let kept = Device {
                do_not_disturb: new.do_not_disturb,
                user: new.user,
                login: new.login.clone(),
                ..old.clone()
            };
            let sets = old.user == Some(id) && (new.user == Some(id) || new.user.is_none());
            // Log-in at a terminal, whoever was logged in there (R233).
            let logs_in = new.user == Some(id) && old.user != Some(id);
            (sets || logs_in) && kept == *new
        }),
        Change::ReceptionPut(new) => {
            // 夜間切替 of the own site by code (R300).
            let old = before.reception(new.site).cloned();
            let old = old.unwrap_or_else(|| Reception::new(new.tenant, new.site));
            new.site == user.site && Reception { switch: new.switch, ..old } == *new
        }
        Change::Password(NewPassword { owner, .. }) => *owner == CredentialOwner::Pin(id),
        _ => false,
    }
}
