//! Use cases over the store: one function for what a page, a command or an API call does. No
//! HTTP, no terminal.
//!
//! Functions that change something take the [`store::Store`] of this process and return the new
//! snapshot, so that a running node can hand it on. Time and randomness are arguments. Texts for
//! people are in [`text`], in Japanese and English.

pub mod demo;
pub mod explain;
pub mod export;
pub mod history;
pub mod import;
pub mod init;
pub mod kana;
pub mod login;
pub mod own_setting;
pub mod result;
pub mod service;
pub mod terminal_login;
pub mod text;
pub mod token;
pub mod users;

pub use text::Lang;

#[cfg(test)]
mod tests;
