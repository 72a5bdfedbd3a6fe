//! `outboard-fuzz TARGET FILE…`: the target over each file, to see a finding again and to debug it.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::{env, fs};

/// Ends with success if the target holds for every file; it panics where it does not.
pub(crate) fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(target) = arguments.next().and_then(|name| outboard_fuzz::target(&name)) else {
        let names: Vec<_> = outboard_fuzz::TARGETS.iter().map(|target| target.name).collect();
        return refuse(&format!("usage: outboard-fuzz TARGET FILE…, where TARGET is one of {}", names.join(", ")));
    };
    for path in arguments {
        match fs::read(&path) {
            Ok(data) => (target.run)(&data),
            Err(error) => return refuse(&format!("cannot read {path}: {error}")),
        }
    }
    ExitCode::SUCCESS
}

/// Says why, and that it is the caller's mistake.
fn refuse(why: &str) -> ExitCode {
    // A terminal that is closed is nobody's error.
    writeln!(io::stderr(), "{why}").unwrap_or_default();
    ExitCode::from(64)
}
