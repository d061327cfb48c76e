//! S6: no limit is exceeded, and a call costs a bounded number of messages: those of the node
//! follow from what it hears, and from time; requests of its own do not come in a stream, answered
//! or not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base::id::{GatewayId, SiteId};
use base::limits::{BINDINGS_MAX, CALLS_PER_DN, DIALOG_NOTIFY_EVERY, RINGING_LEGS_MAX, T1};
use base::{CallId, Dn, LegId, Micros, Mono, Now};
use callctl::{LegSurvey, Moment};
use model::Revision;
use sip::msg::{HeaderId, Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene, text};
use crate::company::tenant_id;
use crate::machine::Machine;
use crate::world::World;

/// Messages of the node that one from a phone may bring about in its dialog, at most.
const ANSWERS_MAX: u64 = 3;

/// Messages that the node may send in a dialog by itself, and one more for each span of time.
const OWN_MAX: u64 = 40;

/// Session timers, and offers that are tried again.
const OWN_EVERY: Micros = Micros::seconds(20);

/// Requests that the node begins in one dialog within [`BURST`], at most: a hand presses five
/// digits a second at best, and words of changes and glares come slower.
const BURST_MAX: usize = 40;

/// The time of such a burst.
const BURST: Micros = Micros(DIALOG_NOTIFY_EVERY.0 * 10);

/// NOTIFYs of dialogs within [`BURST`]: so many intervals, and the one at their beginning. Each
/// SUBSCRIBE brings one more at once (RFC 6665 §4.2.1.2).
const NOTIFIES_MAX: usize = (BURST.0 / DIALOG_NOTIFY_EVERY.0) as usize + 1;

/// What is left to do for a call that was given up: guidance of 30 s, the BYE that ends it and an
/// INVITE that is still to be answered, each for 64·T1 (RFC 3261 §17).
const AFTERWARDS: Micros = Micros(30_000_000 + 2 * 64 * T1.0);

/// The messages of one dialog, copies not counted.
#[derive(Default)]
struct Talk {
    began: Option<Mono>,
    sent: BTreeSet<Vec<u8>>,
    heard: BTreeSet<Vec<u8>>,
    /// CSeq of the newest request of the node.
    newest: Option<u32>,
    /// When it began the last ones.
    begun: VecDeque<Mono>,
    /// When the last SUBSCRIBEs came.
    asked: VecDeque<Mono>,
}

/// What is in use.
#[derive(Default)]
pub struct Limits {
    talks: BTreeMap<Vec<u8>, Talk>,
    /// Calls of each number at each shard, with the slots in use.
    counts: Vec<(BTreeMap<Dn, u32>, usize)>,
    /// Channels of access lines at each shard, and the configuration of then.
    access: Vec<(BTreeMap<SiteId, u32>, Revision)>,
    /// Calls in which somebody is called back.
    recalls: BTreeSet<CallId>,
    /// Since when a call has nobody that has been answered.
    waits: BTreeMap<CallId, Mono>,
    /// Legs that gateways carry.
    carried: BTreeSet<LegId>,
    /// Numbers in emergency calls and in calls back, which no limit keeps from anything (J30, J35).
    urgent: BTreeSet<Dn>,
    /// There are such calls.
    urges: bool,
    /// The input at hand begins an emergency call.
    calls_for_help: bool,
    /// What was found while only the machine was seen.
    found: Vec<(Mono, String)>,
}

impl Checker for Limits {
    fn name(&self) -> Name {
        Name::S6
    }

    fn arrived(&mut self, scene: &mut Scene<'_>, at: Arrived<'_>) {
        self.report(scene);
        let uri = sip::msg::uri::Uri::parse(at.msg.request_uri());
        let user = uri.and_then(|u| u.user().map(|u| u.to_vec())).unwrap_or_default();
        let begins = at.msg.method() == Some(Method::Invite);
        let helps = model::emergency::NUMBERS.iter().any(|n| user.ends_with(n.as_bytes()));
        self.calls_for_help = begins && helps;
        if at.msg.method() == Some(Method::Subscribe) {
            self.talk(at.msg, scene.mono).asked.push_back(scene.mono);
        }
        if let Some(key) = key_of(at.msg) {
            self.talk(at.msg, scene.mono).heard.insert(key);
        }
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        self.report(scene);
        let Done::Sent(msg, _) = done else { return };
        self.burst(scene, msg);
        let Some(key) = key_of(msg) else { return };
        let talk = self.talk(msg, scene.mono);
        if !talk.sent.insert(key) {
            return;
        }
        let (sent, heard) = (talk.sent.len() as u64, talk.heard.len() as u64);
        let age = talk.began.map_or(Micros(0), |began| scene.mono.since(began));
        if sent > OWN_MAX + ANSWERS_MAX * heard + age.0 / OWN_EVERY.0 {
            let call = text(msg.call_id());
            let what = format!("{sent} messages sent and {heard} heard in the dialog {call}");
            scene.report(Name::S6, what);
            *self.talk(msg, scene.mono) = Talk::default();
        }
    }

