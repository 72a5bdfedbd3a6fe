//! Which annotations make a tool invalid, the headers of calls, and which headers are refused.

use serde_json::json;

use super::*;

fn property(annotation: impl Into<Value>) -> Value {
    json!({"type": "string", "x-mcp-header": annotation.into()})
}

fn reading(schema: &Value) -> Result<Vec<String>, AnnotationError> {
    let parameters = HeaderParameters::read(schema)?;
    Ok(parameters.0.iter().map(|one| format!("{} {}", dotted(&one.path), one.header)).collect())
}

#[test]
fn annotations_are_found_with_their_paths() {
    let region = || property("Region");
    let cases: [(Value, &[&str]); 9] = [
        (json!({"type": "object"}), &[]),
        (json!(true), &[]),
        (json!({"properties": {"a": region()}}), &["a mcp-param-region"]),
        (json!({"properties": {"a": {"type": "integer", "x-mcp-header": "N"}}}), &["a mcp-param-n"]),
        (
            json!({"properties": {"a": {"type": "boolean", "x-mcp-header": "!#$%&'*+-.^_`|~9"}}}),
            &["a mcp-param-!#$%&'*+-.^_`|~9"],
        ),
        (json!({"properties": {"a": {"type": "object", "properties": {"b": region()}}}}), &["a.b mcp-param-region"]),
        // Names of properties, and data.
        (json!({"properties": {"x-mcp-header": {"type": "string"}}}), &[]),
        (json!({"anyOf": [{"properties": {"x-mcp-header": {}}}], "$defs": {"x-mcp-header": {}}}), &[]),
        (json!({"properties": {"a": {"default": region(), "enum": [region()], "const": region()}}}), &[]),
    ];
    for (schema, expected) in cases {
        let found = reading(&schema).unwrap();
        assert_eq!(found, expected, "{schema}");
        assert_eq!(HeaderParameters::read(&schema).unwrap().is_empty(), expected.is_empty(), "{schema}");
    }
}

#[test]
fn annotations_that_break_a_rule_make_the_tool_invalid() {
    let of_a = |schema: Value| json!({"properties": {"o": {"properties": {"a": schema}}}});
    for name in [json!(""), json!("two words"), json!("a\r\nb"), json!("a:b"), json!("\u{e9}"), json!(7), json!(null)] {
        let expected = AnnotationError::Name { parameter: "o.a".into() };
        assert_eq!(reading(&of_a(property(name.clone()))), Err(expected), "{name}");
    }
    for kind in [json!("number"), json!("object"), json!("array"), json!("null"), json!(["string", "null"]), json!(1)] {
        let expected = AnnotationError::ParameterType { parameter: "o.a".into() };
        let schema = of_a(json!({"type": kind, "x-mcp-header": "A"}));
        assert_eq!(reading(&schema), Err(expected), "{schema}");
    }
    let untyped = reading(&of_a(json!({"$ref": "#/$defs/a", "x-mcp-header": "A"})));
    assert_eq!(untyped, Err(AnnotationError::ParameterType { parameter: "o.a".into() }));
    let twice = json!({"properties": {"a": property("Same"), "b": property("sAME")}});
    assert!(matches!(reading(&twice), Err(AnnotationError::Repeated { .. })));
}

#[test]
fn annotations_outside_of_the_properties_make_the_tool_invalid() {
    let x = || property("X");
    let in_a = |keyword: &str, value: Value| json!({"properties": {"a": {"type": "array", keyword: value}}});
    let cases = [
        (json!({"type": "string", "x-mcp-header": "Root"}), ""),
        (in_a("items", x()), "a.items"),
        (in_a("items", json!({"properties": {"b": x()}})), "a.items"),
        (in_a("items", json!({"x-mcp-header": 7})), "a.items"),
        (in_a("prefixItems", json!([x()])), "a.prefixItems"),
        (in_a("additionalProperties", x()), "a.additionalProperties"),
        (json!({"oneOf": [{"properties": {"a": x()}}]}), "oneOf"),
        (json!({"anyOf": [{"properties": {"a": x()}}]}), "anyOf"),
        (json!({"allOf": [{"properties": {"a": x()}}]}), "allOf"),
        (json!({"not": {"properties": {"a": x()}}}), "not"),
        (json!({"if": {"properties": {"a": x()}}}), "if"),
        (json!({"then": {"properties": {"a": x()}}}), "then"),
        (json!({"else": {"properties": {"a": x()}}}), "else"),
        (json!({"$defs": {"default": x()}, "properties": {"a": {"$ref": "#/$defs/default"}}}), "$defs"),
        (json!({"patternProperties": {"^a": x()}}), "patternProperties"),
    ];
    for (schema, place) in cases {
        assert_eq!(reading(&schema), Err(AnnotationError::Place { place: place.into() }), "{schema}");
    }
}

