//! What the suite leaves in its output folder: one `checks.json` per scenario, the only place that says why a check failed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// What the suite puts before the name of a scenario in the name of its folder: of a server, and of an authorization server.
const PREFIXES: [&str; 2] = ["authorization-server-", "server-"];

/// The length of what it puts behind: a hyphen and the time, `-2026-01-02T03-04-05-678Z`.
const SUFFIX_LENGTH: usize = 25;

/// The outcome of one run.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// How many scenarios left a result.
    pub(super) scenarios: usize,
    /// How many checks passed, by scenario.
    passed: BTreeMap<String, usize>,
    /// Failures and warnings, sorted by scenario.
    pub(super) failing: Vec<Check>,
}

/// One check that did not pass.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    #[serde(skip)]
    pub(super) scenario: String,
    pub(super) id: String,
    status: Status,
    #[serde(default)]
    description: String,
    error_message: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Success,
    #[default]
    Failure,
    Warning,
    Skipped,
    Info,
}

impl Results {
    /// Reads all scenarios of the folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let mut results = Self::default();
        for entry in fs::read_dir(folder).with_context(|| format!("the suite left no {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(scenario) = scenario(&name) {
                let file = entry.path().join("checks.json");
                let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
                results.add(scenario, &text).with_context(|| format!("cannot understand {}", file.display()))?;
            }
        }
        results.failing.sort_by(|a, b| (&a.scenario, &a.id).cmp(&(&b.scenario, &b.id)));
        Ok(results)
    }

    fn add(&mut self, scenario: &str, json: &str) -> Result<()> {
        self.scenarios += 1;
        for mut check in serde_json::from_str::<Vec<Check>>(json)? {
            check.scenario = scenario.to_owned();
            match check.status {
                Status::Success => *self.passed.entry(check.scenario).or_default() += 1,
                Status::Failure | Status::Warning => self.failing.push(check),
                Status::Skipped | Status::Info => {}
            }
        }
        Ok(())
    }

    /// How many checks of a scenario passed.
    pub(super) fn passed_in(&self, scenario: &str) -> usize {
        self.passed.get(scenario).copied().unwrap_or_default()
    }

    /// How many checks passed.
    pub(super) fn passed(&self) -> usize {
        self.passed.values().sum()
    }

    /// What is not as in another outcome: scenarios in which other checks failed, or not as many passed.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let (ours, theirs) = (self.by_scenario(), other.by_scenario());
        let nothing = (0, Vec::new());
        let scenarios: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        let differing = scenarios.into_iter().filter_map(|scenario| {
            let (ours, theirs) = (ours.get(scenario).unwrap_or(&nothing), theirs.get(scenario).unwrap_or(&nothing));
            (ours != theirs).then(|| {
                let shown = |(passed, failing): &(usize, Vec<&str>)| format!("{passed} passed, not {failing:?}");
                format!("{scenario}: {}; there {}", shown(ours), shown(theirs))
            })
        });
        differing.collect()
    }

    /// How many checks passed and which did not, for each scenario that has any.
    fn by_scenario(&self) -> BTreeMap<&str, (usize, Vec<&str>)> {
        let mut all: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
        for (scenario, passed) in &self.passed {
            all.entry(scenario).or_default().0 = *passed;
        }
        for check in &self.failing {
            all.entry(&check.scenario).or_default().1.push(&check.id);
        }
        all
    }

    /// One line of numbers.
    pub(super) fn summary(&self) -> String {
        let (passed, failing) = (self.passed(), self.failing.len());
        format!("{} scenarios, {passed} checks passed, {failing} did not", self.scenarios)
    }
}

#[cfg(test)]
impl Check {
    /// A failing check for the tests of this folder.
    pub(super) fn example(scenario: &str, id: &str) -> Self {
        Self { scenario: scenario.to_owned(), id: id.to_owned(), ..Self::default() }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.error_message.as_deref().unwrap_or(&self.description);
        let level = if self.status == Status::Warning { " (warning)" } else { "" };
        f.pad(&format!("{}:{}{level}: {}", self.scenario, self.id, reason.trim_end()))
    }
}

/// The scenario that a folder of results belongs to.
fn scenario(folder: &str) -> Option<&str> {
    let named = PREFIXES.iter().find_map(|prefix| folder.strip_prefix(prefix))?;
    let (name, time) = named.split_at_checked(named.len().checked_sub(SUFFIX_LENGTH)?)?;
    (time.starts_with('-') && time.ends_with('Z')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenario_is_what_stands_between_prefix_and_time() {
        let cases = [
            ("server-ping-2026-11-20T15-46-50-123Z", Some("ping")),
            ("server-server-stateless-2026-11-20T15-46-50-123Z", Some("server-stateless")),
            ("server-json-schema-2020-12-2026-11-20T15-46-50-123Z", Some("json-schema-2020-12")),
            ("authorization-server-code-2026-11-20T15-46-50-123Z", Some("code")),
            ("console.log", None),
            ("server-x", None),
        ];
        for (folder, expected) in cases {
            assert_eq!(scenario(folder), expected, "{folder}");
        }
    }

    #[test]
    fn failures_and_warnings_are_kept_with_their_message() {
        let json = r#"[
            {"id":"a","name":"A","description":"does a","status":"SUCCESS","timestamp":"t"},
            {"id":"b","description":"does b","status":"FAILURE","errorMessage":"b is missing"},
            {"id":"c","description":"does c","status":"WARNING"},
            {"id":"d","description":"does d","status":"SKIPPED"},
            {"id":"e","description":"does e","status":"INFO"}
        ]"#;
        let mut results = Results::default();
        results.add("ping", json).unwrap();
        assert_eq!(results.summary(), "1 scenarios, 1 checks passed, 2 did not");
        assert_eq!((results.passed_in("ping"), results.passed_in("pong")), (1, 0));
        let shown: Vec<String> = results.failing.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["ping:b: b is missing", "ping:c (warning): does c"]);
    }

    #[test]
    fn other_failures_and_fewer_checks_are_differences() {
        let outcome = |checks: &[(&str, &str)]| {
            let mut results = Results::default();
            let listed: Vec<_> =
                checks.iter().map(|(id, status)| format!(r#"{{"id":"{id}","status":"{status}"}}"#)).collect();
            results.add("ping", &format!("[{}]", listed.join(","))).unwrap();
            results
        };
        let one = outcome(&[("a", "SUCCESS"), ("b", "FAILURE")]);
        assert!(one.differences(&outcome(&[("b", "FAILURE"), ("a", "SUCCESS"), ("c", "INFO")])).is_empty());
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[("a", "SUCCESS"), ("b", "SUCCESS")], r#"ping: 1 passed, not ["b"]; there 2 passed, not []"#),
            (&[("a", "SUCCESS"), ("c", "FAILURE")], r#"ping: 1 passed, not ["b"]; there 1 passed, not ["c"]"#),
            (&[("b", "FAILURE")], r#"ping: 1 passed, not ["b"]; there 0 passed, not ["b"]"#),
            (&[], r#"ping: 1 passed, not ["b"]; there 0 passed, not []"#),
        ];
        for (other, expected) in cases {
            assert_eq!(one.differences(&outcome(other)), [expected]);
        }
    }
}
