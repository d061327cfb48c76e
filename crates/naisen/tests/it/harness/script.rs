//! Scripts for SIPp, put together from pieces.

use std::fmt::Write;
use std::net::SocketAddr;

/// A scenario in the making.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    name: String,
    steps: String,
    listens: bool,
    cseq: u32,
    /// Whether the telephone was called: then its own tag stands in To of the first request.
    called: bool,
    /// Messages since the last INVITE, for the branch of an ACK.
    since_invite: u32,
    /// Number of our last INVITE.
    invite_cseq: u32,
}

/// Stands for bytes that are no UTF-8.
const SHIFT_JIS_MARK: &str = "@@SHIFT-JIS@@";

/// Keeps the far end of a call, as its responses name it.
const PEER: &str = "<ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" assign_to=\"peer\"/>\n";

/// SDP with one audio line; `tail` are further lines.
pub(crate) fn sdp(port: u16, tail: &str) -> String {
    sdp_again(1, port, tail)
}

/// A session whose audio is at another place than the telephone's signalling.
pub(crate) fn spoken(at: SocketAddr, version: u32, tail: &str) -> String {
    let text = sdp_again(version, at.port(), tail);
    let family = if at.is_ipv4() { "4" } else { "6" };
    text.replace("[media_ip_type]", family).replace("[media_ip]", &at.ip().to_string())
}

/// The same session in its `version`.
pub(crate) fn sdp_again(version: u32, port: u16, tail: &str) -> String {
    let tail = if tail.is_empty() { String::new() } else { format!("{tail}\n") };
    let session = port - port % 100;
    format!(
        "v=0\no=phone {session} {version} IN IP[media_ip_type] [media_ip]\ns=-\n\
         c=IN IP[media_ip_type] [media_ip]\nt=0 0\nm=audio {port} RTP/AVP 0 101\n\
         a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n{tail}"
    )
}

/// A registration by digest.
pub(crate) fn register() -> Script {
    let mut script = Script::new("register", false);
    let register = |cseq: u32, more: &str| {
        format!(
            "REGISTER sip:[field3] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];\
             branch=[branch]\nMax-Forwards: 70\nFrom: <sip:[field0]@[field3]>;tag=r[call_number]\n\
             To: <sip:[field0]@[field3]>\nCall-ID: [call_id]\nCSeq: {cseq} REGISTER\n\
             Contact: <sip:[field0]@[field4]>\nExpires: 600\n{more}Content-Length: 0\n\n"
        )
    };
    script.raw(&register(1, ""), true);
    script.steps += "<recv response=\"401\" auth=\"true\"/>\n";
    script.raw(&register(2, "[field1]\n"), true);
    script.steps += "<recv response=\"200\"/>\n";
    script
}

impl Script {
    fn new(name: &str, called: bool) -> Self {
        Script {
            name: name.into(),
            steps: String::new(),
            listens: called,
            cseq: 0,
            called,
            since_invite: 0,
            invite_cseq: 0,
        }
    }

    /// The caller's display name becomes 山田表 in Shift_JIS; its last byte is a backslash's.
    pub(crate) fn with_shift_jis_name(mut self) -> Self {
        let plain = "From: <sip:[field0]@[field3]>;tag=c";
        let named = format!("From: \"{SHIFT_JIS_MARK}\" <sip:[field0]@[field3]>;tag=c");
        self.steps = self.steps.replace(plain, &named);
        self
    }

    /// The scenario as a file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let xml = self.xml();
        match xml.contains(SHIFT_JIS_MARK) {
            false => xml.into_bytes(),
            true => {
                let parts: Vec<&[u8]> = xml.split(SHIFT_JIS_MARK).map(str::as_bytes).collect();
                parts.join(b"\x8eR\x93c\x95\\".as_slice())
            }
        }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it begins by waiting.
    pub(crate) fn listens(&self) -> bool {
        self.listens
    }

