//! Lamps from SUBSCRIBE to NOTIFY, with calls between two telephones (R310, R311).

use base::id::{DepartmentId, DeviceId, TenantId, UserId};
use base::{CallId, Dn, Micros, Uuid, Wall};
use bytes::Bytes;
use model::{Change, Department, PickupGroup, StoredBoxes, StoredMessage, User};
use sip::digest::{Account, Answerer};
use sip::msg::write::Writer;
use sip::msg::{HeaderId, Method, Msg};

use super::world::World;
use crate::Input;

/// A lamp on the telephone of 2003.
struct Lamp {
    w: World,
    serial: u32,
    told: Vec<String>,
}

fn header(msg: &Msg, id: HeaderId) -> String {
    msg.value(id).map(|v| String::from_utf8_lossy(v).into_owned()).unwrap_or_default()
}

/// The header line that answers a challenge.
fn credentials(challenge: &Msg, uri: &str) -> String {
    let account = Account { user: "2003", secret: "secret", realm: None };
    let mut answerers = Answerer::choose(challenge, account);
    let answerer = answerers.first_mut().expect("a challenge that can be answered");
    let mut buffer = Vec::new();
    let mut writer = Writer::request(&mut buffer, Method::Options, "sip:x");
    answerer.answer(Method::Subscribe, uri.as_bytes(), "0a4f113b", &mut writer);
    writer.finish().expect("clean");
    let text = String::from_utf8(buffer).expect("text");
    let line = text.lines().find(|l| l.contains("uthorization:")).expect("credentials");
    format!("{line}\r\n")
}

impl Lamp {
    fn new() -> Self {
        Lamp { w: World::registered(), serial: 0, told: Vec::new() }
    }

    /// Asks to watch; gives the final status.
    fn watch(&mut self, user: &str, event: &str) -> u16 {
        let uri = format!("sip:{user}@office.example.jp");
        self.serial += 1;
        let serial = self.serial;
        let text = |cseq: u32, extra: &str| {
            format!(
                "SUBSCRIBE {uri} SIP/2.0\r\n\
                 Via: SIP/2.0/UDP 192.0.2.3:5060;rport;branch=z9hG4bKw{serial}x{cseq}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:2003@office.example.jp>;tag=w\r\n\
                 To: <{uri}>\r\nCall-ID: w{serial}\r\nCSeq: {cseq} SUBSCRIBE\r\n\
                 Contact: <sip:2003@192.0.2.3:5060>\r\nEvent: {event}\r\nExpires: 600\r\n\
                 {extra}Content-Length: 0\r\n\r\n"
            )
        };
        self.w.send(text(1, ""));
        let challenge = Msg::parse_datagram(self.w.aside.remove(0)).expect("SIP");
        assert_eq!(challenge.status(), Some(407));
        self.w.send(text(2, &credentials(&challenge, &uri)));
        let answer = Msg::parse_datagram(self.w.aside.remove(0)).expect("SIP");
        self.hear();
        answer.status().expect("a response")
    }

    /// Answers NOTIFYs, and keeps what they say.
    fn hear(&mut self) {
        while !self.w.aside.is_empty() {
            let bytes: Bytes = self.w.aside.remove(0);
            let notify = Msg::parse_datagram(bytes).expect("SIP");
            assert_eq!(notify.method(), Some(Method::Notify));
            let state = header(&notify, HeaderId::SubscriptionState);
            let body = String::from_utf8_lossy(notify.body()).into_owned();
            self.told.push(format!("{} {body}", state.split(';').next().unwrap_or_default()));
            let mut text = "SIP/2.0 200 OK\r\n".to_owned();
            let ids = [HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId];
            for id in ids.into_iter().chain([HeaderId::CSeq]) {
                text += &format!("{}: {}\r\n", id.name(), header(&notify, id));
            }
            self.w.send(format!("{text}Content-Length: 0\r\n\r\n"));
        }
    }

    /// Lets two seconds pass; gives the states of the dialogs told last.
    fn shows(&mut self) -> String {
        self.w.run(Micros::seconds(2));
        self.hear();
        let last = self.told.last().cloned().unwrap_or_default();
        let parts = last.split("<state>").skip(1);
        let states: Vec<&str> = parts.filter_map(|p| p.split("</state>").next()).collect();
        states.join(" ")
    }
}

