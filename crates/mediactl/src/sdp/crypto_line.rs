//! `a=crypto` (RFC 4568).

use super::base64;
use super::text;
use crate::{CryptoKey, Sdes, Suite};

/// Lines read of one media section; phones offer two to six.
pub(super) const LINES_MAX: usize = 8;

/// Appends `a=crypto:…` without a line end.
pub fn write_crypto(sdes: &Sdes, out: &mut Vec<u8>) {
    out.extend_from_slice(
        format!("a=crypto:{} {} inline:", sdes.tag, sdes.suite.as_str()).as_bytes(),
    );
    base64::encode(&sdes.key.0, out);
}

/// The value behind `a=crypto:`; `None` for what we cannot do, so that the line is passed over.
pub(super) fn parse(value: &[u8]) -> Option<Sdes> {
    let mut words = text::words(value);
    let tag = text::number(words.next()?).filter(|tag| *tag <= 999_999_999)?;
    let suite = Suite::parse(words.next()?)?;
    let mut key = words.next()?.strip_prefix(b"inline:")?.split(|b| *b == b'|');
    let material = base64::decode(key.next()?)?;
    // A lifetime (`2^20`) may be ignored, a master key identifier (`1:4`) changes each packet.
    if key.any(|part| part.contains(&b':')) || !words.all(is_harmless) {
        return None;
    }
    Some(Sdes { tag: tag as u32, suite, key: CryptoKey(material) })
}

/// Session parameters that change nothing for us: window size hint, optional extensions
/// (RFC 4568 §6.3.7). All others forbid the line.
fn is_harmless(parameter: &[u8]) -> bool {
    parameter.starts_with(b"WSH=") || parameter.starts_with(b"-")
}
