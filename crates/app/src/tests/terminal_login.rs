//! A person logs in at a terminal and out of it: stored, audited, limited (R233, R234, R315).

use base::id::DeviceId;
use base::{Secret, Wall};
use model::own_setting::Declined;
use model::terminal_login::TypedLogin;
use model::{Change, CredentialOwner, Device, NewPassword, Tenant};
use store::{Actor, Commit};

use super::{NOW, empty, rng};
use crate::Lang;
use crate::demo::company;
use crate::service::due::carry_out as carry_out_due;
use crate::terminal_login::carry_out;

struct Office {
    store: store::Store,
    path: std::path::PathBuf,
    tenant: base::id::TenantId,
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// The demo company; 2101 and 2102 have PINs.
async fn office() -> Office {
    let (store, path) = empty().await;
    let demo = company(Lang::Ja, NOW, &mut rng());
    let office = Office { store, path, tenant: demo.tenant };
    office.commit(&demo.changes).await;
    let pin = |dn: &str, text: &str| {
        let dn = base::Dn::parse(dn).expect("digits");
        let user = office.store.snapshot().user_by_dn(demo.tenant, dn).expect("there").id;
        let owner = CredentialOwner::Pin(user);
        let text = Secret::new(text.to_owned());
        Change::Password(NewPassword { owner, text, must_change: false, bulk: false })
    };
    office.commit(&[pin("2101", "4711"), pin("2102", "5813")]).await;
    office
}

impl Office {
    async fn commit(&self, changes: &[Change]) {
        let scope = self.store.operator_scope(self.tenant);
        let seen = self.store.snapshot().tenant_revision(self.tenant);
        let commit = Commit { seen, changes, act: "test", detail: "", at: NOW };
        self.store.commit(&scope, commit).await.expect("lawful");
    }

    fn device(&self, of: &str) -> DeviceId {
        let snapshot = self.store.snapshot();
        let dn = base::Dn::parse(of).expect("digits");
        let user = snapshot.user_by_dn(self.tenant, dn).expect("there");
        *snapshot.devices_of(user.id).first().expect("a terminal")
    }

    /// The extension of who is logged in.
    fn at(&self, device: DeviceId) -> Option<String> {
        let snapshot = self.store.snapshot();
        let user = snapshot.device(device)?.user?;
        snapshot.user(user).map(|u| u.dn.text())
    }

    async fn types(&self, device: DeviceId, dn: &str, pin: &str) -> Result<(), Declined> {
        let typed = TypedLogin { extension: dn.into(), pin: Secret::new(pin.to_owned()) };
        carry_out(&self.store, device, Some(&typed), NOW).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_becomes_the_persons_by_the_persons_own_act() {
    let office = office().await;
    let desk = office.device("2102");
    assert_eq!(office.types(desk, "2101", "0000").await, Err(Declined::WrongPin));
    assert_eq!(office.at(desk).as_deref(), Some("2102"));
    assert_eq!(office.types(desk, "2101", "4711").await, Ok(()));
    assert_eq!(office.at(desk).as_deref(), Some("2101"));
    assert_eq!(office.types(desk, "2101", "4711").await, Ok(()), "is so already");
    let dn = base::Dn::parse("2102").expect("digits");
    let snapshot = office.store.snapshot();
    let former = snapshot.user_by_dn(office.tenant, dn).expect("there");
    assert!(!snapshot.devices_of(former.id).contains(&desk), "who sat there is logged out");

    assert_eq!(carry_out(&office.store, desk, None, NOW).await, Ok(()));
    assert_eq!(office.at(desk), None);
    assert_eq!(carry_out(&office.store, desk, None, NOW).await, Err(Declined::NotAllowed));
    let scope = office.store.operator_scope(office.tenant);
    let trail = office.store.audit_page(&scope, None, 100).await.expect("readable");
    let acts: Vec<_> = trail.iter().filter(|e| e.act.starts_with("terminal-")).collect();
    assert_eq!(acts.len(), 2, "{acts:?}");
    let person = snapshot.user_by_dn(office.tenant, base::Dn::parse("2101").expect("digits"));
    let person = Actor::User(person.expect("there").id);
    assert!(acts.iter().all(|e| e.actor == Some(person)), "{acts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_logged_in_to_more_terminals_than_there_may_be() {
    let office = office().await;
    let tenant = office.store.snapshot().tenant(office.tenant).expect("there").clone();
    office.commit(&[Change::TenantPut(Tenant { accounts_max: 1, ..tenant })]).await;
    let desk = office.device("2102");
    assert_eq!(office.types(desk, "2101", "4711").await, Err(Declined::Full));
    let own = office.device("2101");
    carry_out(&office.store, own, None, NOW).await.expect("logged out");
    assert_eq!(office.types(desk, "2101", "4711").await, Ok(()));
}

/// NOW is 9:00 in Tokyo.
#[tokio::test(flavor = "multi_thread")]
async fn log_ins_end_at_the_time_that_the_company_has_set() {
    let hours = |n: i64| Wall(NOW.0 + n * 3_600_000);
    let at_nine = [(Some(22 * 60), 13), (Some(9 * 60), 24), (Some(0), 15), (None, 0)];
    for (end, lasts) in at_nine {
        let office = office().await;
        let tenant = office.store.snapshot().tenant(office.tenant).expect("there").clone();
        office.commit(&[Change::TenantPut(Tenant { logins_end: end, ..tenant })]).await;
        let (desk, given) = (office.device("2102"), office.device("2101"));
        office.types(desk, "2101", "4711").await.expect("logged in");
        let look = |at| carry_out_due(&office.store, at);
        let Some(lasts) = end.map(|_| lasts) else {
            assert_eq!(look(hours(1_000)).await.ok(), Some(0));
            continue;
        };
        assert_eq!(look(Wall(hours(lasts).0 - 1)).await.ok(), Some(0), "{end:?}");
        assert_eq!(office.at(desk).as_deref(), Some("2101"));
        assert_eq!(look(hours(lasts)).await.ok(), Some(1), "{end:?}");
        assert_eq!((office.at(desk), office.at(given).as_deref()), (None, Some("2101")));
        assert_eq!(look(hours(1_000)).await.ok(), Some(0));
    }
}

/// Whom an administrator puts there afterwards stays.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_log_in_is_no_end_for_whoever_follows() {
    let office = office().await;
    let tenant = office.store.snapshot().tenant(office.tenant).expect("there").clone();
    office.commit(&[Change::TenantPut(Tenant { logins_end: Some(22 * 60), ..tenant })]).await;
    let desk = office.device("2102");
    let before = office.store.snapshot().device(desk).expect("there").clone();
    office.types(desk, "2101", "4711").await.expect("logged in");
    let now = office.store.snapshot().device(desk).expect("there").clone();
    assert!(now.login.is_some());
    office.commit(&[Change::DevicePut(Device { user: before.user, ..now })]).await;
    let later = Wall(NOW.0 + 48 * 3_600_000);
    assert_eq!(carry_out_due(&office.store, later).await.ok(), Some(0));
    assert_eq!(office.at(desk).as_deref(), Some("2102"));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_ones_are_told_as_such_and_then_it_is_locked() {
    let office = office().await;
    let desk = office.device("2102");
    for dn in ["2101", "2999", "2101", "2999", "9"] {
        assert_eq!(office.types(desk, dn, "0000").await, Err(Declined::WrongPin), "{dn}");
    }
    assert_eq!(office.types(desk, "2102", "5813").await, Err(Declined::Locked));
}
