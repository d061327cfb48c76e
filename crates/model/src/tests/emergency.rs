//! Ways out for emergency calls: what they may be, and what holds them (J31, J32).

use super::world::{company, dn, gateway, site, site_id};
use crate::emergency::{parse, text};
use crate::violation::{Field, code};
use crate::{Change, EmergencyRoute, Gateway, Site, Snapshot, apply};

fn route(n: u128, shown: &str) -> EmergencyRoute {
    EmergencyRoute { gateway: gateway(n, "0").id, shown: dn(shown), back: None }
}

fn with(routes: &[EmergencyRoute]) -> Change {
    Change::SitePut(Site { emergency: routes.into(), ..site(1, 1) })
}

fn prepared() -> Snapshot {
    let set = [Change::GatewayPut(gateway(1, "0")), Change::GatewayPut(gateway(2, "8"))];
    let now = apply(&company(), &set).expect("gateways");
    apply(&now, &[with(&[route(1, "0312345678"), route(2, "0612345678")])]).expect("ways out")
}

fn refused(now: &Snapshot, change: Change) -> (u16, Field) {
    let broken = apply(now, &[change]).expect_err("refused");
    (broken[0].code, broken[0].field)
}

#[test]
fn ways_out_survive_their_text() {
    let both = [
        route(1, "0312345678"),
        EmergencyRoute { back: Some(dn("2000")), ..route(2, "0612345678") },
    ];
    assert_eq!(parse(&text(&both)).as_deref(), Some(&both[..]));
    assert_eq!(parse("").as_deref(), Some(&[][..]));
    let one = text(&both[..1]);
    for broken in ["x", "x:0312345678", &format!("{one}:1:2"), &vec![one.clone(); 9].join(" ")] {
        assert_eq!(parse(broken), None, "{broken}");
    }
}

#[test]
fn the_number_is_one_that_authorities_can_call() {
    for good in ["0312345678", "09012345678", "0112345678", "06001234567"] {
        assert!(route(1, good).is_lawful(), "{good}");
    }
    for bad in ["05012345678", "0120123456", "08001234567", "2001", "0570123456", "031234567"] {
        assert!(!route(1, bad).is_lawful(), "{bad}");
        let field = (code::BAD_TEXT, Field::Emergency);
        assert_eq!(refused(&prepared(), with(&[route(1, bad)])), field, "{bad}");
    }
}

#[test]
fn the_gateway_stands_at_the_site_and_stays_there() {
    let now = prepared();
    let missing = (code::NOT_FOUND, Field::Emergency);
    assert_eq!(refused(&now, with(&[route(9, "0312345678")])), missing);
    let twice = [route(1, "0312345678"), route(1, "0312345679")];
    assert_eq!(refused(&now, with(&twice)), (code::DUPLICATE, Field::Emergency));
    let gone = Change::GatewayDelete(gateway(1, "0").id);
    assert_eq!(refused(&now, gone.clone()), (code::IN_USE, Field::Object));
    let branch = Site { domain: "branch.example.jp".into(), ..site(7, 1) };
    let moved = Gateway { site: site_id(7), ..gateway(1, "0") };
    let set = [Change::SitePut(branch), Change::GatewayPut(moved)];
    let broken = apply(&now, &set).expect_err("it would reach the authorities of another place");
    assert!(broken.iter().any(|v| (v.code, v.field) == (code::IN_USE, Field::Site)));
    // Both at once may go.
    assert!(apply(&now, &[with(&[route(2, "0612345678")]), gone]).is_ok());
    let nine: Vec<_> = (0..9).map(|n| route(1, &format!("031234567{n}"))).collect();
    assert_eq!(refused(&now, with(&nine)).1, Field::Emergency);
}
