//! VoIP-GW and SIP-GW with their dial prefix (R110).

use base::id::{DeviceId, GatewayId, SiteId, TenantId};

/// Kind of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum GatewayKind {
    /// VoIP-GW.
    VoIp,
    /// SIP-GW.
    #[default]
    Sip,
}

impl GatewayKind {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [GatewayKind; 2] = [GatewayKind::VoIp, GatewayKind::Sip];
}

/// A gateway of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Durable id.
    pub id: GatewayId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it stands.
    pub site: SiteId,
    /// Name, 1–64 characters.
    pub name: Box<str>,
    /// What it is.
    pub kind: GatewayKind,
    /// GW識別番号: `0` alone, or 1–4 digits of which the first is 2–9; an outside number follows.
    pub prefix: Box<str>,
    /// CH: simultaneous calls contracted; 0 = none.
    pub channels: u16,
    /// The SIP account by which it registers: a terminal without user. `None` = none yet, so
    /// nothing comes or goes.
    pub account: Option<DeviceId>,
    /// The authority holds the line of an emergency call until it clears itself (J36): a terminal
    /// that hangs up first does not end it. Default off.
    pub holds_line: bool,
}
