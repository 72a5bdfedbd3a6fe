//! `serve`: from flags and config to what is served, and how.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use outboard_runtime::Catalog;

use crate::cli::ServeArgs;
use crate::config::{Config, ProcessEnvironment, Transport, style_for};
use crate::program::{Failure, block_on};
use crate::{demo, logging, serve};

/// The config file that is read where none is named.
pub(crate) const DEFAULT_CONFIG: &str = "outboard.toml";

pub(crate) fn run(arguments: &ServeArgs, catalog: Catalog) -> Result<ExitCode, Failure> {
    let path = arguments.config.clone().or_else(|| default_config(arguments));
    let loaded = Config::load(path.as_deref(), &arguments.overrides(), &ProcessEnvironment).map_err(Failure::Config)?;
    logging::start(&loaded.config.log).map_err(Failure::Ours)?;
    if !loaded.warnings.is_empty() {
        let text = loaded.warnings.to_text(style_for(&std::io::stderr(), &ProcessEnvironment));
        drop(std::io::stderr().write_all(text.as_bytes()));
    }
    // Somebody who imports servers, all of which are left out, does not want others in their place.
    let is_demo = catalog.is_empty() && loaded.config.backends.is_empty() && arguments.lift.import.is_empty();
    let catalog = if is_demo { demo::add_to(catalog) } else { catalog };
    // A person who typed a command wants to hear at once that it cannot be started; a service starts with what it has.
    let wants_all = !arguments.lift.stdio.is_empty();
    block_on(async {
        match loaded.config.transport {
            Transport::Http => Box::pin(serve::http::serve(loaded.config, catalog, wants_all)).await?,
            Transport::Stdio => serve::stdio::serve(&loaded.config, catalog, wants_all).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `outboard.toml` in this directory. Flags that say what to serve stand for themselves.
fn default_config(arguments: &ServeArgs) -> Option<PathBuf> {
    let path = PathBuf::from(DEFAULT_CONFIG);
    let is_said = !arguments.lift.stdio.is_empty() || !arguments.lift.import.is_empty();
    (!is_said && path.is_file()).then_some(path)
}
