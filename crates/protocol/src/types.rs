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
pub use tool::{CacheScope, CachingHints, Tool, ToolAnnotations};

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// `object` is one; the values of its members in an array are none.
    fn assert_no_array<T: DeserializeOwned>(object: &Value, array: &Value) {
        let name = std::any::type_name::<T>();
        assert!(T::deserialize(object).is_ok() && serde_json::from_str::<T>(&object.to_string()).is_ok(), "{name}");
        assert!(T::deserialize(array).is_err(), "{name} {array}");
        assert!(serde_json::from_str::<T>(&array.to_string()).is_err(), "{name} {array}");
    }

    #[test]
    fn what_others_send_as_an_object_is_not_read_from_an_array() {
        let root = json!({"uri": "file:///a"});
        let implementation = json!({"name": "a", "version": "1"});
        assert_no_array::<ElicitResult>(&json!({"action": "accept", "content": {}}), &json!(["accept", {}]));
        assert_no_array::<ListRootsResult>(&json!({"roots": [root]}), &json!([[root]]));
        assert_no_array::<ListRootsResult>(&json!({"roots": [root]}), &json!({"roots": [["file:///a", null]]}));
        assert_no_array::<Progress>(&json!({"progress": 1}), &json!([1, 2, "m"]));
        assert_no_array::<LogMessage>(&json!({"level": "info", "data": 1}), &json!(["info", "l", 1]));
        assert_no_array::<SubscriptionFilter>(&json!({}), &json!([true, true, true, []]));
        assert_no_array::<CallToolResult>(&json!({"content": []}), &json!([[], null, false, null]));
        assert_no_array::<CompleteResult>(
            &json!({"completion": {"values": []}}),
            &json!({"completion": [[], 0, false]}),
        );
        assert_no_array::<ServerCapabilities>(&json!({"tools": {}}), &json!({"tools": [true]}));
        assert_no_array::<InitializeResult>(
            &json!({"protocolVersion": "v", "capabilities": {}, "serverInfo": implementation}),
            &json!({"protocolVersion": "v", "capabilities": {}, "serverInfo": ["a", null, "1"]}),
        );
        assert_no_array::<DiscoverResult>(
            &json!({"supportedVersions": ["v"], "capabilities": {}}),
            &json!([["v"], {}, null]),
        );
    }
}
