//! A whole engine on loopback with telephones around it, and its parts.

mod failure;
mod phone;
mod relays;
mod world;
