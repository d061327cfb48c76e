//! Numbering plan: which digits an extension may have, by preset (R020, J05).

use base::Dn;

use crate::tenant::Preset;

/// Numbers that no extension may equal, begin with, or be the beginning of (J05; japan.md §1.2,
/// ended services included).
pub const RESERVED: &[&str] = &[
    "110", "118", "119", "184", "186", "104", "177", "113", "114", "115", "116", "117", "136",
    "142", "144", "147", "148", "159", "171", "188", "189",
];

/// Why an extension does not fit the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanError {
    /// Wrong number of digits or wrong first digit (213).
    Shape,
    /// Collides with a reserved number (237), which is named; `"0"` for numbers that begin with 0.
    Reserved(&'static str),
}

/// Checks an extension against the plan of `preset`.
pub fn check_dn(preset: Preset, dn: Dn) -> Result<(), PlanError> {
    let text = dn.text();
    match preset {
        Preset::OfficeLink => {
            let first_ok = matches!(text.as_bytes().first(), Some(b'2'..=b'9'));
            if first_ok && dn.len() >= 2 { Ok(()) } else { Err(PlanError::Shape) }
        }
        Preset::CloudPhone => {
            if dn.len() > 7 {
                return Err(PlanError::Shape);
            }
            if text.starts_with('0') {
                return Err(PlanError::Reserved("0"));
            }
            let hit = RESERVED.iter().find(|r| text.starts_with(**r) || r.starts_with(&text));
            hit.map_or(Ok(()), |r| Err(PlanError::Reserved(r)))
        }
    }
}

/// Whether `text` is a 拠点番号: 2–4 digits of which the first is 2–9 (R110).
pub fn is_site_number(text: &str) -> bool {
    (2..=4).contains(&text.len()) && is_prefix(text)
}

/// Whether `text` is a GW識別番号: `0` alone, or 1–4 digits of which the first is 2–9 (R110).
pub fn is_gateway_prefix(text: &str) -> bool {
    text == "0" || (1..=4).contains(&text.len()) && is_prefix(text)
}

fn is_prefix(text: &str) -> bool {
    matches!(text.as_bytes(), [b'2'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit))
}

/// Whether `text` is 1–32 ASCII letters and digits (R025).
pub fn is_sip_id(text: &str) -> bool {
    is_alphanumeric(text, 32)
}

/// Whether `text` is 1–16 ASCII letters and digits (R026).
pub fn is_web_user(text: &str) -> bool {
    is_alphanumeric(text, 16)
}

fn is_alphanumeric(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether `text` is a host name: labels of 1–63 letters, digits and inner hyphens, at most 253.
///
/// A text that reads as an address is none: addresses mean the default tenant.
pub fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    text.len() <= 253
        && text.split('.').all(label)
        && text.parse::<std::net::Ipv4Addr>().is_err()
        && !text.eq_ignore_ascii_case("localhost")
}
