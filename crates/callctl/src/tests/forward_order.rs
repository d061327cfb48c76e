//! Which of several forwards, delays and mailboxes decides (group E, R252, R256–R261).

use base::id::{Uuid, VirtualDnId};
use base::{Cause, Dn, Micros};
use model::{
    Change, Destination, DnSettings, Forward, ForwardKind, HuntMethod, Tenant, User, VirtualDn,
};

use super::world::{SITE, TENANT, World, dn, hunt, quiet, stopped, user, with_codes};

const ALL: ForwardKind = ForwardKind::All;
const BUSY: ForwardKind = ForwardKind::Busy;
const LATE: ForwardKind = ForwardKind::NoAnswer;
const OUT: ForwardKind = ForwardKind::Unregistered;

fn rung(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.into_iter().filter_map(|l| Some(l.split_once(" invite ")?.0.to_owned())).collect()
}

fn heard(w: &World) -> String {
    w.joins().join(" ")
}

fn last(w: &World) -> Cause {
    w.records.last().expect("a record").cause
}

fn to(n: u16) -> Destination {
    Destination::Dn(dn(n))
}

/// Settings of a number with these forwards.
fn settings(n: u16, forwards: &[(ForwardKind, u16)]) -> DnSettings {
    let mut settings = DnSettings::new(TENANT, dn(n));
    for (kind, target) in forwards {
        *settings.forward_mut(*kind) = Forward::on(to(*target));
    }
    settings
}

fn set(w: &mut World, settings: DnSettings) {
    w.configure(&[Change::DnSettingsPut(settings)]);
}

/// Everything is contracted.
fn world() -> World {
    let mut w = World::new();
    w.give_codes();
    w
}

/// R066: 無条件 before 圏外 before 話中 before 応答遅延, whatever else is true of the number.
#[test]
fn the_first_forward_of_the_order_decides() {
    let targets = [(ALL, 2003), (OUT, 2004), (BUSY, 2005), (LATE, 2006)];
    for (n, of, expected) in [
        (2002, &targets[..], "2003"),
        (2007, &targets[..], "2003"),
        (2007, &targets[1..], "2004"),
        (2002, &targets[1..], "2005"),
    ] {
        let mut w = world();
        w.configure(&[quiet(2002, 1)]);
        set(&mut w, settings(n, of));
        w.dial(2001, &n.to_string());
        assert_eq!(rung(&mut w), [expected], "{n} {}", of.len());
        w.hangs_up("2001");
        w.expect_drained();
    }
}

/// Another condition's forward is none: out of reach does not go where busy calls go.
#[test]
fn a_forward_of_another_kind_stays_out_of_it() {
    let mut w = world();
    for (kind, n) in [(BUSY, 2007), (LATE, 2007)] {
        set(&mut w, settings(n, &[(kind, 2003)]));
        w.dial(2001, "2007");
        assert_eq!((rung(&mut w), last(&w)), (vec![], Cause::Unregistered), "{kind:?}");
    }
    for kind in [OUT, LATE] {
        set(&mut w, settings(2002, &[(kind, 2003)]));
        w.dial(2001, "2002");
        w.refuses("2002", 480);
        assert_eq!((rung(&mut w), last(&w)), (vec!["2002".into()], Cause::UserBusy), "{kind:?}");
    }
    for kind in [OUT, BUSY] {
        set(&mut w, settings(2002, &[(kind, 2003)]));
        w.dial(2001, "2002");
        w.rings("2002");
        w.wait(Micros::seconds(60));
        assert_eq!((rung(&mut w), last(&w)), (vec!["2002".into()], Cause::RingTimeout), "{kind:?}");
    }
    w.expect_drained();
}

/// A forward number wins over voicemail for the same condition, and only for that.
#[test]
fn a_forward_number_wins_over_voicemail() {
    for kind in [OUT, BUSY, LATE] {
        for forwarded in [false, true] {
            let mut w = world();
            let n = if kind == OUT { 2007 } else { 2002 };
            let forwards = [(kind, 2003)];
            let forwards = if forwarded { &forwards[..] } else { &[] };
            set(&mut w, DnSettings { voicemail: true, ..settings(n, forwards) });
            w.dial(2001, &n.to_string());
            match kind {
                BUSY => w.refuses("2002", 603),
                LATE => {
                    w.rings("2002");
                    w.wait(Micros::seconds(20));
                }
                _ => (),
            }
            let rang = rung(&mut w).contains(&"2003".to_owned());
            assert_eq!((rang, heard(&w).contains("greeting")), (forwarded, !forwarded), "{kind:?}");
            w.hangs_up("2001");
            w.expect_drained();
        }
    }
}

