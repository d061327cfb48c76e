//! Which music somebody hears who is on hold (R319): that of the site of who holds, which is
//! found out when the music begins. Who hears it keeps it, whatever is chosen meanwhile.

use base::LegId;
use base::id::SiteId;
use mediactl::{Joined, Play, PlayerId, Repeat};
use model::{Snapshot, Sound};

use crate::call::Call;

/// Music that somebody hears already.
fn is_music(joined: Joined) -> bool {
    let music = |p: &Play| matches!(p.what, PlayerId::HoldMusic | PlayerId::Music(_));
    matches!(joined, Joined::Player(play) if play.repeat == Repeat::Forever && music(&play))
}

impl Call {
    /// `joined`, with the company's or the site's own music in place of the built-in one.
    pub(super) fn with_own_music(&self, snapshot: &Snapshot, id: LegId, joined: Joined) -> Joined {
        if !is_music(joined) {
            return joined;
        }
        let media = self.leg(id).and_then(|l| l.media.as_ref());
        if let Some(heard) = media.map(|m| m.joined).filter(|j| is_music(*j)) {
            return heard;
        }
        let Some(own) = snapshot.music(self.tenant, self.holding_site(id)) else { return joined };
        let what = PlayerId::Music(Sound::file(own));
        Joined::Player(Play { what, repeat: Repeat::Forever, serial: 0 })
    }

    /// The site of who lets the leg wait; of a transferrer who has gone it is not known any more,
    /// and the waiting party's own one stands in.
    fn holding_site(&self, id: LegId) -> Option<SiteId> {
        let site = |id: LegId| self.leg(id).and_then(|l| l.site);
        if let Some(holder) = self.held_by(id) {
            return site(holder);
        }
        if let Some(parked) = &self.parked {
            return Some(parked.site);
        }
        let peer = self.counterpart(id).filter(|p| self.leg(*p).is_some_and(|l| l.holding));
        peer.or(self.transfer.as_ref().map(|t| t.referrer)).and_then(site).or_else(|| site(id))
    }
}
