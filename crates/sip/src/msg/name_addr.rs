//! Addresses with an optional display name: From, To, Contact, Route, Refer-To, Referred-By,
//! P-Asserted-Identity, Diversion, History-Info and their like (RFC 3261 §20.10, §25.1).

use std::borrow::Cow;

use memchr::memchr;

use super::scan::{self, Params, after, cut, is_space, is_token_byte, trim, trim_start};
use super::uri::Uri;

/// `"Name" <uri>;params` or `uri;params`.
#[derive(Debug, Clone, Copy)]
pub struct NameAddr<'a> {
    /// The display name between its quotes, or the words before `<`; `None` without.
    display: Option<&'a [u8]>,
    quoted: bool,
    /// The URI as received, without `<>`.
    pub uri: &'a [u8],
    /// Header parameters: those after `>`, or all of them when there are no brackets.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one element. `None` when malformed: unbalanced quotes or brackets, white space inside
    /// the brackets, an unquoted name with other than token characters, a URI without brackets
    /// that contains `,` or `?`, broken parameters.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let text = trim(text);
        if text.first() == Some(&b'"') {
            let length = scan::quoted_len(text)?;
            let rest = trim_start(after(text, length));
            return Self::bracketed(rest, Some(cut(text, 1, length - 1)), true);
        }
        if let Some(open) = memchr(b'<', text) {
            let words = trim(cut(text, 0, open));
            if is_display_words(words) {
                let display = (!words.is_empty()).then_some(words);
                return Self::bracketed(after(text, open), display, false);
            }
        }
        let end = text.iter().position(|b| *b == b';' || is_space(*b)).unwrap_or(text.len());
        let uri = cut(text, 0, end);
        let params = Params::new(after(text, end));
        let plain = !uri.is_empty() && !uri.iter().any(|b| matches!(b, b',' | b'?' | b'<' | b'"'));
        (plain && params.is_well_formed()).then_some(Self {
            display: None,
            quoted: false,
            uri,
            params,
        })
    }

    fn bracketed(text: &'a [u8], display: Option<&'a [u8]>, quoted: bool) -> Option<Self> {
        let text = text.strip_prefix(b"<")?;
        let close = memchr(b'>', text)?;
        let uri = cut(text, 0, close);
        let params = Params::new(after(text, close + 1));
        let ok = !uri.is_empty()
            && !uri.iter().any(|b| is_space(*b) || *b == b'<')
            && params.is_well_formed();
        ok.then_some(Self { display, quoted, uri, params })
    }

    /// The display name as a person reads it: UTF-8, else Shift_JIS, else lossy; `None` when it is
    /// absent or empty.
    pub fn display(&self) -> Option<Cow<'a, str>> {
        let text = scan::decode_text(self.display?, self.quoted);
        (!text.is_empty()).then_some(text)
    }

    /// The URI, parsed; `None` when malformed.
    pub fn parsed(&self) -> Option<Uri<'a>> {
        Uri::parse(self.uri)
    }

    /// The `tag` parameter of From and To; `None` when absent or empty.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.value("tag").filter(|t| !t.is_empty())
    }
}

/// Whether `text` may stand before `<` without quotes: tokens and white space.
///
/// COMPAT (phones of Japanese makers): bytes above 127 come unquoted too; in Shift_JIS the second
/// byte of a character may be an ASCII one.
fn is_display_words(text: &[u8]) -> bool {
    if text.iter().all(|b| is_token_byte(*b) || is_space(*b)) {
        return true;
    }
    let is_utf8 = std::str::from_utf8(text).is_ok();
    let mut is_trail = false;
    text.iter().all(|b| {
        let ok = is_token_byte(*b) || is_space(*b) || *b >= 0x80 || is_trail && *b >= 0x40;
        is_trail = !is_utf8 && !is_trail && *b >= 0x80;
        ok
    })
}
