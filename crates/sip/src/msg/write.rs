//! Writing messages into a reusable buffer.
//!
//! Whatever comes from configuration or from another leg goes through one encoder that refuses
//! CR, LF and NUL, so that no value can add a header or a message. Copies from a received message
//! are raw slices: they cannot contain line ends, because reading unfolds them.

use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use memchr::memchr3;

use super::header::HeaderId;
use super::host::Host;
use super::method::Method;
use super::name_addr::NameAddr;
use super::phrase::reason_phrase;
use super::scan::{after, cut, is_token};
use super::transport::Transport;
use super::via::{Via, first_len};
use super::{Header, Msg, Start};

/// Why a message was not written; nothing of it is left in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A value with CR, LF or NUL, or a URI that could end elsewhere, for this header.
    #[error("unsafe value for {0:?}")]
    Unsafe(HeaderId),
    /// The start line would not stand on one line.
    #[error("unsafe start line")]
    StartLine,
}

/// Writes one message: start line, headers, then [`Writer::finish`] or [`Writer::body`].
#[derive(Debug)]
#[must_use = "a message without finish() has no end"]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    error: Option<WriteError>,
}

/// The top Via of a request of ours.
#[derive(Debug, Clone, Copy)]
pub struct ViaOut<'a> {
    /// How the request is sent.
    pub transport: Transport,
    /// Our address or name with port, as the far end shall see it.
    pub sent_by: &'a str,
    /// Branch with the magic cookie.
    pub branch: &'a str,
    /// Whether `;rport` is asked for (RFC 3581); yes unless a trunk profile forbids it.
    pub rport: bool,
}

/// An address to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Address<'a> {
    /// Display name as a person reads it; always written in quotes, as UTF-8.
    pub display: Option<&'a str>,
    /// URI without `<>`; always written in brackets.
    pub uri: &'a [u8],
    /// Header parameters; a value that is no token is written in quotes.
    pub params: &'a [(&'a str, Option<&'a str>)],
}

/// What a response says beside the headers copied from its request.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// 100–699.
    pub code: u16,
    /// Reason phrase; empty means the standard one.
    pub phrase: &'a str,
    /// Our tag, added to To unless the request's To has one. `None` for 100.
    pub to_tag: Option<&'a str>,
    /// Where the request came from: sets `received` and `rport` of the top Via.
    pub source: Option<SocketAddr>,
}

impl<'b> Writer<'b> {
    /// Begins a request; `out` keeps what it already holds.
    pub fn request(out: &'b mut Vec<u8>, method: Method, uri: impl AsRef<[u8]>) -> Self {
        let uri = uri.as_ref();
        let mut writer = Self::begin(out);
        if !is_one_word(uri) || method == Method::Other {
            writer.error = Some(WriteError::StartLine);
        }
        writer.put(&[method.name().as_bytes(), b" ", uri, b" SIP/2.0\r\n"]);
        writer
    }

    /// Begins a response to nothing in particular; most callers want [`Writer::respond`].
    pub fn response(out: &'b mut Vec<u8>, code: u16, phrase: &str) -> Self {
        let mut writer = Self::begin(out);
        if !is_clean(phrase.as_bytes()) || !(100..=699).contains(&code) {
            writer.error = Some(WriteError::StartLine);
        }
        let phrase = if phrase.is_empty() { reason_phrase(code) } else { phrase };
        writer.show(format_args!("SIP/2.0 {code} {phrase}\r\n"));
        writer
    }

    /// Begins the response to `request`: copies Via, From, To, Call-ID and CSeq as received, the
    /// Record-Route of what may create a dialog, the Timestamp of a 100 (RFC 3261 §8.2.6).
    pub fn respond(out: &'b mut Vec<u8>, request: &Msg, reply: Reply<'_>) -> Self {
        let mut writer = Self::response(out, reply.code, reply.phrase);
        for (n, value) in request.values(HeaderId::Via).enumerate() {
            match reply.source {
                Some(source) if n == 0 => writer.top_via(value, source),
                _ => writer.line(HeaderId::Via, value),
            }
        }
        let creates_dialog =
            matches!(request.method(), Some(Method::Invite | Method::Subscribe | Method::Refer));
        if creates_dialog && matches!(reply.code, 101..=299) {
            writer.copy_all(request, HeaderId::RecordRoute);
        }
        writer.copy(request, HeaderId::From);
        writer.to(request.value(HeaderId::To).unwrap_or_default(), reply.to_tag);
        writer.copy(request, HeaderId::CallId);
        writer.copy(request, HeaderId::CSeq);
        if reply.code == 100 {
            writer.copy(request, HeaderId::Timestamp);
        }
        writer
    }

    /// Adds a header whose value is ours, configured, or from another leg.
    pub fn header(&mut self, id: HeaderId, value: impl AsRef<[u8]>) -> &mut Self {
        let value = value.as_ref();
        if is_clean(value) && id != HeaderId::Other {
            self.line(id, value);
        } else {
            self.refuse(id);
        }
        self
    }

