//! The words and tools that every other crate shares: ids that carry their place, numbers,
//! two kinds of time, the timer wheel, the keyed table, the seeded generator, causes and limits.
//!
//! Pure: no clock, no I/O, no unseeded randomness.

pub mod cause;
pub mod dn;
pub mod event;
pub mod id;
pub mod limits;
pub mod pii;
pub mod place;
pub mod rng;
pub mod secret;
pub mod slots;
pub mod table;
pub mod time;
pub mod wheel;

pub use cause::{Blame, Cause};
pub use dn::{Dialed, Dn, MobileNumber};
pub use id::{CallId, FlowId, LegId, ReqId, Uuid};
pub use pii::Pii;
pub use place::Place;
pub use rng::Rng;
pub use secret::Secret;
pub use slots::Slots;
pub use table::Table;
pub use time::{Micros, Mono, Now, Wall};
pub use wheel::Wheel;
