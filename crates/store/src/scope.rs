//! Who acts, and on whose data. A [`TenantScope`] is made only by authentication.

use std::net::IpAddr;

use base::id::{AdminId, ApiTokenId, SiteId, TenantId, UserId};

/// Whose data may be touched, and by whom. Every query takes one (SEC-21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
    site: Option<SiteId>,
    actor: Actor,
    name: Box<str>,
    address: Option<IpAddr>,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The provider, or whoever owns the data folder: the command line on the node.
    Operator,
    /// An administrator of the tenant.
    Admin(AdminId),
    /// A person, for the own settings only.
    User(UserId),
    /// A program with a token of the API, with the rights of an administrator of the tenant.
    Token(ApiTokenId),
}

/// Where a person comes from (R004).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Loopback, LAN or access line.
    Closed,
    /// The internet.
    Internet,
}

impl Zone {
    pub(crate) const fn number(self) -> i64 {
        match self {
            Zone::Closed => 0,
            Zone::Internet => 1,
        }
    }

    pub(crate) const fn of(number: i64) -> Self {
        if number == 0 { Zone::Closed } else { Zone::Internet }
    }
}

impl TenantScope {
    pub(crate) fn new(
        tenant: TenantId,
        site: Option<SiteId>,
        actor: Actor,
        name: &str,
        address: Option<IpAddr>,
    ) -> Self {
        TenantScope { tenant, site, actor, name: name.into(), address }
    }

    /// Whose data.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The only site that may be changed, or `None` for the whole tenant.
    pub fn site(&self) -> Option<SiteId> {
        self.site
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Login name of the actor, or name of the token, for audit rows and screens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the actor's requests come from; `None` on the node itself.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

impl Actor {
    /// Number and id as stored.
    pub(crate) fn parts(self) -> (i64, Option<base::Uuid>) {
        match self {
            Actor::Operator => (0, None),
            Actor::Admin(id) => (1, Some(id.0)),
            Actor::User(id) => (2, Some(id.0)),
            Actor::Token(id) => (3, Some(id.0)),
        }
    }

    pub(crate) fn of(kind: i64, id: Option<base::Uuid>) -> Option<Self> {
        match (kind, id) {
            (0, _) => Some(Actor::Operator),
            (1, Some(id)) => Some(Actor::Admin(AdminId(id))),
            (2, Some(id)) => Some(Actor::User(UserId(id))),
            (3, Some(id)) => Some(Actor::Token(ApiTokenId(id))),
            _ => None,
        }
    }
}
