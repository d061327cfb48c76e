//! A node with two telephones on virtual time, and its journal.

mod recorded;
mod restored;
mod world;
