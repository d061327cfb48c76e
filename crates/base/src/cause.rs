//! Why a call ended, stored at the point of decision. SIP status and Q.850 values are derived
//! from it and never the other way round (customer-control, section 3).

/// The internal reason of a release or refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// No such extension or route; stopped user.
    UnallocatedNumber,
    /// Hang-up after talk.
    NormalClearing,
    /// The caller gave up before the answer.
    CallerCancelled,
    /// An announcement played to its end and we cleared.
    AnnouncementEnded,
    /// Hold code with 切断: the target was dropped (R083).
    TransferTargetDropped,
    /// Call limit, do not disturb, 486 or 600.
    UserBusy,
    /// Our ring timer, or 408 or 480 after a provisional answer.
    RingTimeout,
    /// 603 or 403 from the terminal.
    UserRejected,
    /// The CFUR destination did not answer.
    UnregisteredForwardNoAnswer,
    /// The forward destination is outside and the site forbids it.
    ExternalForwardDenied,
    /// Channels of a gateway or trunk are used up.
    GatewayChannelsExceeded,
    /// Channels of the access line are used up.
    SiteChannelsExceeded,
    /// 5xx from a trunk and no alternative left.
    UpstreamFailure,
    /// Media ports, processor or overload control.
    ResourceShortage,
    /// 圏外, and the caller hung up during the announcement.
    UnregisteredAbandoned,
    /// 圏外: no binding, or none can be reached.
    Unregistered,
    /// No call to pick up.
    PickupNone,
    /// No call to retrieve.
    ParkNone,
    /// A mobile leg rang 160 s (R111).
    MobileRingGuard,
    /// The mobile network refused the service.
    MobileServiceRefused,
    /// Feature not contracted.
    OptionNotContracted,
    /// Sixth forward, or the same number twice.
    ForwardLoop,
    /// Toll class or fraud breaker.
    TollDenied,
    /// Lost when a node failed, or cleared by a stop.
    Failover,
    /// A leg went silent (R255).
    MediaTimeout,
    /// Ended for an emergency call.
    Preempted,
    /// Ended by portal or API.
    AdminCleared,
    /// The caller hides the number and the called side refuses that (R025 of japan.md J25).
    AnonymousRejected,
    /// Line not among 発信回線 or 着信回線.
    LineNotPermitted,
    /// No right to use the feature, or terminal without user.
    FeatureNotPermitted,
    /// PIN, full or locked room.
    ConferenceRefused,
    /// The offered media cannot be used: no common codec or protection (488).
    MediaNotAcceptable,
}

/// Whose act or state led to a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blame {
    /// The calling side.
    Caller,
    /// The called side.
    Callee,
    /// A carrier or another exchange.
    Carrier,
    /// This system: limits, timers, failures.
    Us,
    /// Not known.
    Unknown,
}

/// One row of the table of causes.
struct Row {
    cause: Cause,
    name: &'static str,
    compatible: u8,
    standard: u8,
    status: u16,
    text: &'static str,
}

const fn row(cause: Cause, name: &'static str, values: (u8, u8, u16), text: &'static str) -> Row {
    let (compatible, standard, status) = values;
    Row { cause, name, compatible, standard, status, text }
}

