//! Bugs put in on purpose, of all machines of a node: the simulator must find each.

use std::sync::atomic::{AtomicU64, Ordering};

/// A bug; none is in a build without the feature `planted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// In the SIP stack.
    Sip(sip::planted::Bug),
    /// In call control.
    Calls(callctl::planted::Bug),
    /// Whatever configuration comes last is put in force, also an older one.
    StaleConfig,
    /// A count of the process, which is no input, shows in an output.
    HiddenInput,
}

impl crate::Node {
    /// Puts a bug in.
    pub fn plant(&mut self, bug: Bug) {
        match bug {
            Bug::Sip(bug) => self.stack.plant(bug),
            Bug::Calls(bug) => self.calls.plant(bug),
            Bug::StaleConfig | Bug::HiddenInput => self.planted = Some(bug),
        }
    }
}

/// Inputs of all nodes of the process.
static INPUTS: AtomicU64 = AtomicU64::new(0);

/// One more input; whether it is one of those at which [`Bug::HiddenInput`] shows.
pub(crate) fn shows() -> bool {
    INPUTS.fetch_add(1, Ordering::Relaxed).is_multiple_of(101)
}
