//! Numbers as parsed types: never part of a string that is interpreted later (SEC-25).

use std::fmt;

use thiserror::Error;

use crate::pii::Pii;

/// 内線番号: 1–15 digits, kept as packed decimals. Always meant within a tenant.
///
/// Which lengths and first digits are allowed is the tenant's numbering plan (R020); this type
/// only promises digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dn(u64);

/// Why a text is no number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NumberError {
    /// No character at all.
    #[error("number is empty")]
    Empty,
    /// More characters than the type holds.
    #[error("number {number} has {len} characters, at most {max} fit")]
    TooLong {
        /// The text as given.
        number: Pii<String>,
        /// Its length in characters.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A character outside of the allowed set.
    #[error("number {number} holds {found:?}")]
    BadCharacter {
        /// The text as given.
        number: Pii<String>,
        /// The first offender.
        found: char,
    },
    /// 携帯番号 that is not 11 digits of a mobile prefix (R021).
    #[error("number {0} is no mobile number (11 digits, 060, 070, 080 or 090, then 1 to 9)")]
    NotMobile(Pii<String>),
}

impl Dn {
    /// Most digits of an extension number.
    pub const DIGITS_MAX: usize = 15;

    /// Reads 1–15 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if text.is_empty() {
            return Err(NumberError::Empty);
        }
        let len = text.chars().count();
        if len > Self::DIGITS_MAX {
            let number = Pii(text.to_owned());
            return Err(NumberError::TooLong { number, len, max: Self::DIGITS_MAX });
        }
        let mut packed = 0u64;
        for c in text.chars() {
            let Some(digit) = c.to_digit(10) else {
                return Err(NumberError::BadCharacter { number: Pii(text.to_owned()), found: c });
            };
            // Digit + 1, so that a leading zero differs from no digit.
            packed = (packed << 4) | u64::from(digit + 1);
        }
        Ok(Dn(packed))
    }

    /// The digits as text.
    pub fn text(self) -> String {
        self.to_string()
    }

    /// Number of digits, 1–15.
    pub fn len(self) -> usize {
        (64 - self.0.leading_zeros() as usize).div_ceil(4)
    }

    /// Always false: a `Dn` has at least one digit.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The packed form, for keys and wire forms.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.len();
        for i in (0..len).rev() {
            let nibble = (self.0 >> (i * 4)) & 15;
            write!(f, "{}", nibble.saturating_sub(1))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({})", Pii(self.to_string()))
    }
}

/// What was dialled: 1–32 characters of `0-9 * # +` and A–D, never expanded as a program.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dialed(Box<str>);

impl Dialed {
    /// Reads a dial string; separators `-`, `.`, `(`, `)` and spaces are dropped (RFC 3966 §5.1.1).
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kept: String =
            text.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' ')).collect();
        if kept.is_empty() {
            return Err(NumberError::Empty);
        }
        if kept.len() > crate::limits::DIALED_MAX {
            let (len, max) = (kept.len(), crate::limits::DIALED_MAX);
            return Err(NumberError::TooLong { number: Pii(kept), len, max });
        }
        let bad = |c: &char| !matches!(c, '0'..='9' | '*' | '#' | '+' | 'A'..='D');
        match kept.chars().find(bad) {
            Some(found) => Err(NumberError::BadCharacter { number: Pii(kept), found }),
            None => Ok(Dialed(kept.into())),
        }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The extension number, when the string is one.
    pub fn dn(&self) -> Option<Dn> {
        Dn::parse(&self.0).ok()
    }
}

impl From<Dn> for Dialed {
    fn from(dn: Dn) -> Self {
        Dialed(dn.to_string().into())
    }
}

impl fmt::Debug for Dialed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialed({})", Pii(&self.0))
    }
}

/// 携帯番号: 11 digits, 060, 070, 080 or 090, then 1–9 (R021).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MobileNumber(Dn);

impl MobileNumber {
    /// Reads the 11 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 11
            && bytes.iter().all(u8::is_ascii_digit)
            && matches!(bytes, [b'0', b'6'..=b'9', b'0', b'1'..=b'9', ..]);
        match Dn::parse(text) {
            Ok(dn) if shape => Ok(MobileNumber(dn)),
            _ => Err(NumberError::NotMobile(Pii(text.to_owned()))),
        }
    }
}

impl fmt::Display for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MobileNumber({})", Pii(self.0.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dn_keeps_leading_zeros_and_length() {
        for text in ["0", "00", "2001", "999999999999999", "0110"] {
            let dn = Dn::parse(text).expect("digits");
            assert_eq!((dn.to_string().as_str(), dn.len()), (text, text.len()));
        }
        assert_ne!(Dn::parse("01"), Dn::parse("1"));
        assert!(matches!(Dn::parse("1234567890123456"), Err(NumberError::TooLong { len: 16, .. })));
        assert!(matches!(Dn::parse("2２"), Err(NumberError::BadCharacter { found: '２', .. })));
    }

    #[test]
    fn mobile_numbers_exclude_free_call_prefixes() {
        for good in ["09012345678", "08011112222", "07033334444", "06055556666"] {
            assert!(MobileNumber::parse(good).is_ok(), "{good}");
        }
        for bad in ["0312345678", "08001234567", "05012345678", "0901234567", "090123456789"] {
            assert!(MobileNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dialed_drops_separators_and_refuses_programs() {
        assert_eq!(Dialed::parse("03-1234 5678").map(|d| d.0).as_deref(), Ok("0312345678"));
        assert!(Dialed::parse("300&Zap/1").is_err());
        assert!(Dialed::parse("").is_err());
        assert!(Dialed::parse(&"1".repeat(33)).is_err());
    }
}
