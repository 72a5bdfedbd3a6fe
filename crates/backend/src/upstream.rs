//! Upstream HTTP servers: the client half of Streamable HTTP, in both eras.
//!
//! A [`Client`] connects, lists tools and calls them. It declares no capabilities, so a server has nothing to ask of it,
//! and it opens no stream of its own: what a server tells outside of an answer is not heard.

mod answer;
mod client;
mod connect;
mod dialect;
mod error;
mod exchange;
pub(crate) mod fuzzing;
mod options;
mod sse;
mod tools;
mod wire;

pub use client::Client;
pub use error::{CallError, ConnectError, ExchangeError, ListError};
pub use options::{ClientOptions, EraChoice};
pub use sse::SseError;
pub use tools::{LeftOut, ToolFault, ToolListing};
