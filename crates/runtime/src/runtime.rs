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
use outboard_identity::{Denied, GrantedScopes, Principal, Requirement, ScopeSet};
use outboard_protocol::encode::ServerIdentity;
use outboard_protocol::headers::HeaderParameters;
use outboard_protocol::types::Tool;
use outboard_store::Store;
use pin_project_lite::pin_project;
use tokio::sync::watch;
use tower_service::Service;

use crate::call::Call;
use crate::catalog::{Catalog, CatalogError, Counts, Snapshot, SnapshotLimits};
use crate::interest::{Interest, Watching};
use crate::notify::Notify;
use crate::outcome::{Description, Outcome};
use crate::provider::Offer;
use crate::schema::SchemaLimits;
use crate::services::Services;
use crate::stack::{self, Stack};

/// Bounds on what calls may cost.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// How long a call may take. Default: 60 s.
    pub deadline: Duration,
    /// How many handlers may run at once. Default: 1,024.
    pub concurrent_calls_max: usize,
    /// Bounds on the schemas of tools.
    pub schema: SchemaLimits,
    /// How many items one page of a list has at most. Default: 250.
    pub page_items_max: usize,
    /// Bounds on asking clients.
    pub input: InputConfig,
    /// Bounds on the state between calls.
    pub state: StateConfig,
}

/// Bounds on asking clients.
#[derive(Clone, Debug)]
pub struct InputConfig {
    /// How long a question may stay open, and what a client keeps for us be used. Default: 10 min.
    pub timeout: Duration,
    /// How many rounds of questions a call may take. Default: 16.
    pub rounds_max: u32,
    /// The longest `requestState`, in bytes. Default: 64 KiB.
    pub state_bytes_max: usize,
}

/// Bounds on the state between calls.
#[derive(Clone, Debug)]
pub struct StateConfig {
    /// The largest value, in bytes. Default: 64 KiB.
    pub bytes_max: usize,
    /// How many values an owner may have. Default: 100.
    pub count_max: usize,
    /// How long a value may live. Default: 24 h.
    pub age_max: Duration,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            concurrent_calls_max: 1_024,
            schema: SchemaLimits::default(),
            page_items_max: 250,
            input: InputConfig::default(),
            state: StateConfig::default(),
        }
    }
}

impl Default for InputConfig {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(600), rounds_max: 16, state_bytes_max: 64 * 1024 }
    }
}

impl Default for StateConfig {
    fn default() -> Self {
        Self { bytes_max: 64 * 1024, count_max: 100, age_max: Duration::from_secs(24 * 60 * 60) }
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
    limits: SnapshotLimits,
    current: Arc<ArcSwap<Snapshot>>,
    services: Arc<Services>,
    interest: Arc<Interest>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("catalog", &self.shared.catalog).finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime over a catalog. What its handlers keep goes into `store`; what changes is told by `notify`.
    ///
    /// What of a provider cannot be offered is left out, now as [later](Self::follow).
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when something native cannot be offered: two have one name, or a name, a URI, a template, a schema or
    /// an annotation in it is wrong.
    pub fn new(catalog: Catalog, store: Store, notify: Notify, config: RuntimeConfig) -> Result<Self, CatalogError> {
        let limits =
            SnapshotLimits { schema: config.schema, page_items_max: config.page_items_max, listing: catalog.listing };
        let (snapshot, withheld) = Snapshot::take(&catalog, &limits);
        if let Some(error) = withheld.native.into_iter().next() {
            return Err(error);
        }
        report(&withheld.provided);
        let current = Arc::new(ArcSwap::from_pointee(snapshot));
        let providers = catalog.mounted.iter().map(|mounted| Arc::clone(&mounted.provider)).collect();
        let interest = Arc::new(Interest::new(providers, notify.catch_up()));
        let services = Arc::new(Services::new(store, notify, config));
        let stack = stack::build(&current, &services);
        let identity = ServerIdentity::new(catalog.server.clone());
        Ok(Self { shared: Arc::new(Shared { catalog, identity, limits, current, services, interest }), stack })
    }

    /// The way to tell clients of changes, and to listen for them.
    #[must_use]
    pub fn notify(&self) -> &Notify {
        &self.shared.services.notify
    }

    /// The store that the server shares with its replicas.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.services.store
    }

    /// The bounds.
    #[must_use]
    pub fn config(&self) -> &RuntimeConfig {
        &self.shared.services.config
    }

    /// Who answers.
    #[must_use]
    pub fn identity(&self) -> &ServerIdentity {
        &self.shared.identity
    }

