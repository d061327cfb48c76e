//! Numbers outside: which gateway takes what was dialled, and what class it is (J10–J14, J60).
//!
//! One reading for calls, for forwards and for whoever sets them. Emergency numbers are found by
//! the whole string, never by its beginning (J12).

use base::Dn;
use base::id::TenantId;

use crate::code::CodeKind;
use crate::emergency;
use crate::gateway::Gateway;
use crate::line::Line;
use crate::site::Outside;
use crate::snapshot::Snapshot;

/// 184 or 186 in front of a number (J20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShowNumber {
    /// 184: the own number is hidden.
    Hide,
    /// 186: it is shown.
    Show,
}

/// A number outside as a gateway gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutsideNumber {
    /// The digits without 184 and 186; 3–15.
    pub digits: Dn,
    /// What was dialled in front of them; the gateway gets it too (J21).
    pub show: Option<ShowNumber>,
}

impl OutsideNumber {
    /// Digits as they are sent to the gateway.
    pub fn text(self) -> String {
        match self.show {
            Some(ShowNumber::Hide) => format!("184{}", self.digits),
            Some(ShowNumber::Show) => format!("186{}", self.digits),
            None => self.digits.text(),
        }
    }

    /// Its class.
    pub fn class(self) -> OutsideClass {
        class_of(&self.digits.text())
    }
}

/// Classes of numbers as far as rights depend on them (japan.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutsideClass {
    /// Within the country, services such as 117 and 171 included.
    Domestic,
    /// 010.
    International,
    /// 0570, 0990, 020, 091 and carrier codes: barred unless opened (J60).
    Special,
}

impl OutsideClass {
    /// Whether a policy for calls that leave the company permits the class.
    pub fn is_within(self, policy: Outside) -> bool {
        match policy {
            Outside::Denied => false,
            Outside::Domestic => self == OutsideClass::Domestic,
            Outside::Allowed => true,
        }
    }
}

/// The class of a number that begins with 0 or 1.
pub fn class_of(digits: &str) -> OutsideClass {
    let begins = |with: &[&str]| with.iter().any(|w| digits.starts_with(w));
    if begins(&["010"]) {
        OutsideClass::International
    } else if begins(&["00", "0570", "0990", "020", "091"]) {
        OutsideClass::Special
    } else {
        OutsideClass::Domestic
    }
}

/// What a string means to the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialled<'s> {
    /// 110, 118 or 119, whatever prefix stood before it.
    Emergency(Dn),
    /// A number behind the prefix of a gateway.
    Number(&'s Gateway, OutsideNumber),
    /// A number behind a line's own prefix, or behind the line-select code and its 識別番号.
    Line(&'s Line, OutsideNumber),
    /// A number as it stands, where there are lines: it leaves by an initial line.
    Plain(OutsideNumber),
}

/// Prefixes that may stand before an emergency number.
const NESTED_MAX: u8 = 4;

/// What was dialled means to the outside; `None` when no gateway takes it.
pub fn read<'s>(snapshot: &'s Snapshot, tenant: TenantId, text: &str) -> Option<Dialled<'s>> {
    let text = national(text);
    if let Some(number) = emergency_in(snapshot, tenant, &text, NESTED_MAX) {
        return Some(Dialled::Emergency(number));
    }
    let (show, rest) = strip_show(&text);
    if let Some((line, number)) = behind_line(snapshot, tenant, rest) {
        return outside_number(number, show).map(|number| Dialled::Line(line, number));
    }
    let of_gateway = snapshot.active_gateways(tenant).find_map(|gateway| {
        let number = outside_number(behind(&gateway.prefix, rest)?, show)?;
        Some(Dialled::Number(gateway, number))
    });
    of_gateway.or_else(|| {
        let any = snapshot.active_lines(tenant).next().is_some();
        let plain = Some(rest).filter(|rest| any && is_number(rest))?;
        outside_number(plain, show).map(Dialled::Plain)
    })
}

/// Digits behind all prefixes, with what was dialled before them (J14).
fn outside_number(number: &str, show: Option<ShowNumber>) -> Option<OutsideNumber> {
    let (inner, digits) = match strip_show(number) {
        (Some(inner), digits) if digits.starts_with('0') => (Some(inner), digits),
        _ => (None, number),
    };
    let digits = Dn::parse(digits).ok().filter(|d| d.len() >= 3)?;
    Some(OutsideNumber { digits, show: inner.or(show) })
}

