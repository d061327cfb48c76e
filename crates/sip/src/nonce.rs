//! Stateless nonces and the window of their counters (RFC 7616 §3.3, SEC-04).
//!
//! A nonce is the time of its making with a serial number, and a truncated HMAC-SHA-256 over that,
//! the source address and the realm, so a challenge costs no memory. The serial number keeps two
//! phones apart that are challenged behind one address in the same millisecond. Only a nonce with
//! which a correct digest came gets an entry, which keeps the last 32 values of `nc` until the
//! nonce ends.

use std::collections::VecDeque;
use std::net::IpAddr;

use base::limits::{NONCE_VALID, NONCES_USED_MAX};
use base::{Rng, Table, Wall};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Characters of a nonce: 8 bytes of time and serial number and 16 of HMAC, hexadecimal.
pub const NONCE_LEN: usize = 48;

/// Width of the window of `nc` values.
const WINDOW: u32 = 32;

/// Identity of a nonce, the HMAC in it.
pub type NonceId = [u8; 16];

/// What a nonce in credentials is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceState {
    /// Made by us for this source and realm, not older than 30 s.
    Valid {
        /// Its identity, for [`Window::accept`].
        id: NonceId,
        /// When it was made.
        made_at: Wall,
    },
    /// Ours, but too old (or from the future, after the clock was set back).
    Stale,
    /// Not made by this key for this source and realm.
    Foreign,
}

/// Makes and checks nonces.
#[derive(Clone)]
pub struct NonceKey {
    mac: Hmac<Sha256>,
    serial: u16,
}

impl NonceKey {
    /// A key from the node's generator.
    pub fn new(rng: &mut Rng) -> Self {
        let mut key = [0; 32];
        rng.fill(&mut key);
        // HMAC takes keys of any length.
        let mac = Hmac::new_from_slice(&key).unwrap_or_else(|_| unreachable!("any length"));
        Self { mac, serial: 0 }
    }

    /// The nonce for a source address and realm at a time.
    pub fn mint(&mut self, now: Wall, source: IpAddr, realm: &[u8]) -> [u8; NONCE_LEN] {
        let mut bytes = [0; 24];
        let (head, mac) = bytes.split_at_mut(8);
        self.serial = self.serial.wrapping_add(1);
        let stamp = now.0 << 16 | i64::from(self.serial);
        head.copy_from_slice(&stamp.to_be_bytes());
        mac.copy_from_slice(&self.mac(stamp, source, realm));
        let mut text = [0; NONCE_LEN];
        write_hex(&bytes, &mut text);
        text
    }

    /// Judges a nonce that came back.
    pub fn check(&self, text: &[u8], now: Wall, source: IpAddr, realm: &[u8]) -> NonceState {
        let mut bytes = [0; 24];
        if !read_hex(text, &mut bytes) {
            return NonceState::Foreign;
        }
        let (head, mac) = bytes.split_at(8);
        let mut big_endian = [0; 8];
        big_endian.copy_from_slice(head);
        let stamp = i64::from_be_bytes(big_endian);
        let made_at = Wall(stamp >> 16);
        let id = self.mac(stamp, source, realm);
        if !bool::from(id.ct_eq(mac)) {
            return NonceState::Foreign;
        }
        if now.0.abs_diff(made_at.0) > NONCE_VALID.as_millis() {
            return NonceState::Stale;
        }
        NonceState::Valid { id, made_at }
    }

    fn mac(&self, stamp: i64, source: IpAddr, realm: &[u8]) -> NonceId {
        let source = match source {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        let mut mac = self.mac.clone();
        mac.update(&stamp.to_be_bytes());
        mac.update(&source.octets());
        mac.update(realm);
        let full = mac.finalize().into_bytes();
        let mut id = [0; 16];
        id.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        id
    }
}

/// The counters of nonces that were used, bounded.
///
/// When it is full the oldest nonce is forgotten, and every nonce as old as that one counts as
/// stale from then on, so that forgetting never makes a replay possible.
pub struct Window {
    used: Table<NonceId, Seen>,
    order: VecDeque<(Wall, NonceId)>,
    /// Nonces made at or before this are no longer taken for the first time.
    floor: Wall,
    max: usize,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    highest: u32,
    /// Bit n: `highest - n` was used.
    bits: u32,
}

impl Window {
    /// An empty window.
    pub fn new(rng: &mut Rng) -> Self {
        Self::with_capacity(rng, NONCES_USED_MAX)
    }

    pub(crate) fn with_capacity(rng: &mut Rng, max: usize) -> Self {
        Self { used: Table::new(rng), order: VecDeque::new(), floor: Wall(i64::MIN), max }
    }

    /// Takes `nc` of a nonce whose digest was right; `false` when that value was used before or is
    /// older than the window: the request is a replay and gets a fresh nonce.
    pub fn accept(&mut self, now: Wall, id: NonceId, made_at: Wall, nc: u32) -> bool {
        self.forget(now);
        if let Some(seen) = self.used.get_mut(&id) {
            return seen.take(nc);
        }
        if nc == 0 || made_at <= self.floor {
            return false;
        }
        if self.order.len() >= self.max
            && let Some((oldest, id)) = self.order.pop_front()
        {
            self.used.remove(&id);
            self.floor = self.floor.max(oldest);
            if made_at <= self.floor {
                return false;
            }
        }
        self.used.insert(id, Seen { highest: nc, bits: 1 });
        self.order.push_back((made_at, id));
        true
    }

    /// How many nonces are held.
    pub fn len(&self) -> usize {
        self.used.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// Lets go of nonces that are no longer valid, and of the memory of a peak.
    pub fn forget(&mut self, now: Wall) {
        while let Some((made_at, id)) = self.order.front()
            && now.0.abs_diff(made_at.0) > NONCE_VALID.as_millis()
        {
            self.used.remove(id);
            self.order.pop_front();
        }
        if self.order.capacity() > 1_024 && self.order.len() < self.order.capacity() / 8 {
            self.order.shrink_to(self.order.len() * 2);
        }
    }
}

impl Seen {
    fn take(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let shift = nc - self.highest;
            self.bits = if shift >= WINDOW { 0 } else { self.bits << shift } | 1;
            self.highest = nc;
            return true;
        }
        let age = self.highest - nc;
        let bit = 1u32.checked_shl(age).unwrap_or(0);
        let is_new = nc != 0 && bit != 0 && self.bits & bit == 0;
        self.bits |= bit;
        is_new
    }
}

/// Writes lower-case hexadecimal; `out` is twice as long as `bytes`.
pub(crate) fn write_hex(bytes: &[u8], out: &mut [u8]) {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
    for (byte, pair) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Reads exactly `out.len()` bytes of hexadecimal of either case.
pub(crate) fn read_hex(text: &[u8], out: &mut [u8]) -> bool {
    let value = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.len() == out.len() * 2
        && text.chunks_exact(2).zip(out.iter_mut()).all(|(pair, byte)| {
            let [high, low] = pair else { return false };
            match (value(*high), value(*low)) {
                (Some(high), Some(low)) => {
                    *byte = high << 4 | low;
                    true
                }
                _ => false,
            }
        })
}
