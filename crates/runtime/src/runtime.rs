//! The runtime: the catalog behind the call stack, as one service.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;
use outboard_protocol::encode::ServerIdentity;
use outboard_protocol::headers::HeaderParameters;
use outboard_protocol::types::Tool;
use pin_project_lite::pin_project;
use tokio::sync::watch;
use tower_service::Service;

use crate::call::Call;
use crate::catalog::{Catalog, CatalogError, Snapshot};
use crate::outcome::Outcome;
use crate::provider::Offer;
use crate::schema::SchemaLimits;
use crate::stack::{self, Stack};

/// Bounds on what calls may cost.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// How long a call may take. Default: 60 s.
    pub deadline: Duration,
    /// How many tools may run at once. Default: 1,024.
    pub concurrent_calls_max: usize,
    /// Bounds on the schemas of tools.
    pub schema: SchemaLimits,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(60), concurrent_calls_max: 1_024, schema: SchemaLimits::default() }
    }
}

/// Answers calls. Clones share everything and are cheap.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
    stack: Stack,
}

struct Shared {
    catalog: Catalog,
    identity: ServerIdentity,
    limits: SchemaLimits,
    current: Arc<ArcSwap<Snapshot>>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("catalog", &self.shared.catalog).finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime over a catalog.
    ///
    /// A provider's tool that cannot be offered is left out, now as [later](Self::follow).
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when one of the native tools cannot be offered: two have one name, or a name, a
    /// schema or an annotation in it is wrong.
    pub fn new(catalog: Catalog, config: &RuntimeConfig) -> Result<Self, CatalogError> {
        let (snapshot, withheld) = Snapshot::take(&catalog, &config.schema);
        if let Some(error) = withheld.native.into_iter().next() {
            return Err(error);
        }
        report(&withheld.provided);
        let current = Arc::new(ArcSwap::from_pointee(snapshot));
        let stack = stack::build(&current, config);
        let identity = ServerIdentity::new(catalog.server.clone());
        Ok(Self { shared: Arc::new(Shared { catalog, identity, limits: config.schema, current }), stack })
    }

    /// Who answers.
    #[must_use]
    pub fn identity(&self) -> &ServerIdentity {
        &self.shared.identity
    }

    /// The tools that are offered now, as they are listed.
    #[must_use]
    pub fn tools(&self) -> Vec<Tool> {
        self.shared.current.load().list.page().tools.clone()
    }

    /// The arguments of a tool that headers must repeat; `None` when it has no such arguments, or is not offered.
    #[must_use]
    pub fn header_parameters(&self, tool: &str) -> Option<Arc<HeaderParameters>> {
        self.shared.current.load().tool(tool)?.header_parameters.clone()
    }

    /// Follows the offers of the catalog's providers; to be run beside the server. Ends when no provider is left that
    /// could change.
    ///
    /// A tool that cannot be offered is left out, with a line in the log: what one provider brings must not take the tools
    /// of the others away.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops following; what was taken over stays.
    pub async fn follow(&self) {
        let receivers = self.shared.catalog.mounted.iter().map(|mounted| mounted.provider.offers());
        let mut changes: SelectAll<_> = receivers.map(changes_of).collect();
        // An offer may have changed before this began to follow it.
        self.refresh();
        while changes.next().await.is_some() {
            self.refresh();
        }
    }

    /// Takes the providers' offers as they are now.
    pub fn refresh(&self) {
        let (snapshot, withheld) = Snapshot::take(&self.shared.catalog, &self.shared.limits);
        report(&withheld.provided);
        self.shared.current.store(Arc::new(snapshot));
    }
}

fn report(withheld: &[CatalogError]) {
    for error in withheld {
        tracing::warn!(%error, "a tool is withheld");
    }
}

/// A stream with one item per change.
fn changes_of(receiver: watch::Receiver<Arc<Offer>>) -> impl futures_util::Stream<Item = ()> + Unpin {
    Box::pin(futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.changed().await.ok()?;
        Some(((), receiver))
    }))
}

impl Service<Call> for Runtime {
    type Response = Outcome;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        ResponseFuture { inner: self.stack.call(call) }
    }
}

pin_project! {
    /// Ends with the outcome of a call.
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the call: the handler's future is dropped with it.
    pub struct ResponseFuture {
        #[pin]
        inner: <Stack as Service<Call>>::Future,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl std::fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
