//! S3: who hears whom is what call control says: two that talk hear each other, a held party
//! hears the hold music and nothing else, and no media leg is without its call.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use base::LegId;
use callctl::LegSurvey;
use mediactl::{Command, Direction, Instead, Joined, PlayerId};

use super::{Checker, Done, Name, Scene};
use crate::phone::{PhoneLeg, Stage};
use crate::world::World;

/// Compares when all has settled; a playing is looked at from its beginning to its end.
#[derive(Default)]
pub struct MediaGraph {
    /// What legs hear, with own sounds in place of others.
    playing: BTreeMap<LegId, (Joined, Box<[Instead]>)>,
}

/// What reaches an ear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sound {
    /// The phone that listens at this address speaks.
    Voice(SocketAddr),
    /// The built-in hold music.
    Music,
    /// Another player.
    Other,
}

/// One side of a conversation.
struct Side<'a> {
    survey: LegSurvey,
    call: &'a PhoneLeg,
    rtp: SocketAddr,
}

impl Checker for MediaGraph {
    fn name(&self) -> Name {
        Name::S3
    }

    /// Whoever hears a sound hears it to its end, whatever replaces it meanwhile (R319).
    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        match done {
            Done::Media(Command::Leg(want)) => {
                let now = (want.joined, want.instead.clone());
                let old = self.playing.insert(want.leg, now);
                if old.is_some_and(|(of, instead)| of == want.joined && instead != want.instead) {
                    let what = format!("leg {:?} hears other sounds in mid-playing", want.leg);
                    scene.report(Name::S3, what);
                }
            }
            Done::Media(Command::Close { leg }) => {
                self.playing.remove(leg);
            }
            _ => {}
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        self.playing.clear();
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Err("the node is down".into()) };
        let survey: Vec<LegSurvey> = machine.legs().collect();
        let wanted: BTreeSet<LegId> = survey.iter().filter_map(|l| l.media).collect();
        if let Some((leg, _)) = world.media.legs().find(|(leg, _)| !wanted.contains(leg)) {
            return Err(format!("media leg {leg:?} belongs to no leg of a call"));
        }
        if let Some(leg) = wanted.iter().find(|leg| world.media.leg(**leg).is_none()) {
            return Err(format!("media leg {leg:?} of a call is not open"));
        }
        let sides = sides(world, &survey);
        let heard = sounds(world);
        for side in sides.values() {
            if side.survey.is_put_by {
                judge_held(side, &heard.get(&side.rtp).cloned().unwrap_or_default())?;
            }
            let Some(partner) = side.survey.partner.and_then(|p| sides.get(&p)) else { continue };
            if let Some(what) = side.survey.awaits {
                return Err(format!("leg {:?} never settles: {what}", side.survey.leg));
            }
            let ear = heard.get(&side.rtp).cloned().unwrap_or_default();
            judge(side, partner, &ear)?;
        }
        Ok(())
    }
}

/// What reaches the ears of a phone, over all its calls.
fn ears(world: &World, n: usize) -> BTreeSet<Sound> {
    let heard = sounds(world);
    let Some(phone) = world.phones.get(n) else { return BTreeSet::new() };
    let calls = phone.legs.values().filter(|l| l.stage == Stage::Up);
    calls.filter_map(|l| heard.get(&phone.rtp(l))).flatten().copied().collect()
}

/// Whether two phones hear each other.
pub fn talk(world: &World, n: usize, m: usize) -> bool {
    hears(world, n, m) && hears(world, m, n)
}

/// Whether a phone hears another one and nothing else, and is not heard there.
pub fn is_paged(world: &World, n: usize, m: usize) -> bool {
    ears(world, n).len() == 1 && hears(world, n, m) && !hears(world, m, n)
}

/// Whether a phone hears another one.
fn hears(world: &World, n: usize, m: usize) -> bool {
    let ip = world.phones.get(m).map(|p| p.card.address.ip());
    let voice = |s: &Sound| matches!(s, Sound::Voice(from) if Some(from.ip()) == ip);
    ears(world, n).iter().any(voice)
}

/// Whether a phone hears the hold music and nothing else.
pub fn hears_music(world: &World, n: usize) -> bool {
    ears(world, n) == BTreeSet::from([Sound::Music])
}

/// Whether a phone hears this sound of the company as hold music, and nothing else.
pub fn hears_own_music(world: &World, n: usize, sound: u64) -> bool {
    let file = crate::sounds::file(sound);
    let is_it = |leg: &&crate::media::OpenLeg| {
        matches!(leg.want.joined,
        Joined::Player(play) if play.what == PlayerId::Music(file))
    };
    let phone = world.phones.get(n);
    let ears: Vec<SocketAddr> =
        phone.iter().flat_map(|p| p.legs.values().map(|l| p.rtp(l))).collect();
    let playing = world.media.legs().map(|(_, leg)| leg).filter(is_it);
    let mut heard = playing.filter_map(|leg| leg.want.remote).map(|remote| remote.rtp);
    hears_music(world, n) && heard.any(|ear| ears.contains(&ear))
}

/// Whether a phone hears something that the exchange says, and nothing else.
pub fn hears_words(world: &World, n: usize) -> bool {
    ears(world, n) == BTreeSet::from([Sound::Other])
}

/// Whether a phone hears nothing.
pub fn hears_nothing(world: &World, n: usize) -> bool {
    ears(world, n).is_empty()
}