    /// Adds a header that has no id. A name that is no token or an unsafe value fails the message.
    pub fn header_named(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        let value = value.as_ref();
        if is_token(name.as_bytes()) && is_clean(value) {
            self.put(&[name.as_bytes(), b": ", value, b"\r\n"]);
        } else {
            self.refuse(HeaderId::Other);
        }
        self
    }

    /// Adds a header from formatted text.
    pub fn text(&mut self, id: HeaderId, value: fmt::Arguments<'_>) -> &mut Self {
        let from = self.out.len();
        self.put(&[id.name().as_bytes(), b": "]);
        let value_from = self.out.len();
        self.show(value);
        let ok = id != HeaderId::Other && is_clean(after(self.out, value_from));
        self.put(&[b"\r\n"]);
        if !ok {
            self.out.truncate(from);
            self.refuse(id);
        }
        self
    }

    /// Adds a header with a number.
    pub fn number(&mut self, id: HeaderId, value: u64) -> &mut Self {
        self.text(id, format_args!("{value}"))
    }

    /// Adds one header with a comma-separated list; nothing when the list is empty.
    pub fn list<T: AsRef<[u8]>>(
        &mut self,
        id: HeaderId,
        items: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        let mut value: Vec<u8> = Vec::new();
        for item in items {
            if !value.is_empty() {
                value.extend_from_slice(b", ");
            }
            value.extend_from_slice(item.as_ref());
        }
        if value.is_empty() { self } else { self.header(id, value) }
    }

    /// Adds our Via.
    pub fn via(&mut self, via: ViaOut<'_>) -> &mut Self {
        let ViaOut { transport, sent_by, branch, rport } = via;
        let transport = transport.via_token();
        let rport = if rport { ";rport" } else { "" };
        self.text(
            HeaderId::Via,
            format_args!("SIP/2.0/{transport} {sent_by}{rport};branch={branch}"),
        )
    }

    /// Adds CSeq.
    pub fn cseq(&mut self, number: u32, method: Method) -> &mut Self {
        self.text(HeaderId::CSeq, format_args!("{number} {}", method.name()))
    }

    /// Adds a header with one address.
    pub fn address(&mut self, id: HeaderId, address: Address<'_>) -> &mut Self {
        let mut value = Vec::with_capacity(address.uri.len() + 64);
        if push_address(&address, &mut value) && id != HeaderId::Other {
            self.line(id, &value);
        } else {
            self.refuse(id);
        }
        self
    }

    /// Copies the first header with that id from a received message.
    pub fn copy(&mut self, from: &Msg, id: HeaderId) -> &mut Self {
        if let Some(value) = from.value(id) {
            self.line(id, value);
        }
        self
    }

    /// Copies every header with that id.
    pub fn copy_all(&mut self, from: &Msg, id: HeaderId) -> &mut Self {
        for value in from.values(id) {
            self.line(id, value);
        }
        self
    }

    /// Passes a header on from another leg, byte for byte; known names in their long form. A value
    /// with NUL is left out (returns `false`) but does not fail the message.
    pub fn pass(&mut self, header: Header<'_>) -> bool {
        let name = match header.id {
            HeaderId::Other => header.name,
            id => id.name().as_bytes(),
        };
        let ok = is_clean(header.value) && is_token(name);
        if ok {
            self.put(&[name, b": ", header.value, b"\r\n"]);
        }
        ok
    }

