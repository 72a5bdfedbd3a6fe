//! Calls that leave the process: commands that speak MCP over their standard streams, and upstream HTTP servers.
//!
//! Knows nothing of how calls arrive, nor of how their callers have proved who they are.

pub mod guard;
pub mod stdio;
pub mod upstream;
