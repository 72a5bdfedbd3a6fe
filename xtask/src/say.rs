//! The one place that writes to the terminal.

use std::{
    fmt,
    io::{self, Write as _},
};

/// Prints one line; a closed terminal is nobody's error.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).unwrap_or_default();
}

/// Prints one formatted line.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(format_args!($($text)*)) };
}
pub(crate) use say;
