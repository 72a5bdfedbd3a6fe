//! `Mcp-Param-*`: arguments that a tool wants to see in headers too (2026-07-28 Streamable HTTP: *Custom Headers from
//! Tool Parameters*).

use http::header::{HeaderMap, HeaderName};
use serde_json::{Map, Value};
use thiserror::Error;

use super::dialect::encoded;

/// One annotated parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParamHeader {
    /// The chain of `properties` that leads to it.
    path: Vec<String>,
    header: HeaderName,
}

/// Why an annotation makes its tool invalid. The server's fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnnotationError {
    /// It is not a string of characters that may stand in a header's name.
    #[error("x-mcp-header is not the name of a header")]
    Name,
    /// Two parameters want the same header.
    #[error("two parameters have the same x-mcp-header")]
    Repeated,
    /// Its parameter is not a string, an integer or a boolean.
    #[error("x-mcp-header stands at a parameter that is not a string, an integer or a boolean")]
    ParameterType,
    /// It stands where no argument has one fixed place.
    #[error("x-mcp-header stands outside of the properties of the arguments")]
    Place,
}

/// Finds the annotations of a tool's `inputSchema`.
///
/// # Errors
///
/// [`AnnotationError`] when one of them breaks the rules, which makes the whole tool invalid.
pub(super) fn find(input_schema: &Value) -> Result<Vec<ParamHeader>, AnnotationError> {
    let mut found = Vec::new();
    walk(input_schema, &mut Vec::new(), &mut found)?;
    let mut names: Vec<_> = found.iter().map(|param| param.header.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(AnnotationError::Repeated);
    }
    Ok(found)
}

/// Walks a schema that is reached by `properties` alone. JSON that was parsed is not nested deep enough to end the stack.
fn walk(schema: &Value, path: &mut Vec<String>, found: &mut Vec<ParamHeader>) -> Result<(), AnnotationError> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    if let Some(annotation) = schema.get(ANNOTATION) {
        found.push(ParamHeader { header: header(annotation, schema)?, path: path.clone() });
    }
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, schema) in properties {
                    path.push(name.clone());
                    walk(schema, path, found)?;
                    path.pop();
                }
            }
            (ANNOTATION | "default" | "const" | "enum" | "examples", _) => {}
            (_, value) if has_annotation(value) => return Err(AnnotationError::Place),
            _ => {}
        }
    }
    Ok(())
}

fn header(annotation: &Value, schema: &Map<String, Value>) -> Result<HeaderName, AnnotationError> {
    let name = annotation.as_str().filter(|name| !name.is_empty()).ok_or(AnnotationError::Name)?;
    let header = HeaderName::try_from(format!("mcp-param-{name}")).map_err(|_| AnnotationError::Name)?;
    let kind = schema.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("string" | "integer" | "boolean")) {
        return Err(AnnotationError::ParameterType);
    }
    Ok(header)
}

/// Whether an annotation stands anywhere in what is not a place of its own.
fn has_annotation(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_annotation),
        Value::Object(members) => members.iter().any(|(name, value)| match (name.as_str(), value) {
            (ANNOTATION, Value::String(_)) => true,
            ("default" | "const" | "enum" | "examples", _) => false,
            (_, value) => has_annotation(value),
        }),
        _ => false,
    }
}

/// The headers of one call. A parameter that is absent, `null`, or not of its declared type has none: the server
/// judges the body.
pub(super) fn of_call(params: &[ParamHeader], arguments: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for param in params {
        let value = param.path.iter().try_fold(arguments, |value, name| value.get(name));
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(integer) if integer.abs() <= SAFE_INTEGER_MAX => integer.to_string(),
                _ => continue,
            },
            _ => continue,
        };
        headers.insert(param.header.clone(), encoded(&text));
    }
    headers
}

const ANNOTATION: &str = "x-mcp-header";

