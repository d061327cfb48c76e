use model::{Ha1, MobileState};
use store::Commit;

use super::{NOW, empty, rng};
use crate::Lang;
use crate::demo::{DOMAIN, Role, company};

#[tokio::test]
async fn the_sample_company_is_accepted_by_the_store() {
    let (store, path) = empty().await;
    let demo = company(Lang::Ja, NOW, &mut rng());
    let commit = Commit {
        seen: store.snapshot().tenant_revision(demo.tenant),
        changes: &demo.changes,
        act: "demo",
        detail: "",
        at: NOW,
    };
    let done = store.commit(&store.operator_scope(demo.tenant), commit).await.expect("stored");
    let snapshot = done.snapshot;
    assert_eq!(snapshot.dn_count(demo.tenant), 16);
    let roles: Vec<(Role, String)> = demo.phones.iter().map(|p| (p.role, p.dn.text())).collect();
    let expected = [
        (Role::Echo, "2001"),
        (Role::Music, "2002"),
        (Role::Busy, "2003"),
        (Role::Caller, "2009"),
        (Role::Free, "2101"),
        (Role::Free, "2102"),
        (Role::Free, "2103"),
    ];
    assert_eq!(roles, expected.map(|(role, dn)| (role, dn.to_owned())));
    for phone in &demo.phones {
        let device = snapshot.device_by_sip_id(demo.tenant, &phone.sip_id).expect("a terminal");
        let ha1 = Ha1::of(&phone.sip_id, DOMAIN, phone.secret.expose());
        assert_eq!((device.id, device.ha1_sha256), (phone.device, ha1.sha256));
        let user = device.user.and_then(|id| snapshot.user(id)).expect("its user");
        assert_eq!((user.dn, &*user.name), (phone.dn, phone.name.as_str()));
    }
    let stock = snapshot.mobiles(demo.tenant).filter(|m| m.state == MobileState::Unassigned);
    assert_eq!(stock.count(), 2);
    let number = |text: &str| base::Dn::parse(text).expect("a number");
    let hunt = snapshot.hunt_by_pilot(demo.tenant, number("7000")).expect("a hunting group");
    assert_eq!(hunt.members.len(), 5);
    let department = snapshot.department_by_dn(demo.tenant, number("7100"));
    assert_eq!(department.expect("a department").members.len(), 3);
    assert_eq!(snapshot.pickup_groups_of(demo.tenant, number("2101")), [1]);
    assert_eq!(snapshot.all_park_slots(demo.tenant).count(), 4);
    assert_eq!(snapshot.all_settings(demo.tenant).count(), 3);
    let tenant = snapshot.tenant(demo.tenant).expect("the company");
    assert!(tenant.code(model::CodeKind::Hold).is_some(), "codes of calls are contracted");
    std::fs::remove_dir_all(path).expect("removed");
}

#[test]
fn names_are_in_the_language_of_the_reader() {
    let name = |lang| {
        let demo = company(lang, NOW, &mut rng());
        demo.phones.into_iter().next().map(|p| p.name)
    };
    assert_ne!(name(Lang::Ja), name(Lang::En));
}
