//! SDP (RFC 8866) that stays bytes.

/// Payload types kept of one line; phones offer up to about fifteen.
pub const PAYLOADS_MAX: usize = 32;
