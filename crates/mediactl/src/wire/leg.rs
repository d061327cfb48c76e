//! The condition of a leg as fields.

use base::id::LegId;

use super::WireError;
use super::cursor::{Reader, Writer};
use crate::sdp::PAYLOADS_MAX;
use crate::{
    Codec, CodecName, CryptoKey, Direction, DtmfToPeer, FileId, Form, GroupId, Instead, Joined,
    Language, LegWant, Payload, Payloads, Play, PlayerId, PromptId, Protection, Record,
    RemoteMedia, Repeat, Sdes, Suite, ToneKind, Words,
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
        Form::Multicast => 2,
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
    let instead = want.instead.get(..Words::MAX).unwrap_or(&want.instead);
    w.u8(instead.len() as u8);
    for instead in instead {
        write_player(w, &instead.of);
        w.u64(instead.sound);
    }
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
            2 => Form::Multicast,
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
        instead: read_instead(r)?,
    })
}

fn read_instead(r: &mut Reader<'_>) -> Result<Box<[Instead]>, WireError> {
    let count = usize::from(r.u8()?);
    if count > Words::MAX {
        return Err(WireError::Unknown("own sound count"));
    }
    let one = |_| Ok(Instead { of: read_player(r)?, sound: r.u64()? });
    (0..count).map(one).collect()
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
        Joined::Recorder(record) => {
            w.u8(4);
            write_file(w, record.file);
            w.u16(record.max_s);
            w.u32(record.serial);
        }
        Joined::Speaker => w.u8(5),
        Joined::Listener(leg) => {
            w.u8(6);
            w.u64(leg.0);
        }
    }
}

fn read_joined(r: &mut Reader<'_>) -> Result<Joined, WireError> {
    Ok(match r.u8()? {
        0 => Joined::None,
        1 => Joined::Leg(LegId(r.u64()?)),
        2 => Joined::Echo,
        3 => Joined::Player(read_play(r)?),
        4 => Joined::Recorder(Record { file: read_file(r)?, max_s: r.u16()?, serial: r.u32()? }),
        5 => Joined::Speaker,
        6 => Joined::Listener(LegId(r.u64()?)),
        _ => return Err(WireError::Unknown("joined")),
    })
}

fn write_play(w: &mut Writer<'_>, play: &Play) {
    write_player(w, &play.what);
    w.u8(match play.repeat {
        Repeat::Once => 0,
        Repeat::Forever => 1,
    });
    w.u32(play.serial);
}

fn write_player(w: &mut Writer<'_>, what: &PlayerId) {
    match *what {
        PlayerId::HoldMusic => w.u8(0),
        PlayerId::Prompt { id, language } => w.bytes(&[1, id.wire_number(), language as u8]),
        PlayerId::Tone(tone) => w.bytes(&[2, tone.wire_number()]),
        PlayerId::Words(words) => {
            w.bytes(&[3, words.language() as u8, words.len() as u8]);
            w.bytes(words.pieces());
        }
        PlayerId::File(file) => {
            w.u8(4);
            write_file(w, file);
        }
        PlayerId::Music(number) => {
            w.u8(5);
            w.u64(number);
        }
    }
}

fn read_play(r: &mut Reader<'_>) -> Result<Play, WireError> {
    let what = read_player(r)?;
    let repeat = match r.u8()? {
        0 => Repeat::Once,
        1 => Repeat::Forever,
        _ => return Err(WireError::Unknown("repeat")),
    };
    Ok(Play { what, repeat, serial: r.u32()? })
}

fn read_player(r: &mut Reader<'_>) -> Result<PlayerId, WireError> {
    Ok(match r.u8()? {
        0 => PlayerId::HoldMusic,
        1 => {
            let id = PromptId::from_wire_number(r.u8()?).ok_or(WireError::Unknown("prompt"))?;
            PlayerId::Prompt { id, language: read_language(r)? }
        }
        2 => {
            let tone = ToneKind::from_wire_number(r.u8()?);
            PlayerId::Tone(tone.ok_or(WireError::Unknown("tone"))?)
        }
        3 => {
            let language = read_language(r)?;
            let len = usize::from(r.u8()?);
            let words = Words::from_pieces(r.take(len)?, language);
            PlayerId::Words(words.ok_or(WireError::Unknown("words"))?)
        }
        4 => PlayerId::File(read_file(r)?),
        5 => PlayerId::Music(r.u64()?),
        _ => return Err(WireError::Unknown("player")),
    })
}

fn read_language(r: &mut Reader<'_>) -> Result<Language, WireError> {
    match r.u8()? {
        0 => Ok(Language::Ja),
        1 => Ok(Language::En),
        _ => Err(WireError::Unknown("language")),
    }
}

pub(super) fn write_file(w: &mut Writer<'_>, file: FileId) {
    let (kind, number) = match file {
        FileId::Message(number) => (0, number),
        FileId::Greeting(number) => (1, number),
        FileId::Sound(number) => (2, number),
    };
    w.u8(kind);
    w.u64(number);
}

pub(super) fn read_file(r: &mut Reader<'_>) -> Result<FileId, WireError> {
    let (kind, number) = (r.u8()?, r.u64()?);
    match kind {
        0 => Ok(FileId::Message(number)),
        1 => Ok(FileId::Greeting(number)),
        2 => Ok(FileId::Sound(number)),
        _ => Err(WireError::Unknown("file")),
    }
}
