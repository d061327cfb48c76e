//! Why a message cannot be read, with what could be read of it.

use super::Msg;

/// What is wrong with the form of a message. All are answered 400 but [`Fault::TooLarge`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// Nothing but line ends and zero bytes: a keep-alive, ignored.
    #[error("nothing but line ends")]
    Empty,
    /// Longer than 64 KiB: datagram dropped, stream 513.
    #[error("message too large")]
    TooLarge,
    /// Neither request line nor status line.
    #[error("malformed start line")]
    StartLine,
    /// Request-URI above 2 KiB.
    #[error("request uri too long")]
    UriTooLong,
    /// A line without colon or with a name that is no token.
    #[error("malformed header line")]
    HeaderLine,
    /// A value above 8 KiB.
    #[error("header value too long")]
    HeaderTooLong,
    /// More than 128 lines.
    #[error("too many header lines")]
    TooManyHeaders,
    /// A carriage return that ends no line.
    #[error("bare carriage return")]
    BareCr,
    /// The empty line after the headers is missing.
    #[error("headers without end")]
    HeadUnended,
    /// Content-Length is no number, too large, or given twice with different values.
    #[error("malformed content-length")]
    ContentLength,
    /// A stream message without Content-Length: nobody knows where it ends.
    #[error("content-length missing")]
    LengthMissing,
    /// A datagram shorter than its Content-Length.
    #[error("body cut short")]
    BodyShort,
}

/// A message that cannot be used, with a best-effort index for the refusal.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{fault}")]
pub struct ParseError {
    /// What is wrong first.
    pub fault: Fault,
    partial: Option<Box<Msg>>,
}

impl ParseError {
    pub(super) fn new(fault: Fault, partial: Option<Msg>) -> Self {
        Self { fault, partial: partial.map(Box::new) }
    }

    /// What could be read; for tracing. Its body is empty.
    pub fn partial(&self) -> Option<&Msg> {
        self.partial.as_deref()
    }

    /// The status of the stateless refusal: 513 when too large, else 400.
    pub fn status(&self) -> u16 {
        if self.fault == Fault::TooLarge { 513 } else { 400 }
    }

    /// The request that the refusal copies its headers from, or `None` when nothing may be sent:
    /// a response, an ACK, or one of Via, From, To, Call-ID and CSeq cannot be read
    /// (sip.md §3.2).
    pub fn answerable(&self) -> Option<&Msg> {
        self.partial().filter(|m| super::check::is_answerable(m))
    }
}
