//! Members of hunting groups that forward all their calls to groups, to departments and outside,
//! in companies that follow them (R270).

use base::Rng;
use model::{Change, Destination, DnSettings, Forward, ForwardKind, HuntGroup};

use crate::company::{Company, tenant_id};
use crate::office::{DEPARTMENT, PILOTS, dn};
use crate::outside::PARTY;

impl Company {
    /// In half of the offices both hunting groups follow their members, of whom a third
    /// forward all their calls.
    pub fn follow_members(&mut self, rng: &mut Rng) {
        if !self.is_office || !rng.chance(1, 2) {
            return;
        }
        let mut changes = Vec::new();
        for group in self.snapshot.hunt_groups(tenant_id()) {
            changes.push(Change::HuntPut(HuntGroup { follow_all: true, ..group.clone() }));
            for member in &group.members {
                if rng.chance(1, 3) {
                    let kept = self.snapshot.dn_settings(tenant_id(), *member).cloned();
                    let mut settings =
                        kept.unwrap_or_else(|| DnSettings::new(tenant_id(), *member));
                    *settings.forward_mut(ForwardKind::All) = Forward::on(self.draw_place(rng));
                    changes.push(Change::DnSettingsPut(settings));
                }
            }
        }
        if self.change(&changes).is_some() {
            self.former = None;
            self.drawn = self.snapshot.clone();
        }
    }

    fn draw_place(&self, rng: &mut Rng) -> Destination {
        match rng.below(8) {
            0 | 1 => Destination::Dn(dn(PILOTS[rng.below(2) as usize])),
            2 => Destination::Dn(dn(DEPARTMENT)),
            3..=5 => Destination::Outside(PARTY.into()),
            6 => Destination::Voicemail,
            _ => Destination::Dn(self.users[rng.below(self.users.len() as u64) as usize].dn),
        }
    }
}
