//! `cargo xtask bench`: what a modern `tools/call` costs, beside a bare axum server that answers the same bytes.
//!
//! Ratios are what counts: absolute numbers belong to the machine, and to what else it does at that moment. So in each round
//! both servers are fresh processes on the same core, and are loaded in turn, a second each: whatever disturbs the one
//! disturbs the other. Every answer is verified.

mod accounting;
mod report;

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Deserialize;

use self::{
    accounting::Cpu,
    report::{Pair, Pairs, Point},
};
use crate::{
    process,
    say::say,
    server::{self, Server},
    workspace::{Profile, Workspace},
};

/// How many connections, each with one request in flight.
pub(crate) const CONNECTIONS: [u32; 3] = [1, 32, 256];

/// How long a server is loaded at a time, in seconds. The first time, which is not measured, warms it up.
const TURN_SECONDS: u64 = 1;

/// How long the load generator may take for it, with connecting and the last answers.
const LOAD_LIMIT: Duration = Duration::from_secs(60);

/// What may be chosen.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many fresh processes of each server
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// How many seconds of load for each server at each number of connections, in a round
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { rounds: 3, seconds: 4 }
    }
}

/// What the load generator prints.
#[derive(Debug, Deserialize)]
struct Load {
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    rps: f64,
    p50_us: u32,
    p99_us: u32,
    template: String,
}

/// Measures, prints the table, and fails if an answer was wrong or the target is missed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let bench = Bench {
        limit: workspace.build("bench-limit", "bench-limit", Profile::Release)?,
        ours: workspace.build("everything", "everything", Profile::Release)?,
        load: workspace.build("bench-load", "bench-load", Profile::Release)?,
        place: workspace.scratch("bench")?,
        cores: Cores::available(),
        options,
    };
    let mut pairs = Pairs::default();
    for round in 1..=options.rounds {
        say!("round {round} of {}", options.rounds);
        bench.round(&mut pairs)?;
    }
    say!("\n{}\n\n{}", pairs.table(), bench.cores.described());
    pairs.judge()
}

/// The programs, and where they run.
struct Bench<'a> {
    limit: PathBuf,
    ours: PathBuf,
    /// The load generator.
    load: PathBuf,
    place: PathBuf,
    cores: Cores,
    options: &'a Options,
}

impl Bench<'_> {
    /// Starts both servers, warms them up, and loads them in turn at each number of connections.
    fn round(&self, pairs: &mut Pairs) -> Result<()> {
        let log = |name: &str| self.place.join(format!("{name}.log"));
        let limit = Server::start(&mut self.cores.server(&self.limit), log("limit"))?;
        let ours = Server::start(&mut server::serve(self.cores.server(&self.ours), &self.place)?, log("ours"))?;

        let warm_up = |server: &Server| Ok::<_, anyhow::Error>(self.load(server, 32)?.template);
        let (expected, got) = (warm_up(&limit)?, warm_up(&ours)?);
        ensure!(expected == got, "the servers do not answer the same bytes:\n  limit: {expected}\n  ours:  {got}");

        for connections in CONNECTIONS {
            for _ in 0..self.options.seconds {
                let pair = Pair { limit: self.measure(&limit, connections)?, ours: self.measure(&ours, connections)? };
                pairs.add(connections, pair);
            }
        }
        // The bare server knows no signal: killing it is its normal end.
        limit.kill()?;
        ours.stop()
    }

    /// Loads one server for its turn.
    fn measure(&self, server: &Server, connections: u32) -> Result<Point> {
        let before = Cpu::of(server.pid())?;
        let load = self.load(server, connections)?;
        let cpu = Cpu::of(server.pid())?.since(before);
        Ok(Point {
            // The request by which the load generator learns the answer is one of them.
            cpu_us: cpu.as_secs_f64() * 1e6 / (load.requests + 1) as f64,
            rps: load.rps,
            p50_us: f64::from(load.p50_us),
            p99_us: f64::from(load.p99_us),
        })
    }

    /// One run of the load generator; a wrong answer is an error.
    fn load(&self, server: &Server, connections: u32) -> Result<Load> {
        let (connections, seconds) = (connections.to_string(), TURN_SECONDS.to_string());
        let mut command = self.cores.load(&self.load);
        command.args(["--url", server.url(), "--connections", &connections, "--seconds", &seconds]);
        let printed = process::capture_within(LOAD_LIMIT, &mut command)?;
        let load: Load = serde_json::from_str(&printed).context("cannot read what the load generator printed")?;
        let reason = load.first_error.as_deref().unwrap_or_default();
        ensure!(load.errors == 0, "{} of {} answers were wrong: {reason}", load.errors, load.requests);
        ensure!(load.requests > 0, "no request was answered");
        Ok(load)
    }
}

/// Whether server and load each get a core of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cores {
    Apart,
    Shared,
}

impl Cores {
    /// Where there are two cores, and `taskset` (util-linux) to give them out.
    fn available() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        if cores >= 2 && process::exists("taskset") { Self::Apart } else { Self::Shared }
    }

    fn server(self, program: &Path) -> Command {
        self.on("0", program)
    }

    fn load(self, program: &Path) -> Command {
        self.on("1", program)
    }

    fn on(self, core: &str, program: &Path) -> Command {
        match self {
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", core]).arg(program);
                command
            }
            Self::Shared => Command::new(program),
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Apart => "Server on core 0, load on core 1, loopback, keep-alive; medians of all turns.",
            Self::Shared => "Server and load share all cores, loopback, keep-alive; medians of all turns.",
        }
    }
}
