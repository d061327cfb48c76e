//! Scanning helpers shared by the views: tokens, quoted strings, lists, parameters.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let marks = b"-.!%*_+`'~";
    let mut i = 0;
    while i < 256 {
        table[i] = (i as u8).is_ascii_alphanumeric();
        i += 1;
    }
    i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    table
}

static TOKEN: [bool; 256] = token_table();

/// Bytes that may stand in a parameter value without quotes: no controls, spaces, `"`, `<`, `>`
/// or `,`.
static PLAIN: [bool; 256] = byte_set(b"#$%&()/:;=?@[\\]^{|}", true);

/// Token bytes without `%`, those of `more`, and those above 127 if `high`.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
pub(crate) const fn byte_set(more: &[u8], high: bool) -> [bool; 256] {
    let mut table = token_table();
    table[b'%' as usize] = false;
    let mut i = 0;
    while i < more.len() {
        table[more[i] as usize] = true;
        i += 1;
    }
    i = 128;
    while i < 256 {
        table[i] = high;
        i += 1;
    }
    table
}

/// Whether a parameter value may stand without quotes.
fn is_plain(value: &[u8]) -> bool {
    let ok = |b: &u8| PLAIN.get(usize::from(*b)).copied().unwrap_or(false);
    !value.is_empty() && value.iter().all(ok)
}

/// Whether `byte` may occur in a token (RFC 3261 §25.1).
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Whether `text` is a token: at least one byte, all of them token bytes.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| is_token_byte(*b))
}

/// Whether `byte` is a space or a tab; line ends never reach a view.
pub(crate) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `text` without spaces and tabs at both ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_start(trim_end(text))
}

/// `text` without spaces and tabs at its start.
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    text
}

/// `text` without spaces and tabs at its end.
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// Bytes `from..to` of `text`; empty when out of range.
pub(crate) fn cut(text: &[u8], from: usize, to: usize) -> &[u8] {
    text.get(from..to).unwrap_or_default()
}

/// `text` from `at` on; empty when out of range.
pub(crate) fn after(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// Splits at the first `byte`; the byte itself belongs to neither half.
pub(crate) fn split_once(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(byte, text)?;
    Some((cut(text, 0, at), after(text, at + 1)))
}

/// The value of one or more decimal digits; `None` on anything else or above `u32`.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Like [`number`], for 16 bits.
pub(crate) fn port(text: &[u8]) -> Option<u16> {
    number(text).and_then(|n| u16::try_from(n).ok())
}

/// The value of one hexadecimal digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// First byte of a two-byte Shift_JIS character.
fn is_sjis_lead(byte: u8) -> bool {
    matches!(byte, 0x81..=0x9f | 0xe0..=0xfc)
}

/// Length of the quoted string at the start of `text`, both quotes included; `None` when it
/// does not begin with a quote or never ends.
///
/// COMPAT (phones of Japanese makers): a Shift_JIS character may end in the byte of a backslash
/// (表, ソ), which escapes nothing. Text that is UTF-8 is never read that way.
pub(crate) fn quoted_len(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        let hit = at + memchr2(b'"', b'\\', after(text, at))?;
        if text.get(hit) == Some(&b'"') {
            return Some(hit + 1);
        }
        let before = text.get(hit - 1).copied().unwrap_or(0);
        if before >= 0x80
            && std::str::from_utf8(cut(text, 1, hit)).is_err()
            && let Some(length) = quoted_len_sjis(text)
        {
            return Some(length);
        }
        at = hit + 2;
    }
}

fn quoted_len_sjis(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            byte if is_sjis_lead(byte) => at += 2,
            _ => at += 1,
        }
    }
}

/// Text inside quotes as a person reads it: escapes undone; UTF-8, else Shift_JIS, else lossy.
pub(crate) fn decode_text(inner: &[u8], quoted: bool) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(inner) {
        if !quoted || memchr(b'\\', inner).is_none() {
            return Cow::Borrowed(text);
        }
        let bytes = unescape(inner, false);
        return Cow::Owned(String::from_utf8_lossy(&bytes).into_owned());
    }
    let sjis = if quoted { unescape(inner, true) } else { inner.to_vec() };
    let (text, _, replaced) = encoding_rs::SHIFT_JIS.decode(&sjis);
    if !replaced {
        return Cow::Owned(text.into_owned());
    }
    let plain = if quoted { unescape(inner, false) } else { inner.to_vec() };
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

