//! Groups, departments, codes and settings of numbers in the database; PINs; who may set what.

use base::id::{DepartmentId, GatewayId, LineId, SoundId, Uuid, VirtualDnId};
use base::{Dn, Secret};
use model::*;

use super::world::*;
use crate::{Actor, CommitError, PinOutcome, Store, TenantScope};

fn dn(text: &str) -> Dn {
    Dn::parse(text).expect("digits")
}

const TENANT: fn() -> base::id::TenantId = || tenant_id(1);

fn settings() -> DnSettings {
    let mut settings = DnSettings::new(TENANT(), dn("2001"));
    settings.forwards = [
        Forward::on(Destination::Dn(dn("2002"))),
        Forward::on(Destination::Voicemail).off(),
        Forward::on(Destination::Outside("0312345678".into())),
        Forward::default(),
    ];
    settings.waiting = Waiting::Never;
    settings.shown = ShownNumber::Department;
    settings.voicemail = true;
    settings.keep_days = 7;
    settings.spoken = Some(Spoken::En);
    settings.toll = Some(TollClass::Domestic);
    (settings.caller_number, settings.hide_number) = (CallerNumber::Own, true);
    settings
}

fn sound() -> Sound {
    Sound {
        id: SoundId(Uuid(8)),
        tenant: TENANT(),
        name: "朝".into(),
        duration_ms: 4_000,
        uploaded_at: T0,
    }
}

