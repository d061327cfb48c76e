//! Which way audio goes between two legs (media design §3).

use std::net::IpAddr;

use base::id::SiteId;
use mediactl::sdp::{Audio, Profile, Sdp};
use model::{MediaPath, SrtpPolicy};

use crate::collect::CallCodes;
use crate::explain::Why;
use crate::input::Path;
use crate::leg::wants_savp;
use crate::view::View;

/// The way of the audio between the two parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From phone to phone; descriptions pass untouched.
    Direct,
    /// Through the media plane; each leg has its own port.
    Relay,
}

/// What of a leg decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub path: Path,
    pub site: Option<SiteId>,
    pub guard: Guard,
    /// Behind a gateway.
    pub outside: bool,
}

/// How a side's audio is, or will be, protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Not.
    Plain,
    /// By SDES, demanded.
    Savp,
    /// By SDES where the other side can.
    BestEffort,
    /// By something that only the two phones can do with each other.
    Foreign,
}

/// `Ok` when the two can reach each other, else why not.
pub(crate) fn decide(view: &dyn View, a: End, b: End) -> Result<(), Why> {
    if view.relay_always() {
        return Err(Why::Always);
    }
    if a.outside || b.outside {
        return Err(Why::Outside);
    }
    let relayed = |end: End| {
        let site = end.site.and_then(|id| view.snapshot().site(id));
        site.is_some_and(|s| s.media_path == MediaPath::Relay)
    };
    if relayed(a) || relayed(b) {
        return Err(Why::Site);
    }
    let listens = |end: End| !CallCodes::of_site(view.snapshot(), end.site).is_empty();
    if listens(a) || (b.site != a.site && listens(b)) {
        return Err(Why::Codes);
    }
    if a.site != b.site {
        return Err(Why::Sites);
    }
    if a.path.behind_nat || b.path.behind_nat {
        return Err(Why::Nat);
    }
    let (x, y) = (plain_ip(a.path.remote), plain_ip(b.path.remote));
    if x.is_ipv4() != y.is_ipv4() || x.is_loopback() != y.is_loopback() {
        return Err(Why::Network);
    }
    match (a.guard, b.guard) {
        // Whether they can is found out by the phones themselves.
        (Guard::Foreign, _) | (_, Guard::Foreign) => Ok(()),
        (Guard::BestEffort, _) | (_, Guard::BestEffort) => Err(Why::Protection),
        (a, b) if a == b => Ok(()),
        _ => Err(Why::Protection),
    }
}

/// `::ffff:192.0.2.1` is an IPv4 address.
fn plain_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// What an audio line says.
pub(crate) fn guard_of(audio: &Audio<'_>) -> Guard {
    match audio.profile {
        Profile::Savp if audio.crypto.is_empty() => Guard::Foreign,
        Profile::Savp => Guard::Savp,
        Profile::Avp if audio.crypto.is_empty() => Guard::Plain,
        Profile::Avp => Guard::BestEffort,
        Profile::Other => Guard::Foreign,
    }
}

/// What a body says; plain when it says nothing about audio, `None` when it cannot be read.
pub(crate) fn read_guard(body: &[u8]) -> Option<Guard> {
    let sdp = Sdp::parse(body).ok()?;
    let audio = sdp.audio().ok().flatten();
    Some(audio.as_ref().map_or(Guard::Plain, guard_of))
}

/// The same, where a body that cannot be read has been refused before.
pub(crate) fn guard_of_body(body: &[u8]) -> Guard {
    read_guard(body).unwrap_or(Guard::Plain)
}

/// What we shall offer to a device.
pub(crate) fn guard_for(policy: SrtpPolicy, path: Path) -> Guard {
    if wants_savp(policy, path) { Guard::Savp } else { Guard::Plain }
}
