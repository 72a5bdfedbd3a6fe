//! `cargo xtask fuzz`: libFuzzer over the targets of `fuzz/`, for a number of seconds each.
//!
//! It needs neither a nightly compiler nor `cargo fuzz`: the flags that instrument code for coverage are stable, and
//! libFuzzer itself is C++ that the crate `libfuzzer-sys` brings. There is no address sanitizer, which is not stable; our
//! crates have no `unsafe` that it would watch. First of all it lets libFuzzer find a planted bug: an engine that does not
//! find that one would pass everything.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::{process, say::say, table, workspace::Workspace};

/// What may be chosen.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this target
    #[arg(long)]
    target: Option<String>,
    /// How many seconds for each target
    #[arg(long, default_value_t = SECONDS, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { target: None, seconds: SECONDS }
    }
}

/// How long each target is fuzzed unless something else is asked for.
const SECONDS: u32 = 20;

/// The target in which libFuzzer has to find something, and how long it may take for that.
const PLANTED: &str = "planted";
const PLANTED_SECONDS: u32 = 120;

/// What rustc needs so that libFuzzer sees which code an input reaches, and which values it is compared with.
const INSTRUMENTED: [&str; 6] = [
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Bounds of one input: longer ones show nothing new, slower ones and hungrier ones are findings.
const LIMITS: [&str; 3] = ["-max_len=4096", "-timeout=5", "-rss_limit_mb=512"];

/// Fuzzes, and fails if a property was found not to hold.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let targets = chosen(&workspace.root.join("fuzz/corpus"), options.target.as_deref())?;
    let fuzzer = Fuzzer { workspace, engine: build(workspace)? };
    fuzzer.find_the_planted_bug()?;
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for target in &targets {
        let outcome = fuzzer.fuzz(target, options.seconds)?;
        let verdict = if outcome.finding.is_some() { "FAILED" } else { "ok" };
        rows.push([target.clone(), outcome.executions, outcome.coverage, verdict.to_owned()]);
        findings.extend(outcome.finding);
    }
    say!("\n{}", table::markdown(["target", "inputs", "edges covered", "verdict"], &rows));
    for finding in &findings {
        say!("\n{finding}");
    }
    ensure!(findings.is_empty(), "{} of {} targets do not hold", findings.len(), targets.len());
    Ok(())
}

/// All targets, which are the folders of seeds, or the one that is asked for.
fn chosen(corpus: &Path, asked: Option<&str>) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(corpus).with_context(|| format!("cannot read {}", corpus.display()))? {
        targets.push(entry?.file_name().to_string_lossy().into_owned());
    }
    targets.sort_unstable();
    let Some(asked) = asked else { return Ok(targets) };
    ensure!(targets.iter().any(|target| target == asked), "there is no target {asked}: {}", targets.join(", "));
    Ok(vec![asked.to_owned()])
}

/// Builds the targets with instrumentation and libFuzzer, in a target folder of their own.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    ensure!(process::exists("c++"), "a C++ compiler is needed for libFuzzer (Debian: apt-get install g++)");
    let host = host()?;
    let folder = workspace.target.join("fuzz");
    // With `--target`, build scripts and macros are left without the flags: they could not be linked with them.
    let mut command =
        workspace.cargo(["build", "--package", "outboard-fuzz", "--bin", "outboard-fuzz", "--release", "--locked"]);
    command
        .args(["--target", &host, "--target-dir"])
        .arg(&folder)
        .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTED.join("\u{1f}"))
        // An overflow or a broken assumption is a finding.
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
    process::run(&mut command)?;
    Ok(folder.join(host).join("release/outboard-fuzz"))
}

/// The name of the platform that rustc compiles for unless told otherwise.
fn host() -> Result<String> {
    let printed = process::capture(Command::new("rustc").arg("-vV"))?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// The built targets, and where they are run.
struct Fuzzer<'a> {
    workspace: &'a Workspace,
    engine: PathBuf,
}

/// What one run came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    executions: String,
    coverage: String,
    /// What to tell of an input for which the target does not hold.
    finding: Option<String>,
}

