//! The messages that the layer writes by itself: 100, CANCEL, the ACK to a refusal, our Via.

use std::net::SocketAddr;

use bytes::Bytes;

use super::{Branch, Flow, Peer};
use crate::msg::cseq::CSeq;
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, Method, Msg, Transport};

/// Value of our Via.
pub(super) fn via(flow: Option<&Flow>, peer: &Peer, branch: &Branch) -> Vec<u8> {
    let (transport, port) =
        flow.map_or((Transport::Udp, 5060), |f| (Transport::from(f.transport), f.local.port()));
    let ours = SocketAddr::new(peer.local.to_canonical(), port);
    let (transport, branch) = (transport.via_token(), branch.as_str());
    format!("SIP/2.0/{transport} {ours};rport;branch={branch}").into_bytes()
}

/// 100 to a request that nobody has answered yet.
pub(super) fn trying(request: &Bytes, source: SocketAddr) -> Option<Bytes> {
    let request = Msg::parse_datagram(request.clone()).ok()?;
    let reply = Reply { code: 100, phrase: "", to_tag: None, source: Some(source) };
    Writer::respond(&mut Vec::with_capacity(512), &request, reply).finish_bytes().ok()
}

/// ACK to a refusal: Request-URI, top Via and Route set of the request, To of the response
/// (RFC 3261 §17.1.1.3).
pub(super) fn ack(request: &Bytes, response: &Msg) -> Option<Bytes> {
    let request = Msg::parse_datagram(request.clone()).ok()?;
    let mut buffer = Vec::with_capacity(512);
    let mut ack = follow(&mut buffer, Method::Ack, &request)?;
    ack.copy(response, HeaderId::To);
    ack.finish_bytes().ok()
}

/// CANCEL of an INVITE, with the value of `Reason` (RFC 3261 §9.1, RFC 3326).
pub(super) fn cancel(request: &Bytes, reason: Option<&Bytes>) -> Option<Bytes> {
    let request = Msg::parse_datagram(request.clone()).ok()?;
    let mut buffer = Vec::with_capacity(512);
    let mut cancel = follow(&mut buffer, Method::Cancel, &request)?;
    cancel.copy(&request, HeaderId::To);
    if let Some(reason) = reason {
        cancel.header(HeaderId::Reason, reason);
    }
    cancel.finish_bytes().ok()
}

/// A request of the same branch, all but To and what is special to it.
fn follow<'b>(buffer: &'b mut Vec<u8>, method: Method, request: &Msg) -> Option<Writer<'b>> {
    let cseq = CSeq::parse(request.value(HeaderId::CSeq)?)?;
    let mut writer = Writer::request(buffer, method, request.request_uri());
    writer.header(HeaderId::Via, request.items(HeaderId::Via).next()?);
    writer.number(HeaderId::MaxForwards, 70);
    writer.copy_all(request, HeaderId::Route);
    writer.copy(request, HeaderId::From);
    writer.copy(request, HeaderId::CallId);
    writer.cseq(cseq.number, method);
    Some(writer)
}