fn unescape(inner: &[u8], sjis: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' {
            out.extend(bytes.next());
        } else {
            out.push(byte);
            if sjis && is_sjis_lead(byte) {
                out.extend(bytes.next());
            }
        }
    }
    out
}

/// The value of a parameter without its quotes and escapes; other text is returned as it is.
pub(crate) fn unquote(value: &[u8]) -> Cow<'_, [u8]> {
    match inside_quotes(value) {
        None => Cow::Borrowed(value),
        Some(inner) if memchr(b'\\', inner).is_none() => Cow::Borrowed(inner),
        Some(inner) => Cow::Owned(unescape(inner, false)),
    }
}

/// What stands between the quotes when all of `value` is one quoted string, escapes kept.
pub(crate) fn inside_quotes(value: &[u8]) -> Option<&[u8]> {
    (quoted_len(value) == Some(value.len())).then(|| cut(value, 1, value.len() - 1))
}

/// Position of the first `stop` outside quotes and `<>`, or the length of `text`.
///
/// An unbalanced quote or bracket swallows the rest: the element is then found malformed.
pub(crate) fn find_outside(text: &[u8], stop: u8) -> usize {
    let mut at = 0;
    while let Some(hit) = memchr3(stop, b'"', b'<', after(text, at)) {
        let hit = at + hit;
        let rest = after(text, hit);
        let skipped = match rest.first() {
            Some(b'"') => quoted_len(rest),
            Some(b'<') => memchr(b'>', rest).map(|end| end + 1),
            _ => return hit,
        };
        match skipped {
            Some(length) => at = hit + length,
            None => return text.len(),
        }
    }
    text.len()
}

/// The elements of one comma-separated value, trimmed; an empty value has none, but an empty
/// element between commas is yielded (and then found malformed by its view).
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    /// Splits `value`; commas inside quotes and `<>` do not split.
    pub fn new(value: &'a [u8]) -> Self {
        Self { rest: (!trim(value).is_empty()).then_some(value) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let at = find_outside(text, b',');
        self.rest = text.get(at + 1..);
        Some(trim(cut(text, 0, at)))
    }
}

/// One `;name=value` parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Name as received; compare without case.
    pub name: &'a [u8],
    /// Value as received, with its quotes; `None` without `=`.
    pub value: Option<&'a [u8]>,
}

impl<'a> Param<'a> {
    /// The value without quotes and escapes; empty without a value.
    pub fn text(&self) -> Cow<'a, [u8]> {
        unquote(self.value.unwrap_or_default())
    }

    /// Reads `name` or `name=value`.
    pub(crate) fn of(text: &'a [u8]) -> Self {
        match split_once(text, b'=') {
            Some((name, value)) => Self { name: trim(name), value: Some(trim(value)) },
            None => Self { name: trim(text), value: None },
        }
    }

    /// Token name; value absent, one quoted string, or free of spaces and quotes.
    pub(crate) fn is_well_formed(&self) -> bool {
        is_token(self.name) && self.value.is_none_or(|v| is_plain(v) || inside_quotes(v).is_some())
    }
}

/// The parameters after a value: empty, or text that begins with `;`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Wraps text that is empty or begins with `;`.
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw: trim(raw) }
    }

    /// The text as received, leading `;` included; for passing on.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The first parameter called `name`, compared without case.
    pub fn find(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether the parameter `name` is there, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of `name` as received; `None` when absent or without value.
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.find(name)?.value
    }

    /// All parameters in order.
    pub fn iter(&self) -> ParamIter<'a> {
        ParamIter { rest: self.raw }
    }

    /// Nothing but well-formed `;name[=value]`, so that `;;` and stray text are refused.
    pub fn is_well_formed(&self) -> bool {
        (self.raw.is_empty() || self.raw.first() == Some(&b';'))
            && self.iter().all(|p| p.is_well_formed())
    }
}

/// Iterator of [`Params::iter`].
#[derive(Debug, Clone)]
pub struct ParamIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for ParamIter<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        let text = self.rest.strip_prefix(b";")?;
        let end = find_semicolon(text);
        self.rest = after(text, end);
        Some(Param::of(cut(text, 0, end)))
    }
}

fn find_semicolon(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(hit) = memchr2(b';', b'"', after(text, at)) {
        let hit = at + hit;
        let rest = after(text, hit);
        if rest.first() == Some(&b';') {
            return hit;
        }
        match quoted_len(rest) {
            Some(length) => at = hit + length,
            None => return text.len(),
        }
    }
    text.len()
}
