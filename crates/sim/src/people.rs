//! What people do, at whatever moment: mostly ordinary things, often at the wrong time.

use base::{Cause, LegId, Micros};
use node::Command as NodeCommand;
use sip::ua::Command;

use crate::network;
use crate::phone::{News, Stage};
use crate::pressing::Way;
use crate::services::is_group;
use crate::world::{Work, World};

/// How often the edges of the node look for log-ins that end.
const LOGINS_EVERY: Micros = Micros::seconds(10);

/// Something that someone does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A person looks at the phone and decides.
    Think(usize),
    /// A person does what was decided before.
    Do(usize, Deed),
    /// A phone loses its power for a moment.
    Reboot(usize),
    /// A phone opens a connection.
    Connect(usize),
    /// A phone's connection is cut, or its NAT forgets it.
    Cut(usize),
    /// The wall clock jumps.
    Jump,
    /// The node's process dies within its next inputs.
    Crash,
    /// The node starts again.
    Boot,
    /// An administrator changes something; or undoes everything.
    Configure(bool),
    /// An administrator changes a group that rings.
    Regroup,
    /// An administrator changes the person of that phone, mostly in a call.
    Reform(usize),
    /// An administrator changes codes, while the person at that phone holds by code.
    Recode(usize),
    /// The configuration before the last change arrives once more, late.
    Stale,
    /// Someone sends rubbish.
    Noise,
    /// A media leg dies.
    MediaDies,
    /// Phones that ring for a call that the node has lost are looked for.
    LookForOrphans,
    /// Such a phone gives up: its own limit of ringing has passed.
    Orphan(usize, LegId),
    /// Log-ins end whose time has come.
    EndLogins,
    /// A person does something about the keys with lamps.
    Lamps(usize),
}

/// What a person does with a phone.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Dials; with a leg, in order to transfer it there.
    Dial(String, Option<LegId>),
    Ring(LegId, bool),
    Answer(LegId),
    Reject(LegId, Cause),
    Hang(LegId),
    Hold(LegId, bool),
    Blind(LegId, String),
    /// Connects the far ends of two calls.
    Join(LegId, LegId),
    Digit(LegId, u8),
    /// Presses digits one after the other.
    Press(LegId, String),
    /// Looks again at a call in which somebody is held by code.
    GoOn(LegId),
    /// One of them.
    Key(LegId, u8, Way),
}

impl World {
    /// People begin to act, and faults to happen.
    pub(crate) fn begin_life(&mut self) {
        (self.lively, self.changing) = (true, true);
        for n in 0..self.phones.len() {
            let after = Micros::millis(self.people.below(8_000));
            self.act_later(after, Act::Think(n));
            self.next_fault(self.swarm.reboot_every, Act::Reboot(n));
            self.next_mishap(self.swarm.cut_every, Act::Cut(n));
            self.begin_lamps(n);
        }
        if self.company.has_sounds {
            self.act_later(LOGINS_EVERY, Act::EndLogins);
        }
        self.next_mishap(self.swarm.jump_every, Act::Jump);
        self.next_fault(self.swarm.restart_every, Act::Crash);
        self.next_fault(self.swarm.config_every, Act::Configure(false));
        self.next_fault(self.swarm.noise_every, Act::Noise);
        if self.swarm.media_failure > 0 {
            self.next_fault(Micros::seconds(40), Act::MediaDies);
        }
    }

    /// A fault after half to three halves of its mean time.
    fn next_fault(&mut self, every: Micros, act: Act) {
        if every.0 > 0 {
            let after = Micros(every.0 / 2 + self.people.below(every.0));
            self.act_later(after, act);
        }
    }

    fn next_mishap(&mut self, every: Micros, act: Act) {
        if every.0 > 0 {
            let after = Micros(every.0 / 2 + self.mishaps.below(every.0));
            self.act_later(after, act);
        }
    }

