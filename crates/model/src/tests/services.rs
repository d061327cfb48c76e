//! Rules of groups, departments and settings; their look-ups; what leaves with a number.

use super::world::*;
use crate::violation::code;
use crate::*;

/// A company with everything: a virtual number, a department, groups, a slot, settings.
fn full() -> Snapshot {
    let picker = User { pickup_departments: [department_id(1)].into(), ..user(2, "2002") };
    let changes = [
        Change::UserPut(user(3, "2003")),
        Change::VirtualDnPut(virtual_dn(1, "2100")),
        Change::DepartmentPut(department(1, "2200", &[1, 3])),
        Change::HuntPut(hunt(1, "2300", &["2001", "2003"])),
        Change::PickupPut(pickup(1, &["2001", "2100"])),
        Change::PickupPut(pickup(2, &["2001"])),
        Change::ParkSlotPut(slot("2400")),
        Change::GatewayPut(gateway(1, "0")),
        Change::DnSettingsPut(settings("2001")),
        Change::DnSettingsPut(settings("2100")),
        Change::UserPut(picker),
    ];
    apply(&company(), &changes).expect("lawful")
}

/// (code, field) of every violation of one change.
fn refused(change: Change) -> Vec<(u16, Field)> {
    let found = apply(&full(), &[change]).expect_err("must be refused");
    found.into_iter().map(|v| (v.code, v.field)).collect()
}

#[test]
fn every_kind_of_number_is_found_by_its_owner() {
    let now = full();
    let tenant = tenant_id(1);
    for (number, owner) in [
        ("2001", Some(DnOwner::User(user_id(1)))),
        ("2100", Some(DnOwner::Virtual(virtual_id(1)))),
        ("2200", Some(DnOwner::Department(department_id(1)))),
        ("2300", Some(DnOwner::Hunt(1))),
        ("2400", Some(DnOwner::ParkSlot(site_id(1)))),
        ("2500", None),
    ] {
        assert_eq!(now.dn_owner(tenant, dn(number)), owner, "{number}");
        assert_eq!(now.dn_owner(tenant_id(2), dn(number)), None, "{number}");
    }
    assert_eq!(now.departments_of(user_id(3)), [department_id(1)]);
    assert_eq!(now.departments_of(user_id(2)), []);
    assert_eq!(now.hunt_of_member(tenant, dn("2003")), Some(1));
    assert_eq!(now.hunt_of_member(tenant, dn("2002")), None);
    assert_eq!(now.pickup_groups_of(tenant, dn("2001")), [1, 2]);
    assert_eq!(now.park_slots(site_id(1)).map(|s| s.dn).collect::<Vec<_>>(), [dn("2400")]);
    assert_eq!(now.park_slots(site_id(9)).count(), 0);
    assert_eq!(now.dn_settings(tenant, dn("2001")), Some(&settings("2001")));
    assert_eq!(now.dn_settings(tenant, dn("2002")), None);
    assert_eq!((now.dn_count(tenant), now.dns(tenant).count()), (4, 7));
}

#[test]
fn slots_come_in_order_of_number() {
    let more = ["2409", "241", "2401"].map(|n| Change::ParkSlotPut(slot(n)));
    let now = apply(&full(), &more).expect("lawful");
    let order: Vec<String> = now.park_slots(site_id(1)).map(|s| s.dn.text()).collect();
    assert_eq!(order, ["241", "2400", "2401", "2409"]);
}

#[test]
fn a_number_has_one_owner_of_any_kind() {
    let used = [(code::IN_USE, Field::Dn)];
    let twice = [(code::DUPLICATE, Field::Dn)];
    for number in ["2100", "2200", "2300", "2400"] {
        assert_eq!(refused(Change::UserPut(user(9, number))), used, "{number}");
    }
    assert_eq!(refused(Change::UserPut(user(9, "2001"))), twice);
    assert_eq!(refused(Change::VirtualDnPut(virtual_dn(9, "2001"))), used);
    assert_eq!(refused(Change::VirtualDnPut(virtual_dn(9, "2100"))), twice);
    assert_eq!(refused(Change::DepartmentPut(department(9, "2300", &[]))), used);
    assert_eq!(refused(Change::DepartmentPut(department(9, "2200", &[]))), twice);
    assert_eq!(refused(Change::HuntPut(hunt(9, "2002", &[]))), used);
    assert_eq!(refused(Change::HuntPut(hunt(9, "2300", &[]))), twice);
    assert_eq!(refused(Change::ParkSlotPut(slot("2001"))), used);
    let found = apply(&full(), &[Change::HuntPut(hunt(9, "2200", &[]))]).expect_err("in use");
    let with = found[0].with.clone().expect("by whom");
    assert_eq!((with.noun, &*with.name), (Some(Noun::Department), "営業部"));

    // Twice in one set: the later one is told, with the other's change.
    let both = [Change::ParkSlotPut(slot("2999")), Change::HuntPut(hunt(9, "2999", &[]))];
    let found = apply(&full(), &both).expect_err("twice");
    assert_eq!((found.len(), found[0].change, found[0].code), (1, 1, code::IN_USE));
    assert_eq!(found[0].with.as_ref().and_then(|w| w.change), Some(0));
}

