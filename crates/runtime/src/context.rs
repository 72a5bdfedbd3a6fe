//! What a handler can ask, tell and keep while it runs.

use std::sync::Arc;
use std::time::Duration;

use outboard_identity::Principal;
use outboard_protocol::types::{LogMessage, LoggingLevel, Progress};
use outboard_store::{KeyRing, RootKey, Store, SystemClock};
use serde::Serialize;

use crate::call::{Call, Client};
use crate::input::Questions;
use crate::notify::Notify;
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
    wants_progress: bool,
    log_level: Option<LoggingLevel>,
    questions: Arc<Questions>,
}

impl Context {
    pub(crate) fn of(mut call: Call) -> Self {
        // The stack has given the call its questions. A handler that is called by hand has a server of its own, which keeps
        // nothing and can ask nobody.
        let questions = call.questions.take().unwrap_or_else(|| Questions::of(&mut call, &detached()));
        Self {
            client: call.client,
            outlet: call.outlet,
            wants_progress: call.progress_token.is_some(),
            log_level: call.log_level,
            questions,
        }
    }

    /// Who calls.
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
    /// `progress` must grow from one to the next. Nothing happens when the caller did not ask to hear of it
    /// (specification: *Progress*).
    pub fn progress(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        // JSON has no word for what is no number.
        if self.wants_progress && progress.is_finite() {
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

/// The services of a handler that is called by hand, without a runtime.
fn detached() -> Arc<Services> {
    let keys = KeyRing::new(vec![RootKey::generate()]).expect("one key is a ring");
    let store = Store::in_memory(Arc::new(keys), Arc::new(SystemClock));
    let notify = Notify::new(&store, Duration::ZERO);
    Arc::new(Services::new(store, notify, RuntimeConfig::default()))
}
