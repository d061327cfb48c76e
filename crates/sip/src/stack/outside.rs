//! Requests outside of dialogs, by method.

use base::Now;

use super::dispatch::{Arrived, SUPPORTED};
use super::{Output, Stack, View};
use crate::event::ALLOW_EVENTS;
use crate::invite::Request;
use crate::msg::{HeaderId, Method};

/// What we answer to outside of a dialog or in one.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, \
    REFER, NOTIFY, INFO, SUBSCRIBE";

/// The same for a REFER that names no call of ours to act on.
const ALLOW_NO_REFER: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, SUBSCRIBE";

impl Stack {
    pub(super) fn outside(
        &mut self,
        now: Now,
        at: &Arrived<'_>,
        view: &dyn View,
        out: &mut Vec<Output>,
    ) {
        let Some(method) = at.msg.method() else {
            return;
        };
        match method {
            Method::Register => self.register(now, at, view, out),
            Method::Options => self.options(at, out),
            Method::Invite => self.invite(now, at, view, out),
            Method::Subscribe => self.subscribe(now, at, view, out),
            Method::Publish => {
                if self.authenticate(now, at, view, out).is_some() {
                    self.answer(now, at, 489, out);
                }
            }
            Method::Message => {
                if self.authenticate(now, at, view, out).is_some() {
                    self.answer_with(now, at, 405, &[(HeaderId::Allow, ALLOW)], out);
                }
            }
            Method::Refer => {
                if self.authenticate(now, at, view, out).is_some() {
                    self.answer_with(now, at, 405, &[(HeaderId::Allow, ALLOW_NO_REFER)], out);
                }
            }
            // They live in dialogs only; an unsolicited NOTIFY has no subscription (RFC 6665
            // §4.1.3).
            Method::Bye | Method::Info | Method::Notify | Method::Prack | Method::Update => {
                self.refuse(at, 481, out);
            }
            // Dealt with before, or refused by the verdict.
            Method::Ack | Method::Cancel | Method::Other => {}
        }
    }

    /// What we are able to do; changes nothing, so it needs neither identity nor transaction.
    fn options(&mut self, at: &Arrived<'_>, out: &mut Vec<Output>) {
        let supported = SUPPORTED.join(", ");
        let headers = [
            (HeaderId::Allow, ALLOW),
            (HeaderId::AllowEvents, ALLOW_EVENTS),
            (HeaderId::Accept, "application/sdp"),
            (HeaderId::AcceptEncoding, "identity"),
            (HeaderId::AcceptLanguage, "ja, en"),
            (HeaderId::Supported, &supported),
            (HeaderId::Server, self.config.product),
        ];
        if let Some(bytes) = self.bare(at, 200, &headers) {
            out.push(at.reply(bytes));
        }
    }

    fn invite(&mut self, now: Now, at: &Arrived<'_>, view: &dyn View, out: &mut Vec<Output>) {
        if at.msg.max_forwards() == Some(0) {
            return self.refuse(at, 483, out);
        }
        if self.draining {
            return self.shed(at, out);
        }
        let Some(device) = self.authenticate(now, at, view, out) else {
            return;
        };
        self.registrar.heard(device, at.peer.flow, at.peer.address);
        let tx = self.layer.open(now.mono, &at.key, at.msg, &at.peer);
        let (legs, mut cx) = self.legs(now, out);
        legs.handle_invite(&mut cx, Request { tx, msg: at.msg, peer: at.peer }, device);
    }
}
