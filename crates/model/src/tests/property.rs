//! Stepwise application = rebuild from zero; undo ∘ apply = identity; look-ups = a naive scan.

use proptest::prelude::*;

use super::world::*;
use crate::*;

/// Random changes over a small range of ids, so that puts replace, collide and miss.
fn change() -> impl Strategy<Value = Change> {
    let number = (2000u32..2012).prop_map(|n| n.to_string());
    prop_oneof![
        4 => (0u128..12, number.clone(), 0u128..14).prop_map(|(n, number, web)| {
            Change::UserPut(User { web_user: format!("web{web}").into(), ..user(n, &number) })
        }),
        1 => (0u128..12).prop_map(|n| Change::UserDelete(user_id(n))),
        4 => (0u128..12, 0u128..12, proptest::option::of(0u128..12)).prop_map(|(n, sip, of)| {
            Change::DevicePut(Device { sip_id: format!("sip{sip}").into(), ..device(n, of) })
        }),
        1 => (0u128..12).prop_map(|n| Change::DeviceDelete(device_id(n))),
        3 => (0u32..6, proptest::option::of(number)).prop_map(|(n, number)| {
            Change::MobilePut(line(n, number.as_deref()))
        }),
        1 => (0u32..6).prop_map(|n| Change::MobileDelete(mobile_number(n))),
        1 => (1u128..4).prop_map(|n| Change::SitePut(site(n, 1))),
        8 => service(),
    ]
}

fn some(numbers: std::ops::Range<u32>) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set(numbers, 0..4)
        .prop_map(|set| set.into_iter().map(|n| n.to_string()).collect())
}

fn forward() -> impl Strategy<Value = Forward> {
    prop_oneof![
        Just(Forward::default()),
        Just(Forward::on(Destination::Voicemail)),
        (2000u32..2012).prop_map(|n| Forward::on(Destination::Dn(dn(&n.to_string()))).off()),
        Just(Forward::on(Destination::Outside("0312345678".into()))),
        Just(Forward::on(Destination::Announcement(None))),
    ]
}

/// Changes of call services over the same numbers.
fn service() -> impl Strategy<Value = Change> {
    let number = || (2000u32..2020).prop_map(|n| n.to_string());
    let strs = |list: &[String]| dns(&list.iter().map(String::as_str).collect::<Vec<_>>());
    let tenant = tenant_id(1);
    prop_oneof![
        (0u128..4, number()).prop_map(|(n, t)| Change::VirtualDnPut(virtual_dn(n, &t))),
        (0u128..4).prop_map(|n| Change::VirtualDnDelete(virtual_id(n))),
        (0u128..4, number(), proptest::collection::btree_set(0u128..12, 0..4), forward()).prop_map(
            |(n, t, members, all)| {
                let members: Vec<u128> = members.into_iter().collect();
                Change::DepartmentPut(Department { all, ..department(n, &t, &members) })
            }
        ),
        (0u128..4).prop_map(|n| Change::DepartmentDelete(department_id(n))),
        (1u16..4, number(), some(2000..2012), forward()).prop_map(move |(n, t, list, all)| {
            let overflow = all.last.clone();
            Change::HuntPut(HuntGroup { members: strs(&list), all, overflow, ..hunt(n, &t, &[]) })
        }),
        (1u16..4).prop_map(move |number| Change::HuntDelete { tenant, number }),
        (1u16..4, some(2000..2020)).prop_map(move |(n, list)| {
            Change::PickupPut(PickupGroup { members: strs(&list), ..pickup(n, &[]) })
        }),
        (1u16..4).prop_map(move |number| Change::PickupDelete { tenant, number }),
        number().prop_map(|t| Change::ParkSlotPut(slot(&t))),
        number().prop_map(move |t| Change::ParkSlotDelete { tenant, dn: dn(&t) }),
        (0u128..3, 3u8..6).prop_map(|(n, p)| Change::GatewayPut(gateway(n, &p.to_string()))),
        (0u128..3).prop_map(|n| Change::GatewayDelete(gateway_id(n))),
        (number(), forward(), 5u16..61).prop_map(|(t, busy, no_answer_s)| {
            let mut changed = DnSettings { no_answer_s, ..settings(&t) };
            *changed.forward_mut(ForwardKind::Busy) = busy;
            Change::DnSettingsPut(changed)
        }),
        number().prop_map(move |t| Change::DnSettingsDelete { tenant, dn: dn(&t) }),
        (0u128..3).prop_map(|n| Change::SoundPut(super::sounds::sound(n, &n.to_string()))),
        (0u128..3).prop_map(|n| Change::SoundDelete(super::sounds::sound(n, "").id)),
        (0u128..12, 2000u32..2012, 0u128..4).prop_map(|(n, t, d)| {
            let pickup_departments = [department_id(d)].into();
            Change::UserPut(User { pickup_departments, ..user(n, &t.to_string()) })
        }),
        (1u128..3, 0u16..3).prop_map(|(n, at)| {
            let mut place = site(n, 1);
            place.set_code(CodeKind::OF_CALL[usize::from(at)], SiteCode::Off);
            place.set_code(CodeKind::Park, SiteCode::Own(Code::parse("#8").expect("code")));
            place.number = Some(format!("7{at}").into());
            Change::SitePut(place)
        }),
        (0u32..256).prop_map(|bits| {
            let mut changed =
                Tenant { options: Options::from_bits(bits), ..super::world::tenant(1) };
            changed.codes.set(CodeKind::Login, None);
            Change::TenantPut(changed)
        }),
    ]
}

