//! Digest in both roles, nonces and their counters (sip.md §9; SIP-D01, D05, D06, D31).

use std::net::IpAddr;

use base::{Rng, Wall};

use super::msg::parse;
use crate::digest::{
    Account, Algorithm, Answerer, Ask, Ha1, Origin, Outcome, Proof, Verifier, challenge_status,
};
use crate::msg::write::Writer;
use crate::msg::{HeaderId, Method, Msg};
use crate::nonce::{NonceKey, NonceState, Window};

const REALM: &str = "naisen.example";
const URI: &str = "sip:naisen.example";

fn rng(n: u8) -> Rng {
    Rng::from_seed([n; 32])
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn origin(now: i64, source: &str) -> Origin<'static> {
    Origin { now: Wall(now), source: ip(source), realm: REALM }
}

fn ha1() -> Ha1 {
    Ha1::compute(b"tanaka", REALM.as_bytes(), b"himitsu")
}

const TANAKA: Account<'static> = Account { user: "tanaka", secret: "himitsu", realm: Some(REALM) };

/// A 401 or 407 of the verifier.
fn challenge(verifier: &mut Verifier, at: Origin<'_>, method: Method, stale: bool) -> Msg {
    let mut out = Vec::new();
    let mut w = Writer::response(&mut out, challenge_status(method), "");
    let algorithms = crate::quirk::digest_algorithms(b"");
    verifier.challenge(at, Ask { method, stale, algorithms }, &mut w);
    parse(w.finish_bytes().unwrap().to_vec())
}

/// A request with the credentials of `answerer`, perhaps changed on the way.
fn request(method: Method, answerer: &mut Answerer, change: impl Fn(String) -> String) -> Msg {
    let mut out = Vec::new();
    let mut w = Writer::request(&mut out, method, URI);
    answerer.answer(method, URI.as_bytes(), "cn0nce", &mut w);
    let text = w.finish_bytes().unwrap();
    parse(change(String::from_utf8(text.to_vec()).unwrap()))
}

fn check(verifier: &mut Verifier, at: Origin<'_>, msg: &Msg, ha1: Option<&Ha1>) -> Option<Outcome> {
    let credentials = Verifier::credentials(msg, REALM)?;
    Some(verifier.check(at, msg, &credentials, ha1))
}

/// One login: challenge at 0 ms, answer at `later` from `source`, changed on the way.
fn login(later: i64, source: &str, change: impl Fn(String) -> String) -> Option<Outcome> {
    let mut verifier = Verifier::new(&mut rng(1));
    let reply = challenge(&mut verifier, origin(0, "192.0.2.1"), Method::Register, false);
    let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
    let msg = request(Method::Register, &mut answerer, change);
    check(&mut verifier, origin(later, source), &msg, Some(&ha1()))
}

