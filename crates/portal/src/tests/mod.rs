//! The pages as a browser without JavaScript meets them: over HTTP, in front of a running node.

mod api;
mod browser;
mod history;
mod lines;
mod lists;
mod login;
mod own;
mod people;
mod safety;
mod sounds;
pub(crate) mod world;

use browser::Browser;
use world::World;
