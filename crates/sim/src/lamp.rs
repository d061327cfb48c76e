//! What a lamp ought to show, and to whom: written from the requirements (R310, R311, R262), not
//! from the product's own rules.

use base::Dn;
use base::id::DeviceId;
use callctl::Waiting;
use callctl::lamps::{DialogLine, DialogPhase};
use model::{DnOwner, Snapshot, TenantOption, UserState};
use sip::event::Package;

/// The number that the user part of a Request-URI means to a device, or the status that refuses.
pub fn watched(
    snapshot: &Snapshot,
    device: DeviceId,
    package: Package,
    user: &str,
) -> Result<Dn, u16> {
    let device = snapshot.device(device).ok_or(404_u16)?;
    let own = device.user.and_then(|id| snapshot.user(id)).map(|u| u.dn);
    let named = match user == &*device.sip_id {
        true => own,
        false => Dn::parse(user).ok(),
    };
    let dn = named.ok_or(404_u16)?;
    let owner = snapshot.dn_owner(device.tenant, dn).ok_or(404_u16)?;
    if package == Package::Dialog {
        return Ok(dn);
    }
    let holds = match owner {
        DnOwner::User(id) => device.user == Some(id),
        DnOwner::Hunt(number) => {
            let group = snapshot.hunt_group(device.tenant, number);
            group.zip(own).is_some_and(|(g, own)| g.members.contains(&own))
        }
        DnOwner::Department(id) => {
            let members = snapshot.department(id).map(|d| &*d.members).unwrap_or_default();
            device.user.is_some_and(|user| members.contains(&user))
        }
        DnOwner::Virtual(_) | DnOwner::ParkSlot(_) => false,
    };
    if holds { Ok(dn) } else { Err(403) }
}

/// The device may be used.
pub fn is_active(snapshot: &Snapshot, device: DeviceId) -> bool {
    let active = |id| snapshot.user(id).is_some_and(|u| u.state == UserState::Active);
    snapshot.device(device).is_some_and(|d| d.user.is_none_or(active))
}

/// Whether somebody at the device could take the calls of a number: then the lamp says who calls.
pub fn sees_who(snapshot: &Snapshot, device: DeviceId, dn: Dn) -> bool {
    let Some(device) = snapshot.device(device) else { return false };
    let tenant = device.tenant;
    let has = |option| snapshot.tenant(tenant).is_some_and(|t| t.options.contains(option));
    if let Some(slot) = snapshot.park_slot(tenant, dn) {
        return slot.site == device.site && has(TenantOption::Park);
    }
    let Some(user) = device.user.and_then(|id| snapshot.user(id)) else { return false };
    if user.dn == dn || !has(TenantOption::Pickup) {
        return false;
    }
    let together = |members: &[Dn]| members.contains(&user.dn) && members.contains(&dn);
    let in_group = snapshot.pickup_groups(tenant).any(|g| together(&g.members));
    let owner = snapshot.user_by_dn(tenant, dn).map(|u| u.id);
    let mut picks = user.pickup_departments.iter().filter_map(|id| snapshot.department(*id));
    in_group || picks.any(|d| d.dn == dn || owner.is_some_and(|id| d.members.contains(&id)))
}

/// The calls of a number in one text, with the far parties where they may be seen.
pub fn truth(lines: &[DialogLine], sees_who: bool) -> String {
    let told = lines.iter().map(|line| {
        let phase = match line.phase {
            DialogPhase::Trying => "trying",
            DialogPhase::Early => "early",
            DialogPhase::Confirmed => "confirmed",
        };
        let side = if line.is_caller { "initiator" } else { "recipient" };
        let mut text = format!("{:x} {side} {phase}", line.leg.0);
        if sees_who {
            text += &format!(" of {}", line.remote.0);
            text += if line.holds { " holds" } else { "" };
        }
        text
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The messages of a box in one text.
pub fn messages(waiting: Waiting) -> String {
    format!("{}/{}", waiting.new, waiting.old)
}

/// What a document shows, as [`truth`] and [`messages`] tell it.
pub fn shown(body: &str) -> String {
    if let Some(line) = body.lines().find_map(|l| l.strip_prefix("Voice-Message: ")) {
        return line.split(' ').next().unwrap_or_default().to_owned();
    }
    let dialogs = body.split("<dialog ").skip(1).filter_map(|part| {
        let state = between(part, "<state>", "</state>").filter(|s| *s != "terminated")?;
        let (id, side) = (between(part, "id=\"", "\"")?, between(part, "direction=\"", "\"")?);
        let mut text = format!("{id} {side} {state}");
        if let Some(identity) = between(part, "<identity", "</identity>") {
            let uri = identity.rsplit('>').next().unwrap_or_default();
            let user = uri.strip_prefix("sip:").and_then(|u| u.split_once('@')).map(|u| u.0);
            text += &format!(" of {}", unescaped(user.unwrap_or_default()));
            text += if part.contains("+sip.rendering") { " holds" } else { "" };
        } else if part.contains("call-id=") || part.contains("+sip.rendering") {
            text += " tells too much";
        }
        Some(text)
    });
    dialogs.collect::<Vec<_>>().join(", ")
}

/// The version of a document of dialogs.
pub fn version_of(body: &str) -> Option<u32> {
    let head = body.split("<dialog-info").nth(1)?;
    between(head, " version=\"", "\"")?.parse().ok()
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inside, _)| inside)
}

/// A user part without its escapes.
fn unescaped(user: &str) -> String {
    let mut parts = user.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        text.extend(code.map(char::from));
        text += part.get(2..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{shown, version_of};

    #[test]
    fn documents_are_read_as_they_are_written() {
        let body = "<?xml version=\"1.0\"?>\n<dialog-info \
            xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"7\" state=\"full\" \
            entity=\"sip:2001@x\">\n<dialog id=\"1f\" call-id=\"a\" direction=\"recipient\">\n\
            <state>confirmed</state>\n<local><target uri=\"x\"><param pname=\"+sip.rendering\" \
            pval=\"no\"/></target></local>\n<remote><identity display=\"A &gt; B\">\
            sip:%2a57@x</identity><target uri=\"sip:%2a57@x\"/></remote>\n</dialog>\n\
            <dialog id=\"20\">\n<state>terminated</state>\n</dialog>\n</dialog-info>\n";
        assert_eq!(version_of(body), Some(7));
        assert_eq!(shown(body), "1f recipient confirmed of *57 holds");
        assert_eq!(shown("Messages-Waiting: yes\r\nVoice-Message: 2/1 (1/0)\r\n"), "2/1");
    }
}
