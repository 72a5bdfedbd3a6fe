//! Prompts that are written in Rust: from a typed function by `#[prompt]`, or by hand from a list of arguments.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;

use outboard_identity::Requirement;
use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{GetPromptResult, Prompt, PromptMessage};
use serde_json::Value;

use super::completer::{Completers, NativeCompleter};
use crate::access::Access;
use crate::call::{Call, Operation};
use crate::context::Context;
use crate::outcome::{Answer, CallError, Outcome};
use crate::provider::{BoxFuture, Handler, OfferedPrompt};

/// The arguments of a prompt by their names; those that the caller left out are absent.
pub type PromptArguments = BTreeMap<String, String>;

/// A prompt that is written in Rust. `#[prompt]` implements it.
pub trait NativePrompt {
    /// The prompt and its handlers, for the catalog.
    fn offered(self) -> OfferedPrompt;
}

/// What `#[prompt]` makes of a function's name: a function that makes the prompt.
impl<F, P> NativePrompt for F
where
    F: FnOnce() -> P,
    P: NativePrompt,
{
    fn offered(self) -> OfferedPrompt {
        self().offered()
    }
}

/// What a prompt's function may return.
pub trait IntoPromptResult {
    /// The result for the caller.
    ///
    /// # Errors
    ///
    /// [`CallError`] when the function could not fill the prompt in.
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError>;
}

impl IntoPromptResult for GetPromptResult {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        Ok(self)
    }
}

impl IntoPromptResult for Vec<PromptMessage> {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        Ok(GetPromptResult { messages: self, ..GetPromptResult::default() })
    }
}

impl IntoPromptResult for PromptMessage {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        vec![self].into_prompt_result()
    }
}

/// What the person says.
impl IntoPromptResult for String {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        PromptMessage::user(self).into_prompt_result()
    }
}

/// What the person says.
impl IntoPromptResult for &'static str {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        PromptMessage::user(self).into_prompt_result()
    }
}

/// The text of an error goes to the caller, as an internal error (-32603): prompts have no other way to fail.
impl<T: IntoPromptResult, E: Display> IntoPromptResult for Result<T, E> {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        match self {
            Ok(value) => value.into_prompt_result(),
            Err(error) => Err(CallError::Handler { reason: error.to_string().into() }),
        }
    }
}

/// A prompt made of its definition and a function of the arguments.
pub struct DynamicPrompt<F> {
    prompt: Prompt,
    run: F,
    completers: Completers,
    access: Access,
}

impl<F> std::fmt::Debug for DynamicPrompt<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DynamicPrompt").field(&self.prompt.name).finish()
    }
}

impl<F, R> DynamicPrompt<F>
where
    F: Fn(Context, PromptArguments) -> R + Send + Sync + 'static,
    R: Future<Output: IntoPromptResult> + Send + 'static,
{
    /// A prompt; `run` sees only arguments that `prompt` has, and all of them that it requires.
    pub fn new(prompt: Prompt, run: F) -> Self {
        Self { prompt, run, completers: Completers::default(), access: Access::default() }
    }

    /// Requires these scopes of who fills it in, or has values suggested, beside what was required before.
    #[must_use]
    pub fn requires(self, requirement: Requirement) -> Self {
        Self { access: self.access.and(requirement), ..self }
    }

    /// Suggests values of an argument.
    #[must_use]
    pub fn complete<K>(mut self, argument: &str, completer: impl NativeCompleter<K>) -> Self {
        self.completers.add(argument, completer);
        self
    }
}

impl<F, R> NativePrompt for DynamicPrompt<F>
where
    F: Fn(Context, PromptArguments) -> R + Send + Sync + 'static,
    R: Future<Output: IntoPromptResult> + Send + 'static,
{
    fn offered(self) -> OfferedPrompt {
        let names = self.prompt.arguments.iter().map(|argument| argument.name.as_str().into()).collect();
        let handler = PromptHandler { run: Arc::new(self.run), names, access: self.access }.into();
        OfferedPrompt { prompt: self.prompt, handler, completer: self.completers.handler() }
    }
}

struct PromptHandler<F> {
    run: Arc<F>,
    /// Of its arguments.
    names: Vec<Box<str>>,
    access: Access,
}

impl<F, R> Handler for PromptHandler<F>
where
    F: Fn(Context, PromptArguments) -> R + Send + Sync + 'static,
    R: Future<Output: IntoPromptResult> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let arguments = match &call.operation {
            Operation::GetPrompt(prompt) => read(prompt.arguments.as_ref(), &self.names),
            _ => PromptArguments::new(),
        };
        let run = Arc::clone(&self.run);
        Box::pin(async move {
            let result = run(Context::of(call)?, arguments).await.into_prompt_result()?;
            Ok(Answer::Result(ServerResult::GetPrompt(result)))
        })
    }

    fn access(&self) -> Access {
        self.access.clone()
    }
}

/// The arguments that the prompt has. They were checked before.
fn read(raw: Option<&RawJson>, names: &[Box<str>]) -> PromptArguments {
    let all: BTreeMap<String, Value> = raw.and_then(|raw| raw.read().ok()).unwrap_or_default();
    let known = all.into_iter().filter(|(name, _)| names.iter().any(|known| **known == **name));
    known.filter_map(|(name, value)| if let Value::String(text) = value { Some((name, text)) } else { None }).collect()
}

/// What `#[prompt]` makes of a function's return value.
#[derive(Debug)]
pub struct Filled<T>(Result<T, CallError>);

impl<T: IntoPromptResult> IntoPromptResult for Filled<T> {
    fn into_prompt_result(self) -> Result<GetPromptResult, CallError> {
        self.0?.into_prompt_result()
    }
}

/// Runs what `#[prompt]` has made of a function.
pub async fn filled<T>(run: impl Future<Output = Result<T, CallError>> + Send) -> Filled<T> {
    Filled(run.await)
}

/// Takes an argument that `#[prompt]` has made optional.
///
/// # Errors
///
/// [`CallError::WrongArgument`] when it is there and is no value of its type.
pub fn optional<T: FromStr>(
    arguments: &mut PromptArguments,
    name: &str,
    expected: &'static str,
) -> Result<Option<T>, CallError> {
    let parse = |text: String| text.parse().map_err(|_| CallError::WrongArgument { name: name.into(), expected });
    arguments.remove(name).map(parse).transpose()
}

/// Takes an argument that `#[prompt]` has made required.
///
/// # Errors
///
/// [`CallError::MissingArgument`] when it is absent, [`CallError::WrongArgument`] when it is no value of its type.
pub fn required<T: FromStr>(
    arguments: &mut PromptArguments,
    name: &str,
    expected: &'static str,
) -> Result<T, CallError> {
    optional(arguments, name, expected)?.ok_or_else(|| CallError::MissingArgument { name: name.into() })
}
