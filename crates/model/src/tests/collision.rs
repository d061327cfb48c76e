//! The checker of codes against the table and the examples of customer-control, section 6, and
//! against a plain look at all pairs.

use std::collections::BTreeSet;

use base::id::SiteId;
use proptest::prelude::*;

use super::world::*;
use crate::plan::RESERVED;
use crate::violation::code;
use crate::*;

fn code_of(text: &str) -> Code {
    Code::parse(text).expect("a code")
}

/// Tenant 1 with every option, these codes and no other.
fn coded(codes: &[(CodeKind, &str)]) -> Tenant {
    let mut tenant = Tenant { options: Options::ALL, codes: Codes::none(), ..tenant(1) };
    codes.iter().for_each(|(kind, text)| tenant.codes.set(*kind, Some(code_of(text))));
    tenant
}

/// Errors between the codes of a tenant, and its numbers: (relation, warning).
fn found(codes: &[(CodeKind, &str)], more: &[Change]) -> Vec<(Relation, bool)> {
    let first = [Change::TenantPut(coded(codes)), Change::SitePut(site(1, 1))];
    let changes: Vec<Change> = first.into_iter().chain(more.iter().cloned()).collect();
    let snapshot = unchecked(&Snapshot::empty(), &changes);
    collisions(&snapshot, tenant_id(1)).into_iter().map(|c| (c.relation, c.warning)).collect()
}

use CodeKind::{DialConfirm, GroupPickup, Hold, Park, Pickup, PushToneSend};
use Relation::{Begins, Contains, Equals};

#[test]
fn examples_of_the_specification() {
    let numbered = |number: &str| [Change::UserPut(user(9, number))];
    assert_eq!(found(&[(Hold, "#7"), (DialConfirm, "#71")], &[]), [(Begins, false)]);
    assert_eq!(found(&[(Hold, "#7"), (DialConfirm, "#1")], &[]), []);
    assert_eq!(found(&[(Hold, "20")], &numbered("2001")), [(Begins, false)]);
    assert_eq!(found(&[(Hold, "*")], &numbered("2001")), []);
    assert_eq!(Hold.risk(code_of("*")), Some(CodeRisk::OneCharacter));
    assert_eq!(found(&[(Hold, "77")], &numbered("2001")), []);
    assert_eq!(Hold.risk(code_of("77")), Some(CodeRisk::DigitsOnly));
    assert_eq!(Hold.risk(code_of("#7")), None);
    assert_eq!(DialConfirm.parse("71"), Err(CodeError::First));
    let office = Change::SitePut(Site { number: Some("81".into()), ..site(1, 1) });
    assert_eq!(found(&[], &[office, numbered("8100")[0].clone()]), [(Begins, false)]);
    let warned = [Change::UserPut(user(8, "20")), Change::UserPut(user(9, "2001"))];
    assert_eq!(found(&[], &warned), [(Begins, true)]);
}

type Coded = &'static [(CodeKind, &'static str)];

#[test]
fn rows_of_the_table() {
    let cases: &[(Coded, &[(Relation, bool)])] = &[
        // Codes pressed in a call hold no other one, anywhere.
        (&[(Hold, "1#2"), (Park, "#2")], &[(Contains, false)]),
        (&[(PushToneSend, "#12"), (DialConfirm, "#1")], &[(Begins, false)]),
        (&[(PushToneSend, "*#1"), (DialConfirm, "#1")], &[(Contains, false)]),
        (&[(Hold, "*5"), (Pickup, "*55")], &[(Begins, false)]),
        (&[(Hold, "55"), (Pickup, "*55")], &[]),
        // Tones and confirm may begin a dialled code but not equal it.
        (&[(PushToneSend, "*5"), (Pickup, "*55")], &[]),
        (&[(PushToneSend, "*55"), (Pickup, "*55")], &[(Equals, false)]),
        (&[(PushToneSend, "*91"), (CodeKind::Login, "*91")], &[]),
        // A dialled code that holds the confirm code would be cut short.
        (&[(DialConfirm, "#1"), (CodeKind::Login, "*9#1")], &[(Contains, false)]),
        (&[(DialConfirm, "*91"), (CodeKind::Login, "*9")], &[]),
        (&[(Pickup, "*5"), (GroupPickup, "*56")], &[(Begins, false)]),
        (&[(Park, "*5"), (GroupPickup, "*56")], &[(Begins, false)]),
        (&[(Pickup, "11")], &[(Begins, false); 8]),
        (&[(Pickup, "110")], &[(Equals, false)]),
        (&[(Pickup, "03")], &[(Begins, false)]),
    ];
    for (codes, expected) in cases {
        assert_eq!(found(codes, &[]), *expected, "{codes:?}");
    }
}

