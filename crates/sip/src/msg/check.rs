//! The refusals that need no state and no identity (sip.md §3.2 and §3.3).
//!
//! Asked once per message, before any transaction, challenge or dialog.

use base::limits::{SDP_MAX, SIP_CONTACTS_MAX, SIP_HEADERS_UNKNOWN_MAX, SIP_VIA_MAX};

use super::Msg;
use super::accept::{self, MediaType};
use super::contact::Contacts;
use super::cseq::CSeq;
use super::header::HeaderId;
use super::method::Method;
use super::name_addr::NameAddr;
use super::scan::is_space;
use super::uri::Uri;
use super::via::{MAGIC_COOKIE, Via};
use super::write::Writer;

/// What the verdict depends on beside the message.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// Whether the source has authenticated or is a trunk; others get fewer header lines.
    pub known_source: bool,
    /// Option tags that may be required of us; compared without case.
    pub supported: &'a [&'a str],
}

/// What to do with a message that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Handle it as its method demands.
    Ok,
    /// Answer statelessly and forget it.
    Refuse(Refusal),
    /// Count it and send nothing: a bad response, a bad ACK, or a request that names nobody to
    /// answer.
    Discard(Problem),
}

/// A refusal; [`Refusal::status`] is what goes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 400.
    Malformed(Problem),
    /// 406: the offerer accepts no SDP.
    NotAcceptable,
    /// 415: a body that we cannot read.
    MediaType,
    /// 416: neither sip, sips nor tel.
    Scheme,
    /// 420: an extension is required that we lack.
    Extension,
    /// 501: a method that we do not know.
    Method,
    /// 505: not SIP/2.0.
    Version,
}

/// Which part of a message makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// Via, From, To, Call-ID or CSeq is missing.
    MissingHeader,
    /// A header that may occur once occurs again.
    RepeatedHeader,
    /// More header lines than an unknown source may send.
    TooManyHeaders,
    /// More than 70 Via or Route entries or 10 contacts.
    TooManyEntries,
    /// Not SIP/2.0, in a response.
    Version,
    /// CSeq is no number below 2³¹ and a method.
    CSeq,
    /// The method of CSeq is not that of the request.
    MethodMismatch,
    /// A Via element is malformed.
    Via,
    /// The branch is the magic cookie and nothing else.
    Branch,
    /// From or To is malformed.
    Party,
    /// Call-ID is empty or has white space.
    CallId,
    /// The Request-URI is malformed or carries headers.
    RequestUri,
    /// A Contact is malformed, or `*` outside REGISTER.
    Contact,
    /// A Route or Record-Route is malformed.
    Route,
    /// To of a REGISTER is neither sip nor sips.
    AddressOfRecord,
    /// A body above 32 KiB that is SDP.
    BodyTooLong,
}

impl Refusal {
    /// The status code.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NotAcceptable => 406,
            Self::MediaType => 415,
            Self::Scheme => 416,
            Self::Extension => 420,
            Self::Method => 501,
            Self::Version => 505,
        }
    }

    /// Adds what the status demands: Unsupported, Accept, Allow or Warning.
    pub fn explain(self, request: &Msg, policy: &Policy<'_>, out: &mut Writer<'_>) {
        match self {
            Self::Extension => {
                out.list(HeaderId::Unsupported, unsupported(request, policy.supported));
            }
            Self::MediaType => {
                out.header(HeaderId::Accept, "application/sdp, multipart/mixed");
                out.header(HeaderId::AcceptEncoding, "identity");
            }
            Self::NotAcceptable => {
                out.header(HeaderId::Warning, "399 naisen \"only application/sdp is spoken\"");
            }
            Self::Method => {
                out.header(HeaderId::Allow, ALLOW);
            }
            Self::Malformed(_) | Self::Scheme | Self::Version => {}
        }
    }
}

/// Value of Allow: every method that we know.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, REFER, \
    SUBSCRIBE, NOTIFY, PUBLISH, MESSAGE, INFO";

