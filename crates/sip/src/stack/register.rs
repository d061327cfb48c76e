//! REGISTER: identity, then the registrar, then the answer.

use base::Now;

use super::dispatch::Arrived;
use super::{Output, Stack, View};
use crate::msg::HeaderId;
use crate::registrar::{Refusal, Register};

impl Stack {
    pub(super) fn register(
        &mut self,
        now: Now,
        at: &Arrived<'_>,
        view: &dyn View,
        out: &mut Vec<Output>,
    ) {
        let Some(device) = self.authenticate(now, at, view, out) else {
            return;
        };
        let register = Register { msg: at.msg, device, peer: at.peer, transport: at.transport };
        #[cfg(feature = "planted")]
        let begin = out.len();
        let tag = self.layer.mint().tag();
        let (registrar, mut io) = self.registrar(now, out);
        match registrar.register(register, &mut io) {
            Ok(()) => {
                let number = view.number(device);
                let bytes = registrar.answer(register, (tag.as_str(), number), &io);
                let tx = self.layer.open(now.mono, &at.key, at.msg, &at.peer);
                if let Some(bytes) = bytes {
                    self.layer.respond(now.mono, tx, (200, bytes), out);
                }
                #[cfg(feature = "planted")]
                if self.config.planted == Some(crate::planted::Bug::ConfirmedFirst)
                    && let Some(new) = out.get_mut(begin..)
                    && !new.is_empty()
                {
                    new.rotate_right(1);
                }
            }
            Err(Refusal::TooBrief) => {
                let shortest = self.config.expires_min_s.to_string();
                self.answer_with(now, at, 423, &[(HeaderId::MinExpires, &shortest)], out);
            }
            Err(refusal) => self.answer(now, at, refusal.status(), out),
        }
    }
}