#[test]
fn numbers_of_all_kinds_keep_to_the_plan() {
    for change in [
        Change::VirtualDnPut(virtual_dn(9, "1100")),
        Change::DepartmentPut(department(9, "1100", &[])),
        Change::HuntPut(hunt(9, "1100", &[])),
        Change::ParkSlotPut(slot("1100")),
    ] {
        assert_eq!(refused(change), [(code::BAD_DN, Field::Dn)]);
    }
}

#[test]
fn members_of_groups() {
    let missing = [(code::NOT_FOUND, Field::Member)];
    assert_eq!(refused(Change::HuntPut(hunt(2, "2301", &["2999"]))), missing);
    assert_eq!(refused(Change::HuntPut(hunt(2, "2301", &["2100"]))), missing, "virtual");
    assert_eq!(refused(Change::PickupPut(pickup(3, &["2200"]))), missing, "department");
    assert_eq!(refused(Change::DepartmentPut(department(9, "2201", &[77]))), missing);
    let twice = [(code::DUPLICATE, Field::Member)];
    assert_eq!(refused(Change::HuntPut(hunt(2, "2301", &["2002", "2002"]))), twice);
    assert_eq!(refused(Change::PickupPut(pickup(3, &["2001", "2001"]))), twice);
    assert_eq!(refused(Change::DepartmentPut(department(9, "2201", &[1, 1]))), twice);

    let found = apply(&full(), &[Change::HuntPut(hunt(2, "2301", &["2003"]))]).expect_err("other");
    assert_eq!((found[0].code, found[0].field), (code::IN_OTHER_HUNT, Field::Member));
    let with = found[0].with.clone().expect("the group");
    assert_eq!((with.noun, &*with.name, with.dn), (Some(Noun::Hunt), "1", Some(dn("2300"))));

    // A member may move from one group to the other in one set.
    let moved =
        [Change::HuntPut(hunt(2, "2301", &["2003"])), Change::HuntPut(hunt(1, "2300", &["2001"]))];
    let now = apply(&full(), &moved).expect("moved");
    assert_eq!(now.hunt_of_member(tenant_id(1), dn("2003")), Some(2));
}

#[test]
fn groups_have_limits() {
    let many: Vec<String> = (0..65).map(|n| format!("30{n:02}")).collect();
    let people: Vec<Change> =
        many.iter().zip(100..).map(|(t, n)| Change::UserPut(user(n, t))).collect();
    let now = apply(&full(), &people).expect("people");
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    for (change, fits) in [
        (Change::HuntPut(hunt(2, "2301", &names)), false),
        (Change::HuntPut(hunt(2, "2301", &names[1..])), true),
        (Change::PickupPut(pickup(3, &names)), false),
        (Change::PickupPut(pickup(3, &names[1..])), true),
    ] {
        match apply(&now, &[change]) {
            Ok(_) => assert!(fits),
            Err(found) => {
                assert_eq!((found[0].code, found.len(), fits), (246, 1, false));
                assert_eq!(found[0].with.as_ref().map(|w| &*w.name), Some("64"));
            }
        }
    }
    let people: Vec<Change> =
        (0..257u128).map(|n| Change::UserPut(user(1_000 + n, &format!("4{n:03}")))).collect();
    let now = apply(&now, &people).expect("people");
    let ids: Vec<u128> = (1_000..1_257).collect();
    let large = department(5, "2205", &ids);
    let found = apply(&now, &[Change::DepartmentPut(large.clone())]).expect_err("257");
    assert_eq!(found[0].code, code::TOO_MANY_MEMBERS);
    let paging = Department { multicast: true, ..large };
    assert!(apply(&now, &[Change::DepartmentPut(paging)]).is_ok());

    let range = [(code::GROUP_RANGE, Field::Group)];
    for number in [0, 10_001] {
        assert_eq!(refused(Change::HuntPut(hunt(number, "2301", &[]))), range);
    }
    for number in [0, 4_097] {
        assert_eq!(refused(Change::PickupPut(pickup(number, &[]))), range);
    }
    let (last, slot) = (hunt(10_000, "2301", &[]), pickup(4_096, &[]));
    assert!(apply(&full(), &[Change::HuntPut(last), Change::PickupPut(slot)]).is_ok());
}

