//! What the call side asks of the media plane.

use base::id::LegId;

use crate::{Digit, FileId, LegWant};

/// One request to the media plane.
///
/// Order matters only per leg. A command about an unknown leg other than [`Command::Leg`] is
/// ignored: it is late news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The condition that the leg shall have from now on; opens it when it is new.
    ///
    /// The same condition again is a no-op; a new leg is answered with `Opened` or `Failed`.
    /// Boxed, since it is far larger than the others.
    Leg(Box<LegWant>),
    /// Ends the leg: ports go to quarantine, `Stats` follows. Unknown legs are ignored.
    Close {
        /// The leg to end.
        leg: LegId,
    },
    /// Sends one digit to the leg as RFC 4733 events (or as audible tone when the leg has not
    /// negotiated telephone-event), after the digits that are still being sent.
    ///
    /// The only command that is a step and not a condition: it is not repeated on a rebuild.
    SendDigit {
        /// The leg that shall receive the digit.
        leg: LegId,
        /// What to send.
        digit: Digit,
        /// Length in milliseconds; 80–1,000, others are brought into that range.
        duration_ms: u16,
    },
    /// Asks for `Stats` of the leg now.
    ReportStats {
        /// The leg to report.
        leg: LegId,
    },
    /// Removes a file, if it is there. Who hears it hears it to its end.
    DeleteFile {
        /// Which.
        file: FileId,
    },
}
