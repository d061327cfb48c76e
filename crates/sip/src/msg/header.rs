//! Header names: an id for each name the exchange looks at, found without allocation.
//!
//! The look-up table is computed at build time from length, first and last letter; a hit is
//! confirmed by a case-insensitive comparison, so an unknown name can never take a known id.

use super::scan::after;

macro_rules! headers {
    ($($id:ident $name:literal $(/ $compact:literal)?),* $(,)?) => {
        /// A header name as an id; compact forms have the id of the long form (RFC 3261 §7.3.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum HeaderId {
            $(#[doc = concat!("`", $name, "`.")] $id,)*
            /// A name outside this list; the message keeps its text.
            Other,
        }

        const NAMES: &[(&str, HeaderId)] = &[
            $(($name, HeaderId::$id),)*
            $($(($compact, HeaderId::$id),)?)*
        ];

        const LONG: &[&str] = &[$($name,)* ""];
    };
}

headers! {
    Accept "Accept",
    AcceptContact "Accept-Contact" / "a",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" / "u",
    AnswerMode "Answer-Mode",
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" / "i",
    CallInfo "Call-Info",
    Contact "Contact" / "m",
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" / "e",
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" / "l",
    ContentType "Content-Type" / "c",
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" / "o",
    Expires "Expires",
    FlowTimer "Flow-Timer",
    From "From" / "f",
    HistoryInfo "History-Info",
    Identity "Identity" / "y",
    IdentityInfo "Identity-Info" / "n",
    InReplyTo "In-Reply-To",
    InfoPackage "Info-Package",
    Join "Join",
    MaxBreadth "Max-Breadth",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAccessNetworkInfo "P-Access-Network-Info",
    PAssertedIdentity "P-Asserted-Identity",
    PAssociatedUri "P-Associated-URI",
    PCalledPartyId "P-Called-Party-ID",
    PEarlyMedia "P-Early-Media",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    RecvInfo "Recv-Info",
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" / "r",
    ReferredBy "Referred-By" / "b",
    RejectContact "Reject-Contact" / "j",
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" / "d",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" / "x",
    SessionId "Session-ID",
    SipEtag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject" / "s",
    SubscriptionState "Subscription-State",
    Supported "Supported" / "k",
    TargetDialog "Target-Dialog",
    Timestamp "Timestamp",
    To "To" / "t",
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    UserToUser "User-to-User",
    Via "Via" / "v",
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

const TABLE_SIZE: usize = 512;
const EMPTY: u8 = u8::MAX;

/// Open addressing over [`NAMES`]; a slot holds an index into it.
static TABLE: [u8; TABLE_SIZE] = build_table();

const fn bucket(length: usize, first: u8, last: u8) -> usize {
    let first = (first | 0x20) as usize;
    let last = (last | 0x20) as usize;
    (length * 41 + first * 339 + last * 413) % TABLE_SIZE
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn build_table() -> [u8; TABLE_SIZE] {
    let mut table = [EMPTY; TABLE_SIZE];
    let mut i = 0;
    while i < NAMES.len() {
        let name = NAMES[i].0.as_bytes();
        let mut at = bucket(name.len(), name[0], name[name.len() - 1]);
        while table[at] != EMPTY {
            at = (at + 1) % TABLE_SIZE;
        }
        table[at] = i as u8;
        i += 1;
    }
    table
}

/// Case-insensitive comparison with a known name of 1 to 24 letters and hyphens, eight bytes at a
/// time. Setting bit 5 makes letters equal and confuses `-` with CR only, which no line contains.
fn same_name(name: &[u8], known: &[u8]) -> bool {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes) | LOWER;
    if name.len() != known.len() {
        return false;
    }
    let (Some(a), Some(b)) = (name.first_chunk(), known.first_chunk()) else {
        return name.eq_ignore_ascii_case(known);
    };
    let (Some(c), Some(d)) = (name.last_chunk(), known.last_chunk()) else {
        return false;
    };
    if word(a) != word(b) || word(c) != word(d) {
        return false;
    }
    name.len() <= 16 || after(name, 8).eq_ignore_ascii_case(after(known, 8))
}

impl HeaderId {
    /// How many ids there are, `Other` included.
    pub const COUNT: usize = HeaderId::Other as usize + 1;

    /// The id of a name as received, long or compact, in any case; `Other` when unknown.
    pub fn of(name: &[u8]) -> Self {
        let (Some(first), Some(last)) = (name.first(), name.last()) else {
            return Self::Other;
        };
        let mut at = bucket(name.len(), *first, *last);
        loop {
            let index = TABLE.get(at).copied().unwrap_or(EMPTY);
            let Some((text, id)) = NAMES.get(usize::from(index)) else {
                return Self::Other;
            };
            if same_name(name, text.as_bytes()) {
                return *id;
            }
            at = (at + 1) % TABLE_SIZE;
        }
    }

    /// The long form as we write it; empty for `Other`.
    pub fn name(self) -> &'static str {
        LONG.get(self as usize).copied().unwrap_or_default()
    }

    /// Whether the value is a comma-separated list whose repetitions continue it
    /// (RFC 3261 §7.3.1). Credentials and challenges contain commas but are no such list.
    pub fn is_list(self) -> bool {
        use HeaderId as H;
        matches!(
            self,
            H::Accept
                | H::AcceptContact
                | H::AcceptEncoding
                | H::AcceptLanguage
                | H::AlertInfo
                | H::Allow
                | H::AllowEvents
                | H::CallInfo
                | H::Contact
                | H::ContentEncoding
                | H::ContentLanguage
                | H::Diversion
                | H::ErrorInfo
                | H::HistoryInfo
                | H::InReplyTo
                | H::PAssertedIdentity
                | H::PAssociatedUri
                | H::PPreferredIdentity
                | H::Path
                | H::ProxyRequire
                | H::Reason
                | H::RecordRoute
                | H::RecvInfo
                | H::RejectContact
                | H::RemotePartyId
                | H::RequestDisposition
                | H::Require
                | H::Route
                | H::ServiceRoute
                | H::Supported
                | H::Unsupported
                | H::UserToUser
                | H::Via
                | H::Warning
        )
    }

    /// Whether a message may carry the header once only, so that a second one makes it invalid
    /// (RFC 4475 §3.3.8).
    pub fn is_single(self) -> bool {
        use HeaderId as H;
        matches!(
            self,
            H::CallId
                | H::CSeq
                | H::ContentLength
                | H::ContentType
                | H::Event
                | H::Expires
                | H::From
                | H::MaxForwards
                | H::MinSe
                | H::RAck
                | H::ReferTo
                | H::Replaces
                | H::RSeq
                | H::SessionExpires
                | H::SubscriptionState
                | H::To
        )
    }
}