    fn after(&mut self, machine: &Machine, now: Now) {
        let now = now.mono;
        self.count_channels(machine, now);
        self.note_urgent(machine);
        let recalls = machine.legs().filter(|l| l.awaits == Some(callctl::RECALL));
        let recalls: BTreeSet<CallId> = recalls.map(|l| l.call).collect();
        let recalled = !recalls.is_subset(&self.recalls);
        self.recalls = recalls;
        self.counts.resize(machine.shards_len(), Default::default());
        self.access.resize(machine.shards_len(), Default::default());
        for shard in 0..machine.shards_len() {
            if let Some(moment) = machine.moment(shard, (now, tenant_id()), None) {
                self.count(shard, (&moment, recalled), now);
                self.count_access(shard, &moment, now);
            }
        }
        let mut legs: BTreeMap<CallId, (usize, bool)> = BTreeMap::new();
        for leg in machine.legs() {
            let of = legs.entry(leg.call).or_default();
            *of = (of.0 + 1, of.1 || leg.is_answered);
        }
        self.waits.retain(|call, _| legs.get(call).is_some_and(|(_, answered)| !answered));
        for (call, (count, answered)) in legs {
            if count > RINGING_LEGS_MAX + 4 {
                self.found.push((now, format!("{count} legs in one call")));
            }
            let since = *self.waits.entry(call).or_insert(now);
            if answered {
                self.waits.remove(&call);
            } else if now.since(since) > unanswered_max() + AFTERWARDS {
                self.found.push((now, format!("call {call} waits unanswered since {since:?}")));
                self.waits.insert(call, now);
            }
        }
        self.calls_for_help = false;
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        self.talks.clear();
        self.counts.clear();
        self.access.clear();
        self.carried.clear();
        self.waits.clear();
    }

    fn settled(&mut self, world: &World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Ok(()) };
        for phone in &world.phones {
            let bound = machine.sources(phone.card.device).count();
            if bound > BINDINGS_MAX {
                return Err(format!("phone {} has {bound} bindings", phone.card.index));
            }
        }
        // Shards do not know each other's channels yet.
        for (phone, id) in world.company.gateways.iter().filter(|_| machine.shards_len() == 1) {
            let used = world.phones.get(*phone).map_or(0, |g| g.up().len());
            let urgent = |l: &LegSurvey| l.gateway == Some(*id) && l.is_urgent && l.is_answered;
            let urgent = machine.legs().filter(urgent).count();
            let most = world.company.snapshot.gateway(*id).map_or(0, |g| usize::from(g.channels));
            if used > most + urgent {
                return Err(format!("{used} calls by a gateway with {most} channels"));
            }
        }
        Ok(())
    }

    fn ended(&mut self, _world: &World) -> Vec<String> {
        std::mem::take(&mut self.found).into_iter().map(|(_, what)| what).collect()
    }
}

impl Limits {
    fn report(&mut self, scene: &mut Scene<'_>) {
        for (_, what) in self.found.drain(..) {
            scene.report(Name::S6, what);
        }
    }

    fn talk(&mut self, msg: &Msg, now: Mono) -> &mut Talk {
        let talk = self.talks.entry(msg.call_id().to_vec()).or_default();
        talk.began.get_or_insert(now);
        talk
    }

    /// Counts the requests that the node begins.
    fn burst(&mut self, scene: &mut Scene<'_>, msg: &Msg) {
        let Some(cseq) = msg.cseq().filter(|_| msg.is_request()) else { return };
        let talk = self.talk(msg, scene.mono);
        if matches!(cseq.method, Method::Ack | Method::Cancel)
            || talk.newest.is_some_and(|newest| newest >= cseq.number)
        {
            return;
        }
        talk.newest = Some(cseq.number);
        talk.begun.push_back(scene.mono);
        talk.begun.retain(|at| scene.mono.since(*at) < BURST);
        talk.asked.retain(|at| scene.mono.since(*at) < BURST);
        let begun = talk.begun.len();
        let watches = msg.value(HeaderId::Event).is_some_and(|e| e.starts_with(b"dialog"));
        let most = if watches { NOTIFIES_MAX + talk.asked.len() } else { BURST_MAX };
        if begun > most {
            talk.begun.clear();
            let (method, call) = (cseq.method, text(msg.call_id()));
            let what = format!("{begun} requests in a short time, the last {method:?}, in {call}");
            scene.report(Name::S6, what);
        }
    }

