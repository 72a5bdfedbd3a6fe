//! `Mcp-Param-*`: arguments that a tool wants to see in headers too (2026-07-28 Streamable HTTP: *Custom Headers from
//! Tool Parameters*), for those who send them and those who check them.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use thiserror::Error;

use super::{HeaderMismatch, Values, compare, decode, differs, encode, printable, single};
use crate::error::shortened;
use crate::method::Method;

/// The annotated parameters of one tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderParameters(Vec<HeaderParameter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct HeaderParameter {
    /// In lower case.
    header: Box<str>,
    /// The chain of `properties` that leads to it.
    path: Vec<Box<str>>,
}

/// Why an annotation makes its tool invalid. The fault of whoever defined the tool.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnnotationError {
    /// It is not a string of characters that may stand in a header's name.
    #[error("the x-mcp-header of {parameter:?} is not the name of a header")]
    Name {
        /// The names of the properties that lead to it, with dots between them.
        parameter: Box<str>,
    },
    /// Two parameters want the same header.
    #[error("the x-mcp-header of {parameter:?} is that of another parameter too")]
    Repeated {
        /// The names of the properties that lead to one of them, with dots between them.
        parameter: Box<str>,
    },
    /// Its parameter is not a string, an integer or a boolean.
    #[error("x-mcp-header stands at {parameter:?}, whose type is not string, integer or boolean alone")]
    ParameterType {
        /// The names of the properties that lead to it, with dots between them.
        parameter: Box<str>,
    },
    /// It stands where no argument has one fixed place.
    #[error("x-mcp-header stands at {place:?}, which is no property of the arguments")]
    Place {
        /// The names of the properties that lead near it, and the keyword there; empty for the schema itself.
        place: Box<str>,
    },
}

impl HeaderParameters {
    /// Reads the annotations of a tool's `inputSchema`.
    ///
    /// # Errors
    ///
    /// [`AnnotationError`] when one of them breaks the rules (*Schema Extension*), which makes the whole tool invalid.
    pub fn read(input_schema: &Value) -> Result<Self, AnnotationError> {
        let mut found = Vec::new();
        walk(input_schema, &mut Vec::new(), &mut found)?;
        let mut by_header: Vec<_> = found.iter().collect();
        by_header.sort_unstable_by_key(|parameter| &parameter.header);
        match by_header.windows(2).find(|pair| matches!(pair, [a, b] if a.header == b.header)) {
            Some([.., repeated]) => Err(AnnotationError::Repeated { parameter: dotted(&repeated.path) }),
            _ => Ok(Self(found)),
        }
    }

    /// Whether no parameter is annotated, as in most tools.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers of a call with these arguments: names in lower case, and values in the form in which they may stand
    /// in a header.
    ///
    /// An argument that is absent, `null`, or has no such form has none: the server judges the body.
    pub fn headers_of<'a>(&'a self, arguments: &'a Value) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.0.iter().filter_map(|parameter| {
            let text: Cow<'_, str> = match parameter.argument(arguments)? {
                Value::String(text) => return Some((&*parameter.header, encode(text))),
                Value::Bool(flag) => Cow::Borrowed(word(*flag)),
                Value::Number(number) => Cow::Owned(safe(number)?.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((&*parameter.header, text))
        })
    }

    /// Checks the headers of a call against its arguments (*Server Behavior for Custom Headers*, *Server Validation*).
    ///
    /// `received` gives the values of the header that has a name in lower case.
    ///
    /// It is the argument's type that decides how the two are compared, and not the declared one: arguments of a wrong
    /// type are left to the schema. Numbers are compared as such and as IEEE 754 doubles, as other implementations read
    /// them, so that `42.0` and `4.2e1` are 42; those beyond ±(2⁵³ − 1) equal nothing. What JSON does not take for a
    /// number (`+42`, `042`) is an invalid value.
    ///
    /// # Errors
    ///
    /// [`HeaderMismatch`] when a header is missing, repeated, invalid or another value, or stands for no argument.
    pub fn check<'h>(
        &self,
        received: impl Fn(&str) -> Values<'h>,
        arguments: Option<&RawValue>,
    ) -> Result<(), HeaderMismatch> {
        if self.is_empty() {
            return Ok(());
        }
        let arguments = match arguments.map(|raw| serde_json::from_str(raw.get())) {
            None => Value::Null,
            Some(Ok(arguments)) => arguments,
            Some(Err(_)) => return Err(HeaderMismatch::UnreadableArguments),
        };
        self.0.iter().try_for_each(|parameter| parameter.check(received(&parameter.header), &arguments))
    }
}

