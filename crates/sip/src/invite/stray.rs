//! 2xx to INVITE that no leg wants: other forks, and answers to what we gave up. They are
//! acknowledged and ended (RFC 3261 §13.2.2.4), from what the response itself says.

use base::Place;
use bytes::Bytes;

use super::{Cx, Legs};
use crate::dialog::Remote;
use crate::msg::via::MAGIC_COOKIE;
use crate::msg::write::Writer;
use crate::msg::{HeaderId, Method, Msg};
use crate::txn::{Branch, NOBODY, Outgoing, Peer};

impl Legs {
    /// A 2xx to an INVITE whose transaction went with its connection: its ACK is repeated by the
    /// connection that the 2xx came by, when the dialog lives. `false` when there is none.
    pub(crate) fn handle_repeated_2xx(
        &mut self,
        cx: &mut Cx<'_>,
        response: &Msg,
        peer: Peer,
    ) -> bool {
        let is_2xx = response.status().is_some_and(|s| (200..300).contains(&s));
        // That to a CANCEL looks the same: it comes when the CANCEL is no transaction any more.
        let to_invite = response.cseq().is_some_and(|c| c.method == Method::Invite);
        let from = response.from().filter(|_| is_2xx && to_invite);
        let tag = from.and_then(|from| <[u8; 17]>::try_from(from.tag()?).ok());
        let index = tag.and_then(|tag| self.by_tag.get(&tag)).copied();
        let usage = index.and_then(|i| self.usages.get_mut(i as usize));
        let Some(usage) = usage.filter(|u| *u.local.call_id == *response.call_id()) else {
            return false;
        };
        usage.bind(peer, &mut self.on_streams);
        match response.cseq().is_some_and(|c| c.number == usage.first_cseq) {
            true => usage.invite_response(cx, response),
            false => usage.late_response(cx, response),
        }
        true
    }

    /// A 2xx to an INVITE of ours that is over, perhaps of an earlier process: its phone is told
    /// that there is no call, instead of waiting for an ACK.
    pub(crate) fn handle_late_2xx(&mut self, cx: &mut Cx<'_>, response: &Msg, peer: Peer) {
        if self.handle_repeated_2xx(cx, response, peer) {
            return;
        }
        let branch = response.top_via().and_then(|via| via.branch());
        let place = branch.and_then(|b| b.strip_prefix(MAGIC_COOKIE)).and_then(Place::parse);
        let is_2xx = response.status().is_some_and(|s| (200..300).contains(&s));
        if is_2xx && place == Some(self.place) {
            end(cx, response, peer);
        }
    }
}

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
