//! The journal: every input of a node, so that a run can be repeated exactly.
//!
//! ```text
//! journal = header · record …
//! header  = magic · version · place · seed · build · settings · changes that make the snapshot
//! record  = length (u32, of what follows) · mono · wall · lag · hash · kind · fields
//! ```
//!
//! `hash` covers all outputs *before* this record, so a replay names the first record whose
//! predecessors gave other outputs. Questions ([`Command`] that only read) change nothing and
//! are not recorded.

mod cursor;
mod hash;
mod record;

use base::{Micros, Mono, Now, Place, Wall};
use model::{Change, Revision, Snapshot};
use sip::stack::Config;
use thiserror::Error;

use crate::{Input, Settings};
use cursor::{Reader, Writer};

pub use hash::OutputHash;

/// First bytes of a journal.
pub const MAGIC: &[u8; 8] = b"NAISENJ1";

/// Largest record: one SIP message and its particulars, or one change of configuration.
pub const RECORD_MAX: usize = 64 * 1024 * 1024;

/// Why bytes are no journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// The file ends inside of a header or record: the process ended while it was written.
    #[error("journal ends inside of a record")]
    Torn,
    /// Not a journal, or one of another version.
    #[error("not a journal of this version")]
    Foreign,
    /// A field has a value that this version does not know.
    #[error("unknown {0} in a journal record")]
    Unknown(&'static str),
}

/// With what a recorded run began.
#[derive(Debug, Clone)]
pub struct Header {
    /// Where it ran.
    pub place: Place,
    /// Its secret seed.
    pub seed: [u8; 32],
    /// The build that wrote it; replay warns when it differs.
    pub build: String,
    /// Fixed settings.
    pub settings: Settings,
    /// Changes that make the first snapshot from the empty one.
    pub changes: Vec<Change>,
    /// Revision of that snapshot.
    pub revision: u64,
    /// Names of this machine that mean the default tenant.
    pub local_names: Vec<String>,
}

impl Header {
    /// The first snapshot; `None` when its changes do not fit together.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let names: Vec<&str> = self.local_names.iter().map(String::as_str).collect();
        changed(&Snapshot::empty().with_local_names(&names), &self.changes, self.revision)
    }
}

/// The snapshot that recorded changes make; `None` when they do not fit.
pub fn changed(before: &Snapshot, changes: &[Change], revision: u64) -> Option<Snapshot> {
    let after = model::apply(before, changes).ok()?;
    Some(after.with_revisions(Revision(revision), &[]))
}

/// One recorded input.
#[derive(Debug, Clone)]
pub struct Record {
    /// When.
    pub now: Now,
    /// Running hash of all outputs before it.
    pub before: u64,
    /// What.
    pub input: Recorded,
}

/// An input as recorded: configuration as its changes, not as a whole.
#[derive(Debug, Clone)]
pub enum Recorded {
    /// Any input but a configuration.
    Input(Box<Input>),
    /// Changes to the snapshot in force.
    Config {
        /// What changed.
        changes: Vec<Change>,
        /// The revision that they make.
        revision: u64,
    },
}

/// Appends the header.
pub fn write_header(header: &Header, out: &mut Vec<u8>) {
    out.extend_from_slice(MAGIC);
    framed(out, |w| {
        w.u32(header.place.bits());
        w.raw(&header.seed);
        w.bytes(header.build.as_bytes());
        settings(w, &header.settings);
        w.u64(header.revision);
        w.bytes(&model::encode_changes(&header.changes));
        w.bytes(header.local_names.join("\n").as_bytes());
    });
}

