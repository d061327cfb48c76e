//! The phone's credentials.

use base::Rng;

use super::Settings;
use crate::digest::{Account, Answerer};
use crate::invite::Secrets;
use crate::msg::write::Writer;
use crate::msg::{Method, Msg};

/// Answers challenges of the phone's server.
pub(super) struct Wallet {
    user: String,
    secret: String,
    rng: Rng,
    /// Call-ID and CSeq of the last challenge that was answered.
    last: Option<(Vec<u8>, u32)>,
}

impl Wallet {
    pub(super) fn new(settings: &Settings, rng: Rng) -> Self {
        Wallet { user: settings.user.clone(), secret: settings.secret.clone(), rng, last: None }
    }
}

impl Secrets for Wallet {
    /// The stronger of the challenges is answered. A challenge of the very request that carried
    /// our answer means that the secret is wrong, unless the nonce was only too old.
    fn answer(&mut self, challenge: &Msg, method: Method, uri: &[u8]) -> Option<Vec<u8>> {
        let account = Account { user: &self.user, secret: &self.secret, realm: None };
        let mut answerers = Answerer::choose(challenge, account);
        let answerer = answerers.first_mut()?;
        let cseq = challenge.cseq()?.number;
        let call_id = challenge.call_id();
        let is_again = self.last.as_ref().is_some_and(|(id, n)| id == call_id && n + 1 == cseq);
        if is_again && !answerer.stale {
            return None;
        }
        self.last = Some((call_id.to_vec(), cseq));
        let mut text = [0; 16];
        self.rng.fill_base32(&mut text);
        let cnonce = std::str::from_utf8(&text).unwrap_or_default();
        let mut buffer = Vec::with_capacity(512);
        let mut writer = Writer::request(&mut buffer, Method::Options, "sip:none");
        answerer.answer(method, uri, cnonce, &mut writer);
        writer.finish().ok()?;
        // The second line of that message is the header.
        let mut lines = buffer.split(|b| *b == b'\n');
        lines.nth(1).map(|line| line.trim_ascii_end().to_vec())
    }
}
