//! What a node makes durable without waiting: call records, bindings and voicemail, and their
//! byte form.
//!
//! The form is that of `spool.log`, of the journal and of the database's `body` columns. Its
//! first byte is the version; release N reads what release N−1 wrote.

use base::cause::{Blame, Cause};
use base::id::{DeviceId, RecordId, SiteId, TenantId, UserId};
use base::{CallId, Dn};

use crate::binding::StoredBinding;
use crate::codec::{DecodeError, Put, Take, put_socket};
use crate::message::{StoredCaller, StoredGreeting, StoredMessage, StoredPointer};
use crate::record::{CallRecord, Party, Services, Step};

/// Version of the form that [`Write::encode`] writes.
const VERSION: u8 = 1;

/// Most steps of an explanation that are kept.
const TRACE_MAX: usize = 128;

const BLAMES: [Blame; 5] =
    [Blame::Caller, Blame::Callee, Blame::Carrier, Blame::Us, Blame::Unknown];

/// One durable fact. Each is idempotent: by record id, by device and key, by file or by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A finished call.
    Record(Box<CallRecord>),
    /// A binding made or refreshed.
    BindingPut(StoredBinding),
    /// A binding removed or expired.
    BindingRemove {
        /// Whose.
        device: DeviceId,
        /// Identity within the device.
        key: Box<[u8]>,
    },
    /// A message as it is now: being recorded, left, heard.
    MessagePut(Box<StoredMessage>),
    /// A message removed.
    MessageRemove {
        /// Its file.
        file: u64,
    },
    /// The greeting of a box.
    GreetingPut(StoredGreeting),
    /// Where a hunt stands.
    PointerPut(StoredPointer),
    /// A terminal that may be called back after an emergency call.
    CallerPut(StoredCaller),
}

impl Write {
    /// Appends the byte form to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.byte(VERSION);
        match self {
            Write::Record(record) => {
                out.byte(1);
                record.encode(out);
            }
            Write::BindingPut(binding) => {
                out.byte(2);
                binding.encode(out);
            }
            Write::BindingRemove { device, key } => {
                out.byte(3);
                out.id(device.0);
                out.bytes(key);
            }
            Write::MessagePut(message) => {
                out.byte(4);
                message.encode(out);
            }
            Write::MessageRemove { file } => {
                out.byte(5);
                out.number(*file);
            }
            Write::GreetingPut(greeting) => {
                out.byte(6);
                greeting.encode(out);
            }
            Write::PointerPut(pointer) => {
                out.byte(10);
                pointer.encode(out);
            }
            Write::CallerPut(caller) => {
                out.byte(11);
                caller.encode(out);
            }
        }
    }

    /// Whether it is of a binding, put or removed.
    pub fn is_of_binding(&self) -> bool {
        matches!(self, Write::BindingPut(_) | Write::BindingRemove { .. })
    }

    /// Whether a byte form is that of a binding, put or removed; looks at its first bytes only.
    pub fn is_binding(bytes: &[u8]) -> bool {
        matches!(bytes, [VERSION, 2 | 3, ..])
    }

    /// Reads one whole byte form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut take = Take::new(bytes);
        let version = take.byte()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let write = match take.byte()? {
            1 => Write::Record(Box::new(CallRecord::take(&mut take)?)),
            2 => Write::BindingPut(StoredBinding::take(&mut take)?),
            3 => Write::BindingRemove { device: DeviceId(take.id()?), key: take.bytes()?.into() },
            4 => Write::MessagePut(Box::new(StoredMessage::take(&mut take)?)),
            5 => Write::MessageRemove { file: take.number()? },
            6 => Write::GreetingPut(StoredGreeting::take(&mut take)?),
            10 => Write::PointerPut(StoredPointer::take(&mut take)?),
            11 => Write::CallerPut(StoredCaller::take(&mut take)?),
            _ => return Err(DecodeError::Bad("kind of write")),
        };
        if take.is_empty() { Ok(write) } else { Err(DecodeError::Bad("end")) }
    }
}

