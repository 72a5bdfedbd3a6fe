//! A tool whose schema uses what JSON Schema 2020-12 brought, to see that it is listed as it is.

use outboard_server::types::{CallToolResult, Tool};
use outboard_server::{Context, DynamicTool, runtime::NativeTool};
use serde_json::{Value, json};

/// The tool; only its listing matters.
pub(crate) fn json_schema_2020_12_tool() -> impl NativeTool {
    let definition = json!({
        "name": "json_schema_2020_12_tool",
        "description": "Has a schema with keywords of JSON Schema 2020-12",
        "inputSchema": input_schema(),
    });
    let tool: Tool = serde_json::from_value(definition).expect("the definition above is a tool");
    DynamicTool::new(tool, |_: Context, arguments: Value| async move {
        CallToolResult::text(format!("accepted: {arguments}"))
    })
}

fn input_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false
    })
}