#[test]
fn values_have_ranges() {
    let bad = |name| vec![(code::BAD_TEXT, Field::Range(name))];
    let base = settings("2001");
    for (changed, name) in [
        (DnSettings { no_answer_s: 4, ..base.clone() }, "no-answer-s"),
        (DnSettings { voicemail_s: 61, ..base.clone() }, "voicemail-s"),
        (DnSettings { call_limit: 0, ..base.clone() }, "call-limit"),
        (DnSettings { record_s: 601, ..base.clone() }, "record-s"),
        (DnSettings { messages_max: 1_001, ..base.clone() }, "messages-max"),
        (DnSettings { keep_days: 401, ..base.clone() }, "keep-days"),
    ] {
        assert_eq!(refused(Change::DnSettingsPut(changed)), bad(name));
    }
    let group = hunt(1, "2300", &[]);
    for (changed, name) in [
        (HuntGroup { ring_s: 121, ..group.clone() }, "ring-s"),
        (HuntGroup { limit_s: 19, ..group.clone() }, "limit-s"),
        (HuntGroup { rounds: 6, ..group.clone() }, "rounds"),
    ] {
        assert_eq!(refused(Change::HuntPut(changed)), bad(name));
    }
    let slow = Department { ring_s: 601, ..department(1, "2200", &[]) };
    assert_eq!(refused(Change::DepartmentPut(slow)), bad("ring-s"));
    let long = Site { park_s: 601, ..site(1, 1) };
    assert_eq!(refused(Change::SitePut(long)), bad("park-s"));
    let mut far = base;
    far.forwards[1] = Forward::on(Destination::Outside("03-1234".into()));
    let destination = [(code::BAD_TEXT, Field::Destination)];
    assert_eq!(refused(Change::DnSettingsPut(far)), destination);
    let prefix = [(code::BAD_TEXT, Field::Prefix)];
    for text in ["", "00", "1", "12", "23456", "2a"] {
        assert_eq!(refused(Change::GatewayPut(gateway(2, text))), prefix, "{text}");
    }
    for text in ["", "8", "01", "12345", "8x"] {
        let numbered = Site { number: Some(text.into()), ..site(1, 1) };
        assert_eq!(refused(Change::SitePut(numbered)), prefix, "{text}");
    }
    let mut coded = tenant(1);
    coded.codes.set(CodeKind::Hold, Code::parse("12345").ok());
    let shape = [(code::BAD_CODE, Field::Code(CodeKind::Hold))];
    assert_eq!(refused(Change::TenantPut(coded)), shape);
}

#[test]
fn a_number_that_goes_leaves_no_membership_and_no_settings() {
    let freed =
        |change| [change, Change::DevicePut(device(1, None)), Change::MobilePut(line(1, None))];
    let left = |changes: &[Change]| -> Vec<(u16, Field, Option<Noun>, String)> {
        let found = apply(&full(), changes).expect_err("memberships");
        let name = |v: &Violation| v.with.as_ref().map(|w| w.name.to_string()).unwrap_or_default();
        found
            .iter()
            .map(|v| (v.code, v.field, v.with.as_ref().and_then(|w| w.noun), name(v)))
            .collect()
    };
    let member = |noun, name: &str| (code::IN_GROUP, Field::Member, Some(noun), name.to_owned());
    let of_number = [
        member(Noun::Hunt, "1"),
        member(Noun::Pickup, "1"),
        member(Noun::Pickup, "2"),
        (code::IN_USE, Field::Settings, None, String::new()),
    ];
    let deleted = left(&freed(Change::UserDelete(user_id(1))));
    assert_eq!(deleted[0], member(Noun::Department, "営業部"));
    assert_eq!(deleted[1..], of_number);
    // A department knows the person, the rest the number.
    let renamed = left(&freed(Change::UserPut(user(1, "2009"))));
    assert_eq!(renamed, of_number);

    let gone = [Change::VirtualDnDelete(virtual_id(1))];
    assert_eq!(left(&gone), [of_number[1].clone(), of_number[3].clone()]);

    // With everything in the set it goes, and comes back by the inverse.
    let tenant = tenant_id(1);
    let whole = [
        Change::UserDelete(user_id(1)),
        Change::DevicePut(device(1, None)),
        Change::MobilePut(line(1, None)),
        Change::DnSettingsDelete { tenant, dn: dn("2001") },
        Change::HuntPut(hunt(1, "2300", &["2003"])),
        Change::PickupPut(pickup(1, &["2100"])),
        Change::PickupDelete { tenant, number: 2 },
        Change::DepartmentPut(department(1, "2200", &[3])),
    ];
    let next = apply(&full(), &whole).expect("all of it");
    assert_eq!(apply(&next, &invert(&full(), &whole)), Ok(full()));
}

