//! Bugs put in on purpose, of all machines of a node: the simulator must find each.

/// A bug; none is in a build without the feature `planted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// In the SIP stack.
    Sip(sip::planted::Bug),
    /// In call control.
    Calls(callctl::planted::Bug),
}

impl crate::Node {
    /// Puts a bug in.
    pub fn plant(&mut self, bug: Bug) {
        match bug {
            Bug::Sip(bug) => self.stack.plant(bug),
            Bug::Calls(bug) => self.calls.plant(bug),
        }
    }
}
