//! S8, as far as one node goes: the revision of its snapshot never goes back.

use super::{Checker, Name};
use crate::world::World;

/// The highest revision seen.
#[derive(Default)]
pub struct Revisions(u64);

impl Checker for Revisions {
    fn name(&self) -> Name {
        Name::S8
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Ok(()) };
        let now = machine.node.snapshot().revision().0;
        let newest = world.company.snapshot.revision().0;
        let before = std::mem::replace(&mut self.0, now);
        if now < before {
            return Err(format!("the snapshot went back from revision {before} to {now}"));
        }
        match now == newest {
            true => Ok(()),
            false => Err(format!("revision {now} is in force instead of {newest}")),
        }
    }
}