    /// An access line has a channel for all that takes one, from the beginning or in mid-call
    /// (R305), unless help is called for. A configuration may take channels from those who talk.
    fn count_access(&mut self, shard: usize, moment: &Moment, now: Mono) {
        let counts: BTreeMap<SiteId, u32> = moment.access_counts().collect();
        let Some((before, revision)) = self.access.get_mut(shard) else { return };
        let newest = moment.snapshot().revision();
        let judged = *revision == newest && !self.calls_for_help && !self.urges;
        for (site, count) in counts.iter().filter(|_| judged) {
            let limit = moment.snapshot().site(*site).and_then(|s| s.access_channels);
            let had = before.get(site).copied().unwrap_or(0);
            if *count > had && limit.is_some_and(|limit| *count > u32::from(limit)) {
                let what = format!("{count} channels of an access line with {limit:?}");
                self.found.push((now, what));
            }
        }
        (*before, *revision) = (counts, newest);
    }

    fn note_urgent(&mut self, machine: &Machine) {
        let urgent = machine.legs().filter(|l| l.is_urgent);
        let calls: BTreeSet<CallId> = urgent.map(|l| l.call).collect();
        self.urges = !calls.is_empty();
        let legs = machine.legs().filter(|l| calls.contains(&l.call));
        self.urgent = legs.filter_map(|l| l.dn).collect();
    }

    /// A gateway that carries one more call must have had a channel for it (R110, R305): all but
    /// emergency calls and those back (J33). One that has come too many is told so, and gone soon.
    fn count_channels(&mut self, machine: &Machine, now: Mono) {
        let mut by: BTreeMap<GatewayId, Vec<LegSurvey>> = BTreeMap::new();
        for leg in machine.legs().filter(|_| machine.shards_len() == 1) {
            if let Some(gateway) = leg.gateway {
                by.entry(gateway).or_default().push(leg);
            }
        }
        for (gateway, legs) in &by {
            let most = machine.snapshot().gateway(*gateway).map_or(0, |g| usize::from(g.channels));
            let fresh = |l: &&LegSurvey| !l.is_urgent && !self.carried.contains(&l.leg);
            let told = |l: &LegSurvey| l.awaits == Some("announcement");
            if legs.len() > most
                && let Some(leg) = legs.iter().filter(fresh).find(|l| !told(l))
            {
                let (used, leg) = (legs.len(), leg.leg);
                let what = format!("{leg:?} is one of {used} at a gateway with {most} channels");
                self.found.push((now, what));
            }
        }
        self.carried = by.into_values().flatten().map(|l| l.leg).collect();
    }

    /// A number that takes one more call must have had room for it (R250). Who was parked counts
    /// again without being asked, and recalls have rules of their own (R290): steps in which a
    /// slot was left or a recall began are not judged.
    fn count(&mut self, shard: usize, (moment, recalled): (&Moment, bool), now: Mono) {
        let counts: BTreeMap<Dn, u32> = moment.counts().collect();
        let parked = moment.parked_len();
        let Some((before, slots)) = self.counts.get_mut(shard) else { return };
        for (dn, count) in &counts {
            let kept = moment.snapshot().dn_settings(tenant_id(), *dn);
            let limit = kept.map_or(CALLS_PER_DN as u32, |s| u32::from(s.call_limit));
            let had = before.get(dn).copied().unwrap_or(0);
            let free = self.calls_for_help || self.urgent.contains(dn);
            let counts = *count > had && !free;
            if counts && *count > limit && parked >= *slots && !recalled {
                let what = format!("{} has {count} calls of at most {limit}", dn.text());
                self.found.push((now, what));
            }
        }
        // A number that was taken out of the configuration keeps its calls, and may come back.
        before.retain(|dn, _| moment.snapshot().user_by_dn(tenant_id(), *dn).is_none());
        before.extend(counts);
        *slots = parked;
    }
}

/// What makes a message of a call the same as another one: all but its copies differ in it.
fn key_of(msg: &Msg) -> Option<Vec<u8>> {
    let cseq = msg.cseq()?;
    if matches!(cseq.method, Method::Register | Method::Subscribe | Method::Notify) {
        return None;
    }
    let branch = msg.top_via()?.branch().unwrap_or_default().to_vec();
    let what = format!("{:?} {} {:?} ", cseq.method, cseq.number, msg.status());
    Some([what.into_bytes(), branch].concat())
}

/// R252: no company of the simulation has chosen another time.
fn unanswered_max() -> Micros {
    Micros::seconds(model::CallTimes::default().unanswered_s.into())
}
