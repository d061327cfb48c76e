//! A whole engine on loopback with telephones around it, and its parts.

mod failure;
mod flood;
mod phone;
mod relays;
mod world;
