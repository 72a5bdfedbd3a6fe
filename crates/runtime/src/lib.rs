//! What happens to an MCP call: the catalog of what can be called, and the stack of layers that every call passes.
//!
//! A transport makes a [`Call`] of what arrives and writes the [`Outcome`] in the caller's words; nothing in here knows
//! about HTTP, or which era the caller speaks. [`Runtime`] is the `tower` service in between.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use outboard_runtime::{Catalog, Notify, Runtime, RuntimeConfig, tool};
//! use outboard_store::{KeyRing, RootKey, Store, SystemClock};
//!
//! /// Adds two numbers.
//! #[tool]
//! async fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! let catalog = Catalog::new("calculator", "1.0.0").tool(add);
//! let keys = KeyRing::new(vec![RootKey::generate()]).unwrap();
//! let store = Store::in_memory(Arc::new(keys), Arc::new(SystemClock));
//! let notify = Notify::new(&store, Duration::from_secs(30));
//! let runtime = Runtime::new(catalog, store, notify, RuntimeConfig::default());
//! assert_eq!(runtime.unwrap().tools().len(), 1);
//! ```

mod access;
mod call;
mod catalog;
mod context;
pub mod hints;
mod input;
mod interest;
mod native;
mod notify;
mod outcome;
mod outlet;
mod owner;
mod provider;
mod runtime;
mod schema;
mod services;
mod stack;
mod state;
mod unique;

pub use access::{
    Access, Glob, GlobError, Governed, IntoRequirement, Listing, RequirementTemplate, SCOPE_BYTES_MAX, ScopeRule,
    ScopeTemplate, ScopeTemplateError,
};
pub use call::{Call, Client, ListKind, Operation, PromptCall, ToolCall};
pub use catalog::{Catalog, CatalogError, Counts, Item, Whose};
pub use context::Context;
pub use input::{AskError, Asker, Asking, NotAccepted, QuestionError, Round};
pub use interest::Watching;
pub use native::{
    Cached, DynamicPrompt, DynamicResource, DynamicTemplate, DynamicTool, IntoPromptResult, IntoResourceResult,
    IntoToolResult, Json, MatchedUri, NativeCompleter, NativePrompt, NativeResource, NativeTool, OfCall, OfText,
    OfTextLater, PromptArguments, Read, ResourceOffer,
};
pub use notify::{Change, Listening, Notify, Since, Told, Topics};
pub use outboard_macros::{prompt, resource, tool};
pub use outcome::{Answer, BackendFailure, CallError, Culprit, Description, Outcome};
pub use outlet::{Event, Outlet};
pub use owner::owner_digest;
pub use provider::{
    BoxFuture, Handler, Offer, OfferedPrompt, OfferedResource, OfferedTemplate, OfferedTool, Provider, SharedHandler,
};
pub use runtime::{InputConfig, ResponseFuture, Runtime, RuntimeConfig, StateConfig};
pub use schema::{SchemaError, SchemaLimits};
pub use state::{Handle, StateError, States};

/// What the code that the macros write needs; not for people.
#[doc(hidden)]
pub mod generated {
    pub use crate::access::{requirement, scopes_for};
    pub use crate::native::{
        answer, filled, input_schema, list_variable, optional, optional_variable, output_schema_of, required,
        required_variable,
    };
    pub use outboard_protocol::RawJson;
    pub use outboard_protocol::types::{Prompt, PromptArgument, Resource, ResourceTemplate, Tool, ToolAnnotations};
    pub use schemars;
    pub use serde;
    pub use serde_json;
}

/// The check of what other servers declare, for the fuzz targets; not for people.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::schema::fuzzing::check_arguments;
}

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
