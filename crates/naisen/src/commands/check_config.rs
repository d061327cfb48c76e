//! `check-config`: says each value and where it comes from; opens no port.

use std::io::Write;
use std::path::Path;

use crate::args::Lang;
use crate::config;
use crate::jobs::{DONE, WRONG};

pub(crate) fn run(file: Option<&Path>, lang: Lang) -> u8 {
    match config::load(file) {
        Ok(loaded) => {
            let _ = std::io::stdout().write_all(config::report(&loaded, lang).as_bytes());
            DONE
        }
        Err(error) => {
            eprintln!("{}", error.text(lang));
            WRONG
        }
    }
}
