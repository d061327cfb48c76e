//! Who sent a call on: `Diversion` (RFC 5806) for phones of before 2014, `History-Info`
//! (RFC 7044) for later ones. Both are written, none is read: phones do not forward by us.

use super::text;
use crate::leg::{Diverted, Identity, Why};
use crate::msg::uri::escape_user;

/// Value of `Diversion`: the last one first (RFC 5806 §4).
pub(super) fn diversion(diverted: &[Diverted]) -> Vec<u8> {
    let mut out = Vec::new();
    for diverted in diverted.iter().rev() {
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(&text::address(&diverted.by, None));
        out.extend_from_slice(format!(";reason={};counter=1", reason(diverted.why)).as_bytes());
    }
    out
}

/// Value of `History-Info`: the first target first, the present one last (RFC 7044 §5).
pub(super) fn history(diverted: &[Diverted], to: &Identity) -> Vec<u8> {
    let mut out = Vec::new();
    let mut index = String::from("1");
    let targets = diverted.iter().map(|d| (&d.by, Some(d.why))).chain([(to, None)]);
    let mut sent_on = None;
    for (target, why) in targets {
        if !out.is_empty() {
            out.extend_from_slice(b", ");
            index.push_str(".1");
        }
        out.extend_from_slice(b"<sip:");
        escape_user(target.user.as_bytes(), &mut out);
        out.push(b'@');
        out.extend_from_slice(target.host.as_bytes());
        if let Some(why) = why {
            let reason = format!("?Reason=SIP%3Bcause%3D{}", status(why));
            out.extend_from_slice(reason.as_bytes());
        }
        out.extend_from_slice(format!(">;index={index}").as_bytes());
        // Each target was reached by mapping the one before it (RFC 7044 §5.2).
        if let Some(parent) = sent_on.replace(index.clone()) {
            out.extend_from_slice(format!(";mp={parent}").as_bytes());
        }
    }
    out
}

/// RFC 5806 §4.
fn reason(why: Why) -> &'static str {
    match why {
        Why::Unconditional => "unconditional",
        Why::Busy => "user-busy",
        Why::NoAnswer => "no-answer",
        Why::Unavailable => "unavailable",
        Why::Deflection => "deflection",
    }
}

/// The status that stands for the cause of the change of target (RFC 4458 §2).
fn status(why: Why) -> u16 {
    match why {
        Why::Unconditional => 302,
        Why::Busy => 486,
        Why::NoAnswer => 408,
        Why::Unavailable => 503,
        Why::Deflection => 480,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(user: &str) -> Identity {
        Identity { user: user.into(), display: String::new(), host: "a.example".into() }
    }

    #[test]
    fn the_last_diversion_comes_first_and_the_history_goes_forward() {
        let diverted = [
            Diverted { by: identity("2002"), why: Why::Unconditional },
            Diverted { by: identity("2003"), why: Why::NoAnswer },
        ];
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("ASCII");
        assert_eq!(
            text(diversion(&diverted)),
            "<sip:2003@a.example>;reason=no-answer;counter=1, \
             <sip:2002@a.example>;reason=unconditional;counter=1"
        );
        assert_eq!(
            text(history(&diverted, &identity("2004"))),
            "<sip:2002@a.example?Reason=SIP%3Bcause%3D302>;index=1, \
             <sip:2003@a.example?Reason=SIP%3Bcause%3D408>;index=1.1;mp=1, \
             <sip:2004@a.example>;index=1.1.1;mp=1.1"
        );
    }
}