#[test]
fn what_a_set_must_carry_is_told() {
    use std::collections::{BTreeMap, BTreeSet};
    let tenant = tenant_id(1);
    // Two people and a virtual number of the same groups go at once.
    let numbers = ["2001", "2003", "2100"].map(dn);
    let mut set = leave::free_numbers(&full(), tenant, &BTreeSet::from(numbers));
    set.extend(leave::free_people(&full(), &BTreeSet::from([user_id(1), user_id(3)])));
    set.extend([
        Change::UserDelete(user_id(1)),
        Change::UserDelete(user_id(3)),
        Change::VirtualDnDelete(virtual_id(1)),
        Change::DevicePut(device(1, None)),
        Change::MobilePut(line(1, None)),
    ]);
    let next = apply(&full(), &set).expect("nothing is left behind");
    assert!(next.hunt_groups(tenant).all(|h| h.members.is_empty()));
    assert!(next.pickup_groups(tenant).all(|p| p.members.is_empty()));
    assert_eq!((next.all_settings(tenant).count(), next.dn_count(tenant)), (0, 1));

    // 2100 is given up and taken: settings and groups go with the numbers.
    let renamed = BTreeMap::from([(dn("2001"), dn("2100")), (dn("2100"), dn("2101"))]);
    let mut set = leave::rename_numbers(&full(), tenant, &renamed);
    set.extend([Change::UserPut(user(1, "2100")), Change::VirtualDnPut(virtual_dn(1, "2101"))]);
    let next = apply(&full(), &set).expect("carried over");
    let kept: Vec<String> = next.all_settings(tenant).map(|s| s.dn.text()).collect();
    assert_eq!(kept, ["2100", "2101"]);
    assert_eq!(
        next.pickup_group(tenant, 1).map(|p| p.members.clone()),
        Some(dns(&["2100", "2101"]))
    );
    assert_eq!(next.hunt_of_member(tenant, dn("2100")), Some(1));
    assert_eq!(next.mobile_of_dn(tenant, dn("2100")).map(|m| m.number), Some(mobile_number(1)));
}

#[test]
fn a_number_that_changes_hands_keeps_what_is_its_own() {
    let swap = [
        Change::UserPut(User { web_user: "web1".into(), ..user(1, "2003") }),
        Change::UserPut(User { web_user: "web3".into(), ..user(3, "2001") }),
        Change::MobilePut(line(1, None)),
    ];
    let next = apply(&full(), &swap).expect("swapped");
    assert_eq!(next.pickup_groups_of(tenant_id(1), dn("2001")), [1, 2]);
    assert_eq!(next.departments_of(user_id(1)), [department_id(1)]);

    // From a person to a virtual number: all but the hunting group.
    let virtual_now = [
        Change::UserPut(User { web_user: "web1".into(), ..user(1, "2004") }),
        Change::VirtualDnPut(virtual_dn(4, "2001")),
        Change::MobilePut(line(1, None)),
    ];
    let found = apply(&full(), &virtual_now).expect_err("a virtual number is never hunted");
    let hunted: Vec<_> =
        found.iter().map(|v| (v.code, v.with.as_ref().and_then(|w| w.noun))).collect();
    assert_eq!(hunted, [(code::IN_GROUP, Some(Noun::Hunt))]);
}

#[test]
fn departments_that_somebody_picks_up_for_stay() {
    let delete = Change::DepartmentDelete(department_id(1));
    let found = apply(&full(), std::slice::from_ref(&delete)).expect_err("2002 may pick up");
    assert_eq!((found.len(), found[0].code), (1, code::IN_USE));
    assert_eq!(found[0].with.as_ref().and_then(|w| w.dn), Some(dn("2002")));
    assert!(apply(&full(), &[delete, Change::UserPut(user(2, "2002"))]).is_ok());
    let stray = User { pickup_departments: [department_id(7)].into(), ..user(2, "2002") };
    assert_eq!(refused(Change::UserPut(stray)), [(code::NO_DEPARTMENT, Field::Department)]);
}