/// One of everything, with as little as possible at its default.
fn everything() -> Vec<Change> {
    let mut tenant = tenant(1);
    tenant.codes.set(CodeKind::Hold, Code::parse("*7").ok());
    tenant.codes.set(CodeKind::Night, None);
    tenant.options = Options::ALL.without(TenantOption::Multicast);
    tenant.announcements = false;
    let mut place = site(1, 1);
    place.number = Some("81".into());
    place.set_code(CodeKind::Hold, SiteCode::Own(Code::parse("#3").expect("a code")));
    place.set_code(CodeKind::Park, SiteCode::Off);
    (place.tones, place.hold_again) = (Tones::Mute, HoldAgain::Drop);
    (place.forward_outside, place.transfer_outside) = (Outside::Allowed, Outside::Domestic);
    place.park_s = 45;
    place.park_overflow = Some(Destination::Dn(dn("2300")));
    place.voicemail_without_pin = false;
    place.voicemail_at = Some(dn("2100"));
    (place.music, place.spoken) = (SiteMusic::Own(sound().id), Some(Spoken::En));
    let own = |sound| [Worded { phrase: Phrase::Greeting, spoken: Some(Spoken::En), sound }].into();
    (place.wording, tenant.wording) = (own(None), own(Some(sound().id)));
    (tenant.music, tenant.spoken) = (Some(sound().id), Spoken::En);
    tenant.logins_end = Some(22 * 60);
    tenant.times = CallTimes { digit_pause_ms: 10_000, code_pause_ms: 500, unanswered_s: 1_800 };
    tenant.stopped_to = Some(Destination::Dn(dn("2300")));
    tenant.toll = TollRules::parse("mobile;shared-cost;44,1").expect("rules");
    place.emergency = [EmergencyRoute {
        gateway: GatewayId(Uuid(7)),
        shown: dn("0312345678"),
        back: Some(dn("2300")),
    }]
    .into();
    (place.outside_pair_min, place.access_channels) = (10, Some(30));
    place.has_exchange = true;
    let hunted = HuntGroup {
        name: "受付".into(),
        method: HuntMethod::Priority,
        members: [dn("2002"), dn("2001")].into(),
        all: Forward::on(Destination::Voicemail),
        overflow: Some(Destination::Outside("0312345678".into())),
        voicemail: true,
        limits: BoxLimits { record_s: 11, messages_max: 12, keep_days: 13 },
        toll: Some(TollClass::Mobile),
        ..HuntGroup::new(TENANT(), 10_000, site_id(1), dn("2300"))
    };
    let department = Department {
        members: [user_id(2), user_id(1)].into(),
        ring_busy: true,
        multicast: true,
        pagers: Some([user_id(2)].into()),
        page_s: 600,
        multicast_to: "239.1.2.3:5004".parse().ok(),
        multicast_sites: own_streams(),
        emergency: true,
        limits: BoxLimits { record_s: 14, messages_max: 15, keep_days: 16 },
        toll: Some(TollClass::Internal),
        overflow: Some(Destination::Dn(dn("2300"))),
        ..Department::new(DepartmentId(Uuid(5)), TENANT(), site_id(1), "営業", dn("2200"))
    };
    let ha1 = Ha1::of("sip1", "t1.example.jp", "the next one");
    let next = Some(Box::new(NextSecret { ha1, from: later(3_600) }));
    let phone = Device {
        do_not_disturb: true,
        accepts_tones: true,
        multicast_groups: 8,
        next,
        login: Some(Box::new(TimedLogin { user: user_id(1), until: later(7_200) })),
        ..device(1, 1)
    };
    let spare = Device { user: None, ..device(9, 1) };
    let picker = User { pickup_departments: [DepartmentId(Uuid(5))].into(), ..user(2, "2002", 1) };
    vec![
        Change::TenantPut(tenant),
        Change::SitePut(place),
        Change::VirtualDnPut(VirtualDn {
            id: VirtualDnId(Uuid(6)),
            tenant: TENANT(),
            site: site_id(1),
            dn: dn("2100"),
            name: "会議室".into(),
            web_user: "Room".into(),
        }),
        Change::DepartmentPut(department),
        Change::HuntPut(hunted),
        Change::PickupPut(PickupGroup {
            tenant: TENANT(),
            number: 4_096,
            name: "総務".into(),
            members: [dn("2100"), dn("2001")].into(),
        }),
        Change::ParkSlotPut(ParkSlot { tenant: TENANT(), dn: dn("2400"), site: site_id(1) }),
        Change::DevicePut(spare.clone()),
        Change::GatewayPut(Gateway {
            id: GatewayId(Uuid(7)),
            tenant: TENANT(),
            site: site_id(1),
            name: "GW".into(),
            kind: GatewayKind::VoIp,
            prefix: "0".into(),
            channels: 8,
            account: Some(spare.id),
            holds_line: true,
        }),
        Change::LinePut(line()),
        Change::LinePut(Line::new(
            LineId(Uuid(9)),
            (TENANT(), GatewayId(Uuid(7))),
            dn("002"),
            dn("05011110002"),
        )),
        Change::ReceptionPut(reception()),
        Change::DnSettingsPut(settings()),
        Change::SoundPut(sound()),
        Change::DevicePut(phone),
        Change::UserPut(picker),
    ]
}

/// One of IPv6 at the one site there is.
fn own_streams() -> Box<[SiteStream]> {
    [SiteStream { site: site_id(1), to: "[ff15::1:2]:5006".parse().ok() }].into()
}

fn line() -> Line {
    let of = (TENANT(), GatewayId(Uuid(7)));
    Line {
        name: "代表".into(),
        prefix: Some("71".into()),
        reserve: Some(LineId(Uuid(9))),
        receive: Receive::Registered,
        receivers: [user_id(2), user_id(1)].into(),
        callers: [user_id(1)].into(),
        initial_of: [user_id(1)].into(),
        common: true,
        day: Inbound::Registered { ring_s: 30, overflow: Some(LineTarget::Dn(dn("2300"))) },
        night: Some(Inbound::To(LineTarget::Announcement(Some(sound().id)))),
        ..Line::new(LineId(Uuid(8)), of, dn("001"), dn("0311110001"))
    }
}

fn reception() -> Reception {
    let hours = Hours::parse("||09:00-12:00 13:00-17:30||||", "2027-01-01 2027-05-03");
    Reception {
        switch: NightSwitch::Night,
        hours: Some(hours.expect("hours")),
        unknown: Some(LineTarget::Dn(dn("2001"))),
        ..Reception::new(TENANT(), site_id(1))
    }
}

