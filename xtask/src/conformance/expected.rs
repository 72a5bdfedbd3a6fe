//! The committed files of expected failures: `- scenario` or `- scenario:check-id`, each with its reason as a comment.
//!
//! The suite itself ignores entries that are misspelt or belong to scenarios that it runs without scoring them. Here every
//! entry counts.

use anyhow::{Result, bail};

use super::results::Check;

/// The entries of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    scenario: String,
    /// `None` stands for every check of the scenario.
    check: Option<String>,
}

impl Expected {
    /// Reads the few lines of YAML that these files consist of.
    ///
    /// # Errors
    ///
    /// An entry without a reason behind it on its line.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let Some(entry) = line.trim_start().strip_prefix("- ") else { continue };
            let (name, reason) = entry.split_once(" #").unwrap_or((entry, ""));
            if reason.trim().is_empty() {
                bail!("line {}: the expected failure {} has no reason", index + 1, name.trim());
            }
            let (scenario, check) = match name.trim().split_once(':') {
                Some((scenario, check)) => (scenario, Some(check.to_owned())),
                None => (name.trim(), None),
            };
            entries.push(Entry { scenario: scenario.to_owned(), check });
        }
        Ok(Self { entries })
    }

    /// Whether this check may fail.
    pub(super) fn covers(&self, check: &Check) -> bool {
        self.entries.iter().any(|entry| entry.matches(check))
    }

    /// The entries for which nothing failed.
    pub(super) fn stale(&self, failing: &[Check]) -> Vec<String> {
        let stale = self.entries.iter().filter(|entry| !failing.iter().any(|check| entry.matches(check)));
        stale.map(Entry::name).collect()
    }
}

impl Entry {
    fn matches(&self, check: &Check) -> bool {
        self.scenario == check.scenario && self.check.as_ref().is_none_or(|id| *id == check.id)
    }

    fn name(&self) -> String {
        self.check.as_ref().map_or_else(|| self.scenario.clone(), |check| format!("{}:{check}", self.scenario))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Comments and empty lines are skipped.
server:
  - prompts-list # prompts come later
  - ping:ping-works # pings come later

client: []
";

    #[test]
    fn entry_covers_its_scenario_or_its_one_check() {
        let expected = Expected::parse(FILE).unwrap();
        assert!(expected.covers(&Check::example("prompts-list", "anything")));
        assert!(expected.covers(&Check::example("ping", "ping-works")));
        assert!(!expected.covers(&Check::example("ping", "wire-schema-valid")));
        assert!(!expected.covers(&Check::example("tools-list", "prompts-list")));
    }

    #[test]
    fn entry_for_which_nothing_failed_is_stale() {
        let expected = Expected::parse(FILE).unwrap();
        let failing = [Check::example("prompts-list", "a"), Check::example("ping", "other")];
        assert_eq!(expected.stale(&failing), ["ping:ping-works"]);
        assert_eq!(expected.stale(&[]), ["prompts-list", "ping:ping-works"]);
    }

    #[test]
    fn entry_without_a_reason_is_refused() {
        for text in ["server:\n  - ping\n", "server:\n  - ping #\n"] {
            let error = Expected::parse(text).unwrap_err().to_string();
            assert_eq!(error, "line 2: the expected failure ping has no reason");
        }
    }
}