/// Every cause with its name, compatible and standard Q.850 value, SIP status and wire text.
const ROWS: &[Row] = &[
    row(Cause::UnallocatedNumber, "UnallocatedNumber", (1, 1, 404), "Unallocated number"),
    row(Cause::NormalClearing, "NormalClearing", (16, 16, 200), "Normal call clearing"),
    row(Cause::CallerCancelled, "CallerCancelled", (16, 16, 487), "Caller cancelled"),
    row(Cause::AnnouncementEnded, "AnnouncementEnded", (16, 16, 480), "Announcement ended"),
    row(Cause::TransferTargetDropped, "TransferTargetDropped", (16, 16, 480), "Target dropped"),
    row(Cause::UserBusy, "UserBusy", (17, 17, 486), "User busy"),
    row(Cause::RingTimeout, "RingTimeout", (18, 19, 480), "No answer"),
    row(Cause::UserRejected, "UserRejected", (21, 21, 603), "Call rejected"),
    row(
        Cause::UnregisteredForwardNoAnswer,
        "UnregisteredForwardNoAnswer",
        (21, 19, 480),
        "No answer at forward destination",
    ),
    row(
        Cause::ExternalForwardDenied,
        "ExternalForwardDenied",
        (34, 29, 403),
        "External forward denied",
    ),
    row(
        Cause::GatewayChannelsExceeded,
        "GatewayChannelsExceeded",
        (34, 34, 503),
        "No channel available",
    ),
    row(
        Cause::SiteChannelsExceeded,
        "SiteChannelsExceeded",
        (41, 41, 503),
        "No access channel available",
    ),
    row(Cause::UpstreamFailure, "UpstreamFailure", (41, 41, 503), "Upstream failure"),
    row(Cause::ResourceShortage, "ResourceShortage", (42, 42, 503), "Switching congestion"),
    row(Cause::UnregisteredAbandoned, "UnregisteredAbandoned", (47, 20, 487), "Subscriber absent"),
    row(Cause::Unregistered, "Unregistered", (47, 20, 480), "Subscriber absent"),
    row(Cause::PickupNone, "PickupNone", (63, 63, 404), "Nothing to pick up"),
    row(Cause::ParkNone, "ParkNone", (63, 63, 404), "Nothing parked"),
    row(Cause::MobileRingGuard, "MobileRingGuard", (63, 19, 480), "No answer from mobile"),
    row(Cause::MobileServiceRefused, "MobileServiceRefused", (63, 63, 480), "Service refused"),
    row(Cause::OptionNotContracted, "OptionNotContracted", (63, 50, 403), "Not subscribed"),
    row(Cause::ForwardLoop, "ForwardLoop", (42, 25, 482), "Forwarding loop"),
    row(Cause::TollDenied, "TollDenied", (34, 21, 403), "Barred"),
    row(Cause::Failover, "Failover", (42, 41, 503), "System restart"),
    row(Cause::MediaTimeout, "MediaTimeout", (41, 41, 408), "No media"),
    row(Cause::Preempted, "Preempted", (42, 8, 486), "Preempted"),
    row(Cause::AdminCleared, "AdminCleared", (16, 31, 480), "Cleared by administrator"),
    row(Cause::AnonymousRejected, "AnonymousRejected", (21, 21, 433), "Anonymity disallowed"),
    row(Cause::LineNotPermitted, "LineNotPermitted", (34, 21, 403), "Line not permitted"),
    row(Cause::FeatureNotPermitted, "FeatureNotPermitted", (63, 29, 403), "Not permitted"),
    row(Cause::ConferenceRefused, "ConferenceRefused", (63, 29, 403), "Conference refused"),
    row(Cause::MediaNotAcceptable, "MediaNotAcceptable", (63, 88, 488), "Incompatible media"),
];

impl Cause {
    /// Every cause, in the order of the table.
    pub fn all() -> impl Iterator<Item = Cause> {
        ROWS.iter().map(|r| r.cause)
    }

    fn row(self) -> &'static Row {
        // The table lists every variant in order; a test proves it.
        ROWS.get(self as usize).unwrap_or(&ROWS[0])
    }

    /// The name of the variant: stable, used in stores and exports.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The cause of a name; `None` when there is none.
    pub fn parse(name: &str) -> Option<Self> {
        ROWS.iter().find(|r| r.name == name).map(|r| r.cause)
    }

    /// Three-digit value of column L of the compatible export (R102).
    pub fn compatible(self) -> u8 {
        self.row().compatible
    }

    /// Q.850 value of the standard export and of the `Reason` header (RFC 3326).
    pub fn q850(self) -> u8 {
        self.row().standard
    }

    /// Final SIP status towards a caller that has no answer yet (RFC 3398).
    pub fn sip_status(self) -> u16 {
        self.row().status
    }

    /// ASCII text for `Reason`.
    pub fn text(self) -> &'static str {
        self.row().text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_each_cause_at_its_place() {
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(row.cause as usize, i, "{}", row.name);
            assert_eq!(format!("{:?}", row.cause), row.name);
            assert_eq!(Cause::parse(row.name), Some(row.cause));
        }
        assert_eq!(ROWS.len(), Cause::MediaNotAcceptable as usize + 1);
    }

    #[test]
    fn ring_timeout_is_018_compatible_and_19_standard() {
        let c = Cause::RingTimeout;
        assert_eq!((c.compatible(), c.q850(), c.sip_status()), (18, 19, 480));
    }
}
