//! Callers: who they are, what their clients can be asked for, and what they answer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outboard_identity::{GrantedScopes, Principal};
use outboard_protocol::RawJson;
use outboard_protocol::types::{ClientCapabilities, ElicitParams, InputRequest, LoggingLevel};
use outboard_runtime::{AskError, Asker, Asking, BoxFuture, Call, Event, Outlet};

/// All that a client can be asked for.
pub(super) const EVERYTHING: &str = r#"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}"#;

/// The party with this name.
pub(super) fn principal(subject: &str) -> Principal {
    Principal::verified("https://issuer.example", subject, "client", GrantedScopes::All)
}

/// What a client answers; `None`: nothing, ever.
type Answers = dyn Fn(&InputRequest) -> Option<Result<RawJson, AskError>> + Send + Sync;

/// A caller's client that is asked while it waits.
pub(super) struct Client {
    answer: Box<Answers>,
    /// How long it takes.
    after: Duration,
    asked: Mutex<Vec<InputRequest>>,
    open: Arc<AtomicUsize>,
}

impl Client {
    /// One that answers each question like this; `None`: never.
    pub(super) fn new(
        answer: impl Fn(&InputRequest) -> Option<Result<RawJson, AskError>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self::taking(Duration::ZERO, answer))
    }

    /// One that takes its time.
    pub(super) fn slow(after: Duration) -> Arc<Self> {
        Arc::new(Self::taking(after, |_| Some(Ok(json(r#"{"action":"accept","how":"slowly"}"#)))))
    }

    fn taking(
        after: Duration,
        answer: impl Fn(&InputRequest) -> Option<Result<RawJson, AskError>> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Box::new(answer), after, asked: Mutex::default(), open: Arc::default() }
    }

    /// One that answers each question with this object.
    pub(super) fn answering(object: &'static str) -> Arc<Self> {
        Self::new(move |_| Some(Ok(json(object))))
    }

    /// One that never answers.
    pub(super) fn silent() -> Arc<Self> {
        Self::new(|_| None)
    }

    /// What it was asked.
    pub(super) fn asked(&self) -> Vec<InputRequest> {
        self.asked.lock().unwrap().clone()
    }

    /// The messages of the forms that it was asked to fill in.
    pub(super) fn messages(&self) -> Vec<String> {
        self.asked().iter().map(message).collect()
    }

    /// How many questions wait for its answer.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Asker for Client {
    fn ask(&self, request: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>> {
        let answer = (self.answer)(&request);
        self.asked.lock().unwrap().push(request);
        let Some(answer) = answer else {
            let open = Waits::new(&self.open);
            return Box::pin(async move {
                let _open = open;
                std::future::pending().await
            });
        };
        let after = self.after;
        Box::pin(async move {
            tokio::time::sleep(after).await;
            answer
        })
    }
}

struct Waits(Arc<AtomicUsize>);

impl Waits {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(open))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The message of a form.
pub(super) fn message(request: &InputRequest) -> String {
    match request {
        InputRequest::Elicit(ElicitParams::Form { message, .. }) => message.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn json(text: &str) -> RawJson {
    RawJson::parse(text.to_owned().into()).unwrap()
}

/// The call as this party makes it, with a client that is asked while it waits and declares `capabilities`.
pub(super) fn live(call: Call, subject: &str, capabilities: &str, client: &Arc<Client>) -> Call {
    let asking = Asking::Live(Arc::clone(client) as Arc<dyn Asker>);
    as_party(call, subject, capabilities).with_asking(asking)
}

/// The call as this party makes it, with a client that declares `capabilities`.
pub(super) fn as_party(mut call: Call, subject: &str, capabilities: &str) -> Call {
    call.principal = principal(subject);
    call.client.capabilities = ClientCapabilities::from_json(capabilities).unwrap();
    call
}

/// The call of a caller who wants log lines from this level on, and where they arrive.
pub(super) fn logging(call: Call, level: LoggingLevel) -> (Call, Outlet) {
    let call = call.with_telling(None, Some(level));
    let outlet = call.outlet.clone();
    (call, outlet)
}

/// The data of the log lines that have arrived, texts all of them.
pub(super) fn logged(outlet: &Outlet) -> Vec<String> {
    let events = std::iter::from_fn(|| outlet.try_next());
    let data = |event| match event {
        Event::Log(message) => message.data.as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    events.map(data).collect()
}