/// The line that is dialled by its own prefix or by its 識別番号 (R303). Of two 識別番号 of which
/// one begins the other, the longer one that leaves a number is meant.
fn behind_line<'s, 't>(
    snapshot: &'s Snapshot,
    tenant: TenantId,
    text: &'t str,
) -> Option<(&'s Line, &'t str)> {
    let lines = || snapshot.active_lines(tenant);
    let own = |line: &'s Line| Some((line, behind(line.prefix.as_deref()?, text)?));
    if let Some(found) = lines().find_map(own) {
        return Some(found);
    }
    let select = snapshot.tenant(tenant)?.code(CodeKind::LineSelect)?;
    let rest = text.strip_prefix(select.text())?;
    let chosen = lines().filter_map(|line| {
        let number = rest.strip_prefix(line.code.text().as_str())?;
        is_number(number).then_some((line, number))
    });
    chosen.max_by_key(|(line, _)| line.code.len())
}

/// What follows a line's own prefix, and the line-select code with its 識別番号.
fn rests_of<'t>(snapshot: &Snapshot, tenant: TenantId, text: &'t str) -> Vec<&'t str> {
    let select = snapshot.tenant(tenant).and_then(|t| t.code(CodeKind::LineSelect));
    let selected = select.and_then(|code| text.strip_prefix(code.text()));
    let mut out = Vec::new();
    for line in snapshot.active_lines(tenant) {
        out.extend(line.prefix.as_deref().and_then(|p| text.strip_prefix(p)));
        out.extend(selected.and_then(|rest| rest.strip_prefix(line.code.text().as_str())));
    }
    out
}

/// The class of digits that are set as destination, behind a prefix or not; `None` = emergency,
/// which no call may be forwarded to (R261).
pub fn class(snapshot: &Snapshot, tenant: TenantId, digits: &str) -> Option<OutsideClass> {
    match read(snapshot, tenant, digits) {
        Some(Dialled::Emergency(_)) => None,
        Some(Dialled::Number(_, number) | Dialled::Line(_, number) | Dialled::Plain(number)) => {
            Some(number.class())
        }
        None => Some(class_of(digits)),
    }
}

/// J10, step 1: `+81` is 0, any other `+` is 010.
pub fn national(text: &str) -> String {
    match (text.strip_prefix("+81"), text.strip_prefix('+')) {
        (Some(rest), _) => format!("0{rest}"),
        (None, Some(rest)) => format!("010{rest}"),
        (None, None) => text.to_owned(),
    }
}

/// J10, step 2, and step 8: the emergency number that is left without prefixes.
fn emergency_in(snapshot: &Snapshot, tenant: TenantId, text: &str, nested: u8) -> Option<Dn> {
    if emergency::is_number(text) {
        return Dn::parse(text).ok();
    }
    let nested = nested.checked_sub(1).filter(|_| text.len() > 3)?;
    let prefixes = snapshot.active_gateways(tenant).map(|g| &*g.prefix);
    let rests = ["184", "186"].into_iter().chain(prefixes).filter_map(|p| text.strip_prefix(p));
    let mut rests = rests.chain(rests_of(snapshot, tenant, text));
    rests.find_map(|rest| emergency_in(snapshot, tenant, rest, nested))
}

fn strip_show(text: &str) -> (Option<ShowNumber>, &str) {
    match (text.strip_prefix("184"), text.strip_prefix("186")) {
        (Some(rest), _) => (Some(ShowNumber::Hide), rest),
        (None, Some(rest)) => (Some(ShowNumber::Show), rest),
        (None, None) => (None, text),
    }
}

/// The number behind a prefix. With prefix 0 the first 0 may be the number's own (J11).
fn behind<'t>(prefix: &str, text: &'t str) -> Option<&'t str> {
    let rest = text.strip_prefix(prefix)?;
    if is_number(rest) {
        return Some(rest);
    }
    (prefix == "0" && is_number(text)).then_some(text)
}

/// Begins with 0, or is a service of three digits that begins with 1; 184 and 186 count only
/// before a 0 (J14).
fn is_number(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let shown = strip_show(text);
    let begins = text.starts_with('0')
        || (text.len() == 3 && text.starts_with('1') && shown.0.is_none())
        || (shown.0.is_some() && shown.1.starts_with('0'));
    digits && begins
}