#[test]
fn a_lamp_follows_two_calls() {
    let mut lamp = Lamp::new();
    assert_eq!(lamp.watch("2002", "dialog"), 200);
    assert_eq!(lamp.told.len(), 1, "told at once");
    assert_eq!(lamp.shows(), "");
    lamp.w.dial();
    assert_eq!(lamp.shows(), "early");
    lamp.w.pick_up();
    assert_eq!(lamp.shows(), "confirmed");
    lamp.w.dial();
    assert_eq!(lamp.shows(), "confirmed early");
    let last = lamp.told.last().cloned().unwrap_or_default();
    assert!(last.contains("entity=\"sip:2002@office.example.jp\""), "{last}");
    assert!(last.contains("direction=\"recipient\""), "{last}");
    for secret in ["2001", "call-id", "remote"] {
        assert!(!last.contains(secret), "{secret} is not for everybody: {last}");
    }
    lamp.w.pick_up();
    assert_eq!(lamp.shows(), "confirmed confirmed");
    lamp.w.hang_up();
    assert_eq!(lamp.shows(), "confirmed terminated");
    lamp.w.hang_up();
    assert_eq!(lamp.shows(), "terminated terminated");
    let count = lamp.told.len();
    lamp.w.run(Micros::seconds(30));
    lamp.hear();
    assert_eq!(lamp.told.len(), count, "nothing happens, nothing is told");
}

#[test]
fn what_already_goes_on_is_told_first() {
    let mut lamp = Lamp::new();
    lamp.w.dial();
    lamp.w.pick_up();
    lamp.w.run(Micros::seconds(1));
    assert_eq!(lamp.watch("2001", "dialog"), 200);
    let first = lamp.told.remove(0);
    assert!(first.contains("<state>confirmed</state>"), "{first}");
    assert!(first.contains("direction=\"initiator\""), "{first}");
}

#[test]
fn only_what_is_ones_own_can_be_watched_and_only_numbers_of_the_company() {
    let mut lamp = Lamp::new();
    for (user, event, status) in [
        ("2999", "dialog", 404),
        ("x", "dialog", 404),
        ("2002", "message-summary", 403),
        ("2999", "message-summary", 404),
        ("2003", "message-summary", 200),
        ("2002", "reg", 403),
        ("2003", "reg", 200),
        ("2003", "presence", 489),
    ] {
        assert_eq!(lamp.watch(user, event), status, "{user} {event}");
    }
    let told = lamp.told.join("\n");
    assert!(told.contains("Messages-Waiting: no"), "{told}");
    assert!(told.contains("<registration aor=\"sip:2003@office.example.jp\""), "{told}");
}

#[test]
fn a_number_that_is_deleted_takes_its_lamps_with_it() {
    let mut lamp = Lamp::new();
    assert_eq!(lamp.watch("2002", "dialog"), 200);
    let device = DeviceId(Uuid(22));
    lamp.w.configure(vec![Change::DeviceDelete(device), Change::UserDelete(UserId(Uuid(12)))]);
    lamp.hear();
    assert_eq!(lamp.told.last().map(String::as_str), Some("terminated "));
    lamp.w.run(Micros::seconds(40));
    assert_eq!(lamp.w.machine().stack().subscriptions_len(), 0);
}

#[test]
fn a_telephone_that_changes_hands_no_longer_sees_the_messages_of_before() {
    let mut lamp = Lamp::new();
    assert_eq!(lamp.watch("2003", "message-summary"), 200);
    assert_eq!(lamp.watch("2002", "dialog"), 200);
    let device = DeviceId(Uuid(23));
    let mut changed = lamp.w.machine().snapshot().device(device).expect("it exists").clone();
    changed.user = Some(UserId(Uuid(11)));
    lamp.told.clear();
    lamp.w.configure(vec![Change::DevicePut(changed)]);
    lamp.hear();
    assert_eq!(lamp.told, ["terminated "], "its box, not the lamp");
}