#[test]
fn the_default_codes_pass_with_every_option() {
    let numbers: Vec<Change> = ["20", "9999", "5555", "2"]
        .iter()
        .zip(20..)
        .map(|(t, n)| Change::UserPut(user(n, t)))
        .collect();
    let tenant = Tenant { options: Options::ALL, ..tenant(1) };
    let all = [Change::TenantPut(tenant), Change::SitePut(site(1, 1))];
    let all: Vec<Change> = all.into_iter().chain(numbers).collect();
    let errors = collisions(&unchecked(&Snapshot::empty(), &all), tenant_id(1));
    assert!(errors.iter().all(|c| c.warning), "{errors:?}");
    for kind in CodeKind::ALL {
        assert_eq!(kind.parse(kind.default_text()), Ok(code_of(kind.default_text())));
        assert_eq!(CodeKind::of_name(kind.name()), Some(kind));
    }
    assert_eq!(CodeKind::ALL.map(CodeKind::name).into_iter().collect::<BTreeSet<_>>().len(), 27);
}

#[test]
fn shapes_of_codes() {
    for (kind, text, expected) in [
        (Hold, "12345", Err(CodeError::TooLong { max: 4 })),
        (Hold, "1234", Ok(())),
        (Hold, "", Err(CodeError::Empty)),
        (Hold, "7a", Err(CodeError::Character('a'))),
        (PushToneSend, "#123", Err(CodeError::TooLong { max: 3 })),
        (PushToneSend, "9", Err(CodeError::First)),
        (DialConfirm, "*12", Ok(())),
        (Pickup, "*12345", Ok(())),
        (Pickup, "*123456", Err(CodeError::TooLong { max: 6 })),
    ] {
        assert_eq!(kind.parse(text).map(|_| ()), expected, "{kind:?} {text}");
    }
}

#[test]
fn options_and_sites_decide_what_is_active() {
    let hold = Tenant { options: Options::default(), ..coded(&[(Hold, "20"), (Park, "#5")]) };
    let set = [Change::TenantPut(hold.clone()), Change::SitePut(site(1, 1))];
    let now = unchecked(&company(), &set);
    assert_eq!(collisions(&now, tenant_id(1)).len(), 0, "hold is not contracted");
    assert_eq!((hold.code(Hold), hold.code(Park)), (None, Some(code_of("#5"))));

    // Contracting the option brings the code in, and with it the collision.
    let full = Tenant { options: Options::ALL, ..hold };
    let errors = apply(&now, &[Change::TenantPut(full.clone())]).expect_err("20 begins 2001");
    assert_eq!((errors[0].code, errors[0].field), (code::CODE_COLLISION, Field::Code(Hold)));
    assert_eq!(errors.len(), 1, "once for all numbers");

    // A site may have its own; elsewhere the tenant's holds.
    let mut own = site(1, 1);
    own.set_code(Hold, SiteCode::Own(code_of("#3")));
    own.set_code(Park, SiteCode::Off);
    let full = Tenant { codes: Codes::default(), ..full };
    let far = Site { domain: "far.example.jp".into(), ..site(2, 1) };
    let set = [Change::TenantPut(full), Change::SitePut(own), Change::SitePut(far)];
    let now = apply(&company(), &set).expect("lawful");
    assert_eq!(now.site_code(site_id(1), Hold), Some(code_of("#3")));
    assert_eq!(now.site_code(site_id(1), Park), None);
    assert_eq!(now.site_code(site_id(1), DialConfirm), Some(code_of("#1")));
    assert_eq!(now.site_code(site_id(1), Pickup), Some(code_of("*55")));
    assert_eq!(now.site_code(site_id(2), Park), Some(code_of("#5")));
    let none = Tenant { options: Options::NONE, ..tenant(1) };
    let none = apply(&now, &[Change::TenantPut(none)]).expect("lawful");
    assert_eq!(none.site_code(site_id(1), Hold), None);
    assert_eq!(none.site_code(site_id(1), CodeKind::Login), Some(code_of("*91")));
}

