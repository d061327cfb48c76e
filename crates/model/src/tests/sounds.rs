//! Own sounds: who may choose one, what keeps it.

use base::Wall;
use base::id::SoundId;
use base::id::Uuid;
use base::limits;

use super::world::*;
use crate::violation::code;
use crate::*;

pub(crate) fn sound(n: u128, name: &str) -> Sound {
    Sound {
        id: SoundId(Uuid(0x7000_8000_0000_0000_0000 + n)),
        tenant: tenant_id(1),
        name: name.into(),
        duration_ms: 4_000,
        uploaded_at: Wall(1_000),
    }
}

fn company() -> Snapshot {
    let people = [Change::UserPut(user(1, "2001"))];
    let base = [
        Change::TenantPut(tenant(1)),
        Change::SitePut(site(1, 1)),
        Change::SoundPut(sound(1, "朝")),
        Change::SoundPut(sound(2, "夜")),
    ];
    apply(&Snapshot::empty(), &[&base[..], &people[..]].concat()).expect("a company")
}

fn codes(result: Result<Snapshot, Vec<Violation>>) -> Vec<(u16, Field)> {
    result.err().unwrap_or_default().iter().map(|v| (v.code, v.field)).collect()
}

#[test]
fn a_site_plays_its_own_music_else_the_companys_else_the_built_in_one() {
    let (first, second) = (sound(1, "").id, sound(2, "").id);
    let mut now = company();
    let of = |s: &Snapshot| s.music(tenant_id(1), Some(site_id(1)));
    assert_eq!((of(&now), now.music(tenant_id(1), None)), (None, None));
    let choose = |music| Change::SitePut(Site { music, ..site(1, 1) });
    for (change, heard) in [
        (Change::TenantPut(Tenant { music: Some(first), ..tenant(1) }), Some(first)),
        (choose(SiteMusic::Own(second)), Some(second)),
        (choose(SiteMusic::BuiltIn), None),
        (choose(SiteMusic::Inherit), Some(first)),
    ] {
        now = apply(&now, &[change]).expect("chosen");
        assert_eq!(of(&now), heard);
        assert_eq!(now.music(tenant_id(1), None), Some(first));
    }
}

#[test]
fn a_chosen_sound_stays_and_who_has_chosen_it_is_named() {
    let id = sound(1, "").id;
    let chosen = [
        Change::TenantPut(Tenant { music: Some(id), ..tenant(1) }),
        Change::SitePut(Site { music: SiteMusic::Own(id), ..site(1, 1) }),
    ];
    let now = apply(&company(), &chosen).expect("chosen");
    let refused = apply(&now, &[Change::SoundDelete(id)]).expect_err("in use");
    let names: Vec<_> = refused.iter().filter_map(|v| v.with.as_ref()).map(|w| &*w.name).collect();
    assert_eq!(names, ["株式会社例", "t1.example.jp"]);
    let freed =
        [Change::TenantPut(tenant(1)), Change::SitePut(site(1, 1)), Change::SoundDelete(id)];
    assert!(apply(&now, &freed).expect("freed").sound(id).is_none());
}

#[test]
fn only_sounds_of_the_own_company_can_be_chosen_and_names_are_told_apart() {
    let two = [
        Change::TenantPut(tenant(2)),
        Change::SitePut(Site { domain: "t2.example.jp".into(), ..site(2, 2) }),
    ];
    let now = apply(&company(), &two).expect("two companies");
    let foreign = Change::TenantPut(Tenant { music: Some(sound(1, "").id), ..tenant(2) });
    assert_eq!(codes(apply(&now, &[foreign])), [(code::NOT_FOUND, Field::Sound)]);
    let twin = Change::SoundPut(sound(3, "朝"));
    assert_eq!(codes(apply(&now, &[twin])), [(code::DUPLICATE, Field::Name)]);
    let nameless = Change::SoundPut(sound(3, ""));
    assert_eq!(codes(apply(&now, &[nameless])), [(code::EMPTY, Field::Name)]);
}

