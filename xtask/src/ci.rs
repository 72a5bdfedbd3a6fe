//! `cargo xtask ci`: everything that a change must pass, the quick verdicts first.

use anyhow::Result;

use crate::{authserver, conformance, packages, process, replicas, say::say, steps::Steps, tidy, workspace::Workspace};

/// Runs all steps, prints what each took, and fails if one failed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    self::steps(workspace, &mut steps);
    steps.finish()
}

/// The steps, in order; `full` continues behind them.
pub(crate) fn steps(workspace: &Workspace, steps: &mut Steps) {
    steps.run("tidy", || tidy::run(workspace));
    steps.run("fmt", || process::run(&mut workspace.cargo(["fmt", "--all", "--check"])));
    steps.run("clippy", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        process::run(&mut workspace.cargo(arguments))
    });
    steps.run("authserver", || authserver::install(workspace));
    steps.run("packages", || packages::ensure(&packages::FOR_TESTS));
    steps.run("tests", || tests(workspace));
    steps.run("doc tests", || process::run(&mut workspace.cargo(["test", "--workspace", "--doc", "--locked"])));
    steps.run("docs", || {
        let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
        process::run(workspace.cargo(arguments).env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.run("conformance", || conformance::run(workspace, &conformance::Options::default()));
    steps.run("conformance on replicas", || conformance::run_replicated(workspace, REPLICAS));
    steps.run("replicas", || replicas::matrix(workspace));
}

/// On how many replicas the suite runs.
const REPLICAS: u32 = 3;

/// Unit and integration tests: by cargo-nextest where it is installed, else by cargo itself.
fn tests(workspace: &Workspace) -> Result<()> {
    if process::exists("cargo-nextest") {
        return process::run(&mut workspace.cargo(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]));
    }
    say!("cargo-nextest is not installed: running cargo test");
    let arguments = ["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"];
    process::run(&mut workspace.cargo(arguments))
}
