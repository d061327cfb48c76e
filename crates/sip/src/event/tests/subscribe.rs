//! SUBSCRIBE: what begins, goes on and ends (RFC 6665 §4.2.1).

use base::Micros;
use base::limits::{FIRST_STATE_WAIT, SUBSCRIPTION_MAX_S, SUBSCRIPTION_MIN_S};

use super::{Watcher, World, body, device, dialogs, header, line, standing, version};
use crate::event::{DialogPhase, WatchEvent};
use crate::msg::{HeaderId, Msg};
use crate::stack::Input;

fn granted(response: &Msg) -> u32 {
    header(response, HeaderId::Expires).parse().expect("seconds")
}

#[test]
fn a_subscription_is_granted_and_told_once_the_state_is_known() {
    let mut w = World::new();
    let mut watcher = Watcher::new(2001, 1, 2002);
    let ok = w.subscribe(&mut watcher, "Expires: 1000\r\n");
    assert_eq!(ok.status(), Some(200));
    assert!((750..=1_000).contains(&granted(&ok)), "of what was asked 75 to 100 %");
    assert!(watcher.to.contains(";tag="));
    assert!(watcher.target.contains("@192.0.2.1:5060"), "{}", watcher.target);
    assert_eq!(w.news, [WatchEvent::Began { resource: dialogs(2002) }]);
    assert!(w.told.is_empty(), "its owner has not spoken");

    w.state(2002, vec![line(7, DialogPhase::Early)]);
    let told = w.next();
    assert_eq!(told.request_uri(), b"sip:tanaka2001@198.51.100.1:5060");
    assert_eq!(header(&told, HeaderId::From), watcher.to);
    assert!(header(&told, HeaderId::To).ends_with(";tag=f2001"));
    assert_eq!(header(&told, HeaderId::Contact), format!("<{}>", watcher.target));
    assert_eq!(header(&told, HeaderId::Event), "dialog");
    let state = header(&told, HeaderId::SubscriptionState);
    assert_eq!(state, format!("active;expires={}", granted(&ok)));
    assert_eq!(header(&told, HeaderId::ContentType), "application/dialog-info+xml");
    assert!(body(&told).contains("<state>early</state>"));
    assert_eq!(version(&told), 0);
}

#[test]
fn who_comes_later_is_told_at_once_and_the_last_to_go_ends_the_interest() {
    let mut w = World::new();
    let mut first = w.watching(2001, 1, 2002);
    w.news.clear();
    let mut second = Watcher::new(2003, 1, 2002);
    assert_eq!(w.subscribe(&mut second, "").status(), Some(200));
    let told = w.next();
    assert!(second.is_told(&told) && w.news.is_empty());
    w.answer(&told, "200 OK", "");
    for (watcher, news) in [(&mut first, 0), (&mut second, 1)] {
        let ok = w.subscribe(watcher, "Expires: 0\r\n");
        assert_eq!((ok.status(), granted(&ok)), (Some(200), 0));
        let told = w.next();
        assert_eq!(standing(&told), "terminated;reason=timeout");
        assert!(!told.body().is_empty(), "the last NOTIFY tells the state as well");
        w.answer(&told, "200 OK", "");
        assert_eq!(w.news.len(), news);
    }
    assert_eq!(w.news, [WatchEvent::Ended { resource: dialogs(2002) }]);
    w.expect_drained();
}

#[test]
fn a_state_that_does_not_come_is_taken_as_neutral_after_a_second() {
    let mut w = World::new();
    let mut watcher = Watcher::new(2001, 1, 2002);
    w.subscribe(&mut watcher, "");
    w.wait(Micros(FIRST_STATE_WAIT.0 - 50_000));
    assert!(w.told.is_empty());
    w.wait(Micros::millis(70));
    let told = w.next();
    assert!(!body(&told).contains("<dialog "), "{}", body(&told));
    w.answer(&told, "200 OK", "");
    w.state(2002, Vec::new());
    w.wait(Micros::seconds(2));
    assert_eq!(version(&w.next()), 1, "the owner's word is told though it says the same");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let mut w = World::new();
    let mut serial = 0;
    let mut refused = |w: &mut World, mut watcher: Watcher, extra: &str| {
        serial += 1;
        watcher.call_id = format!("refused-{serial}");
        let response = w.subscribe(&mut watcher, extra);
        assert_eq!(w.bench.stack.subscriptions_len(), 0);
        response
    };
    let new = || Watcher::new(2001, 1, 2002);
    for event in ["", "presence", "Dialog", "refer"] {
        let got = refused(&mut w, new().of(event), "");
        assert_eq!(got.status(), Some(489), "{event}");
        assert_eq!(header(&got, HeaderId::AllowEvents), "dialog, message-summary, reg");
    }
    let got = refused(&mut w, new(), "Accept: application/pidf+xml\r\n");
    assert_eq!(got.status(), Some(406));
    assert_eq!(header(&got, HeaderId::Accept), "application/dialog-info+xml");
    let got = refused(&mut w, new(), "Expires: 59\r\n");
    assert_eq!((got.status(), header(&got, HeaderId::MinExpires)), (Some(423), "60".into()));
    assert_eq!(refused(&mut w, Watcher::new(2001, 1, 9999), "").status(), Some(404));
    let foreign = Watcher::new(2001, 1, 2002).of("message-summary");
    assert_eq!(refused(&mut w, foreign, "").status(), Some(403));
    let id = format!("Event: dialog;id={}\r\n", "x".repeat(65));
    assert_eq!(refused(&mut w, new(), &id).status(), Some(400));
    let far = format!("Record-Route: <sip:{}@192.0.2.99;lr>\r\n", "p".repeat(2_000));
    assert_eq!(refused(&mut w, new(), &far).status(), Some(400), "too much to keep");
    assert!(w.news.is_empty());
    w.expect_drained();
}

