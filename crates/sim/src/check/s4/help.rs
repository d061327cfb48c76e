//! What lines, channels and emergency calls explain of a record.

use base::Cause;
use model::record::CallRecord;

use super::{Deed, Records, is_transfer, span_of};
use crate::trunks::is_emergency;

/// A gateway says that it has no channel.
const FULL: Deed = Deed::Refused(503);

/// Longest time from the beginning of an emergency call to its last way out, milliseconds.
const HELP_MS: i64 = 400_000;

/// Whether one of the steps is told.
pub(super) fn says(record: &CallRecord, codes: &[&str]) -> bool {
    record.trace.iter().any(|s| codes.contains(&&*s.code))
}

impl Records {
    /// Whether a call that a line, a class or a channel ended has met one; of other causes nothing
    /// is said.
    pub(super) fn is_explained_outside(&self, record: &CallRecord) -> bool {
        match record.cause {
            Cause::TollDenied => says(record, &["outside.barred"]),
            Cause::LineNotPermitted => {
                let lines = ["line.denied", "line.kept", "line.day", "line.night"];
                says(record, &lines) || says(record, &["group.pass"])
            }
            Cause::GatewayChannelsExceeded => {
                says(record, &["outside.channels", "outside.emergency"])
                    || self.somebody_has_done(FULL, record)
            }
            Cause::SiteChannelsExceeded => says(record, &["site.channels"]),
            Cause::Preempted => self.somebody_called_for_help(record),
            _ => true,
        }
    }

    /// J30: no class, line, limit or right keeps anybody inside from calling for help.
    pub(super) fn is_kept_from_help(&self, record: &CallRecord) -> bool {
        let is_gateway = record.caller.device.is_some_and(|d| self.gateways.contains(&d));
        let bars = [
            Cause::TollDenied,
            Cause::LineNotPermitted,
            Cause::FeatureNotPermitted,
            Cause::OptionNotContracted,
            Cause::SiteChannelsExceeded,
        ];
        // What is told when there is no help may end for who can be helped.
        let preempted = record.cause == Cause::Preempted && !says(record, &["outside.emergency"]);
        let limited = says(record, &["permit.limit"]);
        let barred = bars.contains(&record.cause) || preempted || limited;
        barred && !is_gateway && !is_transfer(record) && self.is_emergency(&record.dialed)
    }

    fn is_emergency(&self, dialed: &str) -> bool {
        is_emergency(self.before.iter().map(|b| &**b), dialed)
    }

    /// Whether an emergency call may have needed the channel of another one (J33).
    fn somebody_called_for_help(&self, record: &CallRecord) -> bool {
        let (_, to) = span_of(record);
        let mut calls = self.attempts.values().filter(|a| self.is_emergency(&a.dialed));
        self.jumped || calls.any(|a| (to.0 - HELP_MS..=to.0).contains(&a.at.0))
    }
}
