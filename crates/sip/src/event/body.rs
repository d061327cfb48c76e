//! Documents of the packages (RFC 4235 §4, RFC 3842 §5, RFC 3680 §5), always with the full state.
//!
//! A document is written once for all watchers who see the same; only its version is each
//! subscription's own.

use std::io::Write as _;

use base::LegId;
use base::limits::LAMP_DIALOGS_MAX;

use super::Names;
use super::state::{
    DialogLine, DialogPhase, DialogSide, MessageSummary, RegisteredContact, Sight, State,
};
use crate::leg::Identity;
use crate::msg::uri::{Host, escape_user};

/// A document, cut where its version stands.
pub(super) struct Document {
    head: Box<[u8]>,
    tail: Box<[u8]>,
    has_version: bool,
}

impl Document {
    /// Appends the document as the subscription's `version`-th.
    pub(super) fn push(&self, version: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        if self.has_version {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{version}");
        }
        out.extend_from_slice(&self.tail);
    }
}

/// What a document is made of.
pub(super) struct Content<'a> {
    /// Address of what is watched.
    pub(super) entity: &'a str,
    pub(super) state: &'a State,
    /// Dialogs that ended lately. Some phones take a dialog that is missing for one that goes on.
    pub(super) ended: &'a [LegId],
}

/// Writes the document for watchers with `sight`.
pub(super) fn document(content: &Content<'_>, sight: Sight, names: &dyn Names) -> Document {
    match content.state {
        State::Dialogs(lines) => dialog_info(content, lines, sight, names),
        State::Messages(summary) => message_summary(content.entity, *summary),
        State::Registrations(contacts) => reg_info(content.entity, contacts),
    }
}

fn dialog_info(
    content: &Content<'_>,
    lines: &[DialogLine],
    sight: Sight,
    names: &dyn Names,
) -> Document {
    let head = b"<?xml version=\"1.0\"?>\n<dialog-info \
        xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"";
    let mut tail = Vec::with_capacity(512);
    put(&mut tail, &[b"\" state=\"full\" entity=\""]);
    escape(content.entity.as_bytes(), &mut tail);
    put(&mut tail, &[b"\">\n"]);
    for line in lines.iter().take(LAMP_DIALOGS_MAX) {
        push_dialog(line, content.entity, (sight, names), &mut tail);
    }
    for leg in content.ended {
        let id = leg.0;
        let _ = write!(tail, "<dialog id=\"{id:x}\">\n<state>terminated</state>\n</dialog>\n");
    }
    put(&mut tail, &[b"</dialog-info>\n"]);
    Document { head: head[..].into(), tail: tail.into(), has_version: true }
}

fn push_dialog(
    line: &DialogLine,
    entity: &str,
    (sight, names): (Sight, &dyn Names),
    out: &mut Vec<u8>,
) {
    let id = line.leg.0;
    let _ = write!(out, "<dialog id=\"{id:x}\"");
    let name = match sight {
        Sight::Bare => None,
        Sight::Full => names.name_of(line.leg),
    };
    if let Some(name) = name {
        // As the watched phone sees it: its tag is the local one (RFC 4235 §4.1).
        attribute("call-id", name.call_id, out);
        if !name.theirs.is_empty() {
            attribute("local-tag", name.theirs, out);
        }
        attribute("remote-tag", name.ours, out);
    }
    let side = match line.side {
        DialogSide::Initiator => "initiator",
        DialogSide::Recipient => "recipient",
    };
    let phase = match line.phase {
        DialogPhase::Trying => "trying",
        DialogPhase::Early => "early",
        DialogPhase::Confirmed => "confirmed",
    };
    let _ = write!(out, " direction=\"{side}\">\n<state>{phase}</state>\n");
    if sight == Sight::Full {
        if line.holds {
            put(out, &[b"<local><target uri=\""]);
            escape(entity.as_bytes(), out);
            // RFC 4235 §5.2: the phone renders nothing.
            put(out, &[b"\"><param pname=\"+sip.rendering\" pval=\"no\"/></target></local>\n"]);
        }
        if let Some(remote) = &line.remote {
            push_party(remote, out);
        }
    }
    put(out, &[b"</dialog>\n"]);
}

fn push_party(party: &Identity, out: &mut Vec<u8>) {
    let uri = uri_of(party);
    put(out, &[b"<remote><identity"]);
    if !party.display.is_empty() {
        attribute("display", party.display.as_bytes(), out);
    }
    put(out, &[b">"]);
    escape(&uri, out);
    put(out, &[b"</identity><target"]);
    attribute("uri", &uri, out);
    put(out, &[b"/></remote>\n"]);
}

fn uri_of(party: &Identity) -> Vec<u8> {
    let mut uri = b"sip:".to_vec();
    if !party.user.is_empty() {
        escape_user(party.user.as_bytes(), &mut uri);
        uri.push(b'@');
    }
    let host = Host::parse(party.host.as_bytes()).map(|_| party.host.as_str());
    uri.extend_from_slice(host.unwrap_or("invalid").as_bytes());
    uri
}

fn message_summary(entity: &str, summary: MessageSummary) -> Document {
    let MessageSummary { new, old, urgent } = summary;
    let waits = if new > 0 { "yes" } else { "no" };
    let mut head = Vec::with_capacity(128);
    let _ = write!(head, "Messages-Waiting: {waits}\r\nMessage-Account: {entity}\r\n");
    let _ = write!(head, "Voice-Message: {new}/{old}");
    if urgent > 0 {
        let _ = write!(head, " ({urgent}/0)");
    }
    put(&mut head, &[b"\r\n"]);
    Document { head: head.into(), tail: Box::default(), has_version: false }
}

fn reg_info(entity: &str, contacts: &[RegisteredContact]) -> Document {
    let head =
        b"<?xml version=\"1.0\"?>\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"";
    let mut tail = Vec::with_capacity(256);
    put(&mut tail, &[b"\" state=\"full\">\n<registration aor=\""]);
    escape(entity.as_bytes(), &mut tail);
    let state = if contacts.is_empty() { "init" } else { "active" };
    let _ = writeln!(tail, "\" id=\"r\" state=\"{state}\">");
    for contact in contacts {
        let id = contact.id;
        let _ = write!(tail, "<contact id=\"{id:x}\" state=\"active\" event=\"registered\"><uri>");
        escape(&contact.uri, &mut tail);
        put(&mut tail, &[b"</uri></contact>\n"]);
    }
    put(&mut tail, &[b"</registration>\n</reginfo>\n"]);
    Document { head: head[..].into(), tail: tail.into(), has_version: true }
}

fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn attribute(name: &str, value: &[u8], out: &mut Vec<u8>) {
    put(out, &[b" ", name.as_bytes(), b"=\""]);
    escape(value, out);
    put(out, &[b"\""]);
}

/// Appends text for content or an attribute in double quotes: markup escaped, what XML 1.0 cannot
/// hold replaced (§2.2).
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(b' '),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
