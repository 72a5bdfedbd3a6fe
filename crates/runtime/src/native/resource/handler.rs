//! Reads native resources.

use std::future::Future;
use std::sync::Arc;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::ResourceTemplate;
use outboard_protocol::uri_template::UriTemplate;

use super::{IntoResourceResult, MatchedUri, Read};
use crate::call::{Call, Operation};
use crate::context::Context;
use crate::outcome::{Answer, CallError, Outcome};
use crate::provider::{BoxFuture, Handler};

/// Reads one resource.
pub(super) struct ResourceHandler<F> {
    run: Arc<F>,
    mime_type: Option<Arc<str>>,
}

impl<F> ResourceHandler<F> {
    pub(super) fn new(run: F, mime_type: Option<&str>) -> Self {
        Self { run: Arc::new(run), mime_type: mime_type.map(Into::into) }
    }
}

impl<F, R> Handler for ResourceHandler<F>
where
    F: Fn(Context) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResourceResult> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (run, mime_type) = (Arc::clone(&self.run), self.mime_type.clone());
        Box::pin(async move {
            let uri = uri_of(&call);
            let contents = run(Context::of(call)).await;
            answer(contents, &uri, mime_type.as_deref())
        })
    }
}

/// Reads what a template stands for.
pub(super) struct TemplateHandler<F> {
    run: Arc<F>,
    mime_type: Option<Arc<str>>,
    /// `None` where the text is no template; the catalog does not take it then.
    template: Option<UriTemplate>,
}

impl<F> TemplateHandler<F> {
    pub(super) fn new(run: F, template: &ResourceTemplate) -> Self {
        Self {
            run: Arc::new(run),
            mime_type: template.mime_type.as_deref().map(Into::into),
            template: UriTemplate::parse(&template.uri_template).ok(),
        }
    }
}

impl<F, R> Handler for TemplateHandler<F>
where
    F: Fn(Context, MatchedUri) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResourceResult> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (run, mime_type) = (Arc::clone(&self.run), self.mime_type.clone());
        let uri = uri_of(&call);
        let variables = self.template.as_ref().and_then(|template| template.matches(&uri));
        Box::pin(async move {
            let Some(variables) = variables else { return Err(CallError::UnknownResource { uri }) };
            let matched = MatchedUri { uri: uri.to_string(), variables };
            let contents = run(Context::of(call), matched).await;
            answer(contents, &uri, mime_type.as_deref())
        })
    }
}

/// What is read. Nothing else comes to these handlers.
fn uri_of(call: &Call) -> Box<str> {
    match &call.operation {
        Operation::ReadResource { uri } => uri.clone(),
        _ => Box::default(),
    }
}

fn answer(contents: impl IntoResourceResult, uri: &str, mime_type: Option<&str>) -> Outcome {
    let Read { result, hints } = contents.into_resource_result(uri, mime_type)?;
    Ok(Answer::Result(ServerResult::ReadResource(result, hints)))
}