#[test]
fn unknown_references_are_refused() {
    let site = site_id(99);
    let nowhere = [(code::NOT_FOUND, Field::Site)];
    assert_eq!(refused(Change::VirtualDnPut(VirtualDn { site, ..virtual_dn(9, "2999") })), nowhere);
    assert_eq!(refused(Change::HuntPut(HuntGroup { site, ..hunt(9, "2999", &[]) })), nowhere);
    assert_eq!(refused(Change::ParkSlotPut(ParkSlot { site, ..slot("2999") })), nowhere);
    assert_eq!(refused(Change::GatewayPut(Gateway { site, ..gateway(9, "7") })), nowhere);
    let lost = Department { site, ..department(9, "2999", &[]) };
    assert_eq!(refused(Change::DepartmentPut(lost)), nowhere);
    let nobody = [(code::NOT_FOUND, Field::Dn)];
    assert_eq!(refused(Change::DnSettingsPut(settings("2999"))), nobody);
    assert_eq!(refused(Change::DnSettingsPut(settings("2200"))), nobody, "a department");
    let line = line(3, Some("2100"));
    assert_eq!(refused(Change::MobilePut(line)), nobody, "a virtual number has no terminal");
    let other = PickupGroup { tenant: tenant_id(9), ..pickup(1, &[]) };
    assert_eq!(refused(Change::PickupPut(other)), [(code::NOT_FOUND, Field::Tenant)]);
    let used = [(code::IN_USE, Field::Object)];
    assert_eq!(refused(Change::SiteDelete(site_id(1)))[0], used[0]);
}

#[test]
fn portal_names_and_quota_count_virtual_numbers_too() {
    let named = VirtualDn { web_user: "WEB2".into(), ..virtual_dn(1, "2100") };
    let taken = [(code::DUPLICATE_WEB_USER, Field::WebUser)];
    assert_eq!(refused(Change::VirtualDnPut(named)), taken);
    let named = VirtualDn { web_user: "room".into(), ..virtual_dn(1, "2100") };
    let now = apply(&full(), &[Change::VirtualDnPut(named)]).expect("free");
    let found = now.virtual_by_web_user(tenant_id(1), "Room").map(|v| v.id);
    assert_eq!(found, Some(virtual_id(1)));
    let person = User { web_user: "ROOM".into(), ..user(9, "2999") };
    assert_eq!(apply(&now, &[Change::UserPut(person)]).expect_err("taken")[0].code, 235);

    let limited = Tenant { quota: Some(5), ..tenant(1) };
    let now = apply(&now, &[Change::TenantPut(limited)]).expect("4 of 5");
    let rows = [Change::VirtualDnPut(virtual_dn(8, "2998")), Change::UserPut(user(9, "2999"))];
    let found = apply(&now, &rows).expect_err("one fits");
    assert_eq!((found.len(), found[0].change, found[0].code), (1, 1, code::QUOTA));
    assert!(apply(&now, &rows[..1]).is_ok());
}

#[test]
fn pins_need_an_owner_and_are_not_guessed() {
    let pin = |n| {
        Change::Password(NewPassword {
            owner: CredentialOwner::Pin(user_id(n)),
            text: base::Secret::new("4711".to_owned()),
            must_change: false,
            bulk: false,
        })
    };
    assert_eq!(refused(pin(99)), [(code::NOT_FOUND, Field::Credential)]);
    assert_eq!(apply(&full(), &[pin(1)]), Ok(full()));
    for (text, code) in [
        ("2001", Some(223)),
        ("1234", Some(223)),
        ("8901", Some(223)),
        ("4321", Some(223)),
        ("7777", Some(223)),
        ("123", Some(222)),
        ("12345678901", Some(222)),
        ("12a4", Some(222)),
        ("2002", None),
        ("1357", None),
    ] {
        assert_eq!(check_pin(dn("2001"), text).err().map(PinError::code), code, "{text}");
    }
}

#[test]
fn a_forward_remembers_its_last_destination() {
    let to = Destination::Dn(dn("2002"));
    let on = Forward::on(to.clone());
    let off = on.clone().off();
    assert_eq!((&off.to, &off.last), (&None, &Some(to)));
    assert_eq!(off.again(), Some(on));
    assert_eq!(Forward::default().again(), None);
    let own = "announcement:00000000-0000-7000-8000-000000000001";
    for text in ["dn:2001", "voicemail", "outside:0312345678", "announcement", own] {
        assert_eq!(Destination::parse(text).map(|d| d.text()).as_deref(), Some(text));
    }
    for text in [
        "",
        "dn:",
        "outside:",
        "outside:+81",
        "2001",
        "voicemail:",
        "announcement:",
        "announcement:1",
    ] {
        assert_eq!(Destination::parse(text), None, "{text}");
    }
}