impl Fuzzer<'_> {
    /// Fails unless libFuzzer finds the bug that is there to be found.
    fn find_the_planted_bug(&self) -> Result<()> {
        let place = self.workspace.fresh(&format!("fuzz/run/{PLANTED}"))?;
        let log = self.log(PLANTED);
        let found = self.engine(PLANTED, PLANTED_SECONDS, &place, &log)?.arg(&place).status()?;
        let text = read(&log)?;
        ensure!(!found.success(), "libFuzzer ran for {PLANTED_SECONDS} s and did not find the planted bug");
        ensure!(text.contains("the planted bug"), "libFuzzer failed, and not for the planted bug:\n{}", end_of(&text));
        say!("{PLANTED}: found, as it has to be");
        Ok(())
    }

    /// Fuzzes one target, from its seeds and from what earlier runs found worth keeping.
    fn fuzz(&self, target: &str, seconds: u32) -> Result<Outcome> {
        let kept = self.workspace.scratch(&format!("fuzz/run/{target}"))?;
        let log = self.log(target);
        // Relative to the root, where libFuzzer runs: so is the path in the command that replays a finding.
        let artifacts = Path::new("fuzz/artifacts").join(target);
        fs::create_dir_all(self.workspace.root.join(&artifacts))
            .with_context(|| format!("cannot make {}", artifacts.display()))?;
        say!("{target}: {seconds} s");
        let seeds = Path::new("fuzz/corpus").join(target);
        let status = self.engine(target, seconds, &artifacts, &log)?.args([&kept, &seeds]).status()?;
        Outcome::of(target, &read(&log)?, status.success())
    }

    /// Where libFuzzer says what it does.
    fn log(&self, target: &str) -> PathBuf {
        self.workspace.target.join(format!("fuzz/run/{target}.log"))
    }

    /// libFuzzer on one target; what it says goes to `log`, inputs for which the target fails go to `artifacts`.
    fn engine(&self, target: &str, seconds: u32, artifacts: &Path, log: &Path) -> Result<Command> {
        let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(&self.engine);
        command
            .current_dir(&self.workspace.root)
            .env("OUTBOARD_FUZZ_TARGET", target)
            .args(LIMITS)
            .args([format!("-max_total_time={seconds}"), format!("-artifact_prefix={}/", artifacts.display())])
            .args(["-dict=fuzz/tokens.dict", "-print_final_stats=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
    }
}

impl Outcome {
    /// Reads what libFuzzer said. Without its numbers it has not run, and nothing is known.
    fn of(target: &str, log: &str, held: bool) -> Result<Self> {
        let executions = last(log, "stat::number_of_executed_units: ");
        let coverage = last(log, " cov: ");
        if held {
            let (Some(executions), Some(coverage)) = (executions, coverage) else {
                bail!("libFuzzer said nothing of what it did on {target}:\n{}", end_of(log));
            };
            return Ok(Self { executions, coverage, finding: None });
        }
        let Some(input) = last(log, "Test unit written to ") else {
            bail!("libFuzzer failed on {target} and kept no input:\n{}", end_of(log));
        };
        let panic = log.lines().skip_while(|line| !line.contains("panicked at"));
        let why = panic.take_while(|line| !line.starts_with("stack backtrace") && !line.starts_with("note: "));
        let why = why.collect::<Vec<_>>().join("\n");
        let why = if why.is_empty() { end_of(log) } else { why };
        let finding = format!("{target}: {why}\nreplay: cargo run -p outboard-fuzz -- {target} {input}");
        let unknown = || "-".to_owned();
        let (executions, coverage) = (executions.unwrap_or_else(unknown), coverage.unwrap_or_else(unknown));
        Ok(Self { executions, coverage, finding: Some(finding) })
    }
}

/// The word behind the last `label`.
fn last(log: &str, label: &str) -> Option<String> {
    let (_, behind) = log.rsplit_once(label)?;
    behind.split_whitespace().next().map(str::to_owned)
}

/// The last lines of a log, which say why something ended.
fn end_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(15)).copied().collect::<Vec<_>>().join("\n")
}

fn read(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAN: &str = "#2\tINITED cov: 12 ft: 12 corp: 1/1b\n#900\tDONE   cov: 345 ft: 9\n\
                       stat::number_of_executed_units: 900\nstat::new_units_added: 3\n";

    #[test]
    fn numbers_are_read_from_what_libfuzzer_says() {
        let outcome = Outcome::of("era", RAN, true).unwrap();
        assert_eq!(outcome, Outcome { executions: "900".into(), coverage: "345".into(), finding: None });
        assert!(Outcome::of("era", "usage: …", true).unwrap_err().to_string().contains("said nothing"));
    }

    #[test]
    fn finding_names_its_reason_and_how_to_see_it_again() {
        let log = "#2\tINITED cov: 12 ft: 12\n\nthread '<unnamed>' panicked at fuzz/src/targets/era.rs:1:2:\nleft: 1\n\
                   right: 2\nnote: more\nartifact_prefix='a/'; Test unit written to a/crash-1\nBase64: YQ==\n";
        let finding = Outcome::of("era", log, false).unwrap().finding.unwrap();
        let expected = "era: thread '<unnamed>' panicked at fuzz/src/targets/era.rs:1:2:\nleft: 1\nright: 2\n\
                        replay: cargo run -p outboard-fuzz -- era a/crash-1";
        assert_eq!(finding, expected);
        let lost = Outcome::of("era", "killed\n", false).unwrap_err().to_string();
        assert_eq!(lost, "libFuzzer failed on era and kept no input:\nkilled");
    }

    #[test]
    fn targets_are_the_folders_of_seeds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        let all = chosen(&corpus, None).unwrap();
        assert!(all.is_sorted() && all.contains(&"jsonrpc".to_owned()), "{all:?}");
        assert_eq!(chosen(&corpus, Some("jsonrpc")).unwrap(), ["jsonrpc"]);
        assert!(chosen(&corpus, Some("none")).unwrap_err().to_string().starts_with("there is no target none: "));
    }
}
