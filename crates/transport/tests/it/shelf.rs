//! A provider whose tools, prompts and resources a test changes, and a server around it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{CacheScope, CachingHints, CallToolResult, Prompt, Resource, ResourceContents, Tool};
use outboard_runtime::{
    Answer, BoxFuture, Call, Catalog, Handler, Notify, Offer, OfferedPrompt, OfferedResource, OfferedTool, Operation,
    Outcome, Provider, Runtime, RuntimeConfig,
};
use outboard_testkit::http::patiently;
use outboard_transport::{Authentication, HttpConfig, Shutdown, StreamableHttp};
use serde_json::json;
use tokio::sync::{Notify as Wake, watch};
use tokio::task::JoinSet;

use crate::support::Shared;

/// What changed is told again to who listens anew for this long.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(30);

/// Offers a tool, a prompt and a resource, `note:1`, that it tells updates of.
pub(crate) struct Shelf {
    offer: watch::Sender<Arc<Offer>>,
    watched: Mutex<Vec<(String, bool)>>,
    told: Wake,
}

impl Shelf {
    pub(crate) fn new() -> Arc<Self> {
        let tool: Tool = serde_json::from_value(json!({"name": "look", "inputSchema": {"type": "object"}})).unwrap();
        let prompt = Prompt { name: "ask".to_owned(), ..Prompt::default() };
        let offer = Offer {
            tools: vec![OfferedTool { tool, handler: Answerer.into() }],
            prompts: vec![OfferedPrompt { prompt, handler: Answerer.into(), completer: None }],
            resources: vec![OfferedResource { resource: Resource::new("note:1", "one"), handler: Answerer.into() }],
            has_resources: true,
            has_prompts: true,
            tells_updates: true,
            ..Offer::default()
        };
        let offer = watch::Sender::new(Arc::new(offer));
        Arc::new(Self { offer, watched: Mutex::default(), told: Wake::new() })
    }

    /// Offers something else from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Offer)) {
        self.offer.send_modify(|offer| change(Arc::make_mut(offer)));
    }

    /// Waits until it was told of this many resources that they are watched, or no more.
    pub(crate) async fn watched(&self, count: usize) -> Vec<(String, bool)> {
        let told = async {
            loop {
                let told = self.told.notified();
                let watched = self.watched.lock().unwrap().clone();
                if watched.len() >= count {
                    return watched;
                }
                told.await;
            }
        };
        patiently("resources to be watched", told).await
    }
}

impl Provider for Shelf {
    fn name(&self) -> &str {
        "shelf"
    }

    fn offers(&self) -> watch::Receiver<Arc<Offer>> {
        self.offer.subscribe()
    }

    fn watch_resource(&self, uri: &str, wanted: bool) {
        self.watched.lock().unwrap().push((uri.to_owned(), wanted));
        self.told.notify_one();
    }
}

/// Answers tools with a text, and resources with their URI.
struct Answerer;

impl Handler for Answerer {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let result = match call.operation {
            Operation::ReadResource { uri } => {
                let contents = ResourceContents::text(&*uri, "text/plain", "contents");
                ServerResult::ReadResource(
                    contents.into(),
                    CachingHints { ttl_ms: 0, cache_scope: CacheScope::Private },
                )
            }
            _ => ServerResult::CallTool(CallToolResult::text("looked")),
        };
        Box::pin(std::future::ready(Ok(Answer::Result(result))))
    }
}

/// A server that follows what it offers, until it is dropped.
pub(crate) struct Server {
    pub(crate) runtime: Runtime,
    pub(crate) shared: Shared,
    pub(crate) shutdown: Shutdown,
    _following: JoinSet<Infallible>,
}

impl Server {
    /// A server with these things to offer.
    pub(crate) fn of(catalog: Catalog) -> Self {
        Self::with(catalog, RuntimeConfig::default())
    }

    /// The same with other bounds.
    pub(crate) fn with(catalog: Catalog, config: RuntimeConfig) -> Self {
        let shared = Shared::new();
        let notify = Notify::new(&shared.store, CATCH_UP);
        let runtime = Runtime::new(catalog, shared.store.clone(), notify, config).unwrap();
        let mut following = JoinSet::new();
        let followed = runtime.clone();
        following.spawn(async move { followed.follow().await });
        Self { runtime, shared, shutdown: Shutdown::default(), _following: following }
    }

    /// A server around a shelf.
    pub(crate) fn around(shelf: &Arc<Shelf>) -> Self {
        Self::of(Catalog::new("tests", "1").provider(Arc::clone(shelf) as Arc<dyn Provider>))
    }

    pub(crate) fn notify(&self) -> &Notify {
        self.runtime.notify()
    }

    pub(crate) fn http(&self) -> StreamableHttp {
        self.http_with(HttpConfig::new(Authentication::None))
    }

    pub(crate) fn http_with(&self, config: HttpConfig) -> StreamableHttp {
        StreamableHttp::new(self.runtime.clone(), self.shutdown.clone(), config)
    }
}
