//! Behaviour of call control, input by input. Phones are named by their extension, and their
//! session descriptions `extension/version`; a description that we changed shows its address.

mod announce;
mod basic;
mod collect;
mod consult;
mod feature;
mod forward;
mod group;
mod hold;
mod lamps;
mod media;
mod pace;
mod page;
mod park;
mod race;
mod random;
mod replaces;
mod size;
mod transfer;
mod voicemail;
mod whatif;
mod world;