/// A code that was overridden everywhere is in force again once a site goes back to it.
#[test]
fn going_back_to_the_tenants_code_is_checked() {
    let mut own = site(1, 1);
    own.set_code(Hold, SiteCode::Own(code_of("#5")));
    own.set_code(Park, SiteCode::Own(code_of("#6")));
    let tenant = Tenant { options: Options::ALL, ..tenant(1) };
    let set = [Change::TenantPut(tenant), Change::SitePut(own.clone())];
    let now = apply(&company(), &set).expect("lawful");
    own.set_code(Park, SiteCode::Inherit);
    let errors = apply(&now, &[Change::SitePut(own)]).expect_err("hold is park now");
    assert_eq!((errors[0].code, errors[0].change, errors.len()), (code::CODE_COLLISION, 0, 1));
    assert_eq!(errors[0].with.as_ref().and_then(|w| w.noun), Some(Noun::Code(Park)));
}

#[test]
fn both_sides_are_named() {
    let prefix = Change::GatewayPut(gateway(1, "20"));
    let errors = apply(&company(), std::slice::from_ref(&prefix)).expect_err("2001");
    assert_eq!((errors.len(), errors[0].code, &*errors[0].value), (1, 252, "20"));
    let with = errors[0].with.clone().expect("the number");
    assert_eq!((with.noun, with.dn), (Some(Noun::User), Some(dn("2001"))));

    let now = apply(&company(), &[Change::GatewayPut(gateway(1, "31"))]).expect("free");
    let errors = apply(&now, &[Change::UserPut(user(9, "3100"))]).expect_err("in the way");
    assert_eq!((errors.len(), errors[0].code, &*errors[0].value), (1, 237, "3100"));
    let with = errors[0].with.clone().expect("the prefix");
    assert_eq!((with.noun, &*with.name), (Some(Noun::Gateway), "31"));

    // Both new: the prefix is to blame, the number is told by its change.
    let both = [Change::UserPut(user(9, "4100")), Change::GatewayPut(gateway(2, "41"))];
    let errors = apply(&now, &both).expect_err("together");
    assert_eq!((errors.len(), errors[0].code, errors[0].change), (1, 252, 1));
    assert_eq!(errors[0].with.as_ref().and_then(|w| w.change), Some(0));

    let twice = [Change::GatewayPut(gateway(2, "5")), Change::GatewayPut(gateway(3, "51"))];
    let errors = apply(&now, &twice).expect_err("one begins the other");
    assert_eq!((errors.len(), errors[0].code, errors[0].change), (1, 252, 1));
    assert!(apply(&now, &[Change::GatewayPut(gateway(2, "0"))]).is_ok(), "0 alone is allowed");
}

#[test]
fn a_form_asks_about_one_entry() {
    let now = apply(&company(), &[Change::UserPut(user(9, "20"))]).expect("only a warning");
    let ask = |entry| collisions_with(&now, tenant_id(1), &entry);
    let hold = Entry::Code { kind: Hold, code: code_of("2"), site: None };
    assert_eq!(ask(hold).iter().filter(|c| !c.warning).count(), 3);
    let owner = DnOwner::User(user_id(50));
    let number = ask(Entry::Number { dn: dn("200"), owner });
    assert_eq!(number.iter().filter(|c| c.warning).count(), 3);
    let same = Entry::Number { dn: dn("20"), owner: DnOwner::User(user_id(9)) };
    assert_eq!(ask(same).len(), 2, "not with itself");
    let hold = Entry::Code { kind: Hold, code: code_of("#5"), site: Some(site_id(1)) };
    assert_eq!(ask(hold).len(), 1, "the tenant's park code holds at the site");
}

// What follows is the table once more, row by row, over all pairs.

