//! What the far end can do, from Allow, Supported and Require.

use crate::msg::{HeaderId, Method, Msg};

/// Capabilities of the far end, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Caps(u8);

const UPDATE: u8 = 1;
const RELIABLE: u8 = 2;
const RELIABLE_REQUIRED: u8 = 4;
const TIMER: u8 = 8;
const FROM_CHANGE: u8 = 16;

impl Caps {
    /// As told by `msg`; without Allow or Supported what was known stays.
    pub(crate) fn learn(&mut self, msg: &Msg) {
        if msg.has(HeaderId::Allow) {
            self.set(UPDATE, msg.has_token(HeaderId::Allow, Method::Update.name()));
        }
        if msg.has(HeaderId::Supported) || msg.has(HeaderId::Require) {
            let told = |token| {
                msg.has_token(HeaderId::Supported, token) || msg.has_token(HeaderId::Require, token)
            };
            self.set(RELIABLE, told("100rel"));
            self.set(TIMER, told("timer"));
            self.set(FROM_CHANGE, told("from-change"));
            self.set(RELIABLE_REQUIRED, msg.has_token(HeaderId::Require, "100rel"));
        }
    }

    fn set(&mut self, bit: u8, on: bool) {
        if on {
            self.0 |= bit;
        } else {
            self.0 &= !bit;
        }
    }

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// UPDATE may be sent to it (RFC 3311 §5.2).
    pub(crate) fn update(self) -> bool {
        self.has(UPDATE)
    }

    /// UPDATE was refused though it was allowed.
    pub(crate) fn forget_update(&mut self) {
        self.set(UPDATE, false);
    }

    /// It acknowledges provisional responses (RFC 3262).
    pub(crate) fn reliable(self) -> bool {
        self.has(RELIABLE)
    }

    /// It demands that provisional responses are reliable.
    pub(crate) fn reliable_required(self) -> bool {
        self.has(RELIABLE_REQUIRED)
    }

    /// It understands session timers (RFC 4028).
    pub(crate) fn timer(self) -> bool {
        self.has(TIMER)
    }

    /// It accepts a changed From (RFC 4916).
    pub(crate) fn takes_new_from(self) -> bool {
        self.has(FROM_CHANGE)
    }
}
