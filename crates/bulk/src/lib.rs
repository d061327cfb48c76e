//! Files in and out: from bytes to a table, from a table to a plan of changes with every error of
//! every row, and back to bytes.
//!
//! Pure: no database, no clock, no file. Randomness for ids and secrets is an argument.
//!
//! | Module | Does |
//! |---|---|
//! | [`decode`] | encoding and separators → [`Table`] |
//! | `repair` | mends cells where that is safe, and notes it |
//! | `cells` | the rule of each kind of cell |
//! | [`extensions`], [`mobiles`] | F1–F4, F11: rows → [`Plan`], objects → rows |
//! | [`groups`] | F10: rows ⇄ groups |
//! | [`history`] | F5 |
//! | [`reason`] | the error catalogue as data |
//! | [`error_file`] | F12: the faulty rows to be mended |
//! | [`encode`] | rows → Windows-31J or UTF-8 |

mod cells;
pub mod decode;
pub mod encode;
pub mod error_file;
pub mod extensions;
pub mod groups;
pub mod history;
pub mod mobiles;
mod plan;
pub mod reason;
mod repair;
pub mod table;

pub use decode::{Content, Encoding, decode};
pub use encode::{Profile, Writer};
pub use extensions::register::generate_secret;
pub use plan::{Context, Counts, IssuedSecret, Kind, Mode, Plan, plan};
pub use reason::{Code, Column, Finding, Reason};
pub use table::{Row, Table};

#[cfg(test)]
mod tests;
