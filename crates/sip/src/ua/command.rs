//! What the person at the phone does.

use base::id::DeviceId;
use base::{Cause, LegId, Now};
use bytes::Bytes;

use super::{Command, Endpoint, Event, Output};
use crate::invite::{Errand, Target};
use crate::leg::{Identity, Invite, LegCommand};
use crate::msg::uri::{escape_header, escape_user};
use crate::msg::{HeaderId, Method};
use crate::registrar::ContactId;

impl Endpoint {
    pub(super) fn command(&mut self, now: Now, command: Command, out: &mut Vec<Output>) {
        match command {
            Command::Register => self.want_registration(now, true),
            Command::Unregister => self.want_registration(now, false),
            Command::Call { leg, to, sdp, reliable } => {
                self.parties.insert(leg, to.clone());
                self.call(now, (leg, to), sdp, reliable);
            }
            Command::Leg { leg, command } => self.leg(now, leg, command),
            Command::Transfer { leg, to } => {
                let refer_to = self.address_of(&to, None);
                self.refer(now, leg, refer_to, out);
            }
            Command::TransferTo { leg, other } => {
                let to = self.parties.get(&other).cloned();
                let replaces = self.legs.replaces_of(other);
                match to.zip(replaces) {
                    Some((to, replaces)) => {
                        let refer_to = self.address_of(&to, Some(&replaces));
                        self.refer(now, leg, refer_to, out);
                    }
                    None => {
                        let event = Event::Transfer { leg, status: 481, done: true };
                        out.push(Output::Event(event));
                    }
                }
            }
            Command::Digit { leg, digit, duration_ms } => {
                let digit = char::from(digit);
                let text = format!("Signal={digit}\r\nDuration={duration_ms}\r\n");
                let body = Some(("application/dtmf-relay", Bytes::from(text)));
                let errand = Errand { method: Method::Info, lines: Vec::new(), body };
                let (legs, mut cx) = self.legs(now);
                legs.errand(&mut cx, leg, errand);
            }
        }
    }

    fn call(&mut self, now: Now, (leg, to): (LegId, String), sdp: Option<Bytes>, reliable: bool) {
        let identity = |user: &str, display: &str| Identity {
            user: user.to_owned(),
            display: display.to_owned(),
            host: self.settings.domain.clone(),
        };
        let invite = Invite {
            contact: ContactId(0),
            from: identity(
                self.calls_as.as_ref().unwrap_or(&self.settings.user),
                &self.settings.display,
            ),
            to: identity(&to, ""),
            sdp,
            max_forwards: 70,
            referred_by: None,
            reliable,
            diverted: Vec::new(),
            auto_answer: false,
            hidden: false,
            dial: None,
        };
        let target = self.home.map(|peer| Target {
            device: DeviceId::default(),
            peer,
            uri: self.uri_of(&to),
            routes: Vec::new(),
            replaces: Vec::new(),
        });
        let (legs, mut cx) = self.legs(now);
        legs.call(&mut cx, leg, invite, target);
    }

    fn leg(&mut self, now: Now, leg: LegId, command: LegCommand) {
        let answers = matches!(command, LegCommand::Answer { .. });
        let (legs, mut cx) = self.legs(now);
        legs.handle_command(&mut cx, leg, command);
        if answers && let Some(other) = self.replacing.remove(&leg) {
            let (legs, mut cx) = self.legs(now);
            let end = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
            legs.handle_command(&mut cx, other, end);
        }
    }

    fn refer(&mut self, now: Now, leg: LegId, refer_to: Vec<u8>, out: &mut Vec<Output>) {
        let mut referred_by = b"<".to_vec();
        referred_by.extend_from_slice(&self.uri_of(&self.settings.user));
        referred_by.push(b'>');
        let lines = vec![(HeaderId::ReferTo, refer_to), (HeaderId::ReferredBy, referred_by)];
        let errand = Errand { method: Method::Refer, lines, body: None };
        let (legs, mut cx) = self.legs(now);
        if !legs.errand(&mut cx, leg, errand) {
            out.push(Output::Event(Event::Transfer { leg, status: 481, done: true }));
        }
    }

    /// `sip:user@domain`.
    fn uri_of(&self, user: &str) -> Vec<u8> {
        let mut uri = b"sip:".to_vec();
        escape_user(user.as_bytes(), &mut uri);
        uri.push(b'@');
        uri.extend_from_slice(self.settings.domain.as_bytes());
        uri
    }

    /// The address in brackets, with `Replaces` when a dialog is to be taken over.
    fn address_of(&self, user: &str, replaces: Option<&[u8]>) -> Vec<u8> {
        let mut address = b"<".to_vec();
        address.extend_from_slice(&self.uri_of(user));
        if let Some(replaces) = replaces {
            address.extend_from_slice(b"?Replaces=");
            escape_header(replaces, &mut address);
        }
        address.push(b'>');
        address
    }
}
