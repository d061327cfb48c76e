//! SDES keys (RFC 4568, RFC 3711).

use std::fmt;

/// Octets of a master key (16) and its salt (14) for AES-128 counter mode (RFC 3711 §8.2).
pub const KEY_BYTES: usize = 30;

/// Crypto suites that we take, by their names in RFC 4568 §6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// AES counter mode, 128-bit key, 80-bit tag.
    AesCm128HmacSha1_80,
    /// The same with a 32-bit tag on RTP; RTCP keeps 80 bits.
    AesCm128HmacSha1_32,
}

impl Suite {
    /// The name in `a=crypto`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// From the name in `a=crypto`; others are `None` and the line is passed over.
    pub fn parse(name: &[u8]) -> Option<Self> {
        [Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32]
            .into_iter()
            .find(|s| s.as_str().as_bytes() == name)
    }
}

/// Master key and salt of one direction. Its `Debug` shows nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CryptoKey(pub [u8; KEY_BYTES]);

impl fmt::Debug for CryptoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptoKey(…)")
    }
}

/// One `a=crypto` line: tag, suite and the key with which its *writer* encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sdes {
    /// Tag 1–999,999,999; the answer repeats the offer's.
    pub tag: u32,
    /// The suite.
    pub suite: Suite,
    /// The writer's sending key.
    pub key: CryptoKey,
}
