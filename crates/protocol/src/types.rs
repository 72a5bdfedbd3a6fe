//! The specification's objects: one Rust type for all revisions, written in a revision's words by [`crate::encode`].

mod call_tool;
mod capabilities;
mod content;
mod implementation;
mod initialize;
mod progress;
mod tool;

pub use call_tool::CallToolResult;
pub use capabilities::{Capability, ClientCapabilities, ListCapability, ServerCapabilities};
pub use content::{Content, ResourceContents};
pub use implementation::{Icon, Implementation};
pub use initialize::{DiscoverResult, InitializeParams, InitializeResult};
pub use progress::{Progress, ProgressToken};
pub use tool::{CacheScope, CachingHints, ListToolsResult, Tool, ToolAnnotations};
