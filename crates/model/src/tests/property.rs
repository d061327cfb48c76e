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
