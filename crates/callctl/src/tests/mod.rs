//! Behaviour of call control, input by input.
