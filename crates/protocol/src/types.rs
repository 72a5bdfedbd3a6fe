//! The specification's objects: one Rust type for all revisions, written in a revision's words by [`crate::encode`].

mod call_tool;
mod capabilities;
mod completion;
mod content;
mod implementation;
mod initialize;
mod input;
mod logging;
mod progress;
mod prompt;
mod resource;
mod subscription;
mod tool;

pub use call_tool::CallToolResult;
pub use capabilities::{
    Capability, ClientCapabilities, EmptyCapability, ListCapability, ResourcesCapability, ServerCapabilities,
};
pub use completion::{
    COMPLETION_VALUES_MAX, CompleteParams, CompleteResult, Completion, CompletionArgument, CompletionContext,
    CompletionReference,
};
pub use content::{Content, ResourceContents};
pub use implementation::{Icon, Implementation};
pub use initialize::{DiscoverResult, InitializeParams, InitializeResult};
pub use input::{
    CreateMessageParams, CreateMessageResult, ElicitAction, ElicitParams, ElicitResult, InputRequest,
    InputRequiredResult, ListRootsParams, ListRootsResult, Root, SamplingMessage, UrlMode,
};
pub use logging::{LogMessage, LoggingLevel};
pub use progress::{Progress, ProgressToken};
pub use prompt::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
pub use resource::{ReadResourceResult, Resource, ResourceTemplate};
pub use subscription::SubscriptionFilter;
pub use tool::{CacheScope, CachingHints, ListToolsResult, Tool, ToolAnnotations};
