//! Files in and out: from bytes to a table, from a table to a plan of changes with every error of
//! every row, and back to bytes.
//!
//! Pure: no database, no clock, no file. Randomness for generated secrets is an argument.
//!
//! | Module | Does |
//! |---|---|
//! | [`decode`] | encoding and separators → [`Table`] |
//! | `repair` | mends cells where that is safe, and notes it |
//! | [`reason`] | the error catalogue as data |
//! | [`encode`] | rows → Windows-31J or UTF-8 |

pub mod decode;
pub mod encode;
pub mod reason;
mod repair;
pub mod table;

pub use decode::{Content, Encoding, decode};
pub use encode::{Profile, Writer};
pub use reason::{Code, Column, Finding, Reason};
pub use table::{Row, Table};

#[cfg(test)]
mod tests;
