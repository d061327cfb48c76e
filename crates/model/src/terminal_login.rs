//! Log-in of a person at a terminal: the assignment itself changes (R233, R315).

use base::Secret;
use base::id::{DeviceId, UserId};

use crate::own_setting::Declined;
use crate::{Change, Device, Snapshot, UserState};

/// What a person typed at a terminal to log in.
#[derive(Debug, Clone)]
pub struct TypedLogin {
    /// Digits of the extension; whether anybody has it is not looked at before the PIN.
    pub extension: Box<str>,
    /// 暗証番号.
    pub pin: Secret<String>,
}

/// The changes that make the person the terminal's user; who was, is logged out of it. None when
/// it is so already. The PIN has been judged.
///
/// # Errors
/// [`Declined::Full`] at the most terminals of a person, [`Declined::NotAllowed`] when the person
/// is stopped or of another tenant, or the terminal is gone.
pub fn log_in(
    snapshot: &Snapshot,
    device: DeviceId,
    user: UserId,
) -> Result<Vec<Change>, Declined> {
    let device = snapshot.device(device).ok_or(Declined::NotAllowed)?;
    let person = snapshot.user(user).filter(|u| u.state == UserState::Active);
    if person.is_none_or(|u| u.tenant != device.tenant) {
        return Err(Declined::NotAllowed);
    }
    if device.user == Some(user) {
        return Ok(Vec::new());
    }
    let most = snapshot.tenant(device.tenant).map_or(0, |t| usize::from(t.accounts_max));
    if snapshot.devices_of(user).len() >= most {
        return Err(Declined::Full);
    }
    // Do not disturb was the former user's wish.
    let mine = Device { user: Some(user), do_not_disturb: false, ..device.clone() };
    Ok(vec![Change::DevicePut(mine)])
}

/// The changes that make the terminal 未使用; none when it is.
pub fn log_out(snapshot: &Snapshot, device: DeviceId) -> Vec<Change> {
    let used = snapshot.device(device).filter(|d| d.user.is_some());
    let free = |d: &Device| Device { user: None, do_not_disturb: false, ..d.clone() };
    used.map(|d| Change::DevicePut(free(d))).into_iter().collect()
}
