//! Voicemail in its durable form: messages and the own greetings of boxes (R262).

use base::id::{DeviceId, GatewayId, TenantId};
use base::{CallId, Dn, Wall};

use crate::EmergencyRoute;
use crate::codec::{DecodeError, Put, Take};

/// A message in the box of a number. Its sound is a file of the media plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Number of the file; names the message.
    pub file: u64,
    /// Whose box.
    pub tenant: TenantId,
    /// The box's number; of a group, its pilot or common number.
    pub dn: Dn,
    /// The call in which it was left.
    pub call: CallId,
    /// When recording began.
    pub left_at: Wall,
    /// Length in milliseconds; 0 while it is recorded.
    pub duration_ms: u32,
    /// Somebody has listened to it.
    pub heard: bool,
    /// The caller's number, empty when it is not known.
    pub caller: Box<str>,
    /// The caller's name at that time.
    pub name: Box<str>,
}

/// The greeting that a number has recorded itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGreeting {
    /// Whose box.
    pub tenant: TenantId,
    /// The box's number.
    pub dn: Dn,
    /// Number of the file; `None` = the standard greeting.
    pub file: Option<u64>,
}

/// The member of a hunting group that was offered a call last: 均等 begins after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPointer {
    /// Whose group.
    pub tenant: TenantId,
    /// Its number.
    pub group: u16,
    /// The member.
    pub member: Dn,
}

/// A terminal that has made an emergency call: it may be called back (J35).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCaller {
    /// Whose.
    pub tenant: TenantId,
    /// The terminal.
    pub device: DeviceId,
    /// The way out that it took.
    pub route: EmergencyRoute,
    /// Of its last emergency call, or of the end of that.
    pub at: Wall,
}

/// All that boxes hold, where hunts stand, and who may be called back, as it is read at a start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredBoxes {
    /// Messages, those of a box oldest first.
    pub messages: Vec<StoredMessage>,
    /// Own greetings.
    pub greetings: Vec<StoredGreeting>,
    /// Where hunts stand.
    pub pointers: Vec<StoredPointer>,
    /// Who has made an emergency call, the latest last.
    pub callers: Vec<StoredCaller>,
}

impl StoredBoxes {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        let boxes = self.messages.is_empty() && self.greetings.is_empty();
        boxes && self.pointers.is_empty() && self.callers.is_empty()
    }
}

impl StoredMessage {
    /// Appends the byte form, without version.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.number(self.file);
        out.id(self.tenant.0);
        out.text(&self.dn.text());
        out.extend_from_slice(&self.call.0.to_be_bytes());
        out.wall(self.left_at);
        out.number(u64::from(self.duration_ms));
        out.byte(u8::from(self.heard));
        out.text(&self.caller);
        out.text(&self.name);
    }

    /// Reads what [`StoredMessage::encode`] wrote; bytes of a newer form behind it are left out.
    ///
    /// # Errors
    /// The bytes are cut off or out of range.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        StoredMessage::take(&mut Take::new(bytes))
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        Ok(StoredMessage {
            file: take.number()?,
            tenant: TenantId(take.id()?),
            dn: take.dn()?,
            call: CallId(u128::from_be_bytes(take.array()?)),
            left_at: take.wall()?,
            duration_ms: take.small()?,
            heard: take.flag()?,
            caller: take.text()?,
            name: take.text()?,
        })
    }
}

impl StoredPointer {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.id(self.tenant.0);
        out.number(u64::from(self.group));
        out.text(&self.member.text());
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        let (tenant, group) = (TenantId(take.id()?), take.small()?);
        Ok(StoredPointer { tenant, group, member: take.dn()? })
    }
}

impl StoredCaller {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.id(self.tenant.0);
        out.id(self.device.0);
        out.id(self.route.gateway.0);
        out.text(&self.route.shown.text());
        out.option(self.route.back, |o, dn| o.text(&dn.text()));
        out.wall(self.at);
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        let (tenant, device) = (TenantId(take.id()?), DeviceId(take.id()?));
        let gateway = GatewayId(take.id()?);
        let route = EmergencyRoute { gateway, shown: take.dn()?, back: take.option(Take::dn)? };
        Ok(StoredCaller { tenant, device, route, at: take.wall()? })
    }
}

impl StoredGreeting {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.id(self.tenant.0);
        out.text(&self.dn.text());
        out.option(self.file, Put::number);
    }

    pub(crate) fn take(take: &mut Take<'_>) -> Result<Self, DecodeError> {
        Ok(StoredGreeting {
            tenant: TenantId(take.id()?),
            dn: take.dn()?,
            file: take.option(Take::number)?,
        })
    }
}
