//! Streamable HTTP as a `tower` service: one HTTP request in, one HTTP response out.

pub(crate) mod body;
pub(crate) mod config;
mod first_poll;
pub(crate) mod headers;
mod host_origin;
mod listen;
pub(crate) mod media;
mod modern;
mod read;
pub(crate) mod refusal;
pub(crate) mod respond;
pub(crate) mod sse;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use outboard_identity::Principal;
use outboard_protocol::headers::{HeaderMismatch, Values};
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::{Era, EraDecision, Header, Message, RawJson, RequestId, Revision, decide_era, revision};
use outboard_runtime::Runtime;
use outboard_store::{SessionLimits, Sessions};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

pub use body::Body;
pub use config::{Authentication, HttpConfig, LegacyConfig};
use headers::PROTOCOL_VERSION;
pub use host_origin::{HostOriginLayer, HostOriginPolicy, HostOriginService, OriginError};
use refusal::Refusal;

use crate::legacy::http::Legacy;
use crate::streams::Streams;
use crate::subscription::SubscriptionLimits;

/// Streamable HTTP over a [`Runtime`]. Clones share everything and are cheap.
///
/// Serves POST (both eras), GET (legacy: the stream of a session, and the rest of an answer) and DELETE (legacy: ends a
/// session) at whatever path it is mounted; every other method is 405. Mount [`HostOriginLayer`] in front of it.
#[derive(Clone, Debug)]
pub struct StreamableHttp {
    endpoint: Arc<Endpoint>,
}

/// What a transport needs to end in order.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Runs legacy calls, which outlive the connection that brought them, and little that is to be done after a stream.
    /// Whoever drains waits for it.
    pub tasks: TaskTracker,
    /// Cancelled when the server drains: streams that wait for notifications end, calls go on.
    pub draining: CancellationToken,
}

/// Where HTTP requests of both eras arrive: what all of them share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) runtime: Runtime,
    pub(crate) sessions: Sessions,
    pub(crate) config: HttpConfig,
    /// Who calls where nobody is asked; made once.
    local: Principal,
    /// Runs what outlives its connection.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when streams that wait for notifications are to end.
    pub(crate) drain: CancellationToken,
    /// The streams that wait for notifications, of both eras.
    pub(crate) streams: Streams,
    pub(crate) legacy: Legacy,
}

impl StreamableHttp {
    /// A transport over `runtime`, whose store holds the legacy sessions too.
    #[must_use]
    pub fn new(runtime: Runtime, shutdown: Shutdown, config: HttpConfig) -> Self {
        let streams = Streams::new(config.streams_max_per_principal, config.streams_max);
        let SubscriptionLimits { uris_max: subscriptions_max, uri_bytes_max } = config.subscriptions;
        let sessions = Sessions::new(runtime.store(), config.legacy.session_max_age)
            .with_limits(SessionLimits { subscriptions_max, uri_bytes_max });
        let legacy = Legacy::new(&runtime, &config.legacy);
        let local = Principal::local();
        let Shutdown { tasks, draining: drain } = shutdown;
        Self { endpoint: Arc::new(Endpoint { runtime, sessions, config, local, tasks, drain, streams, legacy }) }
    }

    /// Says to other replicas over the same store, and hears from them, which requests their clients took back: a legacy
    /// client may tell a replica on which its call does not run. Runs beside the server, until the last call has ended, and
    /// never ends itself. Not needed where there is one replica.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is said or heard any more; what waits is said when it runs again.
    pub async fn run(&self) -> Infallible {
        self.endpoint.legacy.run().await
    }
}

impl<B> Service<Request<B>> for StreamableHttp
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let endpoint = Arc::clone(&self.endpoint);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let served = match parts.method {
                Method::POST => endpoint.post(parts, body).await,
                Method::GET => endpoint.get(&parts).await,
                Method::DELETE => endpoint.delete(&parts).await,
                _ => Err(Refusal::MethodNotAllowed),
            };
            Ok(served.unwrap_or_else(|refusal| refusal.response()))
        })
    }
}

