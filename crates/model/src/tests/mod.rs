//! Behaviour of the model: rules, sharing, properties, byte forms.

mod codec;
mod property;
mod rules;
mod world;
