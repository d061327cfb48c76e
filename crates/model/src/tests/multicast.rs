//! Groups to which departments page, and terminals that hold them (R280).

use std::net::SocketAddr;

use super::world::*;
use crate::violation::{Noun, code};
use crate::*;

fn base() -> Snapshot {
    let sites = [1, 2, 3].map(|n| Change::SitePut(site(n, 1)));
    let changes = [&[Change::TenantPut(tenant(1))][..], &sites].concat();
    apply(&Snapshot::empty(), &changes).expect("a company")
}

fn to(group: &str) -> Option<SocketAddr> {
    Some(group.parse().expect("an address"))
}

/// A group for everybody, and others at sites; an empty text is none.
fn pager(n: u128, number: &str, (all, own): (&str, &[(u128, &str)])) -> Department {
    let group = |text: &str| (!text.is_empty()).then(|| to(text)).flatten();
    let own = own.iter().map(|(n, text)| SiteStream { site: site_id(*n), to: group(text) });
    Department {
        multicast: true,
        multicast_to: group(all),
        multicast_sites: own.collect(),
        ..department(n, number, &[])
    }
}

fn pages_to(n: u128, number: &str, groups: (&str, &[(u128, &str)])) -> Change {
    Change::DepartmentPut(pager(n, number, groups))
}

/// What is wrong with it besides what is there.
fn wrong(now: &Snapshot, change: Change) -> Vec<(u16, Field, String)> {
    let found = apply(now, &[change]).err().unwrap_or_default();
    found.iter().map(|v| (v.code, v.field, v.value.to_string())).collect()
}

#[test]
fn a_group_lies_in_the_administratively_scoped_block_and_has_an_even_port() {
    let good = ["239.0.0.1:1024", "239.192.0.10:5004", "239.255.255.255:65534"];
    let good6 = ["[ff12::1]:5004", "[ff15::ab]:5004", "[ff18::1:2]:1024", "[ff35:30::1]:5004"];
    for group in good.into_iter().chain(good6) {
        assert_eq!(wrong(&base(), pages_to(1, "7100", (group, &[]))), [], "{group}");
        assert_eq!(wrong(&base(), pages_to(1, "7100", ("", &[(2, group)]))), [], "{group}");
    }
    let bad = ["224.0.0.1:5004", "238.1.2.3:5004", "10.0.0.1:5004", "239.1.2.3:5005"];
    // Of one interface, of the whole world, assigned for good, no group, with an interface.
    let bad6 = ["[ff11::1]:5004", "[ff1e::1]:5004", "[ff05::1:3]:5004", "[fd00::1]:5004"];
    let rest = ["239.1.2.3:1022", "[ff15::1]:5003", "[ff15::1]:80", "[ff12::1%1]:5004"];
    for group in bad.into_iter().chain(bad6).chain(rest) {
        let named = |field| [(code::BAD_TEXT, field, group.to_owned())];
        let all = wrong(&base(), pages_to(1, "7100", (group, &[])));
        assert_eq!(all, named(Field::Multicast));
        let own = wrong(&base(), pages_to(1, "7100", ("", &[(2, group)])));
        assert_eq!(own, named(Field::MulticastSite));
    }
}

#[test]
fn a_site_has_its_own_stream_or_none_and_else_that_for_everybody() {
    let (all, own) = ("239.1.2.3:5004", "[ff15::1]:5004");
    let pager = pager(1, "7100", (all, &[(2, own), (3, "")]));
    assert_eq!(pager.stream_at(site_id(1)), to(all));
    assert_eq!(pager.stream_at(site_id(2)), to(own));
    assert_eq!(pager.stream_at(site_id(3)), None);
    let without = Department { multicast_to: None, ..pager };
    assert_eq!(without.stream_at(site_id(1)), None);
    assert_eq!(without.stream_at(site_id(2)), to(own));
}

#[test]
fn no_two_departments_of_a_company_share_a_group() {
    let (a, b, c) = ("239.1.2.3:5004", "239.1.2.4:5004", "[ff15::1]:5004");
    let sales = pager(1, "7100", (a, &[(2, b)]));
    let now = apply(&base(), &[Change::DepartmentPut(sales.clone())]).expect("one");
    let clashes = [
        // The same for everybody; beside another's own; of both for themselves; where the other
        // has its own for everybody.
        ((a, &[][..]), Field::Multicast, a),
        ((b, &[]), Field::Multicast, b),
        (("", &[(2, b)]), Field::MulticastSite, b),
        (("", &[(1, a)]), Field::MulticastSite, a),
        ((c, &[(2, c), (3, a)]), Field::MulticastSite, a),
    ];
    for (groups, field, group) in clashes {
        let found = apply(&now, &[pages_to(2, "7200", groups)]).expect_err("taken");
        assert_eq!(found.len(), 1, "{groups:?}: {found:?}");
        let (mine, theirs) = (&found[0], found[0].with.as_ref().expect("the other side"));
        assert_eq!((mine.code, mine.field, &*mine.value), (code::DUPLICATE, field, group));
        let other = (theirs.noun, &*theirs.name, theirs.dn);
        assert_eq!(other, (Some(Noun::Department), &*sales.name, Some(sales.dn)));
    }
    for groups in [
        // Another port, another group, and at other sites what is nobody's there.
        ("239.1.2.3:5006", &[][..]),
        (c, &[]),
        ("", &[(1, b), (3, b)]),
        ("", &[(2, a)]),
        (b, &[(2, "")]),
        (b, &[(2, c)]),
    ] {
        assert_eq!(wrong(&now, pages_to(2, "7200", groups)), [], "{groups:?}");
    }
    assert_eq!(wrong(&now, pages_to(1, "7300", (b, &[(3, a)]))), [], "its own are no obstacle");
    // Nor is what it gives up in the same set.
    let swapped = [pages_to(1, "7100", (c, &[])), pages_to(2, "7200", (a, &[(2, b)]))];
    assert!(apply(&now, &swapped).is_ok());
}

