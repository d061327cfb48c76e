//! Behaviour of the store.

mod audit;
mod commit;
mod folder;
mod history;
mod login;
mod schema;
mod services;
mod spool;
mod world;
