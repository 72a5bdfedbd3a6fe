//! The Model Context Protocol as a function of its inputs: what may be said, in every revision.
//!
//! Bytes and facts go in, values come out. There is no runtime here, no HTTP server, no clock, no randomness, no
//! environment and no log: whoever calls has those, and decides what to do with the values.
//!
//! - [`jsonrpc`]: one message, parsed once, its `params` kept as raw JSON.
//! - [`revision`] and [`era`]: which revision a request speaks, and what that changes.
//! - [`headers`]: the rules that bind HTTP headers to the body.
//! - [`error`]: error codes with their data.
//! - [`types`]: the specification's objects, one Rust type for all revisions.
//! - [`encode`]: an answer in the words of the caller's revision.
//! - [`uri_template`]: which URIs a resource template stands for, and with which values.

pub mod encode;
pub mod era;
pub mod error;
pub mod headers;
pub mod jsonrpc;
pub mod meta;
pub mod method;
pub mod params;
pub mod raw;
pub mod revision;
pub mod types;
pub mod uri_template;

pub use era::{Era, EraDecision, Header, decide_era};
pub use error::{ErrorObject, ProtocolError};
pub use jsonrpc::{Message, Notification, Request, RequestId, Response};
pub use meta::RequestMeta;
pub use method::Method;
pub use params::Params;
pub use raw::RawJson;
pub use revision::Revision;

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
