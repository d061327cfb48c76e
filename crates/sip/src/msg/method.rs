//! Request methods.

/// A request method; names compare with case (RFC 3261 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// RFC 3261 §17.1.1.3.
    Ack,
    /// RFC 3261 §15.
    Bye,
    /// RFC 3261 §9.
    Cancel,
    /// RFC 6086.
    Info,
    /// RFC 3261 §13.
    Invite,
    /// RFC 3428.
    Message,
    /// RFC 6665.
    Notify,
    /// RFC 3261 §11.
    Options,
    /// RFC 3262.
    Prack,
    /// RFC 3903.
    Publish,
    /// RFC 3515.
    Refer,
    /// RFC 3261 §10.
    Register,
    /// RFC 6665.
    Subscribe,
    /// RFC 3311.
    Update,
    /// Any other token; answered 501.
    Other,
}

const NAMES: &[(&str, Method)] = &[
    ("ACK", Method::Ack),
    ("BYE", Method::Bye),
    ("CANCEL", Method::Cancel),
    ("INFO", Method::Info),
    ("INVITE", Method::Invite),
    ("MESSAGE", Method::Message),
    ("NOTIFY", Method::Notify),
    ("OPTIONS", Method::Options),
    ("PRACK", Method::Prack),
    ("PUBLISH", Method::Publish),
    ("REFER", Method::Refer),
    ("REGISTER", Method::Register),
    ("SUBSCRIBE", Method::Subscribe),
    ("UPDATE", Method::Update),
];

impl Method {
    /// The method of a token as received; `Other` when it is none of ours.
    pub fn of(token: &[u8]) -> Self {
        NAMES
            .iter()
            .find(|(name, _)| name.as_bytes() == token)
            .map_or(Self::Other, |(_, method)| *method)
    }

    /// The token as written; empty for `Other`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}
