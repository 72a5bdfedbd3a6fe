//! `cargo xtask bench`: what a modern `tools/call` costs, beside a bare axum server that answers the same bytes.
//!
//! Ratios are what counts: absolute numbers belong to the machine, and to what else it does at that moment. So in each round
//! all servers are fresh processes on the same core, and are loaded in turn, a second each: whatever disturbs the one
//! disturbs the others. Every answer is verified.
//!
//! Then it is counted how often each kind of call goes to the store.

mod accounting;
mod cores;
mod redis;
mod report;
mod shared;
mod trips;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Deserialize;

use self::{
    accounting::Cpu,
    cores::Cores,
    redis::{Redis, TripCounter},
    report::{Point, Turn, Turns},
};
use crate::{
    packages, process,
    say::say,
    server::{self, Server},
    workspace::{Profile, Workspace},
};

/// How many connections, each with one request in flight.
pub(crate) const CONNECTIONS: [u32; 3] = [1, 32, 256];

/// How many replicas there are where there are several. They share one core and the connections.
const REPLICAS: usize = 3;

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
    /// Only count the trips to the store
    #[arg(long)]
    trips: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { rounds: 3, seconds: 4, trips: false }
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

/// Measures, prints the tables, and fails if an answer was wrong or a target is missed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    packages::ensure(&[packages::REDIS])?;
    let bench = Bench {
        limit: workspace.build("bench-limit", "bench-limit", Profile::Release)?,
        ours: workspace.build("everything", "everything", Profile::Release)?,
        load: workspace.build("bench-load", "bench-load", Profile::Release)?,
        verify: workspace.build("bench-verify", "bench-verify", Profile::Release)?,
        place: workspace.scratch("bench")?,
        cores: Cores::available(),
        options,
    };
    if options.trips {
        return bench.trips();
    }
    let mut turns = Turns::default();
    for round in 1..=options.rounds {
        say!("round {round} of {}", options.rounds);
        bench.round(&mut turns)?;
    }
    say!("\n{}\n\n{}", turns.table(), bench.cores.described());
    bench.verifications()?;
    let trips = bench.trips();
    turns.judge().and(trips)
}

/// The programs, and where they run.
struct Bench<'a> {
    limit: PathBuf,
    ours: PathBuf,
    /// The load generator.
    load: PathBuf,
    /// Verifies tokens, and nothing else.
    verify: PathBuf,
    place: PathBuf,
    cores: Cores,
    options: &'a Options,
}

