//! The index of a message: start line and header slots, found in one pass over the line ends.
//!
//! Reading goes on after the first fault, so that a refusal can still copy Via, From, To,
//! Call-ID and CSeq from a message that is broken elsewhere.

use base::limits::{SIP_HEADER_VALUE_MAX, SIP_HEADERS_MAX, SIP_URI_MAX};
use memchr::{memchr, memchr_iter, memrchr};
use smallvec::SmallVec;

use super::error::Fault;
use super::header::HeaderId;
use super::method::Method;
use super::scan::{after, cut, is_space, is_token, number};

/// No header of that id.
const NONE: u8 = u8::MAX;

/// One header line in 12 bytes. A message has at most 64 KiB, so a distance fits 16 bits where an
/// offset does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Where the name begins.
    name: u32,
    /// Where the value ends.
    end: u32,
    /// From the name to the value.
    to_value: u16,
    pub(super) id: HeaderId,
}

impl Slot {
    /// Where the name begins; it ends before a colon.
    pub(super) fn name_at(&self) -> usize {
        self.name as usize
    }

    pub(super) fn value<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        cut(raw, self.name as usize + usize::from(self.to_value), self.end as usize)
    }
}

/// Start line; offsets into the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line {
    Request { method: Method, method_end: u32, uri: (u32, u32), version_ok: bool },
    Response { code: u16, phrase: (u32, u32), version_ok: bool },
}

/// Most messages have fewer lines; longer ones take one allocation.
type Slots = SmallVec<[Slot; 24]>;

/// Where everything is in a message.
#[derive(Clone)]
pub(super) struct Index {
    pub(super) line: Line,
    pub(super) slots: Slots,
    first: [u8; HeaderId::COUNT],
    /// Where the body begins; the length of the text when the empty line is missing.
    pub(super) head_end: usize,
    pub(super) folded: bool,
    pub(super) fault: Option<Fault>,
}

/// Offsets fit: a message has at most 64 KiB (checked by the callers).
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            line: Line::Response { code: 0, phrase: (0, 0), version_ok: false },
            slots: Slots::new(),
            first: [NONE; HeaderId::COUNT],
            head_end: 0,
            folded: false,
            fault: None,
        }
    }

    /// Indexes the message at the start of `raw`.
    pub(super) fn of(raw: &[u8]) -> Self {
        let mut ix = Self::new();
        ix.read(raw);
        ix
    }

    /// Indexes the message at the start of `raw`; `self` is new.
    pub(super) fn read(&mut self, raw: &[u8]) {
        self.head_end = raw.len();
        let mut at = 0;
        let mut crlf = 0;
        let mut is_start = true;
        loop {
            let Some(length) = memchr(b'\n', after(raw, at)) else {
                self.blame(Fault::HeadUnended);
                break;
            };
            let next = at + length + 1;
            let has_cr = length > 0 && raw.get(next - 2) == Some(&b'\r');
            crlf += usize::from(has_cr);
            let end = next - 1 - usize::from(has_cr);
            if is_start {
                is_start = false;
                self.line = match start_line(cut(raw, at, end)) {
                    Ok(line) => line,
                    Err((line, fault)) => {
                        self.blame(fault);
                        line
                    }
                };
            } else if end == at {
                self.head_end = next;
                break;
            } else {
                self.header(raw, at, end);
            }
            at = next;
        }
        if memchr_iter(b'\r', cut(raw, 0, self.head_end)).count() != crlf {
            self.blame(Fault::BareCr);
        }
    }

    /// The slot number of the first header with that id.
    pub(super) fn first_slot(&self, id: HeaderId) -> Option<usize> {
        self.first.get(id as usize).copied().filter(|i| *i != NONE).map(usize::from)
    }

    /// The first fault is the one told.
    fn blame(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn header(&mut self, raw: &[u8], at: usize, end: usize) {
        let line = cut(raw, at, end);
        if line.first().is_some_and(|b| is_space(*b)) {
            self.folded = true;
            if self.slots.is_empty() {
                self.blame(Fault::StartLine);
            }
            return;
        }
        let Some(colon) = memchr(b':', line) else {
            return self.blame(Fault::HeaderLine);
        };
        let mut name_end = colon;
        while name_end > 0 && line.get(name_end - 1).is_some_and(|b| is_space(*b)) {
            name_end -= 1;
        }
        let name = cut(line, 0, name_end);
        let id = HeaderId::of(name);
        if id == HeaderId::Other && !is_token(name) {
            return self.blame(Fault::HeaderLine);
        }
        let (mut from, mut to) = (colon + 1, line.len());
        while from < to && line.get(from).is_some_and(|b| is_space(*b)) {
            from += 1;
        }
        while to > from && line.get(to - 1).is_some_and(|b| is_space(*b)) {
            to -= 1;
        }
        if to - from > SIP_HEADER_VALUE_MAX {
            return self.blame(Fault::HeaderTooLong);
        }
        if self.slots.len() >= SIP_HEADERS_MAX {
            return self.blame(Fault::TooManyHeaders);
        }
        if let Some(first) = self.first.get_mut(id as usize)
            && *first == NONE
        {
            *first = u8::try_from(self.slots.len()).unwrap_or(NONE);
        }
        let to_value = u16::try_from(from).unwrap_or(u16::MAX);
        self.slots.push(Slot { name: offset(at), end: offset(at + to), to_value, id });
    }

    /// The value of the one Content-Length, or of several that agree.
    pub(super) fn content_length(&self, raw: &[u8]) -> Result<Option<usize>, Fault> {
        let Some(first) = self.first_slot(HeaderId::ContentLength) else {
            return Ok(None);
        };
        let mut found = None;
        for slot in self.slots.iter().skip(first) {
            if slot.id != HeaderId::ContentLength {
                continue;
            }
            let length = number(slot.value(raw)).map(|n| n as usize).ok_or(Fault::ContentLength)?;
            if length > base::limits::SIP_MESSAGE_MAX || found.is_some_and(|f| f != length) {
                return Err(Fault::ContentLength);
            }
            found = Some(length);
        }
        Ok(found)
    }
}

