//! Excel workbooks in and out: the first sheet of an .xlsx file as a [`bulk::Table`], and rows as
//! a workbook whose cells are all text, so that no leading zero is lost on the way (J79).

mod read;
mod write;

pub use read::{UNPACKED_MAX, read};
pub use write::{Sheet, write};

#[cfg(test)]
mod tests;
