//! The layer that lets nobody through without a good token, and the one that asks for scopes.
//!
//! It judges every method alike. Preflights of browsers carry no token: what answers them goes outside of it.

mod answer;
mod future;
mod require;

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, header};
use outboard_identity::InboundToken;
use tower_layer::Layer;
use tower_service::Service;
use zeroize::Zeroizing;

use self::answer::Answers;
use self::future::Waiting;
use crate::bearer::{presented, token_of};
use crate::refusal::Refusal;
use crate::resource_server::ResourceServer;

pub use self::answer::{RefusalBody, denied_response};
pub use self::future::AuthFuture;
pub use self::require::{RequireLayer, RequireService};

/// Puts an [`AuthService`] in front of a service.
#[derive(Clone, Debug)]
pub struct AuthLayer {
    gate: Arc<Gate>,
}

/// What all requests to one resource are judged and answered by.
#[derive(Clone, Debug)]
struct Gate {
    server: ResourceServer,
    answers: Answers,
    inward: Inward,
}

/// What becomes of the token when its request goes on.
#[derive(Clone, Copy, Debug)]
enum Inward {
    /// It stays here.
    Nothing,
    /// It goes along, in the extensions.
    Token,
}

impl AuthLayer {
    /// A layer in front of what this server protects.
    #[must_use]
    pub fn new(server: ResourceServer) -> Self {
        let answers = Answers::new(server.config());
        Self { gate: Arc::new(Gate { server, answers, inward: Inward::Nothing }) }
    }

    /// Puts the token into the request's extensions, as [`InboundToken`]: for a service that exchanges it for another
    /// (RFC 8693). By default, nothing behind the layer ever sees it.
    #[must_use]
    pub fn keep_token(mut self) -> Self {
        Arc::make_mut(&mut self.gate).inward = Inward::Token;
        self
    }

    /// Writes the bodies of refusals by this, in place of a JSON object with `error` and `error_description`. Status and
    /// headers stay as they are. What it writes must not say why a token is not good.
    #[must_use]
    pub fn with_refusal_body(mut self, body: fn(&Refusal) -> RefusalBody) -> Self {
        Arc::make_mut(&mut self.gate).answers.write_bodies_by(body);
        self
    }
}

impl Gate {
    /// The token, where it goes along.
    fn inward(&self, presented: &[u8]) -> Option<InboundToken> {
        match self.inward {
            Inward::Nothing => None,
            Inward::Token => str::from_utf8(presented).ok().map(|token| InboundToken::new(token.to_owned())),
        }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService { gate: Arc::clone(&self.gate), inner }
    }
}

/// Passes on who brings a good token, with the [`Principal`](outboard_identity::Principal) in the request's extensions and
/// without the `Authorization` header. Everybody else is answered by the rules of RFC 6750 §3:
///
/// | refusal | status | challenge |
/// |---|---|---|
/// | [`NoToken`](Refusal::NoToken) | 401 | where to get one, and for which scopes to ask first |
/// | [`Malformed`](Refusal::Malformed) | 400 | `invalid_request` |
/// | [`Invalid`](Refusal::Invalid) | 401 | `invalid_token` |
/// | [`Unavailable`](Refusal::Unavailable) | 503 | none: the token may be good. `Retry-After` |
/// | the service behind it answered 403 with [`Denied`](outboard_identity::Denied) in the extensions | 403 | `insufficient_scope`, with every scope that the call needs |
///
/// It goes around any service whose response body can be made of bytes. A token that is remembered costs one look; for any
/// other, the request waits until it has been judged. Its body is not read before.
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    gate: Arc<Gate>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AuthFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> AuthFuture<S, B> {
        let gate = Arc::clone(&self.gate);
        let bytes_max = gate.server.config().limits.token_bytes_max;
        let presented = match presented(request.headers(), request.uri(), bytes_max) {
            Ok(presented) => presented,
            Err(refusal) => return AuthFuture::refused(gate, refusal),
        };
        let inward = gate.inward(presented);
        // What is remembered was looked at byte by byte when it was judged.
        if let Some(principal) = gate.server.remembered(presented) {
            request.headers_mut().remove(header::AUTHORIZATION);
            let waiting = Waiting { inner: &mut self.inner, request, inward };
            return AuthFuture::admitted(gate, waiting.admit(principal));
        }
        let token = match token_of(presented) {
            Ok(token) => Zeroizing::new(token.to_owned()),
            Err(malformed) => return AuthFuture::refused(gate, malformed.into()),
        };
        request.headers_mut().remove(header::AUTHORIZATION);
        let server = gate.server.clone();
        let judging = Box::pin(async move { server.authenticate(&token).await });
        // The one that is ready serves this request; its clone has yet to be asked whether it is.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        AuthFuture::judging(gate, judging, Waiting { inner, request, inward })
    }
}
