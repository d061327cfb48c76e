//! What some runs draw of pages by RTP multicast (R280), ends of log-ins at a time of day (R233)
//! and a company's own sounds (R319); and how administrators change it while it is heard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base::id::{SiteId, SoundId, Uuid};
use base::{Rng, Wall};
use mediactl::{Joined, LegWant, PlayerId};
use model::reception::Span;
use model::{
    Change, Department, Device, Phrase, Site, SiteMusic, SiteStream, Sound, Spoken, Tenant, Worded,
};

use crate::company::{Company, tenant_id};
use crate::lines::BEGINS;
use crate::world::World;

/// Own sounds of the company.
const SOUNDS: u64 = 3;

/// Where pages are sent: of the department that pages everybody, and of another one.
const GROUPS: [SocketAddr; 2] = [group(1), group(2)];

const fn group(n: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(239, 192, 0, n)), 5_004)
}

fn sound_id(n: u64) -> SoundId {
    SoundId(Uuid(0xA_0001 + u128::from(n)))
}

/// The file of an own sound of scenarios, where they count from 1.
pub(crate) fn file(n: u64) -> u64 {
    Sound::file(sound_id(n - 1))
}

impl Company {
    /// Gives offices own sounds, telephones that listen to pages, and an end of log-ins.
    pub fn attune(&mut self, rng: &mut Rng) {
        let Some(tenant) = self.snapshot.tenant(tenant_id()).filter(|_| self.is_office) else {
            return;
        };
        let mut tenant = tenant.clone();
        tenant.logins_end = rng.chance(2, 3).then(|| BEGINS + 1 + rng.below(2) as u16);
        if tenant.logins_end.is_some() {
            tenant.accounts_max = 3;
        }
        let mut changes: Vec<Change> = (0..SOUNDS).map(sound).map(Change::SoundPut).collect();
        tenant.wording = draw_wording(rng);
        (tenant.music, tenant.spoken) = (draw_sound(rng), draw_spoken(rng));
        changes.push(Change::TenantPut(tenant));
        for site in self.snapshot.sites(tenant_id()) {
            changes.push(Change::SitePut(redrawn(rng, site)));
        }
        changes.extend(self.draw_streams(rng));
        if self.change(&changes).is_some() {
            self.former = None;
            self.drawn = self.snapshot.clone();
            self.has_sounds = true;
        }
    }

    /// Some telephones hold groups of the departments that page; one that holds few is called for
    /// the younger one.
    fn draw_streams(&self, rng: &mut Rng) -> Vec<Change> {
        let Some(pager) = self.pager().filter(|_| rng.chance(2, 3)) else { return Vec::new() };
        let multicast_to = rng.chance(4, 5).then_some(GROUPS[0]);
        let pager = Department { multicast_to, ..with_streams(rng, pager) };
        let mut changes = vec![Change::DepartmentPut(pager)];
        let rings = self.snapshot.departments(tenant_id()).find(|d| !d.multicast);
        if let Some(rings) = rings.filter(|_| rng.chance(1, 5)) {
            let multicast_to = Some(GROUPS[1]);
            let pages = Department { multicast: true, multicast_to, ..rings.clone() };
            changes.push(Change::DepartmentPut(pages));
        }
        let phones = self.snapshot.devices(tenant_id()).filter(|d| d.user.is_some());
        let tuned = phones.filter(|_| rng.chance(1, 3)).cloned().collect::<Vec<_>>();
        changes.extend(tuned.into_iter().map(|d| {
            let multicast_groups = 1 + rng.below(2) as u8;
            Change::DevicePut(Device { multicast_groups, ..d })
        }));
        changes
    }

    /// The department that pages everybody.
    fn pager(&self) -> Option<&Department> {
        self.snapshot.departments(tenant_id()).filter(|d| d.multicast).max_by_key(|d| d.id)
    }

    /// Another set of words of the company or of a site, other streams of sites, or telephones that
    /// listen no more.
    pub fn draw_sound_changes(&self, rng: &mut Rng) -> Vec<Change> {
        match rng.below(4) {
            0 => {
                let tenant = self.snapshot.tenant(tenant_id()).cloned();
                let other = tenant.map(|t| Tenant {
                    wording: draw_wording(rng),
                    music: draw_sound(rng),
                    ..t
                });
                other.map(Change::TenantPut).into_iter().collect()
            }
            1 | 2 => {
                let site = SiteId(Uuid(0x2001 + u128::from(rng.below(2))));
                let other = self.snapshot.site(site).map(|s| redrawn(rng, s));
                other.map(Change::SitePut).into_iter().collect()
            }
            3 if rng.chance(1, 2) => {
                let other = self.pager().map(|d| Change::DepartmentPut(with_streams(rng, d)));
                other.into_iter().collect()
            }
            _ => {
                let tuned = self.snapshot.devices(tenant_id()).filter(|d| d.multicast_groups > 0);
                let silent = tuned.map(|d| Device { multicast_groups: 0, ..d.clone() });
                silent.map(Change::DevicePut).collect()
            }
        }
    }
}

