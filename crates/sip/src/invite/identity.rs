//! Who is behind us, told to the far end (RFC 3325, RFC 4916).
//!
//! | Leg | Told in |
//! |---|---|
//! | inbound, unanswered | `P-Asserted-Identity` of the 18x and 200 that follow |
//! | answered | UPDATE without description, re-INVITE where UPDATE is unknown |
//! | outbound, unanswered | nothing: its INVITE has told |

use super::Cx;
use super::offer::Way;
use super::text::{self, Say};
use super::usage::{Phase, Usage, What, Wish};
use crate::leg::Identity;
use crate::msg::HeaderId;

impl Usage {
    /// The party behind us is this one from now on.
    pub(super) fn show(&mut self, cx: &mut Cx<'_>, identity: Identity) {
        match &mut self.phase {
            Phase::Ringing(ringing) => ringing.shown = Some(Box::new(identity)),
            Phase::Up => {
                // One that nobody has been told of yet is out of date.
                self.wishes.retain(|w| !matches!(w.what, What::Identity(_)));
                let what = What::Identity(Box::new(identity));
                self.wishes.push(Wish { what, tries: 0 });
                self.pump(cx);
            }
            Phase::Calling(_) | Phase::Ending(_) | Phase::Gone => {}
        }
    }

    /// Whether a wish may be sent like this: a re-INVITE without a description to repeat would
    /// ask for an offer, which is too much for a name.
    pub(super) fn can_send(&self, wish: &Wish, way: &Way) -> bool {
        let repeats = !matches!(way, Way::Reinvite) || self.last_sdp.is_some();
        repeats || !matches!(wish.what, What::Identity(_))
    }

    /// A response that names the party behind us, when that is known.
    pub(super) fn naming(&self, say: Say) -> Say {
        match &self.phase {
            Phase::Ringing(ringing) => match &ringing.shown {
                Some(shown) => say.with(HeaderId::PAssertedIdentity, text::address(shown, None)),
                None => say,
            },
            _ => say,
        }
    }
}
