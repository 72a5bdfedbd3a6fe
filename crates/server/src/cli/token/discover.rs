//! From the URL of a server to where its tokens come from: what every client does (MCP 2026-07-28 *Authorization*).

use anyhow::{Context as _, Result, bail, ensure};
use outboard_fetch::{Fetcher, Reach, Request, Target};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

/// Where a token comes from, and what it is for.
pub(super) struct Source {
    pub(super) issuer: String,
    pub(super) token_endpoint: Url,
    /// What the token is to be for (RFC 8707).
    pub(super) resource: Option<String>,
}

/// What a protected resource says of itself (RFC 9728 §2).
#[derive(Deserialize)]
struct ProtectedResourceMetadata {
    resource: String,
    authorization_servers: Vec<String>,
}

/// What an issuer says of itself (RFC 8414 §2).
#[derive(Deserialize)]
struct IssuerMetadata {
    issuer: String,
    token_endpoint: Url,
}

/// Asks a server which issuer it trusts, and that issuer where it gives out tokens.
pub(super) async fn of_server(fetcher: &Fetcher, server: &Url, issuer: Option<&str>) -> Result<Source> {
    let metadata: ProtectedResourceMetadata = first_of(fetcher, &well_known(server, "oauth-protected-resource"))
        .await
        .with_context(|| format!("{server} does not say where its tokens come from"))?;
    let chosen = match (issuer, metadata.authorization_servers.as_slice()) {
        (Some(issuer), known) if known.iter().any(|one| one == issuer) => issuer,
        (Some(issuer), known) => bail!("{server} takes no tokens of {issuer}, only of {}", known.join(", ")),
        (None, [one]) => one,
        (None, []) => bail!("{server} names no issuer of tokens"),
        (None, several) => {
            bail!("{server} takes tokens of several issuers: name one by --issuer: {}", several.join(", "))
        }
    };
    Ok(Source { resource: Some(metadata.resource), ..of_issuer(fetcher, chosen).await? })
}

/// Asks an issuer where it gives out tokens.
pub(super) async fn of_issuer(fetcher: &Fetcher, issuer: &str) -> Result<Source> {
    let url = Url::parse(issuer).with_context(|| format!("'{issuer}' is no URL"))?;
    let mut places = well_known(&url, "oauth-authorization-server");
    places.extend(well_known(&url, "openid-configuration"));
    let mut appended = url.clone();
    appended.set_path(&format!("{}/.well-known/openid-configuration", url.path().trim_end_matches('/')));
    places.push(appended);
    let metadata: IssuerMetadata =
        first_of(fetcher, &places).await.with_context(|| format!("{issuer} does not say where it gives out tokens"))?;
    // Another name would be another issuer's document (RFC 8414 §3.3).
    ensure!(metadata.issuer == issuer, "what {issuer} says of itself is of {}", metadata.issuer);
    Ok(Source { issuer: metadata.issuer, token_endpoint: metadata.token_endpoint, resource: None })
}

/// The well-known URI of this kind for a URL with a path, then that for its host.
fn well_known(url: &Url, kind: &str) -> Vec<Url> {
    let at = |path: &str| {
        let mut place = url.clone();
        place.set_query(None);
        place.set_path(&format!("/.well-known/{kind}{path}"));
        place
    };
    let path = url.path().trim_end_matches('/');
    if path.is_empty() { vec![at("")] } else { vec![at(path), at("")] }
}

/// The first of these documents that is there.
async fn first_of<T: DeserializeOwned>(fetcher: &Fetcher, places: &[Url]) -> Result<T> {
    let mut last = None;
    for place in places {
        match document(fetcher, place).await {
            Ok(document) => return Ok(document),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("there is nowhere to look")))
}

async fn document<T: DeserializeOwned>(fetcher: &Fetcher, place: &Url) -> Result<T> {
    // A person typed the URL that leads here.
    let target = Target::parse(place.as_str(), Reach::AnyAddress)?;
    let response = fetcher.send(Request::get(target)).await?;
    ensure!(response.status().is_success(), "{place} answered {}", response.status());
    let bytes = response.bytes().await?;
    serde_json::from_slice(&bytes).with_context(|| format!("what {place} answered is no metadata"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_asked_for_before_the_host() {
        let cases: [(&str, &[&str]); 3] = [
            ("https://a.example", &["https://a.example/.well-known/x"]),
            ("https://a.example/", &["https://a.example/.well-known/x"]),
            (
                "https://a.example/b/mcp?q",
                &["https://a.example/.well-known/x/b/mcp", "https://a.example/.well-known/x"],
            ),
        ];
        for (url, expected) in cases {
            let places: Vec<String> = well_known(&url.parse().unwrap(), "x").iter().map(Url::to_string).collect();
            assert_eq!(places, expected, "{url}");
        }
    }
}
