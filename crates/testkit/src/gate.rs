//! A tool whose pace a test sets: it tells when it has started and how it ends, and goes on when it is let.

use std::sync::Arc;

use outboard_protocol::types::{CallToolResult, Tool};
use outboard_runtime::{Context, DynamicTool, NativeTool};
use serde_json::{Map, json};
use tokio::sync::Semaphore;

use crate::http::patiently;

/// Makes a tool called `wait`, which tells progress 1, waits until it is let through, tells progress 2 and says `waited`.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use outboard_runtime::Catalog;
/// use outboard_testkit::gate::Gate;
///
/// let gate = Gate::new();
/// let catalog = Catalog::new("test", "1").tool(gate.tool());
/// // Let one call through, whenever it comes.
/// gate.open();
/// assert!(!gate.has_dropped());
/// # drop(catalog);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Gate(Arc<Signals>);

#[derive(Debug)]
struct Signals {
    started: Semaphore,
    open: Semaphore,
    finished: Semaphore,
    dropped: Semaphore,
}

impl Gate {
    /// A gate that is shut.
    #[must_use]
    pub fn new() -> Self {
        let [started, open, finished, dropped] = [(); 4].map(|()| Semaphore::new(0));
        Self(Arc::new(Signals { started, open, finished, dropped }))
    }

    /// The tool.
    pub fn tool(&self) -> impl NativeTool + use<> {
        let tool = Tool {
            name: "wait".to_owned(),
            title: None,
            description: None,
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: None,
            icons: Vec::new(),
            extra: Map::new(),
        };
        let gate = self.clone();
        DynamicTool::new(tool, move |ctx, _| gate.clone().pass(ctx))
    }

    async fn pass(self, ctx: Context) -> CallToolResult {
        let mut ending = Ending { signals: &self.0, has_finished: false };
        ctx.progress(1.0, Some(2.0), Some("waiting"));
        self.0.started.add_permits(1);
        take(&self.0.open).await;
        ctx.progress(2.0, Some(2.0), None);
        ending.has_finished = true;
        CallToolResult::text("waited")
    }

    /// Waits until one more call has come to the gate.
    ///
    /// # Panics
    ///
    /// When none comes for long.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn started(&self) {
        patiently("a call to start", take(&self.0.started)).await;
    }

    /// Lets one call through: one that waits, or the next one.
    pub fn open(&self) {
        self.0.open.add_permits(1);
    }

    /// Waits until one more call has run to its end.
    ///
    /// # Panics
    ///
    /// When none does for long.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn finished(&self) {
        patiently("a call to finish", take(&self.0.finished)).await;
    }

    /// Waits until one more call was dropped before its end.
    ///
    /// # Panics
    ///
    /// When none is for long.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn dropped(&self) {
        patiently("a call to be dropped", take(&self.0.dropped)).await;
    }

    /// Whether a call was dropped before its end that [`dropped`](Self::dropped) has not waited for.
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        self.0.dropped.available_permits() > 0
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

async fn take(signal: &Semaphore) {
    signal.acquire().await.expect("nobody closes it").forget();
}

/// Tells how a call ended.
struct Ending<'a> {
    signals: &'a Signals,
    has_finished: bool,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let signal = if self.has_finished { &self.signals.finished } else { &self.signals.dropped };
        signal.add_permits(1);
    }
}
