//! What each fuzz target does with its input: read it by every way the product has, and hold the
//! properties that any input must keep. A panic is a finding; so is a property that breaks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use base::{Rng, Wall};
use bytes::Bytes;
use sip::msg::frame::{Frame, Framer};
use sip::msg::{HeaderId, Msg};

mod stack;

/// A target: its name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, for the replay of the corpus.
pub const TARGETS: &[Target] = &[
    ("sip_message", sip_message),
    ("sip_stream", sip_stream),
    ("sip_uri", sip_uri),
    ("sdp", sdp),
    ("digest", digest),
    ("rtp", rtp),
    ("csv_sjis", csv_sjis),
    ("stack_ops", stack_ops),
];

/// One datagram: every typed view of it, and a second reading that must agree with the first.
pub fn sip_message(data: &[u8]) {
    match Msg::parse_datagram(Bytes::copy_from_slice(data)) {
        Ok(msg) => {
            look(&msg);
            let again = Msg::parse_datagram(msg.raw().clone());
            let again = again.expect("what was read once is read again");
            assert!(again.same(&msg), "two readings of one message differ");
        }
        Err(error) => {
            let _ = error.status();
            if let Some(msg) = error.answerable() {
                look(msg);
            }
        }
    }
}

fn look(msg: &Msg) {
    use sip::msg::check::{Policy, verdict};
    let _ = verdict(msg, &Policy { known_source: false, supported: &["100rel", "timer"] });
    let _ = (msg.method(), msg.status(), msg.request_uri(), msg.version_ok(), msg.body());
    let _ = (msg.top_via().map(|via| (via.transport(), via.branch().map(<[u8]>::len))), msg.cseq());
    for header in msg.headers() {
        assert!(!header.value.contains(&b'\n'), "a value holds no line end");
        for item in msg.items(header.id) {
            let _ = item;
        }
        if let Some(address) = msg.address(header.id) {
            let _ = (address.display(), address.tag(), address.parsed());
        }
    }
    let _ = (msg.from(), msg.to(), msg.contacts(), msg.expires(), msg.max_forwards(), msg.date());
    let _ = (msg.session_expires(), msg.min_se(), msg.rseq(), msg.rack(), msg.replaces());
    let _ = (msg.event(), msg.subscription_state(), msg.reasons().count());
    for id in [HeaderId::Authorization, HeaderId::ProxyAuthorization] {
        let _ = msg.credentials(id).count();
    }
    for id in [HeaderId::WwwAuthenticate, HeaderId::ProxyAuthenticate] {
        let _ = msg.challenges(id).count();
    }
}

/// A stream: however it is cut, the same frames come out. The first byte says how.
pub fn sip_stream(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let size = usize::from(*cut).max(1);
    let whole = frames(std::iter::once(stream));
    let pieces = frames(stream.chunks(size));
    assert_eq!(whole, pieces, "cut into pieces of {size}, other frames come out");
}

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut framer, mut found) = (Framer::new(), Vec::new());
    for piece in pieces {
        framer.push(piece);
        while let Some(frame) = framer.next() {
            found.push(match frame {
                Frame::Msg(msg) => format!("{:?}", msg.raw()),
                Frame::Ping => "ping".into(),
                Frame::Pong => "pong".into(),
                Frame::Bad { error, close } => format!("bad {} {close}", error.status()),
            });
        }
        assert!(framer.held() <= base::limits::SIP_MESSAGE_MAX + 65_536, "a stream holds too much");
    }
    found
}

/// URIs, and addresses with display names.
pub fn sip_uri(data: &[u8]) {
    if let Some(uri) = sip::msg::uri::Uri::parse(data) {
        assert_eq!(uri.raw(), data, "a URI keeps its bytes");
        let _ = (uri.user(), uri.same(&uri));
        if let Some(sip) = uri.sip() {
            let _ = (sip.user_decoded(), sip.param("transport"), sip.is_loose());
            let _ = (sip.header_pairs().count(), sip.header("Replaces"), sip.without_headers());
        }
    }
    if let Some(address) = sip::msg::name_addr::NameAddr::parse(data) {
        let _ = (address.display(), address.tag(), address.parsed());
    }
}

