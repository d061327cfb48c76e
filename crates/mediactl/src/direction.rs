//! Media direction and its rules (RFC 3264 §6.1, §8.4).

/// Who may send media on a line, seen from the one who wrote the SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both; the default when nothing is said (RFC 8866 §6.7).
    #[default]
    SendRecv,
    /// The writer sends only: hold with music of its own.
    SendOnly,
    /// The writer listens only.
    RecvOnly,
    /// Nobody sends: hold.
    Inactive,
}

impl Direction {
    /// From "the writer sends" and "the writer receives".
    pub fn from_parts(parts: Parts) -> Self {
        match (parts.send, parts.recv) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same line seen from the other side: `sendonly` ⇄ `recvonly`.
    pub fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::SendRecv | Self::Inactive => self,
        }
    }

    /// What both allow, each from its own writer's view of the *same* side.
    pub fn and(self, other: Self) -> Self {
        Self::from_parts(Parts {
            send: self.sends() && other.sends(),
            recv: self.receives() && other.receives(),
        })
    }

    /// The answer's direction to an offer of `offer` when the answerer wants `self`
    /// (RFC 3264 §6.1: never more than the offer's mirror image).
    pub fn answer_to(self, offer: Self) -> Self {
        self.and(offer.reversed())
    }

    /// Whether the writer puts the other on hold: it does not want to hear it (RFC 3264 §8.4).
    pub fn holds(self) -> bool {
        !self.receives()
    }

    /// The attribute's name, without `a=`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// From an attribute's name; `None` for every other attribute.
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"sendrecv" => Some(Self::SendRecv),
            b"sendonly" => Some(Self::SendOnly),
            b"recvonly" => Some(Self::RecvOnly),
            b"inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// The two halves of a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The writer sends.
    pub send: bool,
    /// The writer receives.
    pub recv: bool,
}
