//! What a person sets for the own number: by feature code, in the user portal, by the API. One
//! plan for all of them, so that they refuse the same things (R226, R251, R261, R263).

use base::Dn;
use base::id::TenantId;
use thiserror::Error;

use crate::dn_settings::{DnSettings, ForwardKind};
use crate::{
    Change, Destination, Device, DnOwner, Forward, NightSwitch, Reception, Snapshot, TenantOption,
    UserState, outside,
};

/// Forwards that are followed to find out whether one leads back.
const CHAIN_MAX: usize = 16;

/// A setting of the own number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnSetting {
    /// A forward to these digits; empty = to the last destination of that kind (R263).
    ForwardTo(ForwardKind, Box<str>),
    /// A forward to voicemail.
    ForwardToVoicemail(ForwardKind),
    /// A forward out of force.
    ForwardOff(ForwardKind),
    /// 留守番.
    Voicemail(bool),
    /// Do not disturb, at all devices of the user.
    DoNotDisturb(bool),
    /// 夜間切替 of the own site (R300).
    Hours(NightSwitch),
}

/// Why a setting is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Declined {
    /// The number dialled as destination is not in use.
    #[error("destination is not in use")]
    Unused,
    /// The site does not forward outside (253).
    #[error("the site does not allow forwards to outside numbers")]
    Outside,
    /// The destination is the own number.
    #[error("destination is the own number")]
    OwnNumber,
    /// The destination forwards back.
    #[error("destination forwards back")]
    Loop,
    /// A number that cannot take forwarded calls: park slot, multicast department (R261).
    #[error("destination takes no forwarded calls")]
    Unfit,
    /// No destination was given, and there was none before.
    #[error("no destination is known")]
    NoLast,
    /// The number is none of a user or virtual number, its user is stopped, or the option is not
    /// contracted.
    #[error("not allowed")]
    NotAllowed,
    /// Extension or PIN is wrong; which of them is not told (R234).
    #[error("extension or PIN is wrong")]
    WrongPin,
    /// Too many wrong PINs (SEC-08).
    #[error("too many wrong PINs")]
    Locked,
    /// The person is logged in to as many terminals as one may (R315).
    #[error("logged in to too many terminals")]
    Full,
}

impl Declined {
    /// Every reason; the index of each is its number in the journal.
    pub const ALL: [Declined; 10] = [
        Declined::Unused,
        Declined::Outside,
        Declined::OwnNumber,
        Declined::Loop,
        Declined::Unfit,
        Declined::NoLast,
        Declined::NotAllowed,
        Declined::WrongPin,
        Declined::Locked,
        Declined::Full,
    ];
}

/// The changes that put a setting in force; none when it is in force already.
///
/// # Errors
/// Why it is refused.
pub fn plan(
    snapshot: &Snapshot,
    (tenant, dn): (TenantId, Dn),
    wanted: &OwnSetting,
) -> Result<Vec<Change>, Declined> {
    check_owner(snapshot, tenant, dn)?;
    if let OwnSetting::DoNotDisturb(on) = *wanted {
        return do_not_disturb(snapshot, (tenant, dn), on);
    }
    if let OwnSetting::Hours(switch) = *wanted {
        return night_switch(snapshot, (tenant, dn), switch);
    }
    let kept = snapshot.dn_settings(tenant, dn);
    let mut settings = kept.cloned().unwrap_or_else(|| DnSettings::new(tenant, dn));
    match wanted {
        OwnSetting::ForwardTo(kind, digits) => {
            let to = match digits.is_empty() {
                true => {
                    settings.forward(*kind).again().and_then(|f| f.to).ok_or(Declined::NoLast)?
                }
                false => destination(snapshot, tenant, digits)?,
            };
            check_destination(snapshot, (tenant, dn), *kind, &to)?;
            *settings.forward_mut(*kind) = Forward::on(to);
        }
        OwnSetting::ForwardToVoicemail(kind) => {
            voicemail_allowed(snapshot, tenant)?;
            *settings.forward_mut(*kind) = Forward::on(Destination::Voicemail);
        }
        OwnSetting::ForwardOff(kind) => {
            let forward = settings.forward_mut(*kind);
            *forward = std::mem::take(forward).off();
        }
        OwnSetting::Voicemail(on) => {
            voicemail_allowed(snapshot, tenant)?;
            settings.voicemail = *on;
        }
        OwnSetting::DoNotDisturb(_) | OwnSetting::Hours(_) => {}
    }
    let same = match kept {
        Some(kept) => *kept == settings,
        None => settings == DnSettings::new(tenant, dn),
    };
    Ok(if same { Vec::new() } else { vec![Change::DnSettingsPut(settings)] })
}

fn check_owner(snapshot: &Snapshot, tenant: TenantId, dn: Dn) -> Result<(), Declined> {
    let allowed = match snapshot.dn_owner(tenant, dn) {
        Some(DnOwner::User(id)) => snapshot.user(id).is_some_and(|u| u.state == UserState::Active),
        Some(DnOwner::Virtual(_)) => true,
        Some(DnOwner::Department(_) | DnOwner::Hunt(_) | DnOwner::ParkSlot(_)) | None => false,
    };
    if allowed { Ok(()) } else { Err(Declined::NotAllowed) }
}

fn voicemail_allowed(snapshot: &Snapshot, tenant: TenantId) -> Result<(), Declined> {
    let tenant = snapshot.tenant(tenant).ok_or(Declined::NotAllowed)?;
    match tenant.options.contains(TenantOption::Voicemail) {
        true => Ok(()),
        false => Err(Declined::NotAllowed),
    }
}