#[test]
fn accept_may_name_several_types_and_expires_may_be_missing_or_long() {
    let mut w = World::new();
    let mut one = Watcher::new(2001, 1, 2002);
    let ok = w.subscribe(&mut one, "Accept: text/plain, application/dialog-info+xml;q=0.5\r\n");
    let fair = SUBSCRIPTION_MAX_S * 3 / 4..=SUBSCRIPTION_MAX_S;
    assert!(fair.contains(&granted(&ok)));
    let mut two = Watcher::new(2001, 2, 2002);
    assert!(fair.contains(&granted(&w.subscribe(&mut two, "Expires: 864000\r\n"))));
    let mut three = Watcher::new(2001, 3, 2002);
    let short = format!("Expires: {SUBSCRIPTION_MIN_S}\r\n");
    assert_eq!(granted(&w.subscribe(&mut three, &short)), SUBSCRIPTION_MIN_S);
}

#[test]
fn a_refresh_is_told_at_once_whatever_the_interval() {
    let mut w = World::new();
    let mut watcher = w.watching(2001, 1, 2002);
    let before = watcher.cseq;
    let ok = w.subscribe(&mut watcher, "Expires: 600\r\n");
    assert!((450..=600).contains(&granted(&ok)));
    let told = w.next();
    assert_eq!((version(&told), standing(&told).as_str()), (1, "active"));
    w.answer(&told, "200 OK", "");
    watcher.cseq = before - 1;
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(500), "out of order");
    watcher.cseq = before + 10;
    for (event, status) in [("presence", 489), ("message-summary", 481), ("dialog;id=7", 481)] {
        let extra = format!("Event: {event}\r\n");
        assert_eq!(w.subscribe(&mut watcher, &extra).status(), Some(status), "{event}");
    }
    assert_eq!(w.subscribe(&mut watcher, "Expires: 5\r\n").status(), Some(423));
    assert!(w.told.is_empty());
    assert_eq!(w.bench.stack.subscriptions_len(), 1, "refusals change nothing");
}

#[test]
fn a_refresh_moves_the_target_and_sees_what_may_be_seen_now() {
    let mut w = World::new();
    let mut watcher = w.watching(2001, 1, 2002);
    w.state(2002, vec![line(7, DialogPhase::Confirmed)]);
    w.wait(Micros::seconds(1));
    let told = w.next();
    assert!(!body(&told).contains("2009"), "a bare lamp");
    w.answer(&told, "200 OK", "");
    w.bench.users.1.pickers.push(device(2001));
    watcher.source = ([198, 51, 100, 1], 5060).into();
    let ok = w.subscribe(&mut watcher, "");
    assert_eq!(ok.status(), Some(200));
    let told = w.next();
    assert!(body(&told).contains("sip:2009@example.jp"), "{}", body(&told));
    w.answer(&told, "200 OK", "");
    w.bench.users.1.barred.push(device(2001));
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(404));
    let told = w.next();
    assert_eq!(standing(&told), "terminated;reason=noresource");
    assert!(told.body().is_empty());
    w.answer(&told, "200 OK", "");
    w.expect_drained();
}

#[test]
fn the_state_can_be_fetched_without_a_subscription() {
    let mut w = World::new();
    for (n, known) in [(1, false), (2, true)] {
        let _other = known.then(|| w.watching(2004, 1, 2002));
        let mut watcher = Watcher::new(2001, n, 2002);
        let ok = w.subscribe(&mut watcher, "Expires: 0\r\n");
        assert_eq!((ok.status(), granted(&ok)), (Some(200), 0));
        if !known {
            assert!(w.told.is_empty());
            w.state(2002, vec![line(1, DialogPhase::Early)]);
        }
        let told = w.next();
        assert_eq!(standing(&told), "terminated;reason=timeout");
        assert_eq!(body(&told).contains("early"), !known);
        w.answer(&told, "200 OK", "");
        assert_eq!(w.subscribe(&mut watcher, "").status(), Some(481), "it is over");
    }
}

