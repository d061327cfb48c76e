//! Which web passwords (R027, SEC-09) and PINs (R202, R234) may be chosen.

use base::Dn;

use crate::tenant::WebPolicy;

/// Longest web password in bytes, so that hashing has a bound.
pub const PASSWORD_MAX: usize = 128;

/// Which rule a password broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// Fewer than 10 characters (220).
    TooShort,
    /// More than [`PASSWORD_MAX`] bytes, or not exactly 8 where the policy says so (220).
    Length,
    /// Control characters, or others than letters and digits where the policy says so (220).
    Characters,
    /// Letters or digits are missing where the policy wants both (220).
    Mixture,
    /// Equal to the user name, case ignored (221).
    SameAsLogin,
}

impl PasswordError {
    /// Code of the error catalogue.
    pub const fn code(self) -> u16 {
        match self {
            PasswordError::SameAsLogin => 221,
            PasswordError::TooShort
            | PasswordError::Length
            | PasswordError::Characters
            | PasswordError::Mixture => 220,
        }
    }
}

/// Checks a password that a person chooses, for the user name `login`.
pub fn check_password(policy: WebPolicy, login: &str, text: &str) -> Result<(), PasswordError> {
    if text.eq_ignore_ascii_case(login) {
        return Err(PasswordError::SameAsLogin);
    }
    match policy {
        WebPolicy::Ten => {
            if text.chars().count() < 10 {
                Err(PasswordError::TooShort)
            } else if text.len() > PASSWORD_MAX {
                Err(PasswordError::Length)
            } else if text.chars().any(char::is_control) {
                Err(PasswordError::Characters)
            } else {
                Ok(())
            }
        }
        WebPolicy::EightAlphanumeric => check_eight(text),
    }
}

/// Seed 003's rule: exactly 8 letters and digits, both present. Under [`WebPolicy::Ten`] an
/// imported password of this form is accepted once, to be replaced at the first login.
pub fn check_eight(text: &str) -> Result<(), PasswordError> {
    let bytes = text.as_bytes();
    if text.chars().count() != 8 {
        Err(PasswordError::Length)
    } else if !bytes.iter().all(u8::is_ascii_alphanumeric) {
        Err(PasswordError::Characters)
    } else if !bytes.iter().any(u8::is_ascii_digit) || bytes.iter().all(u8::is_ascii_digit) {
        Err(PasswordError::Mixture)
    } else {
        Ok(())
    }
}

/// Which rule a PIN (暗証番号) broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinError {
    /// Something else than digits, or not 4–10 of them (222).
    Shape,
    /// Equal to the extension, one digit only, or a run such as 1234 or 9876 (223). Only warned
    /// of in preset CloudPhone (R234).
    Guessable,
}

impl PinError {
    /// Code of the error catalogue.
    pub const fn code(self) -> u16 {
        match self {
            PinError::Shape => 222,
            PinError::Guessable => 223,
        }
    }
}

/// Checks a PIN that is to be set for a person with extension `dn` (R234).
pub fn check_pin(dn: Dn, text: &str) -> Result<(), PinError> {
    let bytes = text.as_bytes();
    if !(4..=10).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(PinError::Shape);
    }
    let steps = |by: u8| {
        let next = |b: u8| (b - b'0' + by) % 10;
        bytes.iter().zip(bytes.iter().skip(1)).all(|(a, b)| next(*a) == b - b'0')
    };
    if text == dn.text() || steps(0) || steps(1) || steps(9) {
        return Err(PinError::Guessable);
    }
    Ok(())
}
