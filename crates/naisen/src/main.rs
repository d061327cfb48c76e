//! The naisen command.
fn main() {}
