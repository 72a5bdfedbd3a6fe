//! Gets a token by client credentials (RFC 6749 §4.4).

use std::io;

use anyhow::{Context as _, Result, anyhow};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope, TokenResponse as _, TokenUrl,
};
use outboard_fetch::{FetchError, Fetcher, Reach, Request, Target, TargetError};
use zeroize::Zeroizing;

use super::discover::Source;

/// Who asks. There is no `Debug`, which would show the secret.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
}

/// Asks the issuer for a token with these scopes; without any, it decides.
pub(super) async fn token(fetcher: &Fetcher, source: &Source, client: &Client, scopes: &[String]) -> Result<String> {
    let endpoint = TokenUrl::new(source.token_endpoint.to_string()).context("the token endpoint is no URL")?;
    let oauth = BasicClient::new(ClientId::new(client.id.clone()))
        .set_client_secret(ClientSecret::new(client.secret.to_string()))
        .set_auth_type(AuthType::BasicAuth)
        .set_token_uri(endpoint);
    let mut grant = oauth.exchange_client_credentials().add_scopes(scopes.iter().cloned().map(Scope::new));
    if let Some(resource) = &source.resource {
        grant = grant.add_extra_param("resource", resource);
    }
    let answered = grant.request_async(&|request: HttpRequest| send(fetcher.clone(), request)).await;
    let response = answered.map_err(|error| match error {
        // What the issuer says is for its clients to read, and it is bounded.
        RequestTokenError::ServerResponse(refusal) => anyhow!("{} gives no token: {refusal}", source.issuer),
        RequestTokenError::Request(error) => {
            anyhow::Error::new(error).context(format!("{} cannot be asked", source.issuer))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            anyhow!("{} gave an answer that is none (RFC 6749 §5)", source.issuer)
        }
    })?;
    Ok(response.access_token().secret().clone())
}

/// Why the issuer could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// It is nowhere that we would go.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It does not answer as it should.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its answer has a head that cannot be passed on.
    #[error("the answer cannot be read")]
    Answer(#[source] io::Error),
}

/// One request of the OAuth library, within our bounds.
async fn send(fetcher: Fetcher, request: HttpRequest) -> Result<HttpResponse, SendError> {
    let (head, body) = request.into_parts();
    // A person typed the URL that leads here.
    let target = Target::parse(&head.uri.to_string(), Reach::AnyAddress)?;
    let response =
        fetcher.send(Request { headers: head.headers, ..Request::new(head.method, target, body.into()) }).await?;
    let mut answer = http::Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        headers.clone_from(response.headers());
    }
    let body = response.bytes().await?.to_vec();
    answer.body(body).map_err(|error| SendError::Answer(io::Error::other(error)))
}
