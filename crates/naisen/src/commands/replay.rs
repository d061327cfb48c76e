//! `replay`: runs a journal through a node and compares the outputs.

use std::path::Path;

use app::text::{text, text_with};

use crate::args::Lang;
use crate::commands::job::complain;
use crate::jobs::{DONE, REFUSED, WRONG};

pub(crate) fn run(file: &Path, lang: Lang) -> u8 {
    let found = match engine::replay::replay(file, crate::BUILD) {
        Ok(found) => found,
        Err(error) => return complain(lang, "replay-failed", &crate::chain(&error), WRONG),
    };
    let lang = lang.app();
    let hash = format!("{:016x}", found.hash);
    let counts = [
        ("inputs", found.inputs.to_string().as_str().into()),
        ("outputs", found.outputs.to_string().as_str().into()),
        ("hash", hash.as_str().into()),
    ];
    let mut lines = vec![text_with(lang, "replay-counts", &counts)];
    if let Some(build) = &found.foreign_build {
        lines.push(text_with(lang, "replay-foreign-build", &[("value", build.as_str().into())]));
    }
    let status = match found.differs_at {
        None => {
            lines.push(text(lang, "replay-same").into_owned());
            DONE
        }
        Some(at) => {
            let at = at.to_string();
            lines.push(text_with(lang, "replay-differs", &[("value", at.as_str().into())]));
            REFUSED
        }
    };
    crate::say(&lines.join("\n"));
    status
}
