//! The API as a program meets it: over HTTP, with a token, in front of a running node.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use base::Uuid;
use serde_json::{Value, json};
use store::ApiRole;

use super::World;
use super::browser::{Answer, exchange};
use super::world::{Content, Person};
use crate::api_document;

/// A program with a token.
pub(super) struct Program {
    address: SocketAddr,
    token: String,
    /// Sent with the next request only.
    pub(super) header: Option<(&'static str, String)>,
}

impl Program {
    pub(super) async fn of(world: &World, tenant: u32, role: ApiRole) -> Self {
        let token = world.token(tenant, role).await;
        Program { address: world.address, token, header: None }
    }

    pub(super) async fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        head.push_str("Connection: close\r\n");
        head.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        let mut kind = "application/json".to_owned();
        if let Some((name, value)) = self.header.take() {
            if name == "Content-Type" {
                kind = value;
            } else {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        if let Some(body) = body {
            let body = match body {
                Value::String(raw) => raw.clone(),
                other => other.to_string(),
            };
            head.push_str(&format!("Content-Type: {kind}\r\n"));
            head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        } else {
            head.push_str("\r\n");
        }
        exchange(self.address, &head).await
    }

    pub(super) async fn get(&mut self, path: &str) -> Value {
        let answer = self.send("GET", &format!("/api/v1{path}"), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        json_of(&answer)
    }

    /// Sends and expects this status.
    pub(super) async fn call(
        &mut self,
        (method, path): (&str, &str),
        body: Value,
        status: u16,
    ) -> Value {
        let body = (!body.is_null()).then_some(&body);
        let answer = self.send(method, &format!("/api/v1{path}"), body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        if answer.bytes.is_empty() { Value::Null } else { json_of(&answer) }
    }

    pub(super) fn match_tag(&mut self, tag: &str) -> &mut Self {
        self.header = Some(("If-Match", tag.to_owned()));
        self
    }
}

pub(super) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.bytes).unwrap_or_else(|e| panic!("{e}: {}", answer.text()))
}

/// (code, field) of every error.
pub(super) fn errors(body: &Value) -> Vec<(u64, String)> {
    let list = body["errors"].as_array().expect("errors");
    list.iter()
        .map(|e| {
            for text in ["message_ja", "message_en"] {
                assert!(e[text].as_str().is_some_and(|t| !t.is_empty()), "{e}");
            }
            assert_ne!(e["message_ja"], e["message_en"]);
            (e["code"].as_u64().expect("a code"), e["field"].as_str().unwrap_or("?").to_owned())
        })
        .collect()
}

pub(super) fn one(code: u64, field: &str) -> Vec<(u64, String)> {
    vec![(code, field.to_owned())]
}

pub(super) async fn company() -> (World, Program) {
    let world = World::two_companies().await;
    let program = Program::of(&world, 1, ApiRole::Administrator).await;
    (world, program)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hunting_group_is_made_read_changed_replaced_and_removed() {
    let (world, mut api) = company().await;
    let body = json!({ "number": 5, "pilot": "7000", "members": ["2001", "2002"] });
    let made = api.send("POST", "/api/v1/hunting-groups", Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("location"), "/api/v1/hunting-groups/5");
    let group = json_of(&made);
    assert_eq!((&group["ring_s"], &group["method"]), (&json!(20), &json!("round-robin")));
    let read = api.send("GET", "/api/v1/hunting-groups/5", None).await;
    assert_eq!((json_of(&read), read.header("etag")), (group, made.header("etag")));

    let change = json!({ "method": "priority", "overflow": "2003", "voicemail": true });
    let changed = api.call(("PATCH", "/hunting-groups/5"), change, 200).await;
    assert_eq!(changed["members"], json!(["2001", "2002"]), "what is not named stays");
    assert_eq!((&changed["overflow"], &changed["method"]), (&json!("2003"), &json!("priority")));
    let whole = json!({ "number": 5, "pilot": "7001" });
    let replaced = api.call(("PUT", "/hunting-groups/5"), whole, 200).await;
    assert_eq!((&replaced["pilot"], &replaced["members"]), (&json!("7001"), &json!([])));
    assert_eq!((&replaced["overflow"], &replaced["voicemail"]), (&Value::Null, &json!(false)));
    assert_eq!(api.get("/hunting-groups").await["items"], json!([replaced]));

    api.call(("DELETE", "/hunting-groups/5"), Value::Null, 204).await;
    api.call(("GET", "/hunting-groups/5"), Value::Null, 404).await;
    api.call(("DELETE", "/hunting-groups/5"), Value::Null, 404).await;
    let acts = world.acts(1).await;
    let expected = ["hunt-removed", "hunt-changed", "hunt-changed", "hunt-made"];
    assert_eq!(acts.iter().take(4).collect::<Vec<_>>(), expected);
    let page = world.store.audit_page(&world.scope(1), None, 1).await.expect("readable");
    assert_eq!((&*page[0].name, &*page[0].detail), ("test token", "5"));
    assert!(page[0].address.is_some() && matches!(page[0].actor, Some(store::Actor::Token(_))));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_number_are_the_defaults_until_something_is_set() {
    let (world, mut api) = company().await;
    let fresh = api.get("/numbers/2001").await;
    assert_eq!((&fresh["call_limit"], &fresh["waiting"]), (&json!(4), &json!("auto")));
    assert_eq!((&fresh["owner"], &fresh["name"]), (&json!("user"), &json!("田中 一郎")));
    let nothing = json!({ "all": null, "busy": null, "no_answer": null, "unregistered": null });
    assert_eq!(fresh["forwards"], nothing);
    let change = json!({ "forwards": { "busy": "2002", "no_answer": "voicemail" },
        "no_answer_s": 30, "waiting": "always" });
    let set = api.call(("PATCH", "/numbers/2001"), change, 200).await;
    assert_eq!((&set["forwards"]["busy"], &set["forwards"]["all"]), (&json!("2002"), &Value::Null));
    assert_eq!((&set["no_answer_s"], &set["waiting"]), (&json!(30), &json!("always")));
    // Off, and on again to where it led before, as by feature code.
    let off = json!({ "forwards": { "busy": null } });
    api.call(("PATCH", "/numbers/2001"), off, 200).await;
    let again = json!({ "setting": "forward-to", "kind": "busy" });
    let on = api.call(("POST", "/numbers/2001/own-setting"), again, 200).await;
    assert_eq!(on["forwards"]["busy"], json!("2002"));
    let replaced = api.call(("PUT", "/numbers/2001"), json!({ "call_limit": 2 }), 200).await;
    assert_eq!((&replaced["forwards"], &replaced["no_answer_s"]), (&nothing, &json!(20)));
    api.call(("DELETE", "/numbers/2001"), Value::Null, 204).await;
    assert_eq!(api.get("/numbers/2001").await, fresh);
    for unknown in ["/numbers/7777", "/numbers/x", "/numbers/3001"] {
        api.call(("GET", unknown), Value::Null, 404).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forwards_that_lead_nowhere_are_refused_with_their_rule() {
    let (world, mut api) = company().await;
    let all = |to: &str| json!({ "forwards": { "all": to } });
    for (to, code) in [("7777", 238), ("2001", 244), ("outside:0312345678", 253)] {
        let refused = api.call(("PATCH", "/numbers/2001"), all(to), 422).await;
        assert_eq!(errors(&refused), one(code, "forwards.all"), "{to}");
        assert_eq!((&refused["code"], &refused["errors"][0]["value"]), (&json!(code), &json!(to)));
    }
    api.call(("PATCH", "/numbers/2002"), all("2001"), 200).await;
    let refused = api.call(("PATCH", "/numbers/2001"), all("2002"), 422).await;
    assert_eq!(errors(&refused), one(244, "forwards.all"), "a loop");
    // The site opens the way outside.
    let sites = api.get("/sites").await;
    let site = sites["items"][0]["domain"].as_str().expect("a domain").to_owned();
    let open = json!({ "forward_outside": "domestic" });
    api.call(("PATCH", &format!("/sites/{site}")), open, 200).await;
    api.call(("PATCH", "/numbers/2001"), all("outside:0312345678"), 200).await;
    // What stands is not judged again when something else changes.
    let shut = json!({ "forward_outside": "denied" });
    api.call(("PATCH", &format!("/sites/{site}")), shut, 200).await;
    api.call(("PATCH", "/numbers/2001"), json!({ "record_s": 60 }), 200).await;
    let own = json!({ "setting": "forward-to", "kind": "all", "to": "0312345678" });
    let refused = api.call(("POST", "/numbers/2003/own-setting"), own, 422).await;
    assert_eq!(errors(&refused), one(253, "forwards.all"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_rule_comes_back_at_once_with_both_sides() {
    let (world, mut api) = company().await;
    let group = json!({ "number": 1, "pilot": "7000", "members": ["2001"] });
    api.call(("POST", "/hunting-groups"), group.clone(), 201).await;
    let exists = api.call(("POST", "/hunting-groups"), group, 409).await;
    assert_eq!(errors(&exists), one(233, "number"));
    let bad = json!({ "number": 2, "pilot": "2002", "members": ["2001", "9999"], "ring_s": 3,
        "overflow": "8888" });
    let refused = api.call(("POST", "/hunting-groups"), bad, 422).await;
    let found: BTreeSet<_> = errors(&refused).into_iter().collect();
    let expected = [(212, "ring_s"), (238, "members"), (238, "overflow"), (247, "members")];
    for (code, field) in expected {
        assert!(found.contains(&(code, field.to_owned())), "{code} {field}: {found:?}");
    }
    let pilot = refused["errors"].as_array().expect("errors").iter();
    let pilot = pilot.clone().find(|e| e["field"] == "pilot").expect("the pilot is taken");
    assert_eq!(pilot["value"], "2002");
    assert_eq!(pilot["with"]["noun"], "user", "{pilot}");
    let member = refused["errors"].as_array().expect("errors").iter();
    let member = member.clone().find(|e| e["code"] == 247).expect("in another group");
    assert_eq!(
        (&member["with"]["noun"], &member["with"]["name"]),
        (&json!("hunting-group"), &json!("1"))
    );
    assert!(member["message_en"].as_str().expect("text").contains("hunting group 1"));
    assert_eq!(api.get("/hunting-groups").await["items"].as_array().map(Vec::len), Some(1));
    // A code that begins a number names the number; both sides are told.
    let code = json!({ "codes": { "pickup": "200" } });
    let refused = api.call(("PATCH", "/tenant"), code, 422).await;
    assert_eq!(refused["errors"][0]["code"], 252);
    assert_eq!(refused["errors"][0]["field"], "codes.pickup");
    assert_eq!(refused["errors"][0]["with"]["extension"], "2001");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_body_is_checked_field_by_field() {
    let (world, mut api) = company().await;
    let bad = json!({ "number": "five", "pilot": "12a", "memebers": [], "method": "random",
        "members": ["2001", 3], "overflow": "mailbox", "site": "x", "follow_all": 1 });
    let refused = api.call(("POST", "/hunting-groups"), bad, 422).await;
    let found: BTreeSet<_> = errors(&refused).into_iter().map(|(_, field)| field).collect();
    let expected =
        ["follow_all", "memebers", "members.1", "method", "number", "overflow", "pilot", "site"];
    assert_eq!(found, BTreeSet::from(expected.map(str::to_owned)));
    let missing = api.call(("POST", "/hunting-groups"), json!({}), 422).await;
    assert_eq!(errors(&missing), [(211, "number".to_owned()), (211, "pilot".to_owned())]);
    for raw in ["", "{", "[1]", "null", "\"x\""] {
        api.call(("POST", "/hunting-groups"), json!(raw), 400).await;
    }
    api.header = Some(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
    api.call(("POST", "/hunting-groups"), json!("number=1"), 415).await;
    // Just above the bound, so that nothing is left unread when the answer comes.
    let huge = json!({ "name": "x".repeat(256 * 1_024 - 10) });
    api.call(("PATCH", "/tenant"), huge, 413).await;
    for odd in ["?limit=0", "?limit=501", "?limit=x", "?cursor=%00", "?sort=name"] {
        api.call(("GET", &format!("/users{odd}")), Value::Null, 400).await;
    }
    let refused = api.call(("DELETE", "/hunting-groups/1?force=yes"), Value::Null, 400).await;
    assert_eq!(errors(&refused), one(212, "force"));
    let put = api.call(("PUT", "/hunting-groups"), json!({}), 405).await;
    assert_eq!(put["status"], 405);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_decided_on_an_old_revision_is_refused() {
    let (world, mut api) = company().await;
    let read = api.send("GET", "/api/v1/numbers/2001", None).await;
    let tag = read.header("etag").to_owned();
    let first = json!({ "call_limit": 2 });
    api.match_tag(&tag).call(("PATCH", "/numbers/2001"), first, 200).await;
    let second = json!({ "call_limit": 3 });
    let stale = api.match_tag(&tag).call(("PATCH", "/numbers/2001"), second.clone(), 412).await;
    assert_eq!((&stale["code"], errors(&stale)), (&json!(261), one(261, "")));
    let now = stale["revision"].as_u64().expect("the revision now");
    assert_eq!(api.get("/numbers/2001").await["call_limit"], 2);
    api.match_tag("\"what\"").call(("DELETE", "/numbers/2001"), Value::Null, 412).await;
    let tag = format!("\"{now}\"");
    api.match_tag(&tag).call(("PATCH", "/numbers/2001"), second.clone(), 200).await;
    api.match_tag("*").call(("PATCH", "/numbers/2001"), second, 200).await;
    assert_eq!(api.get("/numbers").await["revision"], now + 1, "the same again changes nothing");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pickup_groups_and_virtual_numbers_tell_what_hangs_on_them() {
    let (world, mut api) = company().await;
    let number = json!({ "extension": "2900", "name": "夜間" });
    let made = api.call(("POST", "/virtual-numbers"), number, 201).await;
    for group in [3, 4] {
        let body = json!({ "number": group, "members": ["2900", "2001"] });
        api.call(("POST", "/pickup-groups"), body, 201).await;
    }
    api.call(("PATCH", "/numbers/2900"), json!({ "forwards": { "all": "2001" } }), 200).await;
    // The number changes, and takes along what belongs to it.
    let renamed = json!({ "extension": "2901" });
    let id = made["id"].as_str().expect("an id").to_owned();
    api.call(("PATCH", &format!("/virtual-numbers/{id}")), renamed, 200).await;
    assert_eq!(api.get("/numbers/2901").await["forwards"]["all"], "2001");
    assert_eq!(api.get("/pickup-groups/3").await["members"], json!(["2901", "2001"]));
    let needed = api.call(("DELETE", "/virtual-numbers/2901"), Value::Null, 409).await;
    assert_eq!(errors(&needed), [(240, "extension".to_owned()), (240, "extension".to_owned())]);
    let groups: Vec<_> = needed["errors"].as_array().expect("errors").iter().collect();
    assert_eq!(
        groups[1]["with"],
        json!({ "noun": "pickup-group", "name": "4", "extension": null })
    );
    api.call(("DELETE", "/virtual-numbers/2901?force=true"), Value::Null, 204).await;
    assert_eq!(api.get("/pickup-groups/4").await["members"], json!(["2001"]));
    api.call(("GET", "/numbers/2901"), Value::Null, 404).await;
    let body = json!({ "number": 3, "name": "受付" });
    let replaced = api.call(("PUT", "/pickup-groups/3"), body, 200).await;
    assert_eq!(replaced, json!({ "number": 3, "name": "受付", "members": [] }));
    let other = json!({ "number": 9 });
    let refused = api.call(("PATCH", "/pickup-groups/3"), other, 422).await;
    assert_eq!(errors(&refused), one(212, "number"), "another number is another group");
    api.call(("DELETE", "/pickup-groups/3"), Value::Null, 204).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_name_people_by_their_extensions() {
    let (world, mut api) = company().await;
    let body = json!({ "extension": "7100", "name": "営業", "members": ["2001", "20001"] });
    let made = api.call(("POST", "/departments"), body, 201).await;
    assert_eq!((&made["ring_s"], &made["members"]), (&json!(360), &json!(["2001", "20001"])));
    let unknown = json!({ "members": ["2001", "9998", "9999"] });
    let refused = api.call(("PATCH", "/departments/7100"), unknown, 422).await;
    assert_eq!(errors(&refused), [(238, "members.1".to_owned()), (238, "members.2".to_owned())]);
    let picks = json!({ "pickup_departments": ["7100"], "ring_time_s": 25 });
    let user = api.call(("PATCH", "/users/2002"), picks, 200).await;
    assert_eq!(user["pickup_departments"], json!(["7100"]));
    assert_eq!(api.get("/users/2001").await["departments"], json!(["7100"]));
    let needed = api.call(("DELETE", "/departments/7100"), Value::Null, 409).await;
    assert_eq!(errors(&needed), one(244, ""));
    assert_eq!(needed["errors"][0]["with"]["extension"], "2002");
    api.call(("DELETE", "/departments/7100?force=true"), Value::Null, 204).await;
    assert_eq!(api.get("/users/2002").await["pickup_departments"], json!([]));
    let refused =
        api.call(("PATCH", "/users/2002"), json!({ "pickup_departments": ["7100"] }), 422);
    assert_eq!(errors(&refused.await), one(241, "pickup_departments.0"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_that_page_say_who_may_and_how_long() {
    let (world, mut api) = company().await;
    let body = json!({ "extension": "7200", "name": "放送", "multicast": true,
        "members": ["2001"] });
    let made = api.call(("POST", "/departments"), body, 201).await;
    let told = (&made["pagers"], &made["page_s"], &made["emergency"]);
    assert_eq!(told, (&Value::Null, &json!(180), &json!(false)));
    let set = json!({ "pagers": ["2002"], "page_s": 3600, "emergency": true });
    api.call(("PATCH", "/departments/7200"), set, 200).await;
    let kept = api.get("/departments/7200").await;
    let told = (&kept["pagers"], &kept["page_s"], &kept["emergency"]);
    assert_eq!(told, (&json!(["2002"]), &json!(3600), &json!(true)));
    for (wrong, at) in [
        (json!({ "pagers": ["2001", "9999"] }), (238, "pagers.1")),
        (json!({ "page_s": 9 }), (212, "page_s")),
    ] {
        let refused = api.call(("PATCH", "/departments/7200"), wrong, 422).await;
        assert_eq!(errors(&refused), one(at.0, at.1));
    }
    api.call(("PATCH", "/departments/7200"), json!({ "pagers": null }), 200).await;
    world.end().await;
}

/// R280: a group for all sites, others or none at some, and telephones that hold some of them.
#[tokio::test(flavor = "multi_thread")]
async fn departments_page_by_other_streams_at_other_sites() {
    let (world, mut api) = company().await;
    let body = json!({ "extension": "7200", "name": "放送", "multicast": true,
        "multicast_to": "239.192.0.10:5004", "members": ["2001"] });
    let made = api.call(("POST", "/departments"), body, 201).await;
    assert_eq!(made["multicast_sites"], json!([]));
    let site = made["site"].clone();
    let phone = api.get("/devices/phone2001").await;
    assert_eq!((&phone["multicast_groups"], &phone["multicast_listens"]), (&json!(0), &json!([])));
    let holds = ("PATCH", "/devices/phone2001");
    let phone = api.call(holds, json!({ "multicast_groups": 1 }), 200).await;
    assert_eq!(phone["multicast_listens"], json!(["239.192.0.10:5004"]));
    for odd in [65, 256] {
        let refused = api.call(holds, json!({ "multicast_groups": odd }), 422).await;
        assert_eq!(errors(&refused), one(212, "multicast_groups"), "{odd}");
    }
    let own = json!([{ "site": site, "to": "[ff15::1:2]:5006" }]);
    let path = ("PATCH", "/departments/7200");
    let set = api.call(path, json!({ "multicast_sites": own }), 200).await;
    assert_eq!((&set["multicast_sites"], &set["multicast_to"]), (&own, &made["multicast_to"]));
    assert_eq!(api.get("/departments/7200").await["multicast_sites"], own);
    let listens = api.get("/devices/phone2001").await["multicast_listens"].clone();
    assert_eq!(listens, json!(["[ff15::1:2]:5006"]));
    let none = json!([{ "site": site }]);
    let set = api.call(path, json!({ "multicast_sites": none }), 200).await;
    assert_eq!(set["multicast_sites"], json!([{ "site": site, "to": null }]));
    assert_eq!(api.get("/devices/phone2001").await["multicast_listens"], json!([]));
    let stranger = Uuid(1).to_string();
    for (wrong, code, field) in [
        (json!([{ "site": site, "to": "239.1.1.1" }]), 212, "multicast_sites.0.to"),
        (json!([{ "site": site, "to": "224.0.0.1:5004" }]), 212, "multicast_sites"),
        (json!([{ "site": stranger }]), 238, "multicast_sites"),
        (json!([{ "site": site }, { "site": site }]), 233, "multicast_sites"),
    ] {
        let refused = api.call(path, json!({ "multicast_sites": wrong }), 422).await;
        assert_eq!(errors(&refused), one(code, field));
    }
    // Both departments that would be heard as one are named.
    let rival = json!({ "extension": "7300", "name": "受付", "multicast": true,
        "multicast_to": "239.192.0.10:5004" });
    let refused = api.call(("POST", "/departments"), rival, 422).await;
    assert_eq!(errors(&refused), one(233, "multicast_to"));
    let with = &refused["errors"][0]["with"];
    let other = (&with["noun"], &with["name"], &with["extension"]);
    assert_eq!(other, (&json!("department"), &json!("放送"), &json!("7200")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_stopped_and_resumed_and_get_pins() {
    let (world, mut api) = company().await;
    let stopped = api.call(("PATCH", "/users/2001"), json!({ "state": "stopped" }), 200).await;
    assert_eq!((&stopped["state"], &stopped["mobile"]), (&json!("stopped"), &json!("09012345678")));
    api.call(("PATCH", "/users/2001"), json!({ "state": "active" }), 200).await;
    let refused = api.call(("PATCH", "/users/2001"), json!({ "ring_time_s": 601 }), 422).await;
    assert_eq!(errors(&refused), one(212, "ring_time_s"));
    let refused = api.call(("PATCH", "/users/2001"), json!({ "devices": [] , "salary": 1 }), 422);
    assert_eq!(errors(&refused.await), one(212, "salary"), "what is told is ignored");
    for (pin, code) in [("12", 222), ("", 222), ("20a1", 222), ("2001", 223), ("7777", 223)] {
        let refused = api.call(("PUT", "/users/2001/pin"), json!({ "pin": pin }), 422).await;
        assert_eq!(errors(&refused), one(code, "pin"), "{pin}");
        assert_eq!(refused["errors"][0]["value"], "", "a PIN is not repeated");
    }
    api.call(("PUT", "/users/2001/pin"), json!({ "pin": "480216" }), 204).await;
    api.call(("DELETE", "/users/2001/pin"), Value::Null, 204).await;
    for (password, code) in [("short", 220), ("user2001user", 0)] {
        let status = if code == 0 { 204 } else { 422 };
        let body = json!({ "password": password });
        let told = api.call(("PUT", "/users/2001/password"), body, status).await;
        if code > 0 {
            assert_eq!(errors(&told), one(code, "password"));
            assert_eq!(told["errors"][0]["value"], "", "a password is not repeated");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_go_on_do_not_disturb_one_by_one_or_all_of_a_person() {
    let (world, mut api) = company().await;
    let device = api.call(("PATCH", "/devices/PHONE2001"), json!({ "do_not_disturb": true }), 200);
    assert_eq!(device.await["extension"], "2001");
    let text = api.get("/devices").await.to_string();
    assert!(!text.contains("ha1") && !text.contains("secret"), "{text}");
    let off = json!({ "setting": "do-not-disturb", "on": false });
    api.call(("POST", "/numbers/2001/own-setting"), off, 200).await;
    assert_eq!(api.get("/devices/phone2001").await["do_not_disturb"], false);
    let door = json!({ "accepts_tones": true, "label": "玄関" });
    assert_eq!(api.call(("PATCH", "/devices/phone2002"), door, 200).await["accepts_tones"], true);
    let live = api.get("/registrations").await;
    let live: Vec<_> = live["items"].as_array().expect("items").iter().collect();
    assert_eq!(live.len(), 2);
    assert_eq!((&live[0]["sip_id"], &live[0]["extension"]), (&json!("phone2001"), &json!("2001")));
    assert_eq!(api.get("/calls").await["items"], json!([]));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_gateways_sites_codes_and_options_are_set() {
    let (world, mut api) = company().await;
    let slot = api.call(("POST", "/park-slots"), json!({ "extension": "7901" }), 201).await;
    let sites = api.get("/sites").await;
    assert_eq!(slot["site"], sites["items"][0]["id"]);
    let other = json!({ "site": sites["items"][1]["id"] });
    api.call(("PATCH", "/park-slots/7901"), other.clone(), 200).await;
    assert_eq!(api.get("/park-slots/7901").await["site"], other["site"]);
    api.call(("PUT", "/park-slots/7901"), json!({ "extension": "7902" }), 200).await;
    api.call(("GET", "/park-slots/7901"), Value::Null, 404).await;
    api.call(("DELETE", "/park-slots/7902"), Value::Null, 204).await;

    let gateway = json!({ "name": "本社GW", "prefix": "0", "channels": 4 });
    let made = api.call(("POST", "/gateways"), gateway, 201).await;
    let path = format!("/gateways/{}", made["id"].as_str().expect("an id"));
    let clash = api.call(("PATCH", &path), json!({ "prefix": "200" }), 422).await;
    assert_eq!(clash["errors"][0]["with"]["extension"], "2001");
    api.call(("PATCH", &path), json!({ "channels": 8 }), 200).await;
    api.call(("DELETE", &path), Value::Null, 204).await;

    let site = json!({ "codes": { "hold": "#8", "park": "off" }, "tones": "mute", "park_s": 60 });
    let changed = api.call(("PATCH", "/sites/osaka.mihon.example"), site, 200).await;
    assert_eq!(
        (&changed["codes"]["hold"], &changed["codes"]["dial-confirm"]),
        (&json!("#8"), &json!("inherit"))
    );
    let odd = json!({ "codes": { "hold": "#12345", "pickup": "*1" } });
    let refused = api.call(("PATCH", "/sites/osaka.mihon.example"), odd, 422).await;
    assert_eq!(errors(&refused), one(212, "codes.pickup"));
    let odd = json!({ "codes": { "hold": "#1234" }, "park_s": 5 });
    let refused = api.call(("PATCH", "/sites/osaka.mihon.example"), odd, 422).await;
    assert_eq!(errors(&refused), one(251, "codes.hold"));
    let new = json!({ "domain": "nagoya.mihon.example", "name": "名古屋" });
    api.call(("POST", "/sites"), new, 201).await;
    let foreign = json!({ "domain": "tasha.example", "name": "x" });
    api.call(("POST", "/sites"), foreign, 422).await;
    api.call(("DELETE", "/sites/nagoya.mihon.example"), Value::Null, 204).await;
    let needed = api.call(("DELETE", "/sites/mihon.example"), Value::Null, 409).await;
    assert!(!errors(&needed).is_empty());

    let codes = json!({ "codes": { "pickup": "*66", "login": null }, "announcements": false });
    let tenant = api.call(("PATCH", "/tenant"), codes, 200).await;
    assert_eq!(
        (&tenant["codes"]["pickup"], &tenant["codes"]["login"]),
        (&json!("*66"), &Value::Null)
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_contracted_is_refused_and_only_the_operator_contracts() {
    let (world, mut api) = company().await;
    let none = json!({ "options": ["pickup"] });
    let refused = api.call(("PATCH", "/tenant"), none.clone(), 403).await;
    assert_eq!(errors(&refused), one(262, ""));
    let refused = api.call(("PATCH", "/tenant"), json!({ "quota": 9 }), 403).await;
    assert_eq!(refused["code"], 262);
    let mut operator = Program::of(&world, 1, ApiRole::Operator).await;
    operator.call(("PATCH", "/tenant"), none, 200).await;
    for path in ["/park-slots", "/gateways", "/lines", "/receptions"] {
        assert_eq!(errors(&api.call(("GET", path), Value::Null, 403).await)[0].0, 263, "{path}");
    }
    let slot = api.call(("POST", "/park-slots"), json!({ "extension": "7901" }), 403).await;
    assert_eq!(errors(&slot), one(263, "park"));
    let voicemail = api.call(("PATCH", "/numbers/2001"), json!({ "voicemail": true }), 422).await;
    assert_eq!(errors(&voicemail), one(263, "voicemail"));
    let pages = json!({ "extension": "7100", "name": "放送", "multicast": true });
    let refused = api.call(("POST", "/departments"), pages, 422).await;
    assert_eq!(errors(&refused), one(263, "multicast"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_searched_and_paged_by_cursor() {
    let mut content = Content::default();
    content.company(1, "見本商事", "mihon.example");
    for dn in 2100..2225 {
        content.person(1, &Person { dn, name: "田中 一郎", furigana: "タナカ", site: 1 });
    }
    let world = World::start(content).await;
    let mut api = Program::of(&world, 1, ApiRole::Administrator).await;
    for kind in ["users", "numbers", "devices"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for expected in [60, 60, 5] {
            let page = api.get(&format!("/{kind}?limit=60{cursor}")).await;
            let items = page["items"].as_array().expect("items");
            assert_eq!(items.len(), expected, "{kind}");
            seen.extend(items.iter().map(|i| i["extension"].as_str().expect("one").to_owned()));
            cursor = format!("&cursor={}", page["next"].as_str().unwrap_or("end"));
        }
        assert!(cursor.ends_with("=end") && seen.is_sorted(), "{kind}");
        assert_eq!((seen.len(), &*seen[124]), (125, "2224"));
    }
    let found = api.get("/users?q=2110").await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let found = api.get("/numbers?q=%E3%81%9F%E3%81%AA%E3%81%8B%202110").await;
    assert_eq!(found["items"], json!([]), "numbers are searched by name, not by reading");
    let found = api.get("/users?q=%E3%81%9F%E3%81%AA%E3%81%8B%202110").await;
    assert_eq!(found["items"][0]["extension"], "2110");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collisions_and_explanations_are_told() {
    let (world, mut api) = company().await;
    let found = api.get("/collisions").await;
    let warning =
        found["items"].as_array().expect("items").iter().find(|c| c["b"]["text"] == "20001");
    assert_eq!(warning.map(|c| (&c["relation"], &c["warning"])), None, "2000 is nobody's");
    let number = json!({ "extension": "200", "name": "短い" });
    api.call(("POST", "/virtual-numbers"), number, 201).await;
    let found = api.get("/collisions").await;
    let items = found["items"].as_array().expect("items");
    let warning = items.iter().find(|c| c["b"]["text"] == "20001").expect("200 begins 20001");
    assert_eq!((&warning["relation"], &warning["warning"]), (&json!("begins"), &json!(true)));
    assert_eq!(
        (&warning["a"]["noun"], &warning["b"]["noun"]),
        (&json!("virtual-number"), &json!("user"))
    );

    api.call(("PATCH", "/numbers/2002"), json!({ "forwards": { "all": "2001" } }), 200).await;
    let question = json!({ "from": "2003", "to": "2002",
        "assume": [{ "extension": "2001", "answer": "answers" }] });
    let mut told = Value::Null;
    for _ in 0..200 {
        told = api.call(("POST", "/explain"), question.clone(), 200).await;
        if told["ending"] == "answered" {
            break;
        }
        // The node takes a change a moment after it was stored.
        tokio::task::yield_now().await;
    }
    assert_eq!((&told["ending"], &told["extension"]), (&json!("answered"), &json!("2001")));
    let lines = told["lines_ja"].as_array().expect("lines").len();
    assert!(lines > 2 && told["lines_en"].as_array().map(Vec::len) == Some(lines));
    let refused =
        api.call(("POST", "/explain"), json!({ "from": "2003", "to": "2999" }), 200).await;
    assert_eq!((&refused["ending"], &refused["cause"]), (&json!("refused"), &json!("001")));
    let by_line = json!({ "line": "001", "at": "2026-07-01 20:30" });
    let odd = api.call(("POST", "/explain"), by_line, 422).await;
    assert_eq!(errors(&odd).into_iter().map(|(_, f)| f).collect::<Vec<_>>(), ["line"]);
    let odd = json!({ "from": "x", "assume": [{ "extension": "2001", "answer": "sings" }] });
    let odd = api.call(("POST", "/explain"), odd, 422).await;
    let fields: Vec<_> = errors(&odd).into_iter().map(|(_, field)| field).collect();
    assert_eq!(fields, ["assume.0.answer", "from", "to"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_enters_without_a_token_in_force() {
    let (mut world, mut api) = company().await;
    let good = std::mem::take(&mut api.token);
    for wrong in ["", "x", "naisen_", &good[..good.len() - 1], &format!("{good}0")] {
        api.token = wrong.to_owned();
        let answer = api.send("GET", "/api/v1/users", None).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.text().contains("2001"));
    }
    api.token = good;
    api.get("/users").await;
    let tokens = world.store.api_tokens(&world.scope(1)).await.expect("readable");
    let id = tokens.first().expect("one").id;
    let done = world.store.revoke_api_token(&world.scope(1), id, super::world::NOW).await;
    assert!(done.expect("revoked"));
    api.call(("GET", "/users"), Value::Null, 401).await;
    // Cookies of the portal open nothing here, and tokens open no page.
    let mut browser = super::Browser::signed_in(&world, "mihon.example", "kanri").await;
    assert_eq!(browser.get("/api/v1/users").await.status, 401);
    world.stop_node().await;
    let mut api = Program::of(&world, 1, ApiRole::Administrator).await;
    assert_eq!(api.send("GET", "/users", None).await.status, 303);
    api.call(("GET", "/calls"), Value::Null, 503).await;
    api.call(("GET", "/users"), Value::Null, 200).await;
    world.end().await;
}

/// SEC-21: whatever is asked with the ids of another company is not found, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn objects_of_another_company_are_not_found_at_any_address() {
    let (world, mut api) = company().await;
    let mut other = Program::of(&world, 2, ApiRole::Operator).await;
    let hunt = json!({ "number": 8, "pilot": "7000", "members": ["3001"] });
    other.call(("POST", "/hunting-groups"), hunt, 201).await;
    other.call(("POST", "/pickup-groups"), json!({ "number": 8 }), 201).await;
    let department = json!({ "extension": "7100", "name": "秘密" });
    let department = other.call(("POST", "/departments"), department, 201).await;
    other.call(("POST", "/park-slots"), json!({ "extension": "7900" }), 201).await;
    let number = json!({ "extension": "3900", "name": "秘密" });
    let number = other.call(("POST", "/virtual-numbers"), number, 201).await;
    let gateway = json!({ "name": "秘密", "prefix": "9" });
    let gateway = other.call(("POST", "/gateways"), gateway, 201).await;
    let line = json!({ "code": "009", "number": "0355550009", "gateway": id_of(&gateway) });
    let line = other.call(("POST", "/lines"), line, 201).await;
    let (user, device) = (other.get("/users/3001").await, other.get("/devices/phone3001").await);
    other.call(("POST", "/mobile-lines"), json!({ "number": "09011112222" }), 201).await;
    let site = other.get("/sites").await["items"][0].clone();
    let id = |object: &Value| object["id"].as_str().expect("an id").to_owned();
    let foreign: BTreeSet<String> = [
        "8",
        "7000",
        "7100",
        "7900",
        "3900",
        "3001",
        "phone3001",
        "tasha.example",
        "09011112222",
        "009",
        &id(&line),
        &id(&department),
        &id(&number),
        &id(&gateway),
        &id(&user),
        &id(&device),
        &id(&site),
    ]
    .map(str::to_owned)
    .into();
    let before = world.store.snapshot();
    let mut asked = 0;
    for route in crate::api_routes() {
        let (method, path) = (route.0.to_uppercase(), route.1);
        if !path.contains("{key}") {
            continue;
        }
        for key in &foreign {
            let path = format!("/api/v1{}", path.replace("{key}", key));
            let body = match path.rsplit('/').next() {
                _ if method == "GET" || method == "DELETE" => None,
                Some("pin") => Some(json!({ "pin": "480216" })),
                Some("password") => Some(json!({ "password": "correct-horse" })),
                Some("own-setting") => Some(json!({ "setting": "voicemail" })),
                Some("reset") => Some(json!({ "valid": "at-once" })),
                _ if method == "PUT" => Some(whole_body(&path)),
                _ => Some(json!({})),
            };
            let answer = api.send(&method, &path, body.as_ref()).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
            assert!(!answer.text().contains("秘密"));
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
    assert_eq!(*before, *world.store.snapshot());
    // Nor can another company's objects be named inside of a body.
    let theirs = json!({ "extension": "7500", "name": "x", "site": site["id"] });
    api.call(("POST", "/departments"), theirs, 422).await;
    let theirs = json!({ "number": 1, "pilot": "7500", "members": ["3001"] });
    api.call(("POST", "/hunting-groups"), theirs, 422).await;
    for list in [
        "users",
        "numbers",
        "devices",
        "sites",
        "departments",
        "gateways",
        "mobile-lines",
        "registrations",
    ] {
        let text = api.get(&format!("/{list}?limit=500")).await.to_string();
        assert!(!text.contains("秘密") && !text.contains("3001"), "{list}");
    }
    world.end().await;
}

/// Its durable id.
pub(super) fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

/// A body that has what must be given.
fn whole_body(path: &str) -> Value {
    let noun = path.split('/').nth(3).unwrap_or_default();
    match noun {
        "hunting-groups" => json!({ "number": 8, "pilot": "7000" }),
        "pickup-groups" => json!({ "number": 8 }),
        "departments" | "virtual-numbers" => json!({ "extension": "7000", "name": "x" }),
        "park-slots" => json!({ "extension": "7000" }),
        "users" => json!({ "extension": "2999", "name": "x" }),
        "devices" => json!({ "sip_id": "x2999" }),
        "mobile-lines" => json!({ "number": "09099999999" }),
        "sites" => json!({ "domain": "x.example", "name": "x" }),
        "gateways" => json!({ "name": "x", "prefix": "9" }),
        "lines" => {
            json!({ "code": "8", "number": "0355550008", "gateway": Uuid::default().to_string() })
        }
        _ => json!({}),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_address_and_every_address_answers() {
    let (world, mut api) = company().await;
    let served = api.send("GET", "/api/v1/openapi.json", None).await;
    assert_eq!(served.text(), api_document());
    assert_eq!(api.send("GET", "/api/openapi.json", None).await.text(), api_document());
    let document: Value = serde_json::from_str(api_document()).expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    let mut named = BTreeSet::new();
    let mut operations = BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            named.insert((method.clone(), path.clone()));
            let id = operation["operationId"].as_str().expect("a name");
            assert!(operations.insert(id.to_owned()), "{id} stands twice");
        }
    }
    let routed = crate::api_routes().into_iter().map(|(m, p)| (m.to_owned(), p));
    assert_eq!(named, routed.collect::<BTreeSet<_>>());
    let all = ["get", "post", "put", "patch", "delete"];
    for (path, methods) in paths {
        let at = path.replace("{key}", "7777");
        for method in all {
            let body = json!({});
            let body = (!matches!(method, "get" | "delete")).then_some(&body);
            let answer = api.send(&method.to_uppercase(), &format!("/api/v1{at}"), body).await;
            let known = methods.get(method).is_some();
            assert_eq!(answer.status != 405, known, "{method} {path}: {}", answer.status);
            let told = format!("{}", answer.status);
            if known {
                let answers = &methods[method]["responses"];
                assert!(answers.get(&told).is_some(), "{method} {path} answers {told}");
            }
        }
    }
    api.call(("GET", "/nowhere"), Value::Null, 404).await;
    world.end().await;
}

/// Every object that is told fits the schema that the document gives for it.
#[tokio::test(flavor = "multi_thread")]
async fn answers_have_exactly_the_fields_of_their_schema() {
    let (world, mut api) = company().await;
    api.call(("POST", "/hunting-groups"), json!({ "number": 1, "pilot": "7000" }), 201).await;
    api.call(("POST", "/pickup-groups"), json!({ "number": 1 }), 201).await;
    api.call(("POST", "/departments"), json!({ "extension": "7100", "name": "x" }), 201).await;
    api.call(("POST", "/park-slots"), json!({ "extension": "7900" }), 201).await;
    api.call(("POST", "/virtual-numbers"), json!({ "extension": "200", "name": "x" }), 201).await;
    let gateway = json!({ "name": "x", "prefix": "9" });
    let gateway = api.call(("POST", "/gateways"), gateway, 201).await;
    let line = json!({ "code": "001", "number": "0355550001", "gateway": id_of(&gateway) });
    api.call(("POST", "/lines"), line, 201).await;
    let document: Value = serde_json::from_str(api_document()).expect("JSON");
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    for (path, name) in [
        ("/hunting-groups", "HuntingGroup"),
        ("/numbers", "Number"),
        ("/pickup-groups", "PickupGroup"),
        ("/departments", "Department"),
        ("/park-slots", "ParkSlot"),
        ("/virtual-numbers", "VirtualNumber"),
        ("/sites", "Site"),
        ("/gateways", "Gateway"),
        ("/lines", "Line"),
        ("/user-lines", "UserLines"),
        ("/receptions", "Reception"),
        ("/users", "User"),
        ("/devices", "Device"),
        ("/collisions", "Collision"),
        ("/registrations", "Registration"),
    ] {
        let page = api.get(path).await;
        let item = page["items"].as_array().expect("items").first().expect(path);
        let mut told = schema(name)["properties"].clone();
        if let Some(told) = told.as_object_mut() {
            told.retain(|_, field| field["writeOnly"] != true);
        }
        assert_eq!(fields(item), fields(&told), "{path}");
    }
    let tenant = api.get("/tenant").await;
    assert_eq!(fields(&tenant), fields(&schema("Tenant")["properties"]));
    let codes = &schema("Tenant")["properties"]["codes"]["properties"];
    assert_eq!(fields(&tenant["codes"]), fields(codes));
    let question = json!({ "from": "2001", "to": "2002" });
    let told = api.call(("POST", "/explain"), question, 200).await;
    assert_eq!(fields(&told), fields(&schema("Explanation")["properties"]));
    world.end().await;
}

fn fields(object: &Value) -> BTreeSet<String> {
    object.as_object().expect("an object").keys().cloned().collect()
}

#[test]
fn the_filed_document_is_fresh() {
    let filed = include_str!("../../../../docs/protocol/openapi.json");
    assert!(filed == api_document(), "not fresh: run `cargo xtask docs`");
}
