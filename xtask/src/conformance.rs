//! `cargo xtask conformance`: the official suite, pinned, against `everything serve`.
//!
//! Three runs, because none contains the others: the requirement set of each revision, and every scenario at its natural
//! revision. Each has a file of expected failures in `conformance/`, which is exact: a failure or a warning that is not listed
//! fails the run, in scenarios that the suite does not score too, and so does an entry for which nothing failed.
//!
//! All three run twice: where nobody is asked for a token, and where everybody is. Then the suite for authorization servers
//! runs against the issuer for development. On several replicas all but that runs again, with the same outcome.

mod expected;
mod issuer;
mod replicated;
mod results;
mod secured;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use self::{expected::Expected, results::Results};
use crate::{
    node::Node,
    say::say,
    server::{self, Server},
    workspace::{Profile, Workspace},
};

/// The runs: a name, how the suite is told what to select, and what has to pass whole.
const RUNS: [(&str, [&str; 2], &[Whole]); 3] = [
    ("2025-11-25", ["--requirements", "2025-11-25"], &[POLLING]),
    ("2026-07-28", ["--requirements", "2026-07-28"], &[]),
    ("all", ["--suite", "all"], &[POLLING]),
];

/// A scenario that a server may end early without a failure, and how many of its checks pass when it goes to its end.
type Whole = (&'static str, usize);

/// A server that answers as JSON, or serves no GET stream, is only told so: nothing of the stream is looked at then.
const POLLING: Whole = ("server-sse-polling", 3);

/// The suite's program within the folder of installed packages.
const SUITE: &str = "node_modules/@modelcontextprotocol/conformance/dist/index.js";

/// The folder, in that of the suite, with what each scenario said of one process.
const RESULTS: &str = "conformance/results";

/// What may be chosen.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Then once more on so many replicas behind a round-robin proxy: nothing may be different there
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=16))]
    replicas: Option<u32>,
}

/// Runs the suite; fails if anything unexpected happened in any run.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let suite = Suite::install(workspace, RESULTS)?;
    let mut failed = open(&suite)?;
    failed.extend(secured::run(&suite)?);
    if let Some(replicas) = options.replicas {
        failed.extend(replicated::run(workspace, replicas)?);
    }
    verdict(&failed)
}

/// The runs on replicas alone, compared with what the last run on one process has left.
pub(crate) fn run_replicated(workspace: &Workspace, replicas: u32) -> Result<()> {
    verdict(&replicated::run(workspace, replicas)?)
}

fn verdict(failed: &[String]) -> Result<()> {
    if !failed.is_empty() {
        bail!("conformance runs with surprises: {}", failed.join(", "));
    }
    Ok(())
}

/// Where nobody is asked for a token. Returns which runs failed.
fn open(suite: &Suite) -> Result<Vec<String>> {
    let mut command = server::serve(Command::new(&suite.everything), &suite.place)?;
    let server = Server::start(&mut command, suite.place.join("server.log"))?;
    let failed = suite.judge("", server.url());
    server.stop()?;
    Ok(failed)
}

/// The suite, and where its parts are.
#[derive(Debug)]
struct Suite {
    root: PathBuf,
    /// The program under test.
    everything: PathBuf,
    node: Node,
    /// Where packages are installed, and logs are written.
    place: PathBuf,
    results: PathBuf,
}

impl Suite {
    /// Installs the suite, with an empty folder for its results.
    fn install(workspace: &Workspace, results: &str) -> Result<Self> {
        Ok(Self {
            root: workspace.root.clone(),
            everything: workspace.build("everything", "everything", Profile::Debug)?,
            node: Node::install(workspace)?,
            place: workspace.scratch("conformance")?,
            results: workspace.fresh(results)?,
        })
    }

    /// All runs against this URL; returns which failed, their names with this at the end.
    fn judge(&self, suffix: &str, url: &str) -> Vec<String> {
        let mut failed = Vec::new();
        for (selected, selection, whole) in RUNS {
            let name = format!("{selected}{suffix}");
            let run = Run {
                selection,
                whole,
                expected: self.root.join(format!("conformance/expected-{selected}.yml")),
                output: self.results.join(&name),
                name,
            };
            if let Err(error) = run.judge(&self.node, &self.program(), url) {
                say!("FAILED {}: {error:#}", run.name);
                failed.push(run.name);
            }
        }
        failed
    }

    fn program(&self) -> PathBuf {
        self.place.join(SUITE)
    }
}

/// One run of the suite.
#[derive(Debug)]
struct Run {
    name: String,
    selection: [&'static str; 2],
    whole: &'static [Whole],
    /// The file of expected failures.
    expected: PathBuf,
    /// A folder that does not exist yet.
    output: PathBuf,
}

impl Run {
    /// Runs it, reports every failing check, and fails unless exactly the expected ones failed.
    fn judge(&self, node: &Node, suite: &Path, url: &str) -> Result<()> {
        let text =
            fs::read_to_string(&self.expected).with_context(|| format!("cannot read {}", self.expected.display()))?;
        let expected = Expected::parse(&text)?;
        let output = node
            .script(suite)?
            .args(["server", "--url", url])
            .args(self.selection)
            .arg("--expected-failures")
            .arg(&self.expected)
            .arg("--output-dir")
            .arg(&self.output)
            .stdin(Stdio::null())
            .output()
            .context("cannot start the suite")?;
        let console = String::from_utf8_lossy(&output.stdout);
        fs::create_dir_all(&self.output)?;
        fs::write(self.output.join("console.log"), console.as_bytes())?;

        let results = Results::read(&self.output)?;
        say!("\n{}: {}", self.name, results.summary());
        let (listed, unlisted): (Vec<_>, Vec<_>) = results.failing.iter().partition(|check| expected.covers(check));
        for check in listed {
            say!("  expected {check:.160}");
        }
        for check in &unlisted {
            say!("  FAILED   {check}");
        }
        let stale = expected.stale(&results.failing);
        if !stale.is_empty() {
            bail!("entries for which nothing failed: {}", stale.join(", "));
        }
        if !unlisted.is_empty() {
            bail!("{} checks failed that are not listed", unlisted.len());
        }
        if !output.status.success() {
            bail!("{}\n{}", last_part(&console), String::from_utf8_lossy(&output.stderr).trim_end());
        }
        for (scenario, checks) in self.whole {
            let passed = results.passed_in(scenario);
            if passed != *checks {
                bail!("{scenario} passed {passed} checks; on its whole way there are {checks}");
            }
        }
        if results.scenarios == 0 {
            bail!("the suite ran no scenario");
        }
        Ok(())
    }
}

/// What the suite says after its summary: its own verdict on the expected failures.
fn last_part(console: &str) -> &str {
    console.rsplit_once("Total:").map_or(console, |(_, rest)| rest.split_once('\n').map_or("", |(_, rest)| rest)).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_is_what_follows_the_total() {
        assert_eq!(
            last_part("x\nTotal: 3 passed, 1 failed\n\nUnexpected failures:\n  ping\n"),
            "Unexpected failures:\n  ping"
        );
        assert_eq!(last_part("bad option\n"), "bad option");
    }
}