/// What a phone hears, for people.
pub fn told(world: &World, n: usize) -> String {
    format!("phone {n} hears {:?}", ears(world, n))
}

/// Whether what reaches the side is what call control means.
fn judge(side: &Side<'_>, partner: &Side<'_>, ear: &BTreeSet<Sound>) -> Result<(), String> {
    let leg = side.survey.leg;
    if side.survey.is_holding != side.call.holding {
        let (ours, theirs) = (side.survey.is_holding, side.call.holding);
        return Err(format!("leg {leg:?} holds: node {ours}, phone {theirs}"));
    }
    let mut expected = BTreeSet::new();
    match (side.survey.is_holding, partner.survey.is_holding) {
        // A phone that holds does not listen to who could be given no music, and is not told so.
        (true, false) if partner.survey.is_without_music => {
            if *ear == BTreeSet::from([Sound::Voice(partner.rtp)]) {
                return Ok(());
            }
        }
        (true, _) => {}
        // Nobody who helps is given music, calling or called back (J36).
        (false, true) if side.survey.is_urgent => {}
        (false, true) => {
            expected.insert(Sound::Music);
            if side.survey.is_without_music && ear.is_empty() {
                return Ok(());
            }
        }
        (false, false) => {
            expected.insert(Sound::Voice(partner.rtp));
        }
    }
    if *ear == expected {
        return Ok(());
    }
    Err(format!("leg {leg:?} at {} hears {ear:?} instead of {expected:?}", side.rtp))
}

/// Who is held by code hears the music, unless it holds as well.
fn judge_held(side: &Side<'_>, ear: &BTreeSet<Sound>) -> Result<(), String> {
    let holds = side.survey.is_holding;
    let expected = if holds { BTreeSet::new() } else { BTreeSet::from([Sound::Music]) };
    if *ear == expected {
        return Ok(());
    }
    let leg = side.survey.leg;
    Err(format!("leg {leg:?}, held by code, at {} hears {ear:?} instead of {expected:?}", side.rtp))
}

/// Answered legs of the node with the phones' view of them.
fn sides<'a>(world: &'a World, survey: &[LegSurvey]) -> BTreeMap<LegId, Side<'a>> {
    let Some(machine) = &world.machine else { return BTreeMap::new() };
    let dialogs: BTreeMap<Box<[u8]>, LegId> =
        machine.dialogs().map(|d| (d.call_id, d.leg)).collect();
    let mut sides = BTreeMap::new();
    for phone in &world.phones {
        for dialog in phone.endpoint.dialogs() {
            let leg = dialogs.get(&dialog.call_id);
            let survey = leg.and_then(|leg| survey.iter().find(|s| s.leg == *leg));
            let call = phone.legs.get(&dialog.leg).filter(|l| l.stage == Stage::Up);
            if let (Some(survey), Some(call)) = (survey, call) {
                let rtp = phone.rtp(call);
                sides.insert(survey.leg, Side { survey: *survey, call, rtp });
            }
        }
    }
    sides
}

/// What reaches each address.
fn sounds(world: &World) -> BTreeMap<SocketAddr, BTreeSet<Sound>> {
    let mut heard: BTreeMap<SocketAddr, BTreeSet<Sound>> = BTreeMap::new();
    for phone in &world.phones {
        for call in phone.legs.values().filter(|l| l.stage == Stage::Up) {
            let Some(far) = call.far else { continue };
            if call.holding || !far.direction.receives() || far.rtp.port() == 0 {
                continue;
            }
            let ears: Vec<SocketAddr> = match world.media.at(far.rtp) {
                None => vec![far.rtp],
                Some(leg) => match leg.want.joined {
                    Joined::Leg(other) => {
                        let other = world.media.leg(other).and_then(|other| {
                            let back = other.want.joined == Joined::Leg(leg.want.leg);
                            let sends = other.want.direction.sends();
                            other.want.remote.filter(|_| back && sends).map(|r| r.rtp)
                        });
                        other.into_iter().collect()
                    }
                    Joined::Speaker => listeners(world, leg.want.leg),
                    _ => Vec::new(),
                },
            };
            for ear in ears {
                heard.entry(ear).or_default().insert(Sound::Voice(phone.rtp(call)));
            }
        }
    }
    for (_, leg) in world.media.legs() {
        let Joined::Player(play) = leg.want.joined else { continue };
        let sound = if is_music(play.what) { Sound::Music } else { Sound::Other };
        if let Some(remote) = leg.want.remote.filter(|_| leg.want.direction != Direction::Inactive)
        {
            heard.entry(remote.rtp).or_default().insert(sound);
        }
        for ear in listeners(world, leg.want.leg) {
            heard.entry(ear).or_default().insert(sound);
        }
    }
    heard
}

/// Where those are that listen to a leg.
fn listeners(world: &World, speaker: LegId) -> Vec<SocketAddr> {
    let legs = world.media.legs().map(|(_, leg)| &leg.want);
    let listening = legs.filter(|want| want.joined == Joined::Listener(speaker));
    let hearing = listening.filter(|want| want.direction.sends());
    hearing.filter_map(|want| want.remote).map(|remote| remote.rtp).collect()
}

/// Built-in, or a company's own.
fn is_music(what: PlayerId) -> bool {
    matches!(what, PlayerId::HoldMusic | PlayerId::Music(_))
}
