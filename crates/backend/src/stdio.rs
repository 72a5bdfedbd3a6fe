//! Lifting: a command that speaks MCP over its standard streams, kept running and offered as a provider.
//!
//! One process serves all callers and is told nothing of them but what [`StdioConfig::claims`] names. What it asks reaches a caller only where it can be no other's
//! ([`Isolation`], [`StdioConfig::serial`]). It is started again when it ends; a call that it did not answer is never run a
//! second time.
//!
//! ```no_run
//! use outboard_backend::stdio::{StdioBackend, StdioConfig};
//! use tokio_util::{sync::CancellationToken, task::TaskTracker};
//!
//! # async fn lift(ours: Vec<(std::ffi::OsString, std::ffi::OsString)>, notify: outboard_runtime::Notify) {
//! let mut config = StdioConfig::new("time", "uvx");
//! config.args = vec!["mcp-server-time".to_owned()];
//! let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
//! let backend = StdioBackend::start(config, ours, notify, &tasks, stop.clone());
//! backend.ready().await.expect("the command starts");
//! // … `Catalog::provider(Arc::new(backend))`, and in the end:
//! stop.cancel();
//! tasks.close();
//! tasks.wait().await;
//! # }
//! ```

mod askable;
mod attribution;
mod backoff;
mod claims;
mod config;
mod environment;
mod error;
mod follow;
mod forward;
pub(crate) mod fuzzing;
mod handshake;
mod lines;
mod link;
mod lists;
mod log;
mod meta;
mod offer;
mod provider;
mod state;
mod supervisor;
mod updates;

pub use claims::is_inherent;
pub use config::{Isolation, StdioBounds, StdioConfig};
pub use error::{ListUnit, StartError, StdioError};
pub use link::{ChildEnd, Counts};
pub use provider::StdioBackend;
pub use state::{Serving, State};
