//! Values of the configuration, parsed by their rule.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use toml_edit::{Item, Value};

pub(super) fn text(item: &Item) -> Option<&str> {
    item.as_str()
}

pub(super) fn listeners(item: &Item) -> Option<Vec<SocketAddr>> {
    let array = item.as_array()?;
    array.iter().map(|v: &Value| v.as_str()?.parse().ok()).collect()
}

pub(super) fn listener(item: &Item) -> Option<Option<SocketAddr>> {
    match text(item)? {
        "" => Some(None),
        addr => addr.parse().ok().map(Some),
    }
}

pub(super) fn address(item: &Item) -> Option<Option<IpAddr>> {
    match text(item)? {
        "auto" => Some(None),
        addr => addr.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified()).map(Some),
    }
}

pub(super) fn ports(item: &Item) -> Option<(u16, u16)> {
    let (first, last) = text(item)?.split_once('-')?;
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let enough = last.checked_sub(first).is_some_and(|n| n >= 3);
    (first >= 1_024 && first % 2 == 0 && enough).then_some((first, last))
}

pub(super) fn span(item: &Item) -> Option<Duration> {
    let text = text(item)?.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    let ms = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let ms = number.checked_mul(ms)?;
    (ms <= 24 * 3_600_000).then(|| Duration::from_millis(ms))
}

pub(super) fn size(item: &Item) -> Option<u64> {
    let text = text(item)?.trim();
    if text == "0" {
        return Some(0);
    }
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "KiB" => 1u64 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}
