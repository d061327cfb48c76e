//! Phones at the stack: what a person would notice.

mod calls;
mod random;
mod register;
mod transfer;
mod world;
