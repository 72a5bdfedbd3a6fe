//! How MCP calls arrive: Streamable HTTP, for both eras on one URL, as a `tower` service.
//!
//! [`StreamableHttp`] turns an HTTP request into a [`Call`](outboard_runtime::Call), hands it to the runtime, and writes the
//! outcome in the words of the caller's revision. It mounts in anything that takes a `tower` service, an axum router among
//! them. [`HostOriginLayer`] goes in front of it: without that, a web page can reach a server on the reader's own machine.

mod http;

pub use crate::http::{
    Authentication, Body, HostOriginLayer, HostOriginPolicy, HostOriginService, HttpConfig, OriginError, StreamableHttp,
};

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
