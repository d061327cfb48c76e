//! 発信規制 against a naive reading of its table (J60).

use proptest::prelude::*;

use super::world::{company, department, dn, settings, tenant, tenant_id, user_id};
use crate::toll::is_country;
use crate::violation::{Field, code};
use crate::{Change, Charged, Department, DnSettings, Tenant, TollClass, TollRules, apply};

/// The table of japan.md, section 1, read row by row by what each number looks like.
fn naive(rules: &TollRules, class: TollClass, digits: &str) -> bool {
    let at_least = |wanted: TollClass| class as u8 >= wanted as u8;
    let charged = |what| at_least(TollClass::Special) && rules.is_open(what);
    let d: Vec<char> = digits.chars().collect();
    let is = |text: &str| digits == text;
    let head = |text: &str| digits.len() >= text.len() && &digits[..text.len()] == text;
    if is("171") {
        return true;
    }
    if head("010") {
        let rest = &digits[3..];
        let satellite = rest.len() > 2 && ["870", "881", "882", "883"].contains(&&rest[..3]);
        return at_least(TollClass::International)
            && match satellite {
                true => rules.is_open(Charged::Satellite),
                false => rules.countries.iter().any(|c| rest.starts_with(&**c)),
            };
    }
    if d.len() > 1 && d[0] == '0' && d[1] == '0' {
        let code = match () {
            () if head("0091") => 6,
            () if head("002") => 5,
            () => 4,
        };
        let rest = digits.get(code..).unwrap_or_default();
        // A second carrier code is one more of the same.
        let rest = if rest.starts_with("00") { "0" } else { rest };
        return charged(Charged::Carrier) && naive(rules, class, rest);
    }
    if head("0570") {
        return charged(Charged::SharedCost);
    }
    if head("0990") {
        return charged(Charged::Premium);
    }
    if head("020") {
        return charged(Charged::Machine);
    }
    if head("091") {
        return charged(Charged::Connection);
    }
    let mobile = ["060", "070", "080", "090"].iter().any(|p| head(p));
    if mobile && !head("0600") && !head("0800") {
        return at_least(TollClass::Mobile);
    }
    at_least(TollClass::Domestic)
}

fn rules() -> impl Strategy<Value = TollRules> {
    let country = prop::sample::select(vec!["1", "44", "81", "886", "1808", "870"]);
    (any::<u8>(), prop::collection::vec(country, 0..4)).prop_map(|(open, countries)| {
        let mut rules = TollRules::default();
        for what in Charged::ALL {
            rules.set_open(what, open & (1 << what as u8) != 0);
        }
        rules.countries = countries.into_iter().map(Box::from).collect();
        rules
    })
}

/// Beginnings that mean something, and others.
fn digits() -> impl Strategy<Value = String> {
    let heads = [
        "0", "00", "0033", "00330", "0033010", "002", "00211", "0091", "00910", "009155", "010",
        "01044", "0101", "01086", "010870", "010881", "0570", "0990", "020", "0200", "0204", "091",
        "060", "0600", "070", "080", "0800", "090", "0120", "0170", "0180", "050", "03", "1", "11",
        "17", "171",
    ];
    let tail = prop::collection::vec(0u8..10, 0..10);
    (prop::sample::select(heads.to_vec()), tail).prop_map(|(head, tail)| {
        tail.into_iter().fold(head.to_owned(), |text, digit| text + &digit.to_string())
    })
}

proptest! {
    #[test]
    fn the_table_says_what_its_rows_say(rules in rules(), at in 0usize..5, digits in digits()) {
        let class = TollClass::ALL[at];
        prop_assert_eq!(rules.permits(class, &digits), naive(&rules, class, &digits));
    }

    #[test]
    fn a_wider_class_permits_no_less(rules in rules(), at in 0usize..4, digits in digits()) {
        let (class, wider) = (TollClass::ALL[at], TollClass::ALL[at + 1]);
        prop_assert!(!rules.permits(class, &digits) || rules.permits(wider, &digits));
    }

    #[test]
    fn rules_survive_their_text(rules in rules(), at in 0usize..5) {
        let mut rules = rules;
        rules.class = TollClass::ALL[at];
        prop_assert_eq!(TollRules::parse(&rules.text()), Some(rules));
    }
}

#[test]
fn charged_numbers_are_denied_until_they_are_opened() {
    let closed = TollRules::default();
    let all = TollClass::International;
    for digits in ["01012125551234", "0570123456", "0990123456", "010881612345", "003301044207"] {
        assert!(!closed.permits(all, digits), "{digits}");
    }
    for digits in ["0312345678", "09012345678", "0120123456", "05012345678", "117", "0600123456"] {
        assert!(closed.permits(all, digits), "{digits}");
    }
    // A country behind a carrier code needs both.
    let mut opened = TollRules::default();
    opened.countries = ["44".into()].into();
    assert!(opened.permits(all, "010442079460000"));
    assert!(!opened.permits(all, "0033010442079460"));
    opened.set_open(Charged::Carrier, true);
    assert!(opened.permits(all, "0033010442079460"));
    assert!(!opened.permits(TollClass::Special, "0033010442079460"));
    assert_eq!(TollRules::parse(""), Some(TollRules::default()));
    for broken in ["x", "internal", "internal;x;", "internal;;;", "none;;"] {
        assert_eq!(TollRules::parse(broken), None, "{broken}");
    }
}

#[test]
fn countries_are_codes_with_or_without_an_area() {
    for good in ["1", "1808", "44", "86", "886", "7", "81"] {
        assert!(is_country(good), "{good}");
    }
    for bad in ["", "0", "4", "88", "870", "8816", "12345678", "4x", "044"] {
        assert!(!is_country(bad), "{bad}");
    }
    let put = |countries: &[&str]| {
        let mut tenant = tenant(1);
        tenant.toll.countries = countries.iter().map(|c| Box::from(*c)).collect();
        apply(&company(), &[Change::TenantPut(tenant)])
    };
    assert!(put(&["1", "44"]).is_ok());
    let broken = |countries| put(countries).map(|_| ()).expect_err("refused")[0].clone();
    let bad = broken(&["44", "8"]);
    assert_eq!((bad.code, bad.field, &*bad.value), (code::BAD_TEXT, Field::Toll, "8"));
    assert_eq!(broken(&["44", "44"]).code, code::DUPLICATE);
}

#[test]
fn a_number_has_its_own_class_else_its_departments_else_the_companys() {
    let mut limited = tenant(1);
    limited.toll.class = TollClass::Mobile;
    let group = Department {
        toll: Some(TollClass::Domestic),
        members: [user_id(1)].into(),
        ..department(1, "2200", &[])
    };
    let set = [Change::TenantPut(Tenant { ..limited }), Change::DepartmentPut(group)];
    let now = apply(&company(), &set).expect("valid");
    let class = |s: &crate::Snapshot, text| s.toll_class(tenant_id(1), Some(dn(text)));
    assert_eq!(class(&now, "2001"), TollClass::Domestic, "of a member");
    assert_eq!(class(&now, "2200"), TollClass::Domestic, "of its own forwards");
    assert_eq!(class(&now, "2002"), TollClass::Mobile);
    assert_eq!(now.toll_class(tenant_id(1), None), TollClass::Mobile);
    let own = DnSettings { toll: Some(TollClass::Internal), ..settings("2001") };
    let now = apply(&now, &[Change::DnSettingsPut(own)]).expect("valid");
    assert_eq!(class(&now, "2001"), TollClass::Internal);
    assert!(!now.permits_toll(tenant_id(1), Some(dn("2001")), "0312345678"));
}
