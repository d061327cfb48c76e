//! In which language something is said (J120).
//!
//! | Said | Language |
//! |---|---|
//! | to who called, or waits in a call | of the own number, else of the terminal's site |
//! | by a mailbox, to callers and listeners | of the box's number, else of its owner's site |
//! | on a display | of the number that rings, else of its owner's site |
//! | with neither | the company's |

use base::id::{SiteId, TenantId};
use base::{Dn, LegId};
use mediactl::{Language, Words};
use model::{DnOwner, Snapshot, Spoken};

use crate::call::Call;
use crate::cx::Cx;

fn language(spoken: Spoken) -> Language {
    match spoken {
        Spoken::Ja => Language::Ja,
        Spoken::En => Language::En,
    }
}

/// Where the owner of a number belongs.
fn site_of(snapshot: &Snapshot, tenant: TenantId, dn: Dn) -> Option<SiteId> {
    match snapshot.dn_owner(tenant, dn)? {
        DnOwner::User(id) => snapshot.user(id).map(|u| u.site),
        DnOwner::Virtual(id) => snapshot.virtual_dn(id).map(|v| v.site),
        DnOwner::Department(id) => snapshot.department(id).map(|d| d.site),
        DnOwner::Hunt(number) => snapshot.hunt_group(tenant, number).map(|h| h.site),
        DnOwner::ParkSlot(site) => Some(site),
    }
}

impl Call {
    /// The language of who is at a leg.
    pub(crate) fn language_of(&self, snapshot: &Snapshot, leg: LegId) -> Language {
        let leg = self.leg(leg);
        let (site, dn) = (leg.and_then(|l| l.site), leg.and_then(|l| l.who.dn));
        language(snapshot.spoken(self.tenant, site, dn))
    }

    /// Nothing yet, to the first party.
    pub(crate) fn words(&self, cx: &Cx<'_>) -> Words {
        let snapshot = cx.view.snapshot();
        let company = || language(snapshot.spoken(self.tenant, None, None));
        Words::new(self.first.map_or_else(company, |leg| self.language_of(snapshot, leg)))
    }

    /// The language of a number, whoever is there.
    pub(crate) fn language_at(&self, snapshot: &Snapshot, dn: Dn) -> Language {
        let site = site_of(snapshot, self.tenant, dn);
        language(snapshot.spoken(self.tenant, site, Some(dn)))
    }

    /// The site of a number.
    pub(crate) fn site_at(&self, snapshot: &Snapshot, dn: Dn) -> Option<SiteId> {
        site_of(snapshot, self.tenant, dn)
    }

    /// Nothing yet, by the box of a number.
    pub(crate) fn words_of_box(&self, cx: &Cx<'_>, of: Dn) -> Words {
        Words::new(self.language_at(cx.view.snapshot(), of))
    }
}