    fn xml(&self) -> String {
        // SIPp refuses variables that are assigned and never used, unless they are named here.
        let assigned = [
            "remote",
            "local",
            "remote_uri",
            "via",
            "invite_cseq",
            "rseq",
            "kept_via",
            "kept_from",
            "kept_to",
            "kept_cseq",
            "peer",
        ];
        let assigned: Vec<&str> = assigned
            .into_iter()
            .filter(|name| self.steps.contains(&format!("assign_to=\"{name}\"")))
            .collect();
        let reference = match assigned.is_empty() {
            true => String::new(),
            false => format!("<Reference variables=\"{}\"/>\n", assigned.join(",")),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"{}\">\n{}{reference}\
             </scenario>\n",
            self.name, self.steps
        )
    }

    fn raw(&mut self, text: &str, again: bool) {
        let again = if again { " retrans=\"500\"" } else { "" };
        let _ = write!(self.steps, "<send{again}><![CDATA[\n{text}]]></send>\n");
        self.since_invite += 1;
    }

    fn invite_text(&self, cseq: u32, more: &str, body: &str) -> String {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
        format!(
            "INVITE sip:[field2]@[field3] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             Max-Forwards: 70\nFrom: <sip:[field0]@[field3]>;tag=c[call_number]\n\
             To: <sip:[field2]@[field3]>\nCall-ID: [call_id]\nCSeq: {cseq} INVITE\n\
             Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY\n{more}{kind}\
             Content-Length: [len]\n\n{body}"
        )
    }

    /// A caller: INVITE, 407, ACK, INVITE with credentials. `more` are further header lines.
    pub(crate) fn caller(name: &str, more: &str, body: &str) -> Self {
        let mut script = Self::new(name, false);
        let first = script.invite_text(1, more, body);
        script.raw(&first, true);
        script.since_invite = 0;
        script.recv("<recv response=\"100\" optional=\"true\"/>\n");
        script.recv("<recv response=\"407\" auth=\"true\"/>\n");
        script.raw(
            "ACK sip:[field2]@[field3] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-3]\n\
             Max-Forwards: 70\nFrom: <sip:[field0]@[field3]>;tag=c[call_number]\n\
             [last_To:]\nCall-ID: [call_id]\nCSeq: 1 ACK\nContent-Length: 0\n\n",
            false,
        );
        let second = script.invite_text(2, &format!("[field1]\n{more}"), body);
        script.raw(&second, true);
        script.since_invite = 0;
        (script.cseq, script.invite_cseq) = (2, 2);
        script
    }

    /// A lamp: SUBSCRIBE, 407, SUBSCRIBE with credentials, 200.
    pub(crate) fn lamp(name: &str, event: &str) -> Self {
        let mut script = Self::new(name, false);
        let subscribe = |cseq: u32, more: &str| {
            format!(
                "SUBSCRIBE sip:[field2]@[field3] SIP/2.0\n\
                 Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
                 Max-Forwards: 70\nFrom: <sip:[field0]@[field3]>;tag=c[call_number]\n\
                 To: <sip:[field2]@[field3]>\nCall-ID: [call_id]\nCSeq: {cseq} SUBSCRIBE\n\
                 Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>\n\
                 Event: {event}\nExpires: 600\n{more}Content-Length: 0\n\n"
            )
        };
        script.raw(&subscribe(1, ""), true);
        script.recv("<recv response=\"407\" auth=\"true\"/>\n");
        script.raw(&subscribe(2, "[field1]\n"), true);
        script.cseq = 2;
        script.expect(200)
    }

    /// Is told by a NOTIFY.
    pub(crate) fn told(self) -> Self {
        self.expect_request("NOTIFY").answer_inside(200, "", "")
    }

