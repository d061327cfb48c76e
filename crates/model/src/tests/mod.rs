//! Behaviour of the model: rules, sharing, properties, byte forms.

mod calendar;
mod codec;
mod collision;
mod emergency;
mod lines;
mod multicast;
mod outside;
mod property;
mod rules;
mod scale;
mod services;
mod sounds;
mod toll;
mod wording;
mod world;