#[tokio::test]
async fn every_noun_survives_a_restart_and_an_undo() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let before = store.snapshot();
    let made = commit(&store, &scope, &everything()).await.expect("lawful");
    drop(store);
    let store = dir.open().await;
    assert_eq!(store.snapshot(), made.snapshot);

    // Replaced, then all removed, in sets that find their rows again.
    let louder = DnSettings { no_answer_s: 33, ..settings() };
    commit(&store, &scope, &[Change::DnSettingsPut(louder)]).await.expect("replaced");
    let gone = diff(&store.snapshot(), &before);
    let removed = commit(&store, &scope, &gone).await.expect("removed");
    assert_eq!(removed.snapshot, before);
    let full = store.undo(&scope, removed.audit, later(1)).await.expect("undone");
    drop(store);
    let store = dir.open().await;
    assert_eq!(store.snapshot(), full.snapshot);
    let kept = store.snapshot();
    assert_eq!(kept.dn_settings(TENANT(), dn("2001")).map(|s| s.no_answer_s), Some(33));
}

/// Takes a database back to the schema of the last release; its content stays.
const BACK: &[&str] = &[
    "DROP TABLE line",
    "DROP TABLE reception",
    "DROP TABLE virtual_dn",
    "DROP TABLE department",
    "DROP TABLE hunt_group",
    "DROP TABLE pickup_group",
    "DROP TABLE park_slot",
    "DROP TABLE gateway",
    "DROP TABLE dn_settings",
    "ALTER TABLE tenant DROP COLUMN codes",
    "ALTER TABLE tenant DROP COLUMN options",
    "ALTER TABLE tenant DROP COLUMN announcements",
    "DROP TABLE sound",
    "ALTER TABLE tenant DROP COLUMN music",
    "ALTER TABLE tenant DROP COLUMN spoken",
    "ALTER TABLE tenant DROP COLUMN toll",
    "ALTER TABLE tenant DROP COLUMN calendar",
    "DROP TABLE emergency_caller",
    "ALTER TABLE site DROP COLUMN emergency",
    "ALTER TABLE site DROP COLUMN outside_pair_min",
    "ALTER TABLE site DROP COLUMN access_channels",
    "ALTER TABLE site DROP COLUMN has_exchange",
    "ALTER TABLE site DROP COLUMN music",
    "ALTER TABLE site DROP COLUMN own_music",
    "ALTER TABLE site DROP COLUMN spoken",
    "ALTER TABLE site DROP COLUMN number",
    "ALTER TABLE site DROP COLUMN codes",
    "ALTER TABLE site DROP COLUMN tones",
    "ALTER TABLE site DROP COLUMN hold_again",
    "ALTER TABLE site DROP COLUMN forward_outside",
    "ALTER TABLE site DROP COLUMN transfer_outside",
    "ALTER TABLE site DROP COLUMN park_s",
    "ALTER TABLE site DROP COLUMN park_overflow",
    "ALTER TABLE site DROP COLUMN voicemail_without_pin",
    "ALTER TABLE person DROP COLUMN pickup_departments",
    "ALTER TABLE device DROP COLUMN do_not_disturb",
    "ALTER TABLE device DROP COLUMN accepts_tones",
    "ALTER TABLE tenant DROP COLUMN stopped_to",
    "ALTER TABLE site DROP COLUMN voicemail_at",
    "ALTER TABLE tenant DROP COLUMN wording",
    "ALTER TABLE site DROP COLUMN wording",
    "ALTER TABLE device DROP COLUMN multicast_groups",
    "ALTER TABLE device DROP COLUMN next_ha1",
    "ALTER TABLE device DROP COLUMN next_from",
    "ALTER TABLE device DROP COLUMN login_user",
    "ALTER TABLE device DROP COLUMN login_until",
    "ALTER TABLE tenant DROP COLUMN logins_end",
    "ALTER TABLE tenant DROP COLUMN digit_pause_ms",
    "ALTER TABLE tenant DROP COLUMN code_pause_ms",
    "ALTER TABLE tenant DROP COLUMN unanswered_s",
    "DELETE FROM migration WHERE number IN (5, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)",
];

