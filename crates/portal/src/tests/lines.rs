//! Lines as a program sets them: the line's lists and the person's are one relation, hours and
//! night switch of sites, and what is refused (R211, R231, R232, R300–R304).

use serde_json::{Value, json};

use super::api::{company, errors, id_of, one};

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_of_a_line_and_of_a_person_are_one() {
    let (world, mut api) = company().await;
    let gateway = json!({ "name": "GW", "prefix": "0", "channels": 4 });
    let gateway = api.call(("POST", "/gateways"), gateway, 201).await;
    let first = json!({ "code": "001", "number": "03-1111-0001", "gateway": id_of(&gateway),
        "receivers": ["2001"], "initial_of": ["2002"], "common": true });
    let made = api.call(("POST", "/lines"), first, 201).await;
    assert_eq!((&made["number"], &made["name"]), (&json!("0311110001"), &json!("0311110001")));
    assert_eq!(made["callers"], json!(["2002"]), "the initial line may be called out on");
    let rule = json!({ "to": "registered", "ring_s": 120, "overflow": null });
    assert_eq!((&made["in_hours"], &made["outside_hours"]), (&rule, &Value::Null));
    let person = api.get("/user-lines/2002").await;
    assert_eq!((&person["initial"], &person["call"]), (&json!("001"), &json!(["001"])));
    assert_eq!(api.get("/user-lines/2001").await["receive"], json!(["001"]));

    let second = json!({ "code": "002", "number": "05011110002", "gateway": id_of(&gateway),
        "prefix": "71", "reserve": "001" });
    api.call(("POST", "/lines"), second, 201).await;
    // From the person's side: another initial line, and both to receive on.
    let lines = json!({ "initial": "002", "receive": ["001", "002"], "call": [] });
    let set = api.call(("PUT", "/user-lines/2002"), lines, 200).await;
    assert_eq!((&set["initial"], &set["call"]), (&json!("002"), &json!(["002"])));
    let now = api.get("/lines/001").await;
    assert_eq!((&now["initial_of"], &now["callers"]), (&json!([]), &json!([])));
    assert_eq!(now["receivers"], json!(["2001", "2002"]));
    // The common line and an initial line pass on in one step.
    let common = json!({ "common": true, "initial_of": ["2001", "2002"] });
    api.call(("PATCH", "/lines/001"), common, 200).await;
    let moved = api.get("/lines/002").await;
    assert_eq!((&moved["common"], &moved["initial_of"]), (&json!(false), &json!([])));
    api.call(("PATCH", "/lines/002"), json!({ "common": true }), 200).await;
    assert_eq!(api.get("/lines/001").await["common"], json!(false));
    api.call(("DELETE", "/user-lines/2002"), Value::Null, 204).await;
    let person = api.get("/user-lines/2002").await;
    assert_eq!((&person["initial"], &person["receive"]), (&Value::Null, &json!([])));

    // A reserve stays unless it is forced away; the gateway of lines stays.
    let refused = api.call(("DELETE", "/lines/001"), Value::Null, 409).await;
    assert_eq!(errors(&refused), one(244, "reserve"));
    let path = format!("/gateways/{}", id_of(&gateway));
    api.call(("DELETE", &path), Value::Null, 409).await;
    api.call(("DELETE", "/lines/001?force=true"), Value::Null, 204).await;
    assert_eq!(api.get("/lines/002").await["reserve"], Value::Null);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_line_may_not_be_is_told_with_its_code() {
    let (world, mut api) = company().await;
    let gateway =
        api.call(("POST", "/gateways"), json!({ "name": "GW", "prefix": "0" }), 201).await;
    let good = json!({ "code": "1", "number": "0311110001", "gateway": id_of(&gateway) });
    api.call(("POST", "/lines"), good.clone(), 201).await;
    for (field, value, code, told) in [
        ("number", json!("0311110001"), 233, "number"),
        ("number", json!("abc"), 212, "number"),
        ("number", json!("2001"), 212, "number"),
        ("code", json!("1234567"), 212, "code"),
        ("gateway", json!("00000000-0000-0000-0000-000000000000"), 238, "gateway"),
        ("reserve", json!("77"), 242, "reserve"),
        ("prefix", json!("2"), 252, "prefix"),
        ("prefix", json!("1"), 212, "prefix"),
        ("receivers", json!(["2001", "7777"]), 238, "receivers.1"),
        ("in_hours", json!({ "to": "7777" }), 238, "in_hours.to"),
        ("in_hours", json!({ "overflow": "7777" }), 238, "in_hours.overflow"),
        ("in_hours", json!({ "ring_s": 4 }), 212, "in_hours.ring_s"),
        ("outside_hours", json!({ "to": "voicemail" }), 212, "outside_hours.to"),
    ] {
        let mut body = json!({ "code": "2", "number": "0311110002", "gateway": good["gateway"] });
        body[field] = value.clone();
        let refused = api.call(("POST", "/lines"), body, 422).await;
        assert_eq!(errors(&refused), one(code, told), "{field} {value}");
    }
    let refused = api.call(("PATCH", "/user-lines/2001"), json!({ "call": ["1", "9"] }), 422).await;
    assert_eq!(errors(&refused), one(242, "call.1"));
    let refused = api.call(("PATCH", "/lines/1"), json!({ "prefix": "20" }), 422).await;
    assert_eq!(refused["errors"][0]["with"]["extension"], "2001", "both sides are told");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_site_has_its_hours_and_its_night_switch() {
    let (world, mut api) = company().await;
    let site = api.get("/sites").await["items"][0].clone();
    let path = format!("/receptions/{}", site["domain"].as_str().expect("a domain"));
    let fresh = api.get(&path).await;
    assert_eq!((&fresh["night"], &fresh["hours"]), (&json!("automatic"), &Value::Null));
    let hours = json!({ "hours": { "monday": ["13:00-17:30", "09:00-12:00"] },
        "holidays": ["2027-05-03", "2027-01-01"], "unknown": "2001" });
    let set = api.call(("PATCH", &path), hours, 200).await;
    assert_eq!(set["hours"]["monday"], json!(["09:00-12:00", "13:00-17:30"]));
    assert_eq!(set["hours"]["sunday"], json!([]));
    assert_eq!(set["holidays"], json!(["2027-01-01", "2027-05-03"]));
    let night = api.call(("PATCH", &path), json!({ "night": "night" }), 200).await;
    assert_eq!((&night["night"], &night["unknown"]), (&json!("night"), &json!("2001")));
    for (body, field) in [
        (json!({ "hours": { "monday": ["9-17"] } }), "hours.monday.0"),
        (json!({ "holidays": ["2027-02-30"] }), "holidays.0"),
        (json!({ "hours": { "monday": ["09:00-12:00", "11:00-13:00"] } }), "hours"),
    ] {
        let refused = api.call(("PATCH", &path), body, 422).await;
        assert_eq!(errors(&refused), one(212, field));
    }
    let refused = api.call(("PATCH", &path), json!({ "unknown": "7777" }), 422).await;
    assert_eq!(errors(&refused), one(238, "unknown"));
    api.call(("DELETE", &path), Value::Null, 204).await;
    assert_eq!(api.get(&path).await, fresh);
    world.end().await;
}
