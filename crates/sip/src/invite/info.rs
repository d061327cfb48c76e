//! The small requests in a dialog: INFO digits, OPTIONS, NOTIFY, and those that we do not serve.

use base::Micros;

use super::Cx;
use super::cx::Request;
use super::text::{ALLOW, Say};
use super::usage::{Phase, Usage};
use crate::leg::LegEvent;
use crate::msg::accept::MediaType;
use crate::msg::{HeaderId, Method, Msg};

impl Usage {
    /// Any request that has no file of its own.
    pub(super) fn other(&mut self, cx: &mut Cx<'_>, request: &Request<'_>, method: Method) {
        let say = match (&self.phase, method) {
            (Phase::Ending(_) | Phase::Gone, _) => Say::code(481),
            (_, Method::Info) => return self.info(cx, request),
            (_, Method::Options) => Say::code(200).with(HeaderId::Accept, "application/sdp"),
            // Whoever subscribes to something of ours does so outside of calls.
            (_, Method::Notify) => Say::code(notify_status(request.msg)),
            (_, Method::Other) => Say::code(501).with(HeaderId::Allow, ALLOW),
            (
                _,
                Method::Message
                | Method::Publish
                | Method::Register
                | Method::Subscribe
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Invite
                | Method::Prack
                | Method::Refer
                | Method::Update,
            ) => Say::code(405),
        };
        self.reply(cx, (request.tx, request.msg), say);
    }

    fn info(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let msg = request.msg;
        let media = msg.value(HeaderId::ContentType).and_then(MediaType::parse);
        let is = |kind| media.is_some_and(|m| m.is("application", kind));
        let digit = if msg.body().is_empty() {
            None
        } else if is("dtmf-relay") {
            relay_digit(msg.body())
        } else if is("dtmf") {
            plain_digit(msg.body())
        } else {
            let status = if msg.has(HeaderId::InfoPackage) { 469 } else { 415 };
            let say = Say::code(status)
                .with(HeaderId::Accept, "application/dtmf-relay, application/dtmf");
            self.reply(cx, (request.tx, msg), say);
            return;
        };
        self.reply(cx, (request.tx, msg), Say::code(200));
        if let Some((digit, duration)) = digit {
            self.emit(cx, LegEvent::Digit { digit, duration });
        }
    }
}

/// COMPAT (phones that send Event: keep-alive or talk without subscription): taken; a NOTIFY of a
/// subscription that we do not have is 481 (RFC 6665 §4.1.3).
fn notify_status(notify: &Msg) -> u16 {
    let package = notify.event().map(|e| e.package.to_vec()).unwrap_or_default();
    if package == b"keep-alive" || !notify.has(HeaderId::SubscriptionState) { 200 } else { 481 }
}

fn digit_of(text: &[u8]) -> Option<u8> {
    match text.trim_ascii() {
        [digit @ (b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D')] => Some(*digit),
        [digit @ b'a'..=b'd'] => Some(digit.to_ascii_uppercase()),
        b"10" => Some(b'*'),
        b"11" => Some(b'#'),
        _ => None,
    }
}

/// `Signal=5`, `Duration=160` (milliseconds), a line each, in any order and case.
fn relay_digit(body: &[u8]) -> Option<(u8, Micros)> {
    let mut digit = None;
    let mut duration = Micros(0);
    for line in body.split(|b| *b == b'\n' || *b == b'\r') {
        let Some(at) = line.iter().position(|b| *b == b'=') else {
            continue;
        };
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default();
        if name.trim_ascii().eq_ignore_ascii_case(b"signal") {
            digit = digit_of(value);
        } else if name.trim_ascii().eq_ignore_ascii_case(b"duration") {
            duration = milliseconds(value);
        }
    }
    digit.map(|d| (d, duration))
}

/// The digit alone, or `d=5` with `Duration`.
fn plain_digit(body: &[u8]) -> Option<(u8, Micros)> {
    digit_of(body).map(|d| (d, Micros(0))).or_else(|| relay_digit(body))
}

fn milliseconds(text: &[u8]) -> Micros {
    let text = std::str::from_utf8(text).unwrap_or_default();
    Micros::millis(text.trim().parse::<u32>().unwrap_or(0).min(60_000).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_the_forms_that_phones_send() {
        for (body, expected) in [
            (&b"Signal=5\r\nDuration=160\r\n"[..], Some((b'5', 160))),
            (b"Signal= #\nDuration = 90", Some((b'#', 90))),
            (b"Duration=100\r\nSIGNAL=11\r\n", Some((b'#', 100))),
            (b"Signal=d", Some((b'D', 0))),
            (b"Signal=55\r\n", None),
            (b"Signal=!\r\n", None),
        ] {
            let expected = expected.map(|(d, ms)| (d, Micros::millis(ms)));
            assert_eq!(relay_digit(body), expected, "{:?}", String::from_utf8_lossy(body));
        }
        assert_eq!(plain_digit(b" *\r\n"), Some((b'*', Micros(0))));
    }
}