#[tokio::test]
async fn a_store_of_the_last_release_opens_with_the_defaults() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    // Tenants, sites, users and terminals of `add_tenant` have nothing but defaults.
    let before = store.snapshot();
    for sql in BACK {
        sqlx::query(*sql).execute(&mut *store.main.lock().await).await.expect(sql);
    }
    drop(store);
    let store = dir.open().await;
    let after = store.snapshot();
    assert_eq!(after, before);
    let tenant = after.tenant(TENANT()).expect("there");
    assert_eq!((&tenant.codes, tenant.options), (&Codes::default(), Options::default()));
    commit(&store, &scope, &everything()).await.expect("in use");
}

/// R280: there was one stream for all sites, and telephones heard all or nothing.
#[tokio::test]
async fn the_one_stream_of_a_department_becomes_that_of_sites_without_their_own() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    commit(&store, &scope, &everything()).await.expect("in use");
    let before = store.snapshot();
    for sql in [
        "ALTER TABLE department DROP COLUMN multicast_sites",
        "ALTER TABLE device ADD COLUMN hears_multicast SMALLINT NOT NULL DEFAULT 0",
        "UPDATE device SET hears_multicast = multicast_groups > 0",
        "ALTER TABLE device DROP COLUMN multicast_groups",
        "DELETE FROM migration WHERE number = 21",
    ] {
        sqlx::query(sql).execute(&mut *store.main.lock().await).await.expect(sql);
    }
    drop(store);
    let after = dir.open().await.snapshot();
    let pager = after.department(DepartmentId(Uuid(5))).expect("there");
    assert_eq!(pager.multicast_sites, Box::default());
    assert_eq!(pager.stream_at(site_id(1)), "239.1.2.3:5004".parse().ok());
    let holds = |n| after.device(device_id(n)).map(|d| d.multicast_groups);
    assert_eq!((holds(1), holds(2)), (Some(64), Some(0)));
    let rest = |d: &Device| Device { multicast_groups: 0, ..d.clone() };
    let devices = |s: &Snapshot| s.devices(TENANT()).map(rest).collect::<Vec<_>>();
    assert_eq!(devices(&after), devices(&before));
}

fn pin(user: u128, text: &str) -> Change {
    password(CredentialOwner::Pin(user_id(user)), text, false)
}

async fn pin_try(store: &Store, user: u128, text: &str, at: i64) -> PinOutcome {
    store
        .check_pin(TENANT(), CredentialOwner::Pin(user_id(user)), text, later(at))
        .await
        .expect("judged")
}

#[tokio::test]
async fn a_pin_is_judged_locks_and_is_taken_away() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    assert_eq!(pin_try(&store, 1, "4711", 0).await, PinOutcome::Wrong, "none is set");
    commit(&store, &scope, &[pin(1, "4711")]).await.expect("set");
    assert_eq!(pin_try(&store, 1, "4711", 1).await, PinOutcome::Good);
    assert_eq!(pin_try(&store, 2, "4711", 1).await, PinOutcome::Wrong);
    assert_eq!(pin_try(&store, 99, "4711", 1).await, PinOutcome::Wrong);
    for _ in 0..5 {
        assert_eq!(pin_try(&store, 1, "0000", 2).await, PinOutcome::Wrong);
    }
    let until = Some(later(2 + 15 * 60));
    assert_eq!(pin_try(&store, 1, "4711", 3).await, PinOutcome::Locked { until });
    let locked = store.locked(&scope, later(3)).await.expect("list");
    assert_eq!(locked.len(), 1);
    assert_eq!((locked[0].owner, locked[0].until), (CredentialOwner::Pin(user_id(1)), until));
    assert_eq!(pin_try(&store, 1, "4711", 2 + 15 * 60).await, PinOutcome::Good);

    commit(&store, &scope, &[pin(1, "")]).await.expect("taken away");
    assert_eq!(pin_try(&store, 1, "4711", 2_000).await, PinOutcome::Wrong);
    assert_eq!(pin_try(&store, 1, "", 2_000).await, PinOutcome::Wrong);

    // It goes with its owner; the web password of the other stays.
    commit(&store, &scope, &[pin(1, "4711"), pin(2, "5813")]).await.expect("set");
    let gone = [Change::DeviceDelete(device_id(1)), Change::UserDelete(user_id(1))];
    commit(&store, &scope, &gone).await.expect("gone");
    let count = "SELECT COUNT(*) FROM credential";
    let count: i64 =
        sqlx::query_scalar(count).fetch_one(&mut *store.main.lock().await).await.expect("count");
    assert_eq!(count, 3, "the administrator's, and both of the other person");
}

