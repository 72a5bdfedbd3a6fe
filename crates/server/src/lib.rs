//! The outboard server as a library: a whole command line over your own tools, and over whatever the config lifts.
//!
//! ```no_run
//! use outboard_server::{Catalog, tool};
//!
//! /// Adds two numbers.
//! #[tool]
//! async fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     outboard_server::main(Catalog::new("calculator", "1.0.0").tool(add))
//! }
//! ```
//!
//! Types of your own in results and in questions derive [`serde`]'s and [`schemars`]'s traits. Both are here, so that they are
//! the ones that the macros use: `use outboard_server::schemars::{self, JsonSchema};`.

// `#[tool]` names this crate, in here as anywhere else.
extern crate self as outboard_server;

mod banner;
mod cli;
mod config;
mod demo;
mod dev_issuer;
mod diagnostics;
mod drain;
mod hardening;
mod health;
mod http;
mod keys;
mod lifting;
mod listener;
mod logging;
mod program;
#[cfg(debug_assertions)]
mod sabotage;
mod serve;
mod shared;
mod signals;

pub use outboard_auth::{Claim, Claims, GrantedScopes, Principal, Requirement, Scope, ScopeError, ScopeSet};
pub use outboard_runtime as runtime;
pub use outboard_runtime::{
    Access, Cached, Catalog, Context, DynamicPrompt, DynamicResource, DynamicTemplate, DynamicTool, Handle,
    IntoPromptResult, IntoResourceResult, IntoToolResult, Json, MatchedUri, NativePrompt, NativeResource, NativeTool,
    NotAccepted, PromptArguments, Read, StateError, States, prompt, resource, tool,
};
pub use program::main;
pub use schemars;
pub use serde;

/// The specification's objects that tools return: content, results, annotations.
pub mod types {
    pub use outboard_protocol::types::*;
}

/// The readers of what operators write, for the fuzz targets; not for people.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::config::fuzzing::{Judged, judge};
}

/// Compiles the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
