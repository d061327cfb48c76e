//! People who log in at terminals by code, and out (R233, R315).

use base::id::DeviceId;
use base::{CallId, Dn, LegId, Micros};
use model::own_setting::Declined;
use model::record::CallRecord;
use model::terminal_login::{TypedLogin, log_in, log_out};
use model::{Change, CodeKind};
use node::Input;

use crate::company::tenant_id;
use crate::desk::PIN;
use crate::people::{Act, Deed};
use crate::world::World;

impl World {
    /// A person logs in at a terminal or out of it; at one that nobody uses there is nothing else
    /// to do. False when it comes to nothing.
    pub(crate) fn seat_thought(&mut self, n: usize) -> bool {
        if !self.company.has_desks || !self.changing || !self.phones[n].legs.is_empty() {
            return false;
        }
        let device = self.company.snapshot.device(self.phones[n].card.device);
        let is_free = device.is_some_and(|d| d.user.is_none());
        let tenant = self.company.snapshot.tenant(tenant_id());
        // Where log-ins end by themselves there are more of them.
        let ends = tenant.is_some_and(|t| t.logins_end.is_some());
        let one_in = if ends { 4 } else { 20 };
        if !self.seats.chance(1, if is_free { 2 } else { one_in }) {
            return false;
        }
        let (login, logout) = (CodeKind::Login.default_text(), CodeKind::Logout.default_text());
        let code = match self.seats.below(4) {
            0 => logout.to_owned(),
            1 => format!("{login}{}", self.somebody()),
            _ => login.to_owned(),
        };
        self.deed(n, Deed::Dial(code, None));
        true
    }

    fn somebody(&mut self) -> String {
        let at = self.seats.below(self.company.users.len() as u64) as usize;
        self.company.users[at].dn.text()
    }

    /// The exchange has answered: the person types extension and PIN, now and then wrong ones.
    pub(crate) fn types_login(&mut self, n: usize, leg: LegId) {
        let Some(call) = self.phones[n].legs.get(&leg).filter(|_| self.script.is_none()) else {
            return;
        };
        let Some(rest) = call.party.strip_prefix(CodeKind::Login.default_text()) else { return };
        let pin = if self.seats.chance(4, 5) { PIN } else { "0815" };
        let mut after = Micros::millis(1_500 + self.seats.below(2_000));
        if rest.is_empty() {
            let extension = format!("{}#", self.somebody());
            self.act_later(after, Act::Do(n, Deed::Press(leg, extension)));
            after = after + Micros::millis(4_000 + self.seats.below(3_000));
        }
        self.act_later(after, Act::Do(n, Deed::Press(leg, format!("{pin}#"))));
    }

    /// Carries out a log-in or log-out, as the edges of the node do.
    pub(crate) fn seat(
        &mut self,
        (life, call): (u64, CallId),
        device: DeviceId,
        typed: Option<&TypedLogin>,
    ) {
        // One in ten is never judged: the call refuses by itself.
        if life != self.life || self.machine.is_none() {
            return;
        }
        let is_scripted = self.script.is_some();
        if !is_scripted && self.seats.chance(1, 10) {
            return;
        }
        if typed.is_some() {
            self.end_soon();
        }
        let planned = self.plan_seat(device, typed);
        self.counts.add(match (&planned, typed) {
            (Ok(_), Some(_)) => "log-ins",
            (Ok(_), None) => "log-outs",
            (Err(Declined::WrongPin), _) => "log-ins with a wrong PIN",
            (Err(_), _) => "log-ins refused",
        });
        let declined = planned.as_ref().err().copied();
        let planned_any = planned.as_ref().is_ok_and(|changes| !changes.is_empty());
        if let Ok(changes) = planned
            && planned_any
        {
            self.configure(changes);
        }
        if planned_any && !is_scripted {
            let tenant = self.company.snapshot.tenant(tenant_id());
            let ends = tenant.is_some_and(|t| t.logins_end.is_some());
            // Where log-ins end by themselves, nobody but the clock ends them soon.
            let from = if ends { 60 } else { 20 };
            let after = Micros::seconds(from + self.seats.below(40));
            self.act_later(after, Act::Configure(true));
        }
        self.node(Input::Told { call, declined });
    }

    /// Counts a call of somebody who logged in at the terminal of another one.
    pub(crate) fn count_seat(&mut self, record: &CallRecord) {
        let device = record.caller.device.and_then(|id| self.company.drawn.device(id));
        let Some(drawn) = device.and_then(|d| d.user) else { return };
        if record.caller.user.is_some_and(|user| user != drawn) {
            self.counts.add("calls by who logged in");
        }
    }

    fn plan_seat(
        &self,
        device: DeviceId,
        typed: Option<&TypedLogin>,
    ) -> Result<Vec<Change>, Declined> {
        if !self.changing && self.script.is_none() {
            return Err(Declined::NotAllowed);
        }
        let snapshot = &self.company.snapshot;
        let Some(typed) = typed else { return Ok(log_out(snapshot, device)) };
        let dn = Dn::parse(&typed.extension).ok();
        let user = dn.and_then(|dn| snapshot.user_by_dn(tenant_id(), dn));
        let user = user.filter(|_| typed.pin.expose() == PIN).ok_or(Declined::WrongPin)?;
        log_in(snapshot, device, user.id, self.now.wall)
    }
}