const MANDATORY: [HeaderId; 5] =
    [HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId, HeaderId::CSeq];

/// Judges a message that could be read.
pub fn verdict(msg: &Msg, policy: &Policy<'_>) -> Verdict {
    let Some(method) = msg.method() else {
        return match response(msg) {
            Ok(()) => Verdict::Ok,
            Err(problem) => Verdict::Discard(problem),
        };
    };
    if MANDATORY.iter().any(|id| !msg.has(*id)) {
        return Verdict::Discard(Problem::MissingHeader);
    }
    match request(msg, method, policy) {
        Ok(()) => Verdict::Ok,
        // Nothing may answer an ACK (RFC 3261 §17.1.1.3).
        Err(Refusal::Malformed(problem)) if method == Method::Ack => Verdict::Discard(problem),
        Err(_) if method == Method::Ack => Verdict::Discard(Problem::Version),
        Err(refusal) => Verdict::Refuse(refusal),
    }
}

/// Whether a refusal can be sent for a message that is perhaps broken elsewhere.
pub(super) fn is_answerable(msg: &Msg) -> bool {
    let non_empty = |id: &HeaderId| msg.value(*id).is_some_and(|v| !v.is_empty());
    msg.method().is_some_and(|m| m != Method::Ack) && MANDATORY.iter().all(non_empty)
}

/// The Require tags of a request that `supported` lacks, as received.
pub fn unsupported<'a>(
    request: &'a Msg,
    supported: &'a [&'a str],
) -> impl Iterator<Item = &'a [u8]> + Clone {
    request.items(HeaderId::Require).filter(move |tag| {
        !tag.is_empty() && !supported.iter().any(|s| tag.eq_ignore_ascii_case(s.as_bytes()))
    })
}

fn response(msg: &Msg) -> Result<(), Problem> {
    if !msg.version_ok() {
        return Err(Problem::Version);
    }
    if MANDATORY.iter().any(|id| !msg.has(*id)) {
        return Err(Problem::MissingHeader);
    }
    singles(msg)?;
    cseq(msg)?;
    top_via(msg.items(HeaderId::Via).next())?;
    parties(msg)
}

fn request(msg: &Msg, method: Method, policy: &Policy<'_>) -> Result<(), Refusal> {
    if !msg.version_ok() {
        return Err(Refusal::Version);
    }
    if !policy.known_source && msg.header_count() > SIP_HEADERS_UNKNOWN_MAX {
        return Err(Refusal::Malformed(Problem::TooManyHeaders));
    }
    let number_method = form(msg, method).map_err(Refusal::Malformed)?;
    if method == Method::Other {
        return Err(Refusal::Method);
    }
    if number_method != method {
        return Err(Refusal::Malformed(Problem::MethodMismatch));
    }
    request_uri(msg)?;
    if method == Method::Register {
        let to = msg.value(HeaderId::To).and_then(NameAddr::parse).and_then(|a| a.parsed());
        if to.and_then(Uri::sip).is_none() {
            return Err(Refusal::Malformed(Problem::AddressOfRecord));
        }
    }
    if !matches!(method, Method::Ack | Method::Cancel)
        && unsupported(msg, policy.supported).next().is_some()
    {
        return Err(Refusal::Extension);
    }
    body(msg, method)
}

/// Form of the headers that every method needs; gives the method of CSeq.
fn form(msg: &Msg, method: Method) -> Result<Method, Problem> {
    singles(msg)?;
    let cseq = cseq(msg)?;
    let mut vias = msg.items(HeaderId::Via);
    top_via(vias.next())?;
    for (n, via) in vias.enumerate() {
        Via::parse(via).ok_or(Problem::Via)?;
        if n + 2 > SIP_VIA_MAX {
            return Err(Problem::TooManyEntries);
        }
    }
    parties(msg)?;
    contacts(msg, method)?;
    for id in [HeaderId::Route, HeaderId::RecordRoute, HeaderId::Path] {
        for (n, item) in msg.items(id).enumerate() {
            NameAddr::parse(item).and_then(|a| a.parsed()).ok_or(Problem::Route)?;
            if n >= SIP_VIA_MAX {
                return Err(Problem::TooManyEntries);
            }
        }
    }
    Ok(cseq)
}

