//! A full disk, and no descriptor left: what can go on goes on, and what cannot says so.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::harness::exchange::Exchange;
use crate::harness::tiny::Tiny;
use crate::harness::{PATIENCE, get, let_run, wait};

/// Bounds a resource of the program; `None` = no bound.
fn limit(exchange: &Exchange, resource: Resource, most: Option<u64>) {
    let pid = Pid::from_raw(exchange.pid() as i32);
    let before = prlimit(pid, resource, Rlimit { current: most, maximum: None });
    before
        .or_else(|_| {
            // Without rights to raise the maximum it stays what it is.
            let maximum = rustix::process::getrlimit(resource).maximum;
            prlimit(pid, resource, Rlimit { current: most.or(maximum), maximum })
        })
        .unwrap();
}

#[test]
fn a_full_disk_ends_no_call_and_is_told_once() {
    let mut exchange = Exchange::prepared("disk", "auto", 2101..2105);
    exchange.survives_large_files = true;
    exchange.serve();
    let metrics = exchange.listener(&["metrics"]);
    let mut caller = Tiny::new(2101, exchange.udp());
    let mut callee = Tiny::new(2102, exchange.udp());
    assert!(callee.register(Some(1), PATIENCE).is_some());
    assert_eq!(caller.call(&callee, PATIENCE), Some(true));
    // No file grows above this; the database is larger already.
    limit(&exchange, Resource::Fsize, Some(40_000));
    let mut calls = 1;
    let refused = loop {
        assert!(calls < 2_000, "the spool takes everything");
        assert_eq!(caller.call(&callee, PATIENCE), Some(true), "call {calls}");
        calls += 1;
        let answer = get(metrics, "/readyz");
        if answer.contains("spool: cannot be written") {
            break answer;
        }
    };
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    for _ in 0..50 {
        assert_eq!(caller.call(&callee, PATIENCE), Some(true), "calls go on");
    }
    assert!(callee.register(Some(2), PATIENCE).is_some(), "and registrations");
    assert!(get(metrics, "/healthz").starts_with("HTTP/1.1 200"));
    let told = exchange.log().matches("spool cannot be written").count();
    assert_eq!(told, 1, "{}", exchange.log());

    limit(&exchange, Resource::Fsize, None);
    wait("ready again", || {
        assert_eq!(caller.call(&callee, PATIENCE), Some(true));
        get(metrics, "/readyz").starts_with("HTTP/1.1 200").then_some(())
    });
    assert_eq!(exchange.stop(PATIENCE), Some(0));
    let kept = exchange.history().len();
    assert!(kept >= calls - 1, "{kept} of the {calls} calls before are in the history");
}

/// Processor time that the program has used, in hundredths of a second.
fn used(exchange: &Exchange) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", exchange.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    [11, 12].iter().map(|at| fields[*at].parse::<u64>().unwrap()).sum()
}

#[test]
fn without_descriptors_nothing_spins_and_phones_on_udp_are_served() {
    let exchange = Exchange::start("descriptors", "auto", 2101..2105);
    let mut callee = Tiny::new(2102, exchange.udp());
    let mut caller = Tiny::new(2101, exchange.udp());
    assert!(callee.register(Some(1), PATIENCE).is_some());
    let open = std::fs::read_dir(format!("/proc/{}/fd", exchange.pid())).unwrap().count() as u64;
    limit(&exchange, Resource::Nofile, Some(open + 2));
    let mut strangers: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(exchange.tcp()).unwrap()).collect();
    let told = || exchange.log().matches("connections cannot be accepted").count();
    wait("no descriptor is left", || (told() > 0).then_some(()));
    let before = used(&exchange);
    let_run(Duration::from_secs(1));
    let spent = used(&exchange) - before;
    assert!(spent < 30, "{spent} hundredths of a second for nothing");
    assert!(callee.register(Some(2), PATIENCE).is_some());
    assert_eq!(caller.call(&callee, PATIENCE), Some(true), "a call past us needs none");
    assert_eq!(told(), 1, "told once");

    limit(&exchange, Resource::Nofile, Some(open + 200));
    for stranger in &mut strangers {
        stranger.set_read_timeout(Some(PATIENCE)).unwrap();
        stranger.write_all(b"\r\n\r\n").unwrap();
        let mut pong = [0; 2];
        stranger.read_exact(&mut pong).unwrap();
        assert_eq!(&pong, b"\r\n", "those who waited are accepted");
    }
}
