//! What the tests of questions share: a server whose clock stands still, its callers, and the two ways of asking them.

use std::collections::BTreeMap;
use std::sync::Arc;

use outboard_identity::{GrantedScopes, Principal};
use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{ClientCapabilities, InputRequest, InputRequiredResult};
use outboard_runtime::{
    Answer, AskError, Asker, Asking, BoxFuture, Call, Catalog, Notify, Outcome, Round, Runtime, RuntimeConfig,
};
use outboard_store::{KeyRing, RootKey, Store};
use outboard_testkit::clock::FakeClock;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::support::{call, outcome, tool_result};

/// A server and the clock by which it goes.
pub(crate) struct Server {
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<FakeClock>,
}

impl Server {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self::with(catalog, RuntimeConfig::default(), &[1])
    }

    /// A server with a ring of these keys, each of one repeated byte, the first of which seals.
    pub(crate) fn with(catalog: Catalog, config: RuntimeConfig, keys: &[u8]) -> Self {
        let keys = keys.iter().map(|byte| RootKey::from_bytes(&[*byte; 32]).unwrap()).collect();
        let clock = Arc::new(FakeClock::default());
        let store = Store::in_memory(Arc::new(KeyRing::new(keys).unwrap()), Arc::clone(&clock) as _);
        Self::over(catalog, config, store, clock)
    }

    pub(crate) fn over(catalog: Catalog, config: RuntimeConfig, store: Store, clock: Arc<FakeClock>) -> Self {
        let notify = Notify::new(&store, config.deadline);
        Self { runtime: Runtime::new(catalog, store, notify, config).unwrap(), clock }
    }

    pub(crate) async fn answer(&self, call: Call) -> Outcome {
        outcome(&self.runtime, call).await
    }

    /// What the call asks.
    #[track_caller]
    pub(crate) fn asks(&self, call: Call) -> impl Future<Output = Asks> {
        let outcome = self.answer(call);
        async move {
            match outcome.await {
                Ok(Answer::Result(ServerResult::InputRequired(asked))) => Asks(asked),
                other => panic!("no question: {other:?}"),
            }
        }
    }

    /// The text that the call ends with.
    pub(crate) async fn says(&self, call: Call) -> String {
        let result = tool_result(self.answer(call).await);
        serde_json::to_value(&result.content).unwrap()[0]["text"].as_str().unwrap().to_owned()
    }
}

/// The questions of one round.
#[derive(Debug)]
pub(crate) struct Asks(InputRequiredResult);

impl Asks {
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.0.input_requests.keys().map(String::as_str).collect()
    }

    pub(crate) fn question(&self, key: &str) -> Value {
        serde_json::to_value(&self.0.input_requests[key]).unwrap()
    }

    pub(crate) fn message(&self, key: &str) -> String {
        self.question(key)["params"]["message"].as_str().unwrap().to_owned()
    }

    pub(crate) fn state(&self) -> String {
        self.0.request_state.clone().unwrap()
    }
}

pub(crate) fn party(subject: &str, client: &str) -> Principal {
    Principal::verified("https://issuer.example", subject, client, GrantedScopes::All)
}

/// A call whose client can be asked anything, between rounds.
pub(crate) fn first(name: &str, arguments: &Value) -> Call {
    round(call(name, arguments), None, None)
}

/// The same call again, with what its client was given to keep and its answers.
pub(crate) fn again(name: &str, arguments: &Value, asks: &Asks, answers: Value) -> Call {
    round(call(name, arguments), Some(&asks.state()), Some(answers))
}

pub(crate) fn round(call: Call, state: Option<&str>, answers: Option<Value>) -> Call {
    let responses = answers.map(|answers| RawJson::of(&answers).unwrap());
    let brought = Round { responses, state: state.map(Into::into) };
    with_everything(call).with_asking(Asking::Rounds(Some(Box::new(brought))))
}

/// The call of a client that declares all that there is.
pub(crate) fn with_everything(mut call: Call) -> Call {
    call.client.capabilities = declared(r#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#);
    call
}

pub(crate) fn declared(json: &str) -> ClientCapabilities {
    ClientCapabilities::from_json(json).unwrap()
}

pub(crate) fn accept(content: Value) -> Value {
    Value::Object(Map::from_iter([("action".to_owned(), "accept".into()), ("content".to_owned(), content)]))
}

/// A client that is asked while the call waits, and answers when the test says so.
#[derive(Debug)]
pub(crate) struct LiveClient {
    asked: Mutex<mpsc::Receiver<LiveQuestion>>,
    port: Arc<Port>,
}

#[derive(Debug)]
struct Port(mpsc::Sender<LiveQuestion>);

/// A question that waits for its answer.
#[derive(Debug)]
pub(crate) struct LiveQuestion {
    pub(crate) request: InputRequest,
    answer: oneshot::Sender<Result<RawJson, AskError>>,
}

impl LiveQuestion {
    pub(crate) fn answer(self, answer: &Value) {
        self.end(Ok(RawJson::of(answer).unwrap()));
    }

    /// Answers with JSON text as it is.
    pub(crate) fn answer_with(self, text: &str) {
        self.end(Ok(RawJson::parse(text.to_owned().into()).unwrap()));
    }

    pub(crate) fn fail(self, error: AskError) {
        self.end(Err(error));
    }

    fn end(self, answer: Result<RawJson, AskError>) {
        assert!(self.answer.send(answer).is_ok(), "nobody waits for the answer");
    }

    pub(crate) fn is_withdrawn(&self) -> bool {
        self.answer.is_closed()
    }

    pub(crate) fn message(&self) -> String {
        serde_json::to_value(&self.request).unwrap()["params"]["message"].as_str().unwrap().to_owned()
    }
}

impl LiveClient {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(16);
        Self { asked: Mutex::new(receiver), port: Arc::new(Port(sender)) }
    }

    pub(crate) fn call(&self, name: &str, arguments: &Value) -> Call {
        with_everything(call(name, arguments)).with_asking(Asking::Live(Arc::clone(&self.port) as _))
    }

    /// The next question.
    pub(crate) async fn asked(&self) -> LiveQuestion {
        self.asked.lock().await.recv().await.unwrap()
    }

    /// Answers all questions as they come, by their messages.
    pub(crate) async fn answering(&self, answers: BTreeMap<&str, Value>) {
        loop {
            let question = self.asked().await;
            let answer = &answers[&*question.message()];
            question.answer(answer);
        }
    }
}

impl Asker for Port {
    fn ask(&self, request: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>> {
        let (answer, answered) = oneshot::channel();
        let sent = self.0.try_send(LiveQuestion { request, answer });
        Box::pin(async move {
            sent.map_err(|_| AskError::Unavailable)?;
            answered.await.unwrap_or(Err(AskError::Unavailable))
        })
    }
}