/// Reads the header; returns it and how many bytes it took.
pub fn read_header(bytes: &[u8]) -> Result<(Header, usize), JournalError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(JournalError::Foreign)?;
    let (body, used) = unframed(rest)?.ok_or(JournalError::Torn)?;
    let mut r = Reader::new(body);
    let place = Place::from_bits(r.u32()?);
    let seed = r.array::<32>()?;
    let build = r.text()?;
    let settings = read_settings(&mut r)?;
    let revision = r.u64()?;
    let changes = read_changes(&mut r)?;
    let names = r.text()?;
    let local_names = names.lines().map(str::to_owned).collect();
    let header = Header { place, seed, build, settings, changes, revision, local_names };
    Ok((header, MAGIC.len() + used))
}

/// Appends one input; false when it is a question and is not recorded.
pub fn write_input(now: Now, before: u64, input: &Input, out: &mut Vec<u8>) -> bool {
    if record::is_question(input) {
        return false;
    }
    framed(out, |w| {
        stamp(w, now, before);
        record::write(w, input);
    });
    true
}

/// Appends a change of configuration.
pub fn write_config(now: Now, before: u64, made: (&[Change], u64), out: &mut Vec<u8>) {
    framed(out, |w| {
        stamp(w, now, before);
        w.u8(record::CONFIG);
        w.u64(made.1);
        w.bytes(&model::encode_changes(made.0));
    });
}

/// Reads one record; `None` at the end. A torn last record is the end as well: the process was
/// killed while it wrote, and nothing had been made of that input.
pub fn read_record(bytes: &[u8]) -> Result<Option<(Record, usize)>, JournalError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let Some((body, used)) = unframed(bytes)? else { return Ok(None) };
    let mut r = Reader::new(body);
    let mono = Mono(r.u64()?);
    let wall = Wall(r.u64()? as i64);
    let lag = Micros(r.u64()?);
    let before = r.u64()?;
    let kind = r.u8()?;
    let input = if kind == record::CONFIG {
        let revision = r.u64()?;
        Recorded::Config { changes: read_changes(&mut r)?, revision }
    } else {
        Recorded::Input(Box::new(record::read(kind, &mut r)?))
    };
    Ok(Some((Record { now: Now { mono, wall, lag }, before, input }, used)))
}

fn stamp(w: &mut Writer<'_>, now: Now, before: u64) {
    w.u64(now.mono.0);
    w.u64(now.wall.0 as u64);
    w.u64(now.lag.0);
    w.u64(before);
}

fn framed(out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(&mut Writer::new(out));
    let len = (out.len() - start - 4) as u32;
    if let Some(slot) = out.get_mut(start..start + 4) {
        slot.copy_from_slice(&len.to_be_bytes());
    }
}

fn unframed(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, JournalError> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let len = u32::from_be_bytes(*head) as usize;
    if len > RECORD_MAX {
        return Err(JournalError::Foreign);
    }
    Ok(rest.get(..len).map(|body| (body, len + 4)))
}

fn read_changes(r: &mut Reader<'_>) -> Result<Vec<Change>, JournalError> {
    model::decode_changes(r.bytes()?).map_err(|_| JournalError::Unknown("change"))
}

fn settings(w: &mut Writer<'_>, settings: &Settings) {
    let sip = &settings.sip;
    for value in [
        sip.expires_udp_s,
        sip.expires_nat_s,
        sip.expires_stream_s,
        sip.expires_min_s,
        sip.session_expires_s,
        sip.session_min_s,
    ] {
        w.u32(value);
    }
    w.u8(u8::from(settings.relay_always));
    match settings.media_address {
        None => w.u8(0),
        Some(ip) => {
            w.u8(1);
            w.ip(ip);
        }
    }
}

fn read_settings(r: &mut Reader<'_>) -> Result<Settings, JournalError> {
    let sip = Config {
        expires_udp_s: r.u32()?,
        expires_nat_s: r.u32()?,
        expires_stream_s: r.u32()?,
        expires_min_s: r.u32()?,
        session_expires_s: r.u32()?,
        session_min_s: r.u32()?,
        ..Config::default()
    };
    let relay_always = r.u8()? == 1;
    let media_address = if r.u8()? == 1 { Some(r.ip()?) } else { None };
    Ok(Settings { sip, relay_always, media_address })
}
