//! Many phones are called a few at a time, so that other calls do not wait (R276).
//!
//! | A leg of a department's ring-all | Effect |
//! |---|---|
//! | its INVITE may leave | it leaves |
//! | as many have left within the last 10 ms as may | it stays unsaid; goes on in a moment |
//! | the ringing ends meanwhile | it is forgotten; no phone has heard of it |

use std::collections::VecDeque;

use base::limits::{INVITE_PACE, INVITES_AT_ONCE};
use base::{LegId, Mono};

use crate::call::Call;
use crate::cx::Cx;
use crate::leg::{Say, State};
use crate::route::Style;

/// When the last INVITEs of this kind left, of all calls together.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    left: VecDeque<Mono>,
}

impl Pace {
    /// Whether one more may leave now; it is counted when it may.
    pub(crate) fn take(&mut self, now: Mono) -> bool {
        if self.left.len() >= INVITES_AT_ONCE {
            if self.left.front().is_some_and(|at| *at + INVITE_PACE > now) {
                return false;
            }
            self.left.pop_front();
        }
        self.left.push_back(now);
        true
    }
}

impl Call {
    /// Whether this INVITE leaves now; otherwise the call comes back to it in a moment.
    pub(crate) fn may_invite(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(ring) = &mut self.ring else { return true };
        let many = matches!(ring.plan.style, Style::Department(_) | Style::Line(_));
        if !many || cx.core.pace.take(cx.now.mono) {
            return true;
        }
        ring.go_on_at = ring.go_on_at.or(Some(cx.now.mono + INVITE_PACE));
        false
    }

    /// Says what was held back, as far as it may be said now.
    pub(crate) fn invite_more(&mut self, cx: &mut Cx<'_>) {
        if let Some(ring) = &mut self.ring {
            ring.go_on_at = None;
        }
        let held: Vec<LegId> =
            self.legs.iter().filter(|l| l.is_held_back()).map(|l| l.id).collect();
        for id in held {
            if self.ring.as_ref().is_none_or(|r| r.go_on_at.is_some()) {
                return;
            }
            self.flush(cx, id);
        }
    }
}

impl crate::leg::Leg {
    /// Its INVITE waits for nothing but its turn.
    fn is_held_back(&self) -> bool {
        let invites = self.waiting.is_some_and(|w| matches!(w.say, Say::Invite { .. }));
        let open = self.media.as_ref().is_none_or(|m| m.at.is_some());
        self.state == State::Opening && invites && open
    }
}
