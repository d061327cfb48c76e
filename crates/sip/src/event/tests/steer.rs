//! What a subscription puts on the wire brings its further messages back to its place (I10).

use base::{Place, Rng};

use super::{Watcher, World, header};
use crate::msg::HeaderId;
use crate::stack::{Config, Stack, Transport};
use crate::steer::{Shards, place};

#[test]
fn a_subscription_lives_where_its_place_says() {
    let mut w = World::new();
    let home = Place::new(3, 5);
    w.bench.stack = Stack::new(home, Rng::from_seed([9; 32]), Config::default());
    let local = "192.0.2.1:5060".parse().expect("address");
    let remote = "0.0.0.0:0".parse().expect("address");
    let (flow, transport) = (w.bench.flow, Transport::Udp);
    w.bench.put(crate::stack::Input::FlowOpened { flow, transport, local, remote });
    let shards = Shards::new(3, 8, &mut Rng::from_seed([1; 32]));

    let mut watcher = Watcher::new(2001, 1, 2002);
    let first = watcher.clone().ask("SUBSCRIBE", "").text(1, "UDP");
    let again = watcher.clone().ask("SUBSCRIBE", "").text(2, "UDP").replace("sub-2001", "x");
    assert_eq!(place(first.as_bytes(), &shards), place(again.as_bytes(), &shards), "by number");

    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
    w.state(2002, Vec::new());
    let told = w.next();
    for method in ["SUBSCRIBE", "BYE"] {
        let text = watcher.ask(method, "").text(3, "UDP");
        assert_eq!(place(text.as_bytes(), &shards), home, "{method}");
    }
    let via = header(&told, HeaderId::Via);
    let answer = format!("SIP/2.0 200 OK\r\nVia: {via}\r\nCall-ID: x\r\n\r\n");
    assert_eq!(place(answer.as_bytes(), &shards), home);
}
