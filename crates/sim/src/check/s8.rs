//! S8, as far as one node goes: the revision of its snapshot never goes back.

use super::{Checker, Done, Name, Scene};
use crate::world::World;

/// The revision that was in force last.
#[derive(Default)]
pub struct Revisions(u64);

impl Checker for Revisions {
    fn name(&self) -> Name {
        Name::S8
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        let Done::Configured(now) = done else { return };
        let before = std::mem::replace(&mut self.0, *now);
        if *now < before {
            let what = format!("the snapshot went back from revision {before} to {now}");
            scene.report(Name::S8, what);
        }
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Ok(()) };
        let now = machine.revision();
        let newest = world.company.snapshot.revision().0;
        match now == newest {
            true => Ok(()),
            false => Err(format!("revision {now} is in force instead of {newest}")),
        }
    }
}
