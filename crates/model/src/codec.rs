//! Own byte form: fixed-size ids, LEB128 numbers, length-prefixed texts, one byte per enum.
//!
//! Decoding is total: every length is checked before it is used and every text bounded.

use std::net::{IpAddr, SocketAddr};

use base::id::Uuid;
use base::{Dn, Wall};
use thiserror::Error;

/// Longest text or byte string in an encoded value.
pub const FIELD_MAX: usize = 65_536;

/// Why bytes are no encoded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Fewer bytes than the value needs, or a length above the limit.
    #[error("encoded value is cut off")]
    Short,
    /// Written by a newer version, or no value of ours.
    #[error("encoded value has unknown version {0}")]
    Version(u8),
    /// A number or text outside of its range.
    #[error("encoded value holds a bad {0}")]
    Bad(&'static str),
}

/// Appends values to a byte vector.
pub(crate) trait Put {
    fn number(&mut self, value: u64);
    fn bytes(&mut self, value: &[u8]);
    fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
    fn id(&mut self, value: Uuid);
    fn wall(&mut self, value: Wall);
    fn byte(&mut self, value: u8);
    fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T));
    fn addr(&mut self, value: IpAddr);
}

impl Put for Vec<u8> {
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn bytes(&mut self, value: &[u8]) {
        // What could not be read back is cut; no field of the model comes near the limit.
        let kept = value.get(..FIELD_MAX).unwrap_or(value);
        self.number(kept.len() as u64);
        self.extend_from_slice(kept);
    }

    fn id(&mut self, value: Uuid) {
        self.extend_from_slice(&value.bytes());
    }

    fn wall(&mut self, value: Wall) {
        self.number(((value.0 << 1) ^ (value.0 >> 63)) as u64);
    }

    fn byte(&mut self, value: u8) {
        self.push(value);
    }

    fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.push(0),
            Some(inner) => {
                self.push(1);
                put(self, inner);
            }
        }
    }

    fn addr(&mut self, value: IpAddr) {
        match value {
            IpAddr::V4(a) => {
                self.push(4);
                self.extend_from_slice(&a.octets());
            }
            IpAddr::V6(a) => {
                self.push(6);
                self.extend_from_slice(&a.octets());
            }
        }
    }
}

/// Appends a socket address.
pub(crate) fn put_socket(out: &mut Vec<u8>, value: SocketAddr) {
    out.addr(value.ip());
    out.number(u64::from(value.port()));
}

/// Reads values from the front of a byte slice.
pub(crate) struct Take<'a> {
    rest: &'a [u8],
}

impl<'a> Take<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Take { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn split(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.rest.split_at_checked(len).ok_or(DecodeError::Short)?;
        self.rest = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.split(N)?.try_into().map_err(|_| DecodeError::Short)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[b]| b)
    }

    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Bad("number"))
    }

    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, DecodeError> {
        T::try_from(self.number()?).map_err(|_| DecodeError::Bad("number"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len: usize = self.small()?;
        if len > FIELD_MAX {
            return Err(DecodeError::Bad("length"));
        }
        self.split(len)
    }

    pub(crate) fn text(&mut self) -> Result<Box<str>, DecodeError> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Bad("text"))?;
        Ok(text.into())
    }

    pub(crate) fn id(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(u128::from_be_bytes(self.array()?)))
    }

    pub(crate) fn wall(&mut self) -> Result<Wall, DecodeError> {
        let raw = self.number()?;
        Ok(Wall((raw >> 1) as i64 ^ -((raw & 1) as i64)))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Bad("flag")),
        }
    }

    pub(crate) fn option<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.flag()? { take(self).map(Some) } else { Ok(None) }
    }

    pub(crate) fn dn(&mut self) -> Result<Dn, DecodeError> {
        Dn::parse(&self.text()?).map_err(|_| DecodeError::Bad("extension"))
    }

    /// One of `all`, by its index.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, DecodeError> {
        all.get(usize::from(self.byte()?)).copied().ok_or(DecodeError::Bad("variant"))
    }

    pub(crate) fn addr(&mut self) -> Result<IpAddr, DecodeError> {
        match self.byte()? {
            4 => Ok(IpAddr::from(self.array::<4>()?)),
            6 => Ok(IpAddr::from(self.array::<16>()?)),
            _ => Err(DecodeError::Bad("address")),
        }
    }

    pub(crate) fn socket(&mut self) -> Result<SocketAddr, DecodeError> {
        Ok(SocketAddr::new(self.addr()?, self.small()?))
    }
}