impl HeaderParameter {
    /// The argument, unless it is absent or `null`.
    fn argument<'a>(&self, arguments: &'a Value) -> Option<&'a Value> {
        let found = self.path.iter().try_fold(arguments, |value, name| value.get(&**name))?;
        (!found.is_null()).then_some(found)
    }

    fn check(&self, received: Values<'_>, arguments: &Value) -> Result<(), HeaderMismatch> {
        let header = &*self.header;
        let (in_header, in_body) = match (single(received, header)?, self.argument(arguments)) {
            (None, None) => return Ok(()),
            (Some(_), None) => return Err(HeaderMismatch::Unexpected { header: header.into() }),
            (None, Some(_)) => {
                let method = Method::ToolsCall.as_str().into();
                return Err(HeaderMismatch::Missing { header: header.into(), method });
            }
            (Some(in_header), Some(in_body)) => (in_header, in_body),
        };
        let invalid = || HeaderMismatch::InvalidValue { header: header.into() };
        let in_header = decode(printable(header, in_header)?).ok_or_else(invalid)?;
        match in_body {
            Value::String(text) => compare(header, &in_header, text),
            Value::Bool(flag) => compare(header, &in_header, word(*flag)),
            Value::Number(number) => {
                let number_in_header = in_header.parse().map_err(|_| invalid())?;
                let same = safe(number).is_some_and(|in_body| safe(&number_in_header) == Some(in_body));
                same.then_some(()).ok_or_else(|| differs(header, &in_header, &number.to_string()))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => Err(differs(header, &in_header, &in_body.to_string())),
        }
    }
}

fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// A number that is the same in every language.
fn safe(number: &Number) -> Option<f64> {
    number.as_f64().filter(|number| number.abs() <= SAFE_INTEGER_MAX)
}

/// Walks a schema that is reached by `properties` alone. JSON that was parsed is not nested deep enough to end the stack.
fn walk<'a>(
    schema: &'a Value,
    path: &mut Vec<&'a str>,
    found: &mut Vec<HeaderParameter>,
) -> Result<(), AnnotationError> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    if let Some(annotation) = schema.get(ANNOTATION) {
        found.push(annotated(annotation, schema, path)?);
    }
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, schema) in properties {
                    path.push(name);
                    walk(schema, path, found)?;
                    path.pop();
                }
            }
            (ANNOTATION, _) => {}
            (keyword, value) if has_annotation(keyword, value) => {
                path.push(keyword);
                return Err(AnnotationError::Place { place: dotted(path) });
            }
            _ => {}
        }
    }
    Ok(())
}

fn annotated(
    annotation: &Value,
    schema: &Map<String, Value>,
    path: &[&str],
) -> Result<HeaderParameter, AnnotationError> {
    if path.is_empty() {
        return Err(AnnotationError::Place { place: "".into() });
    }
    let Some(name) = annotation.as_str().filter(|name| is_token(name)) else {
        return Err(AnnotationError::Name { parameter: dotted(path) });
    };
    let kind = schema.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("string" | "integer" | "boolean")) {
        return Err(AnnotationError::ParameterType { parameter: dotted(path) });
    }
    let header = format!("{PREFIX}{}", name.to_ascii_lowercase()).into();
    Ok(HeaderParameter { header, path: path.iter().map(|name| (*name).into()).collect() })
}

/// Whether an annotation stands anywhere in the value of a keyword.
fn has_annotation(keyword: &str, value: &Value) -> bool {
    match (keyword, value) {
        (ANNOTATION, _) => true,
        // Data, and lists of names.
        ("default" | "const" | "enum" | "examples" | "required" | "dependentRequired", _) => false,
        // Schemas by names of any kind.
        (
            "properties" | "patternProperties" | "dependentSchemas" | "dependencies" | "$defs" | "definitions",
            Value::Object(schemas),
        ) => schemas.values().any(is_annotated),
        (_, value) => is_annotated(value),
    }
}

fn is_annotated(schema: &Value) -> bool {
    match schema {
        Value::Array(schemas) => schemas.iter().any(is_annotated),
        Value::Object(members) => members.iter().any(|(keyword, value)| has_annotation(keyword, value)),
        _ => false,
    }
}

/// RFC 9110 §5.6.2: `1*tchar`.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn dotted(path: &[impl AsRef<str>]) -> Box<str> {
    let names: Vec<_> = path.iter().map(AsRef::as_ref).collect();
    shortened(&names.join("."))
}

const ANNOTATION: &str = "x-mcp-header";
const PREFIX: &str = "mcp-param-";

/// 2⁵³ − 1: larger integers are not the same in every language.
const SAFE_INTEGER_MAX: f64 = 9_007_199_254_740_991.0;

#[cfg(test)]
mod tests;
