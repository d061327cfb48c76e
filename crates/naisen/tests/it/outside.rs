//! Parties outside, behind a gateway that registers like a telephone: a baresip that knows the
//! numbers outside by accounts of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::baresip::{Account, Baresip};
use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{Over, Phone, Run};
use crate::harness::{have, let_run};

/// Numbers that the gateway reaches.
const OUTSIDE: [&str; 3] = ["0312345678", "0355556666", "119"];

/// A program that sets the company up.
pub(crate) struct Api<'a> {
    exchange: &'a Exchange,
    token: String,
}

impl<'a> Api<'a> {
    #[track_caller]
    pub(crate) fn of(exchange: &'a Exchange) -> Self {
        let args = ["token", "--tenant", DOMAIN, "--name", "test", "--role", "operator"];
        let told = String::from_utf8(exchange.good(&args)).unwrap();
        let mut words = told.split_whitespace();
        let token = words.find(|word| word.starts_with("naisen_")).unwrap().to_owned();
        Api { exchange, token }
    }

    /// Sends a request; its answer, which must be a good one.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map(|b| b.to_string()).unwrap_or_default();
        let mut stream = TcpStream::connect(self.exchange.listener(&["portal"])).unwrap();
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap_or_default()
    }

    /// The codes of calls are listened for, and push tones are taken out.
    pub(crate) fn prepare(&self) {
        let tenant = self.ask("GET", "tenant", None);
        let mut options = tenant["options"].as_array().unwrap().clone();
        options.push(json!("in-call-codes"));
        self.ask("PATCH", "tenant", Some(json!({ "options": options })));
        let site = format!("sites/{DOMAIN}");
        let rules = json!({ "tones": "mute", "transfer_outside": "domestic" });
        self.ask("PATCH", &site, Some(rules));
    }
}

/// Parameters of the accounts by which a gateway speaks for numbers outside.
fn speaks_for(number: &str, exchange: &Exchange, secret: &str) -> String {
    format!(
        "<sip:{number}@{DOMAIN};transport=udp>;outbound=\"sip:{};lr;transport=udp\"\
         ;auth_user=gw0;auth_pass={secret};regint=0;audio_codecs=PCMU/8000/1;answermode=auto",
        exchange.udp()
    )
}

/// A gateway of prefix 0 with its account, registered; the numbers outside answer at once.
#[track_caller]
fn gateway(exchange: &Exchange, api: &Api<'_>) -> (Baresip, String) {
    let made = json!({ "name": "GW", "prefix": "0", "channels": 4 });
    let id = api.ask("POST", "gateways", Some(made))["id"].as_str().unwrap().to_owned();
    let account = api.ask("POST", &format!("gateways/{id}/account"), None);
    assert_eq!(
        (account["sip_id"].as_str(), account["domain"].as_str()),
        (Some("gw0"), Some(DOMAIN))
    );
    let secret = account["secret"].as_str().unwrap().to_owned();
    let mut gateway = Baresip::start(&exchange.dir, "gateway", 1_000);
    gateway.register_as(&format!(
        "<sip:gw0@{DOMAIN};transport=udp>;outbound=\"sip:{};lr;transport=udp\"\
         ;auth_pass={secret};regint=600;audio_codecs=PCMU/8000/1",
        exchange.udp()
    ));
    for number in OUTSIDE {
        gateway.command("uanew", &speaks_for(number, exchange, &secret));
    }
    (gateway, secret)
}

fn phone(exchange: &Exchange, name: &str, dn: u32, hertz: u32) -> Baresip {
    let mut phone = Baresip::start(&exchange.dir, name, hertz);
    phone.register(Account { dn, exchange: exchange.udp(), transport: "udp", more: "" });
    phone
}

#[test]
fn push_tones_are_kept_from_the_outside_until_the_code_is_pressed() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("outside-tones", "auto", 2101..2103);
    let api = Api::of(&exchange);
    api.prepare();
    let (mut gateway, _) = gateway(&exchange, &api);
    let mut caller = phone(&exchange, "caller", 2101, 440);
    caller.dial("00312345678");
    caller.event("CALL_ESTABLISHED");
    caller.hears(1_000);
    gateway.hears(440);
    caller.command("sndcode", "12");
    let_run(Duration::from_secs(3));
    assert_eq!(gateway.digits(), "", "taken out");
    gateway.hears_now(440, true);
    caller.command("sndcode", "#9");
    // The beep that says so.
    let_run(Duration::from_secs(2));
    caller.command("sndcode", "34");
    let_run(Duration::from_secs(3));
    assert_eq!(gateway.digits(), "34", "without the code itself");
    caller.command("hangup", "");
    let history = exchange.history_of(1);
    let row = &history[0];
    assert_eq!((&*row[3], &*row[5], &*row[6]), ("成立", "00312345678", "2101"), "{row:?}");
    assert_eq!((&*row[7], &*row[11]), ("0312345678", "016"), "{row:?}");
}

