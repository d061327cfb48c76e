//! Registration of a phone by itself.

use super::world::World;
use crate::stack::Transport;
use crate::ua::{Command, Event};

fn statuses(world: &World) -> Vec<String> {
    let text = |e: &Event| match e {
        Event::Registered { expires_s } => Some(format!("registered {expires_s}")),
        Event::Unregistered => Some("unregistered".into()),
        Event::RegisterFailed { status } => Some(format!("failed {status}")),
        _ => None,
    };
    world.phones[0].events.iter().filter_map(text).collect()
}

#[test]
fn a_phone_registers_refreshes_and_unregisters() {
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
        let mut world = World::new(&[transport]);
        world.command(0, Command::Register);
        world.run(1_000);
        assert!(world.phones[0].endpoint.is_registered());
        assert_eq!(world.stack.bindings_len(), 1);
        world.run(4 * 3_600_000);
        assert_eq!(world.stack.bindings_len(), 1, "kept for four hours");
        assert!(statuses(&world).iter().all(|s| s.starts_with("registered")));
        world.command(0, Command::Unregister);
        world.run(1_000);
        assert_eq!(world.stack.bindings_len(), 0);
        assert_eq!(statuses(&world).last().map(String::as_str), Some("unregistered"));
        world.run(40_000);
        assert!(world.is_drained());
    }
}

#[test]
fn a_wrong_secret_is_tried_once_and_again_later() {
    let mut world = World::new(&[Transport::Udp]);
    world.phones[0].endpoint = {
        let mut settings = world.phones[0].endpoint.settings.clone();
        settings.secret = "wrong".into();
        let rng = base::Rng::from_seed([1; 32]);
        crate::ua::Endpoint::new(base::Place::new(9, 0), &rng, settings)
    };
    world.open(0);
    world.command(0, Command::Register);
    world.run(3_000);
    assert_eq!(statuses(&world), ["failed 401"]);
    assert_eq!(world.phones[0].heard.len(), 2, "challenge and refusal");
    world.run(5_000);
    assert_eq!(statuses(&world), ["failed 401", "failed 401"]);
}

#[test]
fn a_cut_connection_is_told_and_the_next_one_registers_again() {
    let mut world = World::new(&[Transport::Tcp]);
    world.command(0, Command::Register);
    world.run(1_000);
    world.cut(0);
    assert_eq!(world.stack.bindings_len(), 0);
    assert_eq!(statuses(&world).last().map(String::as_str), Some("unregistered"));
    world.open(0);
    world.run(1_000);
    assert_eq!(world.stack.bindings_len(), 1);
}

#[test]
fn a_lossy_network_delays_a_registration_but_does_not_prevent_it() {
    let mut world = World::new(&[Transport::Udp; 10]);
    world.loss = 20;
    for n in 0..10 {
        world.command(n, Command::Register);
    }
    world.run(200_000);
    assert_eq!(world.stack.bindings_len(), 10);
}