    pub(crate) fn act(&mut self, act: Act) {
        match act {
            Act::Think(n) => {
                if self.lively {
                    if n + self.silent < self.phones.len() {
                        self.think(n);
                    }
                    let after = Micros::millis(500 + self.people.below(7_000));
                    self.act_later(after, Act::Think(n));
                }
            }
            Act::Do(n, deed) => self.deed(n, deed),
            Act::Reboot(n) => {
                if self.swarm.reboot_every.0 > 0 {
                    self.reboot(n);
                    self.next_fault(self.swarm.reboot_every, Act::Reboot(n));
                }
            }
            Act::Crash => {
                if self.swarm.restart_every.0 > 0 {
                    self.counts.add("node restarts");
                    self.crash_after = Some(self.people.below(12));
                    let down = Micros::millis(self.people.below(4_000));
                    self.act_later(down, Act::Boot);
                }
            }
            Act::Boot => {
                if self.machine.is_some() {
                    self.crash_node();
                }
                self.boot_node();
                self.act_later(Micros::seconds(2), Act::LookForOrphans);
                self.next_fault(self.swarm.restart_every, Act::Crash);
            }
            Act::Configure(false) if self.swarm.config_every.0 == 0 => {}
            Act::Configure(restore) => self.administer(restore),
            Act::Regroup => self.regroup(),
            Act::Recode(n) => self.recode(n),
            Act::Reform(n) => self.reform(n),
            Act::Stale => self.stale(),
            Act::Connect(n) => self.connect(n),
            Act::Cut(n) => {
                if self.swarm.cut_every.0 > 0 {
                    self.rebind(n);
                    self.cut(n);
                    self.next_mishap(self.swarm.cut_every, Act::Cut(n));
                }
            }
            Act::Jump => self.jump_somewhere(),
            Act::Noise => self.noise(),
            Act::MediaDies => self.media_dies(),
            Act::LookForOrphans => self.look_for_orphans(),
            Act::Orphan(n, leg) => self.deed(n, Deed::Reject(leg, Cause::RingTimeout)),
            Act::Lamps(n) => self.tend_lamps(n),
            Act::EndLogins => {
                self.end_logins();
                if self.lively {
                    self.act_later(LOGINS_EVERY, Act::EndLogins);
                }
            }
        }
    }

    /// An administrator changes something, which comes back into order later; or puts everything
    /// back.
    fn administer(&mut self, restore: bool) {
        let mut changes = self.company.draw_changes(&mut self.people, restore);
        if self.company.is_office && !restore {
            changes = self.company.draw_office_changes(&mut self.office);
            if self.company.has_desks && self.desk.chance(1, 3) {
                changes = self.company.draw_desk_changes(&mut self.desk);
            }
        }
        if self.company.has_lines && !restore && self.lines.chance(1, 3) {
            changes = self.company.draw_line_changes(&mut self.lines);
        }
        if self.company.has_sounds && !restore && self.sounds.chance(1, 2) {
            changes = self.retune();
        }
        self.configure(changes);
        if self.mishaps.chance(1, 3) {
            let after = Micros::millis(self.mishaps.below(3_000));
            self.act_later(after, Act::Stale);
        }
        if !restore {
            let after = Micros::seconds(2 + self.people.below(20));
            self.act_later(after, Act::Configure(true));
            self.next_fault(self.swarm.config_every, Act::Configure(false));
        }
    }

    /// The wall clock jumps by milliseconds, seconds, minutes or hours, in either direction.
    fn jump_somewhere(&mut self) {
        if self.swarm.jump_every.0 > 0 {
            let unit = [100, 10_000, 600_000, 10_800_000][self.mishaps.below(4) as usize];
            let by = self.mishaps.below(unit) as i64;
            let forward = self.mishaps.chance(1, 2);
            self.jump(if forward { by } else { -by });
            self.next_mishap(self.swarm.jump_every, Act::Jump);
        }
    }

    /// A phone starts again.
    pub(crate) fn reboot(&mut self, n: usize) {
        self.counts.add("phone reboots");
        self.trace.line(self.now.mono, || format!("phone {n} reboots"));
        self.boot_phone(n);
        self.act_later(Micros::seconds(2), Act::LookForOrphans);
    }

    /// A call that was lost with the node, or with the memory of a phone, cannot be cancelled by
    /// anyone: phones stop ringing by themselves. For other calls they wait to be told.
    fn look_for_orphans(&mut self) {
        let Some(machine) = &self.machine else { return };
        let known: Vec<_> = machine.dialogs().map(|d| d.call_id).collect();
        let mut orphans = Vec::new();
        for (n, phone) in self.phones.iter().enumerate() {
            for dialog in phone.endpoint.dialogs().filter(|d| !known.contains(&d.call_id)) {
                let rings = |l: &crate::phone::PhoneLeg| !l.outgoing && l.stage == Stage::Ringing;
                if phone.legs.get(&dialog.leg).is_some_and(rings) {
                    orphans.push((n, dialog.leg));
                }
            }
        }
        for (n, leg) in orphans {
            self.act_later(Micros::seconds(90), Act::Orphan(n, leg));
        }
    }

    fn noise(&mut self) {
        if let Some(last) = self.last.clone()
            && self.swarm.noise_every.0 > 0
        {
            self.counts.add("broken packets");
            let datagram = network::broken(&last, &mut self.people);
            self.later(self.swarm.delay, Work::Deliver(datagram));
            self.next_fault(self.swarm.noise_every, Act::Noise);
        }
    }

    fn media_dies(&mut self) {
        if self.swarm.media_failure > 0 {
            for event in self.media.die(&mut self.people) {
                self.node(node::Input::Media { event });
            }
            self.next_fault(Micros::seconds(40), Act::MediaDies);
        }
        self.counts.more("media failures", std::mem::take(&mut self.media.failed));
    }

