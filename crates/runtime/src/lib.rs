//! What happens to an MCP call: the catalog of what can be called, and the stack of layers that every call passes.
//!
//! A transport makes a [`Call`] of what arrives and writes the [`Outcome`] in the caller's words; nothing in here knows
//! about HTTP, or which era the caller speaks. [`Runtime`] is the `tower` service in between.
//!
//! ```
//! use outboard_runtime::{Catalog, Runtime, RuntimeConfig, tool};
//!
//! /// Adds two numbers.
//! #[tool]
//! async fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! let runtime = Runtime::new(Catalog::new("calculator", "1.0.0").tool(add), &RuntimeConfig::default());
//! assert_eq!(runtime.unwrap().tools().len(), 1);
//! ```

mod call;
mod catalog;
mod context;
mod native;
mod outcome;
mod outlet;
mod provider;
mod runtime;
mod schema;
mod stack;

pub use call::{Call, Client, Operation, ToolCall};
pub use catalog::{Catalog, CatalogError};
pub use context::Context;
pub use native::{DynamicTool, IntoToolResult, Json, NativeTool};
pub use outboard_macros::tool;
pub use outcome::{Answer, BackendFailure, CallError, Description, Outcome};
pub use outlet::{Event, Outlet};
pub use provider::{BoxFuture, Handler, Offer, OfferedTool, Provider};
pub use runtime::{ResponseFuture, Runtime, RuntimeConfig};
pub use schema::{SchemaError, SchemaLimits};

/// What the code that [`tool`](macro@tool) writes needs; not for people.
#[doc(hidden)]
pub mod generated {
    pub use crate::native::{answer, input_schema, output_schema_of};
    pub use outboard_protocol::RawJson;
    pub use outboard_protocol::types::{Tool, ToolAnnotations};
    pub use schemars;
    pub use serde;
    pub use serde_json;
}

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