    /// The tools that are offered now, as they are listed.
    #[must_use]
    pub fn tools(&self) -> Vec<Tool> {
        self.shared.current.load().tools.all().cloned().collect()
    }

    /// What the server is and offers now, as clients are told.
    #[must_use]
    pub fn description(&self) -> Arc<Description> {
        Arc::clone(&self.shared.current.load().description)
    }

    /// The scopes that anything needs that is offered now, and those of the rules; but for those that depend on arguments.
    #[must_use]
    pub fn scopes(&self) -> ScopeSet {
        self.shared.catalog.scope_rules.named().union(&self.shared.current.load().scopes())
    }

    /// How much is offered now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.current.load().counts()
    }

    /// The resources that are withheld now, because several providers offer them and
    /// [nobody said](Catalog::resource_order) whose is taken. A server may refuse to start with any.
    #[must_use]
    pub fn conflicts(&self) -> Vec<CatalogError> {
        self.shared.current.load().conflicts.clone()
    }

    /// The arguments of a tool that headers must repeat; `None` when it has no such arguments, or is not offered.
    #[must_use]
    pub fn header_parameters(&self, tool: &str) -> Option<Arc<HeaderParameters>> {
        self.shared.current.load().tools.find(tool)?.header_parameters.clone()
    }

    /// Whether there is a resource with this URI, as far as the server can tell without reading it.
    #[must_use]
    pub fn has_resource(&self, uri: &str) -> bool {
        self.shared.current.load().resources.find(uri).is_some()
    }

    /// Decides whether somebody may read all of these resources: what reading, subscribing and being told of them goes by. A
    /// resource that does not exist is nobody's to refuse.
    ///
    /// # Errors
    ///
    /// [`Denied`] when a scope is lacking; it names those that all of the resources need.
    pub fn may_read<'a>(&self, principal: &Principal, uris: impl IntoIterator<Item = &'a str>) -> Result<(), Denied> {
        let GrantedScopes::Only(held) = principal.granted() else { return Ok(()) };
        let catalog = self.shared.current.load();
        let needed = uris.into_iter().filter_map(|uri| catalog.resources.requirement(uri));
        needed.fold(Requirement::default(), Requirement::and).check(held)
    }

    /// Has the provider that a resource is of tell when it changes, until this is dropped and a while longer
    /// ([`Notify::catch_up`], counted by [`follow`](Self::follow)). What no provider has is not watched until one has it.
    pub fn watch(&self, uri: &str) -> Watching {
        self.shared.interest.watch(uri, |uri| self.shared.current.load().resources.place(uri))
    }

    /// Follows the offers of the catalog's providers, tells clients of what changes, and reads what others tell; to be run
    /// beside the server. It never ends.
    ///
    /// What cannot be offered is left out, with a line in the log: what one provider brings must not take away what the
    /// others do.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops following; what was taken over stays.
    pub async fn follow(&self) -> Infallible {
        tokio::select! {
            never = self.follow_offers() => never,
            never = self.shared.interest.run() => never,
            never = self.notify().run() => never,
        }
    }

    async fn follow_offers(&self) -> Infallible {
        let receivers = self.shared.catalog.mounted.iter().map(|mounted| mounted.provider.offers());
        let mut changes: SelectAll<_> = receivers.map(changes_of).collect();
        // An offer may have changed before this began to follow it; what has not is no news.
        self.refresh();
        while changes.next().await.is_some() {
            self.refresh();
        }
        std::future::pending().await
    }

    /// Takes the providers' offers as they are now, and tells clients which lists are others than before.
    pub fn refresh(&self) {
        let (before, now) = self.take_offers();
        for change in before.changes_to(&now) {
            self.notify().tell(change);
        }
    }

    /// Takes the providers' offers as they are now, and tells nobody: for the time before anybody is served, when the
    /// providers have become ready and no client has seen what was there before.
    pub fn settle(&self) {
        self.take_offers();
    }

    /// The catalog before, and as it is now.
    fn take_offers(&self) -> (Arc<Snapshot>, Arc<Snapshot>) {
        let (snapshot, withheld) = Snapshot::take(&self.shared.catalog, &self.shared.limits);
        report(&withheld.provided);
        let snapshot = Arc::new(snapshot);
        let before = self.shared.current.swap(Arc::clone(&snapshot));
        self.shared.interest.found_anew(|uri| snapshot.resources.place(uri));
        (before, snapshot)
    }
}

fn report(withheld: &[CatalogError]) {
    for error in withheld {
        tracing::warn!(%error, "something that a provider offers is withheld");
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