    /// A caller who is turned away before anybody asks who it is.
    pub(crate) fn refused_while_stopping(body: &str) -> Self {
        let mut script = Self::new("late", false);
        let first = script.invite_text(1, "", body);
        script.raw(&first, true);
        (script.since_invite, script.cseq, script.invite_cseq) = (0, 1, 1);
        script.may(100).expect(503).ack_refusal()
    }

    /// A called telephone, after its INVITE came. Remembers whom to answer to.
    pub(crate) fn callee(name: &str) -> Self {
        Self::new(name, true).called_again()
    }

    /// The INVITE comes once more, since the first one was refused for what it asked.
    pub(crate) fn called_again(mut self) -> Self {
        self.steps += "<recv request=\"INVITE\" rrs=\"true\"><action>\n\
            <ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" assign_to=\"remote\"/>\n\
            <ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" assign_to=\"local\"/>\n\
            <ereg regexp=\"sip:[^&gt;]*\" search_in=\"hdr\" header=\"Contact:\" \
            assign_to=\"remote_uri\"/>\n\
            <ereg regexp=\".*\" search_in=\"hdr\" header=\"Via:\" assign_to=\"via\"/>\n\
            <ereg regexp=\".*\" search_in=\"hdr\" header=\"CSeq:\" assign_to=\"invite_cseq\"/>\n\
            </action></recv>\n";
        self
    }

    fn recv(&mut self, text: &str) {
        self.steps += text;
        self.since_invite += 1;
    }

    /// Expects a response; route set and far end are remembered from a 200.
    pub(crate) fn expect(mut self, code: u16) -> Self {
        let text = match code {
            200 if !self.called => {
                format!("<recv response=\"200\" rrs=\"true\"><action>\n{PEER}</action></recv>\n")
            }
            200 => "<recv response=\"200\" rrs=\"true\"/>\n".to_owned(),
            code => format!("<recv response=\"{code}\"/>\n"),
        };
        self.recv(&text);
        self
    }

    /// Expects a response of which nothing is remembered.
    pub(crate) fn expect_only(mut self, code: u16) -> Self {
        self.recv(&format!("<recv response=\"{code}\"/>\n"));
        self
    }

    /// Expects a response that may be missing.
    pub(crate) fn may(mut self, code: u16) -> Self {
        self.recv(&format!("<recv response=\"{code}\" optional=\"true\"/>\n"));
        self
    }

    /// Expects a provisional response that must be answered with PRACK.
    pub(crate) fn expect_reliable(mut self, code: u16) -> Self {
        self.recv(&format!(
            "<recv response=\"{code}\" rrs=\"true\"><action>\n\
             <ereg regexp=\"[0-9]+\" search_in=\"hdr\" header=\"RSeq:\" assign_to=\"rseq\"/>\n\
             {PEER}</action></recv>\n"
        ));
        self
    }

    /// Expects a request that will be answered later, when others have come between.
    pub(crate) fn expect_and_keep(mut self, method: &str) -> Self {
        let keep: String = [("Via", "via"), ("From", "from"), ("To", "to"), ("CSeq", "cseq")]
            .map(|(header, name)| {
                format!(
                    "<ereg regexp=\".*\" search_in=\"hdr\" header=\"{header}:\" \
                     assign_to=\"kept_{name}\"/>\n"
                )
            })
            .concat();
        self.recv(&format!("<recv request=\"{method}\"><action>\n{keep}</action></recv>\n"));
        self
    }

    /// Answers the request that was kept.
    pub(crate) fn answer_kept(mut self, code: u16, more: &str, body: &str) -> Self {
        let names = "Via:[$kept_via]\nFrom:[$kept_from]\nTo:[$kept_to]\n[last_Call-ID:]\n\
                     CSeq:[$kept_cseq]\n";
        self.respond(code, names, more, body, false);
        self
    }

    /// Expects a request.
    pub(crate) fn expect_request(mut self, method: &str) -> Self {
        self.recv(&format!("<recv request=\"{method}\"/>\n"));
        self
    }

