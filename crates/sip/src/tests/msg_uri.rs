//! URIs: form, comparison, escapes (RFC 3261 §19.1, RFC 3966).

use crate::msg::uri::{Host, Uri, escape_header, escape_user, unescape};

fn uri(text: &str) -> Uri<'_> {
    Uri::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn parts_of_a_sip_uri() {
    let sip = uri("sips:u;p=1?x:pw@[2001:db8::1]:5071;transport=tls;lr?Replaces=a%3B&Subject=b")
        .sip()
        .unwrap();
    assert!(sip.secure && sip.is_loose());
    assert_eq!((sip.user, sip.password), (Some(&b"u;p=1?x"[..]), Some(&b"pw"[..])));
    assert_eq!((sip.host.to_string(), sip.port), ("[2001:db8::1]".into(), Some(5071)));
    assert_eq!(sip.param("Transport"), Some(&b"tls"[..]));
    assert_eq!(sip.header("replaces").unwrap().as_ref(), b"a;");
    assert_eq!(sip.header_pairs().count(), 2);
    let plain = "sips:u;p=1?x:pw@[2001:db8::1]:5071;transport=tls;lr";
    assert_eq!(sip.without_headers(), plain.as_bytes());
}

#[test]
fn forms_that_are_accepted() {
    for text in [
        "sip:a.b",
        "sip:192.0.2.1:5060",
        "SIP:*72#@h",
        "sip:+81-3@h;user=phone",
        "sip:1@h;x;y=",
        "sip:a%40b@h",
        "tel:+81-3-1234-5678;isub=12",
        "tel:110;phone-context=naisen.example",
        "tel:*72#",
        "urn:service:sos",
        "http://x/?y=<z".trim_end_matches("<z"),
        "sip:a@h_1",
        "sip:a:@h",
        "sip:内線@h",
    ] {
        uri(text);
    }
}

#[test]
fn forms_that_are_refused() {
    for text in [
        "",
        "sip:",
        "sip",
        ":x",
        "sip:@h",
        "sip:a@",
        "sip:a@h:",
        "sip:a@h:x",
        "sip:a@h:65536",
        "sip:a b@h",
        "sip:a@h h",
        "<sip:a@h>",
        "sip:a@h;",
        "sip:a@h;=x",
        "sip:a@h?",
        "sip:a@h@h",
        "sip:a%4@h",
        "sip:a%zz@h",
        "sip:a\"@h",
        "sip:2001:db8::1",
        "sip:[2001:db8::1",
        "sip:[2001:db8::zz]",
        "sip:[]",
        "sip:a@[::1]x",
        "1x:y",
        "tel:",
        "tel:+",
        "tel:12x",
        "tel:-",
        "sip:a@h\r\n",
        "sip:a@h;p=\u{7f}",
        "x:",
        "sip:a<@h",
    ] {
        assert!(Uri::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}

/// RFC 3261 §19.1.4, with our own pairs.
#[test]
fn equivalent_and_different_uris() {
    for (a, b, same) in [
        ("sip:tanaka@Naisen.EXAMPLE", "SIP:tanaka@naisen.example", true),
        ("sip:%74anaka@h.x", "sip:tanaka@h.x", true),
        ("sip:tanaka@h.x;transport=TCP", "sip:tanaka@h.x;Transport=tcp", true),
        ("sip:a@h.x;p=1;q=2", "sip:a@h.x;q=2;p=1", true),
        ("sip:a@h.x;only-here", "sip:a@h.x", true),
        ("sip:a@h.x?Subject=b&Priority=c", "sip:a@h.x?priority=c&subject=b", true),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]", true),
        ("sip:a%3bb@h.x", "sip:a%3Bb@h.x", true),
        ("sip:Tanaka@h.x", "sip:tanaka@h.x", false),
        ("sip:a@h.x", "sips:a@h.x", false),
        ("sip:a@h.x", "sip:a@h.x:5060", false),
        ("sip:a@h.x", "sip:a@h.x;transport=udp", false),
        ("sip:a@h.x;user=phone", "sip:a@h.x", false),
        ("sip:a@h.x;maddr=192.0.2.1", "sip:a@h.x", false),
        ("sip:a@h.x;ttl=1", "sip:a@h.x", false),
        ("sip:a@h.x;method=INVITE", "sip:a@h.x", false),
        ("sip:a@h.x;p=1", "sip:a@h.x;p=2", false),
        ("sip:a@h.x?Subject=b", "sip:a@h.x", false),
        ("sip:a@h.x?Subject=b", "sip:a@h.x?Subject=c", false),
        ("sip:a%3bb@h.x", "sip:a;b@h.x", false),
        ("sip:a@h.x", "sip:h.x", false),
        ("sip:a:pw@h.x", "sip:a@h.x", false),
        ("sip:a%00@h.x", "sip:a%00%00@h.x", false),
        ("sip:a@192.0.2.4", "sip:a@phone.h.x", false),
        ("tel:+81-3-1234", "tel:+81(3)12.34", true),
        ("tel:+8131234;isub=1", "tel:+8131234", false),
        ("tel:+8131234;a=1;b=2", "tel:+8131234;b=2;a=1", true),
        ("tel:+8131234", "sip:+8131234@h.x", false),
    ] {
        assert_eq!(uri(a).same(&uri(b)), same, "{a} {b}");
        assert_eq!(uri(b).same(&uri(a)), same, "{b} {a}");
    }
}

#[test]
fn users_and_numbers_for_look_up() {
    assert_eq!(uri("sip:%31%30@h").user().unwrap().as_ref(), b"10");
    assert_eq!(uri("tel:+81-(3)-12.34").user().unwrap().as_ref(), b"+8131234");
    assert!(uri("sip:h").user().is_none());
    assert_eq!(unescape(b"a%4").as_ref(), b"a%4");
}

#[test]
fn escaping_is_undone_by_unescaping() {
    let all: Vec<u8> = (0..=255).collect();
    let (mut user, mut header) = (b"sip:".to_vec(), Vec::new());
    escape_user(&all, &mut user);
    user.extend_from_slice(b"@h.x?Replaces=");
    escape_header(&all, &mut header);
    user.extend_from_slice(&header);
    let sip = Uri::parse(&user).unwrap().sip().unwrap();
    assert_eq!(sip.user_decoded().unwrap().as_ref(), all);
    assert_eq!(sip.header("Replaces").unwrap().as_ref(), all);
}

#[test]
fn hosts_print_as_they_are_written() {
    for text in ["naisen.example", "192.0.2.1", "[2001:db8::1]"] {
        assert_eq!(Host::parse(text.as_bytes()).unwrap().to_string(), text);
    }
    assert!(Host::parse(b"naisen.example") == Host::parse(b"NAISEN.example"));
    assert!(Host::parse(b"2001:db8::1").is_none(), "a URI needs brackets");
    let bare = Host::parse_address(b"2001:db8::1").unwrap();
    assert_eq!(Host::parse_address(b"[2001:db8::1]"), Some(bare));
}
