//! Printing for people, line by line, so that output of children stays in order.

use std::fmt::Arguments;
use std::io::Write;

/// Writes one line to standard output; a closed pipe is not an error of ours.
pub(crate) fn line(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// `say!("…")`: one line for the person who runs the tool.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::out::line(format_args!($($arg)*)) };
}
