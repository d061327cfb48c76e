//! The condition of a leg as fields.

use base::id::LegId;

use super::WireError;
use super::cursor::{Reader, Writer};
use crate::sdp::PAYLOADS_MAX;
use crate::{
    Codec, CodecName, CryptoKey, Direction, DtmfToPeer, Form, GroupId, Joined, Language, LegWant,
    Payload, Payloads, Play, PlayerId, PromptId, Protection, RemoteMedia, Repeat, Sdes, Suite,
    ToneKind,
};

pub(super) fn write(w: &mut Writer<'_>, want: &LegWant) {
    w.u64(want.leg.0);
    w.u64(want.group.0);
    w.ip(&want.local);
    match &want.remote {
        None => w.u8(0),
        Some(remote) => {
            w.u8(if remote.rtcp_mux { 2 } else { 1 });
            w.addr(&remote.rtp);
            w.addr(&remote.rtcp);
        }
    }
    w.u8(match want.form {
        Form::Rtp => 0,
        Form::Udptl => 1,
    });
    match &want.protection {
        Protection::None => w.u8(0),
        Protection::Sdes { local, remote } => {
            w.u8(1);
            write_sdes(w, local);
            write_sdes(w, remote);
        }
    }
    let payloads = want.payloads.get(..PAYLOADS_MAX).unwrap_or(&want.payloads);
    w.u8(payloads.len() as u8);
    payloads.iter().for_each(|p| write_payload(w, p));
    w.u8(match want.direction {
        Direction::Inactive => 0,
        Direction::SendOnly => 1,
        Direction::RecvOnly => 2,
        Direction::SendRecv => 3,
    });
    write_joined(w, &want.joined);
    w.u8(match want.dtmf_to_peer {
        DtmfToPeer::Pass => 0,
        DtmfToPeer::Drop => 1,
        DtmfToPeer::Collect => 2,
    });
}

pub(super) fn read(r: &mut Reader<'_>) -> Result<LegWant, WireError> {
    Ok(LegWant {
        leg: LegId(r.u64()?),
        group: GroupId(r.u64()?),
        local: r.ip()?,
        remote: match r.u8()? {
            0 => None,
            mux @ (1 | 2) => {
                Some(RemoteMedia { rtp: r.addr()?, rtcp: r.addr()?, rtcp_mux: mux == 2 })
            }
            _ => return Err(WireError::Unknown("remote")),
        },
        form: match r.u8()? {
            0 => Form::Rtp,
            1 => Form::Udptl,
            _ => return Err(WireError::Unknown("form")),
        },
        protection: match r.u8()? {
            0 => Protection::None,
            1 => Protection::Sdes { local: read_sdes(r)?, remote: read_sdes(r)? },
            _ => return Err(WireError::Unknown("protection")),
        },
        payloads: read_payloads(r)?,
        direction: match r.u8()? {
            0 => Direction::Inactive,
            1 => Direction::SendOnly,
            2 => Direction::RecvOnly,
            3 => Direction::SendRecv,
            _ => return Err(WireError::Unknown("direction")),
        },
        joined: read_joined(r)?,
        dtmf_to_peer: match r.u8()? {
            0 => DtmfToPeer::Pass,
            1 => DtmfToPeer::Drop,
            2 => DtmfToPeer::Collect,
            _ => return Err(WireError::Unknown("digit rule")),
        },
    })
}

fn write_sdes(w: &mut Writer<'_>, sdes: &Sdes) {
    w.u32(sdes.tag);
    w.u8(match sdes.suite {
        Suite::AesCm128HmacSha1_80 => 1,
        Suite::AesCm128HmacSha1_32 => 2,
    });
    w.bytes(&sdes.key.0);
}

fn read_sdes(r: &mut Reader<'_>) -> Result<Sdes, WireError> {
    Ok(Sdes {
        tag: r.u32()?,
        suite: match r.u8()? {
            1 => Suite::AesCm128HmacSha1_80,
            2 => Suite::AesCm128HmacSha1_32,
            _ => return Err(WireError::Unknown("suite")),
        },
        key: CryptoKey(r.array()?),
    })
}

