//! Turns one machine's output into another's input. Holds no state and decides nothing.

pub(crate) mod lamps;
pub(crate) mod sip_in;
pub(crate) mod sip_out;
pub(crate) mod store;
