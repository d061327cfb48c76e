//! Each rule refuses what breaks it, names the change, and leaves the lawful neighbour alone.

use base::Secret;

use super::world::*;
use crate::violation::code;
use crate::*;

/// (change, code, field) of every violation.
fn refused(changes: &[Change]) -> Vec<(usize, u16, Field)> {
    let found = apply(&company(), changes).expect_err("must be refused");
    found.into_iter().map(|v| (v.change, v.code, v.field)).collect()
}

fn accepted(changes: &[Change]) -> Snapshot {
    apply(&company(), changes).expect("must be accepted")
}

#[test]
fn every_row_of_an_import_gets_its_own_violations() {
    let mut odd = user(12, "1001");
    odd.web_user = "WEB1".into();
    let twin = User { id: user_id(13), ..user(14, "2005") };
    let changes = [
        Change::UserPut(user(11, "2001")),
        Change::UserPut(odd),
        Change::UserPut(twin),
        Change::UserPut(user(15, "2005")),
        Change::UserPut(user(16, "2")),
        Change::DevicePut(Device { sip_id: "SIP1".into(), ..device(9, None) }),
        Change::DevicePut(Device { sip_id: "sip_9".into(), ..device(8, Some(77)) }),
    ];
    assert_eq!(
        refused(&changes),
        [
            (0, code::DUPLICATE, Field::Dn),
            (1, code::BAD_DN, Field::Dn),
            (1, code::DUPLICATE_WEB_USER, Field::WebUser),
            (3, code::DUPLICATE, Field::Dn),
            (4, code::BAD_DN, Field::Dn),
            (5, code::DUPLICATE_SIP_ID, Field::SipId),
            (6, code::BAD_SIP_ID, Field::SipId),
            (6, code::NOT_FOUND, Field::User),
        ]
    );
}

#[test]
fn a_collision_names_the_other_side() {
    let sip = Change::DevicePut(Device { sip_id: "Sip1".into(), ..device(9, None) });
    let found = apply(&company(), &[sip]).expect_err("in use");
    let with = found[0].with.clone().expect("a rival");
    assert_eq!((with.dn, &*with.name, with.change), (Some(dn("2001")), "sip1", None));

    let rows = [Change::UserPut(user(11, "2005")), Change::UserPut(user(12, "2005"))];
    let found = apply(&company(), &rows).expect_err("twice in the file");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].change, found[0].with.clone().and_then(|w| w.change)), (1, Some(0)));
}

#[test]
fn two_users_may_swap_numbers_and_lines_in_one_set() {
    let after = accepted(&[
        Change::UserPut(User { web_user: "web1".into(), ..user(1, "2002") }),
        Change::UserPut(User { web_user: "web2".into(), ..user(2, "2001") }),
    ]);
    assert_eq!(after.dn_owner(tenant_id(1), dn("2001")), Some(DnOwner::User(user_id(2))));
    assert_eq!(
        after.mobile_of_dn(tenant_id(1), dn("2001")).map(|m| m.number),
        Some(mobile_number(1))
    );
}

#[test]
fn quota_counts_extensions_and_names_the_first_that_is_too_many() {
    let limited = Tenant { quota: Some(3), ..tenant(1) };
    let before = apply(&company(), &[Change::TenantPut(limited.clone())]).expect("2 of 3");
    let rows: Vec<_> = (0..3).map(|n| Change::UserPut(user(20 + n, &format!("30{n}1")))).collect();
    let found = apply(&before, &rows).expect_err("one fits");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].change, found[0].code, &*found[0].value), (1, code::QUOTA, "1"));
    assert!(apply(&before, &rows[..1]).is_ok());

    // A quota lowered below the count refuses new numbers, not edits of old ones.
    let full = apply(&company(), &[Change::TenantPut(Tenant { quota: Some(1), ..limited })]);
    let full = full.expect("lowering is allowed");
    let renamed = User { name: "田中".into(), ..user(1, "2001") };
    assert!(apply(&full, &[Change::UserPut(renamed)]).is_ok());
    assert!(apply(&full, &rows[..1]).is_err());
}

