//! Calls that leave the process: commands that speak MCP over their standard streams, and upstream HTTP servers.
//!
//! Knows nothing of how calls arrive, nor of how their callers have proved who they are.

pub mod guard;
pub mod stdio;
pub mod upstream;

/// The readers of what other processes send, for the fuzz targets; not for people.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::stdio::fuzzing::lines;
    pub use crate::upstream::fuzzing::{EventStream, event_stream};
}
