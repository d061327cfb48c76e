//! Ways out for emergency calls (J31, J32), and toll rules (J60).

use super::{Case, Found, against, in_range, violation};
use crate::calendar::Calendar;
use crate::toll::is_country;
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{EmergencyRoute, Gateway, Site, Tenant, TollRules};

impl Case<'_> {
    /// A gateway elsewhere would reach the authorities of another place.
    pub(super) fn emergency_routes(&self, at: usize, site: &Site, found: &mut Found) {
        let routes = &site.emergency;
        if routes.len() > EmergencyRoute::MAX {
            let most = EmergencyRoute::MAX.to_string();
            let with = Conflict { name: most.into(), ..Conflict::default() };
            let count = routes.len().to_string();
            let out = violation(at, code::TOO_MANY_MEMBERS, Field::Emergency, &count);
            found.push(Violation { with: Some(with), ..out });
        }
        for (n, route) in routes.iter().enumerate() {
            let gateway = self.after.gateway(route.gateway).filter(|g| g.site == site.id);
            if gateway.is_none_or(|g| g.tenant != site.tenant) {
                let id = route.gateway.to_string();
                found.push(violation(at, code::NOT_FOUND, Field::Emergency, &id));
            }
            if !route.is_lawful() {
                let number = route.shown.text();
                found.push(violation(at, code::BAD_TEXT, Field::Emergency, &number));
            }
            if routes.iter().take(n).any(|r| r.gateway == route.gateway) {
                let id = route.gateway.to_string();
                found.push(violation(at, code::DUPLICATE, Field::Emergency, &id));
            }
        }
    }

    /// A gateway that emergency calls of a site take stays, and stays there.
    pub(super) fn gateway_needed(&self, at: usize, gateway: &Gateway, found: &mut Found) {
        let now = self.after.gateway(gateway.id);
        let by = |s: &&Site| s.emergency.iter().any(|r| r.gateway == gateway.id);
        let Some(site) = self.after.sites(gateway.tenant).find(by) else { return };
        if now.is_none_or(|g| g.site != site.id) {
            let field = if now.is_some() { Field::Site } else { Field::Object };
            let clash = violation(at, code::IN_USE, field, &gateway.name);
            found.push(against(clash, Noun::Site, &site.domain));
        }
    }

    pub(super) fn calendar(&self, at: usize, tenant: &Tenant, found: &mut Found) {
        let calendar = &tenant.calendar;
        for days in [&calendar.closed, &calendar.open] {
            in_range(at, ("holidays", 0..=Calendar::DAYS_MAX), days.len(), found);
        }
    }

    pub(super) fn toll_rules(&self, at: usize, tenant: &Tenant, found: &mut Found) {
        let countries = &tenant.toll.countries;
        in_range(at, ("toll-countries", 0..=TollRules::COUNTRIES_MAX), countries.len(), found);
        for (n, code_of) in countries.iter().enumerate() {
            if !is_country(code_of) {
                found.push(violation(at, code::BAD_TEXT, Field::Toll, code_of));
            } else if countries.iter().take(n).any(|c| c == code_of) {
                found.push(violation(at, code::DUPLICATE, Field::Toll, code_of));
            }
        }
    }
}
