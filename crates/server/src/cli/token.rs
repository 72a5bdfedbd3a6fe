//! `token`: a token for scripts, from an issuer; or an API key.

mod discover;
mod grant;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use outboard_auth::{ApiKey, ScopeSet};
use outboard_fetch::{FetchConfig, Fetcher};
use url::Url;
use zeroize::Zeroizing;

use self::discover::Source;
use self::grant::Client;
use super::auth_args::TokenArgs;
use super::secret;
use crate::config::{ProcessEnvironment, state_directory};
use crate::dev_issuer::Credentials;
use crate::program::{Failure, block_on};

/// Prints a token, and nothing else, to standard output.
pub(crate) fn run(arguments: &TokenArgs) -> Result<ExitCode, Failure> {
    if let Some(name) = &arguments.api_key {
        return api_key(name, &arguments.scope).map_err(Failure::Usage);
    }
    let limit = Duration::from_secs(arguments.timeout);
    let token = block_on(async {
        tokio::time::timeout(limit, token(arguments)).await.unwrap_or_else(|_| {
            Err(Failure::Unavailable(anyhow!("there was no token within {} s (see --timeout)", limit.as_secs())))
        })
    })?;
    print(&token).map_err(Failure::Ours)?;
    Ok(ExitCode::SUCCESS)
}

/// Makes an API key: the key to standard output, and what the config needs of it beside that.
fn api_key(name: &str, scopes: &[String]) -> Result<ExitCode> {
    let scopes: ScopeSet = match scopes {
        [] => ScopeSet::default(),
        some => some.join(" ").parse().context("--scope")?,
    };
    let (key, kept) = ApiKey::generate(name, scopes.clone());
    print(&key)?;
    let lines = format!(
        "\nIt is shown this once. For the config file:\n\n[[auth.api_keys]]\nname = {name:?}\ndigest = \"sha256:{}\"\nscopes = \"{scopes}\"\n",
        kept.digest_hex()
    );
    std::io::stderr().write_all(lines.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

async fn token(arguments: &TokenArgs) -> Result<Zeroizing<String>, Failure> {
    let fetcher = Fetcher::new(FetchConfig::default()).map_err(|error| Failure::Ours(error.into()))?;
    let server = arguments.url.as_deref().map(server_url).transpose().map_err(Failure::Usage)?;
    let source = match (&server, &arguments.issuer) {
        (Some(server), issuer) => discover::of_server(&fetcher, server, issuer.as_deref()).await,
        (None, Some(issuer)) => discover::of_issuer(&fetcher, issuer).await,
        (None, None) => Err(anyhow!("neither a server nor an issuer is named")),
    };
    let mut source = source.map_err(Failure::Unavailable)?;
    if let Some(resource) = &arguments.resource {
        source.resource = Some(resource.clone());
    }
    let client = client(arguments, &source).map_err(Failure::Usage)?;
    let token = grant::token(&fetcher, &source, &client, &arguments.scope).await.map_err(Failure::Unavailable)?;
    Ok(Zeroizing::new(token))
}

fn server_url(text: &str) -> Result<Url> {
    let url = Url::parse(text).with_context(|| format!("'{text}' is no URL"))?;
    ensure!(matches!(url.scheme(), "http" | "https"), "'{text}' begins with neither https:// nor http://");
    Ok(url)
}

/// As whom to ask: the client of the flags, else that of the issuer for development that started last on this machine.
fn client(arguments: &TokenArgs, source: &Source) -> Result<Client> {
    if let Some(id) = &arguments.client_id {
        let secret = secret::of_client(arguments.client_secret_file.as_deref())?;
        return Ok(Client { id: id.clone(), secret });
    }
    let directory = state_directory(arguments.state_dir.as_deref(), &ProcessEnvironment);
    let own = match &directory {
        None => None,
        Some(directory) => {
            Credentials::load(directory).with_context(|| format!("{} cannot be read", directory.display()))?
        }
    };
    let own = own.filter(|own| own.issuer == source.issuer).with_context(|| {
        format!(
            "{} knows no client of this machine: name one by --client-id (or, for `serve --dev-issuer`, the state directory \
             of that server by --state-dir)",
            source.issuer
        )
    })?;
    Ok(Client { id: own.client_id, secret: Zeroizing::new(own.client_secret) })
}

fn print(secret: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{secret}").context("standard output cannot be written to")
}
