//! S2: legs of call control, dialogs of the stack and beliefs of the phones are the same.

use std::collections::{BTreeMap, BTreeSet};

use base::LegId;

use super::{Checker, Name, text};
use crate::world::World;

/// Compares when all has settled.
pub struct Beliefs;

impl Checker for Beliefs {
    fn name(&self) -> Name {
        Name::S2
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Err("the node is down".into()) };
        let dialogs: BTreeMap<LegId, Vec<u8>> =
            machine.dialogs().map(|d| (d.leg, d.call_id.to_vec())).collect();
        let legs: BTreeSet<LegId> = machine.legs().map(|l| l.leg).collect();
        if let Some(leg) = legs.iter().find(|l| !dialogs.contains_key(l)) {
            return Err(format!("call control has leg {leg:?}, the stack has no dialog for it"));
        }
        if let Some((leg, call_id)) = dialogs.iter().find(|(l, _)| !legs.contains(l)) {
            return Err(format!("the stack has leg {leg:?} {}, call control not", text(call_id)));
        }
        let ours: BTreeSet<&Vec<u8>> = dialogs.values().collect();
        let mut theirs = BTreeSet::new();
        for phone in &world.phones {
            let index = phone.card.index;
            for dialog in phone.endpoint.dialogs() {
                let call_id = dialog.call_id.to_vec();
                if !ours.contains(&call_id) {
                    return Err(format!("phone {index} has a call {} alone", text(&call_id)));
                }
                if !phone.legs.contains_key(&dialog.leg) {
                    return Err(format!("phone {index} shows no call {}", text(&call_id)));
                }
                theirs.insert(call_id);
            }
        }
        match ours.into_iter().find(|c| !theirs.contains(*c)) {
            Some(call_id) => Err(format!("no phone knows call {} of the node", text(call_id))),
            None => Ok(()),
        }
    }
}
