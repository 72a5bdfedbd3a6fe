//! Tests of the configuration as the operator meets it: what is accepted, what is refused, and in which words.

mod auth;
mod bounds;
mod imports;
mod layers;
mod mistakes;
mod mutations;
mod output;
mod refusals;
mod replicas;
mod shown;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::{Config, Loaded, Overrides};
use crate::diagnostics::{Diagnostics, Style};

/// A file with every setting, none at its default.
const EVERY_KEY: &str = include_str!("tests/every-key.toml");

/// The variables of a test, with a home directory and the secrets that fixtures name.
fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, OsString> {
    let always = [
        ("HOME", "/home/me"),
        ("REDIS_PASSWORD", "canary-6"),
        ("SESSION_KEY", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="),
    ];
    always.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect()
}

/// Loads a file's text, named `outboard.toml` in the crate's own folder, without flags.
fn load(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, Diagnostics> {
    load_with(text, &Overrides::default(), pairs)
}

/// The same with flags.
fn load_with(text: &str, flags: &Overrides, pairs: &[(&str, &str)]) -> Result<Loaded, Diagnostics> {
    Config::build(Some((Path::new("outboard.toml"), text)), flags, &env(pairs))
}

/// Loads what must be accepted.
fn accepted(text: &str, pairs: &[(&str, &str)]) -> Config {
    load(text, pairs).unwrap_or_else(|report| panic!("{text}\n{report}")).config
}

/// The report about a file, whether it is refused or only warned about.
fn report(text: &str, pairs: &[(&str, &str)]) -> Diagnostics {
    load(text, pairs).map_or_else(|report| report, |loaded| loaded.warnings)
}

/// Each diagnostic as `code line:column`, or as `code` and where else it comes from.
fn summary(report: &Diagnostics) -> Vec<String> {
    let place = |diagnostic: &_| match report.position(diagnostic) {
        Some((start, _)) => format!("{}:{}", start.line, start.column),
        None => format!("{:?}", diagnostic.place),
    };
    report.iter().map(|diagnostic| format!("{} {}", diagnostic.code.id(), place(diagnostic))).collect()
}

/// The names of the backends, in their order.
fn names(config: &Config) -> Vec<&str> {
    config.backends.iter().map(|backend| backend.name.as_str()).collect()
}

/// The report as text without colours.
fn plain(report: &Diagnostics) -> String {
    report.to_text(Style::Plain)
}
