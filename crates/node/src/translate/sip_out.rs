//! From call control to the stack.

use base::LegId;
use callctl::action::{self as call, LegCommand as C};
use model::ForwardKind;
use sip::leg::{Diverted, Identity, Invite, LegCommand as S, Why};
use sip::registrar::ContactId;

/// The new outbound leg and the command that begins it.
pub(crate) fn invite(offer: call::OfferLeg) -> (LegId, S) {
    // Each leg has its own 100rel. Without an offer of ours a reliable response brings one, and
    // that needs a caller who can answer it before the call.
    let reliable = offer.reliable || offer.sdp.is_some();
    let command = S::Invite(Box::new(Invite {
        contact: ContactId(offer.contact),
        from: identity(offer.from),
        to: identity(offer.to),
        dial: offer.dial,
        sdp: offer.sdp,
        max_forwards: offer.max_forwards,
        referred_by: offer.referred_by,
        reliable,
        diverted: offer.diverted.into_iter().map(diverted).collect(),
        auto_answer: offer.auto_answer,
        hidden: offer.hidden,
    }));
    (offer.leg, command)
}

/// The stack's form of a command to a leg.
pub(crate) fn command(command: C) -> S {
    match command {
        C::Progress { status, sdp } => S::Progress { status, sdp },
        C::Answer { sdp } => S::Answer { sdp },
        C::Refuse { cause } => S::Refuse { cause, retry_after_s: retry_after(cause) },
        C::End { cause, elsewhere } => S::End { cause, elsewhere },
        C::Offer { sdp, identity } => S::Offer { sdp, identity: identity.map(self::identity) },
        C::Show { party } => S::Show { identity: identity(party) },
        C::WithdrawOffer => S::WithdrawOffer,
        C::AnswerOffer { sdp } => S::AnswerOffer { sdp },
        C::RefuseOffer { status } => S::RefuseOffer { status },
        C::AcceptRefer => S::AcceptRefer,
        C::RefuseRefer { status } => S::RefuseRefer { status },
        C::ReferProgress { status } => S::ReferProgress { status },
    }
}

/// A 503 says when to try again (customer-control, section 3).
fn retry_after(cause: base::Cause) -> Option<u16> {
    (cause.sip_status() == 503).then_some(RETRY_AFTER_S)
}

/// Seconds after which a shortage of channels or resources is likely over.
const RETRY_AFTER_S: u16 = 5;

fn diverted(diverted: call::Diverted) -> Diverted {
    let why = match diverted.kind {
        Some(ForwardKind::All) => Why::Unconditional,
        Some(ForwardKind::Busy) => Why::Busy,
        Some(ForwardKind::NoAnswer) => Why::NoAnswer,
        Some(ForwardKind::Unregistered) => Why::Unavailable,
        None => Why::Deflection,
    };
    Diverted { by: identity(diverted.by), why }
}

fn identity(party: call::Party) -> Identity {
    Identity { user: party.number, display: party.name, host: party.domain }
}
