//! What dialled strings mean to the outside.

use super::world::{company, gateway, tenant_id, user};
use crate::outside::{Dialled, OutsideClass, ShowNumber, class_of, read};
use crate::{Change, Gateway, Outside, Snapshot, apply};

/// A company with gateways of these prefixes.
fn with(prefixes: &[&str]) -> Snapshot {
    let made = prefixes.iter().zip(1..).map(|(p, n)| Change::GatewayPut(gateway(n, p)));
    apply(&company(), &made.collect::<Vec<_>>()).expect("valid")
}

/// Prefix of the gateway and what it gets.
fn sent(snapshot: &Snapshot, text: &str) -> Option<(String, String)> {
    match read(snapshot, tenant_id(1), text)? {
        Dialled::Emergency(number) => Some(("!".to_owned(), number.text())),
        Dialled::Number(gateway, number) => Some((gateway.prefix.to_string(), number.text())),
        Dialled::Line(..) | Dialled::Plain(_) => panic!("there are no lines"),
    }
}

#[test]
fn the_prefix_is_taken_off_and_an_own_zero_stays() {
    let zero = with(&["0"]);
    for (dialled, number) in [
        ("00312345678", "0312345678"),
        ("0312345678", "0312345678"),
        // Prefix 0 and 03-3123-4567, not carrier code 0033 (J11).
        ("00331234567", "0331234567"),
        ("009012345678", "09012345678"),
        ("0117", "117"),
        ("0171", "171"),
        ("+81312345678", "0312345678"),
        // 011-8… is Sapporo, 0184 and 0186 are towns (J12, J14).
        ("01181234567", "01181234567"),
        ("0184221234", "0184221234"),
        ("00184221234", "0184221234"),
        ("01840312345678", "1840312345678"),
        ("1840312345678", "1840312345678"),
        ("18600312345678", "1860312345678"),
    ] {
        let expected = Some(("0".to_owned(), number.to_owned()));
        assert_eq!(sent(&zero, dialled), expected, "{dialled}");
    }
    let eight = with(&["8"]);
    let expected = Some(("8".to_owned(), "0312345678".to_owned()));
    assert_eq!(sent(&eight, "80312345678"), expected);
    for none in ["0312345678", "82001", "8", "80", "8031x", "2001", ""] {
        assert_eq!(sent(&eight, none), None, "{none}");
    }
}

#[test]
fn the_caller_number_mark_is_read_before_and_after_the_prefix() {
    let eight = with(&["8"]);
    for dialled in ["18480312345678", "81840312345678"] {
        let Some(Dialled::Number(_, number)) = read(&eight, tenant_id(1), dialled) else {
            panic!("{dialled}");
        };
        assert_eq!(number.show, Some(ShowNumber::Hide));
        assert_eq!(number.digits.text(), "0312345678", "kept out of matching (J20)");
    }
}

#[test]
fn emergency_numbers_are_found_by_the_whole_string_only() {
    let both = with(&["0", "8"]);
    let emergency = |number: &str| Some(("!".to_owned(), number.to_owned()));
    for text in ["110", "0110", "8119", "184118", "1840119", "0184110", "8186118"] {
        assert_eq!(sent(&both, text), emergency(&text[text.len() - 3..]), "{text}");
    }
    for text in ["0311012345", "01101234567", "2110", "1101", "8031190110"] {
        assert!(sent(&both, text).is_none_or(|(by, _)| by != "!"), "{text}");
    }
}

#[test]
fn without_the_option_no_gateway_takes_anything() {
    let mut tenant = super::world::tenant(1);
    tenant.options = crate::Options::NONE;
    let now = apply(&with(&["0"]), &[Change::TenantPut(tenant)]).expect("valid");
    assert_eq!(read(&now, tenant_id(1), "00312345678"), None);
}

#[test]
fn classes_decide_what_a_policy_permits() {
    use OutsideClass::{Domestic, International, Special};
    for (digits, class) in [
        ("0312345678", Domestic),
        ("09012345678", Domestic),
        ("0120123456", Domestic),
        ("117", Domestic),
        ("01012125551234", International),
        ("0033010441234", Special),
        ("0570123456", Special),
        ("0990123456", Special),
        ("02012345678", Special),
    ] {
        assert_eq!(class_of(digits), class, "{digits}");
    }
    let permitted = |policy| [Domestic, International, Special].map(|c| c.is_within(policy));
    assert_eq!(permitted(Outside::Denied), [false, false, false]);
    assert_eq!(permitted(Outside::Domestic), [true, false, false]);
    assert_eq!(permitted(Outside::Allowed), [true, true, true]);
}

#[test]
fn an_account_belongs_to_one_gateway_and_to_no_user() {
    use super::world::{device, device_id};
    use crate::violation::{Field, code};
    let account = |n, prefix: &str| {
        Change::GatewayPut(Gateway { account: Some(device_id(9)), ..gateway(n, prefix) })
    };
    let spare = device(9, None);
    let now = apply(&company(), &[Change::DevicePut(spare.clone()), account(1, "0")]);
    let now = now.expect("an account");
    assert_eq!(now.gateway_of(&spare).map(|g| &*g.prefix), Some("0"));
    let refused = |changes: &[Change]| {
        let broken = apply(&now, changes).expect_err("refused");
        broken.iter().map(|v| (v.code, v.field)).collect::<Vec<_>>()
    };
    assert_eq!(refused(&[account(2, "5")]), [(code::IN_USE, Field::SipId)]);
    let user = user(9, "2999");
    let taken = crate::Device { user: Some(user.id), ..spare.clone() };
    let given = [Change::UserPut(user), Change::DevicePut(taken)];
    assert_eq!(refused(&given), [(code::IN_USE, Field::User)]);
    let gone = [Change::DeviceDelete(spare.id)];
    assert_eq!(refused(&gone), [(code::IN_USE, Field::Object)]);
    let missing = Gateway { account: Some(device_id(77)), ..gateway(3, "6") };
    assert_eq!(refused(&[Change::GatewayPut(missing)]), [(code::NOT_FOUND, Field::SipId)]);
}
