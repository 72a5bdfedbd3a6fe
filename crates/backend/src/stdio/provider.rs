//! The lifted command as a provider of tools.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::Tool;
use outboard_protocol::{Era, Method, RawJson};
use outboard_runtime::{
    Answer, BackendFailure, BoxFuture, Call, CallError, Handler, Offer, OfferedTool, Operation, Outcome, Outlet,
    Provider,
};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::StdioConfig;
use super::environment::child_environment;
use super::error::StdioError;
use super::link::{Counters, Counts, OnDrop, RequestError, quoted};
use super::meta::child_meta;
use super::state::{Serving, State};
use super::supervisor;

/// What a caller is told to wait at least before it tries again.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);

/// A lifted command. Clones are the same one; it runs until it is stopped, whether it is dropped or not.
#[derive(Clone)]
pub struct StdioBackend(Arc<Backend>);

/// What the supervisor, the handlers and the provider share.
pub(super) struct Backend {
    pub(super) name: Arc<str>,
    pub(super) state: watch::Sender<State>,
    pub(super) offers: watch::Sender<Arc<Offer>>,
    pub(super) counters: Arc<Counters>,
}

impl StdioBackend {
    /// Starts a command and keeps it running until `stop` is cancelled.
    ///
    /// `environment` is our own, of which the child gets what its config and the allow list name. Its tasks run in
    /// `tasks`, which is empty again when nothing is left of the command.
    #[must_use]
    pub fn start(
        config: StdioConfig,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let environment = child_environment(environment, &config);
        let backend = Arc::new(Backend {
            name: config.name.as_str().into(),
            state: watch::Sender::new(State::Starting),
            offers: watch::Sender::new(Arc::default()),
            counters: Arc::default(),
        });
        tasks.spawn(supervisor::run(Arc::clone(&backend), config, environment, tasks.clone(), stop));
        Self(backend)
    }

    /// Where the command stands, now and from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    /// What its processes did that was skipped or refused.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.counters.read()
    }

    /// Waits until the command serves, or has failed for the first time.
    ///
    /// # Errors
    ///
    /// Why it failed, where it did. It is tried again all the same.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ready(&self) -> Result<Serving, Arc<StdioError>> {
        match self.0.settled().await {
            State::Up(serving) => Ok(serving),
            State::Restarting { error, .. } => Err(error),
            State::Starting | State::Stopped => {
                Err(Arc::new(StdioError::Ended { end: super::link::ChildEnd::Stopped }))
            }
        }
    }
}

impl fmt::Debug for StdioBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioBackend")
            .field("name", &self.0.name)
            .field("state", &*self.0.state.borrow())
            .finish_non_exhaustive()
    }
}

impl Provider for StdioBackend {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn offers(&self) -> watch::Receiver<Arc<Offer>> {
        self.0.offers.subscribe()
    }
}

impl Backend {
    /// Offers these tools from now on; nothing happens where they are those that are offered already.
    pub(super) fn offer(self: &Arc<Self>, tools: Vec<Tool>) {
        self.offers.send_if_modified(|offer| {
            if offer.tools.iter().map(|offered| &offered.tool).eq(&tools) {
                return false;
            }
            let tools = tools.into_iter().map(|tool| {
                let handler = ChildTool { backend: Arc::clone(self), name: tool.name.as_str().into() };
                OfferedTool { tool, handler: Arc::new(handler) }
            });
            *offer = Arc::new(Offer { tools: tools.collect() });
            true
        });
    }

    /// The state as soon as the first start has come to an end.
    async fn settled(&self) -> State {
        let mut states = self.state.subscribe();
        let state = states.wait_for(|state| !matches!(state, State::Starting)).await;
        // The sender is a part of `self`, so it lives.
        state.map_or(State::Stopped, |state| state.clone())
    }

    /// The child that serves; waits for the first start only.
    async fn serving(&self) -> Result<Serving, BackendFailure> {
        match self.settled().await {
            State::Up(serving) => Ok(serving),
            State::Restarting { next, .. } => Err(starting(next.saturating_duration_since(Instant::now()))),
            State::Starting | State::Stopped => Err(starting(RETRY_AFTER_MIN)),
        }
    }

    /// Calls a tool of the child.
    async fn call_tool(&self, name: &str, call: Call) -> Result<RawJson, RequestError> {
        let serving = self.serving().await.map_err(RequestError::Failed)?;
        let arguments = match call.operation {
            Operation::CallTool(call) => call.arguments,
            Operation::Describe | Operation::ListTools { .. } => None,
        };
        let wants_progress = call.progress_token.is_some() && call.outlet.is_open();
        let outlet = if wants_progress { call.outlet } else { Outlet::closed() };
        let params = |id| {
            let meta = child_meta(serving.revision, call.meta.as_ref(), wants_progress.then_some(id));
            call_params(name, arguments.as_ref(), meta.as_deref())
        };
        let result = serving.link.request(&Method::ToolsCall, params, outlet, OnDrop::Cancel).await?;
        if serving.revision.era == Era::Modern {
            check_result_type(&result).map_err(RequestError::Failed)?;
        }
        Ok(result)
    }
}

fn starting(retry_after: Duration) -> BackendFailure {
    BackendFailure::Starting { retry_after: retry_after.max(RETRY_AFTER_MIN) }
}

fn call_params(name: &str, arguments: Option<&RawJson>, meta: Option<&[u8]>) -> Vec<u8> {
    let mut out = format!("{{\"name\":{}", quoted(name)).into_bytes();
    if let Some(arguments) = arguments {
        out.extend_from_slice(b",\"arguments\":");
        out.extend_from_slice(arguments.as_bytes());
    }
    if let Some(meta) = meta {
        out.extend_from_slice(b",\"_meta\":");
        out.extend_from_slice(meta);
    }
    out.push(b'}');
    out
}

/// A kind of result that we do not know must not be passed on as an answer, and a question cannot be: nothing was offered
/// that could be asked (2026-07-28, *Overview*: result type).
fn check_result_type(result: &RawJson) -> Result<(), BackendFailure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        #[serde(default)]
        result_type: Option<String>,
    }
    let fault = match result.read::<Typed>() {
        Ok(Typed { result_type: None }) => return Ok(()),
        Ok(Typed { result_type: Some(kind) }) if kind == "complete" => return Ok(()),
        Ok(Typed { result_type: Some(_) }) => "it has a resultType that was not offered to it",
        Err(_) => "its resultType is not a string",
    };
    Err(BackendFailure::InvalidAnswer { fault: fault.into() })
}

/// One tool of the child.
struct ChildTool {
    backend: Arc<Backend>,
    /// The child's name for it.
    name: Box<str>,
}

impl Handler for ChildTool {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (backend, name) = (Arc::clone(&self.backend), self.name.clone());
        Box::pin(async move {
            match backend.call_tool(&name, call).await {
                Ok(result) => Ok(Answer::Result(ServerResult::Forwarded(result))),
                Err(RequestError::Answered(error)) => Err(CallError::Forwarded(error)),
                Err(RequestError::Failed(failure)) => {
                    Err(CallError::Backend { backend: Arc::clone(&backend.name), failure })
                }
                Err(RequestError::NotSent) => {
                    let failure = starting(RETRY_AFTER_MIN);
                    Err(CallError::Backend { backend: Arc::clone(&backend.name), failure })
                }
            }
        })
    }
}
