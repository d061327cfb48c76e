//! Where forwards and overflows may lead when somebody sets them (R063, R261).

use base::Dn;
use base::id::{SiteId, TenantId};
use model::{Destination, DnOwner, Snapshot, TenantOption, outside};

use crate::service::problem::Problem;

/// Whose destination it is.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// Whose numbers.
    pub tenant: TenantId,
    /// Whose policy for outside numbers counts.
    pub site: SiteId,
    /// The number that forwards.
    pub dn: Option<Dn>,
}

/// Reads `2001`, `voicemail`, `outside:0312345678`, `announcement` or `announcement:` with the id
/// of a sound.
pub fn parse(text: &str) -> Option<Destination> {
    match text.split_once(':') {
        Some(("dn", _)) => None,
        Some(_) => Destination::parse(text),
        None if text == "voicemail" || text == "announcement" => Destination::parse(text),
        None => Dn::parse(text).ok().map(Destination::Dn),
    }
}

/// What [`parse`] reads.
pub fn text(destination: &Destination) -> String {
    match destination {
        Destination::Dn(dn) => dn.text(),
        Destination::Voicemail | Destination::Outside(_) | Destination::Announcement(_) => {
            destination.text()
        }
    }
}

/// What speaks against a destination that is set now: a number that nobody has (238), the own one
/// or one that takes no forwarded calls (244), an outside one against the site's policy (253),
/// voicemail that is not contracted (263).
pub fn problem(
    snapshot: &Snapshot,
    owner: Owner,
    field: &str,
    to: &Destination,
) -> Option<Problem> {
    let refuse = |code| Some(Problem::new(code, field, &text(to)));
    match to {
        Destination::Announcement(_) => None,
        Destination::Voicemail => {
            let tenant = snapshot.tenant(owner.tenant)?;
            if tenant.options.contains(TenantOption::Voicemail) { None } else { refuse(263) }
        }
        Destination::Outside(digits) => {
            let policy = snapshot.site(owner.site).map(|s| s.forward_outside).unwrap_or_default();
            match outside::class(snapshot, owner.tenant, digits) {
                Some(class) if class.is_within(policy) => None,
                Some(_) => refuse(253),
                None => refuse(244).map(|p| p.saying("api-forward-to-emergency")),
            }
        }
        Destination::Dn(dn) if owner.dn == Some(*dn) => {
            refuse(244).map(|p| p.saying("api-forward-to-itself"))
        }
        Destination::Dn(dn) => match snapshot.dn_owner(owner.tenant, *dn) {
            None => refuse(238),
            Some(DnOwner::ParkSlot(_)) => {
                refuse(244).map(|p| p.with("park-slot", &dn.text(), None))
            }
            Some(DnOwner::Department(id)) => {
                let pages = snapshot.department(id).filter(|d| d.multicast)?;
                refuse(244).map(|p| p.with("department", &pages.name, Some(dn.text())))
            }
            Some(DnOwner::User(_) | DnOwner::Virtual(_) | DnOwner::Hunt(_)) => None,
        },
    }
}

/// [`problem`] of each destination that differs from the one before.
pub fn changed<'a>(
    snapshot: &Snapshot,
    owner: Owner,
    pairs: impl IntoIterator<Item = (&'a str, Option<&'a Destination>, Option<&'a Destination>)>,
) -> Vec<Problem> {
    let new = pairs.into_iter().filter(|(_, old, new)| old != new);
    new.filter_map(|(field, _, new)| problem(snapshot, owner, field, new?)).collect()
}

/// 263 for voicemail that is switched on without its option.
pub(crate) fn voicemail(snapshot: &Snapshot, tenant: TenantId, on: bool) -> Option<Problem> {
    let tenant = snapshot.tenant(tenant)?;
    let lacks = on && !tenant.options.contains(TenantOption::Voicemail);
    lacks.then(|| Problem::new(263, "voicemail", "true"))
}