/// R252: the earlier of ring time and of the delay that leads elsewhere.
#[test]
fn the_earlier_of_ring_time_and_delay_leads_on() {
    // (ring time, with 応答遅延転送, its delay, with voicemail, its delay) → (seconds, to whom)
    for (ring, forward, delay, mail, mail_delay, expected, whom) in [
        (30, false, 5, false, 6, 30, "nobody"),
        (10, true, 20, false, 6, 10, "2003"),
        (60, true, 12, true, 6, 12, "2003"),
        (60, false, 5, true, 8, 8, "voicemail"),
        (10, false, 5, true, 25, 10, "voicemail"),
    ] {
        let mut w = world();
        let forwards = if forward { &[(LATE, 2003)][..] } else { &[] };
        let mut settings = settings(2002, forwards);
        (settings.no_answer_s, settings.voicemail_s) = (delay, mail_delay);
        settings.voicemail = mail;
        w.configure(&[
            Change::UserPut(User { ring_time_s: ring, ..user(2002) }),
            Change::DnSettingsPut(settings),
        ]);
        w.dial(2001, "2002");
        w.wait(Micros::seconds(3));
        w.rings("2002");
        w.lines.clear();
        w.wait(Micros::millis(expected * 1_000 - 1));
        w.expect(&[]);
        w.wait(Micros::millis(1));
        match whom {
            "nobody" => assert_eq!(last(&w), Cause::RingTimeout),
            "voicemail" => assert!(heard(&w).contains("greeting"), "{}", heard(&w)),
            target => assert_eq!(rung(&mut w), [target]),
        }
        if whom != "nobody" {
            w.hangs_up("2001");
        }
        w.expect_drained();
    }
}

/// R252: what a number waits for was decided when it began to ring; what comes then is read anew
/// (R247).
#[test]
fn where_a_late_call_goes_is_read_when_it_goes() {
    let mut w = world();
    set(&mut w, settings(2002, &[(LATE, 2003)]));
    w.dial(2001, "2002");
    w.rings("2002");
    let mut other = settings(2002, &[(LATE, 2004)]);
    other.no_answer_s = 5;
    set(&mut w, other);
    w.lines.clear();
    w.wait(Micros::millis(19_999));
    w.expect(&[]);
    w.wait(Micros::millis(1));
    assert_eq!(rung(&mut w), ["2004"]);
    // Nothing is set any more: the caller waits no longer than decided.
    w.hangs_up("2001");
    set(&mut w, settings(2002, &[(LATE, 2003)]));
    w.dial(2001, "2002");
    w.rings("2002");
    set(&mut w, settings(2002, &[]));
    w.wait(Micros::seconds(20));
    assert_eq!(last(&w), Cause::RingTimeout);
    w.expect_drained();
}

/// R256: at the destination its own forwards, do not disturb and voicemail count.
#[test]
fn the_settings_of_the_destination_count() {
    let mut w = world();
    set(&mut w, settings(2002, &[(ALL, 2003)]));
    set(&mut w, settings(2003, &[(BUSY, 2004)]));
    w.configure(&[quiet(2003, 1)]);
    w.dial(2001, "2002");
    assert_eq!(rung(&mut w), ["2004"]);
    w.hangs_up("2001");
    set(&mut w, DnSettings { voicemail: true, ..settings(2003, &[]) });
    w.dial(2001, "2002");
    assert!(heard(&w).contains("greeting"), "{}", heard(&w));
    w.hangs_up("2001");
    assert_eq!(w.records.last().map(|r| r.callee_number().to_owned()), Some("2003".into()));
    w.expect_drained();
}

/// R256: an overflow is one of the five hops, and so is a stand-in (R270).
#[test]
fn overflows_and_stand_ins_are_hops() {
    let overflow = |g: &mut model::HuntGroup| g.overflow = Some(to(2008));
    let stand_in = |g: &mut model::HuntGroup| {
        (g.follow_all, g.method) = (true, HuntMethod::Priority);
    };
    for (stands, from, rings) in [
        (false, 2003, vec!["2008", "2008.2"]),
        (false, 2002, vec![]),
        (true, 2003, vec!["2008", "2008.2"]),
        (true, 2002, vec![]),
    ] {
        let mut w = world();
        // Four forwards from 2003 to the pilot, five from 2002.
        for n in 2002..2006 {
            set(&mut w, settings(n, &[(ALL, n + 1)]));
        }
        set(&mut w, settings(2006, &[(ALL, 7000)]));
        let member = settings(2007, &[(ALL, 2008)]);
        match stands {
            true => w.configure(&[hunt(&[2007], stand_in), Change::DnSettingsPut(member)]),
            false => w.configure(&[hunt(&[2007], overflow)]),
        }
        w.dial(2001, &from.to_string());
        assert_eq!(rung(&mut w), rings, "stand-in: {stands}, from {from}");
        match (rings.is_empty(), stands) {
            (true, false) => assert_eq!(last(&w), Cause::ForwardLoop),
            (true, true) => assert_eq!(last(&w), Cause::Unregistered),
            _ => w.hangs_up("2001"),
        }
        w.expect_drained();
    }
}

