//! Own music of those on hold, and the language of what is said (R319, J120).

use base::Wall;
use base::id::{SoundId, Uuid};
use mediactl::{Joined, Language, PlayerId};
use model::{Change, DnSettings, Site, SiteMusic, Sound, Spoken, Tenant};

use super::world::{TENANT, World, dn, site_with};

/// Sounds 1 and 2; the company plays the first.
fn with_music(mut w: World) -> World {
    let sound = |n: u64| Sound {
        id: SoundId(Uuid(n.into())),
        tenant: TENANT,
        name: n.to_string().into(),
        duration_ms: 1_000,
        uploaded_at: Wall(0),
    };
    w.configure(&[Change::SoundPut(sound(1)), Change::SoundPut(sound(2))]);
    company(&mut w, |t| t.music = Some(SoundId(Uuid(1))));
    w
}

fn company(w: &mut World, change: impl FnOnce(&mut Tenant)) {
    let mut tenant = w.facts.snapshot.tenant(TENANT).expect("a company").clone();
    change(&mut tenant);
    w.configure(&[Change::TenantPut(tenant)]);
}

fn own(s: &mut Site) {
    s.music = SiteMusic::Own(SoundId(Uuid(2)));
}

#[test]
fn whoever_is_held_hears_the_music_of_the_company_or_of_the_site() {
    for (change, heard) in [
        (site_with(|_| ()), "2001 music 1"),
        (site_with(own), "2001 music 2"),
        (site_with(|s| s.music = SiteMusic::BuiltIn), "2001 music"),
    ] {
        // By the phone, relayed and direct; by the code; parked.
        for relay in [true, false] {
            let mut w = with_music(if relay { World::relayed() } else { World::new() });
            w.configure(std::slice::from_ref(&change));
            w.talk(2001, 2002);
            w.offers("2002", "sendonly");
            assert!(w.joins().contains(&heard.to_owned()), "{relay}: {:?}", w.joins());
            w.hangs_up_all();
        }
        for keys in ["#7", "#5"] {
            let mut w = with_music(World::with_codes());
            w.configure(std::slice::from_ref(&change));
            w.talk(2001, 2002);
            w.press("2002", keys);
            assert!(w.joins().contains(&heard.to_owned()), "{keys}: {:?}", w.joins());
            w.hangs_up_all();
            w.expect_drained();
        }
    }
}

#[test]
fn who_hears_music_keeps_it_and_the_next_one_hears_the_new_one() {
    let mut w = with_music(World::relayed());
    w.talk(2001, 2002);
    w.offers("2002", "sendonly");
    w.configure(&[site_with(own)]);
    assert_eq!(w.joins(), ["2001 music 1", "2002 -"]);
    w.refers("2002", "2003", None);
    assert!(w.joins().contains(&"2001 music 1".to_owned()), "{:?}", w.joins());
    w.hangs_up_all();
    w.talk(2001, 2002);
    w.offers("2002", "sendonly");
    assert_eq!(w.joins(), ["2001 music 2", "2002 -"]);
    w.offers("2002", "sendrecv");
    w.configure(&[site_with(|_| ())]);
    w.offers("2002", "sendonly");
    assert_eq!(w.joins(), ["2001 music 1", "2002 -"]);
}

/// The languages of all that is said.
fn languages(w: &World) -> Vec<Language> {
    let of = |joined| match joined {
        Joined::Player(play) => match play.what {
            PlayerId::Prompt { language, .. } => Some(language),
            PlayerId::Words(words) => Some(words.language()),
            _ => None,
        },
        _ => None,
    };
    w.wants.values().filter_map(|w| of(w.joined)).collect()
}

fn speaks(w: &mut World, n: u16, spoken: Spoken) {
    let mut settings = DnSettings::new(TENANT, dn(n));
    settings.voicemail = true;
    settings.spoken = Some(spoken);
    w.configure(&[Change::DnSettingsPut(settings)]);
}

#[test]
fn announcements_are_in_the_language_of_who_hears_them() {
    let mut w = World::new();
    w.facts.announcements = true;
    for (said, heard) in [(Spoken::Ja, Language::Ja), (Spoken::En, Language::En)] {
        company(&mut w, |t| t.spoken = said);
        w.dial(2001, "2099");
        assert_eq!(languages(&w), [heard]);
        w.hangs_up_all();
    }
    w.configure(&[site_with(|s| s.spoken = Some(Spoken::Ja))]);
    w.dial(2001, "2099");
    assert_eq!(languages(&w), [Language::Ja]);
    w.hangs_up_all();
    speaks(&mut w, 2001, Spoken::En);
    w.dial(2001, "2099");
    assert_eq!(languages(&w), [Language::En]);
    w.hangs_up_all();
    w.dial(2002, "2099");
    assert_eq!(languages(&w), [Language::Ja]);
}

#[test]
fn a_box_speaks_its_own_language_to_callers_and_listeners() {
    let mut w = World::new();
    w.give_codes();
    speaks(&mut w, 2002, Spoken::En);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert_eq!(
        (languages(&w), w.joins().join(" ").contains("greeting")),
        (vec![Language::En], true)
    );
    w.hangs_up_all();
    for (who, dialed) in [(2002, "*98"), (2003, "*982002")] {
        w.dial(who, dialed);
        assert_eq!(languages(&w), [Language::En], "{dialed}");
        w.hangs_up_all();
    }
    // What a code does is told in the language of who dials it.
    w.dial(2003, "*29");
    assert_eq!(languages(&w), [Language::Ja]);
    w.hangs_up_all();
    w.dial(2002, "*29");
    assert_eq!(languages(&w), [Language::En]);
}

#[test]
fn the_number_of_a_park_slot_is_told_in_the_parkers_language() {
    let mut w = World::with_codes();
    w.facts.announcements = true;
    speaks(&mut w, 2002, Spoken::En);
    w.talk(2001, 2002);
    w.press("2002", "#5");
    assert_eq!(languages(&w), [Language::En]);
}
