//! Structured results: those of our own tools fit their schema, those of others are passed on.

use std::sync::Arc;

use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{CallToolResult, Tool};
use outboard_runtime::{
    Answer, BoxFuture, Call, Catalog, CatalogError, DynamicTool, Handler, NativeTool, Offer, OfferedTool, Outcome,
    RuntimeConfig, SchemaError,
};
use serde_json::{Value, json};

use crate::fake::Fake;
use crate::support::{call, open_tool, outcome, runtime, tool_result, try_runtime, written};

fn with_output(name: &str, output: Value) -> Tool {
    Tool { output_schema: Some(output), ..open_tool(name) }
}

/// A tool whose result is set by the test.
fn native(result: CallToolResult, output: Value) -> impl NativeTool {
    DynamicTool::new(with_output("t", output), move |_, _| std::future::ready(result.clone()))
}

#[tokio::test]
async fn result_of_our_own_that_does_not_fit_is_an_error_without_the_value() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]});
    let text = CallToolResult::text("secret");
    let cases = [
        (CallToolResult::structured(json!({"a": 1})), schema.clone(), true),
        (CallToolResult::structured(json!({"a": "secret"})), schema.clone(), false),
        (CallToolResult::structured(json!({"secret": 1})), schema.clone(), false),
        (CallToolResult::structured(json!(["secret"])), schema.clone(), false),
        (text.clone(), schema.clone(), false),
        (CallToolResult::error("it could not"), schema, true),
        (CallToolResult::structured(json!([1, 2])), json!({"type": "array", "items": {"type": "integer"}}), true),
        (CallToolResult::structured(json!(["secret"])), json!({"type": "array", "items": {"type": "integer"}}), false),
    ];
    for (result, schema, fits) in cases {
        let runtime = runtime(Catalog::new("test", "1").tool(native(result.clone(), schema)));
        let answered = tool_result(outcome(&runtime, call("t", &json!({}))).await);
        if fits {
            assert_eq!(answered, result);
        } else {
            assert!(answered.is_error, "{result:?}");
            assert!(!format!("{answered:?}").contains("secret"), "{answered:?}");
        }
    }
}

#[tokio::test]
async fn result_of_another_server_is_passed_on_as_it_is() {
    struct Forwards(RawJson);
    impl Handler for Forwards {
        fn call(&self, _: Call) -> BoxFuture<'static, Outcome> {
            let raw = self.0.clone();
            Box::pin(async move { Ok(Answer::Result(ServerResult::Forwarded(raw, None))) })
        }
    }
    let results = [
        json!({"content": [], "structuredContent": {"a": "x"}, "extra": 1}),
        json!({"content": [], "structuredContent": {"a": 1}}),
        json!({"content": []}),
        json!({"content": [], "isError": true}),
        json!({"structuredContent": 1, "isError": "x"}),
    ];
    for result in results {
        let tool = with_output("t", json!({"type": "object", "properties": {"a": {"type": "integer"}}}));
        let tool = OfferedTool { tool, handler: Forwards(RawJson::of(&result).unwrap()).into() };
        let fake = Fake::new("fake", Offer { tools: vec![tool], ..Offer::default() });
        let runtime = runtime(Catalog::new("test", "1").provider(fake));
        let mut answered = written(&runtime, outcome(&runtime, call("t", &json!({}))).await);
        let members = answered.as_object_mut().unwrap();
        members.retain(|name, _| !matches!(name.as_str(), "_meta" | "resultType"));
        assert_eq!(answered, result);
    }
}

#[tokio::test]
async fn output_schema_that_cannot_be_used_is_a_fault_of_ours_and_nobody_elses() {
    let schemas = [
        json!({"type": "nothing"}),
        json!({"$ref": "https://schemas.example/a.json"}),
        json!({"type": "string", "pattern": "(?=a)"}),
    ];
    for schema in schemas {
        let own = Catalog::new("test", "1").tool(native(CallToolResult::text(""), schema.clone()));
        let error = try_runtime(own, RuntimeConfig::default()).unwrap_err();
        let CatalogError::OutputSchema { name, error: SchemaError::Invalid { .. } } = &error else {
            panic!("{schema}: {error:?}")
        };
        assert_eq!(&**name, "t");

        let offered = native(CallToolResult::text("passed on"), schema.clone()).offered();
        let fake: Arc<Fake> = Fake::new("fake", Offer { tools: vec![offered], ..Offer::default() });
        let runtime = runtime(Catalog::new("test", "1").provider(fake));
        assert_eq!(runtime.tools()[0].output_schema.as_ref(), Some(&schema), "it is listed as it is");
        assert!(!tool_result(outcome(&runtime, call("t", &json!({}))).await).is_error);
    }
}
