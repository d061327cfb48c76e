//! What a dialled string is: a feature code, a site's number before an extension, a number of the
//! company, or one outside behind a gateway's prefix (J10).
//!
//! The collision checker (section 6) promises that no code begins another or a number, so the
//! first hit is the only one.

use base::id::TenantId;
use base::{Dialed, Dn};
use model::outside::{self, Dialled, OutsideNumber};
use model::{CodeKind, Snapshot};

use super::line::Way;

/// A dialled string, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// A number; whose is not said yet.
    Dn(Dn),
    /// A feature code, and what follows it without the dial-confirm code.
    Code(CodeKind, Box<str>),
    /// A number outside, and what chose its way.
    Outside(Way, OutsideNumber),
    /// 110, 118 or 119.
    Emergency(Dn),
}

/// Understands what a phone of the tenant dialled; `None` when it is nothing of the tenant's.
pub(crate) fn read(snapshot: &Snapshot, tenant: TenantId, dialed: &str) -> Option<Read> {
    let dialed = Dialed::parse(dialed).ok()?;
    let owned = |dn: &Dn| snapshot.dn_owner(tenant, *dn).is_some();
    if let Some(dn) = dialed.dn().filter(owned) {
        return Some(Read::Dn(dn));
    }
    let text = dialed.as_str();
    let confirm = snapshot.tenant(tenant)?.code(CodeKind::DialConfirm);
    let text = confirm.and_then(|c| text.strip_suffix(c.text())).unwrap_or(text);
    let leaves = outside::read(snapshot, tenant, text);
    if let Some(Dialled::Emergency(number)) = leaves {
        return Some(Read::Emergency(number));
    }
    let dn = Dn::parse(text).ok();
    if let Some(dn) = dn.filter(owned) {
        return Some(Read::Dn(dn));
    }
    if let Some(Dialled::Line(line, number)) = leaves {
        return Some(Read::Outside(Way::Line(line.id), number));
    }
    if let Some((kind, rest)) = code(snapshot, tenant, text) {
        return Some(Read::Code(kind, rest.into()));
    }
    if let Some(dn) = behind_prefix(snapshot, tenant, text) {
        return Some(Read::Dn(dn));
    }
    match leaves {
        Some(Dialled::Number(gateway, number)) => {
            Some(Read::Outside(Way::Gateway(gateway.id), number))
        }
        Some(Dialled::Plain(number)) => Some(Read::Outside(Way::Plain, number)),
        Some(Dialled::Line(..) | Dialled::Emergency(_)) | None => dn.map(Read::Dn),
    }
}

/// The feature code that begins the string.
fn code<'t>(snapshot: &Snapshot, tenant: TenantId, text: &'t str) -> Option<(CodeKind, &'t str)> {
    let tenant = snapshot.tenant(tenant)?;
    CodeKind::ALL.into_iter().filter(|kind| kind.is_dialled()).find_map(|kind| {
        let code = tenant.code(kind)?;
        text.strip_prefix(code.text()).map(|rest| (kind, rest))
    })
}

/// The extension behind a 拠点番号, when it is one of that site (section J, dial prefixes).
fn behind_prefix(snapshot: &Snapshot, tenant: TenantId, text: &str) -> Option<Dn> {
    snapshot.sites(tenant).find_map(|site| {
        let rest = text.strip_prefix(site.number.as_deref()?)?;
        let dn = Dn::parse(rest).ok()?;
        let at_site = snapshot.user_by_dn(tenant, dn).is_some_and(|u| u.site == site.id);
        at_site.then_some(dn)
    })
}