#[test]
fn cloudphone_takes_ordinary_numbers_and_refuses_reserved_ones() {
    let cloud = Change::TenantPut(Tenant { preset: Preset::CloudPhone, ..tenant(1) });
    let before = accepted(&[cloud]);
    for good in ["1000", "1500", "7", "9999999", "2001999"] {
        assert!(apply(&before, &[Change::UserPut(user(9, good))]).is_ok(), "{good}");
    }
    for (bad, code, name) in [
        ("1101", code::COLLISION, "110"),
        ("1171", code::COLLISION, "117"),
        ("11", code::COLLISION, "110"),
        ("1", code::COLLISION, "110"),
        ("0110", code::COLLISION, "0"),
        ("12345678", code::BAD_DN, ""),
    ] {
        let found = apply(&before, &[Change::UserPut(user(9, bad))]).expect_err(bad);
        assert_eq!((found[0].code, found.len()), (code, 1), "{bad}");
        assert_eq!(found[0].with.as_ref().map_or("", |w| &*w.name), name, "{bad}");
    }
}

#[test]
fn a_preset_is_not_switched_over_numbers_that_do_not_fit() {
    let long = accepted(&[Change::UserPut(user(9, "200100001"))]);
    let cloud = Change::TenantPut(Tenant { preset: Preset::CloudPhone, ..tenant(1) });
    let found = apply(&long, &[cloud]).expect_err("nine digits");
    assert_eq!((found[0].code, &*found[0].value), (code::BAD_DN, "200100001"));
}

#[test]
fn a_leaving_user_must_free_terminals_and_line() {
    let delete = Change::UserDelete(user_id(1));
    assert_eq!(
        refused(std::slice::from_ref(&delete)),
        [(0, code::IN_USE, Field::User), (0, code::IN_USE, Field::Dn)]
    );
    let after =
        accepted(&[delete, Change::DeviceDelete(device_id(1)), Change::MobilePut(line(1, None))]);
    assert!(after.devices_of(user_id(1)).is_empty());
    assert_eq!(after.dn_count(tenant_id(1)), 1);
}

#[test]
fn domains_are_unique_and_realms_stay() {
    let second = [
        Change::TenantPut(tenant(2)),
        Change::SitePut(Site { domain: "T1.Example.JP".into(), ..site(2, 2) }),
    ];
    assert_eq!(refused(&second), [(1, code::DUPLICATE, Field::Domain)]);
    let moved = Tenant { realm: "new.example.jp".into(), ..tenant(1) };
    assert_eq!(refused(&[Change::TenantPut(moved)]), [(0, code::IN_USE, Field::Realm)]);
    for bad in ["", "192.0.2.1", "localhost", "a..b", "-a.jp", "会社.jp"] {
        let site = Site { domain: bad.into(), ..site(3, 1) };
        assert_eq!(
            refused(&[Change::SitePut(site)]),
            [(0, code::BAD_TEXT, Field::Domain)],
            "{bad}"
        );
    }
}

#[test]
fn an_address_means_the_marked_tenant_or_the_first_one() {
    let two = [
        Change::TenantPut(Tenant { realm: "t2.example.jp".into(), ..tenant(2) }),
        Change::SitePut(site(2, 2)),
    ];
    let two = accepted(&two).with_local_names(&["pbx"]);
    let name = |s: &Snapshot, host: &str| s.tenant_of_domain(host).map(|t| t.id);
    for host in ["127.0.0.1", "[::1]", "fe80::1", "LocalHost", "PBX"] {
        assert_eq!(name(&two, host), Some(tenant_id(1)), "{host}");
    }
    assert_eq!(name(&two, "T2.example.jp"), Some(tenant_id(2)));
    assert_eq!(name(&two, "other.example.jp"), None);

    let marked = [Change::TenantPut(Tenant { is_default: true, ..tenant(2) })];
    let marked = apply(&two, &marked).expect("marking");
    assert_eq!(name(&marked, "127.0.0.1"), Some(tenant_id(2)));
    let both = apply(&marked, &[Change::TenantPut(Tenant { is_default: true, ..tenant(1) })]);
    assert_eq!(both.expect_err("one only")[0].field, Field::Default);
}