fn assert_lookups(snapshot: &Snapshot) {
    let tenant = tenant_id(1);
    for user in snapshot.users(tenant) {
        assert_eq!(snapshot.user(user.id), Some(user));
        assert_eq!(snapshot.user_by_dn(tenant, user.dn), Some(user));
        assert_eq!(snapshot.user_by_web_user(tenant, &user.web_user.to_uppercase()), Some(user));
        let owned: Vec<_> =
            snapshot.devices(tenant).filter(|d| d.user == Some(user.id)).map(|d| d.id).collect();
        let mut listed = snapshot.devices_of(user.id).to_vec();
        let in_order = listed.clone();
        listed.sort();
        assert_eq!(in_order, listed);
        let mut owned = owned;
        owned.sort();
        assert_eq!(listed, owned);
    }
    for device in snapshot.devices(tenant) {
        assert_eq!(snapshot.device(device.id), Some(device));
        assert_eq!(snapshot.device_by_sip_id(tenant, &device.sip_id.to_uppercase()), Some(device));
    }
    for line in snapshot.mobiles(tenant) {
        assert_eq!(snapshot.mobile(line.number), Some(line));
        if let Some(dn) = line.dn {
            assert_eq!(snapshot.mobile_of_dn(tenant, dn).and_then(|m| m.dn), Some(dn));
        }
    }
}

/// Numbers, groups and settings as a look at all objects finds them.
fn assert_services(snapshot: &Snapshot) {
    let tenant = tenant_id(1);
    for n in 1995u32..2025 {
        let number = dn(&n.to_string());
        let owners: Vec<DnOwner> =
            snapshot.dns(tenant).filter(|(dn, _)| *dn == number).map(|(_, owner)| owner).collect();
        assert_eq!(snapshot.dn_owner(tenant, number), owners.first().copied());
        assert!(owners.len() < 2);
        let hunts = snapshot.hunt_groups(tenant).filter(|h| h.members.contains(&number));
        let hunts: Vec<u16> = hunts.map(|h| h.number).collect();
        assert_eq!(snapshot.hunt_of_member(tenant, number), hunts.first().copied());
        assert!(hunts.len() < 2);
        let pickups = snapshot.pickup_groups(tenant).filter(|p| p.members.contains(&number));
        let pickups: Vec<u16> = pickups.map(|p| p.number).collect();
        assert_eq!(snapshot.pickup_groups_of(tenant, number), pickups);
        let kept = snapshot.all_settings(tenant).find(|s| s.dn == number);
        assert_eq!(snapshot.dn_settings(tenant, number), kept);
        let slot = snapshot.all_park_slots(tenant).find(|s| s.dn == number);
        assert_eq!(snapshot.park_slot(tenant, number), slot);
    }
    for user in snapshot.users(tenant) {
        let of = snapshot.departments(tenant).filter(|d| d.members.contains(&user.id));
        let mut of: Vec<_> = of.map(|d| d.id).collect();
        of.sort();
        assert_eq!(snapshot.departments_of(user.id), of);
    }
    let virtuals = snapshot.virtuals(tenant).count();
    assert_eq!(snapshot.dn_count(tenant), snapshot.users(tenant).count() + virtuals);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn stepwise_is_rebuild_and_undo_is_identity(sets in proptest::collection::vec(
        proptest::collection::vec(change(), 1..5), 1..20,
    )) {
        let mut now = company();
        for set in sets {
            let Ok(next) = apply(&now, &set) else { continue };
            assert_lookups(&next);
            assert_services(&next);
            let by_diff = apply(&now, &diff(&now, &next));
            prop_assert_eq!(by_diff.as_ref(), Ok(&next));
            let rebuilt = apply(&Snapshot::empty(), &next.changes());
            prop_assert_eq!(rebuilt.as_ref(), Ok(&next));
            let back = apply(&next, &invert(&now, &set));
            prop_assert_eq!(back.as_ref(), Ok(&now));
            now = next;
        }
    }

    #[test]
    fn changes_survive_their_byte_form(set in proptest::collection::vec(change(), 0..30)) {
        prop_assert_eq!(decode_changes(&encode_changes(&set)), Ok(set));
    }
}
