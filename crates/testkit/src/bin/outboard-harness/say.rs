//! What the harness says, to whoever reads its output line by line.

use std::fmt::Display;
use std::io::Write as _;

/// Says it at once. Nobody has to listen.
pub(crate) fn say(text: impl Display) {
    let mut output = std::io::stdout();
    drop(writeln!(output, "{text}").and_then(|()| output.flush()));
}

/// Says what is wrong with the command line.
pub(crate) fn complain(text: impl Display) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
