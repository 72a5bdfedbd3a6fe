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

use self::discover::{ChosenBy, Source};
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
    let chosen_by = if arguments.issuer.is_some() { ChosenBy::Person } else { ChosenBy::Server };
    let mut source = match (&server, &arguments.issuer) {
        (Some(server), named) => {
            let issuer = discover::issuer_of(&fetcher, server, named.as_deref()).await.map_err(Failure::Unavailable)?;
            may_be_asked(arguments, &issuer.name, chosen_by)?;
            discover::of_server(&fetcher, issuer).await.map_err(Failure::Unavailable)?
        }
        (None, Some(issuer)) => {
            may_be_asked(arguments, issuer, chosen_by)?;
            discover::of_issuer(&fetcher, issuer).await.map_err(Failure::Unavailable)?
        }
        (None, None) => return Err(Failure::Usage(anyhow!("neither a server nor an issuer is named"))),
    };
    if let Some(resource) = &arguments.resource {
        source.resource = Some(resource.clone());
    }
    let client = client(arguments, &source).map_err(Failure::Usage)?;
    discover::may_have_secret(&source, chosen_by).map_err(|error| Failure::Unavailable(error.into()))?;
    let token = grant::token(&fetcher, &source, &client, &arguments.scope).await.map_err(Failure::Unavailable)?;
    Ok(Zeroizing::new(token))
}

/// The client of the flags has a secret. That of the issuer for development is told to no other issuer anyway.
fn may_be_asked(arguments: &TokenArgs, issuer: &str, chosen_by: ChosenBy) -> Result<(), Failure> {
    if arguments.client_id.is_none() {
        return Ok(());
    }
    discover::may_be_asked(issuer, chosen_by).map_err(|error| Failure::Usage(error.into()))
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
            "{} knows no client of this machine: name one by --client-id and --issuer (or, for `serve --dev-issuer`, the state directory \
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use outboard_testkit::authority::{Authority, Fault, Scripted};
    use serde_json::json;

    use super::*;
    use crate::cli::auth_args::AuthCommand;
    use crate::cli::{Cli, Command};

    const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource";

    /// A server that names this issuer, and an issuer at the same place that gives out a token.
    async fn naming(issuer: Option<&str>) -> Authority {
        let authority = Authority::start().await;
        let issuer = issuer.unwrap_or_else(|| authority.issuer()).to_owned();
        let metadata = json!({"resource": authority.url(), "authorization_servers": [issuer]});
        authority.set(RESOURCE_METADATA, Fault::Answer(Scripted::json(metadata.to_string())));
        let token = json!({"access_token": "a-token", "token_type": "Bearer"});
        authority.set("/token", Fault::Answer(Scripted::json(token.to_string())));
        authority.set_metadata("token_endpoint", json!(format!("{}/token", authority.url())));
        authority
    }

    /// What is typed behind `outboard token`, with a client whose secret is in a file.
    async fn asked(words: &[&str]) -> Result<Zeroizing<String>, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        std::fs::write(&secret, "canary-secret").unwrap();
        let client = ["--client-id", "ci", "--client-secret-file", secret.to_str().unwrap()];
        let typed = ["outboard", "token"].iter().chain(words).chain(&client);
        let Command::Auth(AuthCommand::Token(arguments)) = Cli::try_parse_from(typed).unwrap().command else {
            panic!("it is about a token")
        };
        token(&arguments).await
    }

    #[tokio::test]
    async fn an_issuer_elsewhere_that_only_the_server_names_gets_no_secret() {
        for issuer in ["https://login.example.com", "http://login.example.com"] {
            let server = naming(Some(issuer)).await;
            match asked(&[server.url()]).await {
                Err(Failure::Usage(error)) => {
                    let told = format!("the server alone names {issuer}, which would get the client's secret");
                    assert!(error.to_string().starts_with(&told), "{error}");
                }
                other => panic!("{issuer}: {:?}", other.is_ok()),
            }
            assert_eq!(server.count_all(), server.count(RESOURCE_METADATA), "nothing else is asked");
        }
    }

    #[tokio::test]
    async fn a_server_that_speaks_of_another_ones_tokens_gets_none() {
        let server = naming(None).await;
        let metadata = json!({"resource": "https://victim.example/mcp", "authorization_servers": [server.issuer()]});
        server.set(RESOURCE_METADATA, Fault::Answer(Scripted::json(metadata.to_string())));
        match asked(&[server.url(), "--issuer", server.issuer()]).await {
            Err(Failure::Unavailable(error)) => assert!(error.to_string().contains("victim.example"), "{error}"),
            other => panic!("{:?}", other.is_ok()),
        }
        assert_eq!(server.count("/token"), 0);
    }

    #[tokio::test]
    async fn an_issuer_on_this_machine_need_not_be_named() {
        let server = naming(None).await;
        assert_eq!(*asked(&[server.url()]).await.ok().unwrap(), "a-token");
        assert_eq!(*asked(&[server.url(), "--issuer", server.issuer()]).await.ok().unwrap(), "a-token");
        assert_eq!(*asked(&["--issuer", server.issuer()]).await.ok().unwrap(), "a-token");
        assert_eq!(server.count("/token"), 3);
    }

    #[tokio::test]
    async fn a_token_endpoint_in_the_clear_gets_no_secret() {
        let server = naming(None).await;
        for endpoint in ["http://login.example.com/token", "http://192.0.2.1/token", "javascript:alert(1)"] {
            server.set_metadata("token_endpoint", json!(endpoint));
            for words in [&[server.url()][..], &["--issuer", server.issuer()]] {
                match asked(words).await {
                    Err(Failure::Unavailable(error)) => assert!(error.to_string().contains(endpoint), "{error}"),
                    other => panic!("{endpoint}: {:?}", other.is_ok()),
                }
            }
        }
        // A server alone must not lead the secret off this machine, by whatever way.
        server.set_metadata("token_endpoint", json!("https://login.example.com/token"));
        assert!(matches!(asked(&[server.url()]).await, Err(Failure::Unavailable(_))));
        assert_eq!(server.count("/token"), 0);
    }
}