#[test]
fn what_is_not_refreshed_ends_in_time() {
    let mut w = World::new();
    let mut watcher = w.watching(2001, 1, 2002);
    let ok = w.subscribe(&mut watcher, "Expires: 60\r\n");
    w.answer_all();
    w.wait(Micros::seconds(u64::from(granted(&ok)) - 1));
    assert!(w.told.is_empty());
    w.wait(Micros::seconds(2));
    let told = w.next();
    assert_eq!(standing(&told), "terminated;reason=timeout");
    w.answer(&told, "200 OK", "");
    w.expect_drained();
}

#[test]
fn the_id_of_an_event_is_kept_apart() {
    let mut w = World::new();
    let mut watcher = Watcher::new(2001, 1, 2002).of("dialog;id=k7;sla");
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
    w.state(2002, Vec::new());
    assert_eq!(header(&w.next(), HeaderId::Event), "dialog;id=k7");
    assert_eq!(w.subscribe(&mut watcher, "Event: dialog\r\n").status(), Some(481));
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
}

#[test]
fn the_dialog_knows_nothing_but_subscribe() {
    let mut w = World::new();
    let mut watcher = w.watching(2001, 1, 2002);
    for method in ["BYE", "INFO", "NOTIFY", "REFER", "MESSAGE"] {
        assert_eq!(w.request(&mut watcher, method, "").status(), Some(481), "{method}");
    }
    let mut stranger = Watcher { call_id: "other".into(), ..watcher.clone() };
    assert_eq!(w.subscribe(&mut stranger, "").status(), Some(481), "another Call-ID");
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
}

#[test]
fn from_elsewhere_the_watcher_must_prove_itself_and_is_spoken_to_there() {
    let mut w = World::new();
    let mut watcher = w.watching(2001, 1, 2002);
    watcher.source.set_port(7_000);
    let challenge = w.bench.plain(&watcher.ask("SUBSCRIBE", ""));
    assert_eq!(challenge.status(), 407);
    let mut thief = Watcher { n: 2003, ..watcher.clone() };
    let ask = crate::stack::tests::bench::Ask {
        from: "<sip:tanaka2001@example.jp>;tag=f2001".into(),
        ..thief.ask("SUBSCRIBE", "")
    };
    assert_eq!(w.bench.ask(&ask).status(), 403, "another device");
    watcher.cseq += 4;
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
    assert_eq!(w.next().request_uri(), b"sip:tanaka2001@198.51.100.1:7000");
}

#[test]
fn while_draining_nobody_may_watch_and_all_are_sent_elsewhere() {
    let mut w = World::new();
    let _watchers = [w.watching(2001, 1, 2002), w.watching(2003, 1, 2004)];
    let got = w.bench.put(Input::Drain);
    w.take(got);
    for _ in 0..2 {
        let told = w.next();
        assert_eq!(standing(&told), "terminated;reason=deactivated");
        w.answer(&told, "200 OK", "");
    }
    let mut late = Watcher::new(2005, 1, 2002);
    let got = w.subscribe(&mut late, "");
    assert_eq!((got.status(), got.values(HeaderId::RetryAfter).count()), (Some(503), 1));
    w.expect_drained();
}

#[test]
fn what_is_gone_and_who_may_not_any_more_ends() {
    let mut w = World::new();
    let _one = w.watching(2001, 1, 2002);
    let _two = w.watching(2001, 2, 2004);
    let got = w.bench.put(Input::Gone { resource: dialogs(2002) });
    w.take(got);
    let told = w.next();
    assert_eq!(standing(&told), "terminated;reason=noresource");
    w.answer(&told, "200 OK", "");
    let got = w.bench.put(Input::Forget { device: device(2001) });
    w.take(got);
    let told = w.next();
    assert_eq!(standing(&told), "terminated;reason=rejected");
    w.answer(&told, "200 OK", "");
    w.expect_drained();
}

#[test]
fn rights_that_change_change_what_is_seen() {
    let mut w = World::new();
    let _one = w.watching(2001, 1, 2002);
    let _two = w.watching(2003, 1, 2002);
    w.wait(Micros::seconds(2));
    w.state(2002, vec![line(7, DialogPhase::Confirmed)]);
    w.answer_all();
    w.wait(Micros::seconds(2));
    w.bench.users.1.pickers.push(device(2001));
    let got = w.bench.put(Input::Review { device: device(2001) });
    w.take(got);
    let told = w.next();
    assert!(body(&told).contains("sip:2009@example.jp") && w.told.is_empty(), "{}", body(&told));
    w.answer(&told, "200 OK", "");
    let got = w.bench.put(Input::Review { device: device(2001) });
    assert!(got.messages.is_empty(), "nothing new");
    w.bench.users.1.barred.push(device(2001));
    let got = w.bench.put(Input::Review { device: device(2001) });
    w.take(got);
    assert_eq!(standing(&w.next()), "terminated;reason=rejected");
    assert!(w.told.is_empty());
}
