//! The issuer as a tower service: every request takes the same way from its `Host` to its endpoint.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use outboard_fetch::Fetcher;
use tower_service::Service;

use crate::authorize::{authorize, consent, sign_in};
use crate::config::IssuerConfig;
use crate::error::{IssuerError, KeyError};
use crate::http::{
    Answer, Caller, Expected, Unread, after_form, allow, check_host, empty, is_shown, json, read, refused,
};
use crate::inner::Inner;
use crate::introspect::introspect;
use crate::metadata;
use crate::refusal::{ErrorCode, Refusal};
use crate::registration::register;
use crate::revoke::revoke;
use crate::route::Route;
use crate::settings::Settings;
use crate::token::token;

/// An authorization server (OAuth 2.1, draft-ietf-oauth-v2-1) in this process. Cheap to clone; clones are one server.
///
/// It is a tower service for the paths of [`Issuer::paths`] and answers 404 to others. It is always ready and never fails.
/// Its futures need a tokio runtime with time.
#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
}

impl Issuer {
    /// Builds an issuer with one signing key and an empty memory. The `fetcher` fetches client ID metadata documents.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] for a configuration that cannot be right, above all an issuer that is not on loopback.
    pub fn new(config: IssuerConfig, fetcher: Fetcher) -> Result<Self, IssuerError> {
        let inner = Inner::new(Settings::check(config)?, fetcher)?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The issuer identifier (RFC 8414 §2), without a slash at the end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.inner.settings.issuer
    }

    /// The JWK set as it is served (RFC 7517 §5), for a resource server in the same process.
    #[must_use]
    pub fn jwks_json(&self) -> String {
        self.inner.jwks().to_string()
    }

    /// Signs with a new key from now on. Earlier keys, seven at most, stay in the JWK set.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if there is no new key; the old one then stays.
    pub fn rotate_keys(&self) -> Result<(), KeyError> {
        self.inner.rotate_keys()
    }

    /// Whether this server answers at `path`.
    #[must_use]
    pub fn handles(&self, path: &str) -> bool {
        Route::find(&self.inner.settings.base, path).is_some()
    }

    /// Every path that this server answers at, well-known ones included.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        Route::paths(&self.inner.settings.base)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Issuer
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<bytes::Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { Ok(answer(&inner, request).await) })
    }
}

/// Host, path, origin, method, then the endpoint.
async fn answer<B>(inner: &Inner, request: Request<B>) -> Answer
where
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let settings = &inner.settings;
    let authority = match check_host(&parts, settings.host(), settings.port) {
        Ok(authority) => authority,
        Err(status) => return empty(status),
    };
    let Some(route) = Route::find(&settings.base, parts.uri.path()) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let caller = Caller::of(&parts.headers, &authority, &settings.config.allowed_origins);
    if parts.method == Method::OPTIONS {
        return caller.preflight(route.guarded(), route.methods());
    }
    if !caller.may(route.guarded()) || !is_shown(&parts.headers, route.guarded()) {
        return empty(StatusCode::FORBIDDEN);
    }
    let answer =
        if route.takes(&parts.method) { endpoint(inner, route, &parts, body).await } else { allow(route.methods()) };
    caller.share(route.guarded(), answer)
}

async fn endpoint<B>(inner: &Inner, route: Route, parts: &Parts, body: B) -> Answer
where
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let query = parts.uri.query().unwrap_or_default();
    match route {
        Route::ServerMetadata => return json(StatusCode::OK, &metadata::server(&inner.settings)),
        Route::OpenIdMetadata => return json(StatusCode::OK, &metadata::openid(&inner.settings)),
        Route::Jwks => return json(StatusCode::OK, &inner.jwks()),
        Route::Authorize => return authorize(inner, query, &parts.headers).await,
        Route::SignIn | Route::Consent | Route::Token | Route::Register | Route::Introspect | Route::Revoke => {}
    }
    if !query.is_empty() {
        // Secrets in a URL end in logs (OAuth 2.1 §3.2.2).
        return refused(Refusal::new(ErrorCode::InvalidRequest, "parameters go into the body"));
    }
    let expected = if route == Route::Register { Expected::Json } else { Expected::Form };
    let body = match read(&parts.headers, body, expected, &inner.settings.bounds).await {
        Ok(body) => body,
        Err(unread) => return unread_answer(unread),
    };
    match route {
        Route::SignIn => after_form(sign_in(inner, &parts.headers, &body)),
        Route::Consent => after_form(consent(inner, &parts.headers, &body)),
        Route::Token => token(inner, &parts.headers, &body),
        Route::Register => register(inner, &body),
        Route::Introspect => introspect(inner, &parts.headers, &body),
        Route::Revoke => revoke(inner, &parts.headers, &body),
        Route::ServerMetadata | Route::OpenIdMetadata | Route::Jwks | Route::Authorize => empty(StatusCode::NOT_FOUND),
    }
}

fn unread_answer(unread: Unread) -> Answer {
    let reason = match unread {
        Unread::MediaType => "the body is not of the media type that is taken here",
        Unread::TooLong => "the body is too long",
        Unread::TooLate => "the body did not come in time",
        Unread::Broken => "the body broke off",
    };
    let mut answer = refused(Refusal::new(ErrorCode::InvalidRequest, reason));
    *answer.status_mut() = unread.status();
    answer
}