#[test]
fn a_stream_belongs_to_a_site_of_the_company_named_once_that_stays() {
    let group = "239.1.2.3:5004";
    let odd = wrong(&base(), pages_to(1, "7100", ("", &[(9, group)])));
    assert_eq!(odd, [(code::NOT_FOUND, Field::MulticastSite, site_id(9).to_string())]);
    let twice = wrong(&base(), pages_to(1, "7100", ("", &[(2, group), (2, "")])));
    assert_eq!(twice, [(code::DUPLICATE, Field::MulticastSite, site_id(2).to_string())]);
    let now = apply(&base(), &[pages_to(1, "7100", ("", &[(2, group)]))]).expect("fits");
    let gone = wrong(&now, Change::SiteDelete(site_id(2)));
    assert_eq!((gone[0].0, gone[0].1), (code::IN_USE, Field::Object));
    assert_eq!(wrong(&now, Change::SiteDelete(site_id(3))), []);
    let other = [Change::TenantPut(tenant(2)), Change::SitePut(site(8, 2))];
    let now = apply(&now, &other).expect("another company");
    let foreign = wrong(&now, pages_to(1, "7100", ("", &[(8, group)])));
    assert_eq!((foreign[0].0, foreign[0].1), (code::NOT_FOUND, Field::MulticastSite));
    let many: Vec<_> = (0..=SiteStream::MAX as u128).map(|n| (n, "")).collect();
    let count = many.len().to_string();
    let found = wrong(&base(), pages_to(1, "7100", ("", &many)));
    assert!(found.contains(&(code::QUOTA, Field::MulticastSite, count)));
}

/// A telephone of user 1 that stands at a site and holds so many groups.
fn phone(at: u128, groups: u8) -> Device {
    Device { site: site_id(at), multicast_groups: groups, ..device(1, Some(1)) }
}

#[test]
fn a_terminal_hears_as_many_groups_as_it_holds_the_oldest_first() {
    let of = |n: u128, number, groups| {
        let members: Box<[_]> = [user_id(1)].into();
        Change::DepartmentPut(Department { members, ..pager(n, number, groups) })
    };
    let own = "[ff15::7]:5004";
    let silent = Department { multicast: false, ..pager(4, "7104", ("239.0.0.4:5004", &[])) };
    let changes = [
        Change::UserPut(user(1, "2001")),
        // Made in another order than that of their numbers.
        of(1, "7109", ("239.0.0.1:5004", &[(2, own)])),
        of(2, "7108", ("", &[(2, "239.0.0.2:5004")])),
        of(3, "7107", ("239.0.0.3:5004", &[(2, "")])),
        Change::DepartmentPut(Department { members: [user_id(1)].into(), ..silent }),
        of(5, "7105", ("239.0.0.5:5004", &[])),
        pages_to(6, "7106", ("239.0.0.6:5004", &[])),
    ];
    let now = apply(&base(), &changes).expect("departments");
    let heard = |phone: Device| -> Vec<String> {
        now.streams_heard(&phone).map(|(_, to)| to.to_string()).collect()
    };
    let first = ["239.0.0.1:5004", "239.0.0.3:5004", "239.0.0.5:5004"];
    for groups in 0..=4u8 {
        let most = usize::from(groups).min(3);
        assert_eq!(heard(phone(1, groups)), first[..most], "{groups}");
    }
    assert_eq!(heard(phone(2, 64)), [own, "239.0.0.2:5004", "239.0.0.5:5004"]);
    assert_eq!(heard(Device { user: None, ..phone(1, 64) }), [] as [&str; 0]);
    let at = |groups, n| now.stream_heard(&phone(1, groups), department_id(n));
    assert_eq!((at(2, 3), at(2, 5), at(3, 5)), (to(first[1]), None, to(first[2])));
    assert_eq!((at(64, 2), at(64, 4), at(64, 6)), (None, None, None));
}

#[test]
fn a_terminal_holds_at_most_sixty_four_groups() {
    let now = apply(&base(), &[Change::UserPut(user(1, "2001"))]).expect("a user");
    assert_eq!(wrong(&now, Change::DevicePut(phone(1, 64))), []);
    let found = wrong(&now, Change::DevicePut(phone(1, 65)));
    let expected = (code::BAD_TEXT, Field::Range("multicast-groups"), "65".to_owned());
    assert_eq!(found, [expected]);
}

#[test]
fn addresses_and_listening_terminals_survive_their_byte_form_and_their_text() {
    let own = [(2, "[ff15::1]:5004"), (1, ""), (3, "239.1.2.4:5006")];
    let changes = [pages_to(1, "7100", ("239.1.2.3:5004", &own)), Change::DevicePut(phone(1, 7))];
    assert_eq!(decode_changes(&encode_changes(&changes)).expect("own form"), changes);
    let streams = pager(1, "7100", ("", &own)).multicast_sites;
    assert_eq!(paging::parse(&paging::text(&streams)), Some(streams));
    assert_eq!(paging::parse(""), Some(Box::default()));
    let site = site_id(1);
    for bad in [format!("{site}"), format!("{site}="), format!("{site}=1.2.3.4"), "x=none".into()] {
        assert_eq!(paging::parse(&bad), None, "{bad}");
    }
}
