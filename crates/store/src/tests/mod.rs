//! Behaviour of the store.

mod api_token;
mod audit;
mod commit;
mod folder;
mod history;
mod login;
mod message;
mod schema;
mod services;
mod spool;
mod terminal;
mod world;
