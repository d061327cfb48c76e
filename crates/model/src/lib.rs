//! The durable nouns: directory, configuration, call records, bindings; the rules that hold
//! between them, and the immutable [`Snapshot`] that calls read.
//!
//! Pure: a change is planned elsewhere, checked here by [`apply`], and made durable by `store`.
//! Nothing here reads a clock or waits; look-ups are a hash and a binary search.

pub mod admin;
pub mod apply;
pub mod binding;
pub mod box_limits;
pub mod calendar;
pub mod call_times;
pub mod change;
mod change_codec;
mod check;
pub mod code;
pub mod codec;
pub mod collision;
mod deltas;
pub mod department;
pub mod destination;
pub mod device;
mod difference;
pub mod dn_settings;
pub mod emergency;
pub mod gateway;
pub mod hunt;
mod index;
pub mod leave;
pub mod line;
pub mod message;
pub mod mobile;
pub mod national;
mod numbers;
pub mod outside;
pub mod own_setting;
pub mod paging;
pub mod park_slot;
pub mod password;
pub mod pickup;
pub mod plan;
pub mod reception;
pub mod record;
pub mod site;
pub mod snapshot;
pub mod sound;
pub mod tenant;
pub mod terminal_login;
pub mod toll;
pub mod user;
pub mod violation;
pub mod virtual_dn;
pub mod wording;
pub mod write;

#[cfg(test)]
mod tests;

pub use admin::{Admin, AdminState};
pub use apply::apply;
pub use box_limits::BoxLimits;
pub use call_times::CallTimes;
pub use change::{BoxOwner, Change, CredentialOwner, NewPassword};
pub use change_codec::{decode_changes, encode_changes};
pub use code::{Code, CodeClass, CodeError, CodeKind, CodeRisk, Codes, SiteCode};
pub use collision::{Collision, Entry, PrefixOwner, Relation, collisions, collisions_with};
pub use department::Department;
pub use destination::{Destination, Forward};
pub use device::{Device, DeviceKind, Ha1, NextSecret, SrtpPolicy, TimedLogin};
pub use difference::{diff, in_force, invert};
pub use dn_settings::{CallerNumber, DnSettings, ForwardKind, ShownNumber, Waiting};
pub use emergency::EmergencyRoute;
pub use gateway::{Gateway, GatewayKind};
pub use hunt::{HuntGroup, HuntMethod};
pub use line::{Inbound, Line, LineTarget, Receive};
pub use message::{StoredBoxes, StoredCaller, StoredGreeting, StoredMessage, StoredPointer};
pub use mobile::{MobileLine, MobileState};
pub use paging::SiteStream;
pub use park_slot::ParkSlot;
pub use password::{PasswordError, PinError, check_eight, check_password, check_pin};
pub use pickup::PickupGroup;
pub use reception::{Hours, NightSwitch, Reception};
pub use site::{HoldAgain, MediaPath, Outside, Site, Tones};
pub use snapshot::{DnOwner, Revision, Snapshot};
pub use sound::{SiteMusic, Sound, Spoken};
pub use tenant::{Options, Preset, Tenant, TenantOption, WebPolicy};
pub use toll::{Charged, TollClass, TollRules};
pub use user::{User, UserState};
pub use violation::{Conflict, Field, Noun, Violation};
pub use virtual_dn::VirtualDn;
pub use wording::{Phrase, Worded};
pub use write::Write;