/// R253: who calls the own number is not sent to where its calls go.
#[test]
fn the_own_number_is_not_forwarded() {
    let mut w = world();
    for mail in [false, true] {
        let forwards = settings(2002, &[(ALL, 2003), (BUSY, 2003), (OUT, 2003)]);
        set(&mut w, DnSettings { voicemail: mail, ..forwards });
        w.dial(2002, "2002");
        assert_eq!(rung(&mut w), [""; 0]);
        match mail {
            false => assert_eq!(last(&w), Cause::UserBusy),
            true => {
                assert!(heard(&w).contains("no-messages"), "{}", heard(&w));
                w.hangs_up("2002");
            }
        }
    }
    w.expect_drained();
}

/// R253: a forward that leads back to the caller opens no mailbox to listen to.
#[test]
fn a_forward_to_the_caller_is_no_way_to_a_mailbox() {
    let mut w = world();
    set(&mut w, DnSettings { voicemail: true, ..settings(2001, &[]) });
    set(&mut w, settings(2002, &[(BUSY, 2001)]));
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert_eq!(last(&w), Cause::UserBusy);
    w.expect_drained();
}

/// R258: the exception is for the secretary alone, and for 無条件転送 alone.
#[test]
fn only_the_secretary_passes_the_forward() {
    let mut w = world();
    set(&mut w, settings(2002, &[(ALL, 2003)]));
    w.dial(2004, "2002");
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2004");
    // By another number's forward she comes there as well.
    set(&mut w, settings(2005, &[(ALL, 2002)]));
    w.dial(2003, "2005");
    assert_eq!(rung(&mut w), ["2002"]);
    // And what she finds there is the number's own: in vain it ends, and does not come back.
    w.refuses("2002", 486);
    assert_eq!(last(&w), Cause::UserBusy);
    w.expect_drained();
}

/// R260: 021 is for 圏外転送 alone, and for the last forward of several.
#[test]
fn only_the_last_forward_says_how_it_was_in_vain() {
    for (first, second, cause) in [
        ((2007, OUT), (2002, BUSY), Cause::RingTimeout),
        ((2002, BUSY), (2007, OUT), Cause::UnregisteredForwardNoAnswer),
    ] {
        let mut w = world();
        set(&mut w, settings(first.0, &[(first.1, second.0)]));
        set(&mut w, settings(second.0, &[(second.1, 2004)]));
        w.dial(2001, &first.0.to_string());
        w.refuses("2002", 486);
        w.rings("2004");
        w.wait(Micros::seconds(60));
        assert_eq!(last(&w), cause, "{first:?}");
        w.expect_drained();
    }
}

/// R261: what was set before a number became something else leads nowhere.
#[test]
fn some_destinations_are_refused_when_the_call_comes() {
    let mut w = world();
    w.configure(&with_codes()[1..]);
    set(&mut w, settings(2002, &[(ALL, 7801)]));
    w.dial(2001, "2002");
    assert_eq!((rung(&mut w), last(&w)), (vec![], Cause::UnallocatedNumber), "a park slot");
    for (digits, cause) in
        [("110", Cause::UnallocatedNumber), ("0312345678", Cause::ExternalForwardDenied)]
    {
        let mut settings = settings(2002, &[]);
        let outside = Destination::outside(digits).expect("digits");
        *settings.forward_mut(ALL) = Forward::on(outside);
        set(&mut w, settings);
        w.dial(2001, "2002");
        assert_eq!((rung(&mut w), last(&w)), (vec![], cause), "{digits}");
    }
    set(&mut w, settings(2002, &[(ALL, 2002)]));
    w.dial(2001, "2002");
    assert_eq!(last(&w), Cause::ForwardLoop, "the own number");
    w.expect_drained();
}

/// R241, R259: nobody could open the mailbox of a stopped user.
#[test]
fn the_mailbox_of_a_stopped_user_takes_no_message() {
    let mut w = world();
    let tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    set(&mut w, DnSettings { voicemail: true, ..settings(2002, &[]) });
    w.configure(&[
        Change::TenantPut(Tenant { stopped_to: Some(to(2003)), ..tenant }),
        stopped(2002),
    ]);
    w.dial(2001, "2002");
    w.refuses("2003", 486);
    assert_eq!(last(&w), Cause::UserBusy);
    set(&mut w, DnSettings { voicemail: true, ..settings(2003, &[]) });
    w.dial(2001, "2002");
    w.refuses("2003", 486);
    w.hangs_up("2001");
    assert_eq!(w.records.last().map(|r| r.callee_number().to_owned()), Some("2003".into()));
    w.expect_drained();
}

