//! How MCP calls arrive: Streamable HTTP, for both eras on one URL, as a `tower` service; and [`stdio`], for one client.
//!
//! [`StreamableHttp`] turns an HTTP request into a [`Call`](outboard_runtime::Call), hands it to the runtime, and writes the
//! outcome in the words of the caller's revision. It mounts in anything that takes a `tower` service, an axum router among
//! them. [`HostOriginLayer`] goes in front of it: without that, a web page can reach a server on the reader's own machine.

mod answering;
mod http;
mod legacy;
mod modern;
mod operation;
mod places;
pub mod stdio;
mod streams;
mod subscription;
mod until;

pub use crate::http::{
    Authentication, Body, HostOriginLayer, HostOriginPolicy, HostOriginService, HttpConfig, LegacyConfig, OriginError,
    Shutdown, StreamableHttp,
};
pub use crate::subscription::SubscriptionLimits;

/// The readers of what clients send, for the fuzz targets; not for people.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::legacy::http::fuzzing::event_id_line;
    pub use crate::stdio::fuzzing::lines;
}

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
