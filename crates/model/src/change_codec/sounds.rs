//! Own sounds, and what is chosen of them and of languages.

use base::id::{SoundId, TenantId};

use super::{put_id, put_one_of};
use crate::codec::{DecodeError, Put, Take};
use crate::{SiteMusic, Sound, Spoken};

pub(super) fn put_sound(sound: &Sound, out: &mut Vec<u8>) {
    put_id(41, sound.id.0, out);
    out.id(sound.tenant.0);
    out.text(&sound.name);
    out.number(u64::from(sound.duration_ms));
    out.wall(sound.uploaded_at);
}

pub(super) fn take_sound(take: &mut Take<'_>) -> Result<Sound, DecodeError> {
    Ok(Sound {
        id: SoundId(take.id()?),
        tenant: TenantId(take.id()?),
        name: take.text()?,
        duration_ms: take.small()?,
        uploaded_at: take.wall()?,
    })
}

pub(super) fn put_site_music(music: SiteMusic, out: &mut Vec<u8>) {
    match music {
        SiteMusic::Inherit => out.byte(0),
        SiteMusic::BuiltIn => out.byte(1),
        SiteMusic::Own(id) => {
            out.byte(2);
            out.id(id.0);
        }
    }
}

pub(super) fn take_site_music(take: &mut Take<'_>) -> Result<SiteMusic, DecodeError> {
    match take.byte()? {
        0 => Ok(SiteMusic::Inherit),
        1 => Ok(SiteMusic::BuiltIn),
        2 => take.id().map(|id| SiteMusic::Own(SoundId(id))),
        _ => Err(DecodeError::Bad("variant")),
    }
}

pub(super) fn put_spoken(spoken: Option<Spoken>, out: &mut Vec<u8>) {
    out.option(spoken, |o, spoken| put_one_of(&spoken, &Spoken::ALL, o));
}

pub(super) fn take_spoken(take: &mut Take<'_>) -> Result<Option<Spoken>, DecodeError> {
    take.option(|t| t.one_of(&Spoken::ALL))
}
