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
    api.call(("PATCH", "/tenant"), json!({ "accounts_max": 1 }), 200).await;
    // Who has more than there may be keeps them.
    api.call(("PATCH", "/devices/d1"), json!({ "label": "机" }), 200).await;
    for most in [0, 21] {
        let refused = api.call(("PATCH", "/tenant"), json!({ "accounts_max": most }), 422).await;
        assert_eq!(errors(&refused), one(212, "accounts_max"));
    }
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
