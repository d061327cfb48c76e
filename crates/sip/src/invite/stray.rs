//! 2xx to INVITE that no leg wants: other forks, and answers to what we gave up. They are
//! acknowledged and ended (RFC 3261 §13.2.2.4), from what the response itself says.

use bytes::Bytes;

use super::Cx;
use crate::dialog::Remote;
use crate::msg::write::Writer;
use crate::msg::{HeaderId, Method, Msg};
use crate::txn::{Branch, NOBODY, Outgoing, Peer};

/// Sends ACK and BYE to the sender of a 2xx.
pub(super) fn end(cx: &mut Cx<'_>, response: &Msg, peer: Peer) {
    let Some(remote) = Remote::of_response(response, &Remote::default()) else {
        return;
    };
    let Some(cseq) = response.cseq().filter(|c| c.method == Method::Invite) else {
        return;
    };
    if remote.target.is_empty() {
        return;
    }
    let branch = cx.layer.mint().branch();
    if let Some(ack) = write(cx, response, (&remote, &peer), (Method::Ack, cseq.number, &branch)) {
        cx.layer.send(&peer, ack, cx.out);
    }
    let branch = cx.layer.mint().branch();
    let what = (Method::Bye, cseq.number.wrapping_add(1) & 0x7fff_ffff, &branch);
    if let Some(bytes) = write(cx, response, (&remote, &peer), what) {
        let bye = Outgoing { peer, method: Method::Bye, branch, bytes, owner: NOBODY };
        cx.layer.request(cx.now.mono, bye, cx.out);
    }
}

fn write(
    cx: &Cx<'_>,
    response: &Msg,
    (remote, peer): (&Remote, &Peer),
    (method, cseq, branch): (Method, u32, &Branch),
) -> Option<Bytes> {
    let (uri, routes) = remote.request_line();
    let mut buffer = Vec::with_capacity(512);
    let mut out = Writer::request(&mut buffer, method, uri);
    out.header(HeaderId::Via, cx.layer.via(peer, branch));
    out.number(HeaderId::MaxForwards, u64::from(super::text::MAX_FORWARDS));
    if !routes.is_empty() {
        out.header(HeaderId::Route, &routes);
    }
    out.copy(response, HeaderId::From).copy(response, HeaderId::To);
    out.copy(response, HeaderId::CallId).cseq(cseq, method);
    out.finish_bytes().ok()
}