/// The worked examples of RFC 2617 §3.5 and RFC 7616 §3.9.1, and RFC 2069's form of the first.
#[test]
fn published_examples() {
    let ha1 = Ha1::compute(b"Mufasa", b"testrealm@host.com", b"Circle Of Life");
    let mut proof = Proof {
        method: b"GET",
        uri: b"/dir/index.html",
        nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
        counted: Some((b"00000001", b"0a4f113b")),
    };
    let response = |proof: &Proof<'_>, algorithm, ha1: &Ha1| {
        String::from_utf8(proof.response(algorithm, ha1).as_bytes().to_vec()).unwrap()
    };
    assert_eq!(response(&proof, Algorithm::Md5, &ha1), "6629fae49393a05397450978507c4ef1");
    proof.counted = None;
    assert_eq!(response(&proof, Algorithm::Md5, &ha1), "670fd8c2df070c60b045671b8b24ff02");

    let ha1 = Ha1::compute(b"Mufasa", b"http-auth@example.org", b"Circle of Life");
    let proof = Proof {
        method: b"GET",
        uri: b"/dir/index.html",
        nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        counted: Some((b"00000001", b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
    };
    assert_eq!(response(&proof, Algorithm::Md5, &ha1), "8ca523f5e9506fed4657c9700eebdbec");
    assert_eq!(
        response(&proof, Algorithm::Sha256, &ha1),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

/// SIP-D01.
#[test]
fn both_algorithms_are_offered_and_sha_256_is_chosen_and_verified() {
    let mut verifier = Verifier::new(&mut rng(1));
    for (method, header) in [
        (Method::Register, HeaderId::WwwAuthenticate),
        (Method::Invite, HeaderId::ProxyAuthenticate),
    ] {
        let reply = challenge(&mut verifier, origin(0, "192.0.2.1"), method, false);
        let values: Vec<_> =
            reply.values(header).map(|v| String::from_utf8(v.to_vec()).unwrap()).collect();
        assert_eq!(values.len(), 2);
        assert!(values[1].contains("algorithm=SHA-256, qop=\"auth\""), "{values:?}");
        assert!(values[0].contains("algorithm=MD5, qop=\"auth\""), "{values:?}");
        assert!(!values[0].contains("stale"));
        let answerers = Answerer::choose(&reply, TANAKA);
        assert_eq!(answerers.len(), 1, "one answer per realm");
        assert_eq!(answerers[0].algorithm(), Algorithm::Sha256);
    }
    assert_eq!(login(1, "192.0.2.1", |t| t), Some(Outcome::Good));
    assert_eq!(challenge_status(Method::Register), 401);
    assert_eq!(challenge_status(Method::Subscribe), 407);
}

#[test]
fn phones_that_know_only_md5_log_in() {
    let mut verifier = Verifier::new(&mut rng(1));
    let reply = challenge(&mut verifier, origin(0, "192.0.2.1"), Method::Invite, false);
    let text = String::from_utf8(reply.raw().to_vec()).unwrap();
    for (old, new) in [("algorithm=SHA-256", "algorithm=SHA-512-256"), ("algorithm=MD5, ", "")] {
        let only_md5 =
            parse(text.replace("algorithm=SHA-256", "algorithm=SHA-512-256").replace(old, new));
        let mut answerer = Answerer::choose(&only_md5, TANAKA).remove(0);
        assert_eq!(answerer.algorithm(), Algorithm::Md5);
        let msg = request(Method::Invite, &mut answerer, |t| t);
        let named = msg.raw().windows(10).any(|w| w == b"algorithm=");
        assert_eq!(named, old != "algorithm=MD5, ", "an algorithm is repeated, not invented");
        let outcome = check(&mut verifier, origin(5, "192.0.2.1"), &msg, Some(&ha1()));
        // The second login uses the same nonce with the same count.
        let expected = if named { Outcome::Good } else { Outcome::Stale };
        assert_eq!(outcome, Some(expected));
    }
}

/// SIP-D05.
#[test]
fn nc_is_eight_hexadecimal_digits() {
    let mut verifier = Verifier::new(&mut rng(1));
    let reply = challenge(&mut verifier, origin(0, "192.0.2.1"), Method::Register, false);
    let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
    let mut last = String::new();
    for _ in 0..17 {
        let msg = request(Method::Register, &mut answerer, |t| t);
        let nc = msg.credentials(HeaderId::Authorization).next().unwrap().nc.unwrap().to_vec();
        last = String::from_utf8(nc).unwrap();
    }
    assert_eq!(last, "00000011");
    assert_eq!(
        login(1, "192.0.2.1", |t| t.replace("nc=00000001", "nc=0000000a")),
        Some(Outcome::Wrong)
    );
    for bad in ["nc=1", "nc=000000001", "nc=0000000g", "nc=\"\""] {
        assert_eq!(
            login(1, "192.0.2.1", |t| t.replace("nc=00000001", bad)),
            Some(Outcome::Unusable)
        );
    }
}

#[test]
fn credentials_for_another_user_of_the_domain_prove_nothing() {
    let mut verifier = Verifier::new(&mut rng(1));
    let at = origin(0, "192.0.2.1");
    let reply = challenge(&mut verifier, at, Method::Register, false);
    let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
    let mut out = Vec::new();
    let mut w = Writer::request(&mut out, Method::Register, "sip:2@naisen.example");
    answerer.answer(Method::Register, b"sip:1@naisen.example", "cn0nce", &mut w);
    let msg = parse(w.finish_bytes().unwrap().to_vec());
    assert_eq!(check(&mut verifier, at, &msg, Some(&ha1())), Some(Outcome::Wrong));
}

/// SIP-D06.
#[test]
fn what_is_not_proven_is_told_apart() {
    let wrong = Some(Outcome::Wrong);
    let unusable = Some(Outcome::Unusable);
    for (old, new, expected) in [
        ("cnonce=\"cn0nce\"", "cnonce=\"other\"", wrong),
        ("uri=\"sip:naisen.example\"", "uri=\"sip:else.example\"", wrong),
        ("response=\"", "response=\"0", wrong),
        ("qop=auth,", "qop=auth-int,", unusable),
        ("qop=auth, ", "", unusable),
        ("algorithm=SHA-256,", "algorithm=SHA-256-sess,", unusable),
        ("algorithm=SHA-256,", "algorithm=MD5-sess,", unusable),
        ("algorithm=SHA-256,", "algorithm=MD5,", wrong),
        ("realm=\"naisen.example\"", "realm=\"else.example\"", None),
        ("Digest ", "Basic ", None),
        // A digest URI without a user is the address of a server on the way.
        ("REGISTER sip:naisen.example", "REGISTER sip:else.example", Some(Outcome::Good)),
        // The same URI in other words is the same resource.
        ("REGISTER sip:naisen.example", "REGISTER SIP:NAISEN.example", Some(Outcome::Good)),
    ] {
        let outcome = login(1, "192.0.2.1", |t| {
            assert!(t.contains(old), "{old} in {t}");
            t.replace(old, new)
        });
        assert_eq!(outcome, expected, "{old} {new}");
    }
    let upper = login(1, "192.0.2.1", |t| {
        let at = t.find("response=\"").unwrap() + 10;
        format!("{}{}{}", &t[..at], t[at..at + 64].to_uppercase(), &t[at + 64..])
    });
    assert_eq!(upper, Some(Outcome::Good));
}

#[test]
fn an_old_nonce_or_another_source_is_stale_and_no_failure() {
    assert_eq!(login(30_000, "192.0.2.1", |t| t), Some(Outcome::Good));
    assert_eq!(login(30_001, "192.0.2.1", |t| t), Some(Outcome::Stale));
    assert_eq!(login(-30_001, "192.0.2.1", |t| t), Some(Outcome::Stale), "clock was set back");
    assert_eq!(login(1, "192.0.2.2", |t| t), Some(Outcome::Stale));
    assert_eq!(login(1, "::ffff:192.0.2.1", |t| t), Some(Outcome::Good));
    let mut verifier = Verifier::new(&mut rng(1));
    let reply = challenge(&mut verifier, origin(0, "192.0.2.1"), Method::Register, true);
    assert!(reply.challenges(HeaderId::WwwAuthenticate).all(|c| c.stale));
    assert!(Answerer::choose(&reply, TANAKA)[0].stale);
}

#[test]
fn an_unknown_user_is_answered_like_a_wrong_secret() {
    let mut verifier = Verifier::new(&mut rng(1));
    let at = origin(0, "192.0.2.1");
    let reply = challenge(&mut verifier, at, Method::Register, false);
    let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
    let msg = request(Method::Register, &mut answerer, |t| t);
    assert_eq!(check(&mut verifier, at, &msg, None), Some(Outcome::Wrong));
    let other = Ha1::compute(b"tanaka", REALM.as_bytes(), b"chigau");
    assert_eq!(check(&mut verifier, at, &msg, Some(&other)), Some(Outcome::Wrong));
    assert_eq!(verifier.nonces_held(), 0, "only a proven nonce takes memory");
    assert_eq!(check(&mut verifier, at, &msg, Some(&ha1())), Some(Outcome::Good));
    assert_eq!(verifier.nonces_held(), 1);
    verifier.forget(Wall(29_000));
    assert_eq!(verifier.nonces_held(), 1, "still valid");
    verifier.forget(Wall(31_000));
    assert_eq!(verifier.nonces_held(), 0, "nobody need come for it to be forgotten");
}

#[test]
fn a_captured_request_proves_nothing_again() {
    let mut verifier = Verifier::new(&mut rng(1));
    let at = origin(0, "192.0.2.1");
    let reply = challenge(&mut verifier, at, Method::Register, false);
    let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
    let ha1 = ha1();
    let msgs: Vec<_> = (0..40).map(|_| request(Method::Register, &mut answerer, |t| t)).collect();
    let mut outcome = |n: usize| check(&mut verifier, at, &msgs[n], Some(&ha1)).unwrap();
    assert_eq!((outcome(0), outcome(0)), (Outcome::Good, Outcome::Stale));
    assert_eq!((outcome(2), outcome(1)), (Outcome::Good, Outcome::Good), "order may change");
    assert_eq!((outcome(2), outcome(1)), (Outcome::Stale, Outcome::Stale));
    assert_eq!(outcome(39), Outcome::Good);
    assert_eq!((outcome(8), outcome(7)), (Outcome::Good, Outcome::Stale), "32 values back");
}

/// SIP-D31.
#[test]
fn a_foreign_challenge_is_not_answered() {
    let reply =
        |line: &str| parse(format!("SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: {line}\r\n\r\n"));
    let choose = |line: &str| Answerer::choose(&reply(line), TANAKA).len();
    assert_eq!(choose("Digest realm=\"naisen.example\", nonce=\"n\", qop=\"auth\""), 1);
    assert_eq!(choose("Digest realm=\"evil.example\", nonce=\"n\", qop=\"auth\""), 0);
    assert_eq!(choose("Digest realm=\"naisen.example\", nonce=\"n\", qop=\"auth-int\""), 0);
    assert_eq!(choose("Digest realm=\"naisen.example\", nonce=\"n\", algorithm=MD5-sess"), 0);
    assert_eq!(choose("Basic realm=\"naisen.example\""), 0);
    assert_eq!(choose("Digest realm=\"naisen.example\", nonce=\"n\""), 1, "RFC 2069");
}

#[test]
fn several_realms_are_answered_each() {
    let reply = parse(
        "SIP/2.0 407 x\r\nProxy-Authenticate: Digest realm=\"a\", nonce=\"1\"\r\n\
         Proxy-Authenticate: Digest realm=\"b\", nonce=\"2\", opaque=\"o\\\"p\", qop=\"auth\"\r\n\
         WWW-Authenticate: Digest realm=\"a\", nonce=\"3\", algorithm=SHA-256\r\n\r\n",
    );
    let any = Account { user: "u\"v", secret: "s", realm: None };
    let mut answerers = Answerer::choose(&reply, any);
    assert_eq!(answerers.len(), 3);
    let mut out = Vec::new();
    let mut w = Writer::request(&mut out, Method::Invite, "sip:x");
    for answerer in &mut answerers {
        answerer.answer(Method::Invite, b"sip:x", "c", &mut w);
    }
    let msg = parse(w.finish_bytes().unwrap().to_vec());
    assert_eq!(msg.credentials(HeaderId::ProxyAuthorization).count(), 2);
    assert_eq!(msg.credentials(HeaderId::Authorization).count(), 1);
    let second = msg.credentials(HeaderId::ProxyAuthorization).nth(1).unwrap();
    assert_eq!((second.realm, second.username), (&b"b"[..], &b"u\\\"v"[..]));
    let text = String::from_utf8(msg.raw().to_vec()).unwrap();
    assert!(text.contains("opaque=\"o\\\"p\""), "sent back as it came: {text}");
}

#[test]
fn the_next_nonce_begins_a_new_count() {
    let mut verifier = Verifier::new(&mut rng(1));
    let reply = challenge(&mut verifier, origin(0, "192.0.2.1"), Method::Register, false);
    let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
    let _ = request(Method::Register, &mut answerer, |t| t);
    answerer.take_next_nonce(&parse(
        "SIP/2.0 200 OK\r\nAuthentication-Info: qop=auth, nextnonce=\"fresh\", nc=00000001\r\n\r\n",
    ));
    let msg = request(Method::Register, &mut answerer, |t| t);
    let sent = msg.credentials(HeaderId::Authorization).next().unwrap();
    assert_eq!((sent.nonce, sent.nc), (&b"fresh"[..], Some(&b"00000001"[..])));
}

#[test]
fn nonces_are_bound_to_time_source_realm_and_key() {
    let mut key = NonceKey::new(&mut rng(1));
    let source = ip("2001:db8::1");
    let text = key.mint(Wall(1_000), source, b"r");
    assert_ne!(text, key.mint(Wall(1_000), source, b"r"), "two phones behind one address");
    let state = |key: &NonceKey, text: &[u8], source, realm: &[u8]| {
        key.check(text, Wall(2_000), source, realm)
    };
    assert!(matches!(
        state(&key, &text, source, b"r"),
        NonceState::Valid { made_at: Wall(1_000), .. }
    ));
    assert_eq!(state(&key, &text, ip("2001:db8::2"), b"r"), NonceState::Foreign);
    assert_eq!(state(&key, &text, source, b"q"), NonceState::Foreign);
    assert_eq!(state(&NonceKey::new(&mut rng(2)), &text, source, b"r"), NonceState::Foreign);
    for n in 0..text.len() {
        let mut forged = text;
        forged[n] = if forged[n] == b'0' { b'1' } else { b'0' };
        assert_eq!(state(&key, &forged, source, b"r"), NonceState::Foreign, "{n}");
    }
    for other in [&b""[..], &text[..47], b"zz", &[b'0'; 49], &[0xff; 48]] {
        assert_eq!(state(&key, other, source, b"r"), NonceState::Foreign);
    }
}

#[test]
fn a_full_window_forgets_the_oldest_without_opening_a_replay() {
    let mut window = Window::with_capacity(&mut rng(1), 3);
    let id = |n: u8| [n; 16];
    for n in 1..=3 {
        assert!(window.accept(Wall(10), id(n), Wall(i64::from(n)), 1));
    }
    assert!(window.accept(Wall(10), id(4), Wall(4), 1));
    assert_eq!(window.len(), 3);
    assert!(!window.accept(Wall(10), id(1), Wall(1), 2), "forgotten: stale, not new");
    assert!(!window.accept(Wall(10), id(1), Wall(1), 1));
    assert!(window.accept(Wall(10), id(2), Wall(2), 2), "the others go on");
    assert!(window.accept(Wall(30_005), id(9), Wall(30_005), 1));
    assert!(window.len() <= 2, "nonces leave with their age");
    assert!(!window.accept(Wall(30_005), id(8), Wall(30_005), 0), "counts begin at 1");
}

#[test]
fn a_digest_uri_may_be_the_bare_address_of_the_server() {
    for (uri, expected) in [
        ("sip:::1:5060", Outcome::Good),
        ("sip:2001:db8::1", Outcome::Good),
        ("sip:[::1]:5060", Outcome::Good),
        ("sip:else@::1:5060", Outcome::Wrong),
        ("::1:5060", Outcome::Wrong),
        ("sip:fe80:nobody", Outcome::Wrong),
    ] {
        let mut verifier = Verifier::new(&mut rng(1));
        let at = origin(0, "192.0.2.1");
        let reply = challenge(&mut verifier, at, Method::Register, false);
        let mut answerer = Answerer::choose(&reply, TANAKA).remove(0);
        let mut out = Vec::new();
        let mut w = Writer::request(&mut out, Method::Register, "sip:naisen.example");
        answerer.answer(Method::Register, uri.as_bytes(), "cn0nce", &mut w);
        let msg = parse(w.finish_bytes().unwrap().to_vec());
        assert_eq!(check(&mut verifier, at, &msg, Some(&ha1())), Some(expected), "{uri}");
    }
}
