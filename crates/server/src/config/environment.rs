//! The one door to the process's environment: a lookup that tests replace by a map.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;

use crate::diagnostics::Style;

/// Looks up environment variables.
pub(crate) trait Environment {
    /// Returns the variable's value, if it is set.
    fn var(&self, name: &str) -> Option<OsString>;

    /// Returns all variables, for children to get a part of.
    fn all(&self) -> Vec<(OsString, OsString)>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this is the config module's lookup that all others go through")]
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn all(&self) -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }
}

/// A map in the place of the environment, for tests and fuzz targets.
impl Environment for std::collections::BTreeMap<String, OsString> {
    fn var(&self, name: &str) -> Option<OsString> {
        self.get(name).cloned()
    }

    fn all(&self) -> Vec<(OsString, OsString)> {
        self.iter().map(|(name, value)| (name.into(), value.clone())).collect()
    }
}

/// Decides about colours on an output: never with `NO_COLOR`, always with `CLICOLOR_FORCE`, else on a terminal
/// (<https://no-color.org>, <https://bixense.com/clicolors/>).
#[must_use]
pub(crate) fn style_for(output: &impl IsTerminal, env: &dyn Environment) -> Style {
    let is = |name: &str, test: fn(&OsStr) -> bool| env.var(name).is_some_and(|value| test(&value));
    if is("NO_COLOR", |value| !value.is_empty()) {
        Style::Plain
    } else if is("CLICOLOR_FORCE", |value| !value.is_empty() && value != "0")
        || (output.is_terminal() && !is("TERM", |value| value == "dumb"))
    {
        Style::Coloured
    } else {
        Style::Plain
    }
}

/// The state directory when nothing is configured: `$XDG_STATE_HOME/outboard`, else `~/.local/state/outboard`.
/// Relative paths in these variables are ignored, as the XDG Base Directory Specification asks.
pub(super) fn default_state_dir(env: &dyn Environment) -> Option<PathBuf> {
    let absolute = |name: &str| env.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(base.join("outboard"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, OsString> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect()
    }

    #[test]
    fn colours_follow_the_variables_when_the_output_is_no_terminal() {
        let cases: [(&[(&str, &str)], Style); 6] = [
            (&[], Style::Plain),
            (&[("CLICOLOR_FORCE", "1")], Style::Coloured),
            (&[("CLICOLOR_FORCE", "0")], Style::Plain),
            (&[("CLICOLOR_FORCE", "")], Style::Plain),
            (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], Style::Plain),
            (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], Style::Coloured),
        ];
        let file = tempfile::tempfile().unwrap();
        for (pairs, expected) in cases {
            assert_eq!(style_for(&file, &env(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn state_directory_follows_xdg_then_home() {
        let cases = [
            ("/x", "/h", Some("/x/outboard")),
            ("x", "/h", Some("/h/.local/state/outboard")),
            ("", "/h", Some("/h/.local/state/outboard")),
            ("", "", None),
        ];
        for (xdg, home, expected) in cases {
            let env = env(&[("XDG_STATE_HOME", xdg), ("HOME", home)]);
            assert_eq!(default_state_dir(&env), expected.map(PathBuf::from), "{xdg} {home}");
        }
        assert_eq!(default_state_dir(&env(&[])), None);
    }
}