/// Announcements as destinations of forwards and overflows.
#[test]
fn a_sound_that_calls_are_led_to_stays() {
    let id = sound(1, "").id;
    let to = || Destination::Announcement(Some(id));
    let mut settings = settings("2001");
    *settings.forward_mut(ForwardKind::Busy) = Forward::on(to()).off();
    let group = HuntGroup {
        overflow: Some(to()),
        ..HuntGroup::new(tenant_id(1), 1, site_id(1), dn("7001"))
    };
    let chosen = [
        Change::DnSettingsPut(settings),
        Change::HuntPut(group),
        Change::SitePut(Site { park_overflow: Some(to()), ..site(1, 1) }),
        Change::TenantPut(Tenant { stopped_to: Some(to()), ..tenant(1) }),
    ];
    let now = apply(&company(), &chosen).expect("chosen");
    let refused = apply(&now, &[Change::SoundDelete(id)]).expect_err("in use");
    let names: Vec<_> = refused.iter().filter_map(|v| v.with.as_ref()).map(|w| &*w.name).collect();
    assert_eq!(names, ["2001", "1", "t1.example.jp", "株式会社例"]);
    let unknown = Destination::Announcement(Some(sound(9, "").id));
    let wrong = Change::SitePut(Site { park_overflow: Some(unknown), ..site(1, 1) });
    assert_eq!(codes(apply(&now, &[wrong])), [(code::NOT_FOUND, Field::Sound)]);
}

#[test]
fn a_company_has_so_many_sounds_and_no_more() {
    let put = |n: usize| Change::SoundPut(sound(n as u128, &format!("音{n}")));
    let most: Vec<_> = (3..=limits::SOUNDS_MAX).map(put).collect();
    let full = apply(&company(), &most).expect("as many as fit");
    assert_eq!(full.sounds(tenant_id(1)).count(), limits::SOUNDS_MAX);
    let more = apply(&full, &[put(limits::SOUNDS_MAX + 1)]);
    assert_eq!(codes(more), [(code::QUOTA, Field::Object)]);
    assert!(apply(&full, &[Change::SoundPut(sound(1, "昼"))]).is_ok(), "another name");
}

#[test]
fn the_language_is_the_numbers_else_the_sites_else_the_companys() {
    let mut now = company();
    let of = |s: &Snapshot| s.spoken(tenant_id(1), Some(site_id(1)), Some(dn("2001")));
    assert_eq!(of(&now), Spoken::Ja);
    for (change, heard) in [
        (Change::TenantPut(Tenant { spoken: Spoken::En, ..tenant(1) }), Spoken::En),
        (Change::SitePut(Site { spoken: Some(Spoken::Ja), ..site(1, 1) }), Spoken::Ja),
        (
            Change::DnSettingsPut(DnSettings { spoken: Some(Spoken::En), ..settings("2001") }),
            Spoken::En,
        ),
    ] {
        now = apply(&now, &[change]).expect("chosen");
        assert_eq!(of(&now), heard);
    }
    assert_eq!(now.spoken(tenant_id(1), Some(site_id(1)), None), Spoken::Ja);
    assert_eq!(now.spoken(tenant_id(1), None, None), Spoken::En);
}

#[test]
fn music_and_languages_survive_their_byte_form_and_the_difference_of_snapshots() {
    let before = company();
    let id = sound(1, "").id;
    let changes = [
        Change::TenantPut(Tenant { music: Some(id), spoken: Spoken::En, ..tenant(1) }),
        Change::SitePut(Site { music: SiteMusic::Own(id), spoken: Some(Spoken::En), ..site(1, 1) }),
        Change::DnSettingsPut(DnSettings { spoken: Some(Spoken::Ja), ..settings("2001") }),
        Change::SoundPut(Sound { name: "昼".into(), ..sound(1, "") }),
        Change::SoundDelete(sound(2, "").id),
    ];
    assert_eq!(decode_changes(&encode_changes(&changes)).expect("own form"), changes);
    let after = apply(&before, &changes).expect("applied");
    assert_eq!(apply(&before, &diff(&before, &after)).expect("difference"), after);
    assert_eq!(apply(&after, &invert(&before, &changes)).expect("inverse"), before);
    assert_eq!(Snapshot::build(after.changes()).expect("rebuilt"), after);
}
