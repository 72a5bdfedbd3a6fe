//! Calls on their way to the child and back: params with the child's own names, results as they come.

use std::sync::Arc;
use std::time::Duration;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::code;
use outboard_protocol::types::{CacheScope, CachingHints, Capability, CompleteParams, CompletionReference};
use outboard_protocol::{Era, ErrorObject, Method, RawJson};
use outboard_runtime::{
    Answer, Asking, BackendFailure, BoxFuture, Call, CallError, Handler, Operation, Outcome, ToolCall, hints,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};
use tokio::time::Instant;

use super::claims::ClaimsOf;
use super::link::{Caller, RequestError};
use super::meta::{About, WithMeta, child_meta};
use super::provider::Backend;
use super::state::{Serving, State};

/// What a caller is told to wait at least before it tries again.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);

/// Passes calls on to the child, whichever process it is at the time.
pub(super) struct ChildHandler {
    backend: Arc<Backend>,
    /// The child's own name of the tool or prompt; `None` for what is named by a URI.
    name: Option<Box<str>>,
}

impl ChildHandler {
    pub(super) fn named(backend: &Arc<Backend>, name: &str) -> Self {
        Self { backend: Arc::clone(backend), name: Some(name.into()) }
    }

    pub(super) fn unnamed(backend: &Arc<Backend>) -> Self {
        Self { backend: Arc::clone(backend), name: None }
    }
}

impl Handler for ChildHandler {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (backend, name) = (Arc::clone(&self.backend), self.name.clone());
        Box::pin(async move {
            let request = Request::of(name, call.operation.clone());
            match backend.forward(&request, call).await {
                Ok(result) => Ok(Answer::Result(result)),
                Err(error) => Err(backend.call_error(request, error)),
            }
        })
    }
}

impl Backend {
    /// Passes a call on and waits for its result.
    async fn forward(&self, request: &Request, call: Call) -> Result<ServerResult, RequestError> {
        // It holds a place while it waits for its turn as well: that queue is bounded with the others.
        let _place = self.places.try_acquire().map_err(|_| failed(BackendFailure::Overloaded))?;
        let serving = self.serving().await.map_err(failed)?;
        let may_be_asked = self.may_be_asked(&serving, request, &call);
        let _turn = self.turn(may_be_asked).await;
        // While it waited, the child may have been another one.
        let serving = self.serving().await.map_err(failed)?;
        let Call { principal, client, meta, progress_token, log_level, outlet, asking, .. } = call;
        let log_level = log_level.filter(|_| outlet.is_open());
        let caller = Caller {
            owner: principal.owner().clone(),
            wants_progress: progress_token.is_some() && outlet.is_open(),
            outlet,
            log_level,
            capabilities: client.capabilities,
            asking: match asking {
                Asking::Live(_) if !may_be_asked => Asking::Nobody,
                asking => asking,
            },
        };
        let wants_progress = caller.wants_progress;
        let params = |id| {
            let about = About {
                callers: meta.as_ref(),
                claims: (!self.claims.is_empty()).then_some(ClaimsOf { names: &self.claims, principal: &principal }),
                progress_token: wants_progress.then_some(id),
                log_level: log_level.filter(|_| serving.has.logging.is_some()),
            };
            WithMeta { own: &request.target, meta: child_meta(serving.revision, about) }
        };
        let result = serving.link.call(&request.method, params, caller).await?;
        let hints = match serving.revision.era {
            Era::Legacy => hints::READ,
            Era::Modern => check(&result).map_err(failed)?,
        };
        let hints = matches!(request.target, Target::Resource { .. }).then_some(hints);
        Ok(ServerResult::Forwarded(result, hints))
    }

    /// Whether the child may ask this caller something while it waits.
    fn may_be_asked(&self, serving: &Serving, request: &Request, call: &Call) -> bool {
        let asks = [Capability::ElicitationForm, Capability::ElicitationUrl, Capability::Sampling];
        self.surroundings.askable.callers
            // A modern child would ask by its answer.
            && serving.revision.era == Era::Legacy
            // Nobody is asked while they wait for a completion.
            && !request.is_completion()
            && matches!(call.asking, Asking::Live(_))
            && asks.iter().any(|capability| call.client.capabilities.has(*capability))
    }

