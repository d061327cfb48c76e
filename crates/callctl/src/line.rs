//! Lines as calls show them: the number that a caller outside called, and the number that those
//! outside see (R304).

use std::sync::Arc;

use base::Dn;
use base::id::TenantId;
use model::outside::{OutsideNumber, ShowNumber};
use model::{CallerNumber, Gateway, Inbound, Line, LineTarget, Snapshot};

use crate::action::Party;
use crate::call::{Call, Ring};
use crate::cx::Cx;
use crate::input::Offered;
use crate::leg::Person;
use crate::route::Style;

/// Who calls by a gateway. What he has called is the Request-URI, unless only To names a line.
pub(crate) fn caller(snapshot: &Snapshot, gateway: &Gateway, offered: &mut Offered) -> Arc<Person> {
    let is_line = |text: &str| snapshot.line_called(gateway, text).is_some();
    if !is_line(&offered.dialed) && is_line(&offered.called) {
        offered.dialed = offered.called.clone();
    }
    crate::outside::caller(gateway, offered)
}

/// What those outside see of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub number: String,
    pub hidden: bool,
}

/// The number by the setting of who pays, and whether it is hidden by 184 or by the setting.
pub(crate) fn seen(
    snapshot: &Snapshot,
    (tenant, payer): (TenantId, Option<Dn>),
    line: &Line,
    number: OutsideNumber,
) -> Seen {
    let settings = payer.and_then(|dn| snapshot.dn_settings(tenant, dn));
    let wanted = settings.map_or(CallerNumber::Line, |s| s.caller_number);
    let own = payer.and_then(|dn| chosen(snapshot, (tenant, dn), wanted));
    let direct = own.and_then(|dn| direct_number(snapshot, line, dn));
    let hidden = match number.show {
        Some(ShowNumber::Hide) => true,
        Some(ShowNumber::Show) => false,
        None => settings.is_some_and(|s| s.hide_number),
    };
    Seen { number: direct.unwrap_or(line.number).text(), hidden }
}

/// The extension whose direct number is wanted.
fn chosen(
    snapshot: &Snapshot,
    (tenant, payer): (TenantId, Dn),
    wanted: CallerNumber,
) -> Option<Dn> {
    match wanted {
        CallerNumber::Line => None,
        CallerNumber::Own => Some(payer),
        CallerNumber::Pilot => {
            let group = snapshot.hunt_of_member(tenant, payer)?;
            snapshot.hunt_group(tenant, group).map(|g| g.pilot)
        }
        CallerNumber::Department => {
            let user = snapshot.user_by_dn(tenant, payer)?;
            let first = snapshot.departments_of(user.id).first()?;
            snapshot.department(*first).map(|d| d.dn)
        }
    }
}

/// The number of a line of the same gateway whose calls go to the extension in business hours:
/// only numbers of the trunk may be shown (J23).
fn direct_number(snapshot: &Snapshot, line: &Line, dn: Dn) -> Option<Dn> {
    let gateway = snapshot.gateway(line.gateway)?;
    let leads = |l: &&Line| l.day == Inbound::To(LineTarget::Dn(dn));
    snapshot.lines_of(gateway).find(leads).map(|l| l.number)
}

impl Call {
    /// Who calls, as a gateway is told it for a line, and whether the number is hidden; `None`
    /// for phones, and for gateways without lines.
    pub(crate) fn seen_outside(&self, cx: &Cx<'_>, ring: &Ring) -> Option<(Party, bool)> {
        let Style::Outside { number, .. } = ring.plan.style else { return None };
        let leaving = self.dialing.as_ref()?.journey.leaving()?;
        let snapshot = cx.view.snapshot();
        let line = snapshot.line(leaving.line)?;
        let seen = seen(snapshot, (self.tenant, leaving.payer), line, number);
        let domain = snapshot.tenant(self.tenant).map(|t| t.realm.to_string()).unwrap_or_default();
        Some((Party { number: seen.number, name: String::new(), domain }, seen.hidden))
    }
}