impl Bench<'_> {
    /// Starts all servers, warms them up, and loads them in turn at each number of connections.
    fn round(&self, turns: &mut Turns) -> Result<()> {
        let log = |name: &str| self.place.join(format!("{name}.log"));
        let limit = Loaded::open(Server::start(&mut self.cores.server(&self.limit), log("limit"))?);
        let mut command = server::serve(self.cores.server(&self.ours), &self.place)?;
        let ours = Loaded::open(Server::start(&mut command, log("ours"))?);
        let with_token = self.asking(log("with-token"))?;
        let redis = self.redis()?;
        let with_redis = self.sharing(&redis, "with-redis", 1)?;
        let replicas = self.sharing(&redis, "replicas", REPLICAS)?;

        let warm_up = |server: &Loaded| Ok::<_, anyhow::Error>(self.load(server, 32)?.template);
        let (expected, got) = (warm_up(&limit)?, warm_up(&ours)?);
        ensure!(expected == got, "the servers do not answer the same bytes:\n  limit: {expected}\n  ours:  {got}");
        for (server, how) in [(&with_token, "with a token"), (&with_redis, "with Redis"), (&replicas, "on replicas")] {
            let got = warm_up(server)?;
            ensure!(expected == got, "{how}, the answer is not the same: {got}");
        }

        for connections in CONNECTIONS {
            for _ in 0..self.options.seconds {
                let turn = Turn {
                    limit: self.measure(&limit, connections)?,
                    ours: self.measure(&ours, connections)?,
                    with_token: self.measure(&with_token, connections)?,
                    with_redis: self.measure(&with_redis, connections)?,
                    replicas: self.measure(&replicas, connections)?,
                };
                turns.add(connections, turn);
            }
        }
        // The bare server knows no signal: killing it is its normal end.
        limit.kill()?;
        [ours, with_token, with_redis, replicas].into_iter().try_for_each(Loaded::stop)
    }

    /// A Redis away from the servers' core.
    fn redis(&self) -> Result<Redis> {
        Redis::start(self.cores.load(Path::new("redis-server")), &self.place)
    }

    /// So many replicas of a server of ours on this Redis.
    fn sharing(&self, redis: &Redis, name: &str, replicas: usize) -> Result<Loaded> {
        let place = self.place.join(name);
        fs::create_dir_all(&place)?;
        let servers = shared::start(|| self.cores.server(&self.ours), redis, &place, replicas)?;
        Ok(Loaded { servers, token: None })
    }

    /// Counts how often each kind of call goes to the store of one server.
    fn trips(&self) -> Result<()> {
        let redis = self.redis()?;
        let counter = TripCounter::watch(&redis)?;
        let loaded = self.sharing(&redis, "trips", 1)?;
        let url = loaded.servers.first().map(Server::url).unwrap_or_default();
        trips::run(url, counter)?;
        loaded.stop()
    }

    /// A server of ours that asks for a token, and one for it, which is signed by RS256.
    fn asking(&self, log: PathBuf) -> Result<Loaded> {
        let place = self.place.join("with-token");
        fs::create_dir_all(&place)?;
        let mut command = server::serve(self.cores.server(&self.ours), &place)?;
        let config = place.join("outboard.toml");
        fs::write(&config, "dev_issuer = { enabled = true, algorithm = 'RS256' }\n")
            .with_context(|| format!("cannot write {}", config.display()))?;
        let server = Server::start(&mut command, log)?;
        let mut command = Command::new(&self.ours);
        command.arg("token").arg("--state-dir").arg(place.join("state")).arg(server.url());
        let token = process::capture_within(LOAD_LIMIT, &mut command).context("there is no token to be had")?;
        Ok(Loaded { servers: vec![server], token: Some(token.trim().to_owned()) })
    }

    /// Prints how many tokens of each algorithm are verified in a second, none of which was seen before.
    fn verifications(&self) -> Result<()> {
        say!("\n{}", process::capture_within(LOAD_LIMIT, &mut self.cores.server(&self.verify))?.trim_end());
        Ok(())
    }

    /// Loads one server for its turn.
    fn measure(&self, server: &Loaded, connections: u32) -> Result<Point> {
        let before = server.cpu()?;
        let load = self.load(server, connections)?;
        let cpu = server.cpu()?.since(before);
        Ok(Point {
            // The request by which the load generator learns the answer is one of them.
            cpu_us: cpu.as_secs_f64() * 1e6 / (load.requests + 1) as f64,
            rps: load.rps,
            p50_us: f64::from(load.p50_us),
            p99_us: f64::from(load.p99_us),
        })
    }

    /// One run of the load generator; a wrong answer is an error.
    fn load(&self, loaded: &Loaded, connections: u32) -> Result<Load> {
        let (connections, seconds) = (connections.to_string(), TURN_SECONDS.to_string());
        let mut command = self.cores.load(&self.load);
        command.args(["--connections", &connections, "--seconds", &seconds]);
        for server in &loaded.servers {
            command.args(["--url", server.url()]);
        }
        if let Some(token) = &loaded.token {
            command.env("BENCH_TOKEN", token);
        }
        let printed = process::capture_within(LOAD_LIMIT, &mut command)?;
        let load: Load = serde_json::from_str(&printed).context("cannot read what the load generator printed")?;
        let reason = load.first_error.as_deref().unwrap_or_default();
        ensure!(load.errors == 0, "{} of {} answers were wrong: {reason}", load.errors, load.requests);
        ensure!(load.requests > 0, "no request was answered");
        Ok(load)
    }
}

/// A server under load: a process, or several replicas.
struct Loaded {
    servers: Vec<Server>,
    /// What it asks for.
    token: Option<String>,
}

impl Loaded {
    /// A server that asks for nothing.
    fn open(server: Server) -> Self {
        Self { servers: vec![server], token: None }
    }

    /// What all its processes have used.
    fn cpu(&self) -> Result<Cpu> {
        self.servers.iter().map(|server| Cpu::of(server.pid())).sum()
    }

    fn stop(self) -> Result<()> {
        self.servers.into_iter().try_for_each(Server::stop)
    }

    fn kill(self) -> Result<()> {
        self.servers.into_iter().try_for_each(Server::kill)
    }
}
