//! The questions of one call: shared by its handler, who asks them, and the layers of the stack, which end the call with
//! them or wait for their answers.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use aws_lc_rs::digest::SHA256;
use outboard_identity::Principal;
use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{Capability, ClientCapabilities, InputRequest, InputRequiredResult};
use outboard_store::{Once, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pause::Pause;
use super::request_state::{self, Binding, Opened};
use super::rounds::{Responses, Rounds, Trust, digest_of};
use super::{AskError, Asker, Asking, QuestionError, Round};
use crate::call::Call;
use crate::outcome::{Answer, CallError, Outcome};
use crate::owner::owner_digest;
use crate::provider::BoxFuture;
use crate::services::Services;
use crate::unique;

/// All that the questions of one call need. Made once per call; what only asking needs is made when it asks.
#[derive(Debug)]
pub(crate) struct Questions {
    services: Arc<Services>,
    principal: Principal,
    capabilities: ClientCapabilities,
    binding: Binding,
    way: Way,
    pause: Pause,
    asked: Mutex<Asked>,
    /// Itself, for futures that outlive a borrow.
    me: Weak<Self>,
}

/// How the caller can be asked.
#[derive(Debug)]
enum Way {
    Nobody,
    Rounds,
    Live(Arc<dyn Asker>),
}

#[derive(Debug, Default)]
struct Asked {
    /// What the client brought, until it is read.
    brought: Option<Box<Round>>,
    rounds: Rounds,
    /// A question ended the call.
    failure: Option<CallError>,
}

/// What became of a `requestState` before the handler runs.
#[derive(Debug)]
pub(crate) enum Resumed {
    /// There was none, or one that nobody can read any more.
    Afresh,
    /// There was one, which this number names.
    With(u128),
}

impl Questions {
    /// Takes the call's way of asking, and leaves one in its place that lets the call stand still.
    pub(crate) fn of(call: &mut Call, services: &Arc<Services>) -> Arc<Self> {
        let (way, brought) = match std::mem::take(&mut call.asking) {
            Asking::Nobody => (Way::Nobody, None),
            Asking::Rounds(round) => (Way::Rounds, round),
            Asking::Live(asker) => (Way::Live(asker), None),
        };
        let questions = Arc::new_cyclic(|me| Self {
            services: Arc::clone(services),
            principal: call.principal.clone(),
            capabilities: call.client.capabilities,
            binding: Binding::of(call),
            way,
            pause: Pause::default(),
            asked: Mutex::new(Asked { brought, ..Asked::default() }),
            me: Weak::clone(me),
        });
        call.asking = match questions.way {
            Way::Nobody => Asking::Nobody,
            Way::Rounds => Asking::Rounds(None),
            Way::Live(_) => Asking::Live(Arc::clone(&questions) as Arc<dyn Asker>),
        };
        questions
    }

    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What stands still while the call asks.
    pub(crate) fn pause(&self) -> &Pause {
        &self.pause
    }

    pub(crate) fn can_ask(&self, capability: Capability) -> bool {
        !matches!(self.way, Way::Nobody) && !self.binding.is_completion() && self.capabilities.has(capability)
    }

    /// Reads what the client brings from the rounds before.
    pub(crate) fn resume(&self) -> Result<Resumed, CallError> {
        let Some(round) = self.asked().brought.take() else { return Ok(Resumed::Afresh) };
        let responses = Responses::read(round.responses.as_ref())?;
        let Some(state) = round.state else {
            self.asked().rounds = Rounds::first(responses);
            return Ok(Resumed::Afresh);
        };
        let store = &self.services.store;
        if state.len() > self.services.config.input.state_bytes_max {
            return Err(CallError::InvalidState);
        }
        match request_state::open(&store.keys, &self.binding.to_bytes(&self.principal), &state, store.clock.now()) {
            Opened::Record(record) => {
                self.asked().rounds = Rounds::further(record, responses);
                Ok(Resumed::With(number_of(&state)))
            }
            // The answers go with it: which questions they answer is not known.
            Opened::Unknown => Ok(Resumed::Afresh),
            Opened::Invalid => Err(CallError::InvalidState),
        }
    }

    /// Consumes the state of that number, once for all replicas.
    pub(crate) fn consume(&self, number: u128) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let once = Once::new(&self.services.store);
        let owner = owner_digest(&self.principal);
        let timeout = self.services.config.input.timeout;
        async move { once.consume(owner, number, timeout).await }
    }

    /// How the call ends after a poll of its handler, if a question ends it.
    pub(crate) fn verdict(&self) -> Option<Outcome> {
        let mut asked = self.asked();
        if let Some(failure) = asked.failure.take() {
            return Some(Err(failure));
        }
        if !asked.rounds.is_asking() {
            return None;
        }
        let rounds = std::mem::take(&mut asked.rounds);
        drop(asked);
        Some(self.input_required(rounds))
    }

    fn input_required(&self, rounds: Rounds) -> Outcome {
        let bounds = &self.services.config.input;
        if rounds.number() >= bounds.rounds_max {
            return Err(CallError::TooManyRounds { limit: bounds.rounds_max });
        }
        let store = &self.services.store;
        let expires = store.clock.now().saturating_add(bounds.timeout);
        let (input_requests, record) = rounds.finish(expires.as_u64());
        let state = request_state::seal(&store.keys, &self.binding.to_bytes(&self.principal), &record);
        if state.len() > bounds.state_bytes_max {
            return Err(CallError::StateTooLarge { limit: bounds.state_bytes_max });
        }
        let result = InputRequiredResult { input_requests, request_state: Some(state) };
        Ok(Answer::Result(ServerResult::InputRequired(result)))
    }

    /// Asks a question, and ends with what `read` makes of the answer. Without an answer that fits it never ends: the call
    /// does.
    pub(super) async fn ask<T>(
        &self,
        key: &str,
        trust: Trust,
        request: InputRequest,
        read: impl Fn(Value) -> Option<T> + Send,
    ) -> T {
        let required = request.required();
        if self.binding.is_completion() {
            return self.fail(QuestionError::InCompletion).await;
        }
        let is_declared = self.capabilities.bits() & required.bits() == required.bits();
        match &self.way {
            Way::Rounds if is_declared => {
                let digest = digest_of(trust, &request);
                let answer = self.asked().rounds.answer(key, &digest, trust, read);
                match answer {
                    Some(answer) => answer,
                    None => {
                        self.asked().rounds.pose(key, digest, request);
                        self.pause.wake();
                        pending().await
                    }
                }
            }
            Way::Live(asker) if is_declared => match self.wait_for(asker.ask(request)).await {
                Ok(answer) => match unambiguous(&answer).ok().and_then(read) {
                    Some(answer) => answer,
                    None => self.end(AskError::Unfit.into()).await,
                },
                Err(error) => self.end(error.into()).await,
            },
            Way::Nobody | Way::Rounds | Way::Live(_) => self.end(CallError::MissingCapability { required }).await,
        }
    }

    /// Waits for an answer. Meanwhile the call stands still.
    async fn wait_for(&self, answer: BoxFuture<'static, Result<RawJson, AskError>>) -> Result<RawJson, AskError> {
        let open = Open::new(&self.pause);
        let answer = answer.await;
        self.pause.take_place().await;
        drop(open);
        answer
    }

    /// Runs `work` once in all rounds, and keeps what it gave for the rounds after this one.
    pub(super) async fn once<T>(&self, key: &str, work: impl Future<Output = T> + Send) -> T
    where
        T: Serialize + DeserializeOwned + Send,
    {
        let kept = self.asked().rounds.kept(key).cloned();
        if let Some(value) = kept.and_then(|kept| serde_json::from_value(kept).ok()) {
            return value;
        }
        let value = work.await;
        if matches!(self.way, Way::Rounds) {
            match serde_json::to_value(&value) {
                Ok(json) => self.asked().rounds.keep(key, json),
                Err(_) => return self.fail(QuestionError::NotJson { key: key.into() }).await,
            }
        }
        value
    }

    /// Ends the call, because its program asks what cannot be asked.
    pub(super) async fn fail<T>(&self, error: QuestionError) -> T {
        tracing::error!(%error, "a handler asks what cannot be asked");
        self.end(CallError::Question(error)).await
    }

    /// Ends the call, and never returns to its handler.
    async fn end<T>(&self, failure: CallError) -> T {
        self.asked().failure.get_or_insert(failure);
        self.pause.wake();
        pending().await
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        // What a handler does while it is locked cannot panic half way through a change of ours: `read` comes before it.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a handler uses that forwards questions itself.
impl Asker for Questions {
    fn ask(&self, request: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>> {
        let Way::Live(asker) = &self.way else { return Box::pin(async { Err(AskError::Unavailable) }) };
        let answer = asker.ask(request);
        // There is nobody left to stand still for when it is gone.
        let Some(me) = self.me.upgrade() else { return answer };
        Box::pin(async move {
            let answer = me.wait_for(answer).await?;
            unambiguous(&answer).map(|_| answer)
        })
    }
}

/// Reads a client's answer, unless a member stands twice in it: then readers disagree on what it says.
fn unambiguous(answer: &RawJson) -> Result<Value, AskError> {
    unique::read(answer.as_str()).map_err(|_| AskError::Unfit)
}

/// An open question.
struct Open<'a>(&'a Pause);

impl<'a> Open<'a> {
    fn new(pause: &'a Pause) -> Self {
        pause.open();
        Self(pause)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A number for a state: each has its own nonce, and one spelling.
fn number_of(state: &str) -> u128 {
    let digest = aws_lc_rs::digest::digest(&SHA256, state.as_bytes());
    digest.as_ref().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}
