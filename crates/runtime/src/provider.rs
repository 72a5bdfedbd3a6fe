//! The port behind which calls are answered: native handlers, lifted children, upstream servers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use outboard_protocol::types::{Prompt, Resource, ResourceTemplate, Tool};
use tokio::sync::watch;

use crate::access::Access;
use crate::call::Call;
use crate::outcome::Outcome;

/// A future on the heap, as traits that are used as objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers calls of one tool, prompt or resource; which operations reach it says where it is offered.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the caller goes away, and when the deadline passes: a handler leaves nothing half done
    /// at its await points that it could not pick up again.
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome>;

    /// Whether each `requestState` of its calls can be used once, on all replicas together: for what must not happen twice
    /// upon one confirmation (2026-07-28 *Multi Round-Trip Requests*, server requirements). A second call with the same one
    /// is refused before this sees it. It costs a further round one trip to the store; while that does not answer, such a
    /// round is refused, too. `#[tool(single_use)]` and [`DynamicTool::single_use`](crate::DynamicTool::single_use) make it
    /// so.
    fn is_single_use(&self) -> bool {
        false
    }

    /// What its calls require of their callers, beside what the [rules](crate::Catalog::scope_rules) say. It is asked when
    /// its offer is taken, and does not change while that stands. A call that lacks a scope is refused before this sees it.
    fn access(&self) -> Access {
        Access::default()
    }
}

/// Offers tools, resources and prompts, which may change while the server runs.
pub trait Provider: Send + Sync + 'static {
    /// What it is called in the config and in logs.
    fn name(&self) -> &str;

    /// What it offers now, and from now on.
    fn offers(&self) -> watch::Receiver<Arc<Offer>>;

    /// Somebody wants to be told when this resource of its own changes, or nobody does any more. The provider tells by
    /// [`Notify::resource_updated`](crate::Notify::resource_updated). It hears of these in their order, one at a time, so it
    /// must not wait here, nor call back.
    fn watch_resource(&self, _uri: &str, _wanted: bool) {}
}

/// What a provider offers at one time, under the names that it gives itself.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// Its tools; called by [`Operation::CallTool`](crate::Operation::CallTool).
    pub tools: Vec<OfferedTool>,
    /// Its resources; read by [`Operation::ReadResource`](crate::Operation::ReadResource).
    pub resources: Vec<OfferedResource>,
    /// Its templates of resources.
    pub templates: Vec<OfferedTemplate>,
    /// Its prompts; filled in by [`Operation::GetPrompt`](crate::Operation::GetPrompt).
    pub prompts: Vec<OfferedPrompt>,
    /// Reads resources that it neither lists nor has a template for.
    pub unlisted: Option<SharedHandler>,
    /// It has resources, if only such as it does not list yet.
    pub has_resources: bool,
    /// It has prompts, if none at the moment.
    pub has_prompts: bool,
    /// It tells when a resource changes.
    pub tells_updates: bool,
    /// It sends log lines to callers.
    pub logs: bool,
}

/// A handler behind a reference. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SharedHandler(pub Arc<dyn Handler>);

impl std::fmt::Debug for SharedHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedHandler")
    }
}

impl<H: Handler> From<H> for SharedHandler {
    fn from(handler: H) -> Self {
        Self(Arc::new(handler))
    }
}

/// A tool and who answers its calls.
#[derive(Clone, Debug)]
pub struct OfferedTool {
    /// As it is listed.
    pub tool: Tool,
    /// Who answers. It knows the tool by the provider's name for it, not by the catalog's.
    pub handler: SharedHandler,
}

/// A resource and who reads it.
#[derive(Clone, Debug)]
pub struct OfferedResource {
    /// As it is listed.
    pub resource: Resource,
    /// Who reads it.
    pub handler: SharedHandler,
}

/// A template and who reads what matches it.
#[derive(Clone, Debug)]
pub struct OfferedTemplate {
    /// As it is listed.
    pub template: ResourceTemplate,
    /// Who reads what matches it. The operation has the whole URI.
    pub handler: SharedHandler,
    /// Who suggests values of its variables ([`Operation::Complete`](crate::Operation::Complete)).
    pub completer: Option<SharedHandler>,
}

/// A prompt and who fills it in.
#[derive(Clone, Debug)]
pub struct OfferedPrompt {
    /// As it is listed.
    pub prompt: Prompt,
    /// Who fills it in. It knows the prompt by the provider's name for it, not by the catalog's.
    pub handler: SharedHandler,
    /// Who suggests values of its arguments. It knows the prompt by the provider's name for it.
    pub completer: Option<SharedHandler>,
}