/// SDP: read, patched for the relay, answered.
pub fn sdp(data: &[u8]) {
    use mediactl::Direction;
    use mediactl::sdp::{Patch, Sdp};
    let Ok(sdp) = Sdp::parse(data) else { return };
    assert_eq!(sdp.body(), data, "SDP keeps its bytes");
    for line in 0..sdp.media_count() {
        let _ = (sdp.media_line(line), sdp.media_attribute(line, b"rtpmap"));
    }
    let _ = (sdp.image(), sdp.wants_t38(), sdp.session_attribute(b"group"));
    if let Ok(Some(audio)) = sdp.audio() {
        let payloads = audio.payloads();
        let _ = (audio.holds(), audio.remote(true), audio.telephone_event());
        let _ = mediactl::sdp::negotiate(&audio, payloads.as_slice());
    }
    let rtp = Some(SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 20_000)));
    if let Ok(patched) = sdp.patched(&Patch { rtp, ..Patch::default() }) {
        Sdp::parse(&patched).expect("what we write can be read");
    }
    if let Ok(held) = sdp.with_direction(Direction::SendOnly) {
        Sdp::parse(&held).expect("what we write can be read");
    }
}

/// Credentials: nothing that a stranger writes is ever good.
pub fn digest(data: &[u8]) {
    use sip::digest::{Ha1, Origin, Outcome, Verifier};
    let mut request = b"REGISTER sip:x.test SIP/2.0\r\nAuthorization: ".to_vec();
    request.extend(data.iter().filter(|b| !matches!(b, b'\r' | b'\n' | 0)));
    request.extend(b"\r\nContent-Length: 0\r\n\r\n");
    let Ok(msg) = Msg::parse_datagram(Bytes::from(request)) else { return };
    let mut verifier = Verifier::new(&mut Rng::from_seed([7; 32]));
    let ha1 = Ha1::compute(b"2001", b"x.test", b"a secret that the input does not know");
    let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let origin = Origin { now: Wall(1_750_000_000_000), source, realm: "x.test" };
    for credentials in msg.credentials(HeaderId::Authorization) {
        let outcome = verifier.check(origin, &msg, &credentials, Some(&ha1));
        assert_ne!(outcome, Outcome::Good, "a guess was accepted");
    }
    for value in sip::msg::auth::Challenges::new(data) {
        let _ = sip::msg::auth::Challenge::of(value);
    }
}

/// RTP, RTCP, digits, and both behind SRTP.
pub fn rtp(data: &[u8]) {
    use rtp::dtmf_event::EventPayload;
    use rtp::rtcp::{self, Passage};
    use rtp::srtp::{Tag, Unprotect};
    if let Some(parsed) = rtp::parse(data) {
        let _ = EventPayload::parse(parsed.payload(data));
    }
    let _ = EventPayload::parse(data);
    let mut secure = Unprotect::new(&[7; 30], Tag::Bits80);
    assert!(secure.rtp(&mut data.to_vec()).is_err(), "a forged packet was opened");
    assert!(secure.rtcp(&mut data.to_vec()).is_err(), "a forged report was opened");
    if rtcp::is_rtcp(data) {
        let _ = (rtcp::parts(data).count(), rtcp::summary(data));
        let mut copy = data.to_vec();
        let passage =
            Passage { sender: 1, timestamp_offset: 2, reported: 3, own: 4, sequence_offset: 5 };
        let length = copy.len();
        assert!(rtcp::pass(&mut copy, length, &passage) <= length, "a report grew");
    }
}

/// Files of strangers: taken apart, planned against an empty company, written back.
pub fn csv_sjis(data: &[u8]) {
    use bulk::{Content, Encoding, Profile, Writer};
    let Ok(Content::Table(table, _)) = bulk::decode(data, None) else { return };
    for encoding in [Encoding::Sjis, Encoding::Utf8] {
        let (mut writer, mut out) = (Writer::new(encoding, Profile::Plain), Vec::new());
        for row in table.rows() {
            let cells: Vec<&str> = row.cells().collect();
            writer.row(&cells, &mut out);
        }
    }
    for row in table.rows() {
        let _ = (row.width(10), row.filled(), row.raw_width(), row.line());
    }
}

/// A whole SIP stack under a sequence of acts; in the end nothing may be left in it.
pub fn stack_ops(data: &[u8]) {
    stack::acts(data);
}
