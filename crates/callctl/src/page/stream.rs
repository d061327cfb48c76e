//! A page as one RTP stream to a multicast group (R280). Nobody knows who listens: the members
//! whose terminals do so were sent the page, which does not say that they heard it.

use std::net::{IpAddr, SocketAddr, SocketAddrV4};

use base::LegId;
use mediactl::{
    Command, Direction, DtmfToPeer, Event, Form, GroupId, Joined, LegWant, Payload, Protection,
    RemoteMedia,
};

use crate::call::Call;
use crate::cx::Cx;

/// The stream of a page.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Its leg in the media plane.
    id: LegId,
    /// Its port is open.
    pub(super) is_open: bool,
}

impl Call {
    /// The address of ours that a stream of this page leaves by; `None` = none can.
    pub(super) fn stream_source(&self) -> Option<IpAddr> {
        let local = self.first.and_then(|id| self.leg(id))?.path.local;
        local.is_ipv4().then_some(local)
    }

    /// Opens the stream; it carries what the caller's leg says and hears.
    pub(super) fn open_stream(&mut self, cx: &mut Cx<'_>, group: SocketAddrV4) {
        let Some(local) = self.stream_source() else { return };
        let speaker = self.first.and_then(|id| self.leg(id)).and_then(|l| l.media.as_ref());
        let Some(speaker) = speaker.map(|m| m.id) else { return };
        let id = cx.core.mint();
        let Some(page) = &mut self.page else { return };
        page.stream = Some(Stream { id, is_open: false });
        cx.core.by_media.insert(id, self.key.slot);
        let rtp = SocketAddr::from(group);
        cx.media(Command::Leg(Box::new(LegWant {
            leg: id,
            group: GroupId(self.group),
            local,
            remote: Some(RemoteMedia { rtp, rtcp: rtp, rtcp_mux: false }),
            form: Form::Multicast,
            protection: Protection::None,
            payloads: std::iter::once(Payload::PCMU).collect(),
            direction: Direction::SendOnly,
            joined: Joined::Listener(speaker),
            dtmf_to_peer: DtmfToPeer::Pass,
            instead: Box::default(),
        })));
    }

    pub(super) fn is_stream(&self, media: LegId) -> bool {
        let stream = self.page.as_ref().and_then(|page| page.stream.as_ref());
        stream.is_some_and(|stream| stream.id == media)
    }

    /// News of the media plane about the stream.
    pub(super) fn stream_event(&mut self, cx: &mut Cx<'_>, event: &Event) {
        let Some(page) = &mut self.page else { return };
        match event {
            Event::Opened { .. } => {
                if let Some(stream) = &mut page.stream {
                    stream.is_open = true;
                }
            }
            Event::Failed { .. } => {
                cx.count(base::event::Kind::MediaRefused);
                // Nobody was sent anything.
                let sent = std::mem::take(&mut page.sent);
                page.wanted.extend(sent);
                if let Some(stream) = page.stream.take() {
                    cx.core.by_media.remove(&stream.id);
                }
            }
            _ => {}
        }
    }

    /// The page is over.
    pub(super) fn close_stream(&mut self, cx: &mut Cx<'_>) {
        let stream = self.page.as_mut().and_then(|page| page.stream.take());
        let Some(stream) = stream else { return };
        cx.core.by_media.remove(&stream.id);
        cx.media(Command::Close { leg: stream.id });
    }
}
