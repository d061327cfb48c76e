//! Paging, with telephones that answer by themselves and send nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::audio::{Voice, tone};
use crate::harness::baresip::{Account, Baresip};
use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::{have, let_run, wait};

/// Sends one request of the API and returns the answer.
fn api(exchange: &Exchange, request: &str, body: &str) -> String {
    let made = exchange.good(&["token", "--tenant", DOMAIN, "--name", "test"]);
    let made = String::from_utf8_lossy(&made).into_owned();
    let token = made.split_whitespace().find(|w| w.starts_with("naisen_")).expect("a token");
    let mut stream = TcpStream::connect(exchange.listener(&["portal"])).unwrap();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The id in an answer of the API, which must be of success.
#[track_caller]
fn id(answer: &str) -> &str {
    let status = answer.lines().next().unwrap_or_default();
    assert!(status.contains(" 20"), "{answer}");
    let id = answer.split_once("\"id\":\"").and_then(|(_, rest)| rest.split_once('"'));
    id.expect("an id").0
}

#[test]
fn members_receive_the_caller_and_the_caller_hears_none_of_them() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("pages", "auto", 2101..2105);
    let department = r#"{"extension": "7200", "name": "放送", "multicast": true,
        "members": ["2102", "2103", "2104"]}"#;
    let made = api(&exchange, "POST /api/v1/departments", department);
    id(&made);
    let phone = |name: &str, dn, hertz, more| {
        let mut phone = Baresip::start(&exchange.dir, name, hertz);
        let exchange = exchange.udp();
        phone.register(Account { dn, exchange, transport: "udp", more });
        phone
    };
    let mut caller = phone("caller", 2101, 700, "");
    let mut first = phone("first", 2102, 440, ";answermode=auto");
    let mut second = phone("second", 2103, 620, ";answermode=auto");
    caller.dial("7200");
    caller.event("CALL_ESTABLISHED");
    first.event("CALL_ESTABLISHED");
    second.event("CALL_ESTABLISHED");
    // The tone that says that all are there.
    caller.hears_for(1_000, 0.3);
    // This phone records nothing while it only listens, so its own count of octets stands for it.
    for member in ["first", "second"] {
        wait(&format!("{member} receives"), || {
            let log = std::fs::read(exchange.dir.join(member).join("log")).ok()?;
            let log = String::from_utf8_lossy(&log).into_owned();
            let speech = |rates: &str| rates.strip_prefix("0/").is_some_and(|r| r.starts_with('6'));
            log.split("audio=").any(speech).then_some(())
        });
    }
    let_run(Duration::from_secs(1));
    let heard = caller.heard().pop().expect("a recording");
    for hertz in [440, 620, 700] {
        let heard = tone(&heard, hertz);
        assert!(heard.seconds < 0.1, "{hertz} Hz came back: {heard:?}");
    }
    // One that takes a call leaves; the other one listens on.
    let mark = second.mark();
    let closed = first.mark();
    first.dial("2103");
    first.event_since(closed, "CALL_CLOSED");
    second.event_since(mark, "CALL_CLOSED");
    caller.command("hangup", "");
    let history = exchange.history_of(1);
    assert_eq!((&*history[0][4], &*history[0][11]), ("マルチキャスト", "016"), "{history:?}");
}

/// R280: the telephones of two sites listen to groups of their own; a third one is called.
#[test]
fn each_site_hears_the_caller_by_its_own_group() {
    let groups = [[239, 255, 78, 1], [239, 255, 78, 2]].map(Voice::of_group);
    let [Some(first), Some(second)] = groups else {
        return eprintln!("skipped: each_site_hears_the_caller_by_its_own_group: no multicast");
    };
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("streams", "auto", 2101..2105);
    let branch = r#"{"domain": "branch.example", "name": "支店"}"#;
    let branch = api(&exchange, "POST /api/v1/sites", branch);
    let branch = id(&branch);
    let department = format!(
        r#"{{"extension": "7200", "name": "放送", "multicast": true,
            "members": ["2102", "2103", "2104"], "multicast_to": "{}",
            "multicast_sites": [{{"site": "{branch}", "to": "{}"}}]}}"#,
        first.at, second.at
    );
    id(&api(&exchange, "POST /api/v1/departments", &department));
    let holds = r#"{"multicast_groups": 1}"#;
    id(&api(&exchange, "PATCH /api/v1/devices/2102", holds));
    let there = format!(r#"{{"multicast_groups": 1, "site": "{branch}"}}"#);
    let told = api(&exchange, "PATCH /api/v1/devices/2103", &there);
    assert!(told.contains(&format!("[\"{}\"]", second.at)), "{told}");
    let phone = |name: &str, dn, hertz, more| {
        let mut phone = Baresip::start(&exchange.dir, name, hertz);
        let exchange = exchange.udp();
        phone.register(Account { dn, exchange, transport: "udp", more });
        phone
    };
    let mut caller = phone("caller", 2101, 700, "");
    let mut called = phone("called", 2104, 440, ";answermode=auto");
    caller.dial("7200");
    caller.event("CALL_ESTABLISHED");
    called.event("CALL_ESTABLISHED");
    first.hears(700);
    second.hears(700);
    caller.command("hangup", "");
    called.event("CALL_CLOSED");
    let history = exchange.history_of(1);
    assert_eq!((&*history[0][4], &*history[0][11]), ("マルチキャスト", "016"), "{history:?}");
}