    /// Ends a message without body.
    ///
    /// # Errors
    /// A value was refused; the buffer is as it was before this message.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.put(&[b"Content-Length: 0\r\n\r\n"]);
        self.end()
    }

    /// Ends a message with a body; an empty one is the same as [`Writer::finish`].
    ///
    /// # Errors
    /// As for [`Writer::finish`].
    pub fn body(mut self, content_type: &str, body: &[u8]) -> Result<(), WriteError> {
        if body.is_empty() {
            return self.finish();
        }
        self.header(HeaderId::ContentType, content_type);
        self.number(HeaderId::ContentLength, body.len() as u64);
        self.put(&[b"\r\n", body]);
        self.end()
    }

    /// Like [`Writer::finish`], but takes the message out of the buffer into bytes of its own size.
    ///
    /// # Errors
    /// As for [`Writer::finish`].
    pub fn finish_bytes(self) -> Result<Bytes, WriteError> {
        self.body_bytes("", &[])
    }

    /// Like [`Writer::body`], but takes the message out of the buffer into bytes of its own size.
    ///
    /// # Errors
    /// As for [`Writer::finish`].
    pub fn body_bytes(self, content_type: &str, body: &[u8]) -> Result<Bytes, WriteError> {
        let Self { out, start, error } = self;
        Writer { out: &mut *out, start, error }.body(content_type, body)?;
        let bytes = Bytes::copy_from_slice(after(out, start));
        out.truncate(start);
        Ok(bytes)
    }

    fn begin(out: &'b mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start, error: None }
    }

    fn end(self) -> Result<(), WriteError> {
        match self.error {
            None => Ok(()),
            Some(error) => {
                self.out.truncate(self.start);
                Err(error)
            }
        }
    }

    fn refuse(&mut self, id: HeaderId) {
        self.error.get_or_insert(WriteError::Unsafe(id));
    }

    fn put(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.out.extend_from_slice(part);
        }
    }

    fn show(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a Vec cannot fail.
        let _ = self.out.write_fmt(text);
    }

    fn line(&mut self, id: HeaderId, value: &[u8]) {
        self.put(&[id.name().as_bytes(), b": ", value, b"\r\n"]);
    }

    fn to(&mut self, value: &[u8], tag: Option<&str>) {
        let has_tag = NameAddr::parse(value).is_some_and(|a| a.params.has("tag"));
        match tag.filter(|t| !has_tag && is_token(t.as_bytes())) {
            Some(tag) => self.put(&[b"To: ", value, b";tag=", tag.as_bytes(), b"\r\n"]),
            None => self.line(HeaderId::To, value),
        }
    }

    /// Copies the line with the top Via, with `received` and `rport` set (RFC 3261 §18.2.1,
    /// RFC 3581 §4). A Via that cannot be read is copied as it is.
    fn top_via(&mut self, value: &[u8], source: SocketAddr) {
        let length = first_len(value);
        let Some(via) = Via::parse(cut(value, 0, length)) else {
            return self.line(HeaderId::Via, value);
        };
        let wants_rport = via.params.has("rport");
        let is_same = via.host == Host::Ip(source.ip().to_canonical());
        self.put(&[b"Via: SIP/2.0/", via.transport, b" ", via.sent_by()]);
        for param in via.params.iter() {
            let replaced = [&b"rport"[..], b"received"];
            if !replaced.iter().any(|name| param.name.eq_ignore_ascii_case(name)) {
                self.put(&[b";", param.name]);
                if let Some(value) = param.value {
                    self.put(&[b"=", value]);
                }
            }
        }
        if wants_rport {
            self.show(format_args!(";rport={}", source.port()));
        }
        if wants_rport || !is_same {
            self.show(format_args!(";received={}", source.ip().to_canonical()));
        }
        self.put(&[after(value, length), b"\r\n"]);
    }
}

/// Writes a received message anew: long names, one space after the colon, our line ends, a
/// Content-Length that is true. Reading the result gives the same message and the same text again.
pub fn canonical(msg: &Msg, out: &mut Vec<u8>) {
    let version: &[u8] = if msg.version_ok() { b"SIP/2.0" } else { b"SIP/0.0" };
    match msg.start() {
        Start::Request { token, uri, .. } => {
            for part in [token, b" ", uri, b" ", version] {
                out.extend_from_slice(part);
            }
        }
        Start::Response { code, phrase } => {
            for part in [version, b" ", code.to_string().as_bytes(), b" ", phrase] {
                out.extend_from_slice(part);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
    for header in msg.headers().filter(|h| h.id != HeaderId::ContentLength) {
        let name = match header.id {
            HeaderId::Other => header.name,
            id => id.name().as_bytes(),
        };
        for part in [name, b": ", header.value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    // Writing to a Vec cannot fail.
    let _ = write!(out, "Content-Length: {}\r\n\r\n", msg.body().len());
    out.extend_from_slice(msg.body());
}

/// Appends `"display" <uri>;params`; `false` when something in it is unsafe.
pub fn push_address(address: &Address<'_>, out: &mut Vec<u8>) -> bool {
    let mut ok = is_one_word(address.uri) && !address.uri.iter().any(|b| b"<>\"".contains(b));
    if let Some(display) = address.display.filter(|d| !d.is_empty()) {
        ok &= is_clean(display.as_bytes());
        push_quoted(display.as_bytes(), out);
        out.push(b' ');
    }
    out.push(b'<');
    out.extend_from_slice(address.uri);
    out.push(b'>');
    for (name, value) in address.params {
        ok &= is_token(name.as_bytes());
        out.push(b';');
        out.extend_from_slice(name.as_bytes());
        if let Some(value) = value {
            ok &= is_clean(value.as_bytes());
            out.push(b'=');
            if is_token(value.as_bytes()) {
                out.extend_from_slice(value.as_bytes());
            } else {
                push_quoted(value.as_bytes(), out);
            }
        }
    }
    ok
}

/// Appends `text` as a quoted string; the caller has refused CR, LF and NUL.
pub fn push_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Whether a value may stand in a header line: no CR, LF or NUL.
pub fn is_clean(value: &[u8]) -> bool {
    memchr3(b'\r', b'\n', 0, value).is_none()
}

fn is_one_word(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| *b > b' ' && *b != 0x7f)
}
