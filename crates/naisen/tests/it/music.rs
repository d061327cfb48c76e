//! A company's own music, as held telephones hear it (R319).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::harness::baresip::{Account, Baresip};
use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::{PATIENCE, have};

/// A RIFF/WAVE of five seconds of that tone, 44,100 Hz and two channels, as people have them.
fn wav(hertz: f64) -> Vec<u8> {
    let (rate, seconds) = (44_100u32, 5);
    let size = rate * seconds * 4;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + size).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    out.extend(rate.to_le_bytes());
    out.extend((rate * 4).to_le_bytes());
    out.extend(b"\x04\0\x10\0data");
    out.extend(size.to_le_bytes());
    for n in 0..rate * seconds {
        let phase = std::f64::consts::TAU * hertz * f64::from(n) / f64::from(rate);
        let sample = (phase.sin() * 12_000.0) as i16;
        out.extend([sample.to_le_bytes(), sample.to_le_bytes()].concat());
    }
    out
}

/// One request with a token; status and body.
fn request(at: SocketAddr, token: &str, head: &str, kind: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let text = format!(
        "{head} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(text.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn token(exchange: &Exchange) -> String {
    let made =
        exchange.good(&["token", "--tenant", DOMAIN, "--name", "test", "--role", "operator"]);
    let text = String::from_utf8(made).unwrap();
    let word = text.split_whitespace().find(|word| word.starts_with("naisen_"));
    word.unwrap_or_else(|| panic!("{text}")).to_owned()
}

/// Uploads a tone as a sound; its id.
#[track_caller]
fn upload(at: SocketAddr, token: &str, words: &str, hertz: f64) -> Value {
    let head = format!("POST /api/v1/sounds?{words}");
    let (status, sound) = request(at, token, &head, "audio/wav", &wav(hertz));
    assert_eq!(status, 201, "{sound}");
    sound["id"].clone()
}

fn phone(exchange: &Exchange, name: &str, dn: u32, hertz: u32) -> Baresip {
    let mut phone = Baresip::start(&exchange.dir, name, hertz);
    let exchange = exchange.udp();
    phone.register(Account { dn, exchange, transport: "udp", more: "" });
    phone
}

/// Two telephones talk, one holds and resumes: what the other one hears meanwhile.
#[track_caller]
fn held_party_hears(exchange: &Exchange, names: &str, hertz: u32) {
    let mut holder = phone(exchange, &format!("{names}-holder"), 2101, 440);
    let mut held = phone(exchange, &format!("{names}-held"), 2102, 1_000);
    held.dial("2101");
    holder.event("CALL_INCOMING");
    holder.command("accept", "");
    held.event("CALL_ESTABLISHED");
    holder.hears(1_000);
    held.hears_now(440, true);
    holder.command("hold", "");
    held.hears_now(hertz, true);
    holder.command("resume", "");
    held.hears_now(440, true);
}

/// The same with the hold code and a transfer by digits: music until the target has answered.
#[track_caller]
fn held_by_code_hears(exchange: &Exchange, hertz: u32) {
    let mut holder = phone(exchange, "code-holder", 2101, 440);
    let mut held = phone(exchange, "code-held", 2102, 1_000);
    let mut target = phone(exchange, "code-target", 2103, 620);
    held.dial("2101");
    holder.event("CALL_INCOMING");
    holder.command("accept", "");
    held.event("CALL_ESTABLISHED");
    holder.hears(1_000);
    held.hears_now(440, true);
    holder.command("sndcode", "#7");
    held.hears_now(hertz, true);
    holder.command("sndcode", "2103#1");
    target.event("CALL_INCOMING");
    held.hears_now(hertz, true);
    target.command("accept", "");
    holder.hears(620);
    held.hears_now(hertz, true);
    holder.command("hangup", "");
    held.hears_now(620, true);
}

#[test]
fn a_held_telephone_hears_the_music_that_the_company_uploaded() {
    if !have(&["baresip"]) {
        return;
    }
    let mut exchange = Exchange::start("music", "relay", 2101..2104);
    let (portal, token) = (exchange.listener(&["portal"]), token(&exchange));
    let head = "POST /api/v1/sounds?name=tone";
    let (status, sound) = request(portal, &token, head, "audio/wav", &wav(1_700.0));
    assert_eq!(status, 201, "{sound}");
    assert!(sound["duration_ms"].as_u64().unwrap().abs_diff(5_000) < 20, "{sound}");
    let choice = serde_json::json!({ "music": sound["id"] }).to_string();
    let head = "PATCH /api/v1/tenant";
    let (status, told) = request(portal, &token, head, "application/json", choice.as_bytes());
    assert_eq!(status, 200, "{told}");

    held_party_hears(&exchange, "first", 1_700);

    // It is still there when the program was killed and started anew, and the rest is not.
    let folder = exchange.data().join("media/sounds/ff");
    std::fs::create_dir_all(&folder).unwrap();
    let stray = folder.join("00000000000000ff.wav");
    std::fs::write(&stray, wav(300.0)).unwrap();
    exchange.kill();
    exchange.serve();
    assert!(!stray.exists(), "a file that nothing knows of");
    let portal = exchange.listener(&["portal"]);
    let head = format!("GET /api/v1/sounds/{}", sound["id"].as_str().unwrap());
    assert_eq!(request(portal, &token, &head, "application/json", b"").0, 200);
    let every = serde_json::json!({ "options": ["in-call-codes", "pickup", "park", "voicemail"] });
    let (head, every) = ("PATCH /api/v1/tenant", every.to_string());
    let (status, told) = request(portal, &token, head, "application/json", every.as_bytes());
    assert_eq!(status, 200, "{told}");
    held_by_code_hears(&exchange, 1_700);
}

/// R319: an announcement and a tone, of the company and of a site, and the standard again.
#[test]
fn a_telephone_hears_the_announcement_and_the_tone_that_the_company_uploaded() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("wording", "relay", 2101..2103);
    let (portal, token) = (exchange.listener(&["portal"]), token(&exchange));
    let first = upload(portal, &token, "name=first&use=announcement", 1_700.0);
    let second = upload(portal, &token, "name=second&use=announcement", 2_100.0);
    let set = |path: &str, wording: Value| {
        let body = serde_json::json!({ "wording": wording }).to_string();
        let head = format!("PATCH /api/v1/{path}");
        let (status, told) = request(portal, &token, &head, "application/json", body.as_bytes());
        assert_eq!(status, 200, "{told}");
    };
    let mut caller = phone(&exchange, "caller", 2101, 440);
    let mut hears = |dialled: &str, hertz: u32| {
        let mark = caller.mark();
        caller.dial(dialled);
        caller.hears_now(hertz, true);
        caller.command("hangup", "");
        caller.event_since(mark, "CALL_CLOSED");
    };
    let unused = |sound: &Value| {
        serde_json::json!([
            { "phrase": "number-not-in-use", "language": "ja", "sound": sound },
            { "phrase": "tone-confirmation", "sound": sound },
        ])
    };
    set("tenant", unused(&first));
    hears("2999", 1_700);
    // The tone before the words of a feature code.
    hears("*210", 1_700);
    let site = format!("sites/{DOMAIN}");
    set(&site, unused(&second));
    hears("2999", 2_100);
    set(&site, unused(&Value::Null));
    let mark = caller.mark();
    caller.dial("2999");
    caller.hears_something();
    caller.hears_now(1_700, false);
    caller.hears_now(2_100, false);
    caller.event_since(mark, "CALL_CLOSED");
}
