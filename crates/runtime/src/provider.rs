//! The port behind which calls are answered: native handlers, lifted children, upstream servers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use outboard_protocol::types::Tool;
use tokio::sync::watch;

use crate::call::Call;
use crate::outcome::Outcome;

/// A future on the heap, as traits that are used as objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers calls of one tool.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the caller goes away, and when the deadline passes: a handler leaves nothing half done
    /// at its await points that it could not pick up again.
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome>;
}

/// Offers tools whose number may change while the server runs.
pub trait Provider: Send + Sync + 'static {
    /// What it is called in the config and in logs.
    fn name(&self) -> &str;

    /// What it offers now, and from now on.
    fn offers(&self) -> watch::Receiver<Arc<Offer>>;
}

/// What a provider offers at one time.
#[derive(Debug, Default)]
pub struct Offer {
    /// The tools, under the names that the provider gives them.
    pub tools: Vec<OfferedTool>,
}

/// A tool and who answers its calls.
#[derive(Clone)]
pub struct OfferedTool {
    /// As it is listed.
    pub tool: Tool,
    /// Who answers. It knows the tool by the provider's name for it, not by the catalog's.
    pub handler: Arc<dyn Handler>,
}

impl std::fmt::Debug for OfferedTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OfferedTool").field(&self.tool.name).finish()
    }
}
