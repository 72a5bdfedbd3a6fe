//! The log: to standard error, for people at a terminal, as JSON lines everywhere else.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat, ProcessEnvironment, style_for};
use crate::diagnostics::Style;

/// Starts the log of this process; once.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(log.level.as_str())?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let for_people = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let started = if for_people {
        let coloured = style_for(&std::io::stderr(), &ProcessEnvironment) == Style::Coloured;
        builder.with_ansi(coloured).with_target(false).compact().try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}
