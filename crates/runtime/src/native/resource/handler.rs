//! Reads native resources.

use std::future::Future;
use std::sync::Arc;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::shortened;
use outboard_protocol::types::ResourceTemplate;
use outboard_protocol::uri_template::{UriTemplate, Variables};

use super::{IntoResourceResult, MatchedUri, Read, Values};
use crate::access::Access;
use crate::call::{Call, Operation};
use crate::context::Context;
use crate::outcome::{Answer, CallError, Outcome};
use crate::provider::{BoxFuture, Handler};

/// Reads one resource.
pub(super) struct ResourceHandler<F> {
    run: Arc<F>,
    mime_type: Option<Arc<str>>,
    access: Access,
}

impl<F> ResourceHandler<F> {
    pub(super) fn new(run: F, mime_type: Option<&str>, access: Access) -> Self {
        Self { run: Arc::new(run), mime_type: mime_type.map(Into::into), access }
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
            let contents = run(Context::of(call)?).await;
            answer(contents, &uri, mime_type.as_deref())
        })
    }

    fn access(&self) -> Access {
        self.access.clone()
    }
}

/// Reads what a template stands for.
pub(super) struct TemplateHandler<F> {
    run: Arc<F>,
    mime_type: Option<Arc<str>>,
    /// `None` where the text is no template; the catalog does not take it then.
    template: Option<UriTemplate>,
    values: Values,
    access: Access,
}

impl<F> TemplateHandler<F> {
    pub(super) fn new(run: F, template: &ResourceTemplate, values: Values, access: Access) -> Self {
        Self {
            run: Arc::new(run),
            mime_type: template.mime_type.as_deref().map(Into::into),
            template: UriTemplate::parse(&template.uri_template).ok(),
            values,
            access,
        }
    }

    /// The values with which the template stands for a URI, if it takes them.
    fn variables(&self, uri: &str) -> Result<Variables, CallError> {
        let unknown = || CallError::UnknownResource { uri: uri.into() };
        let template = self.template.as_ref().ok_or_else(unknown)?;
        let variables = template.matches(uri).ok_or_else(unknown)?;
        match self.values {
            Values::Any => Ok(variables),
            Values::Contained => template.check(variables).map_err(|error| CallError::WrongArgument {
                name: shortened(&error.variable),
                expected: error.expected(),
            }),
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
        let variables = self.variables(&uri);
        Box::pin(async move {
            let matched = MatchedUri { uri: uri.to_string(), variables: variables? };
            let contents = run(Context::of(call)?, matched).await;
            answer(contents, &uri, mime_type.as_deref())
        })
    }

    fn access(&self) -> Access {
        self.access.clone()
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
