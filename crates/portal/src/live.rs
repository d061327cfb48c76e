//! Live state, asked of the running node: who is registered, which calls run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::Wall;
use base::id::{DeviceId, SiteId, TenantId};
use engine::{CallLine, Command, Handle, Reply};
use model::Snapshot;

/// Terminals asked about at a time, so that calls never wait for a page.
const ASK_MAX: usize = 250;
/// How old the set of registered terminals may get: of a small tenant, and of a large one.
const AGE_SMALL_MS: i64 = 1_000;
const AGE_LARGE_MS: i64 = 10_000;
/// Terminals from which a tenant is large.
const LARGE: usize = 2_000;
/// Tenants whose set is kept.
const TENANTS_MAX: usize = 64;

/// One registration of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) device: DeviceId,
    /// Name of the terminal as it gave it (R213).
    pub(crate) agent: String,
    /// Address and port that its packets come from.
    pub(crate) source: String,
    /// UDP, TCP or TLS.
    pub(crate) transport: String,
    pub(crate) expires_at: Wall,
    /// Did not answer lately (R062).
    pub(crate) is_silent: bool,
}

/// A set of terminals: sorted.
pub(crate) type Devices = Arc<Vec<DeviceId>>;

/// Who was registered when.
#[derive(Clone)]
struct Seen {
    at: Wall,
    devices: Devices,
    /// Terminals that were asked about.
    asked: usize,
}

impl Seen {
    fn is_fresh(&self, now: Wall) -> bool {
        let age = if self.asked > LARGE { AGE_LARGE_MS } else { AGE_SMALL_MS };
        (0..age).contains(&(now.0 - self.at.0))
    }
}

/// The way to the node.
pub(crate) struct Live {
    handle: Handle,
    registered: Mutex<BTreeMap<TenantId, Seen>>,
}

impl Live {
    pub(crate) fn new(handle: Handle) -> Self {
        Live { handle, registered: Mutex::default() }
    }

    /// Asks anything else; `None` when the node does not answer.
    pub(crate) async fn ask(&self, command: Command) -> Option<Reply> {
        self.handle.ask(command).await.ok()
    }

    /// The registrations of a page of terminals; `None` when the node does not answer.
    pub(crate) async fn contacts(&self, devices: Vec<DeviceId>) -> Option<Vec<Contact>> {
        if devices.is_empty() {
            return Some(Vec::new());
        }
        let reply = self.handle.ask(Command::Registrations { devices }).await;
        let Ok(Reply::Registrations(found)) = reply else { return None };
        let contacts = found.into_iter().map(|r| Contact {
            device: r.device,
            agent: r.agent,
            source: r.source.to_string(),
            transport: format!("{:?}", r.transport).to_ascii_uppercase(),
            expires_at: r.expires_at,
            is_silent: r.unreachable,
        });
        Some(contacts.collect())
    }

    /// Every registered terminal of a tenant. May be some seconds old for a large tenant.
    pub(crate) async fn registered(
        &self,
        snapshot: &Snapshot,
        tenant: TenantId,
        now: Wall,
    ) -> Option<Devices> {
        let known = {
            let table = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
            table.get(&tenant).cloned()
        };
        if let Some(seen) = known.filter(|seen| seen.is_fresh(now)) {
            return Some(seen.devices);
        }
        let all: Vec<DeviceId> = snapshot.devices(tenant).map(|d| d.id).collect();
        let mut found = Vec::new();
        for some in all.chunks(ASK_MAX) {
            let reply = self.handle.ask(Command::Registrations { devices: some.to_vec() }).await;
            let Ok(Reply::Registrations(registrations)) = reply else { return None };
            found.extend(registrations.iter().map(|r| r.device));
        }
        found.sort_unstable();
        found.dedup();
        let found = Arc::new(found);
        let mut table = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= TENANTS_MAX && !table.contains_key(&tenant) {
            table.clear();
        }
        let seen = Seen { at: now, devices: Arc::clone(&found), asked: all.len() };
        table.insert(tenant, seen);
        Some(found)
    }

    /// The running calls of a tenant, or those that somebody of `site` takes part in, the oldest
    /// first; `None` when the node does not answer.
    pub(crate) async fn calls(
        &self,
        snapshot: &Snapshot,
        (tenant, site): (TenantId, Option<SiteId>),
    ) -> Option<Vec<CallLine>> {
        let Ok(Reply::Calls(mut calls)) = self.handle.ask(Command::Calls { tenant }).await else {
            return None;
        };
        if let Some(site) = site {
            let is_here = |number: &str| {
                let dn = base::Dn::parse(number).ok();
                let user = dn.and_then(|dn| snapshot.user_by_dn(tenant, dn));
                user.is_some_and(|u| u.site == site)
            };
            calls.retain(|c| is_here(&c.caller) || is_here(&c.dialed));
        }
        Some(calls)
    }
}
