//! Who must leave when too many have proved nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::crowd::{Crowd, Seat};

fn crowd(per_address: usize, in_all: usize) -> (Arc<Crowd>, Arc<AtomicUsize>) {
    let closed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&closed);
    let crowd = Crowd::new((per_address, in_all), move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (crowd, closed)
}

fn at(n: u8) -> IpAddr {
    [192, 0, 2, n].into()
}

async fn is_out(seat: &Seat) -> bool {
    tokio::select! {
        biased;
        () = seat.expelled() => true,
        () = std::future::ready(()) => false,
    }
}

#[tokio::test]
async fn the_quietest_of_an_address_leaves_for_a_new_one() {
    let (crowd, closed) = crowd(3, 100);
    let seats: Vec<Seat> = (0..3).map(|_| crowd.enter(at(1))).collect();
    let other = crowd.enter(at(2));
    seats[0].stir();
    let _new = crowd.enter(at(1));
    assert!(is_out(&seats[1]).await, "the first one has stirred since");
    assert!(!is_out(&seats[0]).await && !is_out(&seats[2]).await && !is_out(&other).await);
    assert_eq!((crowd.len(), closed.load(Ordering::Relaxed)), (4, 1));
}

#[tokio::test]
async fn the_quietest_of_all_leaves_when_all_are_too_many() {
    let (crowd, closed) = crowd(3, 4);
    let seats: Vec<Seat> = (1..=4).map(|n| crowd.enter(at(n))).collect();
    let _new = crowd.enter(at(9));
    assert!(is_out(&seats[0]).await && !is_out(&seats[1]).await);
    assert_eq!((crowd.len(), closed.load(Ordering::Relaxed)), (4, 1));
}

#[tokio::test]
async fn those_who_proved_themselves_or_left_do_not_count() {
    let (crowd, closed) = crowd(2, 3);
    let settled: Vec<Seat> = (0..10)
        .map(|_| {
            let seat = crowd.enter(at(1));
            seat.settle();
            seat.stir();
            seat
        })
        .collect();
    drop((crowd.enter(at(1)), crowd.enter(at(1))));
    assert!(crowd.is_empty());
    let (_a, _b) = (crowd.enter(at(1)), crowd.enter(at(1)));
    for seat in &settled {
        assert!(!is_out(seat).await);
    }
    assert_eq!(closed.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_address() {
    let (crowd, _) = crowd(2, 100);
    let v6 = |n: u16| IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n));
    let seats: Vec<Seat> = (1..=3).map(|n| crowd.enter(v6(n))).collect();
    assert!(is_out(&seats[0]).await);
}
