//! `o=` towards one leg.

use proptest::prelude::*;

use super::read::PHONE;
use crate::sdp::{Sdp, Session};

fn origin(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().find_map(|l| l.strip_prefix("o=")).unwrap().to_owned()
}

#[test]
fn another_phone_continues_the_session_of_the_first() {
    let mut session = Session::default();
    let first = session.stamp(PHONE.as_bytes());
    assert_eq!(&*first, PHONE.as_bytes());
    let other = PHONE.replace("o=- 20518 7 IN IP4 192.0.2.10", "o=bob 1 1 IN IP4 192.0.2.77");
    let other = other.replace("11780", "9000");
    let second = session.stamp(other.as_bytes());
    assert_eq!(origin(&second), "- 20518 8 IN IP4 192.0.2.10");
    assert!(String::from_utf8_lossy(&second).contains("m=audio 9000"));
    let again = session.stamp(other.as_bytes());
    assert_eq!(again, second);
    assert_eq!(origin(&session.stamp(PHONE.as_bytes())), "- 20518 9 IN IP4 192.0.2.10");
}

#[test]
fn a_phone_that_counts_right_is_left_alone_and_one_that_forgets_is_helped() {
    let mut session = Session::default();
    session.stamp(PHONE.as_bytes());
    let hold = PHONE.replace("a=sendrecv", "a=sendonly");
    let right = hold.replace("20518 7", "20518 11");
    assert_eq!(&*session.stamp(right.as_bytes()), right.as_bytes());
    // COMPAT: some phones change the body and leave the version.
    let forgot = PHONE.replace("20518 7", "20518 11");
    assert_eq!(origin(&session.stamp(forgot.as_bytes())), "- 20518 12 IN IP4 192.0.2.10");
    // The same once more under a new version: the version stays, nothing has changed.
    let idle = PHONE.replace("20518 7", "20518 99");
    assert_eq!(origin(&session.stamp(idle.as_bytes())), "- 20518 12 IN IP4 192.0.2.10");
}

#[test]
fn a_version_that_is_no_number_is_replaced_when_it_must_rise() {
    let mut session = Session::default();
    let odd = PHONE.replace("20518 7", "20518 99999999999999999999999");
    session.stamp(odd.as_bytes());
    let next = PHONE.replace("11780", "9000");
    assert_eq!(origin(&session.stamp(next.as_bytes())), "- 20518 7 IN IP4 192.0.2.10");
}

proptest! {
    #[test]
    fn version_rises_exactly_with_changes(
        steps in proptest::collection::vec((0u16..4, 0u64..5, 0u64..9), 1..20),
    ) {
        let mut session = Session::default();
        let mut last: Option<(String, u64, String)> = None;
        for (port, id, version) in steps {
            let body = PHONE
                .replace("20518 7", &format!("{id} {version}"))
                .replace("11780", &(9_000 + port).to_string());
            let out = session.stamp(body.as_bytes()).into_owned();
            let sdp = Sdp::parse(&out).unwrap();
            let audio = format!("{:?}", sdp.audio().unwrap());
            let origin = origin(&out);
            let mut fields: Vec<&str> = origin.split(' ').collect();
            let version: u64 = fields.remove(2).parse().unwrap();
            let rest = fields.join(" ");
            if let Some((last_rest, last_version, last_audio)) = last {
                prop_assert_eq!(&rest, &last_rest);
                prop_assert_eq!(version > last_version, audio != last_audio);
                prop_assert!(version >= last_version);
            }
            last = Some((rest, version, audio));
        }
    }
}
