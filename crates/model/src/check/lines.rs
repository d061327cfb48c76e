//! Lines and receptions of sites (R231, R300–R303).

use base::Dn;
use base::id::UserId;

use super::{Case, Found, against, in_range, name, rival, twice, violation};
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{Gateway, Inbound, Line, Reception, plan};

/// Digits of a 回線番号: as dialled in the country, or a service of three digits in tests of
/// gateways.
fn is_number(number: Dn) -> bool {
    Line::NUMBER_LEN.contains(&number.len()) && number.text().starts_with(['0', '1'])
}

impl Case<'_> {
    pub(super) fn line(&self, at: usize, line: &Line, found: &mut Found) {
        let old = self.before.line(line.id).map(|l| l.tenant);
        self.tenant_exists(at, line.tenant, old, found);
        name(at, Field::Name, &line.name, found);
        if !Line::CODE_LEN.contains(&line.code.len()) {
            found.push(violation(at, code::BAD_TEXT, Field::LineCode, &line.code.text()));
        }
        if !is_number(line.number) {
            found.push(violation(at, code::BAD_TEXT, Field::LineNumber, &line.number.text()));
        }
        let gateway = self.after.gateway(line.gateway);
        if gateway.is_none_or(|g| g.tenant != line.tenant) {
            let id = line.gateway.to_string();
            found.push(violation(at, code::NOT_FOUND, Field::Gateway, &id));
        }
        if let Some(prefix) = line.prefix.as_deref().filter(|p| !plan::is_gateway_prefix(p)) {
            found.push(violation(at, code::BAD_TEXT, Field::Prefix, prefix));
        }
        if let Some(id) = line.reserve {
            let reserve = self.after.line(id).filter(|l| l.tenant == line.tenant);
            if reserve.is_none() || id == line.id {
                let shown = reserve.map_or_else(|| id.to_string(), |l| l.code.text());
                found.push(violation(at, code::NO_LINE, Field::Reserve, &shown));
            }
        }
        for rule in line.rules() {
            if let Inbound::Registered { ring_s, .. } = rule {
                in_range(at, ("ring-s", Line::RING_S), *ring_s, found);
            }
            let sound = rule.target().and_then(|t| t.sound());
            self.sound_exists(at, line.tenant, sound, found);
        }
        for users in [&line.receivers, &line.callers, &line.initial_of] {
            twice(at, users, |user: &UserId| user.to_string(), found);
        }
        self.line_is_alone(at, line, found);
    }

    /// 識別番号 and number are its own; it alone is the common one, and the only initial line of
    /// those whose it is.
    fn line_is_alone(&self, at: usize, line: &Line, found: &mut Found) {
        let others = || self.after.lines(line.tenant).filter(|l| l.id != line.id);
        let made = |l: &Line| self.made.lines.get(&l.id).copied();
        let mut clash = |field: Field, value: String, other: Option<(&Line, Option<usize>)>| {
            let Some((other, change)) = other else { return };
            let name = other.code.text().into();
            let with = Conflict { change, dn: None, name, noun: Some(Noun::Line) };
            let out = violation(at, code::DUPLICATE, field, &value);
            found.push(Violation { with: Some(with), ..out });
        };
        let same = others().filter(|l| l.code == line.code).map(|l| (l, made(l)));
        clash(Field::LineCode, line.code.text(), rival(at, same));
        let same = others().filter(|l| l.number == line.number).map(|l| (l, made(l)));
        clash(Field::LineNumber, line.number.text(), rival(at, same));
        let same = others().filter(|l| line.common && l.common).map(|l| (l, made(l)));
        clash(Field::Common, line.code.text(), rival(at, same));
        for user in &line.initial_of {
            let lines = self.after.initial_lines_of.of(*user).iter();
            let same = lines.filter(|id| **id != line.id).filter_map(|id| self.after.line(*id));
            let number = self.after.user(*user).map(|u| u.dn.text()).unwrap_or_default();
            clash(Field::InitialLine, number, rival(at, same.map(|l| (l, made(l)))));
        }
    }

    /// Another line's reserve stays.
    pub(super) fn line_gone(&self, at: usize, line: &Line, found: &mut Found) {
        if self.after.line(line.id).is_some() {
            return;
        }
        if let Some(other) = self.after.lines(line.tenant).find(|l| l.reserve == Some(line.id)) {
            let clash = violation(at, code::IN_USE, Field::Object, &line.code.text());
            found.push(against(clash, Noun::Line, &other.code.text()));
        }
    }

    /// A gateway that carries lines stays.
    pub(super) fn gateway_gone(&self, at: usize, gateway: &Gateway, found: &mut Found) {
        if self.after.gateway(gateway.id).is_some() {
            return;
        }
        if let Some(line) = self.after.lines(gateway.tenant).find(|l| l.gateway == gateway.id) {
            let clash = violation(at, code::IN_USE, Field::Object, &gateway.prefix);
            found.push(against(clash, Noun::Line, &line.code.text()));
        }
    }

    pub(super) fn reception(&self, at: usize, reception: &Reception, found: &mut Found) {
        let old = self.before.reception(reception.site).map(|r| r.tenant);
        self.tenant_exists(at, reception.tenant, old, found);
        self.site_exists(at, reception.tenant, reception.site, found);
        if reception.hours.as_ref().is_some_and(|hours| !hours.is_lawful()) {
            found.push(violation(at, code::BAD_TEXT, Field::Hours, ""));
        }
        let sound = reception.unknown.and_then(|to| to.sound());
        self.sound_exists(at, reception.tenant, sound, found);
    }
}
