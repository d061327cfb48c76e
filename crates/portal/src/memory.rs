//! What this process remembers of sessions besides the store: the last proof of identity (R101)
//! and the notice that the next page shows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::Wall;
use sha2::{Digest, Sha256};

use crate::shell::frame::Notice;
use crate::shell::signed::hex;

/// How long a proof of identity holds (R101).
const PROOF_MS: i64 = 15 * 60_000;
/// How long a session may last at all.
const SESSION_MS: i64 = 12 * 3_600_000;
/// Sessions that are remembered; the one proved longest ago is forgotten first.
const SESSIONS_MAX: usize = 10_000;

/// By the hash of the session's token.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<[u8; 32], Entry>>);

struct Entry {
    /// When identity was proved last.
    proved_at: Wall,
    /// Makes view keys that nobody can guess, not even with the session's token.
    nonce: [u8; 16],
    notice: Option<Notice>,
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Memory {
    fn table(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the owner of the session has just proved who he is.
    pub(crate) fn prove(&self, token: &str, now: Wall) {
        let mut nonce = [0; 16];
        if let Err(error) = getrandom::fill(&mut nonce) {
            tracing::error!(%error, "no randomness");
            return;
        }
        let mut table = self.table();
        let key = key(token);
        if let Some(entry) = table.get_mut(&key) {
            // Pages that are open keep their keys.
            entry.proved_at = now;
            return;
        }
        if table.len() >= SESSIONS_MAX {
            table.retain(|_, e| now.0 - e.proved_at.0 < SESSION_MS);
            let oldest = table.iter().min_by_key(|(_, e)| e.proved_at).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| table.len() >= SESSIONS_MAX) {
                table.remove(&oldest);
            }
        }
        table.insert(key, Entry { proved_at: now, nonce, notice: None });
    }

    /// Whether the last proof still holds.
    pub(crate) fn is_proved(&self, token: &str, now: Wall) -> bool {
        let table = self.table();
        table.get(&key(token)).is_some_and(|e| now.0 - e.proved_at.0 < PROOF_MS)
    }

    /// What a page opened at `here` must show to go on updating itself after the proof has
    /// ended. `None` before any proof.
    pub(crate) fn view_key(&self, token: &str, here: &str) -> Option<String> {
        let table = self.table();
        let entry = table.get(&key(token))?;
        let hash = Sha256::new()
            .chain_update(entry.nonce)
            .chain_update(token.as_bytes())
            .chain_update(here.as_bytes())
            .finalize();
        hash.get(..16).map(hex)
    }

    /// Leaves a notice for the next page of this session; lost when identity was never proved
    /// in this process, which costs a sentence.
    pub(crate) fn put_notice(&self, token: &str, notice: Notice) {
        if let Some(entry) = self.table().get_mut(&key(token)) {
            entry.notice = Some(notice);
        }
    }

    pub(crate) fn take_notice(&self, token: &str) -> Option<Notice> {
        self.table().get_mut(&key(token))?.notice.take()
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, token: &str) {
        self.table().remove(&key(token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_ends_and_open_pages_keep_their_key() {
        let memory = Memory::default();
        assert!(!memory.is_proved("a", Wall(0)) && memory.view_key("a", "/history").is_none());
        memory.prove("a", Wall(0));
        let opened = memory.view_key("a", "/history");
        assert!(opened.is_some());
        assert!(
            memory.is_proved("a", Wall(PROOF_MS - 1)) && !memory.is_proved("a", Wall(PROOF_MS))
        );
        assert_ne!(opened, memory.view_key("a", "/history?q=2001"), "bound to its address");
        memory.prove("a", Wall(PROOF_MS));
        assert_eq!(opened, memory.view_key("a", "/history"));
        memory.prove("b", Wall(0));
        assert_ne!(opened, memory.view_key("b", "/history"), "bound to its session");
        memory.forget("a");
        assert!(memory.view_key("a", "/history").is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let memory = Memory::default();
        for n in 0..SESSIONS_MAX + 10 {
            memory.prove(&n.to_string(), Wall(n as i64));
        }
        assert_eq!(memory.table().len(), SESSIONS_MAX);
        assert!(!memory.is_proved("0", Wall(0)), "the oldest went first");
    }
}
