//! A node with two telephones on virtual time, and its journal.

mod lamps;
mod logins;
mod recorded;
mod restored;
mod world;
