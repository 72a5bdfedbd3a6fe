//! A load generator for one tool call: keep-alive connections over raw HTTP/1.1, every answer compared byte by byte.
//!
//! `bench-load --url URL… --connections N --seconds S` prints one JSON object; `BENCH_TOKEN` is sent as a bearer token. Of
//! several URLs each has its share of the connections, and all have to answer the same bytes. It is one thread, so that it
//! can be given one core, and it measures nothing about the server's process: that is the caller's business.

mod expect;
mod run;
mod wire;

use std::{
    io::{self, Write as _},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::wire::{Target, Token};

#[derive(Debug, Parser)]
#[command(about = "Calls the tool `echo` of a modern MCP server as often as it can, and verifies every answer")]
struct Arguments {
    /// The endpoint, `http://ADDRESS:PORT/PATH`; once for each replica.
    #[arg(long = "url", value_name = "URL", required = true)]
    urls: Vec<Target>,
    /// A bearer token to send with each request; by variable, so that it stands in no list of processes.
    #[arg(long, env = "BENCH_TOKEN", hide_env_values = true)]
    token: Option<Token>,
    /// How many connections, each with one request at a time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    connections: u32,
    /// For how long.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let limit = Duration::from_secs(arguments.seconds);
    let report = run::load(&arguments.urls, arguments.token.as_ref(), arguments.connections, limit).await?;
    let text = serde_json::to_string(&report).context("cannot serialise the report")?;
    writeln!(io::stdout(), "{text}").context("cannot print the report")
}
