//! The session description in a message, alone or in a multipart body (RFC 5621).

use bytes::Bytes;
use memchr::memmem;

use crate::msg::accept::{self, MediaType};
use crate::msg::{HeaderId, Msg};

/// What a message carries as to sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// No body, or one that may be ignored.
    None,
    /// A session description in a buffer of its own.
    Sdp(Bytes),
    /// Something else that must be understood: 415.
    Unknown,
}

/// Finds the session description of `msg`.
pub(crate) fn sdp_of(msg: &Msg) -> Body {
    let body = msg.body();
    if body.is_empty() {
        return Body::None;
    }
    let Some(media) = msg.value(HeaderId::ContentType).and_then(MediaType::parse) else {
        return Body::Unknown;
    };
    if media.is("application", "sdp") {
        return Body::Sdp(Bytes::copy_from_slice(body));
    }
    if media.is("multipart", "*") {
        let boundary = media.params.find("boundary").map(|p| p.text());
        let part = boundary.and_then(|b| part_of(body, &b));
        return part.map_or(Body::None, |p| Body::Sdp(Bytes::copy_from_slice(p)));
    }
    if accept::is_body_optional(msg) { Body::None } else { Body::Unknown }
}

/// The first `application/sdp` part of a multipart body (RFC 2046 §5.1).
fn part_of<'a>(body: &'a [u8], boundary: &[u8]) -> Option<&'a [u8]> {
    let delimiter = [b"--", boundary].concat();
    let mut rest = body;
    while let Some(at) = memmem::find(rest, &delimiter) {
        let part = rest.get(at + delimiter.len()..)?;
        if part.starts_with(b"--") {
            return None;
        }
        let end = memmem::find(part, &delimiter)?;
        let text = part.get(..end)?;
        if let Some(content) = sdp_part(text) {
            return Some(content);
        }
        rest = part;
    }
    None
}

/// The content of one part when its headers say that it is a session description.
fn sdp_part(part: &[u8]) -> Option<&[u8]> {
    let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n"))?;
    let (head, gap) = match memmem::find(part, b"\r\n\r\n") {
        Some(at) => (at, 4),
        None => (memmem::find(part, b"\n\n")?, 2),
    };
    let is_sdp = part.get(..head)?.split(|b| *b == b'\n').any(|line| {
        let mut halves = line.splitn(2, |b| *b == b':');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"content-type")
            && MediaType::parse(value.trim_ascii()).is_some_and(|m| m.is("application", "sdp"))
    });
    let content = part.get(head + gap..)?;
    let content = content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n"));
    is_sdp.then_some(content.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_found_in_a_multipart_body() {
        let text = "INVITE sip:a@b SIP/2.0\r\n\
            Content-Type: multipart/mixed; boundary=\"x y\"\r\n\r\n\
            preamble\r\n--x y\r\nContent-Type: text/plain\r\n\r\nhello\r\n\
            --x y\r\nContent-Disposition: session\r\ncontent-type: Application/SDP\r\n\r\n\
            v=0\r\no=- 1\r\n\r\n--x y--\r\n";
        let msg = Msg::parse_datagram(Bytes::from(text)).expect("well formed");
        assert_eq!(sdp_of(&msg), Body::Sdp(Bytes::from("v=0\r\no=- 1\r\n")));
    }
}
