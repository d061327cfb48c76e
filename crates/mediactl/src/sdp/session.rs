//! One session towards a leg: its `o=` stays, its version rises with each change.

use std::borrow::Cow;

use super::text::{Line, Lines, number, origin, words};

/// What was last sent to a leg, for the rule of RFC 3264 §8.
///
/// The far end may become another phone, a player or the phone again; the leg must see one
/// session all the same: user, id and address as first sent, and a version that rises with each
/// change and only then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Value of the last `o=` line sent; empty before the first.
    origin: Box<[u8]>,
    /// Digest of everything else in the last body.
    digest: u64,
}

impl Session {
    /// Makes `body` the next one of this session. The first passes as it is.
    ///
    /// A body without `o=` in its second line passes unchanged: it did not come through
    /// `Sdp::parse`.
    pub fn stamp<'b>(&mut self, body: &'b [u8]) -> Cow<'b, [u8]> {
        let Some((line, value)) = origin_line(body) else { return Cow::Borrowed(body) };
        let digest = digest(body, &line);
        let last = origin(&self.origin);
        let (Some(last), Some(next)) = (last, origin(value)) else {
            self.origin = value.into();
            self.digest = digest;
            return Cow::Borrowed(body);
        };
        let version = number(last[2]).unwrap_or(0);
        let same_session = (0..6).filter(|n| *n != 2).all(|n| last.get(n) == next.get(n));
        let changed = self.digest != digest;
        let wanted = if changed { version.wrapping_add(1) } else { version };
        let given = number(next[2]);
        let fits = match given {
            Some(given) if changed => given > version,
            Some(given) => given == version,
            None => false,
        };
        self.digest = digest;
        if same_session && fits {
            self.origin = value.into();
            return Cow::Borrowed(body);
        }
        let mut fresh = Vec::with_capacity(self.origin.len() + 4);
        for (n, word) in last.iter().enumerate() {
            match n {
                2 => fresh.extend_from_slice(wanted.to_string().as_bytes()),
                _ => fresh.extend_from_slice(word),
            }
            if n < 5 {
                fresh.push(b' ');
            }
        }
        self.origin = fresh.into();
        Cow::Owned(self.with_origin(body, &line))
    }

    fn with_origin(&self, body: &[u8], line: &Line<'_>) -> Vec<u8> {
        let end = line.start + line.text().len();
        let mut out = Vec::with_capacity(body.len() + 8);
        out.extend_from_slice(body.get(..line.start).unwrap_or_default());
        out.extend_from_slice(b"o=");
        out.extend_from_slice(&self.origin);
        out.extend_from_slice(body.get(end..).unwrap_or_default());
        out
    }
}

fn origin_line(body: &[u8]) -> Option<(Line<'_>, &[u8])> {
    let line = Lines::new(body).nth(1)?;
    let value = line.value_of(b'o')?;
    (words(value).count() == 6).then_some((line, value))
}

/// FNV-1a over all but the line. Whoever makes two of his bodies collide keeps a version back
/// from himself only.
fn digest(body: &[u8], without: &Line<'_>) -> u64 {
    let before = body.get(..without.start).unwrap_or_default();
    let after = body.get(without.start + without.raw.len()..).unwrap_or_default();
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    before.iter().chain(after).fold(0xcbf2_9ce4_8422_2325, step)
}