/// R262: mailboxes of virtual numbers, departments and hunting groups.
#[tokio::test]
async fn a_mailbox_has_a_pin_of_its_own_that_goes_with_it() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let department =
        Department::new(DepartmentId(Uuid(5)), TENANT(), site_id(1), "営業", dn("2200"));
    let made = [
        Change::DepartmentPut(department),
        Change::HuntPut(HuntGroup::new(TENANT(), 300, site_id(1), dn("2300"))),
        Change::VirtualDnPut(VirtualDn {
            id: VirtualDnId(Uuid(9)),
            tenant: TENANT(),
            site: site_id(1),
            dn: dn("2100"),
            name: "受付".into(),
            web_user: Box::default(),
        }),
    ];
    commit(&store, &scope, &made).await.expect("made");
    let owners = [
        BoxOwner::Virtual(VirtualDnId(Uuid(9))),
        BoxOwner::Department(DepartmentId(Uuid(5))),
        BoxOwner::Hunt(TENANT(), 300),
    ];
    let owners = owners.map(CredentialOwner::BoxPin);
    let pins = ["4711", "5813", "6924"];
    let set = owners.iter().zip(pins).map(|(owner, pin)| password(*owner, pin, false));
    commit(&store, &scope, &set.collect::<Vec<_>>()).await.expect("set");
    let attempt = async |owner, pin, at| {
        store.check_pin(TENANT(), owner, pin, later(at)).await.expect("judged")
    };
    for owner in owners {
        for pin in pins {
            let right = owners.iter().zip(pins).any(|pair| pair == (&owner, pin));
            let expected = if right { PinOutcome::Good } else { PinOutcome::Wrong };
            assert_eq!(attempt(owner, pin, 1).await, expected, "{owner:?}");
        }
        for _ in 0..5 {
            attempt(owner, "0000", 2).await;
        }
        let until = Some(later(2 + 15 * 60));
        assert_eq!(attempt(owner, "0000", 3).await, PinOutcome::Locked { until }, "{owner:?}");
    }
    let locked = store.locked(&scope, later(3)).await.expect("list");
    let locked: Vec<_> = locked.iter().map(|l| l.owner).collect();
    assert!(owners.iter().all(|owner| locked.contains(owner)), "{locked:?}");
    let gone = [
        Change::DepartmentDelete(DepartmentId(Uuid(5))),
        Change::HuntDelete { tenant: TENANT(), number: 300 },
        Change::VirtualDnDelete(VirtualDnId(Uuid(9))),
    ];
    commit(&store, &scope, &gone).await.expect("gone");
    commit(&store, &scope, &made).await.expect("made anew");
    for (owner, pin) in owners.into_iter().zip(pins) {
        assert_eq!(attempt(owner, pin, 2_000).await, PinOutcome::Wrong, "{owner:?}");
    }
}