    fn think(&mut self, n: usize) {
        if self.line_thought(n)
            || self.outside_thought(n)
            || self.seat_thought(n)
            || self.desk_thought(n)
        {
            return;
        }
        let patient = self.phones[n].card.patient;
        let up = self.phones[n].up();
        let waits = self.phones[n]
            .legs
            .iter()
            .find(|(_, l)| l.outgoing && matches!(l.stage, Stage::Dialling | Stage::Ringing));
        let waits = waits.map(|(id, _)| *id);
        match (up.as_slice(), waits) {
            ([], None) => {
                if self.people.chance(3, 5) {
                    let to = self.any_number(n);
                    self.deed(n, Deed::Dial(to, None));
                }
            }
            ([one], None) => self.think_of_call(n, *one),
            ([first, second, ..], None) => {
                if self.people.chance(3, 5) {
                    self.deed(n, Deed::Join(*first, *second));
                } else if !patient {
                    self.deed(n, Deed::Hang(*second));
                }
            }
            (_, Some(waiting)) => {
                if !patient && self.people.chance(2, 5) {
                    self.cancel(n, waiting);
                } else if let [first, ..] = up.as_slice()
                    && self.people.chance(1, 6)
                {
                    // The target still rings.
                    self.deed(n, Deed::Join(*first, waiting));
                }
            }
        }
    }

    /// One call is up: the usual things, and races of them.
    fn think_of_call(&mut self, n: usize, leg: LegId) {
        let patient = self.phones[n].card.patient;
        let holding = self.phones[n].legs.get(&leg).is_some_and(|l| l.holding);
        let soon = Micros(self.people.below(self.swarm.delay.0 * 2 + 1));
        match self.people.below(12) {
            0 | 1 => self.deed(n, Deed::Hold(leg, !holding)),
            2 => {
                let digit = b"0123456789*#"[self.people.below(12) as usize];
                self.deed(n, Deed::Digit(leg, digit));
            }
            3 => {
                let to = self.any_number(n);
                self.deed(n, Deed::Blind(leg, to));
            }
            4 | 5 => {
                let to = self.any_number(n);
                self.deed(n, Deed::Hold(leg, true));
                self.act_later(Micros::millis(300), Act::Do(n, Deed::Dial(to, Some(leg))));
            }
            6 | 7 => {
                // Both ends press at once.
                if let Some((m, other)) = self.far_end(n, leg) {
                    self.deed(n, Deed::Hold(leg, !holding));
                    let hold = self.people.chance(1, 2);
                    self.act_later(soon, Act::Do(m, Deed::Hold(other, hold)));
                }
            }
            8 if !patient => {
                // One holds while the other hangs up.
                if let Some((m, other)) = self.far_end(n, leg) {
                    self.act_later(soon, Act::Do(m, Deed::Hold(other, true)));
                }
                self.deed(n, Deed::Hang(leg));
            }
            9 | 10 if !patient => self.deed(n, Deed::Hang(leg)),
            _ => {}
        }
    }

    /// The caller gives up, in half of the cases just when the called one answers.
    fn cancel(&mut self, n: usize, leg: LegId) {
        if self.people.chance(1, 2) {
            let ours = self.phones[n].card.number.clone();
            let rings = self.phones.iter().enumerate().find_map(|(m, phone)| {
                let here = |l: &crate::phone::PhoneLeg| {
                    !l.outgoing && l.stage == Stage::Ringing && l.party == ours
                };
                phone.legs.iter().find(|(_, l)| here(l)).map(|(id, _)| (m, *id))
            });
            if let Some((m, other)) = rings {
                let span = self.swarm.delay.0 * 3 + 2_000;
                let after = Micros(self.people.below(span));
                self.act_later(after, Act::Do(m, Deed::Answer(other)));
                let after = Micros(self.people.below(span));
                return self.act_later(after, Act::Do(n, Deed::Hang(leg)));
            }
        }
        self.deed(n, Deed::Hang(leg));
    }

    /// The phone and leg at the other end of a call, as the two believe.
    fn far_end(&self, n: usize, leg: LegId) -> Option<(usize, LegId)> {
        let ours = &self.phones[n].card.number;
        let party = self.phones[n].legs.get(&leg).map(|l| l.party.clone())?;
        self.phones.iter().enumerate().filter(|(m, _)| *m != n).find_map(|(m, phone)| {
            let fits = phone.card.number == party;
            let mut legs = phone.legs.iter().filter(|_| fits);
            let found = legs.find(|(_, l)| l.stage == Stage::Up && l.party == *ours);
            found.map(|(id, _)| (m, *id))
        })
    }

