//! I10: every id on the wire carries its place, and `sip::steer` finds it: if the node had several
//! shards, whatever comes back would reach the one that minted what it names, and the messages
//! of a call's beginning, as those of a registration, would meet.

use std::collections::BTreeMap;

use base::{Place, Rng};
use sip::msg::{Method, Msg};
use sip::steer::{self, Shards};

use super::{Arrived, Checker, Name, Scene, text};
use crate::machine::PLACE;

/// Shards that the node would have.
const SHARDS: u8 = 3;

/// Where messages went that name nothing of ours.
pub struct Steered {
    shards: Shards,
    /// By Call-ID: INVITEs outside of dialogs and their CANCELs.
    calls: BTreeMap<Vec<u8>, Place>,
    /// By address of record.
    registrations: BTreeMap<Vec<u8>, Place>,
}

impl Default for Steered {
    fn default() -> Self {
        let shards = Shards::new(PLACE.node(), SHARDS, &mut Rng::from_seed([10; 32]));
        Steered { shards, calls: BTreeMap::new(), registrations: BTreeMap::new() }
    }
}

impl Checker for Steered {
    fn name(&self) -> Name {
        Name::I10
    }

    fn arrived(&mut self, scene: &mut Scene<'_>, at: Arrived<'_>) {
        let place = steer::place(at.msg.raw(), &self.shards);
        let expected = match (at.msg.method(), is_in_dialog(at.msg)) {
            (Some(Method::Register), _) => {
                let aor = at.msg.to().map(|to| to.uri.to_vec()).unwrap_or_default();
                *self.registrations.entry(aor).or_insert(place)
            }
            // A response, or a request that names a tag of ours. Of several shards it reaches the
            // right one or is refused there, which other checkers see.
            (None, _) | (_, true) if scene.shards == 1 => PLACE,
            (None, _) | (_, true) => place,
            (Some(_), false) => *self.calls.entry(at.msg.call_id().to_vec()).or_insert(place),
        };
        if place != expected {
            let (method, call_id) = (at.msg.method(), text(at.msg.call_id()));
            let what = format!("{method:?} of {call_id} is steered to {place:?}, not {expected:?}");
            scene.report(Name::I10, what);
        }
    }
}

fn is_in_dialog(msg: &Msg) -> bool {
    msg.to().is_some_and(|to| to.tag().is_some())
}
