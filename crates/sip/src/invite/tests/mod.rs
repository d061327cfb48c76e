//! Tests of the legs.