type Row = (fn(&Entry) -> bool, fn(&Entry) -> bool, &'static str);

fn is(entry: &Entry, kinds: &[CodeKind]) -> bool {
    matches!(entry, Entry::Code { kind, .. } if kinds.contains(kind))
}
fn is_hold(e: &Entry) -> bool {
    is(e, &[Hold])
}
fn is_sign(e: &Entry) -> bool {
    is(e, &[DialConfirm, PushToneSend])
}
fn is_dial(e: &Entry) -> bool {
    matches!(e, Entry::Code { kind, .. } if kind.class() == CodeClass::Dial) || is(e, &[Park])
}
fn is_prefix(e: &Entry) -> bool {
    matches!(e, Entry::Prefix { .. })
}
fn is_number(e: &Entry) -> bool {
    matches!(e, Entry::Number { .. })
}

const ROWS: [Row; 8] = [
    (is_hold, |e| is_dial(e) || is_prefix(e) || is_number(e), "begins"),
    (is_sign, |e| is_prefix(e) || is(e, &[Hold, Park, Pickup, GroupPickup]), "equal"),
    (|e| is(e, &CodeKind::OF_CALL), |e| is(e, &CodeKind::OF_CALL), "contains"),
    (|e| is(e, &[DialConfirm]), is_dial, "is in"),
    (is_dial, |e| is_dial(e) || is_prefix(e) || is_number(e), "begins"),
    (is_prefix, |e| is_prefix(e) || is_number(e), "begins"),
    (
        |e| !matches!(e, Entry::Reserved(_)) && (!is_prefix(e) || e.text() != "0"),
        |e| matches!(e, Entry::Reserved(_)),
        "begins",
    ),
    (is_number, is_number, "begins"),
];

fn naive(snapshot: &Snapshot) -> BTreeSet<(Entry, Entry, bool)> {
    let tenant = snapshot.tenant(tenant_id(1)).expect("tenant");
    let mut rest: Vec<Entry> =
        snapshot.dns(tenant.id).map(|(dn, owner)| Entry::Number { dn, owner }).collect();
    rest.extend(RESERVED.iter().map(|r| Entry::Reserved(r)));
    rest.push(Entry::Reserved("0"));
    for s in snapshot.sites(tenant.id) {
        let what = PrefixOwner::Site(s.id);
        rest.extend(s.number.clone().map(|digits| Entry::Prefix { what, digits }));
    }
    if tenant.options.contains(TenantOption::Gateways) {
        for g in snapshot.gateways(tenant.id) {
            let what = PrefixOwner::Gateway(g.id);
            rest.push(Entry::Prefix { what, digits: g.prefix.clone() });
        }
    }
    let mut out = BTreeSet::new();
    let scopes = std::iter::once(None).chain(snapshot.sites(tenant.id).map(Some));
    for scope in scopes {
        let code = |kind| -> Option<Entry> {
            match scope.map_or(SiteCode::Inherit, |s| s.code(kind)) {
                SiteCode::Own(code) if tenant.options.permits(kind) => {
                    Some(Entry::Code { kind, code, site: scope.map(|s| s.id) })
                }
                SiteCode::Inherit => {
                    Some(Entry::Code { kind, code: tenant.code(kind)?, site: None })
                }
                SiteCode::Own(_) | SiteCode::Off => None,
            }
        };
        let mut all = rest.clone();
        all.extend(CodeKind::ALL.into_iter().filter_map(code));
        for (n, a) in all.iter().enumerate() {
            for b in &all[n + 1..] {
                if let Some(warning) = collide(a, b).or(collide(b, a)) {
                    let (a, b) = if a < b { (a, b) } else { (b, a) };
                    out.insert((a.clone(), b.clone(), warning));
                }
            }
        }
    }
    out
}

fn collide(a: &Entry, b: &Entry) -> Option<bool> {
    let (x, y) = (a.text(), b.text());
    let begins = x.starts_with(&y) || y.starts_with(&x);
    let bad = ROWS.iter().any(|(is_a, is_b, relation)| {
        is_a(a)
            && is_b(b)
            && match *relation {
                "equal" => x == y,
                "begins" => begins,
                "contains" => x.contains(&y) || y.contains(&x),
                _ => y.contains(&x),
            }
    });
    bad.then(|| is_number(a) && is_number(b) && x != y)
}

fn text(of: &'static str, len: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let letter = (0..of.len()).prop_map(move |at| of.as_bytes()[at] as char);
    proptest::collection::vec(letter, len).prop_map(|v| v.into_iter().collect())
}

fn site_code() -> impl Strategy<Value = SiteCode> {
    prop_oneof![
        3 => Just(SiteCode::Inherit),
        1 => Just(SiteCode::Off),
        2 => text("2#*", 1..=3).prop_map(|t| SiteCode::Own(code_of(&t))),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    let kinds = proptest::sample::subsequence(CodeKind::ALL.to_vec(), 0..5);
    let codes = proptest::collection::vec(text("21#*", 1..=3), 5);
    let number = || text("21", 2..=4).prop_map(|t| format!("2{t}"));
    let site_codes = [site_code(), site_code(), site_code(), site_code()];
    prop_oneof![
        (kinds, codes, 0u32..256).prop_map(|(kinds, texts, bits)| {
            let mut tenant = Tenant { options: Options::from_bits(bits | 1), ..coded(&[]) };
            for (kind, text) in kinds.into_iter().zip(texts) {
                tenant.codes.set(kind, Some(code_of(&text)));
            }
            Change::TenantPut(tenant)
        }),
        (1u128..4, site_codes, proptest::option::of(text("23", 2..=3))).prop_map(
            |(n, codes, number)| {
                let number = number.map(Box::from);
                Change::SitePut(Site { codes, number, tenant: tenant_id(1), ..site(n, 1) })
            }
        ),
        (0u128..3, text("23", 1..=3)).prop_map(|(n, p)| Change::GatewayPut(gateway(n, &p))),
        (0u128..3).prop_map(|n| Change::GatewayDelete(gateway_id(n))),
        (0u128..6, number()).prop_map(|(n, t)| Change::UserPut(user(n, &t))),
        (0u128..3, number()).prop_map(|(n, t)| Change::VirtualDnPut(virtual_dn(n, &t))),
        (0u128..3, number()).prop_map(|(n, t)| Change::DepartmentPut(department(n, &t, &[]))),
        (1u16..4, number()).prop_map(|(n, t)| Change::HuntPut(hunt(n, &t, &[]))),
        number().prop_map(|t| Change::ParkSlotPut(slot(&t))),
    ]
}

fn bare() -> Snapshot {
    let first = [Change::TenantPut(coded(&[])), Change::SitePut(site(1, 1))];
    apply(&Snapshot::empty(), &first).expect("lawful")
}

const COLLIDES: [u16; 4] = [code::DUPLICATE, code::COLLISION, code::IN_USE, code::CODE_COLLISION];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_checker_finds_what_all_pairs_find(
        set in proptest::collection::vec(any_change(), 0..14),
    ) {
        let snapshot = unchecked(&bare(), &set);
        let quick: BTreeSet<_> = collisions(&snapshot, tenant_id(1))
            .into_iter()
            .map(|c| (c.a, c.b, c.warning))
            .collect();
        prop_assert_eq!(&quick, &naive(&snapshot));
        for (a, b, _) in &quick {
            for (one, other) in [(a, b), (b, a)] {
                if !matches!(one, Entry::Reserved(_)) {
                    let with = collisions_with(&snapshot, tenant_id(1), one);
                    prop_assert!(with.iter().any(|c| c.a == *other || c.b == *other));
                }
            }
        }
    }

    /// Step by step, without a look at everything, the same is refused as by all pairs.
    #[test]
    fn changes_are_refused_exactly_when_something_collides(
        sets in proptest::collection::vec(proptest::collection::vec(any_change(), 1..3), 1..16),
    ) {
        let mut now = bare();
        for set in sets {
            let pairs = naive(&unchecked(&now, &set));
            let errors: Vec<_> = pairs.iter().filter(|(_, _, warning)| !warning).collect();
            match apply(&now, &set) {
                Ok(next) => {
                    prop_assert!(errors.is_empty(), "{:?}", errors);
                    now = next;
                }
                Err(found) => {
                    let collides = found.iter().any(|v| COLLIDES.contains(&v.code));
                    prop_assert_eq!(collides, !errors.is_empty(), "{:?} {:?}", found, errors);
                    prop_assert!(found.iter().all(|v| v.change < set.len()));
                }
            }
        }
    }
}

/// A site without own codes follows the tenant, so that its id is of no account.
#[test]
fn sites_without_own_codes_add_nothing() {
    let many: Vec<Change> = (2..50u128)
        .map(|n| Change::SitePut(Site { domain: format!("s{n}.jp").into(), ..site(n, 1) }))
        .collect();
    let now = apply(&bare(), &many).expect("lawful");
    assert_eq!(now.site(SiteId(site_id(7).0)).map(|s| s.codes), Some([SiteCode::Inherit; 4]));
    assert_eq!(collisions(&now, tenant_id(1)), []);
}