fn write_payload(w: &mut Writer<'_>, p: &Payload) {
    w.u8(p.pt);
    let name = p.codec.name().as_bytes();
    w.u8(name.len() as u8);
    w.bytes(name);
    w.u32(p.clock);
    w.u8(p.channels);
}

fn read_payloads(r: &mut Reader<'_>) -> Result<Payloads, WireError> {
    let count = usize::from(r.u8()?);
    if count > PAYLOADS_MAX {
        return Err(WireError::Unknown("payload count"));
    }
    (0..count).map(|_| read_payload(r)).collect()
}

fn read_payload(r: &mut Reader<'_>) -> Result<Payload, WireError> {
    let pt = r.u8()?;
    let len = usize::from(r.u8()?);
    if pt > 127 || len > CodecName::MAX {
        return Err(WireError::Unknown("payload"));
    }
    let codec = Codec::from_name(r.take(len)?).ok_or(WireError::Unknown("codec"))?;
    Ok(Payload { pt, codec, clock: r.u32()?, channels: r.u8()? })
}

fn write_joined(w: &mut Writer<'_>, joined: &Joined) {
    match joined {
        Joined::None => w.u8(0),
        Joined::Leg(leg) => {
            w.u8(1);
            w.u64(leg.0);
        }
        Joined::Echo => w.u8(2),
        Joined::Player(play) => {
            w.u8(3);
            write_play(w, play);
        }
    }
}

fn read_joined(r: &mut Reader<'_>) -> Result<Joined, WireError> {
    Ok(match r.u8()? {
        0 => Joined::None,
        1 => Joined::Leg(LegId(r.u64()?)),
        2 => Joined::Echo,
        3 => Joined::Player(read_play(r)?),
        _ => return Err(WireError::Unknown("joined")),
    })
}

fn write_play(w: &mut Writer<'_>, play: &Play) {
    let (kind, number, detail) = match play.what {
        PlayerId::HoldMusic => (0, 0, 0),
        PlayerId::Prompt { id, language } => (1, prompt_number(id), language as u8),
        PlayerId::Tone(tone) => (2, tone_number(tone), 0),
    };
    w.bytes(&[kind, number, detail]);
    w.u8(match play.repeat {
        Repeat::Once => 0,
        Repeat::Forever => 1,
    });
    w.u32(play.serial);
}

fn read_play(r: &mut Reader<'_>) -> Result<Play, WireError> {
    let [kind, number, detail] = r.array()?;
    let what = match (kind, detail) {
        (0, 0) if number == 0 => PlayerId::HoldMusic,
        (1, 0 | 1) => PlayerId::Prompt {
            id: *PromptId::ALL.get(usize::from(number)).ok_or(WireError::Unknown("prompt"))?,
            language: if detail == 0 { Language::Ja } else { Language::En },
        },
        (2, 0) => {
            let tone = TONES.get(usize::from(number)).ok_or(WireError::Unknown("tone"))?;
            PlayerId::Tone(*tone)
        }
        _ => return Err(WireError::Unknown("player")),
    };
    let repeat = match r.u8()? {
        0 => Repeat::Once,
        1 => Repeat::Forever,
        _ => return Err(WireError::Unknown("repeat")),
    };
    Ok(Play { what, repeat, serial: r.u32()? })
}

fn prompt_number(id: PromptId) -> u8 {
    PromptId::ALL.iter().position(|p| *p == id).unwrap_or_default() as u8
}

/// The tones in the order of their wire numbers.
const TONES: [ToneKind; 6] = [
    ToneKind::Dial,
    ToneKind::SecondDial,
    ToneKind::Ringback,
    ToneKind::Busy,
    ToneKind::CallWaiting,
    ToneKind::Refusal,
];

fn tone_number(tone: ToneKind) -> u8 {
    TONES.iter().position(|t| *t == tone).unwrap_or_default() as u8
}
