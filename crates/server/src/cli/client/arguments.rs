//! A tool's arguments as they are typed: `name=value`, by the types of the tool's schema.

use anyhow::{Context as _, bail};
use outboard_protocol::RawJson;
use outboard_protocol::types::Tool;
use serde_json::{Map, Value};

use crate::cli::CallArgs;

/// Reads the arguments of a call. Without the tool's definition, what is JSON is taken as JSON.
pub(super) fn read(arguments: &CallArgs, tool: Option<&Tool>) -> anyhow::Result<RawJson> {
    let object = match &arguments.arguments {
        Some(text) => {
            let value: Value = serde_json::from_str(text).context("--arguments is not JSON")?;
            let Value::Object(object) = value else { bail!("--arguments is not a JSON object") };
            object
        }
        None => pairs(&arguments.pairs, tool)?,
    };
    Ok(RawJson::of(&object)?)
}

fn pairs(pairs: &[String], tool: Option<&Tool>) -> anyhow::Result<Map<String, Value>> {
    let mut object = Map::new();
    for pair in pairs {
        let (name, text) = pair.split_once('=').with_context(|| format!("'{pair}' is not NAME=VALUE"))?;
        let schema = tool.and_then(|tool| tool.input_schema.get("properties")?.get(name));
        if object.insert(name.to_owned(), value(text, schema)).is_some() {
            bail!("the argument {name} stands more than once");
        }
    }
    Ok(object)
}

/// A typed value: as it stands where only text fits, else as JSON where it is JSON, else as it stands.
fn value(text: &str, schema: Option<&Value>) -> Value {
    if schema.is_some_and(only_text_fits) {
        return Value::from(text);
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn only_text_fits(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().all(|name| name == "string" || name == "null"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn typed(typed: &[&str]) -> anyhow::Result<Value> {
        let schema = json!({"type": "object", "properties": {
            "text": {"type": "string"}, "maybe": {"type": ["string", "null"]}, "number": {"type": "integer"}
        }});
        let tool: Tool = serde_json::from_value(json!({"name": "t", "inputSchema": schema})).unwrap();
        let typed: Vec<String> = typed.iter().map(|pair| (*pair).to_owned()).collect();
        pairs(&typed, Some(&tool)).map(Value::Object)
    }

    #[test]
    fn values_follow_the_schema() {
        let cases = [
            ("text=5", json!({"text": "5"})),
            ("maybe=true", json!({"maybe": "true"})),
            ("number=5", json!({"number": 5})),
            ("number=five", json!({"number": "five"})),
            ("other=[1,2]", json!({"other": [1, 2]})),
            ("other=a=b", json!({"other": "a=b"})),
            ("text=", json!({"text": ""})),
        ];
        for (pair, expected) in cases {
            assert_eq!(typed(&[pair]).unwrap(), expected, "{pair}");
        }
        assert!(typed(&["text"]).is_err());
        assert!(typed(&["text=a", "text=b"]).is_err());
    }
}
