//! L2: when people stop, nothing remains: no call, leg, dialog, transaction or media leg.

use super::{Checker, Name};
use crate::world::World;

/// Asks everyone at the end.
pub struct Drained;

impl Checker for Drained {
    fn name(&self) -> Name {
        Name::L2
    }

    fn ended(&mut self, world: &World) -> Vec<String> {
        let mut left = Vec::new();
        let Some(machine) = &world.machine else { return vec!["the node is down".into()] };
        let (calls, stack) = machine.drained();
        if !calls || !stack {
            let (legs, dialogs) = (machine.legs().count(), machine.dialogs().count());
            left.push(format!(
                "the node is not drained: {legs} legs, {dialogs} dialogs; \
                 call control drained {calls}, stack drained {stack}"
            ));
        }
        if !world.media.is_empty() {
            left.push(format!("{} media legs are open", world.media.legs().count()));
        }
        for phone in &world.phones {
            let dialogs = phone.endpoint.dialogs().count();
            if !phone.endpoint.is_drained() || dialogs > 0 {
                let index = phone.card.index;
                left.push(format!("phone {index} is not idle: {dialogs} calls"));
            }
        }
        left
    }
}
