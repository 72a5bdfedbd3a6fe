//! Resources that are written in Rust: from a typed function by `#[resource]`, or by hand.

mod handler;
mod result;

use std::future::Future;
use std::str::FromStr;

use outboard_identity::Requirement;
use outboard_protocol::types::{Resource, ResourceTemplate};
use outboard_protocol::uri_template::{Value, Variables};

use super::completer::{Completers, NativeCompleter};
use crate::access::Access;
use crate::context::Context;
use crate::provider::{OfferedResource, OfferedTemplate};
use handler::{ResourceHandler, TemplateHandler};

pub use result::{Cached, IntoResourceResult, Read};

/// A resource or a template that is written in Rust. `#[resource]` implements it.
pub trait NativeResource {
    /// The resource or template and its handlers, for the catalog.
    fn offered(self) -> ResourceOffer;
}

/// What [`NativeResource`] is one of.
#[derive(Clone, Debug)]
pub enum ResourceOffer {
    /// A resource.
    Resource(OfferedResource),
    /// A template of resources.
    Template(OfferedTemplate),
}

/// What `#[resource]` makes of a function's name: a function that makes the resource.
impl<F, R> NativeResource for F
where
    F: FnOnce() -> R,
    R: NativeResource,
{
    fn offered(self) -> ResourceOffer {
        self().offered()
    }
}

/// A resource made of its definition and a function that reads it.
pub struct DynamicResource<F> {
    resource: Resource,
    run: F,
    access: Access,
}

impl<F> std::fmt::Debug for DynamicResource<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DynamicResource").field(&self.resource.uri).finish()
    }
}

impl<F, R> DynamicResource<F>
where
    F: Fn(Context) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResourceResult> + Send + 'static,
{
    /// A resource, which `run` reads.
    pub fn new(resource: Resource, run: F) -> Self {
        Self { resource, run, access: Access::default() }
    }

    /// Requires these scopes of who reads it, beside what was required before.
    #[must_use]
    pub fn requires(self, requirement: Requirement) -> Self {
        Self { access: self.access.and(requirement), ..self }
    }
}

impl<F, R> NativeResource for DynamicResource<F>
where
    F: Fn(Context) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResourceResult> + Send + 'static,
{
    fn offered(self) -> ResourceOffer {
        let handler = ResourceHandler::new(self.run, self.resource.mime_type.as_deref(), self.access).into();
        ResourceOffer::Resource(OfferedResource { resource: self.resource, handler })
    }
}

/// A template made of its definition and a function that reads what matches it.
pub struct DynamicTemplate<F> {
    template: ResourceTemplate,
    run: F,
    completers: Completers,
    values: Values,
    access: Access,
}

/// Which values of its variables a template takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Values {
    /// Those that stay where they are put: see [`UriTemplate::check`](outboard_protocol::uri_template::UriTemplate::check).
    Contained,
    Any,
}

impl<F> std::fmt::Debug for DynamicTemplate<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DynamicTemplate").field(&self.template.uri_template).finish()
    }
}

impl<F, R> DynamicTemplate<F>
where
    F: Fn(Context, MatchedUri) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResourceResult> + Send + 'static,
{
    /// A template; `run` reads the URIs that it stands for.
    pub fn new(template: ResourceTemplate, run: F) -> Self {
        let (completers, access) = (Completers::default(), Access::default());
        Self { template, run, completers, values: Values::Contained, access }
    }

    /// Requires these scopes of who reads anything by it, or has values suggested, beside what was required before.
    #[must_use]
    pub fn requires(self, requirement: Requirement) -> Self {
        Self { access: self.access.and(requirement), ..self }
    }

    /// Takes any value of its variables. Without this a URI is refused in which one has a `..` segment, NUL, begins with a
    /// slash, or holds a slash where a bare one could not stand: in most programs a value ends up in a path.
    #[must_use]
    pub fn any_value(self) -> Self {
        Self { values: Values::Any, ..self }
    }

    /// Suggests values of a variable.
    #[must_use]
    pub fn complete<K>(mut self, variable: &str, completer: impl NativeCompleter<K>) -> Self {
        self.completers.add(variable, completer);
        self
    }
}

impl<F, R> NativeResource for DynamicTemplate<F>
where
    F: Fn(Context, MatchedUri) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResourceResult> + Send + 'static,
{
    fn offered(self) -> ResourceOffer {
        let handler = TemplateHandler::new(self.run, &self.template, self.values, self.access).into();
        let completer = self.completers.handler();
        ResourceOffer::Template(OfferedTemplate { template: self.template, handler, completer })
    }
}

/// A URI that a template stands for, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedUri {
    /// The whole URI.
    pub uri: String,
    /// The values of the template's variables, percent-decoded. They are the caller's words: with
    /// [`any_value`](DynamicTemplate::any_value) one may be `../..`.
    pub variables: Variables,
}

/// What `#[resource]` needs of a variable that may be absent: `None` when its text is no value of its type.
#[must_use]
pub fn optional_variable<T: FromStr>(matched: &MatchedUri, name: &str) -> Option<Option<T>> {
    match matched.variables.get(name) {
        None => Some(None),
        Some(Value::Text(text)) => text.parse().ok().map(Some),
        Some(Value::List(_) | Value::Pairs(_)) => None,
    }
}

/// What `#[resource]` needs of a variable: `None` when it is absent or its text is no value of its type.
#[must_use]
pub fn required_variable<T: FromStr>(matched: &MatchedUri, name: &str) -> Option<T> {
    matched.variables.text(name)?.parse().ok()
}

/// What `#[resource]` needs of a variable that is a list, `{var*}`.
#[must_use]
pub fn list_variable(matched: &MatchedUri, name: &str) -> Vec<String> {
    match matched.variables.get(name) {
        Some(Value::List(list)) => list.clone(),
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::Pairs(_)) | None => Vec::new(),
    }
}