#[test]
fn an_outside_party_is_transferred_outside_by_digits() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("outside-transfer", "auto", 2101..2103);
    let api = Api::of(&exchange);
    api.prepare();
    let (mut gateway, secret) = gateway(&exchange, &api);
    // Somebody outside calls: From is his number, the credentials are the gateway's.
    let mut outsider = Baresip::start(&exchange.dir, "outsider", 620);
    outsider.command("uanew", &speaks_for("09011112222", &exchange, &secret));
    let mut inside = phone(&exchange, "inside", 2101, 440);
    outsider.dial("2101");
    let call = inside.event("CALL_INCOMING");
    assert!(call["peeruri"].as_str().unwrap_or_default().contains("09011112222"), "{call}");
    inside.command("accept", "");
    outsider.event("CALL_ESTABLISHED");
    inside.hears(620);
    inside.command("sndcode", "#7");
    outsider.hears_now(440, false);
    inside.command("sndcode", "00355556666#1");
    gateway.event("CALL_ESTABLISHED");
    inside.hears(1_000);
    let mark = inside.mark();
    inside.command("hangup", "");
    inside.event_since(mark, "CALL_CLOSED");
    gateway.hears_now(620, true);
    outsider.hears_now(1_000, true);
    outsider.command("hangup", "");
    let history = exchange.history_of(3);
    let moved = history.iter().find(|row| row[4] == "保留転送").unwrap();
    let columns = (&*moved[6], &*moved[7], &*moved[8], &*moved[10]);
    assert_eq!(columns, ("09011112222", "0355556666", "2101", "09011112222"), "{history:?}");
}

#[test]
fn a_call_outside_is_explained_and_a_full_gateway_refuses() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("outside-full", "auto", 2101..2103);
    let api = Api::of(&exchange);
    let (_gateway, _) = gateway(&exchange, &api);
    let id = api.ask("GET", "gateways", None)["items"][0]["id"].as_str().unwrap().to_owned();
    api.ask("PATCH", &format!("gateways/{id}"), Some(json!({ "channels": 1 })));
    let mut caller = phone(&exchange, "caller", 2101, 440);
    let mut other = phone(&exchange, "other", 2102, 620);
    caller.dial("00312345678");
    caller.event("CALL_ESTABLISHED");
    let explain = ["explain", "--tenant", DOMAIN, "--from", "2102", "--to", "00355556666"];
    let told = String::from_utf8(exchange.good(&explain)).unwrap();
    assert!(told.contains("ゲートウェイ"), "{told}");
    other.dial("00355556666");
    let closed = other.event("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap_or_default().starts_with("503"), "{closed}");
    let history = exchange.history_of(1);
    assert_eq!((&*history[0][7], &*history[0][11]), ("0355556666", "034"), "{history:?}");
}

/// The gateway has one channel, which somebody uses.
#[test]
fn an_emergency_call_ends_an_ordinary_one_and_shows_the_number_of_the_line() {
    if !have(&["baresip"]) {
        return;
    }
    let exchange = Exchange::start("outside-emergency", "auto", 2101..2103);
    let api = Api::of(&exchange);
    let (mut gateway, _) = gateway(&exchange, &api);
    let id = api.ask("GET", "gateways", None)["items"][0]["id"].as_str().unwrap().to_owned();
    api.ask("PATCH", &format!("gateways/{id}"), Some(json!({ "channels": 1 })));
    let ways = json!({ "emergency": [{ "gateway": id, "number": "0311110000" }] });
    api.ask("PATCH", &format!("sites/{DOMAIN}"), Some(ways));
    let mut ordinary = phone(&exchange, "ordinary", 2101, 440);
    let mut caller = phone(&exchange, "caller", 2102, 620);
    ordinary.dial("00312345678");
    ordinary.event("CALL_ESTABLISHED");
    ordinary.hears(1_000);
    let mark = gateway.mark();
    caller.dial("119");
    // It answers by itself.
    let call = gateway.event_since(mark, "CALL_ESTABLISHED");
    assert!(call["peeruri"].as_str().unwrap_or_default().contains("0311110000"), "{call}");
    caller.event("CALL_ESTABLISHED");
    caller.hears(1_000);
    // It has heard why, for at most five seconds.
    ordinary.event("CALL_CLOSED");
    caller.command("hangup", "");
    let history = exchange.history_of(2);
    let column = |dialled: &str| {
        let row = history.iter().find(|row| &*row[5] == dialled).unwrap();
        (row[7].to_string(), row[11].to_string())
    };
    let told = |callee: &str, cause: &str| (callee.to_owned(), cause.to_owned());
    assert_eq!(column("00312345678"), told("0312345678", "042"), "{history:?}");
    assert_eq!(column("119"), told("119", "016"), "{history:?}");
}