#[test]
fn a_mobile_line_belongs_to_one_tenant_and_its_state_fits() {
    let other = [
        Change::TenantPut(tenant(2)),
        Change::MobilePut(MobileLine { tenant: tenant_id(2), ..line(3, None) }),
    ];
    assert_eq!(refused(&other), [(1, code::DUPLICATE, Field::Mobile)]);
    let unsure = MobileLine { state: MobileState::Assigned, ..line(3, None) };
    assert_eq!(refused(&[Change::MobilePut(unsure)]), [(0, code::MOBILE_UNUSABLE, Field::State)]);
    let nobody = line(3, Some("2999"));
    assert_eq!(refused(&[Change::MobilePut(nobody)]), [(0, code::NOT_FOUND, Field::Dn)]);
}

#[test]
fn passwords_need_an_owner_and_touch_only_the_revision() {
    let password = |owner| {
        let text = Secret::new("abc12345".to_owned());
        Change::Password(NewPassword { owner, text, must_change: false, bulk: false })
    };
    let stranger = password(CredentialOwner::User(user_id(99)));
    assert_eq!(refused(&[stranger]), [(0, code::NOT_FOUND, Field::Credential)]);
    let after = accepted(&[password(CredentialOwner::Admin(admin_id(1)))]);
    assert_eq!(after, company());
    assert_eq!(after.tenant_revision(tenant_id(1)), after.revision());
}

#[test]
fn revisions_grow_and_untouched_tenants_keep_theirs() {
    let one = company();
    let two = apply(&one, &[Change::TenantPut(tenant(2))]).expect("second tenant");
    assert_eq!(two.revision(), Revision(one.revision().0 + 1));
    assert_eq!(two.tenant_revision(tenant_id(1)), one.revision());
    assert_eq!(two.tenant_revision(tenant_id(2)), two.revision());
}

#[test]
fn users_come_in_order_of_extension_from_any_start() {
    let more = accepted(&[
        Change::UserPut(user(11, "30")),
        Change::UserPut(user(12, "20010")),
        Change::UserPut(user(13, "2003")),
    ]);
    let numbers = |from: &str| -> Vec<String> {
        more.users_from(tenant_id(1), dn(from)).map(|u| u.dn.text()).collect()
    };
    assert_eq!(numbers("20"), ["30", "2001", "2002", "2003", "20010"]);
    assert_eq!(numbers("2002"), ["2002", "2003", "20010"]);
    assert_eq!(more.users(tenant_id(1)).count(), 5);
    assert_eq!(more.users(tenant_id(2)).count(), 0);
}

#[test]
fn deleting_what_is_not_there_is_refused() {
    assert_eq!(refused(&[Change::UserDelete(user_id(99))]), [(0, code::NOT_FOUND, Field::Object)]);
}

#[test]
fn password_rules_of_both_policies() {
    use PasswordError::*;
    let ten = |text| check_password(WebPolicy::Ten, "tanaka", text);
    let eight = |text| check_password(WebPolicy::EightAlphanumeric, "abc12345", text);
    assert_eq!(ten("短いパスワードの文"), Err(TooShort));
    assert_eq!(ten("長いパスワードの文章"), Ok(()));
    assert_eq!(ten("Tanaka"), Err(SameAsLogin));
    assert_eq!(ten(&"x".repeat(129)), Err(Length));
    assert_eq!(eight("pw2005ab"), Ok(()));
    assert_eq!(eight("abcdefgh"), Err(Mixture));
    assert_eq!(eight("12345678"), Err(Mixture));
    assert_eq!(eight("pw2005a_"), Err(Characters));
    assert_eq!(eight("pw2005abc"), Err(Length));
    assert_eq!(eight("ABC12345").map_err(PasswordError::code), Err(221));
}

#[test]
fn ten_thousand_users_with_terminal_and_line_fit_in_eight_megabytes() {
    use std::mem::size_of;
    // An `Arc` adds two counters, an allocation about a word; texts of up to 24 bytes take 32.
    let object = |size: usize, texts: usize| size + 16 + 8 + texts * 32;
    let user = object(size_of::<User>(), 2);
    let device = object(size_of::<Device>(), 1);
    let line = object(size_of::<MobileLine>(), 0);
    // By id, number and portal name; by id and SIP id; by number and extension; and three lists.
    let indexes = 7 * 16 + 3 * 8 + 2 * 16;
    let all = 10_000 * (user + device + line + indexes);
    assert!(all <= 8_000_000, "{user} + {device} + {line} + {indexes} = {all}");
}
