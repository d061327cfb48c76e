//! The registrar behind the stack, by what phones send and get.

mod expiry;
mod limits;
mod refresh;

use crate::stack::tests::bench::{Ask, Bench, Got, TCP, UDP};

const HERE: &str = "<sip:tanaka2001@198.51.100.1>";

/// Seconds that each Contact of a 200 has left.
fn seconds(got: &Got) -> Vec<u32> {
    got.values(crate::msg::HeaderId::Contact)
        .iter()
        .map(|c| {
            let text = c.split(";expires=").nth(1).expect("expires");
            text.split(';').next().expect("number").parse().expect("number")
        })
        .collect()
}

/// Contact URIs of the device's bindings.
fn contacts(bench: &Bench) -> Vec<String> {
    let text = |b: &crate::registrar::Binding| String::from_utf8_lossy(&b.contact).into_owned();
    bench.stack.contacts(Bench::device(2001)).map(|(_, b)| text(b)).collect()
}
