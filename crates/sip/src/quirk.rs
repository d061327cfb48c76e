//! Habits of makers that the stack yields to, by what a phone says of itself.

use crate::digest::Algorithm;

/// What is offered to everybody: RFC 8760 wants several, the strongest that a phone knows wins.
///
/// COMPAT(SIPp 3.6.1, older phones): they look at the first challenge only and give up when it
/// names an algorithm that they do not know, so MD5 stands first.
const BOTH: &[Algorithm] = &[Algorithm::Md5, Algorithm::Sha256];

const MD5_ONLY: &[Algorithm] = &[Algorithm::Md5];

/// The digest algorithms to offer to a phone with this `User-Agent`, in order.
///
/// COMPAT(baresip 0.x, 1.x): it refuses to register when any of the challenges names an algorithm
/// other than MD5.
pub fn digest_algorithms(user_agent: &[u8]) -> &'static [Algorithm] {
    let old = [b"baresip v0.".as_slice(), b"baresip v1."];
    if old.iter().any(|prefix| user_agent.starts_with(prefix)) { MD5_ONLY } else { BOTH }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_phones_that_stumble_are_spared_sha_256() {
        assert_eq!(digest_algorithms(b"baresip v1.0.0 (x86_64/linux)"), MD5_ONLY);
        assert_eq!(digest_algorithms(b"baresip v3.2.0"), BOTH);
        assert_eq!(digest_algorithms(b""), BOTH);
    }
}
