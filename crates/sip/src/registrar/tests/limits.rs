//! Bounds, all or nothing, any sequence of requests, memory.

use base::Micros;
use proptest::prelude::*;

use super::{Ask, Bench, contacts};
use crate::registrar::{Binding, Slot};

#[test]
fn the_eleventh_binding_is_refused_and_one_may_replace_another() {
    let mut bench = Bench::new();
    for n in 0..10u32 {
        let ask = Ask::register(&format!("<sip:c{n}@198.51.100.1>")).cseq(n * 2 + 1);
        assert_eq!(bench.ask(&ask).status(), 200);
    }
    let more = Ask::register("<sip:c10@198.51.100.1>").cseq(31);
    assert_eq!(bench.ask(&more).status(), 403);
    let swap = Ask::register("<sip:c10@198.51.100.1>, <sip:c0@198.51.100.1>;expires=0").cseq(41);
    assert_eq!(bench.ask(&swap).status(), 200);
    assert_eq!(bench.stack.bindings_len(), 10);
}

#[test]
fn one_bad_contact_refuses_the_whole_request() {
    let mut bench = Bench::new();
    for (n, bad) in [
        "<sip:b@198.51.100.1>;expires=5",
        "<mailto:b@198.51.100.1>",
        "<sip:b@>",
        &format!("<sip:{}@198.51.100.1>", "b".repeat(1_100)),
    ]
    .iter()
    .enumerate()
    {
        let ask = Ask::register(&format!("<sip:a@198.51.100.1>, {bad}"));
        let got = bench.ask(&ask.call_id(&format!("bad-{n}")));
        assert!(got.status() >= 400, "{bad}");
        assert_eq!((bench.stack.bindings_len(), got.changes().len()), (0, 0), "{bad}");
    }
}

#[test]
fn a_long_contact_has_a_short_key() {
    let mut bench = Bench::new();
    let long = |c: &str| Ask::register(&format!("<sip:{}{c}@198.51.100.1>", "b".repeat(300)));
    bench.ask(&long("x"));
    bench.ask(&long("y").cseq(5));
    bench.ask(&long("x").cseq(9));
    assert_eq!(contacts(&bench).len(), 2);
    assert!(bench.stack.contacts(Bench::device(2001)).all(|(_, b)| b.key.len() <= 256));
}

#[test]
fn a_registration_costs_less_than_a_kilobyte() {
    let mut bench = Bench::new();
    let contact = "<sip:tanaka2001@192.168.100.120:45062;transport=udp;ob>;reg-id=1;\
         +sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"";
    let ask = Ask::register(contact).call_id("3c2671e4d3a0-7tq2sjjs2q8p@192.168.100.120");
    bench.ask(&ask.extra("User-Agent: ExamplePhone-800/10.1.54.13 00041340A1B2\r\n"));
    let (_, binding) = bench.stack.contacts(Bench::device(2001)).next().expect("binding");
    let Binding { key, contact, path, call_id, agent, .. } = binding;
    // What an allocator rounds up to, for each piece.
    let heap: usize = [key.len(), contact.len(), path.len(), call_id.len(), agent.len()]
        .into_iter()
        .filter(|n| *n > 0)
        .map(|n| n.div_ceil(16) * 16 + 16)
        .sum();
    let look_ups = (16 + 24 + 1) * 8 / 5 + (8 + 32 + 4 + 4 + 1) * 8 / 5;
    let timers = 2 * 24;
    let all = size_of::<Slot>() + heap + look_ups + timers;
    assert!(all <= 1_024, "{all}");
}

#[derive(Debug, Clone)]
enum Op {
    Register { device: u32, contact: u32, expires: u32, call: u32 },
    RemoveAll { device: u32 },
    Forget { device: u32 },
    CloseTcp,
    Wait { seconds: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..4u32, 0..14u32, 0..400u32, 0..3u32)
            .prop_map(|(device, contact, expires, call)| Op::Register {
                device, contact, expires, call
            }),
        1 => (0..4u32).prop_map(|device| Op::RemoveAll { device }),
        1 => (0..4u32).prop_map(|device| Op::Forget { device }),
        1 => Just(Op::CloseTcp),
        3 => (0..200u64).prop_map(|seconds| Op::Wait { seconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// What was told by `Put` and `Remove` is what there is; nothing is left at the end.
    #[test]
    fn any_sequence_leaves_the_told_bindings_and_ends_empty(
        ops in prop::collection::vec(op(), 0..60)
    ) {
        let mut bench = Bench::new();
        let mut told = std::collections::BTreeSet::new();
        for (n, op) in ops.into_iter().enumerate() {
            let n = u32::try_from(n).unwrap_or(0);
            let got = match op {
                Op::Register { device, contact, expires, call } => {
                    let text = format!("<sip:c{contact}@198.51.100.1>;expires={expires}");
                    bench.flow = if contact % 3 == 0 { super::TCP } else { super::UDP };
                    bench.ask(&of(device, &text).call_id(&format!("r{call}")).cseq(n * 2 + 1))
                }
                Op::RemoveAll { device } => {
                    let ask = of(device, "*").extra("Expires: 0\r\n");
                    bench.ask(&ask.call_id("all").cseq(n * 2 + 1))
                }
                Op::Forget { device } => {
                    let device = Bench::device(2001 + device);
                    bench.put(crate::stack::Input::Forget { device })
                }
                Op::CloseTcp => {
                    let (flow, transport) = (super::TCP, crate::stack::Transport::Tcp);
                    let got = bench.put(crate::stack::Input::FlowClosed { flow });
                    let local = ([192, 0, 2, 1], 5060).into();
                    let remote = ([0, 0, 0, 0], 0).into();
                    let open =
                        crate::stack::Input::FlowOpened { flow, transport, local, remote };
                    bench.put(open);
                    got
                }
                Op::Wait { seconds } => bench.wait(Micros::seconds(seconds)),
            };
            apply(&got, &mut told);
            prop_assert_eq!(bench.stack.bindings_len(), told.len());
            for device in 2001..2005 {
                prop_assert!(bench.stack.contacts(Bench::device(device)).count() <= 10);
            }
        }
        apply(&bench.wait(Micros::seconds(4_000)), &mut told);
        prop_assert!(told.is_empty() && bench.stack.bindings_len() == 0);
        prop_assert!(bench.stack.is_drained());
        prop_assert!(bench.stack.next_deadline().is_none());
    }
}

fn of(device: u32, contact: &str) -> Ask {
    let n = 2001 + device;
    Ask {
        user: format!("tanaka{n}"),
        secret: format!("secret{n}"),
        from: format!("<sip:tanaka{n}@example.jp>;tag=f1"),
        to: format!("<sip:tanaka{n}@example.jp>"),
        ..Ask::register(contact)
    }
}

fn apply(
    got: &crate::stack::tests::bench::Got,
    told: &mut std::collections::BTreeSet<(base::id::DeviceId, Box<[u8]>)>,
) {
    use crate::registrar::BindingChange as C;
    for output in &got.outputs {
        match output {
            crate::stack::Output::Binding(C::Put(b)) => {
                told.insert((b.device, b.key.clone()));
            }
            crate::stack::Output::Binding(C::Remove { device, key }) => {
                assert!(told.remove(&(*device, key.clone())), "removed once");
            }
            _ => {}
        }
    }
}
