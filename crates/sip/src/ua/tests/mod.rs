//! Phones at the stack: what a person would notice.

mod calls;
mod register;
mod transfer;
mod world;
