//! One module per database.

pub(crate) mod sqlite;
