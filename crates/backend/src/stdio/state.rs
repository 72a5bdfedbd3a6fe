//! Where a lifted command stands.

use std::sync::Arc;

use outboard_protocol::Revision;
use outboard_protocol::types::ServerCapabilities;
use tokio::time::Instant;

use super::error::StdioError;
use super::link::Link;

/// Where a lifted command stands.
#[derive(Clone, Debug)]
pub enum State {
    /// It is being started for the first time.
    Starting,
    /// It serves.
    Up(Serving),
    /// It failed, and is started again.
    Restarting {
        /// Why.
        error: Arc<StdioError>,
        /// Since when.
        since: Instant,
        /// When the next try begins, or began.
        next: Instant,
    },
    /// It was stopped, for good. Nothing is left of it.
    Stopped,
}

/// A child that serves.
#[derive(Clone, Debug)]
pub struct Serving {
    pub(super) link: Link,
    pub(super) revision: &'static Revision,
    pub(super) has: Arc<ServerCapabilities>,
}

impl Serving {
    /// What is spoken with it.
    #[must_use]
    pub const fn revision(&self) -> &'static Revision {
        self.revision
    }
}
