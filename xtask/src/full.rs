//! `cargo xtask full`: everything that there is, each part also callable alone.

use anyhow::Result;

use crate::{bench, browser, ci, fuzz, interop, replicas, steps::Steps, workspace::Workspace};

/// Runs ci's steps and then those that take longer or need more of the machine.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    ci::steps(workspace, &mut steps);
    steps.run("fuzz", || fuzz::run(workspace, &fuzz::Options::default()));
    steps.run("interop", || interop::run(workspace, &interop::Options::default()));
    steps.run("interop on replicas", || interop::run(workspace, &interop::Options::on_replicas(3)));
    steps.run("chaos, faults, proof", || replicas::all(workspace));
    steps.run("browser", || browser::run(workspace));
    steps.run("bench", || bench::run(workspace, &bench::Options::default()));
    steps.finish()
}
