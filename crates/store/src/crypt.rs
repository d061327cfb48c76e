//! Keys derived from the key file, and the sealing of what must not be readable in a dump of
//! the database (SEC-10).

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

type HmacSha256 = Hmac<Sha256>;

/// Bytes of nonce before each sealed text.
const NONCE: usize = 12;

/// `N` random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// What the key file yields: pepper for passwords, key for sealing, key for the audit chain.
pub(crate) struct Keys {
    pepper: Secret<[u8; 32]>,
    audit: Secret<[u8; 32]>,
    cipher: Aes256Gcm,
}

impl Keys {
    pub(crate) fn derive(master: &Secret<[u8; 32]>) -> Self {
        let derive = |label: &str| mac(master.expose(), &[b"naisen ", label.as_bytes()]);
        let mut sealing = derive("sealing");
        let cipher = Aes256Gcm::new(&sealing.into());
        sealing.zeroize();
        Keys { pepper: Secret::new(derive("pepper")), audit: Secret::new(derive("audit")), cipher }
    }

    /// Key of the slow password hash.
    pub(crate) fn pepper(&self) -> &[u8; 32] {
        self.pepper.expose()
    }

    /// HMAC-SHA-256 of `parts` under the pepper.
    pub(crate) fn peppered(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(self.pepper.expose(), parts)
    }

    /// HMAC-SHA-256 of `parts` under the key of the audit chain.
    pub(crate) fn audit(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(self.audit.expose(), parts)
    }

    /// Encrypts `text`, bound to `place` (table, tenant, object): nonce, ciphertext, tag.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> Vec<u8> {
        let nonce = random::<NONCE>();
        let payload = Payload { msg: text, aad: place };
        let sealed = self.cipher.encrypt(&nonce.into(), payload);
        let mut out = Vec::with_capacity(NONCE + text.len() + 16);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed.expect("the text is far below the cipher's limit"));
        out
    }

    /// Reverses [`Keys::seal`]; `None` when bytes, place or key differ.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
        self.cipher.decrypt(&(*nonce).into(), Payload { msg: body, aad: place }).ok()
    }
}

/// HMAC-SHA-256 over `parts`, each preceded by its length, so that no two lists collide.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = HmacSha256::new_from_slice(key).expect("any key length is allowed");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