fn singles(msg: &Msg) -> Result<(), Problem> {
    let mut seen = 0u128;
    for header in msg.ids() {
        if !header.is_single() || header == HeaderId::ContentLength {
            continue;
        }
        let bit = 1u128 << (header as u32).min(127);
        if seen & bit != 0 {
            return Err(Problem::RepeatedHeader);
        }
        seen |= bit;
    }
    Ok(())
}

fn cseq(msg: &Msg) -> Result<Method, Problem> {
    let value = msg.value(HeaderId::CSeq).ok_or(Problem::MissingHeader)?;
    CSeq::parse(value).map(|c| c.method).ok_or(Problem::CSeq)
}

fn top_via(value: Option<&[u8]>) -> Result<(), Problem> {
    let via = value.and_then(Via::parse).ok_or(Problem::Via)?;
    match via.branch() {
        Some(branch) if branch.len() == MAGIC_COOKIE.len() && via.has_cookie() => {
            Err(Problem::Branch)
        }
        _ => Ok(()),
    }
}

fn parties(msg: &Msg) -> Result<(), Problem> {
    for id in [HeaderId::From, HeaderId::To] {
        let address = msg.value(id).and_then(NameAddr::parse).ok_or(Problem::Party)?;
        address.parsed().ok_or(Problem::Party)?;
    }
    let call_id = msg.value(HeaderId::CallId).unwrap_or_default();
    if call_id.is_empty() || call_id.iter().any(|b| is_space(*b)) {
        return Err(Problem::CallId);
    }
    Ok(())
}

fn contacts(msg: &Msg, method: Method) -> Result<(), Problem> {
    match Contacts::of(msg) {
        Contacts::Malformed => Err(Problem::Contact),
        Contacts::All if method != Method::Register => Err(Problem::Contact),
        Contacts::All | Contacts::None => Ok(()),
        Contacts::List(mut list) => match list.nth(SIP_CONTACTS_MAX) {
            Some(_) => Err(Problem::TooManyEntries),
            None => Ok(()),
        },
    }
}

fn request_uri(msg: &Msg) -> Result<(), Refusal> {
    match Uri::parse(msg.request_uri()) {
        None => Err(Refusal::Malformed(Problem::RequestUri)),
        Some(Uri::Sip(uri)) if !uri.headers.is_empty() => {
            Err(Refusal::Malformed(Problem::RequestUri))
        }
        Some(Uri::Sip(_) | Uri::Tel(_)) => Ok(()),
        Some(Uri::Other { .. }) => Err(Refusal::Scheme),
    }
}

/// Bodies of the methods that negotiate media; what others carry is judged where it is used.
fn body(msg: &Msg, method: Method) -> Result<(), Refusal> {
    if !matches!(method, Method::Invite | Method::Update | Method::Prack) {
        return Ok(());
    }
    if !msg.body().is_empty() && !accept::is_body_optional(msg) {
        let media = msg.value(HeaderId::ContentType).and_then(MediaType::parse);
        let media = media.ok_or(Refusal::MediaType)?;
        if !media.is("application", "sdp") && !media.is("multipart", "*") {
            return Err(Refusal::MediaType);
        }
        if !accept::is_identity_encoded(msg) {
            return Err(Refusal::MediaType);
        }
        if msg.body().len() > SDP_MAX {
            return Err(Refusal::Malformed(Problem::BodyTooLong));
        }
    }
    if method == Method::Invite && !accept::accepts(msg, "application", "sdp") {
        return Err(Refusal::NotAcceptable);
    }
    Ok(())
}
