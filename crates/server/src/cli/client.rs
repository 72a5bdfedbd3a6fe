//! `list` and `call`: a server's tools from a shell.

mod arguments;
mod print;

use std::process::ExitCode;
use std::str::FromStr as _;
use std::time::Duration;

use anyhow::Context as _;
use outboard_backend::upstream::{CallError, Client, ClientOptions, EraChoice};
use outboard_fetch::{FetchConfig, Fetcher, Reach, Target};
use outboard_protocol::types::Implementation;

use crate::cli::{CallArgs, EraArg, ListArgs, ServerArgs};
use crate::program::{Failure, block_on};

/// What a tool that reports an error makes the program exit with.
const TOOL_ERROR: u8 = 1;

/// Lists a server's tools.
pub(crate) fn list(arguments: &ListArgs) -> Result<ExitCode, Failure> {
    within_time(&arguments.server, async {
        let client = connect(&arguments.server).await?;
        let listing = client.list_tools().await.map_err(unavailable)?;
        print::tools(&client, &listing, arguments.json)?;
        close(client).await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Calls a tool.
pub(crate) fn call(arguments: &CallArgs) -> Result<ExitCode, Failure> {
    within_time(&arguments.server, async {
        let client = connect(&arguments.server).await?;
        let listing = client.list_tools().await.map_err(unavailable)?;
        let tool = listing.tools.iter().find(|tool| tool.name == arguments.tool);
        // Some servers answer the call of an unknown tool as if the tool had failed.
        if tool.is_none() {
            let names: Vec<&str> = listing.tools.iter().map(|tool| tool.name.as_str()).collect();
            let error = anyhow::anyhow!("the server has no tool '{}': it has {}", arguments.tool, names.join(", "));
            return Err(Failure::Usage(error));
        }
        let sent = arguments::read(arguments, tool).map_err(Failure::Usage)?;
        let result = client.call_tool(&arguments.tool, &sent, print::progress).await;
        let result = result.map_err(|error| match error {
            CallError::ToolUnknown { .. } | CallError::ArgumentsNotAnObject => Failure::Usage(error.into()),
            other => unavailable(other),
        })?;
        let is_error = print::result(&result, arguments.json)?;
        close(client).await;
        Ok(if is_error { ExitCode::from(TOOL_ERROR) } else { ExitCode::SUCCESS })
    })
}

fn within_time(
    server: &ServerArgs,
    work: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    block_on(async {
        tokio::time::timeout(Duration::from_secs(server.timeout), work).await.unwrap_or_else(|_| {
            let error = anyhow::anyhow!("{} did not answer within {} s (see --timeout)", server.url, server.timeout);
            Err(Failure::Unavailable(error))
        })
    })
}

async fn connect(server: &ServerArgs) -> Result<Client, Failure> {
    // A person typed the URL, so it may be one of this machine.
    let target = Target::parse(&server.url, Reach::AnyAddress)
        .with_context(|| format!("'{}' cannot be called", server.url))
        .map_err(Failure::Usage)?;
    let fetcher = Fetcher::new(FetchConfig::default()).map_err(|error| Failure::Ours(error.into()))?;
    let mut options = ClientOptions::new(Implementation::new("outboard", env!("CARGO_PKG_VERSION")));
    options.era = match server.era {
        EraArg::Auto => EraChoice::Auto,
        EraArg::Modern => EraChoice::Modern,
        EraArg::Legacy => EraChoice::Legacy,
    };
    options.call_timeout = Duration::from_secs(server.timeout);
    for header in &server.header {
        let (name, value) = read_header(header).map_err(Failure::Usage)?;
        options.headers.append(name, value);
    }
    Client::connect(fetcher, target, options).await.map_err(unavailable)
}

fn read_header(text: &str) -> anyhow::Result<(http::HeaderName, http::HeaderValue)> {
    let (name, value) = text.split_once(':').context("a header is written NAME: VALUE")?;
    let name = http::HeaderName::from_str(name.trim()).with_context(|| format!("'{name}' is no header name"))?;
    let mut value = http::HeaderValue::from_str(value.trim())
        .with_context(|| format!("the value of the header {name} has characters that headers cannot have"))?;
    // It is a credential more often than not.
    value.set_sensitive(true);
    Ok((name, value))
}

/// Ends the connection. What was asked for is done; that a server does not take the goodbye changes nothing.
async fn close(client: Client) {
    drop(client.close().await);
}

fn unavailable(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Unavailable(error.into())
}