impl StoredBinding {
    /// Appends the byte form, without version.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.id(self.device.0);
        out.bytes(&self.key);
        out.bytes(&self.contact);
        out.bytes(&self.path);
        out.bytes(&self.call_id);
        out.number(u64::from(self.cseq));
        out.wall(self.expires_at);
        out.number(u64::from(self.q));
        put_socket(out, self.source);
        out.addr(self.local);
        out.byte(self.transport);
        out.text(&self.agent);
    }

    /// Reads what [`StoredBinding::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        StoredBinding::take(&mut Take::new(bytes))
    }

    fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        Ok(StoredBinding {
            device: DeviceId(take.id()?),
            key: take.bytes()?.into(),
            contact: take.bytes()?.into(),
            path: take.bytes()?.into(),
            call_id: take.bytes()?.into(),
            cseq: take.small()?,
            expires_at: take.wall()?,
            q: take.small()?,
            source: take.socket()?,
            local: take.addr()?,
            transport: take.byte()?,
            agent: take.text()?,
        })
    }
}

impl CallRecord {
    /// Appends the byte form, without version.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.id(self.id.0);
        out.id(self.tenant.0);
        out.option(self.site, |o, site| o.id(site.0));
        out.extend_from_slice(&self.call.0.to_be_bytes());
        out.wall(self.called_at);
        out.option(self.answered_at, Put::wall);
        out.wall(self.ended_at);
        out.number(u64::from(self.services.0));
        out.text(&self.dialed);
        self.caller.encode(out);
        out.option(self.callee.as_ref(), |o, party| party.encode(o));
        out.option(self.transferrer.as_deref(), Put::text);
        out.option(self.ended_by.as_deref(), Put::text);
        out.text(self.cause.name());
        let blame = BLAMES.iter().position(|b| *b == self.blame).unwrap_or(BLAMES.len() - 1);
        out.byte(blame as u8);
        let steps = self.trace.len().min(TRACE_MAX);
        out.number(steps as u64);
        for step in self.trace.iter().take(steps) {
            out.text(&step.code);
            out.text(&step.args);
        }
    }

    /// Reads what [`CallRecord::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        CallRecord::take(&mut Take::new(bytes))
    }

    fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        Ok(CallRecord {
            id: RecordId(take.id()?),
            tenant: TenantId(take.id()?),
            site: take.option(Take::id)?.map(SiteId),
            call: CallId(u128::from_be_bytes(take.array()?)),
            called_at: take.wall()?,
            answered_at: take.option(Take::wall)?,
            ended_at: take.wall()?,
            services: Services(take.small()?),
            dialed: take.text()?,
            caller: Party::take(take)?,
            callee: take.option(Party::take)?,
            transferrer: take.option(Take::text)?,
            ended_by: take.option(Take::text)?,
            cause: Cause::parse(&take.text()?).ok_or(DecodeError::Bad("cause"))?,
            blame: take.one_of(&BLAMES)?,
            trace: take_trace(take)?,
        })
    }
}

fn take_trace(take: &mut Take<'_>) -> Result<Box<[Step]>, DecodeError> {
    let count: usize = take.small()?;
    if count > TRACE_MAX {
        return Err(DecodeError::Bad("trace"));
    }
    (0..count).map(|_| Ok(Step { code: take.text()?, args: take.text()? })).collect()
}

impl Party {
    fn encode(&self, out: &mut Vec<u8>) {
        out.option(self.dn, |o, dn: Dn| o.text(&dn.text()));
        out.text(&self.number);
        out.option(self.user, |o, user| o.id(user.0));
        out.text(&self.name);
        out.option(self.device, |o, device| o.id(device.0));
    }

    fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        Ok(Party {
            dn: take.option(Take::dn)?,
            number: take.text()?,
            user: take.option(Take::id)?.map(UserId),
            name: take.text()?,
            device: take.option(Take::id)?.map(DeviceId),
        })
    }
}
