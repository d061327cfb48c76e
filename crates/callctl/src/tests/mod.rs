//! Behaviour of call control, input by input. Phones are named by their extension, and their
//! session descriptions `extension/version`; a description that we changed shows its address.

mod announce;
mod basic;
mod boxes;
mod changes;
mod collect;
mod consult;
mod display;
mod feature;
mod forward;
mod found;
mod group;
mod hold;
mod lamps;
mod late;
mod line_choice;
mod lines;
mod login;
mod media;
mod music;
mod outside;
mod pace;
mod page;
mod park;
mod race;
mod random;
mod recall;
mod remote_box;
mod replaces;
mod rules;
mod size;
mod slot;
mod transfer;
mod voicemail;
mod whatif;
mod world;