#[tokio::test]
async fn each_sets_what_is_theirs() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let operator = add_tenant(&store, 1).await;
    commit(&store, &operator, &[Change::SitePut(site(5, 1))]).await.expect("second site");
    let tried = async |scope: &TenantScope, change: Change| {
        let outcome = commit(&store, scope, &[change]).await;
        match outcome {
            Ok(_) => true,
            Err(CommitError::Forbidden(0)) => false,
            Err(e) => panic!("{e:?}"),
        }
    };
    let scope = |site, actor| TenantScope::new(TENANT(), site, actor, "a", None);
    let admin = scope(None, Actor::Admin(admin_id(1)));
    let local = scope(Some(site_id(1)), Actor::Admin(admin_id(1)));
    let person = scope(Some(site_id(1)), Actor::User(user_id(1)));

    // Options are the operator's; codes the administrator's.
    let optioned = Tenant { options: Options::ALL, ..tenant(1) };
    assert!(!tried(&admin, Change::TenantPut(optioned)).await);
    let quiet = Tenant { announcements: false, ..tenant(1) };
    assert!(tried(&admin, Change::TenantPut(quiet)).await);

    // A site's own administrator sets its services, not what may leave the company.
    let muted = Site { tones: Tones::Mute, park_s: 60, ..site(1, 1) };
    assert!(tried(&local, Change::SitePut(muted.clone())).await);
    let open = Site { forward_outside: Outside::Allowed, ..muted };
    assert!(!tried(&local, Change::SitePut(open.clone())).await);
    assert!(!tried(&local, Change::SitePut(Site { tones: Tones::Mute, ..site(5, 1) })).await);
    assert!(tried(&admin, Change::SitePut(open)).await);
    let slot = |number, n| ParkSlot { tenant: TENANT(), dn: dn(number), site: site_id(n) };
    assert!(tried(&local, Change::ParkSlotPut(slot("2400", 1))).await);
    assert!(!tried(&local, Change::ParkSlotPut(slot("2500", 5))).await);
    assert!(!tried(&local, Change::ParkSlotPut(slot("2400", 5))).await, "carried off");

    // A person sets the own forwards, terminals and PIN.
    let own = DnSettings { keep_days: 90, shown: ShownNumber::Own, toll: None, ..settings() };
    assert!(tried(&person, Change::DnSettingsPut(own.clone())).await);
    let freed = DnSettings { toll: Some(TollClass::International), ..own.clone() };
    assert!(!tried(&person, Change::DnSettingsPut(freed)).await, "nor is the toll class");
    assert!(!tried(&person, Change::DnSettingsPut(settings())).await, "days are not theirs");
    let other = DnSettings { dn: dn("2002"), ..own };
    assert!(!tried(&person, Change::DnSettingsPut(other)).await);
    let quiet = |n| Change::DevicePut(Device { do_not_disturb: true, ..device(n, 1) });
    assert!(tried(&person, quiet(1)).await);
    assert!(!tried(&person, quiet(2)).await);
    let labelled = Device { label: "x".into(), do_not_disturb: true, ..device(1, 1) };
    assert!(!tried(&person, Change::DevicePut(labelled)).await);

    // 夜間切替 of the own site, and nothing else of it.
    let night =
        |n| Reception { switch: NightSwitch::Night, ..Reception::new(TENANT(), site_id(n)) };
    assert!(!tried(&person, Change::ReceptionPut(night(5))).await);
    let hours = Reception { hours: Some(Hours::default()), ..night(1) };
    assert!(!tried(&person, Change::ReceptionPut(hours)).await);
    assert!(tried(&person, Change::ReceptionPut(night(1))).await);
    assert!(!tried(&person, Change::ReceptionDelete(site_id(1))).await);

    // A person logs in at any terminal and out of the own ones, and logs in nobody else.
    let seat = |n, user: Option<u128>| {
        Change::DevicePut(Device { user: user.map(user_id), ..device(n, 1) })
    };
    assert!(!tried(&person, seat(2, None)).await);
    assert!(!tried(&person, seat(1, Some(2))).await);
    assert!(tried(&person, seat(2, Some(1))).await);
    assert!(tried(&person, seat(2, None)).await);
    assert!(tried(&person, pin(1, "4711")).await);
    assert!(!tried(&person, pin(2, "4711")).await);
    let web = NewPassword {
        owner: CredentialOwner::User(user_id(1)),
        text: Secret::new("another one".to_owned()),
        must_change: false,
        bulk: false,
    };
    assert!(!tried(&person, Change::Password(web)).await, "needs the present one");
}