#[test]
fn who_may_pick_up_sees_who_calls_as_long_as_the_group_holds() {
    let mut lamp = Lamp::new();
    assert_eq!(lamp.watch("2002", "dialog"), 200);
    lamp.w.dial();
    lamp.w.pick_up();
    assert_eq!(lamp.shows(), "confirmed");
    let sees = |lamp: &Lamp| {
        let last = lamp.told.last().cloned().unwrap_or_default();
        let seen = ["sip:2001@", "call-id=", "local-tag=", "remote-tag="];
        seen.map(|part| last.contains(part))
    };
    assert_eq!(sees(&lamp), [false; 4]);
    let dn = |text| Dn::parse(text).expect("digits");
    let (tenant, number) = (TenantId(Uuid(1)), 7);
    let group = |members: &[Dn]| {
        let (name, members) = ("".into(), members.into());
        Change::PickupPut(PickupGroup { tenant, number, name, members })
    };
    lamp.w.configure(vec![group(&[dn("2003"), dn("2002")])]);
    lamp.shows();
    assert_eq!(sees(&lamp), [true; 4]);
    lamp.w.configure(vec![group(&[dn("2002"), dn("2001")])]);
    lamp.shows();
    assert_eq!(sees(&lamp), [false; 4], "2003 has left");
    lamp.w.configure(vec![group(&[dn("2002"), dn("2003")])]);
    lamp.shows();
    assert_eq!(sees(&lamp), [true; 4]);
    lamp.w.configure(vec![Change::PickupDelete { tenant, number }]);
    lamp.shows();
    assert_eq!(sees(&lamp), [false; 4]);
}

/// A department names people, and lamps watch numbers.
#[test]
fn who_gets_another_number_takes_the_department_along() {
    let mut lamp = Lamp::new();
    assert_eq!(lamp.watch("2002", "dialog"), 200);
    lamp.w.dial();
    lamp.w.pick_up();
    let user = |lamp: &Lamp, n| {
        lamp.w.machine().snapshot().user(UserId(Uuid(n))).expect("it exists").clone()
    };
    let sees = |lamp: &mut Lamp| {
        lamp.shows();
        lamp.told.last().is_some_and(|last| last.contains("sip:2001@"))
    };
    let (id, two) = (DepartmentId(Uuid(77)), user(&lamp, 12));
    let number = Dn::parse("7100").expect("digits");
    let mut department = Department::new(id, two.tenant, two.site, "営業部", number);
    department.members = [two.id].into();
    let watcher = User { pickup_departments: [id].into(), ..user(&lamp, 13) };
    lamp.w.configure(vec![Change::DepartmentPut(department), Change::UserPut(watcher)]);
    assert!(sees(&mut lamp), "2002 is of the department");
    let swapped = |lamp: &Lamp| {
        let (one, two) = (user(lamp, 11), user(lamp, 12));
        let (first, second) = (one.dn, two.dn);
        let put = |user, dn| Change::UserPut(User { dn, ..user });
        vec![put(one, second), put(two, first)]
    };
    let changes = swapped(&lamp);
    lamp.w.configure(changes);
    assert!(!sees(&mut lamp), "2002 is somebody else's");
    let changes = swapped(&lamp);
    lamp.w.configure(changes);
    assert!(sees(&mut lamp), "and back");
}

fn message(file: u64, duration_ms: u32) -> StoredMessage {
    StoredMessage {
        file,
        tenant: TenantId(Uuid(1)),
        dn: Dn::parse("2003").expect("digits"),
        call: CallId(1),
        left_at: Wall(0),
        duration_ms,
        heard: file == 1,
        caller: "2001".into(),
        name: "".into(),
    }
}

#[test]
fn the_message_lamp_shows_what_was_kept_before_and_what_is_kept_now() {
    let mut lamp = Lamp::new();
    let messages = vec![message(1, 4_000), message(2, 5_000), message(3, 0)];
    let boxes = StoredBoxes { messages, ..StoredBoxes::default() };
    lamp.w.node(Input::RestoreBoxes { boxes });
    assert_eq!(lamp.watch("2002", "message-summary"), 403, "another's box");
    assert_eq!(lamp.watch("2003", "message-summary"), 200);
    let told = |lamp: &Lamp| lamp.told.last().cloned().unwrap_or_default();
    assert!(told(&lamp).contains("Voice-Message: 1/1"), "{}", told(&lamp));
    let event = mediactl::Event::Recorded {
        leg: base::LegId(9),
        serial: 1,
        file: mediactl::FileId::Message(3),
        duration_ms: 3_000,
        end: mediactl::RecordEnd::Stopped,
    };
    lamp.w.node(Input::Media { event });
    lamp.w.run(Micros::seconds(1));
    lamp.hear();
    assert!(told(&lamp).contains("Voice-Message: 2/1"), "{}", told(&lamp));
    assert!(told(&lamp).contains("Messages-Waiting: yes"), "{}", told(&lamp));
    assert_eq!(lamp.w.machine().boxes().messages[2].duration_ms, 3_000);
}