/// Reads the start line; on a fault the best guess comes with it.
fn start_line(line: &[u8]) -> Result<Line, (Line, Fault)> {
    if line.get(..4).is_some_and(|b| b.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(line);
    }
    let first = memchr(b' ', line).unwrap_or(line.len());
    let token = cut(line, 0, first);
    let method = Method::of(token);
    let mut guess =
        Line::Request { method, method_end: offset(first), uri: (0, 0), version_ok: false };
    let last = memrchr(b' ', line).unwrap_or(0);
    if last <= first || !is_token(token) {
        return Err((guess, Fault::StartLine));
    }
    let uri = cut(line, first + 1, last);
    if uri.is_empty() || uri.iter().any(|b| is_space(*b)) {
        return Err((guess, Fault::StartLine));
    }
    if uri.len() > SIP_URI_MAX {
        return Err((guess, Fault::UriTooLong));
    }
    let version = version_ok(after(line, last + 1));
    if let Line::Request { uri, version_ok, .. } = &mut guess {
        *uri = (offset(first + 1), offset(last));
        *version_ok = version == Some(true);
    }
    if version.is_none() { Err((guess, Fault::StartLine)) } else { Ok(guess) }
}

fn status_line(line: &[u8]) -> Result<Line, (Line, Fault)> {
    let broken = (Line::Response { code: 0, phrase: (0, 0), version_ok: false }, Fault::StartLine);
    let Some(space) = memchr(b' ', line) else {
        return Err(broken);
    };
    let rest = after(line, space + 1);
    let code_length = memchr(b' ', rest).unwrap_or(rest.len());
    let digits = cut(rest, 0, code_length);
    let code = number(digits).and_then(|n| u16::try_from(n).ok());
    let (Some(version_ok), Some(code @ 100..=699), 3) =
        (version_ok(cut(line, 0, space)), code, digits.len())
    else {
        return Err(broken);
    };
    let phrase = (space + 1 + code_length + 1).min(line.len());
    Ok(Line::Response { code, phrase: (offset(phrase), offset(line.len())), version_ok })
}

/// `Some(true)` for SIP/2.0, `Some(false)` for another SIP version, `None` for anything else.
fn version_ok(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"SIP/2.0") {
        return Some(true);
    }
    let number_text = text.get(..4).filter(|b| b.eq_ignore_ascii_case(b"SIP/"));
    let (major, minor) = super::scan::split_once(number_text.and(text.get(4..))?, b'.')?;
    (number(major).is_some() && number(minor).is_some()).then_some(false)
}

/// The message with every folded header on one line: each line end with the white space around
/// it becomes one space (RFC 3261 §7.3.1). `head_end` is where the body begins.
pub(super) fn unfold(raw: &[u8], head_end: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = cut(raw, 0, head_end);
    while let Some(at) = memchr(b'\n', rest) {
        let line = cut(rest, 0, at);
        let next = after(rest, at + 1);
        let is_fold = next.first().is_some_and(|b| is_space(*b));
        if is_fold {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            out.extend_from_slice(super::scan::trim_end(line));
            out.push(b' ');
            rest = super::scan::trim_start(next);
        } else {
            out.extend_from_slice(line);
            out.push(b'\n');
            rest = next;
        }
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(after(raw, head_end));
    out
}
