//! Which line goes out, against a model that looks at plain lists.

use base::id::{DeviceId, GatewayId, LineId, Uuid};
use base::{Dn, Wall};
use model::{Change, Gateway, GatewayKind, Line, Preset, Site, Snapshot, Tenant, User, UserState};
use proptest::prelude::*;

use super::world::{TENANT, dn, user_id};
use crate::route::line::{Chosen, Way, choose, may_call};

const GATEWAYS: u16 = 3;
const LINES: u16 = 6;
const PEOPLE: u16 = 4;

/// A line as the model sees it.
#[derive(Debug, Clone)]
struct Plain {
    gateway: u16,
    callers: Vec<u16>,
}

#[derive(Debug, Clone)]
struct Setup {
    lines: Vec<Plain>,
    /// Index of the common line, if one is.
    common: Option<usize>,
    /// By person: index of the initial line.
    initial: Vec<Option<usize>>,
}

fn setup() -> impl Strategy<Value = Setup> {
    let plain = (0..GATEWAYS, prop::collection::vec(0..PEOPLE, 0..4));
    let plain = plain.prop_map(|(gateway, callers)| Plain { gateway, callers });
    let lines = prop::collection::vec(plain, 0..usize::from(LINES));
    let at = || prop::option::of(0..usize::from(LINES));
    (lines, at(), prop::collection::vec(at(), usize::from(PEOPLE))).prop_map(
        |(lines, common, initial)| {
            let known = |at: Option<usize>| at.filter(|at| *at < lines.len());
            let initial = initial.into_iter().map(known).collect();
            Setup { common: known(common), initial, lines: lines.clone() }
        },
    )
}

fn line_id(at: usize) -> LineId {
    LineId(Uuid(0x7_0000 + at as u128))
}

fn gateway_id(n: u16) -> GatewayId {
    GatewayId(Uuid(0x6_0000 + u128::from(n)))
}

/// Prefixes of the gateways: the first one is the outside prefix.
const PREFIXES: [&str; GATEWAYS as usize] = ["0", "8", "9"];

fn snapshot(setup: &Setup) -> Snapshot {
    let site = Site::new(base::id::SiteId(Uuid(1)), TENANT, "sample.example", "本社");
    let tenant = Tenant::new(TENANT, "見本", "sample.example", Preset::OfficeLink);
    let mut changes = vec![Change::TenantPut(tenant), Change::SitePut(site.clone())];
    for n in 0..PEOPLE {
        changes.push(Change::UserPut(User {
            id: user_id(n),
            tenant: TENANT,
            site: site.id,
            name: "利用者".into(),
            furigana: Box::default(),
            dn: dn(2000 + n),
            web_user: Box::default(),
            state: UserState::Active,
            ring_time_s: 60,
            pickup_departments: Box::default(),
            former_devices: Box::default(),
            created_at: Wall(0),
            updated_at: Wall(0),
        }));
    }
    for (n, prefix) in (0..GATEWAYS).zip(PREFIXES) {
        changes.push(Change::GatewayPut(Gateway {
            id: gateway_id(n),
            tenant: TENANT,
            site: site.id,
            name: "GW".into(),
            kind: GatewayKind::Sip,
            prefix: prefix.into(),
            channels: 1,
            account: None::<DeviceId>,
            holds_line: false,
        }));
    }
    for (at, plain) in setup.lines.iter().enumerate() {
        let code = Dn::parse(&format!("{}", at + 1)).expect("digits");
        let number = Dn::parse(&format!("031111000{at}")).expect("digits");
        let mut line = Line::new(line_id(at), (TENANT, gateway_id(plain.gateway)), code, number);
        let mut callers = plain.callers.clone();
        callers.sort_unstable();
        callers.dedup();
        line.callers = callers.into_iter().map(user_id).collect();
        line.common = setup.common == Some(at);
        let whose = (0..PEOPLE).filter(|p| setup.initial[usize::from(*p)] == Some(at));
        line.initial_of = whose.map(user_id).collect();
        changes.push(Change::LinePut(line));
    }
    Snapshot::build(changes).expect("a lawful company")
}

/// Index of the line, why, and whether it may be used.
fn naive(setup: &Setup, payer: Option<u16>, way: Dialled) -> Option<(usize, Chosen, bool)> {
    let may = |at: usize| payer.is_none_or(|p| setup.lines[at].callers.contains(&p));
    let own = payer.and_then(|p| setup.initial[usize::from(p)]).map(|at| (at, Chosen::Own));
    let initial = own.or(setup.common.map(|at| (at, Chosen::Common)));
    let of_gateway = |n: u16| {
        let all: Vec<usize> =
            (0..setup.lines.len()).filter(|at| setup.lines[*at].gateway == n).collect();
        let usable = all.iter().find(|at| may(**at)).or(all.first());
        usable.map(|at| (*at, Chosen::Gateway))
    };
    let chosen = match way {
        Dialled::Line(at) => Some((at, Chosen::Dialled)),
        Dialled::Nothing => initial,
        Dialled::Gateway(0) => initial.or_else(|| of_gateway(0)),
        Dialled::Gateway(n) => {
            initial.filter(|(at, _)| setup.lines[*at].gateway == n).or_else(|| of_gateway(n))
        }
    };
    chosen.map(|(at, why)| (at, why, may(at)))
}

#[derive(Debug, Clone, Copy)]
enum Dialled {
    Nothing,
    Gateway(u16),
    Line(usize),
}

proptest! {
    #[test]
    fn the_line_is_the_one_of_the_model(setup in setup()) {
        let snapshot = snapshot(&setup);
        let gateways = (0..GATEWAYS).map(Dialled::Gateway);
        let lines = (0..setup.lines.len()).map(Dialled::Line);
        for way in gateways.chain(lines).chain([Dialled::Nothing]) {
            for payer in (0..PEOPLE).map(Some).chain([None]) {
                let user = payer.and_then(|p| snapshot.user(user_id(p)));
                let real = match way {
                    Dialled::Nothing => Way::Plain,
                    Dialled::Gateway(n) => Way::Gateway(gateway_id(n)),
                    Dialled::Line(at) => Way::Line(line_id(at)),
                };
                let found = choose(&snapshot, TENANT, user, real);
                let found = found.map(|(l, why)| (l.id, why, may_call(&snapshot, user, l)));
                let wanted = naive(&setup, payer, way);
                let wanted = wanted.map(|(at, why, may)| (line_id(at), why, may));
                prop_assert_eq!(found, wanted, "{:?} {:?}", way, payer);
            }
        }
    }
}
