//! Session keys and the two primitives (RFC 3711 §4.1.1, §4.2, §4.3).

use aes::Aes128Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::MasterKey;

/// Keys of RTP or of RTCP in one direction.
pub(super) struct Session {
    cipher: Aes128Enc,
    salt: u128,
    mac: Hmac<Sha1>,
}

/// Cipher blocks made at a time: 128 octets, so that the processor can overlap them.
const LANES: usize = 8;

impl Session {
    pub(super) fn rtp(master: &MasterKey) -> Self {
        Self::derive(master, 0)
    }

    pub(super) fn rtcp(master: &MasterKey) -> Self {
        Self::derive(master, 3)
    }

    /// Labels: encryption, authentication, salt follow each other (RFC 3711 §4.3.2).
    fn derive(master: &MasterKey, label: u8) -> Self {
        let key: [u8; 16] = derive_key(master, label);
        let auth: [u8; 20] = derive_key(master, label + 1);
        let salt: [u8; 14] = derive_key(master, label + 2);
        let mut wide = [0; 16];
        wide[..14].copy_from_slice(&salt);
        Self {
            cipher: Aes128Enc::new(&Array(key)),
            salt: u128::from_be_bytes(wide),
            mac: hmac(&auth),
        }
    }

    /// Encrypts or decrypts `body` of the packet with that index.
    pub(super) fn crypt(&self, ssrc: u32, index: u64, body: &mut [u8]) {
        let iv = self.salt ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16);
        keystream(&self.cipher, iv, body);
    }

    /// HMAC-SHA1 over `body` and the counter that is not sent in it.
    pub(super) fn mac(&self, body: &[u8], counter: u32) -> [u8; 20] {
        let mut mac = self.mac.clone();
        mac.update(body);
        mac.update(&counter.to_be_bytes());
        mac.finalize().into_bytes().0
    }
}

/// Whether the front of `digest` is `tag`, in constant time.
pub(super) fn equal(digest: &[u8; 20], tag: &[u8]) -> bool {
    digest.get(..tag.len()).is_some_and(|front| bool::from(front.ct_eq(tag)))
}

/// Adds the counter-mode key stream that begins with block `iv` to `body`.
pub(super) fn keystream(cipher: &Aes128Enc, iv: u128, body: &mut [u8]) {
    for (n, part) in body.chunks_mut(16 * LANES).enumerate() {
        let first = iv.wrapping_add((n * LANES) as u128);
        let mut blocks: [_; LANES] =
            std::array::from_fn(|lane| Array(first.wrapping_add(lane as u128).to_be_bytes()));
        let used = part.len().div_ceil(16);
        cipher.encrypt_blocks(blocks.get_mut(..used).unwrap_or_default());
        for (bytes, block) in part.chunks_mut(16).zip(&blocks) {
            bytes.iter_mut().zip(block.iter()).for_each(|(byte, key)| *byte ^= key);
        }
    }
}

/// AES-CM key derivation with a derivation rate of zero (RFC 3711 §4.3.3).
pub(super) fn derive_key<const N: usize>(master: &MasterKey, label: u8) -> [u8; N] {
    let mut key = [0; 16];
    let mut salt = [0; 16];
    let (master_key, master_salt) = master.split_at(16);
    key.copy_from_slice(master_key);
    salt[..14].copy_from_slice(master_salt);
    salt[7] ^= label;
    let mut out = [0; N];
    keystream(&Aes128Enc::new(&Array(key)), u128::from_be_bytes(salt), &mut out);
    out
}

fn hmac(key: &[u8; 20]) -> Hmac<Sha1> {
    // A key of a whole block is the same as the key padded with zeros (RFC 2104 §2).
    let mut block = [0; 64];
    block[..20].copy_from_slice(key);
    Hmac::new(&Array(block))
}
