//! `doctor token`: which checks a token passes with this config, and which it does not. The token itself is never printed.

mod report;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use outboard_auth::{Explanation, ResourceServer, ScopeSet};

use super::auth_args::{DoctorArgs, DoctorCommand, DoctorFormat, DoctorTokenArgs};
use super::secret;
use super::serve::DEFAULT_CONFIG;
use crate::config::{Config, Overrides, ProcessEnvironment};
use crate::program::{Failure, block_on};
use crate::serve::http::resource_server;

/// What a token that would be refused makes the program exit with.
const REFUSED: u8 = 1;

pub(crate) fn run(arguments: &DoctorArgs) -> Result<ExitCode, Failure> {
    match &arguments.command {
        DoctorCommand::Token(arguments) => token(arguments),
    }
}

fn token(arguments: &DoctorTokenArgs) -> Result<ExitCode, Failure> {
    let path = arguments.config.clone().or_else(|| Some(PathBuf::from(DEFAULT_CONFIG)).filter(|path| path.is_file()));
    let flags = Overrides {
        public_url: arguments.public_url.clone(),
        issuers: arguments.issuer.clone(),
        ..Overrides::default()
    };
    let config = Config::load(path.as_deref(), &flags, &ProcessEnvironment).map_err(Failure::Config)?.config;
    let token =
        secret::line(std::io::stdin().lock()).context("standard input holds no token").map_err(Failure::Usage)?;
    let server = server(&config)?;
    let explanation = block_on(async { Ok::<_, Failure>(server.explain(&token).await) })?;
    let resource = server.config().resource.as_str();
    let text = match arguments.format {
        DoctorFormat::Text => report::text(&explanation, resource),
        DoctorFormat::Json => report::json(&explanation, resource),
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::Ours(error.into()))?;
    Ok(exit_code(&explanation))
}

/// The judge that a server with this config would have.
fn server(config: &Config) -> Result<ResourceServer, Failure> {
    // A free port is not known before the server runs, so neither is what tokens for it must name.
    if config.public_url.is_none() && config.listen.port() == 0 {
        return Err(Failure::Usage(anyhow!("the config leaves the port open: set `public_url` or a port in `listen`")));
    }
    let server = resource_server(config, config.listen, &ScopeSet::default()).map_err(Failure::Unavailable)?;
    server.ok_or_else(|| {
        Failure::Usage(anyhow!(
            "this config asks nobody for a token: it has neither `[auth]` nor `[dev_issuer]`, and no --issuer is given"
        ))
    })
}

fn exit_code(explanation: &Explanation) -> ExitCode {
    if explanation.principal.is_some() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) }
}
