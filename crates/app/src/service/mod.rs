//! Changes of the configuration one object at a time: what the API does and the portals will.
//!
//! One file for each noun of the model tells how it is found, searched, put and removed
//! ([`Noun`]); [`list`] and [`change`] do the rest for all of them. Every broken rule of a change
//! comes back at once, as [`Problem`]s in both languages.

pub mod account;
pub mod department;
pub mod destination;
pub mod device;
pub mod dn_settings;
pub mod due;
pub mod gateway;
pub mod hunt;
pub mod line;
pub mod list;
pub mod mobile_line;
pub mod noun;
pub mod own_setting;
pub mod park_slot;
pub mod password;
pub mod pickup;
pub mod pin;
pub mod problem;
pub mod reception;
pub mod secret;
pub mod site;
pub mod sound;
pub mod tenant;
pub mod user;
pub mod user_lines;
pub mod virtual_dn;
pub mod write;

pub use list::{Page, Query, list};
pub use noun::{Key, Noun, Place, Removal};
pub use problem::{Problem, Side};
pub use write::{Act, Plan, Refusal, change, remove, save};