/// A tool with the parameter `p`, within `o`.
fn tool(kind: &str) -> HeaderParameters {
    let annotated = json!({"type": kind, "x-mcp-header": "P"});
    HeaderParameters::read(&json!({"properties": {"o": {"type": "object", "properties": {"p": annotated}}}})).unwrap()
}

#[test]
fn arguments_are_mirrored_in_the_form_that_headers_have() {
    let cases = [
        (json!("us-west1"), Some("us-west1")),
        (json!("Hello, 世界"), Some("=?base64?SGVsbG8sIOS4lueVjA==?=")),
        (json!("a\r\nb: c"), Some("=?base64?YQ0KYjogYw==?=")),
        (json!("=?base64?literal?="), Some("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=")),
        (json!(""), Some("")),
        (json!(-7), Some("-7")),
        (json!(42.0), Some("42")),
        (json!(9_007_199_254_740_991_i64), Some("9007199254740991")),
        (json!(-9_007_199_254_740_992_i64), None),
        (json!(1e300), None),
        (json!(false), Some("false")),
        (json!(null), None),
        (json!({}), None),
        (json!([1]), None),
    ];
    for (argument, expected) in cases {
        let (tool, arguments) = (tool("string"), json!({"o": {"p": argument}}));
        let headers: Vec<_> = tool.headers_of(&arguments).collect();
        let expected: Vec<_> = expected.map(|value| ("mcp-param-p", Cow::Borrowed(value))).into_iter().collect();
        assert_eq!(headers, expected, "{argument}");
        // What is sent is accepted.
        let sent = headers.first().map_or(Values::None, |(_, value)| Values::One(value.as_bytes()));
        let mirrored = !headers.is_empty() || argument.is_null();
        assert_eq!(checked(sent, &arguments.to_string()).is_ok(), mirrored, "{argument}");
    }
    for arguments in [json!({}), json!({"o": 1}), json!({"o": {}}), json!({"p": "elsewhere"}), json!(null)] {
        assert_eq!(tool("string").headers_of(&arguments).count(), 0, "{arguments}");
    }
}

fn checked(received: Values<'_>, arguments: &str) -> Result<(), HeaderMismatch> {
    let raw: &RawValue = serde_json::from_str(arguments).unwrap();
    let received = |name: &str| if name == "mcp-param-p" { received } else { Values::Many };
    tool("string").check(received, Some(raw))
}

/// What comes of a check: fine, or the variant of the mismatch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Fine,
    Missing,
    Unexpected,
    Repeated,
    Invalid,
    Differs,
    Unreadable,
}

