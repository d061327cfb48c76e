//! Multicast addresses of departments, and terminals that listen there (R280).

use std::net::SocketAddrV4;

use super::world::*;
use crate::violation::code;
use crate::*;

fn base() -> Snapshot {
    let changes = [Change::TenantPut(tenant(1)), Change::SitePut(site(1, 1))];
    apply(&Snapshot::empty(), &changes).expect("a company")
}

fn pages_to(n: u128, number: &str, group: &str) -> Change {
    let to: SocketAddrV4 = group.parse().expect("an address");
    Change::DepartmentPut(Department {
        multicast: true,
        multicast_to: Some(to),
        ..department(n, number, &[])
    })
}

#[test]
fn a_group_lies_in_the_administratively_scoped_block_and_has_an_even_port() {
    for group in ["239.0.0.1:1024", "239.192.0.10:5004", "239.255.255.255:65534"] {
        assert!(apply(&base(), &[pages_to(1, "7100", group)]).is_ok(), "{group}");
    }
    for group in
        ["224.0.0.1:5004", "238.1.2.3:5004", "10.0.0.1:5004", "239.1.2.3:5005", "239.1.2.3:1022"]
    {
        let found = apply(&base(), &[pages_to(1, "7100", group)]).expect_err(group);
        let found: Vec<_> = found.iter().map(|v| (v.code, v.field)).collect();
        assert_eq!(found, [(code::BAD_TEXT, Field::Multicast)], "{group}");
    }
}

#[test]
fn no_two_departments_of_a_company_share_a_group() {
    let one = pages_to(1, "7100", "239.1.2.3:5004");
    let now = apply(&base(), &[one]).expect("one");
    let found = apply(&now, &[pages_to(2, "7200", "239.1.2.3:5004")]).expect_err("taken");
    let found: Vec<_> = found.iter().map(|v| (v.code, v.field)).collect();
    assert_eq!(found, [(code::DUPLICATE, Field::Multicast)]);
    assert!(apply(&now, &[pages_to(2, "7200", "239.1.2.3:5006")]).is_ok());
    assert!(apply(&now, &[pages_to(1, "7300", "239.1.2.3:5004")]).is_ok());
}

#[test]
fn addresses_and_listening_terminals_survive_their_byte_form() {
    let phone = Device { hears_multicast: true, ..device(1, None) };
    let changes = [pages_to(1, "7100", "239.1.2.3:5004"), Change::DevicePut(phone)];
    assert_eq!(decode_changes(&encode_changes(&changes)).expect("own form"), changes);
}
