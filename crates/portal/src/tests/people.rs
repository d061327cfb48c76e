//! People, terminals and mobile lines by the API, and creations that are sent twice.

use model::Ha1;
use serde_json::{Value, json};
use store::ApiRole;

use super::api::{Program, company, errors, json_of, one};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_made_renamed_and_removed_with_everything_that_is_theirs() {
    let (world, mut api) = company().await;
    let missing = api.call(("POST", "/users"), json!({}), 422).await;
    assert_eq!(errors(&missing), [one(211, "extension"), one(211, "name")].concat());
    let body = json!({ "extension": "2901", "name": "佐藤", "web_user": "sato" });
    let made = api.call(("POST", "/users"), body.clone(), 201).await;
    assert_eq!((&made["state"], &made["ring_time_s"]), (&json!("active"), &json!(60)));
    let twice = api.call(("POST", "/users"), body, 409).await;
    assert_eq!(errors(&twice), one(233, "extension"));
    let same = json!({ "extension": "2902", "name": "x", "web_user": "SATO" });
    let same = api.call(("POST", "/users"), same, 422).await;
    assert_eq!(errors(&same), one(235, "web_user"));

    let group = json!({ "number": 4, "members": ["2901"] });
    api.call(("POST", "/pickup-groups"), group, 201).await;
    let setting = json!({ "setting": "forward-all", "to": "2002" });
    let set = api.send("POST", "/api/v1/numbers/2901/own-setting", Some(&setting)).await;
    let renamed = json!({ "extension": "2903", "name": "佐藤花子" });
    let renamed = api.call(("PATCH", "/users/2901"), renamed, 200).await;
    assert_eq!((&renamed["pickup_groups"], &renamed["id"]), (&json!([4]), &made["id"]));
    if set.status == 200 {
        assert_eq!(api.get("/numbers/2903").await["forwards"]["all"]["to"], "2002");
    }

    let active = api.call(("DELETE", "/users/2903"), Value::Null, 409).await;
    let in_the_way = [one(240, "state"), one(240, "extension")].concat();
    assert_eq!(errors(&active), in_the_way, "active, and in a group");
    api.call(("PATCH", "/users/2903"), json!({ "state": "stopped" }), 200).await;
    let grouped = api.call(("DELETE", "/users/2903"), Value::Null, 409).await;
    assert_eq!(errors(&grouped), one(240, "extension"));
    api.call(("DELETE", "/users/2903?force=true"), Value::Null, 204).await;
    assert_eq!(api.get("/pickup-groups/4").await["members"], json!([]));
    api.call(("GET", "/users/2903"), Value::Null, 404).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_made_with_a_secret_that_is_told_once() {
    let (world, mut api) = company().await;
    let body = json!({ "sip_id": "desk9", "extension": "2001" });
    let made = api.call(("POST", "/devices"), body, 201).await;
    let secret = made["secret"].as_str().expect("told").to_owned();
    assert!(secret.len() >= 20);
    assert_eq!((&made["kind"], &made["extension"]), (&json!("sip-phone"), &json!("2001")));
    let kept = |world: &super::World| {
        let snapshot = world.store.snapshot();
        let tenant = world.scope(1).tenant();
        let realm = snapshot.tenant(tenant).expect("there").realm.to_string();
        let device = snapshot.device_by_sip_id(tenant, "desk9").expect("there").clone();
        (Ha1 { md5: device.ha1_md5, sha256: device.ha1_sha256 }, realm)
    };
    let (ha1, realm) = kept(&world);
    assert_eq!(ha1, Ha1::of("desk9", &realm, &secret));
    assert!(!api.get("/devices/desk9").await.to_string().contains("secret"));
    // What does not touch the secret keeps it.
    api.call(("PATCH", "/devices/desk9"), json!({ "label": "受付" }), 200).await;
    api.call(("PUT", "/devices/desk9"), json!({ "sip_id": "desk9" }), 200).await;
    assert_eq!(kept(&world).0, ha1);
    assert_eq!(api.get("/devices/desk9").await["extension"], Value::Null, "replaced whole");

    let short = api.call(("PATCH", "/devices/desk9"), json!({ "secret": "1234567" }), 422).await;
    assert_eq!(errors(&short), one(218, "secret"));
    assert!(!short.to_string().contains("1234567"), "a secret is not repeated");
    let named = json!({ "secret": "open-sesame-1" });
    let told = api.call(("PATCH", "/devices/desk9"), named, 200).await;
    assert!(!told.to_string().contains("sesame"));
    assert_eq!(kept(&world).0, Ha1::of("desk9", &realm, "open-sesame-1"));
    for method in ["PATCH", "PUT"] {
        let renamed = api.call((method, "/devices/desk9"), json!({ "sip_id": "desk8" }), 422).await;
        assert_eq!(errors(&renamed), one(211, "secret"), "{method}");
    }
    let nobody = api.call(("PATCH", "/devices/desk9"), json!({ "extension": "2999" }), 422).await;
    assert_eq!(errors(&nobody), one(238, "extension"));

    let used = api.call(("DELETE", "/devices/phone2001"), Value::Null, 409).await;
    assert_eq!(errors(&used), one(240, "extension"));
    api.call(("DELETE", "/devices/desk9"), Value::Null, 204).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_as_many_terminals_as_the_company_allows() {
    let (world, mut api) = company().await;
    api.call(("PATCH", "/tenant"), json!({ "accounts_max": 2 }), 200).await;
    api.call(("POST", "/devices"), json!({ "sip_id": "d1", "extension": "2001" }), 201).await;
    let body = json!({ "sip_id": "d2", "extension": "2001" });
    let full = api.call(("POST", "/devices"), body, 422).await;
    assert_eq!(errors(&full), one(236, "user"));
    let ends = api.call(("PATCH", "/tenant"), json!({ "logins_end": "22:00" }), 200).await;
    assert_eq!(ends["logins_end"], "22:00");
    for odd in ["24:00", "9:00", "abcde"] {
        let refused = api.call(("PATCH", "/tenant"), json!({ "logins_end": odd }), 422).await;
        assert_eq!(errors(&refused), one(212, "logins_end"), "{odd}");
    }
    let times = json!({ "digit_pause_ms": 2_000, "code_pause_ms": 3_000, "unanswered_s": 120 });
    let set = api.call(("PATCH", "/tenant"), times, 200).await;
    assert_eq!((&set["digit_pause_ms"], &set["unanswered_s"]), (&json!(2_000), &json!(120)));
    api.call(("PATCH", "/tenant"), json!({ "code_pause_ms": 499 }), 422).await;
    api.call(("PATCH", "/tenant"), json!({ "accounts_max": 1 }), 200).await;
    // Who has more than there may be keeps them.
    api.call(("PATCH", "/devices/d1"), json!({ "label": "机" }), 200).await;
    for most in [0, 21] {
        let refused = api.call(("PATCH", "/tenant"), json!({ "accounts_max": most }), 422).await;
        assert_eq!(errors(&refused), one(212, "accounts_max"));
    }
    world.end().await;
}

/// R215, R316: told at once, valid at once or from 5:00; until then the old one is.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_terminal_is_reset_at_once_or_for_the_next_morning() {
    let (world, mut api) = company().await;
    let device = |world: &super::World| {
        let snapshot = world.store.snapshot();
        let tenant = world.scope(1).tenant();
        let realm = snapshot.tenant(tenant).expect("there").realm.to_string();
        (snapshot.device_by_sip_id(tenant, "phone2001").expect("there").clone(), realm)
    };
    let (before, realm) = device(&world);
    let secret_of = |told: &Value| {
        let secret = told["secret"].as_str().expect("told").to_owned();
        Ha1::of("phone2001", &realm, &secret)
    };
    let path = ("POST", "/devices/phone2001/reset");
    let told = api.call(path, json!({ "valid": "next-morning" }), 200).await;
    let from = told["valid_from"].as_str().expect("a time");
    assert!(from.ends_with("T05:00:00+09:00"), "{from}");
    let read = api.get("/devices/phone2001").await;
    assert_eq!(read["renews_at"], from);
    assert!(!read.to_string().contains("secret"));
    assert_eq!(device(&world).0.ha1(), before.ha1());
    let waiting = device(&world).0.next.expect("waits");
    assert_eq!(waiting.ha1, secret_of(&told));
    // What touches neither secret keeps both.
    api.call(("PATCH", "/devices/phone2001"), json!({ "label": "受付" }), 200).await;
    let renew = |at| app::service::due::carry_out(&world.store, at);
    assert_eq!(renew(base::Wall(waiting.from.0 - 1)).await.ok(), Some(0));
    assert_eq!(device(&world).0.ha1(), before.ha1());
    assert_eq!(renew(waiting.from).await.ok(), Some(1));
    let (after, _) = device(&world);
    assert_eq!((after.ha1(), after.next), (secret_of(&told), None));
    assert_eq!(world.acts(1).await.first().map(String::as_str), Some("secret-valid"));

    // At once: what waits is void.
    api.call(path, json!({ "valid": "next-morning" }), 200).await;
    let told = api.call(path, json!({ "valid": "at-once" }), 200).await;
    let (after, _) = device(&world);
    assert_eq!((after.ha1(), after.next), (secret_of(&told), None));
    assert_eq!(api.get("/devices/phone2001").await["renews_at"], Value::Null);
    let odd = api.call(path, json!({ "valid": "tomorrow" }), 422).await;
    assert_eq!(errors(&odd), one(212, "valid"));
    api.call(("POST", "/devices/nobody/reset"), json!({ "valid": "at-once" }), 404).await;
    let mut other = Program::of(&world, 2, ApiRole::Administrator).await;
    other.call(path, json!({ "valid": "at-once" }), 404).await;
    world.end().await;
}

/// R241: a number that exists, no mailbox, no emergency number.
#[tokio::test(flavor = "multi_thread")]
async fn calls_to_stopped_people_get_a_destination_that_can_take_them() {
    let (world, mut api) = company().await;
    let change = |to: Value| json!({ "stopped_to": to });
    let set = api.call(("PATCH", "/tenant"), change(json!("2001")), 200).await;
    assert_eq!(set["stopped_to"], "2001");
    for (to, code) in [("2999", 238), ("voicemail", 244), ("outside:110", 244)] {
        let refused = api.call(("PATCH", "/tenant"), change(json!(to)), 422).await;
        assert_eq!(errors(&refused), one(code, "stopped_to"), "{to}");
    }
    api.call(("PATCH", "/tenant"), json!({ "accounts_max": 6 }), 200).await;
    assert_eq!(api.get("/tenant").await["stopped_to"], "2001", "kept");
    let cleared = api.call(("PATCH", "/tenant"), change(Value::Null), 200).await;
    assert_eq!(cleared["stopped_to"], Value::Null);
    world.end().await;
}

/// R262: a virtual number of the site and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_site_opens_mailboxes_at_a_virtual_number_of_its_own() {
    let (world, mut api) = company().await;
    let number = json!({ "extension": "2900", "name": "留守番" });
    api.call(("POST", "/virtual-numbers"), number, 201).await;
    let open = |at: Value| json!({ "voicemail_at": at });
    let set = api.call(("PATCH", "/sites/mihon.example"), open(json!("2900")), 200).await;
    assert_eq!(set["voicemail_at"], "2900");
    for (at, code) in [("2999", 238), ("2001", 244), ("2x", 213)] {
        let refused = api.call(("PATCH", "/sites/mihon.example"), open(json!(at)), 422).await;
        assert_eq!(errors(&refused), one(code, "voicemail_at"), "{at}");
    }
    assert_eq!(api.get("/sites/mihon.example").await["voicemail_at"], "2900");
    let closed = api.call(("PATCH", "/sites/mihon.example"), open(Value::Null), 200).await;
    assert_eq!(closed["voicemail_at"], Value::Null);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_resumed_gets_back_the_terminals_that_nobody_took() {
    let (world, mut api) = company().await;
    api.call(("POST", "/devices"), json!({ "sip_id": "d1", "extension": "2001" }), 201).await;
    let stopped = api.call(("PATCH", "/users/2001"), json!({ "state": "stopped" }), 200).await;
    assert_eq!(stopped["devices"], json!([]));
    assert_eq!(stopped["former_devices"].as_array().map(Vec::len), Some(2));
    assert_eq!(api.get("/devices/d1").await["extension"], Value::Null);
    api.call(("PATCH", "/devices/d1"), json!({ "extension": "2002" }), 200).await;
    let resumed = api.call(("PATCH", "/users/2001"), json!({ "state": "active" }), 200).await;
    assert_eq!(resumed["devices"], json!(["phone2001"]));
    assert_eq!(resumed["former_devices"], json!(["d1"]), "somebody else's by now");
    assert_eq!(api.get("/devices/d1").await["extension"], "2002");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mobile_lines_are_asked_for_assigned_and_freed() {
    let (world, mut api) = company().await;
    let mut operator = Program::of(&world, 1, ApiRole::Operator).await;
    let odd = api.call(("POST", "/mobile-lines"), json!({ "number": "0312345678" }), 422).await;
    assert_eq!(errors(&odd), one(214, "number"));
    let asked = json!({ "number": "09088887777" });
    let asked = api.call(("POST", "/mobile-lines"), asked, 201).await;
    assert_eq!(asked["state"], "requested");
    assert!(asked["requested_at"].is_string());
    let early = json!({ "extension": "2002" });
    let early = api.call(("PATCH", "/mobile-lines/09088887777"), early, 422).await;
    assert_eq!(errors(&early), one(231, "state"));
    let usable = json!({ "state": "unassigned" });
    let refused = api.call(("PATCH", "/mobile-lines/09088887777"), usable.clone(), 403).await;
    assert_eq!(errors(&refused), one(262, ""));
    operator.call(("PATCH", "/mobile-lines/09088887777"), usable, 200).await;
    let given = json!({ "extension": "2002" });
    let given = api.call(("PATCH", "/mobile-lines/09088887777"), given, 200).await;
    assert_eq!((&given["state"], &given["extension"]), (&json!("assigned"), &json!("2002")));
    let second = json!({ "extension": "2001" });
    let second = api.call(("PATCH", "/mobile-lines/09088887777"), second, 422).await;
    assert_eq!(errors(&second), one(232, "extension"), "2001 has one");
    let path = ("DELETE", "/mobile-lines/09088887777");
    assert_eq!(errors(&operator.call(path, Value::Null, 409).await), one(240, "extension"));
    let free = json!({ "extension": null });
    let free = api.call(("PATCH", "/mobile-lines/09088887777"), free, 200).await;
    assert_eq!(free["state"], "unassigned");
    api.call(path, Value::Null, 403).await;
    operator.call(path, Value::Null, 204).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_is_sent_again_is_made_once() {
    let (world, mut api) = company().await;
    let body = json!({ "sip_id": "desk9" });
    let keyed = |api: &mut Program, key: &str| {
        api.header = Some(("Idempotency-Key", key.to_owned()));
    };
    keyed(&mut api, "order-1");
    let first = api.send("POST", "/api/v1/devices", Some(&body)).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""));
    keyed(&mut api, "order-1");
    let again = api.send("POST", "/api/v1/devices", Some(&body)).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(json_of(&again), json_of(&first), "the same secret");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("etag"), first.header("etag"));
    // Without the key, or with another, it is there already.
    api.call(("POST", "/devices"), body.clone(), 409).await;
    keyed(&mut api, "order-2");
    api.call(("POST", "/devices"), body.clone(), 409).await;
    // The key belongs to its request, and to its token.
    keyed(&mut api, "order-1");
    let other = api.call(("POST", "/devices"), json!({ "sip_id": "desk8" }), 422).await;
    assert_eq!(errors(&other), one(212, "Idempotency-Key"));
    let mut second = Program::of(&world, 2, ApiRole::Administrator).await;
    keyed(&mut second, "order-1");
    let theirs = second.send("POST", "/api/v1/devices", Some(&body)).await;
    assert_eq!((theirs.status, theirs.header("idempotency-replayed")), (201, ""));
    // What was refused is tried again.
    keyed(&mut api, "order-3");
    api.call(("POST", "/devices"), json!({ "sip_id": "?" }), 422).await;
    keyed(&mut api, "order-3");
    api.call(("POST", "/devices"), json!({ "sip_id": "desk7" }), 201).await;
    keyed(&mut api, &"x".repeat(256));
    assert_eq!(errors(&api.call(("POST", "/devices"), body.clone(), 400).await).len(), 1);
    // After a day it is forgotten.
    world.later(24 * 60 + 1);
    keyed(&mut api, "order-1");
    api.call(("POST", "/devices"), body, 409).await;
    world.end().await;
}