/// A virtual number forwards all its calls, and those that find nobody: it never rings.
#[test]
fn a_virtual_number_is_out_of_reach_unless_it_forwards() {
    let mut w = world();
    let number = Dn::parse("2500").expect("digits");
    let virtual_dn = VirtualDn {
        id: VirtualDnId(Uuid(7)),
        tenant: TENANT,
        site: SITE,
        dn: number,
        name: "受付".into(),
        web_user: Box::default(),
    };
    w.configure(&[Change::VirtualDnPut(virtual_dn)]);
    for (forwards, expected) in [
        (&[(ALL, 2003), (OUT, 2004)][..], Some("2003")),
        (&[(BUSY, 2003), (OUT, 2004)], Some("2004")),
        (&[(BUSY, 2003), (LATE, 2004)], None),
    ] {
        set(&mut w, settings(2500, forwards));
        w.dial(2001, "2500");
        assert_eq!(rung(&mut w).first().map(String::as_str), expected);
        match expected {
            Some(_) => w.hangs_up("2001"),
            None => assert_eq!(last(&w), Cause::Unregistered),
        }
    }
    w.expect_drained();
}

/// R066: 圏外 before 話中, for a number in a call whose telephones have gone.
#[test]
fn out_of_reach_goes_before_busy() {
    let mut w = world();
    set(&mut w, DnSettings { call_limit: 1, ..settings(2002, &[(OUT, 2003), (BUSY, 2004)]) });
    w.talk(2002, 2005);
    w.facts.contacts.remove(&super::world::device_id(2002, 1));
    w.dial(2001, "2002");
    assert_eq!(rung(&mut w), ["2003"]);
}

/// R259: of several forwarders the first one's box, if it is on.
#[test]
fn the_first_of_several_forwarders_keeps_the_message() {
    for (on, of) in [(&[2002, 2003, 2004][..], "2002"), (&[2003, 2004], "2004")] {
        let mut w = world();
        for n in [2002, 2003, 2004] {
            let forwards = [(ALL, n + 1)];
            let forwards = if n < 2004 { &forwards[..] } else { &[] };
            set(&mut w, DnSettings { voicemail: on.contains(&n), ..settings(n, forwards) });
        }
        w.dial(2001, "2002");
        w.refuses("2004", 486);
        assert!(heard(&w).contains("greeting"), "{}", heard(&w));
        w.hangs_up("2001");
        assert_eq!(w.records.last().map(|r| r.callee_number().to_owned()), Some(of.into()));
        w.expect_drained();
    }
}

/// R259: 留守番 as overflow is the group's own box, whoever has forwarded the call to it.
#[test]
fn the_overflow_of_a_group_is_its_own_box_after_a_forward() {
    let mut w = world();
    w.configure(&[hunt(&[2003], |g| g.overflow = Some(Destination::Voicemail))]);
    set(&mut w, DnSettings { voicemail: true, ..settings(2002, &[(ALL, 7000)]) });
    w.dial(2001, "2002");
    w.refuses("2003", 486);
    w.hangs_up("2001");
    assert_eq!(w.records.last().map(|r| r.callee_number().to_owned()), Some("7000".into()));
    w.expect_drained();
}

/// R249: a device in do not disturb counts as busy, so busy and out of reach is busy.
#[test]
fn a_quiet_device_and_one_out_of_reach_are_busy() {
    let mut w = world();
    set(&mut w, settings(2008, &[(OUT, 2003), (BUSY, 2004)]));
    w.configure(&[quiet(2008, 1)]);
    w.dial(2001, "2008");
    w.unreachable("2008.2");
    assert_eq!(rung(&mut w), ["2008.2", "2004"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R252: the first 18x counts, of whichever leg; another one moves nothing.
#[test]
fn a_second_ringing_does_not_begin_the_time_anew() {
    let mut w = world();
    set(&mut w, settings(2008, &[(LATE, 2003)]));
    w.dial(2001, "2008");
    w.rings("2008");
    w.wait(Micros::seconds(10));
    w.rings("2008.2");
    w.rings("2008");
    w.lines.clear();
    w.wait(Micros::millis(9_999));
    w.expect(&[]);
    w.wait(Micros::millis(1));
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R253: who is transferred to the own number finds it busy, and no mailbox.
#[test]
fn nobody_is_transferred_to_the_own_mailbox() {
    let mut w = world();
    set(&mut w, DnSettings { voicemail: true, ..settings(2001, &[]) });
    w.talk(2001, 2002);
    w.refers("2002", "2001", None);
    assert!(w.lines.contains(&"2002 refer 486".to_owned()), "{:?}", w.lines);
    w.hangs_up("2001");
    w.expect_drained();
}