impl Endpoint {
    async fn post<B>(self: &Arc<Self>, parts: request::Parts, body: B) -> Result<Response<Body>, Refusal>
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>,
    {
        media::check_content(&parts.headers)?;
        let accepts = media::accepts(&parts.headers)?;
        let principal = self.principal(&parts)?;
        let bytes = read::bounded(&parts.headers, body, &self.config).await?;
        let posted = Posted { parts: &parts, accepts, principal, bytes: &bytes };
        let message = match Message::parse(&bytes) {
            Err(MessageError::Batch) => return self.batch(posted).await,
            parsed => parsed?,
        };
        let version = version_header(&parts.headers).map_err(|error| Refusal::protocol(id_of(&message), error))?;
        let session = self.named_session(version, &posted).map_err(|refusal| refusal.to(id_of(&message)))?;
        match decide(version, &message, session.revision())? {
            EraDecision::Modern(_) | EraDecision::ModernUnknown(_) => self.modern(posted, message).await,
            EraDecision::Legacy(_) => self.legacy(posted, message, session).await,
            EraDecision::Mismatch => Err(Refusal::protocol(id_of(&message), HeaderMismatch::EraMismatch)),
        }
    }

    pub(crate) fn principal(&self, parts: &request::Parts) -> Result<Principal, Refusal> {
        match self.config.authentication {
            Authentication::None => Ok(self.local.clone()),
            Authentication::RequestExtension => {
                parts.extensions.get::<Principal>().cloned().ok_or(Refusal::NoPrincipal)
            }
        }
    }
}

/// What was posted, beside the message itself.
pub(crate) struct Posted<'a> {
    pub(crate) parts: &'a request::Parts,
    pub(crate) accepts: media::Accepts,
    pub(crate) principal: Principal,
    /// The body: what the message is made of slices of.
    pub(crate) bytes: &'a Bytes,
}

/// Decides the era of a posted message.
fn decide<'a>(
    header: Header<'a>,
    message: &Message,
    session: Option<&'static Revision>,
) -> Result<EraDecision<'a>, Refusal> {
    // A modern header decides by itself: `_meta` is read once, where it is checked.
    let modern_meta = may_be_legacy(header) && has_modern_meta(message)?;
    Ok(decide_era(header, modern_meta, session))
}

/// What `MCP-Protocol-Version` says.
pub(crate) fn version_header(headers: &HeaderMap) -> Result<Header<'_>, HeaderMismatch> {
    let value = match headers::values(headers, &PROTOCOL_VERSION) {
        Values::None => None,
        Values::One(value) => Some(value),
        Values::Many => return Err(HeaderMismatch::Repeated { header: PROTOCOL_VERSION.as_str().into() }),
    };
    // What is no text names no revision.
    let value = value.map(|value| std::str::from_utf8(value).unwrap_or("\u{fffd}").trim_matches([' ', '\t']));
    Ok(Header::read(value, revision::SERVED))
}

/// The id of a message that wants an answer.
pub(crate) fn id_of(message: &Message) -> Option<RequestId> {
    match message {
        Message::Request(request) => Some(request.id.clone()),
        Message::Notification(_) | Message::Response(_) => None,
    }
}

/// Whether the header leaves it open that the request is a legacy one.
pub(crate) fn may_be_legacy(header: Header<'_>) -> bool {
    match header {
        Header::Absent => true,
        Header::Known(revision) => revision.era == Era::Legacy,
        Header::Unknown(_) => false,
    }
}

pub(crate) fn has_modern_meta(message: &Message) -> Result<bool, Refusal> {
    let params: Option<&RawJson> = match message {
        Message::Request(request) => request.params.as_ref(),
        Message::Notification(notification) => notification.params.as_ref(),
        Message::Response(_) => return Ok(false),
    };
    crate::modern::has_modern_meta(params).map_err(|error| Refusal::protocol(id_of(message), error))
}

/// A response that only has a status.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A JSON response.
pub(crate) fn json<B: From<Bytes>>(status: StatusCode, body: Vec<u8>) -> Response<B> {
    let mut response = Response::new(B::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