    /// Speaks a file of µ-law, from `[rtpstream_audio_port]`, once or round and round.
    pub(crate) fn speak(mut self, file: &std::path::Path, again: bool) -> Self {
        let (file, times) = (file.display(), if again { -1 } else { 1 });
        self.recv(&format!(
            "<nop><action><exec rtp_stream=\"{file},{times},0\"/></action></nop>\n"
        ));
        self
    }

    /// Presses a key by INFO.
    pub(crate) fn info(self, key: char) -> Self {
        let kind = "Content-Type: application/dtmf-relay\n";
        let body = format!("Signal={key}\nDuration=160\n");
        self.request("INFO", kind, &body).expect(200)
    }

    /// Waits.
    pub(crate) fn pause(mut self, millis: u32) -> Self {
        self.recv(&format!("<pause milliseconds=\"{millis}\"/>\n"));
        self
    }

    /// Answers the INVITE that called us, whatever came since.
    pub(crate) fn answer(mut self, code: u16, more: &str, body: &str) -> Self {
        let names = "Via:[$via]\nFrom:[$remote]\nTo:[$local];tag=a[call_number]\n[last_Call-ID:]\n\
                     CSeq:[$invite_cseq]\n";
        self.respond(code, names, more, body, code >= 200);
        self
    }

    /// Answers the last request inside the dialog.
    pub(crate) fn answer_inside(mut self, code: u16, more: &str, body: &str) -> Self {
        let names = "[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n";
        self.respond(code, names, more, body, false);
        self
    }

    fn respond(&mut self, code: u16, names: &str, more: &str, body: &str, again: bool) {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
        let text = format!(
            "SIP/2.0 {code} Answer\n{names}\
             Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY\n\
             {more}{kind}Content-Length: [len]\n\n{body}"
        );
        self.raw(&text, again);
    }

    /// ACK of the 200 to our INVITE.
    pub(crate) fn ack(mut self, body: &str) -> Self {
        let cseq = self.invite_cseq;
        self.inside("ACK", cseq, "", body, false);
        self
    }

    /// ACK of a refusal of our INVITE: same branch, same Request-URI.
    pub(crate) fn ack_refusal(mut self) -> Self {
        let back = self.since_invite + 1;
        self.raw(
            &format!(
                "ACK sip:[field2]@[field3] SIP/2.0\nVia: SIP/2.0/[transport] \
                 [local_ip]:[local_port];branch=[branch-{back}]\nMax-Forwards: 70\n\
                 From: <sip:[field0]@[field3]>;tag=c[call_number]\n[last_To:]\n\
                 Call-ID: [call_id]\nCSeq: {} ACK\nContent-Length: 0\n\n",
                self.invite_cseq
            ),
            false,
        );
        self
    }

    /// ACK of a refusal of our re-INVITE.
    pub(crate) fn ack_refused_offer(mut self) -> Self {
        let back = self.since_invite + 1;
        let begin = self.steps.len();
        let cseq = self.invite_cseq;
        self.inside("ACK", cseq, "", "", false);
        let ack = self.steps.split_off(begin).replace("[branch]", &format!("[branch-{back}]"));
        self.steps += &ack;
        self
    }

    /// CANCEL of our INVITE, with its branch.
    pub(crate) fn cancel(mut self) -> Self {
        let back = self.since_invite + 1;
        self.raw(
            &format!(
                "CANCEL sip:[field2]@[field3] SIP/2.0\nVia: SIP/2.0/[transport] \
                 [local_ip]:[local_port];branch=[branch-{back}]\nMax-Forwards: 70\n\
                 From: <sip:[field0]@[field3]>;tag=c[call_number]\nTo: <sip:[field2]@[field3]>\n\
                 Call-ID: [call_id]\nCSeq: {} CANCEL\nContent-Length: 0\n\n",
                self.invite_cseq
            ),
            true,
        );
        self
    }

