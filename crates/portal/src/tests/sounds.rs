//! Own sounds and languages as a program meets them (R319, J120).

use serde_json::{Value, json};
use store::ApiRole;

use super::api::{Program, company, errors, json_of, one};
use super::browser::Answer;

const FILE: &str = "RIFF and so on";

async fn upload(api: &mut Program, name: &str, kind: &str, file: &str) -> Answer {
    api.header = Some(("Content-Type", kind.to_owned()));
    let body = Value::String(file.to_owned());
    api.send("POST", &format!("/api/v1/sounds?name={name}"), Some(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_is_uploaded_heard_renamed_chosen_and_removed() {
    let (world, mut api) = company().await;
    let made = upload(&mut api, "morning", "audio/wav", FILE).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let sound = json_of(&made);
    let id = sound["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), format!("/api/v1/sounds/{id}"));
    assert_eq!((&sound["name"], &sound["duration_ms"]), (&json!("morning"), &json!(4_000)));
    let list = api.get("/sounds").await;
    assert_eq!(list["items"], json!([sound]));
    let path = format!("/api/v1/sounds/{id}/file");
    let heard = api.send("GET", &path, None).await;
    assert_eq!((heard.status, heard.text().as_str()), (200, FILE));
    assert_eq!(heard.header("content-type"), "audio/wav");
    let (sound_path, renamed) = (format!("/sounds/{id}"), json!({ "name": "evening" }));
    assert_eq!(api.call(("PATCH", &sound_path), renamed, 200).await["name"], "evening");

    let site = "/sites/osaka.mihon.example";
    let told = api.call(("PATCH", "/tenant"), json!({ "music": id }), 200).await;
    assert_eq!(told["music"], json!(id));
    assert_eq!(api.get(site).await["music"], json!("inherit"));
    let told = api.call(("PATCH", site), json!({ "music": id }), 200).await;
    assert_eq!(told["music"], json!(id));
    let kept = api.call(("DELETE", &sound_path), Value::Null, 409).await;
    assert_eq!(errors(&kept), [one(244, ""), one(244, "")].concat());
    assert!(kept.to_string().contains("osaka.mihon.example"), "{kept}");
    assert_eq!(api.send("GET", &path, None).await.status, 200, "nothing was removed");
    api.call(("PATCH", site), json!({ "music": "built-in" }), 200).await;
    api.call(("PATCH", "/tenant"), json!({ "music": null }), 200).await;
    api.call(("DELETE", &sound_path), Value::Null, 204).await;
    api.call(("GET", &sound_path), Value::Null, 404).await;
    assert_eq!(api.send("GET", &path, None).await.status, 404);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_or_its_name_is_told_by_its_rule() {
    let (world, mut api) = company().await;
    let big = format!("RIFF{}", "x".repeat((10 << 20) - 3));
    for (name, kind, file, status, expected) in [
        ("a", "audio/mpeg", "no sound", 422, one(202, "file")),
        ("a", "audio/wav", "", 422, one(202, "file")),
        ("a", "audio/wav", &big, 422, one(202, "file")),
        ("", "audio/wav", FILE, 422, one(211, "name")),
        ("a", "multipart/form-data; boundary=x", FILE, 415, Vec::new()),
        ("a", "application/json", "{}", 415, Vec::new()),
    ] {
        let answer = upload(&mut api, name, kind, file).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        assert_eq!(errors(&json_of(&answer)), expected, "{kind}");
    }
    assert_eq!(upload(&mut api, "a", "audio/wav", FILE).await.status, 201);
    let twin = upload(&mut api, "a", "audio/wav", FILE).await;
    assert_eq!((twin.status, errors(&json_of(&twin))), (422, one(233, "name")));
    assert_eq!(api.get("/sounds").await["items"].as_array().map(Vec::len), Some(1));
    let unknown = json!({ "music": "0198c0de-0000-7000-8000-000000000001" });
    let told = api.call(("PATCH", "/tenant"), unknown, 422).await;
    assert_eq!(errors(&told), one(238, "music"));
    let odd = api.call(("PATCH", "/sites/mihon.example"), json!({ "music": "rock" }), 422).await;
    assert_eq!(errors(&odd), one(212, "music"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_company_hears_names_or_removes_the_sounds_of_another() {
    let (world, mut api) = company().await;
    let made = json_of(&upload(&mut api, "ours", "audio/wav", FILE).await);
    let id = made["id"].as_str().expect("an id");
    let mut theirs = Program::of(&world, 2, ApiRole::Administrator).await;
    assert_eq!(theirs.get("/sounds").await["items"], json!([]));
    for (method, path) in [
        ("GET", format!("/sounds/{id}")),
        ("GET", format!("/sounds/{id}/file")),
        ("DELETE", format!("/sounds/{id}")),
    ] {
        theirs.call((method, &path), Value::Null, 404).await;
    }
    let told = theirs.call(("PATCH", "/tenant"), json!({ "music": id }), 422).await;
    assert_eq!(errors(&told), one(238, "music"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_of_company_site_and_number_is_set() {
    let (world, mut api) = company().await;
    assert_eq!(api.get("/tenant").await["language"], "ja");
    api.call(("PATCH", "/tenant"), json!({ "language": "en" }), 200).await;
    let paths = ["/sites/mihon.example", "/numbers/2001"];
    for path in paths {
        assert_eq!(api.get(path).await["language"], Value::Null);
        let told = api.call(("PATCH", path), json!({ "language": "ja" }), 200).await;
        assert_eq!(told["language"], "ja");
        let odd = api.call(("PATCH", path), json!({ "language": "fr" }), 422).await;
        assert_eq!(errors(&odd), one(212, "language"));
        let back = api.call(("PATCH", path), json!({ "language": null }), 200).await;
        assert_eq!(back["language"], Value::Null);
    }
    assert_eq!(api.get("/tenant").await["language"], "en");
    world.end().await;
}

/// R262: limits and PINs of the mailboxes of groups and virtual numbers.
#[tokio::test(flavor = "multi_thread")]
async fn mailboxes_of_groups_have_limits_and_pins() {
    let (world, mut api) = company().await;
    api.call(("POST", "/hunting-groups"), json!({ "number": 5, "pilot": "7000" }), 201).await;
    let body = json!({ "extension": "7100", "name": "sales" });
    api.call(("POST", "/departments"), body, 201).await;
    let body = json!({ "extension": "2500", "name": "desk" });
    api.call(("POST", "/virtual-numbers"), body, 201).await;
    for path in ["/hunting-groups/5", "/departments/7100", "/numbers/2500"] {
        let told = api.get(path).await;
        let limits = ["record_s", "messages_max", "keep_days"].map(|f| told[f].clone());
        assert_eq!(limits, [json!(180), json!(100), json!(90)], "{path}");
        let body = json!({ "record_s": 600, "messages_max": 1_000, "keep_days": 400 });
        let told = api.call(("PATCH", path), body, 200).await;
        assert_eq!(told["keep_days"], 400);
        let body = json!({ "record_s": 9, "messages_max": 1_001, "keep_days": 0 });
        let refused = api.call(("PATCH", path), body, 422).await;
        let mut fields: Vec<String> = errors(&refused).into_iter().map(|(_, f)| f).collect();
        fields.sort();
        assert_eq!(fields, ["keep_days", "messages_max", "record_s"], "{path}");
    }
    for path in ["/hunting-groups/5/pin", "/departments/7100/pin", "/virtual-numbers/2500/pin"] {
        api.call(("PUT", path), json!({ "pin": "480216" }), 204).await;
        let easy = api.call(("PUT", path), json!({ "pin": "1234" }), 422).await;
        assert_eq!(errors(&easy), one(223, "pin"), "{path}");
        api.call(("DELETE", path), Value::Null, 204).await;
    }
    for path in ["/hunting-groups/6/pin", "/departments/7101/pin", "/virtual-numbers/2001/pin"] {
        api.call(("PUT", path), json!({ "pin": "480216" }), 404).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_is_replaced_kept_while_it_is_in_use_and_standard_again() {
    let (world, mut api) = company().await;
    let made = upload(&mut api, "sorry&use=announcement", "audio/wav", FILE).await;
    let id = json_of(&made)["id"].as_str().expect("an id").to_owned();
    let sound = format!("/sounds/{id}");
    assert_eq!(api.get("/tenant").await["wording"], json!([]));
    let entry =
        |language: Value| json!({ "phrase": "no-answer", "language": language, "sound": id });
    let own = |language: Value| json!({ "wording": [entry(language)] });
    let site = "/sites/osaka.mihon.example";
    for (path, language) in [("/tenant", json!("en")), (site, Value::Null)] {
        let told = api.call(("PATCH", path), own(language.clone()), 200).await;
        assert_eq!(told["wording"], own(language)["wording"]);
    }
    let kept = api.call(("DELETE", &sound), Value::Null, 409).await;
    assert_eq!(errors(&kept), [one(244, ""), one(244, "")].concat());
    let standard = json!({ "wording": [{ "phrase": "no-answer" }] });
    let told = api.call(("PATCH", site), standard, 200).await;
    assert_eq!(told["wording"][0]["sound"], Value::Null);
    for (wording, expected) in [
        (json!([{ "phrase": "no-answer" }, { "phrase": "no-answer" }]), one(233, "wording")),
        (json!([{ "phrase": "tone-beep", "language": "ja" }]), one(212, "wording")),
        (json!([{ "phrase": "n0" }]), one(212, "wording.0.phrase")),
        (json!([{ "sound": id }]), one(211, "wording.0.phrase")),
        (
            json!([{ "phrase": "no-answer", "sound": "0198c0de-0000-7000-8000-000000000001" }]),
            one(238, "wording"),
        ),
    ] {
        let told = api.call(("PATCH", "/tenant"), json!({ "wording": wording }), 422).await;
        assert_eq!(errors(&told), expected, "{wording}");
    }
    api.call(("PATCH", "/tenant"), json!({ "wording": [] }), 200).await;
    api.call(("DELETE", &sound), Value::Null, 204).await;
    let odd = upload(&mut api, "b&use=ringing", "audio/wav", FILE).await;
    assert_eq!((odd.status, errors(&json_of(&odd))), (422, one(212, "use")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_sent_again_is_taken_once() {
    let (world, mut api) = company().await;
    let kind = "audio/wav\r\nIdempotency-Key: order-7";
    let big = format!("RIFF{}", "x".repeat(1 << 20));
    let first = upload(&mut api, "morning", kind, &big).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let again = upload(&mut api, "morning", kind, &big).await;
    assert_eq!((again.status, again.text()), (201, first.text()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    let other = upload(&mut api, "morning", kind, FILE).await;
    assert_eq!(other.status, 422, "another file with the key: {}", other.text());
    assert_eq!(api.get("/sounds").await["items"].as_array().map(Vec::len), Some(1));
    world.end().await;
}