    /// A number to dial: mostly a colleague, sometimes nobody, sometimes oneself.
    fn any_number(&mut self, n: usize) -> String {
        if self.company.is_office && self.office.chance(1, 3) {
            return self.service_number();
        }
        match self.people.below(14) {
            0 => "2999".into(),
            1 => self.phones[n].card.number.clone(),
            _ => {
                let m = self.people.below(self.phones.len() as u64) as usize;
                self.phones[m].card.number.clone()
            }
        }
    }

    pub(crate) fn deed(&mut self, n: usize, deed: Deed) {
        let now = self.now;
        self.trace.line(now.mono, || format!("person {n}: {deed:?}"));
        let phone = &mut self.phones[n];
        let news = match deed {
            Deed::Dial(to, transfer) => {
                if transfer.is_some_and(|leg| !phone.legs.contains_key(&leg)) {
                    return;
                }
                let late = self.people.chance(1, 8);
                let reliable = self.people.chance(1, 3);
                self.counts.add("calls dialled");
                if self.changing && is_group(&to) && self.office.chance(1, 4) {
                    let after = Micros::millis(self.office.below(4_000));
                    self.later(after, Work::Act(Act::Regroup));
                }
                let phone = &mut self.phones[n];
                phone.dial(now, &to, late, reliable).1
            }
            Deed::Ring(leg, early) => phone.ring(now, leg, early),
            Deed::Answer(leg) => phone.answer(now, leg),
            Deed::Reject(leg, cause) => phone.reject(now, leg, cause),
            Deed::Hang(leg) => phone.hang_up(now, leg),
            Deed::Hold(leg, hold) => {
                self.counts.add("holds");
                phone.hold(now, leg, hold)
            }
            Deed::Blind(leg, to) => {
                if !phone.up().contains(&leg) {
                    return;
                }
                self.counts.add("blind transfers asked");
                phone.command(now, Command::Transfer { leg, to })
            }
            Deed::Join(leg, other) => {
                if !phone.up().contains(&leg) {
                    return;
                }
                self.counts.add("attended transfers asked");
                phone.command(now, Command::TransferTo { leg, other })
            }
            Deed::Press(leg, digits) => return self.press(n, leg, &digits),
            Deed::GoOn(leg) => return self.go_on(n, leg),
            Deed::Key(leg, digit, way) => return self.key(n, leg, digit, way),
            Deed::Digit(leg, digit) => {
                self.counts.add("digits");
                let address = phone.card.address.ip();
                self.watched(|checker, scene| checker.pressed(scene, address));
                let phone = &mut self.phones[n];
                phone.command(now, Command::Digit { leg, digit, duration_ms: 120 })
            }
        };
        self.news(n, news);
    }

    /// A person notices something at the phone.
    pub(crate) fn noticed(&mut self, n: usize, news: News) {
        match news {
            News::Incoming(leg) => self.rings(n, leg),
            News::Answered(leg) => {
                self.counts.add("calls answered");
                self.perhaps_reform(n);
                self.types_login(n, leg);
            }
            News::Transfer { status: 200..=299, done: true, .. } => {
                self.counts.add("transfers done");
            }
            News::Counted(what) => self.counts.add(what),
            News::Send(..) | News::Transfer { .. } | News::Gone(_) => {}
        }
    }

    /// A call rings at a phone.
    fn rings(&mut self, n: usize, leg: LegId) {
        if !self.lively {
            return;
        }
        self.someone_picks_up(n);
        if self.gateway_is_full(n, leg) {
            return;
        }
        let busy = !self.phones[n].up().is_empty();
        let draw = self.people.below(100);
        let after = Micros::millis(30 + self.people.below(6_000));
        if busy && draw < 40 {
            return self
                .act_later(Micros::millis(20), Act::Do(n, Deed::Reject(leg, Cause::UserBusy)));
        }
        // Some phones give no sign at all.
        if self.people.chance(29, 30) {
            let early = self.people.chance(1, 4);
            let soon = Micros::millis(self.people.below(200));
            self.act_later(soon, Act::Do(n, Deed::Ring(leg, early)));
        }
        match draw {
            0..=69 => self.act_later(after, Act::Do(n, Deed::Answer(leg))),
            70..=79 => {
                self.act_later(after, Act::Do(n, Deed::Reject(leg, Cause::UserRejected)));
            }
            80..=83 => {
                self.act_later(after, Act::Do(n, Deed::Reject(leg, Cause::UserBusy)));
            }
            // Nobody is there.
            _ => {}
        }
    }

    /// The node ends all calls, as before it stops.
    pub(crate) fn stop_calls(&mut self) {
        self.node(node::Input::ClearAll);
    }

    /// An administrator ends a call.
    pub(crate) fn clear(&mut self, call: base::CallId) {
        let command = NodeCommand::Clear { call };
        self.node(node::Input::Command { req: base::ReqId(1), command });
    }
}
