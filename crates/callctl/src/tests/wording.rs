//! Own words and tones in place of the built-in ones (R319, group G).

use base::Wall;
use base::id::{SoundId, Uuid};
use mediactl::{Joined, PlayerId, PromptId};
use model::{Change, DnSettings, Phrase, Sound, Spoken, Worded};

use super::world::{TENANT, World, dn, site_with};

fn worded(phrase: Phrase, spoken: Option<Spoken>, n: u64) -> Worded {
    Worded { phrase, spoken, sound: (n > 0).then(|| SoundId(Uuid(n.into()))) }
}

/// Sounds 1 to 6, and what the company says.
fn says(w: &mut World, set: &[Worded]) {
    let sound = |n: u64| Sound {
        id: SoundId(Uuid(n.into())),
        tenant: TENANT,
        name: n.to_string().into(),
        duration_ms: 1_000,
        uploaded_at: Wall(0),
    };
    let sounds: Vec<_> = (1..7).map(|n| Change::SoundPut(sound(n))).collect();
    w.configure(&sounds);
    let mut tenant = w.facts.snapshot.tenant(TENANT).expect("a company").clone();
    tenant.wording = set.into();
    w.configure(&[Change::TenantPut(tenant)]);
    w.facts.announcements = true;
}

fn site_says(w: &mut World, set: &[Worded]) {
    w.configure(&[site_with(|s| s.wording = set.into())]);
}

/// What is heard instead of something built in, by all who hear anything.
fn heard(w: &World) -> Vec<(String, u64)> {
    let name = |of| match of {
        PlayerId::Prompt { id, .. } => id.name().to_owned(),
        PlayerId::Tone(tone) => format!("{tone:?}"),
        other => panic!("{other:?}"),
    };
    let all = w.wants.values().flat_map(|w| &w.instead);
    all.map(|i| (name(i.of), i.sound)).collect()
}

fn one(name: &str, n: u64) -> Vec<(String, u64)> {
    vec![(name.to_owned(), n)]
}

fn speaks(w: &mut World, n: u16, spoken: Spoken) {
    let mut settings = DnSettings::new(TENANT, dn(n));
    settings.voicemail = true;
    settings.spoken = Some(spoken);
    w.configure(&[Change::DnSettingsPut(settings)]);
}

#[test]
fn an_announcement_is_the_sites_own_else_the_companys_in_the_language_of_who_hears() {
    let (ja, en) = (Some(Spoken::Ja), Some(Spoken::En));
    let mut w = World::new();
    let unused = Phrase::NumberNotInUse;
    says(&mut w, &[worded(unused, ja, 1), worded(unused, en, 2)]);
    speaks(&mut w, 2002, Spoken::En);
    let by = |w: &mut World, who| {
        w.dial(who, "2099");
        let told = heard(w);
        w.hangs_up_all();
        told
    };
    assert_eq!(by(&mut w, 2001), one("number-not-in-use", 1));
    assert_eq!(by(&mut w, 2002), one("number-not-in-use", 2));
    site_says(&mut w, &[worded(unused, None, 3)]);
    assert_eq!(by(&mut w, 2001), one("number-not-in-use", 3));
    assert_eq!(by(&mut w, 2002), one("number-not-in-use", 3));
    site_says(&mut w, &[worded(unused, ja, 0)]);
    assert_eq!(by(&mut w, 2001), [], "the standard, whatever the company has");
    assert_eq!(by(&mut w, 2002), one("number-not-in-use", 2));
}

#[test]
fn who_hears_an_announcement_keeps_it_and_the_next_one_hears_the_new_one() {
    let mut w = World::new();
    let unused = Phrase::NumberNotInUse;
    says(&mut w, &[worded(unused, None, 1)]);
    w.dial(2001, "2099");
    assert_eq!(heard(&w), one("number-not-in-use", 1));
    site_says(&mut w, &[worded(unused, None, 2)]);
    w.dial(2002, "2099");
    let mut both = heard(&w);
    both.sort();
    assert_eq!(both, [one("number-not-in-use", 1), one("number-not-in-use", 2)].concat());
    let built_in = |j: &Joined| {
        let of = |p: &PlayerId| matches!(p, PlayerId::Prompt { id: PromptId::NumberNotInUse, .. });
        matches!(j, Joined::Player(play) if of(&play.what))
    };
    assert!(w.wants.values().all(|w| built_in(&w.joined)), "what it stands for is told too");
}

#[test]
fn sentences_and_tones_among_words_are_replaced_each_by_itself() {
    let mut w = World::new();
    w.give_codes();
    let (greeting, tone) = (Phrase::Greeting, Phrase::ToneRecord);
    says(&mut w, &[worded(greeting, Some(Spoken::En), 4), worded(tone, None, 5)]);
    speaks(&mut w, 2002, Spoken::En);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    let both = [one("greeting", 4), one("Record", 5)].concat();
    assert_eq!(heard(&w), both, "by the language of the box");
    w.hangs_up_all();
    speaks(&mut w, 2002, Spoken::Ja);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert_eq!(heard(&w), one("Record", 5));
}

#[test]
fn the_dial_tone_of_the_hold_code_and_the_ring_back_after_it_are_the_companys() {
    let mut w = World::with_codes();
    says(&mut w, &[worded(Phrase::ToneSecondDial, None, 1), worded(Phrase::ToneRingback, None, 2)]);
    w.talk(2001, 2002);
    w.press("2002", "#7");
    assert_eq!(heard(&w), one("SecondDial", 1));
    w.press("2002", "2003#1");
    w.rings("2003");
    assert_eq!(heard(&w), one("Ringback", 2));
    w.answers("2003");
    assert_eq!(heard(&w), []);
}