/// SIP id of the gateway that SIPp plays; its secret follows from it.
const SIPP_GATEWAY: u32 = 290_000;

/// A gateway of prefix 0 played by SIPp, registered, with line 001: 2101 may call out on it, and
/// its calls ring 2102.
#[track_caller]
pub(crate) fn gateway_with_line(exchange: &Exchange, api: &Api<'_>) -> Phone {
    let made = json!({ "name": "GW", "prefix": "0", "channels": 4 });
    let id = api.ask("POST", "gateways", Some(made))["id"].as_str().unwrap().to_owned();
    api.ask("POST", &format!("gateways/{id}/account"), None);
    let account = json!({
        "sip_id": SIPP_GATEWAY.to_string(), "secret": format!("pw{SIPP_GATEWAY}"),
    });
    api.ask("PATCH", "devices/gw0", Some(account));
    let line = json!({
        "code": "001", "number": "03-1111-0001", "gateway": id, "name": "代表",
        "callers": ["2101"], "receivers": ["2102"], "receive": "registered",
        "in_hours": { "to": "registered", "ring_s": 20 },
    });
    let made = api.ask("POST", "lines", Some(line));
    assert_eq!((&made["number"], &made["callers"]), (&json!("0311110001"), &json!(["2101"])));
    Phone::on(exchange, SIPP_GATEWAY, Over::Udp)
}

/// One that rings, answers and is hung up on.
fn called() -> Script {
    let answered = Script::callee("called").answer(180, "", "").answer(200, "", &sdp(30_200, ""));
    answered.expect_request("ACK").expect_bye()
}

/// One that calls, talks for a moment and hangs up.
fn calling() -> Script {
    let answered = Script::caller("calling", "", &sdp(30_100, "")).may(100).may(180).may(183);
    answered.expect(200).ack("").pause(300).bye()
}

#[test]
fn a_line_brings_calls_in_and_is_selected_by_its_code() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("lines", "auto", 2101..2104);
    let api = Api::of(&exchange);
    let mut gateway = gateway_with_line(&exchange, &api);
    let mut caller = Phone::on(&exchange, 2101, Over::Udp);
    let mut registered = Phone::on(&exchange, 2102, Over::Udp);

    // In: the number of the line rings who is registered for it.
    let rung = registered.play(&called(), 2101);
    let coming = gateway.play(&calling(), "0311110001");
    let [rung, _] = Run::all_good([rung, coming]);
    let invite = rung.got("INVITE", "INVITE");
    assert!(invite.header("From").unwrap().contains("代表"), "{invite:?}");

    // Out: *80, the code of the line, the number.
    let taken = gateway.play(&called(), 2101);
    let going = caller.play(&calling(), "*800010355556666");
    let [taken, _] = Run::all_good([taken, going]);
    let invite = taken.got("INVITE", "INVITE");
    assert!(invite.first().starts_with("INVITE sip:0355556666@"), "{invite:?}");
    for header in ["From", "P-Asserted-Identity"] {
        assert!(invite.header(header).unwrap().contains("sip:0311110001@"), "{invite:?}");
    }
    assert_eq!(invite.header("Privacy"), None);

    // The same with 184: the number is for the network only.
    let taken = gateway.play(&called(), 2101);
    let going = caller.play(&calling(), "184*800010355556666");
    let [taken, _] = Run::all_good([taken, going]);
    let invite = taken.got("INVITE", "INVITE");
    assert!(invite.first().starts_with("INVITE sip:0355556666@"), "{invite:?}");
    let from = invite.header("From").unwrap();
    assert!(from.contains("<sip:anonymous@anonymous.invalid>"), "{invite:?}");
    assert_eq!(invite.header("Privacy"), Some("id"), "{invite:?}");
    assert!(invite.header("P-Asserted-Identity").unwrap().contains("sip:0311110001@"));

    // Who has no right to it is refused, never sent by another line.
    let mut other = Phone::on(&exchange, 2103, Over::Udp);
    let script = Script::caller("refused", "", &sdp(30_300, "")).may(100).may(183);
    other.play(&script.expect(403).ack_refusal(), "*800010355556666").good();
    let history = exchange.history_of(4);
    let columns = |n: usize| (&*history[n][5], &*history[n][7], &*history[n][11]);
    let find = |dialed: &str| (0..4).find(|n| history[*n][5] == dialed).unwrap();
    assert_eq!(columns(find("0311110001")), ("0311110001", "2102", "016"), "{history:?}");
    let hidden = columns(find("184*800010355556666"));
    assert_eq!(hidden, ("184*800010355556666", "0355556666", "016"), "{history:?}");
    assert!(history.iter().any(|row| &*row[11] == "034"), "{history:?}");
}
