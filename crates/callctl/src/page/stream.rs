//! A page as RTP streams to multicast groups, one for each group and address of ours that its
//! listeners' sites have (R280). Nobody knows who listens: the members whose terminals do so were
//! sent the page, which does not say that they heard it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use base::id::{DeviceId, SiteId};
use base::{Dn, LegId};
use mediactl::{
    Command, Direction, DtmfToPeer, Event, Form, GroupId, Joined, LegWant, Payload, Protection,
    RemoteMedia,
};
use model::paging::leaves_by;

use crate::call::Call;
use crate::cx::Cx;
use crate::explain::Mark;
use crate::route::facts::active;
use crate::route::page::PagePlan;

/// A stream of a page.
#[derive(Debug)]
pub(super) struct Stream {
    /// Its leg in the media plane.
    id: LegId,
    /// Its port is open.
    pub(super) is_open: bool,
    /// Where its listeners stand, and who they are.
    sites: Sites,
}

/// Listeners by site.
type Sites = BTreeMap<SiteId, BTreeSet<Dn>>;

impl Stream {
    /// The members who are sent the page.
    pub(super) fn listeners(&self) -> impl Iterator<Item = Dn> {
        self.sites.values().flatten().copied()
    }
}

/// The streams that a page needs.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// By group, and by the address of ours that they leave by.
    list: BTreeMap<(SocketAddr, IpAddr), Sites>,
    /// Terminals that hear them, and so are not called.
    devices: BTreeSet<DeviceId>,
    /// Members for whom there is no way to send one.
    pub(super) unsent: BTreeSet<Dn>,
}

impl Streams {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn reach(&self, device: DeviceId) -> bool {
        self.devices.contains(&device)
    }
}

impl Call {
    /// The streams by which terminals of these members hear the page.
    pub(super) fn plan_streams(&mut self, cx: &Cx<'_>, plan: &PagePlan) -> Streams {
        let snapshot = cx.view.snapshot();
        let mut heard: BTreeMap<(SocketAddr, SiteId), Vec<(DeviceId, Dn)>> = BTreeMap::new();
        for user in plan.users.iter().filter_map(|id| active(snapshot, *id)) {
            let devices = snapshot.devices_of(user.id).iter();
            for device in devices.filter_map(|id| snapshot.device(*id)) {
                if let Some(to) = snapshot.stream_heard(device, plan.department) {
                    heard.entry((to, device.site)).or_default().push((device.id, user.dn));
                }
            }
        }
        let mut streams = Streams::default();
        for ((to, site), all) in heard {
            let Some(local) = self.stream_source(cx, to, &all) else {
                self.draft.note(Mark::PageNoWay((to.ip(), to.port())));
                streams.unsent.extend(all.iter().map(|(_, dn)| *dn));
                continue;
            };
            let stream = streams.list.entry((to, local)).or_default();
            stream.entry(site).or_default().extend(all.iter().map(|(_, dn)| *dn));
            streams.devices.extend(all.into_iter().map(|(device, _)| device));
        }
        streams
    }

    /// The address of ours that a stream to terminals of a site leaves by: the one that such a
    /// terminal is reached by, else the caller's; `None` = none can send there.
    fn stream_source(
        &self,
        cx: &Cx<'_>,
        to: SocketAddr,
        heard: &[(DeviceId, Dn)],
    ) -> Option<IpAddr> {
        let mut contacts = Vec::new();
        let mut theirs = heard.iter().filter_map(|(device, _)| {
            contacts.clear();
            cx.view.contacts(*device, &mut contacts);
            contacts.iter().map(|c| c.path.local).find(|local| leaves_by(to, *local))
        });
        let caller = || self.first.and_then(|id| self.leg(id)).map(|leg| leg.path.local);
        theirs.next().or_else(|| caller().filter(|local| leaves_by(to, *local)))
    }

    /// Opens the streams for which access lines have room, site by site (R305).
    pub(super) fn open_streams(&mut self, cx: &mut Cx<'_>, streams: Streams) {
        for (way, sites) in streams.list {
            self.open_stream(cx, way, sites);
        }
    }

    /// Opens one; it carries what the caller's leg says and hears.
    fn open_stream(&mut self, cx: &mut Cx<'_>, (to, local): (SocketAddr, IpAddr), sites: Sites) {
        let speaker = self.first.and_then(|id| self.leg(id)).and_then(|l| l.media.as_ref());
        let Some(speaker) = speaker.map(|m| m.id) else { return };
        let mut served = Sites::new();
        for (site, listeners) in sites {
            let with: Vec<SiteId> = served.keys().copied().chain([site]).collect();
            if self.has_channel_for_stream(cx, &with) {
                served.insert(site, listeners);
            } else if let Some(page) = &mut self.page {
                page.found_no_channel = true;
                page.wanted.extend(listeners);
            }
        }
        if served.is_empty() {
            return;
        }
        let id = cx.core.mint();
        let Some(page) = &mut self.page else { return };
        page.streams.push(Stream { id, is_open: false, sites: served });
        cx.core.by_media.insert(id, self.key.slot);
        cx.media(Command::Leg(Box::new(LegWant {
            leg: id,
            group: GroupId(self.group),
            local,
            remote: Some(RemoteMedia { rtp: to, rtcp: to, rtcp_mux: false }),
            form: Form::Multicast,
            protection: Protection::None,
            payloads: std::iter::once(Payload::PCMU).collect(),
            direction: Direction::SendOnly,
            joined: Joined::Listener(speaker),
            dtmf_to_peer: DtmfToPeer::Pass,
            instead: Box::default(),
        })));
    }

    /// The sites that each stream goes to.
    pub(crate) fn stream_sites(&self) -> impl Iterator<Item = Vec<SiteId>> {
        let streams = self.page.iter().flat_map(|page| &page.streams);
        streams.map(|stream| stream.sites.keys().copied().collect())
    }

    pub(super) fn is_stream(&self, media: LegId) -> bool {
        self.page.as_ref().is_some_and(|page| page.streams.iter().any(|s| s.id == media))
    }

    /// News of the media plane about a stream.
    pub(super) fn stream_event(&mut self, cx: &mut Cx<'_>, id: LegId, event: &Event) {
        let Some(page) = &mut self.page else { return };
        match event {
            Event::Opened { .. } => {
                let stream = page.streams.iter_mut().find(|stream| stream.id == id);
                stream.into_iter().for_each(|stream| stream.is_open = true);
            }
            Event::Failed { .. } => {
                cx.count(base::event::Kind::MediaRefused);
                cx.core.by_media.remove(&id);
                // Nobody was sent anything.
                for stream in page.streams.extract_if(.., |stream| stream.id == id) {
                    page.wanted.extend(stream.listeners());
                }
            }
            _ => {}
        }
    }

    /// The page is over.
    pub(super) fn close_streams(&mut self, cx: &mut Cx<'_>) {
        let streams = self.page.as_mut().map(|page| std::mem::take(&mut page.streams));
        for stream in streams.unwrap_or_default() {
            cx.core.by_media.remove(&stream.id);
            cx.media(Command::Close { leg: stream.id });
        }
    }
}
