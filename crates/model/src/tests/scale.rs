//! The limits of seed 003: 10,000 hunting groups and 4,096 pickup groups of 64 members each.

use base::Dn;

use super::world::*;
use crate::*;

const MEMBERS: u32 = 64;

fn number(n: u32) -> Dn {
    dn(&format!("2{n:06}"))
}

/// People with the numbers `2000000` and up.
fn people(count: u32) -> Vec<Change> {
    let person =
        |n: u32| User { web_user: Box::default(), ..user(u128::from(n), &number(n).text()) };
    let first = [Change::TenantPut(tenant(1)), Change::SitePut(site(1, 1))];
    first.into_iter().chain((0..count).map(|n| Change::UserPut(person(n)))).collect()
}

#[test]
fn ten_thousand_hunting_groups_of_sixty_four() {
    let mut changes = people(10_000 * MEMBERS);
    changes.extend((0..10_000u32).map(|g| {
        let members = (g * MEMBERS..(g + 1) * MEMBERS).map(number).collect();
        let pilot = format!("9{g:05}");
        Change::HuntPut(HuntGroup { members, ..hunt(g as u16 + 1, &pilot, &[]) })
    }));
    let full = Snapshot::build(changes).expect("within the limits");
    assert_eq!(full.hunt_groups(tenant_id(1)).count(), 10_000);
    assert_eq!(full.hunt_of_member(tenant_id(1), number(639_999)), Some(10_000));
    assert_eq!(full.dn_owner(tenant_id(1), dn("909999")), Some(DnOwner::Hunt(10_000)));

    let last = full.hunt_group(tenant_id(1), 10_000).expect("the last").clone();
    let fewer = HuntGroup { members: last.members[1..].into(), ..last };
    let next = apply(&full, &[Change::HuntPut(fewer)]).expect("one leaves");
    assert_eq!(next.hunt_of_member(tenant_id(1), number(639_936)), None);
    assert_eq!(next.hunt_of_member(tenant_id(1), number(639_937)), Some(10_000));
}

#[test]
fn four_thousand_pickup_groups_of_sixty_four() {
    let mut changes = people(10_000);
    changes.extend((0..4_096u32).map(|g| {
        let members = (0..MEMBERS).map(|m| number((g * 7 + m * 150) % 10_000)).collect();
        Change::PickupPut(PickupGroup { members, ..pickup(g as u16 + 1, &[]) })
    }));
    let full = Snapshot::build(changes).expect("within the limits");
    let of = full.pickup_groups_of(tenant_id(1), number(0));
    let expected: Vec<u16> = full
        .pickup_groups(tenant_id(1))
        .filter(|p| p.members.contains(&number(0)))
        .map(|p| p.number)
        .collect();
    assert_eq!(of, expected);
    assert!(of.len() > 1);
    let gone = [Change::PickupDelete { tenant: tenant_id(1), number: 1 }];
    let next = apply(&full, &gone).expect("deleted");
    assert_eq!(next.pickup_groups_of(tenant_id(1), number(0)), &of[1..]);
}
