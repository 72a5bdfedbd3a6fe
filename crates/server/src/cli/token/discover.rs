//! From the URL of a server to where its tokens come from: what every client does (MCP 2026-07-28 *Authorization*).

use anyhow::{Context as _, Result, bail, ensure};
use outboard_fetch::{Fetcher, Reach, Request, Target};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

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

/// The issuer of a server's tokens.
pub(super) struct Issuer {
    pub(super) name: String,
    /// What its tokens for the server are for (RFC 8707).
    resource: String,
}

/// Who said which issuer to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChosenBy {
    /// The person who typed its name.
    Person,
    /// The server, which may be anybody's.
    Server,
}

/// Why a secret must not be sent where it would be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Unsafe {
    /// The server could name any issuer, and would have the secret of the client then.
    #[error(
        "the server alone names {issuer}, which would get the client's secret: name the issuer that knows the client by --issuer"
    )]
    NotNamed { issuer: String },
    /// Who changes what the issuer says of itself has the secret then.
    #[error("{issuer} is not https, so what it says could be changed on its way")]
    IssuerHttp { issuer: String },
    /// The secret would travel in the clear, or leave this machine where that was not said.
    #[error(
        "{issuer} has its clients send their secrets to {endpoint}, which is not safe: it must be https, or on this machine as the issuer"
    )]
    Endpoint { issuer: String, endpoint: Url },
}

/// Whether an issuer may be asked for a token with a secret. A server alone can name only one on this machine, which the
/// secret does not leave.
pub(super) fn may_be_asked(issuer: &str, chosen_by: ChosenBy) -> Result<(), Unsafe> {
    let url = Url::parse(issuer).ok();
    let issuer = || issuer.to_owned();
    match (chosen_by, url) {
        (_, Some(url)) if is_on_loopback(&url) => Ok(()),
        (ChosenBy::Server, _) => Err(Unsafe::NotNamed { issuer: issuer() }),
        (ChosenBy::Person, Some(url)) if url.scheme() == "https" => Ok(()),
        (ChosenBy::Person, _) => Err(Unsafe::IssuerHttp { issuer: issuer() }),
    }
}

/// Whether a secret may be sent to the token endpoint. RFC 8414 lets it be on another host than the issuer, over TLS.
pub(super) fn may_have_secret(source: &Source, chosen_by: ChosenBy) -> Result<(), Unsafe> {
    let endpoint = &source.token_endpoint;
    let is_local = Url::parse(&source.issuer).is_ok_and(|issuer| is_on_loopback(&issuer)) && is_on_loopback(endpoint);
    let is_safe = match (endpoint.scheme(), chosen_by) {
        ("https", ChosenBy::Person) => true,
        ("https" | "http", _) => is_local,
        _ => false,
    };
    let unsafe_endpoint = || Unsafe::Endpoint { issuer: source.issuer.clone(), endpoint: endpoint.clone() };
    is_safe.then_some(()).ok_or_else(unsafe_endpoint)
}

/// Whether a URL leads to this machine, whoever answers for names.
fn is_on_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Asks a server which issuer it trusts.
pub(super) async fn issuer_of(fetcher: &Fetcher, server: &Url, issuer: Option<&str>) -> Result<Issuer> {
    let metadata: ProtectedResourceMetadata = first_of(fetcher, &well_known(server, "oauth-protected-resource"))
        .await
        .with_context(|| format!("{server} does not say where its tokens come from"))?;
    // Another name would be another server's, and its token would be shown to this one (RFC 9728 §3.3).
    let named = metadata.resource.trim_end_matches('/');
    ensure!(
        Url::parse(named)
            .is_ok_and(|named| named.as_str().trim_end_matches('/') == server.as_str().trim_end_matches('/')),
        "{server} says that its tokens are for {named}: if that is the same server, ask by that URL"
    );
    let chosen = match (issuer, metadata.authorization_servers.as_slice()) {
        (Some(issuer), known) if known.iter().any(|one| one == issuer) => issuer,
        (Some(issuer), known) => bail!("{server} takes no tokens of {issuer}, only of {}", known.join(", ")),
        (None, [one]) => one,
        (None, []) => bail!("{server} names no issuer of tokens"),
        (None, several) => {
            bail!("{server} takes tokens of several issuers: name one by --issuer: {}", several.join(", "))
        }
    };
    Ok(Issuer { name: chosen.to_owned(), resource: metadata.resource })
}

/// Asks the issuer of a server where it gives out tokens for it.
pub(super) async fn of_server(fetcher: &Fetcher, issuer: Issuer) -> Result<Source> {
    Ok(Source { resource: Some(issuer.resource), ..of_issuer(fetcher, &issuer.name).await? })
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
    fn a_server_alone_names_only_an_issuer_of_this_machine() {
        use ChosenBy::{Person, Server};
        let named = |issuer: &str| Err(Unsafe::NotNamed { issuer: issuer.to_owned() });
        let clear = |issuer: &str| Err(Unsafe::IssuerHttp { issuer: issuer.to_owned() });
        for local in
            ["http://127.0.0.1:8090", "http://127.1:1/t", "http://[::1]:1", "http://localhost:1", "https://127.0.0.1"]
        {
            assert_eq!(may_be_asked(local, Server), Ok(()), "{local}");
            assert_eq!(may_be_asked(local, Person), Ok(()), "{local}");
        }
        for secure in [
            "https://login.example.com",
            "https://localhost.example.com",
            "https://127.0.0.1.example.com",
            "https://a.localhost",
        ] {
            assert_eq!(may_be_asked(secure, Server), named(secure));
            assert_eq!(may_be_asked(secure, Person), Ok(()));
        }
        for clear_text in [
            "http://login.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0:1",
            "http://127.0.0.1@a.example",
            "javascript:x",
            "",
        ] {
            assert_eq!(may_be_asked(clear_text, Server), named(clear_text));
            assert_eq!(may_be_asked(clear_text, Person), clear(clear_text));
        }
    }

    #[test]
    fn a_secret_travels_by_tls_or_not_at_all() {
        use ChosenBy::{Person, Server};
        // Issuer and token endpoint; whether the secret may go there when a person named the issuer, and when the server did.
        let cases = [
            ("https://a.example", "https://a.example/token", true, false),
            ("https://a.example", "https://b.example/token", true, false),
            ("https://a.example", "http://a.example/token", false, false),
            ("https://a.example", "http://127.0.0.1:1/token", false, false),
            ("http://127.0.0.1:1", "http://127.0.0.1:1/token", true, true),
            ("http://127.0.0.1:1", "http://[::1]:2/token", true, true),
            ("http://127.0.0.1:1", "https://127.0.0.1:2/token", true, true),
            ("http://127.0.0.1:1", "http://a.example/token", false, false),
            ("http://127.0.0.1:1", "https://a.example/token", true, false),
            ("http://127.0.0.1:1", "http://127.0.0.1@a.example/token", false, false),
            ("http://127.0.0.1:1", "http://10.0.0.1/token", false, false),
            ("http://127.0.0.1:1", "file:///etc/passwd", false, false),
            ("https://a.example", "javascript:alert(1)", false, false),
        ];
        for (issuer, endpoint, person, server) in cases {
            let source =
                Source { issuer: issuer.to_owned(), token_endpoint: endpoint.parse().unwrap(), resource: None };
            for (chosen_by, may) in [(Person, person), (Server, server)] {
                let judged = may_have_secret(&source, chosen_by);
                assert_eq!(judged.is_ok(), may, "{issuer} {endpoint} {chosen_by:?}");
            }
        }
    }

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