fn do_not_disturb(
    snapshot: &Snapshot,
    (tenant, dn): (TenantId, Dn),
    on: bool,
) -> Result<Vec<Change>, Declined> {
    let user = snapshot.user_by_dn(tenant, dn).ok_or(Declined::NotAllowed)?;
    let devices = snapshot.devices_of(user.id).iter().filter_map(|id| snapshot.device(*id));
    let other = devices.filter(|d| d.do_not_disturb != on);
    Ok(other.map(|d| Change::DevicePut(Device { do_not_disturb: on, ..d.clone() })).collect())
}

/// Of the site where the person works; only people switch it.
fn night_switch(
    snapshot: &Snapshot,
    (tenant, dn): (TenantId, Dn),
    switch: NightSwitch,
) -> Result<Vec<Change>, Declined> {
    let user = snapshot.user_by_dn(tenant, dn).ok_or(Declined::NotAllowed)?;
    let kept = snapshot.reception(user.site).cloned();
    let old = kept.unwrap_or_else(|| Reception::new(tenant, user.site));
    let new = Reception { switch, ..old.clone() };
    Ok(if new == old { Vec::new() } else { vec![Change::ReceptionPut(new)] })
}

/// What dialled digits mean as destination: a number of the tenant, else one outside.
///
/// # Errors
/// [`Declined::Unused`] when they are neither.
pub fn destination(
    snapshot: &Snapshot,
    tenant: TenantId,
    digits: &str,
) -> Result<Destination, Declined> {
    let dn = Dn::parse(digits).ok().filter(|dn| snapshot.dn_owner(tenant, *dn).is_some());
    if let Some(dn) = dn {
        return Ok(Destination::Dn(dn));
    }
    // Numbers outside begin with 0, and no extension does; else a gateway takes them.
    let is_outside = digits.starts_with('0') || outside::read(snapshot, tenant, digits).is_some();
    let outside = is_outside.then(|| Destination::outside(digits)).flatten();
    outside.ok_or(Declined::Unused)
}

/// Whether calls of `dn` may be forwarded there (R063, R261).
///
/// # Errors
/// Why not.
pub fn check_destination(
    snapshot: &Snapshot,
    (tenant, dn): (TenantId, Dn),
    kind: ForwardKind,
    to: &Destination,
) -> Result<(), Declined> {
    let to = match to {
        Destination::Voicemail => return voicemail_allowed(snapshot, tenant),
        Destination::Outside(digits) => return check_outside(snapshot, (tenant, dn), digits),
        Destination::Announcement(_) => return Ok(()),
        Destination::Dn(to) => *to,
    };
    if to == dn {
        return Err(Declined::OwnNumber);
    }
    match snapshot.dn_owner(tenant, to) {
        None => return Err(Declined::Unused),
        Some(DnOwner::ParkSlot(_)) => return Err(Declined::Unfit),
        Some(DnOwner::Department(id)) => {
            if snapshot.department(id).is_some_and(|d| d.multicast) {
                return Err(Declined::Unfit);
            }
        }
        Some(DnOwner::User(_) | DnOwner::Virtual(_) | DnOwner::Hunt(_)) => {}
    }
    // A number that always forwards back would make each call a loop; the secretary's does not,
    // since it reaches the one whose calls it takes (R258).
    if kind == ForwardKind::All && leads_back(snapshot, (tenant, dn), to) {
        return Err(Declined::Loop);
    }
    Ok(())
}

fn check_outside(
    snapshot: &Snapshot,
    (tenant, dn): (TenantId, Dn),
    digits: &str,
) -> Result<(), Declined> {
    let site = match snapshot.dn_owner(tenant, dn) {
        Some(DnOwner::User(id)) => snapshot.user(id).map(|u| u.site),
        Some(DnOwner::Virtual(id)) => snapshot.virtual_dn(id).map(|v| v.site),
        Some(DnOwner::Department(_) | DnOwner::Hunt(_) | DnOwner::ParkSlot(_)) | None => None,
    };
    let policy = site.and_then(|id| snapshot.site(id)).map(|s| s.forward_outside);
    match outside::class(snapshot, tenant, digits) {
        Some(class) if class.is_within(policy.unwrap_or_default()) => Ok(()),
        Some(_) => Err(Declined::Outside),
        None => Err(Declined::Unfit),
    }
}

/// Whether unconditional forwards lead from `at` to the number.
fn leads_back(snapshot: &Snapshot, (tenant, dn): (TenantId, Dn), mut at: Dn) -> bool {
    for _ in 0..CHAIN_MAX {
        let all = match snapshot.dn_owner(tenant, at) {
            Some(DnOwner::Hunt(number)) => {
                snapshot.hunt_group(tenant, number).and_then(|g| g.all.to.as_ref())
            }
            Some(DnOwner::Department(id)) => {
                snapshot.department(id).and_then(|d| d.all.to.as_ref())
            }
            _ => snapshot
                .dn_settings(tenant, at)
                .and_then(|s| s.forward(ForwardKind::All).to.as_ref()),
        };
        match all {
            Some(Destination::Dn(next)) if *next == dn => return true,
            Some(Destination::Dn(next)) => at = *next,
            Some(
                Destination::Voicemail | Destination::Outside(_) | Destination::Announcement(_),
            )
            | None => return false,
        }
    }
    true
}