    /// A request inside the dialog, with the next number.
    pub(crate) fn request(mut self, method: &str, more: &str, body: &str) -> Self {
        self.cseq += 1;
        let cseq = self.cseq;
        self.inside(method, cseq, more, body, true);
        if method == "INVITE" {
            (self.since_invite, self.invite_cseq) = (0, cseq);
        }
        self
    }

    /// PRACK of the last reliable response.
    pub(crate) fn prack(mut self, body: &str) -> Self {
        let invite = self.invite_cseq;
        self.cseq += 1;
        let cseq = self.cseq;
        self.inside("PRACK", cseq, &format!("RAck: [$rseq] {invite} INVITE\n"), body, true);
        self
    }

    fn inside(&mut self, method: &str, cseq: u32, more: &str, body: &str, again: bool) {
        let kind = match (body.is_empty(), more.contains("Content-Type")) {
            (false, false) => "Content-Type: application/sdp\n",
            _ => "",
        };
        // A called telephone's From is the To of the INVITE with our tag, its To the caller's From.
        let (uri, names) = if self.called {
            ("[$remote_uri]", "From:[$local];tag=a[call_number]\nTo:[$remote]\n")
        } else {
            ("[next_url]", "From: <sip:[field0]@[field3]>;tag=c[call_number]\nTo:[$peer]\n")
        };
        let text = format!(
            "{method} {uri} SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];\
             branch=[branch]\n[routes]\nMax-Forwards: 70\n{names}Call-ID: [call_id]\n\
             CSeq: {cseq} {method}\n\
             Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>\n\
             {more}{kind}Content-Length: [len]\n\n{body}"
        );
        self.raw(&text, again);
    }

    /// Does not allow UPDATE, so that changes come as re-INVITEs.
    pub(crate) fn without_update(mut self) -> Self {
        self.steps = self.steps.replace("OPTIONS, UPDATE, PRACK", "OPTIONS, PRACK");
        self
    }

    /// Does not allow PRACK either.
    pub(crate) fn without_prack(mut self) -> Self {
        self.steps = self.steps.replace("PRACK, ", "");
        self
    }

    /// Answers every NOTIFY until the far side ends the call.
    pub(crate) fn answer_notifies_until_bye(self) -> Self {
        self.answer_until_bye(&["NOTIFY"], "")
    }

    /// Answers every offer with this body until the far side ends the call.
    pub(crate) fn answer_offers_until_bye(self, body: &str) -> Self {
        self.answer_until_bye(&["INVITE", "UPDATE"], body)
    }

    fn answer_until_bye(mut self, methods: &[&str], body: &str) -> Self {
        self.steps += "<label id=\"1\"/>\n<recv request=\"ACK\" optional=\"true\" next=\"1\"/>\n";
        for method in methods {
            let _ =
                writeln!(self.steps, "<recv request=\"{method}\" optional=\"true\" next=\"2\"/>");
        }
        self.steps += "<recv request=\"BYE\" next=\"3\"/>\n<label id=\"2\"/>\n";
        let begin = self.steps.len();
        let mut script = self.answer_inside(200, "", body);
        // The jump belongs to the answer itself: a step of its own could miss a message.
        let answer = script.steps.split_off(begin).replacen("<send", "<send next=\"1\"", 1);
        script.steps += &answer;
        script.steps += "<label id=\"3\"/>\n";
        script.answer_inside(200, "", "")
    }

    /// Ends the call, from our side.
    pub(crate) fn bye(self) -> Self {
        self.request("BYE", "", "").expect(200)
    }

    /// Is ended by the far side, after a long conversation.
    pub(crate) fn expect_late_bye(mut self) -> Self {
        self.recv("<recv request=\"BYE\" timeout=\"60000\"/>\n");
        self.answer_inside(200, "", "")
    }

    /// Is ended by the far side.
    pub(crate) fn expect_bye(self) -> Self {
        self.expect_request("BYE").answer_inside(200, "", "")
    }
}