#[track_caller]
fn assert_verdicts(cases: &[(&str, Values<'_>, Verdict)]) {
    for (argument, received, expected) in cases {
        let verdict = match checked(*received, &format!(r#"{{"o":{{"p":{argument}}}}}"#)) {
            Ok(()) => Verdict::Fine,
            Err(HeaderMismatch::Missing { .. }) => Verdict::Missing,
            Err(HeaderMismatch::Unexpected { .. }) => Verdict::Unexpected,
            Err(HeaderMismatch::Repeated { .. }) => Verdict::Repeated,
            Err(HeaderMismatch::InvalidValue { .. }) => Verdict::Invalid,
            Err(HeaderMismatch::Differs { .. }) => Verdict::Differs,
            Err(HeaderMismatch::UnreadableArguments) => Verdict::Unreadable,
            Err(HeaderMismatch::EraMismatch) => unreachable!("a parameter has no era"),
        };
        assert_eq!(verdict, *expected, "{argument} {received:?}");
    }
}

#[test]
fn texts_are_compared_decoded_and_exactly() {
    use Values::{Many, None, One};
    use Verdict::{Differs, Fine, Invalid, Missing, Repeated, Unexpected};
    assert_verdicts(&[
        (r#""eu""#, One(b"eu"), Fine),
        (r#""eu""#, One(b" \teu "), Fine),
        (r#""eu""#, One(b"=?base64?ZXU=?="), Fine),
        (r#""\u0065u""#, One(b"eu"), Fine),
        (r#""eu""#, One(b"EU"), Differs),
        (r#""eu""#, One(b""), Differs),
        (r#""""#, One(b""), Fine),
        (r#"" eu""#, One(b" eu"), Differs),
        (r#"" eu""#, One(b"=?base64?IGV1?="), Fine),
        (r#""eu""#, None, Missing),
        (r#""""#, None, Missing),
        (r#""eu""#, Many, Repeated),
        ("null", Many, Repeated),
        ("null", None, Fine),
        ("null", One(b"null"), Unexpected),
        ("null", One(b""), Unexpected),
        (r#""Hello""#, One(b"=?base64?SGVsbG8=?="), Fine),
        (r#""Hello""#, One(b"=?base64?SGVsbG8?="), Invalid),
        (r#""Hello""#, One(b"=?base64?SGVs!!!bG8=?="), Invalid),
        (r#""Hello""#, One(b"=?base64?/w==?="), Invalid),
        (r#""SGVsbG8=""#, One(b"SGVsbG8="), Fine),
        (r#""=?base64?SGVsbG8=""#, One(b"=?base64?SGVsbG8="), Fine),
        (r#""=?base64?ZXU=?=""#, One(b"=?base64?ZXU=?="), Differs),
        (r#""é""#, One("é".as_bytes()), Invalid),
        (r#""eu""#, One(b"eu\x7f"), Invalid),
        (r#""eu""#, One(b"eu\xff"), Invalid),
    ]);
}

#[test]
fn numbers_are_compared_as_numbers() {
    use Values::{None, One};
    use Verdict::{Differs, Fine, Invalid, Missing};
    assert_verdicts(&[
        ("42", One(b"42"), Fine),
        ("42", One(b"42.0"), Fine),
        ("42", One(b"4.2e1"), Fine),
        ("42", One(b"=?base64?NDI=?="), Fine),
        ("42.0", One(b"42"), Fine),
        ("420E-1", One(b"42"), Fine),
        ("-0", One(b"0"), Fine),
        ("42", One(b"43"), Differs),
        ("42", One(b"-42"), Differs),
        ("42", One(b"+42"), Invalid),
        ("42", One(b"042"), Invalid),
        ("42", One(b"0x2a"), Invalid),
        ("42", One(b"4 2"), Invalid),
        ("42", One(b"=?base64?IDQy?="), Invalid),
        ("42", One(b"NaN"), Invalid),
        ("42", One(b"1e999"), Invalid),
        ("42", One(b""), Invalid),
        ("42", None, Missing),
        ("42", One(b"9007199254740992"), Differs),
        ("9007199254740991", One(b"9007199254740991"), Fine),
        ("-9007199254740991", One(b"-9007199254740991"), Fine),
        ("9007199254740992", One(b"9007199254740992"), Differs),
        ("9007199254740993", One(b"9007199254740992"), Differs),
        ("18446744073709551616", One(b"18446744073709551616"), Differs),
    ]);
}

#[test]
fn booleans_are_compared_as_words() {
    use Values::{None, One};
    use Verdict::{Differs, Fine, Missing};
    assert_verdicts(&[
        ("true", One(b"true"), Fine),
        ("false", One(b"false"), Fine),
        ("true", One(b"True"), Differs),
        ("true", One(b"1"), Differs),
        ("false", None, Missing),
    ]);
}

#[test]
fn arguments_that_the_schema_refuses_do_not_look_like_others() {
    use Values::{None, One};
    use Verdict::{Differs, Fine, Missing, Unreadable};
    assert_verdicts(&[
        (r#""42""#, One(b"42"), Fine),
        (r#""42""#, One(b"42.0"), Differs),
        ("[]", One(b"[]"), Differs),
        ("{}", None, Missing),
        (r#""\ud800""#, One(b"eu"), Unreadable),
        ("1e999", One(b"1e999"), Unreadable),
    ]);
}

#[test]
fn headers_of_arguments_that_are_not_there_are_refused() {
    for arguments in ["{}", r#"{"o":{}}"#, r#"{"o":null}"#, r#"{"o":[{"p":"eu"}]}"#, r#"{"p":"eu"}"#, "[]", "null"] {
        let unexpected = HeaderMismatch::Unexpected { header: "mcp-param-p".into() };
        assert_eq!(checked(Values::One(b"eu"), arguments), Err(unexpected), "{arguments}");
        assert_eq!(checked(Values::None, arguments), Ok(()), "{arguments}");
    }
    let without = |received| tool("string").check(|_| received, None);
    assert_eq!(without(Values::None), Ok(()));
    assert!(without(Values::One(b"eu")).is_err());
}

#[test]
fn refusals_name_the_header_and_repeat_little() {
    let long = "x".repeat(1_000);
    let refused = checked(Values::One(long.as_bytes()), r#"{"o":{"p":"eu"}}"#).unwrap_err();
    let expected = HeaderMismatch::Differs {
        header: "mcp-param-p".into(),
        in_header: "x".repeat(128).into(),
        in_body: "eu".into(),
    };
    assert_eq!(refused, expected);
    let missing = checked(Values::None, r#"{"o":{"p":1}}"#).unwrap_err();
    assert_eq!(missing.to_string(), "the header mcp-param-p is required for tools/call");
}

#[test]
fn tool_without_annotations_has_nothing_to_check() {
    let received = |_: &str| -> Values<'_> { unreachable!("no header is looked at") };
    let unreadable: &RawValue = serde_json::from_str(r#""\ud800""#).unwrap();
    assert_eq!(HeaderParameters::default().check(received, Some(unreadable)), Ok(()));
}
