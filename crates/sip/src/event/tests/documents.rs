//! What the documents say (RFC 4235, RFC 3680), and to whom (R311).

use std::net::SocketAddr;

use base::{LegId, Micros, Place};

use super::{Watcher, World, body, line, version};
use crate::event::body::{Content, document};
use crate::event::{DialogLine, DialogPhase, DialogSide, Name, Names};
use crate::event::{Sight, State};
use crate::leg::{Identity, Invite, LegCommand, LegEvent, OUTBOUND_IDS};
use crate::msg::{HeaderId, Msg};
use crate::stack::tests::bench::Ask;
use crate::stack::{Input, Output};

/// Legs whose dialogs have names.
struct Named;

impl Names for Named {
    fn name_of(&self, leg: LegId) -> Option<Name<'_>> {
        let name = Name { call_id: b"a&b@c", ours: b"our", theirs: b"their" };
        (leg.0 < 100).then_some(name)
    }
}

fn text(lines: Vec<DialogLine>, ended: &[LegId], sight: Sight) -> String {
    let state = State::Dialogs(lines);
    let content = Content { entity: "sip:2002@example.jp", state: &state, ended };
    let mut out = Vec::new();
    document(&content, sight, &Named).push(41, &mut out);
    String::from_utf8(out).expect("text")
}

#[test]
fn everybody_sees_that_it_rings_and_no_more() {
    let got = text(vec![line(0x1f, DialogPhase::Early)], &[], Sight::Bare);
    let want = "<?xml version=\"1.0\"?>\n\
        <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"41\" state=\"full\" \
        entity=\"sip:2002@example.jp\">\n\
        <dialog id=\"1f\" direction=\"recipient\">\n<state>early</state>\n</dialog>\n\
        </dialog-info>\n";
    assert_eq!(got, want);
}

#[test]
fn who_may_pick_up_sees_the_far_party_and_the_names_of_the_dialog() {
    let held = DialogLine { holds: true, ..line(1, DialogPhase::Confirmed) };
    let got = text(vec![held], &[], Sight::Full);
    for part in [
        "<dialog id=\"1\" call-id=\"a&amp;b@c\" local-tag=\"their\" remote-tag=\"our\" \
         direction=\"recipient\">",
        "<state>confirmed</state>",
        "<local><target uri=\"sip:2002@example.jp\">\
         <param pname=\"+sip.rendering\" pval=\"no\"/></target></local>",
        "<remote><identity display=\"佐藤 &lt;花子&gt;\">sip:2009@example.jp</identity>\
         <target uri=\"sip:2009@example.jp\"/></remote>",
    ] {
        assert!(got.contains(part), "{part} in {got}");
    }
    let unnamed = text(vec![line(100, DialogPhase::Early)], &[], Sight::Full);
    assert!(unnamed.contains("<dialog id=\"64\" direction"), "{unnamed}");
}

#[test]
fn four_dialogs_are_shown_and_what_ended_is_listed_once_more() {
    let lines = (1..=6).map(|n| line(n, DialogPhase::Confirmed)).collect();
    assert_eq!(text(lines, &[], Sight::Bare).matches("<dialog ").count(), 4);
    let got = text(Vec::new(), &[LegId(5)], Sight::Bare);
    assert!(got.contains("<dialog id=\"5\">\n<state>terminated</state>\n</dialog>"), "{got}");
    let caller =
        DialogLine { side: DialogSide::Initiator, remote: None, ..line(1, DialogPhase::Trying) };
    let got = text(vec![caller], &[], Sight::Full);
    assert!(got.contains("direction=\"initiator\">\n<state>trying</state>\n</dialog>"), "{got}");
}

#[test]
fn names_cannot_break_out_of_their_place() {
    let mut odd = line(1, DialogPhase::Early);
    if let Some(remote) = &mut odd.remote {
        remote.display = "\"/><x>&\u{1}\r\n".into();
        remote.user = "a b\"<>".into();
        remote.host = "no\"host".into();
    }
    let got = text(vec![odd], &[], Sight::Full);
    assert!(got.contains("display=\"&quot;/&gt;&lt;x&gt;&amp;   \""), "{got}");
    assert!(got.contains("@invalid"), "{got}");
    assert_eq!(got.matches("<x>").count(), 0);
}

#[test]
fn a_dialog_that_ended_goes_off_the_lamp_of_everybody() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    let states = [
        (vec![line(1, DialogPhase::Confirmed), line(2, DialogPhase::Early)], 2, 0),
        (vec![line(1, DialogPhase::Confirmed)], 1, 1),
        (Vec::new(), 0, 2),
        (vec![line(3, DialogPhase::Early)], 1, 0),
    ];
    for (n, (lines, live, ended)) in (1..).zip(states) {
        w.wait(Micros::seconds(2));
        w.state(2002, lines);
        let told = w.next();
        let text = body(&told);
        assert_eq!(text.matches("terminated").count(), ended, "{n}: {text}");
        assert_eq!(text.matches("<dialog ").count(), live + ended, "{n}: {text}");
        assert_eq!(version(&told), n);
        w.answer(&told, "200 OK", "");
    }
}

