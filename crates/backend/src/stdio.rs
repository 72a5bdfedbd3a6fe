//! Lifting: a command that speaks MCP over its standard streams, kept running and offered as a provider.
//!
//! One process serves all callers, so it is told nothing of them and offered nothing of theirs. It is started again when
//! it ends; a call that it did not answer is never run a second time.
//!
//! ```no_run
//! use outboard_backend::stdio::{StdioBackend, StdioConfig};
//! use tokio_util::{sync::CancellationToken, task::TaskTracker};
//!
//! # async fn lift(ours: Vec<(std::ffi::OsString, std::ffi::OsString)>) {
//! let mut config = StdioConfig::new("time", "uvx");
//! config.args = vec!["mcp-server-time".to_owned()];
//! let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
//! let backend = StdioBackend::start(config, ours, &tasks, stop.clone());
//! backend.ready().await.expect("the command starts");
//! // … `Catalog::provider(Arc::new(backend))`, and in the end:
//! stop.cancel();
//! tasks.close();
//! tasks.wait().await;
//! # }
//! ```

mod backoff;
mod config;
mod environment;
mod error;
mod handshake;
mod lines;
mod link;
mod log;
mod meta;
mod provider;
mod state;
mod supervisor;
mod tools;

pub use config::{StdioBounds, StdioConfig};
pub use error::{ListUnit, StartError, StdioError};
pub use link::{ChildEnd, Counts};
pub use provider::StdioBackend;
pub use state::{Serving, State};