    /// Waits for the call's turn. A call whose caller may be asked runs alone, so that a question can be no other's; those who
    /// came before go first.
    async fn turn(&self, may_be_asked: bool) -> Turn<'_> {
        match (self.serial, may_be_asked) {
            (false, _) => Turn::Any,
            (true, true) => Turn::Alone(self.turns.write().await),
            (true, false) => Turn::Beside(self.turns.read().await),
        }
    }

    /// The child that serves; waits for the first start only.
    async fn serving(&self) -> Result<Serving, BackendFailure> {
        match self.settled().await {
            State::Up(serving) => Ok(serving),
            State::Restarting { next, .. } => Err(starting(next.saturating_duration_since(Instant::now()))),
            State::Starting | State::Stopped => Err(starting(RETRY_AFTER_MIN)),
        }
    }

    fn call_error(&self, request: Request, error: RequestError) -> CallError {
        let failure = match error {
            RequestError::Answered(error) => return request.answered(error),
            RequestError::Failed(failure) => failure,
            RequestError::NotSent => starting(RETRY_AFTER_MIN),
        };
        CallError::Backend { backend: Arc::clone(&self.surroundings.backend), failure }
    }
}

/// Held until the call has ended.
#[expect(dead_code, reason = "the guards are held, not read")]
enum Turn<'a> {
    Alone(RwLockWriteGuard<'a, ()>),
    Beside(RwLockReadGuard<'a, ()>),
    Any,
}

fn failed(failure: BackendFailure) -> RequestError {
    RequestError::Failed(failure)
}

fn starting(retry_after: Duration) -> BackendFailure {
    BackendFailure::Starting { retry_after: retry_after.max(RETRY_AFTER_MIN) }
}

/// What is asked of the child, in its own words.
struct Request {
    method: Method,
    target: Target,
}

/// As the params are written.
#[derive(Serialize)]
#[serde(untagged)]
enum Target {
    /// A tool or a prompt.
    Named {
        name: Box<str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        arguments: Option<RawJson>,
    },
    Resource {
        uri: Box<str>,
    },
    Completion(Box<CompleteParams>),
    /// A handler that is called for what it was not offered for.
    Nothing {},
}

impl Request {
    fn of(name: Option<Box<str>>, operation: Operation) -> Self {
        let method = operation.method();
        let target = match (operation, name) {
            (Operation::CallTool(ToolCall { arguments, .. }), Some(name)) => Target::Named { name, arguments },
            (Operation::GetPrompt(prompt), Some(name)) => Target::Named { name, arguments: prompt.arguments },
            (Operation::ReadResource { uri }, _) => Target::Resource { uri },
            (Operation::Complete(mut params), name) => {
                // The caller knows a prompt by the catalog's name, and a template by the child's.
                if let (CompletionReference::Prompt { name: known_as }, Some(name)) = (&mut params.reference, name) {
                    *known_as = name.into();
                }
                Target::Completion(params)
            }
            (Operation::CallTool(_) | Operation::GetPrompt(_) | Operation::Describe | Operation::List { .. }, _) => {
                Target::Nothing {}
            }
        };
        Self { method, target }
    }

    const fn is_completion(&self) -> bool {
        matches!(self.target, Target::Completion(_))
    }

    /// What an error of the child's is to the caller: passed on, but that a resource which does not exist has another code in
    /// each revision.
    fn answered(self, error: ErrorObject) -> CallError {
        match self.target {
            Target::Resource { uri } if is_not_found(&error) => CallError::UnknownResource { uri },
            _ => CallError::Forwarded(error),
        }
    }
}

fn is_not_found(error: &ErrorObject) -> bool {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "uri")]
        _uri: String,
    }
    let names_it = || error.data.as_ref().is_some_and(|data| data.read::<Named>().is_ok());
    error.code == code::RESOURCE_NOT_FOUND || error.code == code::INVALID_PARAMS && names_it()
}

/// Checks what a modern child answers, and reads how long it holds. A kind of result that we do not know must not be passed on
/// as an answer, and a question cannot be: nothing was offered that could be asked (2026-07-28, *Overview*: result type).
fn check(result: &RawJson) -> Result<CachingHints, BackendFailure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Modern {
        #[serde(default)]
        result_type: Option<String>,
        #[serde(default)]
        ttl_ms: serde_json::Value,
    }
    let fault = match result.read::<Modern>() {
        Ok(Modern { result_type, ttl_ms }) if result_type.as_deref().is_none_or(|kind| kind == "complete") => {
            // What is the same for everybody at the child need not be so for all who come through us.
            let ttl = Duration::from_millis(ttl_ms.as_u64().unwrap_or(0));
            return Ok(hints::for_time(ttl, CacheScope::Private));
        }
        Ok(_) => "it has a resultType that was not offered to it",
        Err(_) => "its resultType is not a string",
    };
    Err(BackendFailure::InvalidAnswer { fault: fault.into() })
}