/// The department with other streams, or none, at some sites.
fn with_streams(rng: &mut Rng, department: &Department) -> Department {
    let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0, 1)), 5_004);
    let own = [0x2001, 0x2002].into_iter().filter_map(|site| {
        let to = match rng.below(6) {
            0 => None,
            // No address of the exchange can send there.
            1 => Some(v6),
            2 | 3 => Some(group(site as u8 + 0x10)),
            _ => return None,
        };
        Some(SiteStream { site: SiteId(Uuid(site)), to })
    });
    Department { multicast_sites: own.collect(), ..department.clone() }
}

/// The site with other words, music and language.
fn redrawn(rng: &mut Rng, site: &Site) -> Site {
    let music = match rng.below(3) {
        0 => SiteMusic::Inherit,
        1 => SiteMusic::BuiltIn,
        _ => SiteMusic::Own(sound_id(rng.below(SOUNDS))),
    };
    let spoken = rng.chance(1, 4).then(|| draw_spoken(rng));
    Site { wording: draw_wording(rng), music, spoken, ..site.clone() }
}

fn sound(n: u64) -> Sound {
    let name = format!("音{n}").into();
    let (id, tenant) = (sound_id(n), tenant_id());
    Sound { id, tenant, name, duration_ms: 2_000, uploaded_at: Wall(1_000) }
}

fn draw_spoken(rng: &mut Rng) -> Spoken {
    if rng.chance(1, 5) { Spoken::En } else { Spoken::Ja }
}

fn draw_sound(rng: &mut Rng) -> Option<SoundId> {
    rng.chance(2, 3).then(|| sound_id(rng.below(SOUNDS)))
}

/// Own words in some places, for everybody or for one language.
fn draw_wording(rng: &mut Rng) -> Box<[Worded]> {
    let some = Phrase::ALL.into_iter().filter(|_| rng.chance(1, 3)).collect::<Vec<_>>();
    let worded = some.into_iter().map(|phrase| {
        let narrow = !phrase.is_tone() && rng.chance(1, 3);
        let spoken = narrow.then(|| draw_spoken(rng));
        Worded { phrase, spoken, sound: draw_sound(rng) }
    });
    worded.collect()
}

fn plays_own_music(want: &LegWant) -> bool {
    matches!(want.joined, Joined::Player(play) if matches!(play.what, PlayerId::Music(_)))
}

impl World {
    /// Counts the own sounds that a leg begins to hear.
    pub(crate) fn count_own_sounds(&mut self, want: &LegWant) {
        if !want.instead.is_empty() {
            self.counts.add("own words heard");
        }
        if plays_own_music(want) {
            self.counts.add("own music heard");
        }
    }

    /// An administrator changes sounds, now and then while they are heard.
    pub(crate) fn retune(&mut self) -> Vec<Change> {
        let words = |want: &LegWant| !want.instead.is_empty() || plays_own_music(want);
        let streams = |want: &LegWant| want.form == mediactl::Form::Multicast;
        let changes = self.company.draw_sound_changes(&mut self.sounds);
        let devices = |c: &Change| matches!(c, Change::DevicePut(_));
        let departments = |c: &Change| matches!(c, Change::DepartmentPut(_));
        let open = |which: fn(&LegWant) -> bool| self.media.legs().any(|(_, l)| which(&l.want));
        if changes.iter().any(devices) && open(streams) {
            self.counts.add("telephones that stop listening to a page");
        } else if changes.iter().any(departments) && open(streams) {
            self.counts.add("streams that change during a page");
        } else if !changes.is_empty() && open(words) {
            self.counts.add("sounds replaced while they are heard");
        }
        changes
    }

    /// Where log-ins end at a time of day, an administrator sets the next minute, so that some end
    /// while the run lasts.
    pub(crate) fn end_soon(&mut self) {
        let Some(tenant) = self.company.snapshot.tenant(tenant_id()) else { return };
        if tenant.logins_end.is_none() {
            return;
        }
        let clock = self.now.wall.civil(base::time::TOKYO_OFFSET_S);
        let minute = u16::from(clock.hour) * 60 + u16::from(clock.minute) + 1;
        let tenant = Tenant { logins_end: Some(minute % Span::DAY), ..tenant.clone() };
        self.configure(vec![Change::TenantPut(tenant)]);
    }

    /// Log-ins end whose time has come, in calls as well (R233).
    pub(crate) fn end_logins(&mut self) {
        let now = self.now.wall;
        let devices = self.company.snapshot.devices(tenant_id());
        let ended: Vec<Device> = devices.filter_map(|d| d.login_ended(now)).collect();
        for device in &ended {
            self.counts.add("log-ins ended by the clock");
            let phone = self.phones.iter().find(|p| p.card.device == device.id);
            if phone.is_some_and(|p| !p.legs.is_empty()) {
                self.counts.add("log-ins that end in a call");
            }
        }
        if !ended.is_empty() {
            self.configure(ended.into_iter().map(Change::DevicePut).collect());
        }
    }
}
