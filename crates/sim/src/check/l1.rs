//! L1: after the faults have stopped, every phone is registered; the calls that prove that
//! healthy phones reach each other are made by the run itself.

use super::{Checker, Name};
use crate::world::World;

/// Asks both ends.
pub struct Registered;

impl Checker for Registered {
    fn name(&self) -> Name {
        Name::L1
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Err("the node is down".into()) };
        for phone in &world.phones {
            let index = phone.card.index;
            if !phone.endpoint.is_registered() {
                return Err(format!("phone {index} is not registered"));
            }
            if !machine.sources(phone.card.device).any(|source| source == phone.outside) {
                return Err(format!("phone {index} believes that it is registered"));
            }
        }
        world.probe_failures.first().map_or(Ok(()), |what| Err(what.clone()))
    }
}
