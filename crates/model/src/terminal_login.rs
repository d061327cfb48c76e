//! Log-in of a person at a terminal: the assignment itself changes (R233, R315).

use base::id::{DeviceId, UserId};
use base::time::TOKYO_OFFSET_S;
use base::{Secret, Wall};

use crate::own_setting::Declined;
use crate::{Change, Device, Snapshot, TimedLogin, UserState};

/// What a person typed at a terminal to log in.
#[derive(Debug, Clone)]
pub struct TypedLogin {
    /// Digits of the extension; whether anybody has it is not looked at before the PIN.
    pub extension: Box<str>,
    /// 暗証番号.
    pub pin: Secret<String>,
}

/// The changes that make the person the terminal's user; who was, is logged out of it. None when
/// it is so already. The PIN has been judged. It ends at the company's [`Tenant::logins_end`].
///
/// [`Tenant::logins_end`]: crate::Tenant::logins_end
///
/// # Errors
/// [`Declined::Full`] at the most terminals of a person, [`Declined::NotAllowed`] when the person
/// is stopped or of another tenant, or the terminal is gone.
pub fn log_in(
    snapshot: &Snapshot,
    device: DeviceId,
    user: UserId,
    now: Wall,
) -> Result<Vec<Change>, Declined> {
    let device = snapshot.device(device).ok_or(Declined::NotAllowed)?;
    let person = snapshot.user(user).filter(|u| u.state == UserState::Active);
    if person.is_none_or(|u| u.tenant != device.tenant) {
        return Err(Declined::NotAllowed);
    }
    if device.user == Some(user) {
        return Ok(Vec::new());
    }
    let tenant = snapshot.tenant(device.tenant);
    let most = tenant.map_or(0, |t| usize::from(t.accounts_max));
    if snapshot.devices_of(user).len() >= most {
        return Err(Declined::Full);
    }
    let until = tenant.and_then(|t| t.logins_end).map(|minute| next(minute, now));
    let login = until.map(|until| Box::new(TimedLogin { user, until }));
    let mine = Device { user: Some(user), login, ..device.logged_out() };
    Ok(vec![Change::DevicePut(mine)])
}

/// The next time that the clocks of Tokyo show the minute of the day.
fn next(minute: u16, now: Wall) -> Wall {
    let today = now.civil(TOKYO_OFFSET_S);
    let midnight = Wall::start_of_day(today.year, today.month, today.day, TOKYO_OFFSET_S);
    let at = midnight.0 + i64::from(minute) * 60_000;
    Wall(if at > now.0 { at } else { at + 24 * 3_600_000 })
}

/// The changes that make the terminal 未使用; none when it is.
pub fn log_out(snapshot: &Snapshot, device: DeviceId) -> Vec<Change> {
    let used = snapshot.device(device).filter(|d| d.user.is_some());
    used.map(|d| Change::DevicePut(d.logged_out())).into_iter().collect()
}
