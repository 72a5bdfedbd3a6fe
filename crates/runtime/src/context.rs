//! What a handler can ask, tell and keep while it runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outboard_identity::Principal;
use outboard_protocol::types::{ClientCapabilities, LogMessage, LoggingLevel, Progress};
use outboard_protocol::{Era, Revision};
use outboard_store::{KeyRing, RootKey, Store, SystemClock};
use serde::Serialize;

use crate::call::{Call, Client, Operation};
use crate::input::{QuestionError, Questions};
use crate::notify::Notify;
use crate::outcome::CallError;
use crate::outlet::{Event, Outlet};
use crate::runtime::RuntimeConfig;
use crate::services::Services;
use crate::state::States;

/// The call that a handler is answering.
///
/// A function takes it as a parameter of type `Context` or `&Context`, beside its arguments. Clones are of the same call,
/// and may be used until it ends.
#[derive(Clone, Debug)]
pub struct Context {
    client: Client,
    outlet: Outlet,
    /// What was told last; `None` where the caller did not ask to hear of it.
    progress: Option<Arc<Mutex<f64>>>,
    log_level: Option<LoggingLevel>,
    questions: Arc<Questions>,
}

impl Context {
    /// The call, as the stack has equipped it; a handler that is called past the stack has none.
    pub(crate) fn of(mut call: Call) -> Result<Self, CallError> {
        let questions = call.questions.take().ok_or(CallError::Question(QuestionError::OutsideOfRuntime))?;
        Ok(Self::with(call, questions))
    }

    /// A context of nobody's call, for the tests of functions that take one: `add::run(&Context::detached(principal), 1, 2)`.
    ///
    /// It has a store of its own, which ends with it and its clones; nobody hears what is told. Nobody can be asked: a
    /// function that asks waits for ever, because a question without an answer never returns. Such a function is tested
    /// through a [`Runtime`](crate::Runtime).
    ///
    /// ```
    /// use outboard_identity::Principal;
    /// use outboard_runtime::{Context, tool};
    ///
    /// /// Says who calls.
    /// #[tool]
    /// async fn who_am_i(ctx: &Context) -> String {
    ///     ctx.principal().subject_key().subject().to_owned()
    /// }
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let context = Context::detached(Principal::local());
    /// assert_eq!(who_am_i::run(&context).await, Principal::local().subject_key().subject());
    /// # });
    /// # outboard_runtime::Catalog::new("test", "1").tool(who_am_i);
    /// ```
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "one key is a ring")]
    pub fn detached(principal: Principal) -> Self {
        let keys = KeyRing::new(vec![RootKey::generate()]).expect("one key is a ring");
        let store = Store::in_memory(Arc::new(keys), Arc::new(SystemClock));
        let notify = Notify::new(&store, Duration::ZERO);
        let services = Arc::new(Services::new(store, notify, RuntimeConfig::default()));
        let revision = Revision::newest(Era::Modern);
        let client = Client { revision, info: None, capabilities: ClientCapabilities::default() };
        let mut call = Call::new(Operation::Describe, principal, client);
        let questions = Questions::of(&mut call, &services);
        Self::with(call, questions)
    }

    fn with(call: Call, questions: Arc<Questions>) -> Self {
        Self {
            client: call.client,
            outlet: call.outlet,
            progress: call.progress_token.map(|_| Arc::new(Mutex::new(f64::NEG_INFINITY))),
            log_level: call.log_level,
            questions,
        }
    }

    /// Who calls: its keys, what it was granted, and the claims of its token that the config asks for.
    ///
    /// ```
    /// use outboard_identity::Claim;
    /// use outboard_runtime::{Context, tool};
    ///
    /// /// Says which tenant calls.
    /// #[tool]
    /// async fn tenant(ctx: &Context) -> Result<String, &'static str> {
    ///     match ctx.principal().claims().named("tenant") {
    ///         Some(Claim::Text(tenant)) => Ok(tenant.to_string()),
    ///         _ => Err("the token names no tenant"),
    ///     }
    /// }
    ///
    /// # use outboard_identity::{Claims, Principal};
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let claims: Claims = [("tenant".into(), Claim::Text("acme".into()))].into_iter().collect();
    /// let context = Context::detached(Principal::local().with_claims(claims));
    /// assert_eq!(tenant::run(&context).await.as_deref(), Ok("acme"));
    /// # });
    /// # outboard_runtime::Catalog::new("test", "1").tool(tenant);
    /// ```
    #[must_use]
    pub fn principal(&self) -> &Principal {
        self.questions.principal()
    }

    /// With which client; not verified.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Tells how far the work has come, for example `ctx.progress(3.0, Some(10.0), Some("reading"))`.
    ///
    /// `progress` must grow from one to the next (specification: *Progress*): what is not more than was told before is left
    /// out. Nothing happens either when the caller did not ask to hear of it.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        let Some(last) = &self.progress else { return };
        // Held until it is told, so that no clone tells less after more.
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        // JSON has no word for what is no number.
        if progress.is_finite() && progress > *last {
            *last = progress;
            let total = total.filter(|total| total.is_finite());
            let message = message.map(str::to_owned);
            self.outlet.tell(Event::Progress(Progress { progress, total, message }));
        }
    }

    /// Sends the caller a log line: a text, or anything that is written as JSON. Nothing happens when it wants none of this
    /// level (specification: *Logging*).
    ///
    /// It goes to the caller, who may show it to anybody: it is no place for secrets, and not the log of the server.
    ///
    /// ```
    /// use outboard_runtime::{Context, tool};
    /// use outboard_protocol::types::LoggingLevel;
    ///
    /// /// Looks a word up.
    /// #[tool]
    /// async fn define(ctx: &Context, word: String) -> String {
    ///     ctx.log(LoggingLevel::Info, format!("looking up {word}"));
    ///     "a word".to_owned()
    /// }
    /// # outboard_runtime::Catalog::new("dictionary", "1.0.0").tool(define);
    /// ```
    pub fn log(&self, level: LoggingLevel, data: impl Serialize) {
        self.log_line(level, None, data);
    }

    /// Sends the caller a log line of a part of the server, as [`log`](Self::log) does.
    pub fn log_from(&self, logger: &str, level: LoggingLevel, data: impl Serialize) {
        self.log_line(level, Some(logger), data);
    }

    fn log_line(&self, level: LoggingLevel, logger: Option<&str>, data: impl Serialize) {
        if self.log_level.is_none_or(|wanted| level < wanted) {
            return;
        }
        match serde_json::to_value(data) {
            Ok(data) => self.outlet.tell(Event::Log(LogMessage { level, logger: logger.map(str::to_owned), data })),
            Err(error) => tracing::warn!(%error, "a log line for a caller cannot be written as JSON"),
        }
    }

    /// Lets the connection end, and the client come back for the rest after `delay`: for work that takes long, so that no
    /// connection is held. Towards clients that cannot, nothing happens.
    pub fn reconnect_after(&self, delay: Duration) {
        self.outlet.tell(Event::Reconnect(delay));
    }

    /// Tells all clients of changes.
    #[must_use]
    pub fn notify(&self) -> &Notify {
        &self.questions.services().notify
    }

    /// The values of type `T` that the caller keeps here between its calls, each under a handle.
    #[must_use]
    pub fn state<T>(&self) -> States<T> {
        States::new(self.questions.services(), self.principal())
    }

    pub(crate) fn questions(&self) -> &Questions {
        &self.questions
    }
}