#[test]
fn a_device_is_told_how_it_is_registered() {
    let mut w = World::new();
    let mut watcher = Watcher::new(2001, 1, 2001).of("reg");
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
    assert!(w.news.is_empty(), "the stack knows by itself");
    let told = w.next();
    assert!(
        body(&told).contains(
            "<registration aor=\"sip:2001@example.jp\" id=\"r\" \
        state=\"init\">"
        ),
        "{}",
        body(&told)
    );
    w.answer(&told, "200 OK", "");
    let register = Ask { call_id: "r".into(), ..Ask::register("<sip:a@198.51.100.1>") };
    let got = w.bench.ask(&register);
    assert!(matches!(got.messages[..], [_, _]), "the 200 and the NOTIFY");
    w.take(got);
    let told = w.next();
    assert!(
        body(&told).contains(
            "state=\"active\" event=\"registered\">\
        <uri>sip:a@198.51.100.1</uri>"
        ),
        "{}",
        body(&told)
    );
    assert_eq!(super::header(&told, HeaderId::ContentType), "application/reginfo+xml");
    assert_eq!(version(&told), 1);
    w.answer(&told, "200 OK", "");
    let got = w.bench.ask(&register.clone().cseq(5));
    assert_eq!(got.messages.len(), 1, "a refresh is no news");
    let mut gone = register.cseq(9);
    gone.extra = "Contact: *\r\nExpires: 0\r\n".into();
    let got = w.bench.ask(&gone);
    w.take(got);
    assert!(body(&w.next()).contains("state=\"init\""));
    let mut other = Watcher::new(2003, 1, 2001).of("reg");
    assert_eq!(w.subscribe(&mut other, "").status(), Some(403));
}

#[test]
fn what_a_watcher_is_told_lets_it_replace_the_ringing_leg() {
    for swapped in [false, true] {
        let mut w = World::new();
        w.bench.users.1.pickers.push(super::device(2001));
        let phone = SocketAddr::from(([198, 51, 100, 2], 5_060));
        let register = Ask {
            source: phone,
            user: "tanaka2002".into(),
            secret: "secret2002".into(),
            from: "<sip:tanaka2002@example.jp>;tag=r".into(),
            to: "<sip:tanaka2002@example.jp>".into(),
            ..Ask::register("<sip:tanaka2002@198.51.100.2:5060>")
        };
        assert_eq!(w.bench.ask(&register).status(), 200);
        let _watcher = w.watching(2001, 1, 2002);
        let leg = LegId::new(Place::new(0, 0), OUTBOUND_IDS | 1);
        let contact = w.bench.stack.contacts(super::device(2002)).next().expect("registered").0;
        let invite = Invite {
            contact,
            from: Identity { user: "2009".into(), host: "example.jp".into(), ..Default::default() },
            to: Identity::default(),
            sdp: None,
            max_forwards: 69,
            referred_by: None,
            diverted: Vec::new(),
            auto_answer: false,
            hidden: false,
            dial: None,
            reliable: false,
        };
        let command = LegCommand::Invite(Box::new(invite));
        let called = w.bench.put(Input::Leg { leg, command });
        let ringing = called.messages.first().expect("an INVITE");
        let ringing = answer_text(ringing, "180 Ringing", "theirs");
        w.bench.receive(phone, ringing);
        w.wait(Micros::seconds(2));
        w.state(2002, vec![DialogLine { leg, ..line(1, DialogPhase::Early) }]);
        let text = body(&w.next());
        let part = |name: &str| {
            let at = text.split(&format!("{name}=\"")).nth(1).expect("an attribute");
            at.split('"').next().unwrap_or_default().to_owned()
        };
        let (mut to, mut from) = (part("remote-tag"), part("local-tag"));
        assert_eq!(from, "theirs");
        if swapped {
            std::mem::swap(&mut to, &mut from);
        }
        let replaces = format!("Replaces: {};to-tag={to};from-tag={from}\r\n", part("call-id"));
        let got = w.bench.ask(&Ask::other("INVITE").extra(&replaces));
        let replaced = got.outputs.iter().find_map(|o| match o {
            Output::Leg { event: LegEvent::Offered(offered), .. } => Some(offered.replaces),
            _ => None,
        });
        assert_eq!(replaced, Some(Some(leg)), "{replaces}");
    }
}

fn answer_text(request: &Msg, status: &str, tag: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for id in [HeaderId::Via, HeaderId::From, HeaderId::CallId, HeaderId::CSeq] {
        text += &format!("{}: {}\r\n", id.name(), super::header(request, id));
    }
    let to = super::header(request, HeaderId::To);
    text + &format!(
        "To: {to};tag={tag}\r\nContact: <sip:tanaka2002@198.51.100.2:5060>\r\n\
         Content-Length: 0\r\n\r\n"
    )
}
