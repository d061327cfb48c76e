//! A small scenario of one hunting group whose members stay free: who is offered how many calls.

use base::Micros;

use crate::company::Company;
use crate::machine::Prepare;
use crate::phone::Stage;
use crate::run::rng_of;
use crate::scenario;
use crate::swarm::Swarm;
use crate::world::World;
use sip::stack::Transport;

/// What members do with a call, longest wait until everyone is free again.
const FREE_AGAIN: Micros = Micros::seconds(90);

/// Calls that each member was offered of so many, one after the other; each is answered, refused
/// or left to the next member. `how` is `evenly` or `first`.
pub fn offered(seed: u64, how: &str, members: usize, calls: usize, prepare: Prepare) -> Vec<u64> {
    let phones: Vec<(usize, bool)> = (0..=members).map(|n| (n, false)).collect();
    let mut company = Company::of(&phones, 10);
    let numbers: Vec<String> = (1..=members).map(|n| company.number_of(n)).collect();
    let line = format!("hunt 2100 {how} {} ring 5s", numbers.join(" "));
    let changes = scenario::read(&line).and_then(|s| scenario::changes(&s.setups, &company, &[]));
    if !changes.is_ok_and(|changes| company.change(&changes).is_some()) {
        return Vec::new();
    }
    let mut world = World::new(rng_of(seed), Swarm::calm(), company, Some(prepare));
    for _ in 0..=members {
        world.add_phone(true, true, Transport::Udp);
    }
    world.boot_node();
    for n in 0..=members {
        world.boot_phone(n);
    }
    world.run(Micros::seconds(2));
    let mut rng = rng_of(seed).derive("fairness");
    let mut offered = vec![0; members];
    for _ in 0..calls {
        let (leg, news) = world.phones[0].dial(world.now, "2100", false, false);
        world.news(0, news);
        for _ in 0..members {
            world.run(Micros::millis(300));
            let rings =
                |n: &usize| world.phones[*n].legs.values().any(|l| l.stage == Stage::Ringing);
            let Some(n) = (1..=members).find(rings) else { break };
            offered[n - 1] += 1;
            let there = world.phones[n].legs.keys().next().copied();
            let Some(there) = there else { break };
            let now = world.now;
            let refuses = rng.chance(1, 3);
            let news = match refuses {
                true => world.phones[n].reject(now, there, base::Cause::UserRejected),
                false => world.phones[n].answer(now, there),
            };
            world.news(n, news);
            if !refuses {
                break;
            }
        }
        world.run(Micros::millis(500));
        let news = world.phones[0].hang_up(world.now, leg);
        world.news(0, news);
        let mut waited = Micros(0);
        while world.phones.iter().any(|p| !p.legs.is_empty()) && waited < FREE_AGAIN {
            world.run(Micros::millis(500));
            waited = waited + Micros::millis(500);
        }
    }
    offered
}
