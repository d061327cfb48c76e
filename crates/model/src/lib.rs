//! The durable nouns: directory, configuration, call records, bindings; the rules that hold
//! between them, and the immutable [`Snapshot`] that calls read.
//!
//! Pure: a change is planned elsewhere, checked here by [`apply`], and made durable by `store`.
//! Nothing here reads a clock or waits; look-ups are a hash and a binary search.

pub mod admin;
pub mod apply;
pub mod binding;
pub mod change;
mod change_codec;
mod check;
pub mod codec;
pub mod device;
mod index;
pub mod mobile;
pub mod password;
pub mod plan;
pub mod record;
pub mod site;
pub mod snapshot;
pub mod tenant;
pub mod user;
pub mod violation;
pub mod write;

#[cfg(test)]
mod tests;

pub use admin::{Admin, AdminState};
pub use apply::apply;
pub use change::{Change, CredentialOwner, NewPassword, diff, in_force, invert};
pub use change_codec::{decode_changes, encode_changes};
pub use device::{Device, DeviceKind, Ha1, SrtpPolicy};
pub use mobile::{MobileLine, MobileState};
pub use password::{PasswordError, check_eight, check_password};
pub use site::{MediaPath, Site};
pub use snapshot::{DnOwner, Revision, Snapshot};
pub use tenant::{Preset, Tenant, WebPolicy};
pub use user::{User, UserState};
pub use violation::{Conflict, Field, Violation};
pub use write::Write;