/// 2⁵³ − 1: larger integers are not the same in every language.
const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_are_found_or_make_the_tool_invalid() {
        use AnnotationError::{Name, ParameterType, Place, Repeated};
        let param = |annotation: Value| json!({ "type": "string", "x-mcp-header": annotation });
        type Found<'a> = Result<Vec<(&'a str, &'a str)>, AnnotationError>;
        let cases: [(Value, Found<'_>); 18] = [
            (json!({ "type": "object" }), Ok(vec![])),
            (json!({ "properties": { "a": param(json!("Region")) } }), Ok(vec![("a", "mcp-param-region")])),
            (
                json!({ "properties": { "a": { "type": "object", "properties": { "b": param(json!("B")) } } } }),
                Ok(vec![("a.b", "mcp-param-b")]),
            ),
            (json!({ "properties": { "x-mcp-header": { "type": "string" } } }), Ok(vec![])),
            (json!({ "properties": { "a": { "default": param(json!("X")) } } }), Ok(vec![])),
            (
                json!({ "properties": { "a": { "type": "integer", "x-mcp-header": "N" } } }),
                Ok(vec![("a", "mcp-param-n")]),
            ),
            (json!({ "properties": { "a": { "type": "number", "x-mcp-header": "N" } } }), Err(ParameterType)),
            (json!({ "properties": { "a": { "x-mcp-header": "N" } } }), Err(ParameterType)),
            (json!({ "type": "object", "x-mcp-header": "Root" }), Err(ParameterType)),
            (json!({ "properties": { "a": param(json!("")) } }), Err(Name)),
            (json!({ "properties": { "a": param(json!("two words")) } }), Err(Name)),
            (json!({ "properties": { "a": param(json!("a\r\nb")) } }), Err(Name)),
            (json!({ "properties": { "a": param(json!(7)) } }), Err(Name)),
            (json!({ "properties": { "a": param(json!("Same")), "b": param(json!("sAME")) } }), Err(Repeated)),
            (json!({ "properties": { "a": { "type": "array", "items": param(json!("X")) } } }), Err(Place)),
            (json!({ "anyOf": [{ "properties": { "a": param(json!("X")) } }] }), Err(Place)),
            (json!({ "$defs": { "d": param(json!("X")) } }), Err(Place)),
            (json!({ "if": { "properties": { "a": param(json!("X")) } } }), Err(Place)),
        ];
        for (schema, expected) in cases {
            let found = find(&schema).map(|params| {
                params.iter().map(|param| format!("{} {}", param.path.join("."), param.header)).collect::<Vec<_>>()
            });
            let expected = expected.map(|list| list.iter().map(|(p, h)| format!("{p} {h}")).collect::<Vec<_>>());
            assert_eq!(found, expected, "{schema}");
        }
    }

    #[test]
    fn arguments_are_mirrored_in_the_form_that_headers_have() {
        let text = |kind: &str| json!({ "type": kind, "x-mcp-header": "P" });
        let cases = [
            ("string", json!("us-west1"), Some("us-west1")),
            ("string", json!("Hello, 世界"), Some("=?base64?SGVsbG8sIOS4lueVjA==?=")),
            ("string", json!("a\r\nb: c"), Some("=?base64?YQ0KYjogYw==?=")),
            ("string", json!(""), Some("")),
            ("integer", json!(-7), Some("-7")),
            ("integer", json!(9_007_199_254_740_993_i64), None),
            ("boolean", json!(false), Some("false")),
            ("string", Value::Null, None),
            ("string", json!({}), None),
        ];
        for (kind, argument, expected) in cases {
            let params = find(&json!({ "properties": { "p": text(kind) } })).unwrap();
            let headers = of_call(&params, &json!({ "p": argument }));
            let got = headers.get("mcp-param-p").map(|value| value.to_str().unwrap());
            assert_eq!(got, expected, "{argument}");
        }
        let params = find(&json!({ "properties": { "p": text("string") } })).unwrap();
        assert!(of_call(&params, &json!({})).is_empty());
    }
}
