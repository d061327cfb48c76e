//! Own sounds.

use std::collections::BTreeMap;

use base::id::{SoundId, TenantId};
use base::limits;

use super::{Case, Found, against, lawful, name, violation};
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{Destination, Forward, Line, Reception, SiteMusic, Sound, Worded};

impl Case<'_> {
    pub(super) fn sound(&self, at: usize, sound: &Sound, found: &mut Found) {
        let old = self.before.sound(sound.id).map(|s| s.tenant);
        self.tenant_exists(at, sound.tenant, old, found);
        name(at, Field::Name, &sound.name, found);
        let mut others = self.after.sounds(sound.tenant).filter(|s| s.id != sound.id);
        if others.any(|s| s.name == sound.name) {
            let clash = violation(at, code::DUPLICATE, Field::Name, &sound.name);
            found.push(against(clash, Noun::Sound, &sound.name));
        }
    }

    /// A sound that somebody has chosen stays; all who have are named.
    pub(super) fn sound_gone(&self, at: usize, sound: &Sound, found: &mut Found) {
        let (after, id) = (self.after, sound.id);
        if after.sound(id).is_some() {
            return;
        }
        self.sound_led_to(at, sound, found);
        let is_worded = |set: &[Worded]| set.iter().any(|w| w.sound == Some(id));
        let clash = || violation(at, code::IN_USE, Field::Object, &sound.name);
        if let Some(tenant) =
            after.tenant(sound.tenant).filter(|t| t.music == Some(id) || is_worded(&t.wording))
        {
            let with = Conflict { name: tenant.name.clone(), ..Conflict::default() };
            found.push(Violation { with: Some(with), ..clash() });
        }
        let sites = after
            .sites(sound.tenant)
            .filter(|s| s.music == SiteMusic::Own(id) || is_worded(&s.wording));
        found.extend(sites.map(|s| against(clash(), Noun::Site, &s.domain)));
        let played = |l: &&Line| l.rules().any(|r| r.target().and_then(|t| t.sound()) == Some(id));
        let lines = after.lines(sound.tenant).filter(played);
        found.extend(lines.map(|l| against(clash(), Noun::Line, &l.code.text())));
        let unknown = |r: &&Reception| r.unknown.and_then(|t| t.sound()) == Some(id);
        for reception in after.receptions(sound.tenant).filter(unknown) {
            let domain = after.site(reception.site).map_or("", |s| &*s.domain);
            found.push(against(clash(), Noun::Site, domain));
        }
    }

    /// Destinations: the shape of their digits, and their sounds.
    pub(super) fn destinations(
        &self,
        (at, tenant): (usize, TenantId),
        forwards: &[Forward],
        overflow: Option<&Destination>,
        found: &mut Found,
    ) {
        lawful(at, forwards, overflow, found);
        let ahead = forwards.iter().filter_map(|f| f.to.as_ref()).chain(overflow);
        for to in ahead {
            self.sound_exists(at, tenant, to.sound(), found);
        }
    }

    /// A sound that calls are led to stays, and so does one that a code would lead to again.
    fn sound_led_to(&self, at: usize, sound: &Sound, found: &mut Found) {
        let (after, tenant, id) = (self.after, sound.tenant, sound.id);
        let clash = || violation(at, code::IN_USE, Field::Object, &sound.name);
        let plays = |to: Option<&Destination>| to.and_then(Destination::sound) == Some(id);
        let again = |forward: &Forward| forward.sounds().any(|s| s == id);
        for settings in after.all_settings(tenant).filter(|s| s.forwards.iter().any(again)) {
            let owner = after.dn_owner(tenant, settings.dn).map(Noun::of);
            let noun = owner.unwrap_or(Noun::User);
            found.push(against(clash(), noun, &settings.dn.text()));
        }
        let group = |all: &Forward, to: Option<&Destination>| again(all) || plays(to);
        for g in after.hunt_groups(tenant).filter(|g| group(&g.all, g.overflow.as_ref())) {
            found.push(against(clash(), Noun::Hunt, &g.number.to_string()));
        }
        for d in after.departments(tenant).filter(|d| group(&d.all, d.overflow.as_ref())) {
            found.push(against(clash(), Noun::Department, &d.name));
        }
        for s in after.sites(tenant).filter(|s| plays(s.park_overflow.as_ref())) {
            found.push(against(clash(), Noun::Site, &s.domain));
        }
        if let Some(t) = after.tenant(tenant).filter(|t| plays(t.stopped_to.as_ref())) {
            let with = Conflict { name: t.name.clone(), ..Conflict::default() };
            found.push(Violation { with: Some(with), ..clash() });
        }
    }

    pub(super) fn sound_exists(
        &self,
        at: usize,
        tenant: TenantId,
        chosen: Option<SoundId>,
        found: &mut Found,
    ) {
        let Some(id) = chosen else { return };
        if self.after.sound(id).is_none_or(|s| s.tenant != tenant) {
            found.push(violation(at, code::NOT_FOUND, Field::Sound, &id.to_string()));
        }
    }

    /// One violation per tenant: at the first sound that is too many.
    pub(super) fn too_many_sounds(&self, found: &mut Found) {
        let mut made: BTreeMap<TenantId, Vec<usize>> = BTreeMap::new();
        for (at, sound) in &self.deltas.sounds.added {
            if self.before.sound(sound.id).is_none() {
                made.entry(sound.tenant).or_default().push(*at);
            }
        }
        for (tenant, mut at) in made {
            let over = self.after.sounds(tenant).count().saturating_sub(limits::SOUNDS_MAX);
            at.sort_unstable();
            if let Some(first) = at.len().checked_sub(over).and_then(|n| at.get(n)) {
                let most = limits::SOUNDS_MAX.to_string();
                found.push(violation(*first, code::QUOTA, Field::Object, &most));
            }
        }
    }
}
