//! Own words and tones: whose are heard, what keeps a sound, byte form (R319).

use super::sounds::sound;
use super::world::*;
use crate::violation::code;
use crate::*;

fn worded(phrase: Phrase, spoken: Option<Spoken>, n: u128) -> Worded {
    let sound = (n > 0).then(|| sound(n, "").id);
    Worded { phrase, spoken, sound }
}

fn company(wording: &[Worded]) -> Change {
    Change::TenantPut(Tenant { wording: wording.into(), ..tenant(1) })
}

fn place(wording: &[Worded]) -> Change {
    Change::SitePut(Site { wording: wording.into(), ..site(1, 1) })
}

fn base() -> Snapshot {
    let sounds = (1..5).map(|n| Change::SoundPut(sound(n, &format!("音{n}"))));
    let changes = [Change::TenantPut(tenant(1)), Change::SitePut(site(1, 1))];
    let changes: Vec<_> = changes.into_iter().chain(sounds).collect();
    apply(&Snapshot::empty(), &changes).expect("a company")
}

#[test]
fn the_sites_words_are_heard_else_the_companys_each_in_the_language_of_who_hears() {
    use Phrase::{NoAnswer, ToneError};
    let (ja, en) = (Some(Spoken::Ja), Some(Spoken::En));
    let of_company =
        [worded(NoAnswer, ja, 1), worded(NoAnswer, None, 2), worded(ToneError, None, 3)];
    let of_site = [worded(NoAnswer, en, 4), worded(ToneError, None, 0)];
    let now = apply(&base(), &[company(&of_company), place(&of_site)]).expect("chosen");
    let heard = |site, at| {
        let own = now.own_words(tenant_id(1), site, at);
        own.map_or(0, |id| (1..5).find(|n| sound(*n, "").id == id).unwrap_or(9))
    };
    let here = Some(site_id(1));
    for (at, company, site) in [
        ((NoAnswer, ja), 1, 1),
        ((NoAnswer, en), 2, 4),
        ((NoAnswer, None), 2, 2),
        ((ToneError, None), 3, 0),
        ((ToneError, en), 3, 0),
        ((Phrase::Greeting, ja), 0, 0),
    ] {
        assert_eq!((heard(None, at), heard(here, at)), (company, site), "{at:?}");
    }
}

#[test]
fn a_set_names_each_place_once_gives_tones_no_language_and_knows_its_sounds() {
    let once = worded(Phrase::NoAnswer, None, 1);
    let tone = worded(Phrase::ToneBeep, Some(Spoken::Ja), 1);
    for (set, broken) in [
        (vec![once, once], code::DUPLICATE),
        (vec![tone], code::BAD_TEXT),
        (vec![worded(Phrase::NoAnswer, None, 9)], code::NOT_FOUND),
    ] {
        for change in [company(&set), place(&set)] {
            let found = apply(&base(), &[change]).expect_err("refused");
            let found: Vec<_> = found.iter().map(|v| (v.code, v.field)).collect();
            assert_eq!(found, [(broken, Field::Wording)], "{set:?}");
        }
    }
}

#[test]
fn a_sound_that_is_somebodys_words_stays_until_they_are_standard_again() {
    let set = [worded(Phrase::Greeting, Some(Spoken::Ja), 1)];
    let now = apply(&base(), &[company(&set), place(&set)]).expect("chosen");
    let gone = Change::SoundDelete(sound(1, "").id);
    let refused = apply(&now, std::slice::from_ref(&gone)).expect_err("in use");
    let names: Vec<_> = refused.iter().filter_map(|v| v.with.as_ref()).map(|w| &*w.name).collect();
    assert_eq!(names, ["株式会社例", "t1.example.jp"]);
    assert!(apply(&now, &[company(&[]), place(&[]), gone]).is_ok());
}

#[test]
fn words_survive_their_text_their_byte_form_and_the_difference_of_snapshots() {
    let all = Phrase::ALL.into_iter().flat_map(|phrase| {
        let languages = [Some(Spoken::Ja), Some(Spoken::En), None];
        let languages = languages.into_iter().filter(move |l| l.is_none() || !phrase.is_tone());
        languages.enumerate().map(move |(n, spoken)| worded(phrase, spoken, n as u128))
    });
    let all: Vec<_> = all.collect();
    assert_eq!(wording::parse(&wording::text(&all)).as_deref(), Some(&all[..]));
    assert_eq!(wording::parse("gone-by=standard no-answer/ja=standard").map(|w| w.len()), Some(1));
    for bad in ["no-answer", "no-answer/fr=standard", "no-answer=x"] {
        assert_eq!(wording::parse(bad), None, "{bad}");
    }
    let changes = [company(&all), place(&all[..4])];
    assert_eq!(decode_changes(&encode_changes(&changes)).expect("own form"), changes);
    let (before, after) = (base(), apply(&base(), &changes).expect("applied"));
    assert_eq!(apply(&before, &diff(&before, &after)).expect("difference"), after);
    assert_eq!(apply(&after, &invert(&before, &changes)).expect("inverse"), before);
}
