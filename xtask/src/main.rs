//! The build tool: `cargo xtask VERB`, one module per verb.
//!
//! It drives cargo and the built binaries by path, and knows no crate of ours: so it compiles in seconds and judges the
//! product from outside, as a user would.

mod authserver;
mod bench;
mod browser;
mod ci;
mod clock;
mod conformance;
mod full;
mod fuzz;
mod interop;
mod node;
mod packages;
mod process;
mod replicas;
mod say;
mod server;
mod steps;
mod table;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{say::say, workspace::Workspace};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The build tool of outboard", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Everything that a change must pass: tidy, fmt, clippy, tests, docs, conformance
    Ci,
    /// Everything that there is: ci, then fuzz, interop, replicas, browser and bench
    Full,
    /// The rules of the tree: arrows between crates, manifests, sources, texts
    Tidy,
    /// The authorization server that tests start, installed by its lock file
    Authserver,
    /// The official conformance suite against `everything serve`
    Conformance(conformance::Options),
    /// Real clients against the fixture and against lifted stdio servers
    Interop(interop::Options),
    /// Several replicas on one Redis behind a round-robin proxy, with faults
    Replicas(replicas::Options),
    /// Sign-in and consent in the machine's own Chromium, as a person and as a hostile page
    Browser,
    /// libFuzzer over the targets of `fuzz/`: what must hold for every input of a parser
    Fuzz(fuzz::Options),
    /// CPU time per request beside a bare axum server that answers the same bytes; trips to the store per kind of call
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::load().and_then(|workspace| match arguments.verb {
        Verb::Ci => ci::run(&workspace),
        Verb::Full => full::run(&workspace),
        Verb::Tidy => tidy::run(&workspace),
        Verb::Authserver => authserver::install(&workspace),
        Verb::Conformance(options) => conformance::run(&workspace, &options),
        Verb::Interop(options) => interop::run(&workspace, &options),
        Verb::Replicas(options) => replicas::run(&workspace, &options),
        Verb::Browser => browser::run(&workspace),
        Verb::Fuzz(options) => fuzz::run(&workspace, &options),
        Verb::Bench(options) => bench::run(&workspace, &options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
