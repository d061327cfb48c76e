//! From the stack to call control.

use base::LegId;
use callctl::input as call;
use callctl::view::Contact;
use sip::leg::LegEvent as S;
use sip::registrar::{Binding, ContactId};
use sip::stack::Transport;

/// The input of call control for an event of a leg.
pub(crate) fn event(leg: LegId, event: S) -> Option<call::Input> {
    let event = match event {
        S::Offered(offered) => return Some(self::offered(leg, *offered)),
        S::Trying => call::LegEvent::Trying,
        S::Progress { status, sdp } => call::LegEvent::Progress { status, sdp },
        S::Answered { sdp } => call::LegEvent::Answered { sdp },
        S::Refused(r) => call::LegEvent::Refused(call::Refused {
            status: r.status,
            q850: r.q850,
            unreachable: r.unreachable,
        }),
        S::OfferReceived { sdp } => call::LegEvent::OfferReceived { sdp },
        S::AnswerReceived { sdp } => call::LegEvent::AnswerReceived { sdp },
        S::OfferFailed { status } => call::LegEvent::OfferFailed { status },
        S::Confirmed => call::LegEvent::Confirmed,
        S::Ended { cause, by_far_end, q850: _ } => call::LegEvent::Ended { cause, by_far_end },
        S::Refer(refer) => call::LegEvent::Refer(Box::new(call::Refer {
            target: refer.target,
            replaces: refer.replaces,
            replaces_unknown: refer.replaces_unknown,
            referred_by: refer.referred_by,
        })),
        S::Digit { digit, duration } => call::LegEvent::Digit { digit, duration },
        S::Gone => call::LegEvent::Gone,
    };
    Some(call::Input::Leg { leg, event })
}

fn offered(leg: LegId, offered: sip::leg::Offered) -> call::Input {
    let path = call::Path {
        local: offered.local,
        remote: offered.remote,
        secure: offered.secure,
        behind_nat: offered.behind_nat,
    };
    let offered = Box::new(call::Offered {
        device: offered.device,
        dialed: offered.dialed,
        name: offered.display,
        caller: offered.caller,
        called: offered.called,
        sdp: offered.sdp,
        replaces: offered.replaces,
        referred_by: offered.referred_by,
        max_forwards: offered.max_forwards,
        reliable: offered.reliable,
        path,
    });
    call::Input::Offered { leg, offered }
}

/// A live contact as call control sees it.
pub(crate) fn contact(id: ContactId, binding: &Binding) -> Contact {
    let path = call::Path {
        local: binding.local,
        remote: binding.source.ip(),
        secure: binding.transport == Transport::Tls,
        behind_nat: binding.is_behind_nat(),
    };
    Contact { id: id.0, path }
}
