//! Functions that suggest values of an argument of a prompt, or of a variable of a template.

use std::future::Future;
use std::sync::Arc;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{CompleteParams, CompleteResult, Completion};

use crate::call::{Call, Operation};
use crate::context::Context;
use crate::outcome::{Answer, Outcome};
use crate::provider::{BoxFuture, Handler, SharedHandler};

/// A function that suggests values, best first:
///
/// - `fn(&str) -> Vec<String>` of what has been typed,
/// - `async fn(String) -> Vec<String>`, the same for one that waits,
/// - `async fn(Context, CompleteParams) -> Vec<String>`, which also knows who asks and what is filled in already.
///
/// `Kind` tells the three apart; the compiler finds it. Of more than
/// [`COMPLETION_VALUES_MAX`](outboard_protocol::types::COMPLETION_VALUES_MAX) values the first are sent.
pub trait NativeCompleter<Kind>: Send + Sync + 'static {
    /// The values.
    fn suggest(&self, context: Context, params: CompleteParams) -> BoxFuture<'static, Vec<String>>;
}

/// Of what has been typed.
#[derive(Debug)]
pub struct OfText;

/// Of what has been typed, by a function that waits.
#[derive(Debug)]
pub struct OfTextLater;

/// Of all that is known.
#[derive(Debug)]
pub struct OfCall;

impl<F> NativeCompleter<OfText> for F
where
    F: Fn(&str) -> Vec<String> + Send + Sync + 'static,
{
    fn suggest(&self, _: Context, params: CompleteParams) -> BoxFuture<'static, Vec<String>> {
        Box::pin(std::future::ready(self(&params.argument.value)))
    }
}

impl<F, R> NativeCompleter<OfTextLater> for F
where
    F: Fn(String) -> R + Send + Sync + 'static,
    R: Future<Output = Vec<String>> + Send + 'static,
{
    fn suggest(&self, _: Context, params: CompleteParams) -> BoxFuture<'static, Vec<String>> {
        Box::pin(self(params.argument.value))
    }
}

impl<F, R> NativeCompleter<OfCall> for F
where
    F: Fn(Context, CompleteParams) -> R + Send + Sync + 'static,
    R: Future<Output = Vec<String>> + Send + 'static,
{
    fn suggest(&self, context: Context, params: CompleteParams) -> BoxFuture<'static, Vec<String>> {
        Box::pin(self(context, params))
    }
}

type Suggest = Arc<dyn Fn(Context, CompleteParams) -> BoxFuture<'static, Vec<String>> + Send + Sync>;

/// Who suggests what, by the names of arguments.
#[derive(Clone, Default)]
pub(super) struct Completers(Vec<(Box<str>, Suggest)>);

impl Completers {
    pub(super) fn add<K>(&mut self, argument: &str, completer: impl NativeCompleter<K>) {
        let suggest: Suggest = Arc::new(move |context, params| completer.suggest(context, params));
        self.0.push((argument.into(), suggest));
    }

    /// As a handler, if there are any.
    pub(super) fn handler(self) -> Option<SharedHandler> {
        (!self.0.is_empty()).then(|| self.into())
    }
}

impl Handler for Completers {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let found = match &call.operation {
            Operation::Complete(params) => {
                let suggest = self.0.iter().find(|(argument, _)| **argument == *params.argument.name);
                suggest.map(|(_, suggest)| (Arc::clone(suggest), CompleteParams::clone(params)))
            }
            _ => None,
        };
        Box::pin(async move {
            let completion = match found {
                Some((suggest, params)) => Completion::of(suggest(Context::of(call)?, params).await),
                // An argument that nobody suggests anything for.
                None => Completion::default(),
            };
            Ok(Answer::Result(ServerResult::Complete(CompleteResult { completion })))
        })
    }
}
