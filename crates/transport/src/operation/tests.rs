//! Tests of reading what a request wants.

use outboard_protocol::error::code;
use outboard_protocol::types::CompletionReference;
use outboard_protocol::{Message, RawJson};
use serde_json::{Value, json};

use super::*;

fn request(method: &str, params: &Value) -> Request {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let Ok(Message::Request(request)) = Message::parse(&message.to_string().into()) else {
        panic!("no request: {message}")
    };
    request
}

fn read(era: Era, method: &str, params: &Value) -> Result<Operation, ProtocolError> {
    let request = request(method, params);
    let params = Params::read(request.params.as_ref())?;
    operation(era, &request, &params)
}

#[track_caller]
fn assert_refused(method: &str, params: &Value, code: i64, mentions: &str) {
    for era in [Era::Modern, Era::Legacy] {
        let error = read(era, method, params).unwrap_err().object();
        assert_eq!(error.code, code, "{method} {params}: {}", error.message);
        assert!(error.message.contains(mentions), "{method} {params}: {}", error.message);
    }
}

#[test]
fn each_era_has_its_own_methods() {
    let both = [
        ("tools/list", json!({})),
        ("tools/call", json!({"name": "a"})),
        ("resources/list", json!({"cursor": "x"})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": "a:b"})),
        ("prompts/list", json!({})),
        ("prompts/get", json!({"name": "a", "arguments": {"b": "c"}})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "a"}, "argument": {"name": "b", "value": ""}}),
        ),
    ];
    for (method, params) in &both {
        for era in [Era::Modern, Era::Legacy] {
            let operation = read(era, method, params).unwrap();
            assert_eq!(operation.method().as_str(), *method);
        }
    }
    assert!(matches!(read(Era::Modern, "server/discover", &json!({})), Ok(Operation::Describe)));
    let neither = [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "subscriptions/listen",
    ];
    for method in neither.into_iter().chain(["unknown/method", "notifications/cancelled"]) {
        assert_refused(method, &json!({}), code::METHOD_NOT_FOUND, method);
    }
    let error = read(Era::Legacy, "server/discover", &json!({})).unwrap_err().object();
    assert_eq!(error.code, code::METHOD_NOT_FOUND);
}

#[test]
fn what_a_method_needs_is_asked_for_by_name() {
    let cases = [
        ("tools/call", json!({}), "name"),
        ("tools/call", json!({"name": 1}), "name"),
        ("tools/call", json!({"name": "a", "arguments": []}), "arguments"),
        ("tools/list", json!({"cursor": 1}), "cursor"),
        ("resources/list", json!({"cursor": null}), "cursor"),
        ("resources/read", json!({}), "uri"),
        ("resources/read", json!({"uri": {}}), "uri"),
        ("prompts/get", json!({}), "name"),
        ("prompts/get", json!({"name": "a", "arguments": "b"}), "arguments"),
    ];
    for (method, params, mentions) in cases {
        assert_refused(method, &params, code::INVALID_PARAMS, mentions);
    }
}

#[test]
fn completion_is_read_whole() {
    let params = json!({
        "ref": {"type": "ref/resource", "uri": "a:{b}", "more": 1},
        "argument": {"name": "b", "value": "\u{e9}\n"},
        "context": {"arguments": {"c": "d"}}
    });
    let Ok(Operation::Complete(read)) = read(Era::Legacy, "completion/complete", &params) else { panic!() };
    assert_eq!(read.reference, CompletionReference::Resource { uri: "a:{b}".to_owned() });
    assert_eq!((&*read.argument.name, &*read.argument.value), ("b", "\u{e9}\n"));
    assert_eq!(read.context.unwrap().arguments["c"], "d");
}

#[test]
fn completion_that_lacks_something_is_refused_by_name() {
    let prompt = json!({"type": "ref/prompt", "name": "a"});
    let argument = json!({"name": "b", "value": ""});
    let cases = [
        (json!({}), "ref"),
        (json!({"ref": [], "argument": argument}), "ref"),
        (json!({"ref": {}, "argument": argument}), "ref.type"),
        (json!({"ref": {"type": "ref/tool", "name": "a"}, "argument": argument}), "ref.type"),
        (json!({"ref": {"type": "ref/prompt"}, "argument": argument}), "ref.name"),
        (json!({"ref": {"type": "ref/resource", "name": "a"}, "argument": argument}), "ref.uri"),
        (json!({"ref": prompt}), "argument"),
        (json!({"ref": prompt, "argument": {"value": ""}}), "argument.name"),
        (json!({"ref": prompt, "argument": {"name": "b", "value": 1}}), "argument.value"),
        (json!({"ref": prompt, "argument": argument, "context": []}), "context"),
        (json!({"ref": prompt, "argument": argument, "context": {"arguments": {"c": 1}}}), "context.arguments"),
    ];
    for (params, mentions) in cases {
        assert_refused("completion/complete", &params, code::INVALID_PARAMS, mentions);
    }
}

#[test]
fn completion_with_a_doubled_member_is_refused() {
    let cases = [
        (r#""argument":"#, r#""argument":{},"argument":"#),
        (r#""value":"#, r#""value":"x","value":"#),
        (r#""c":"#, r#""c":"","c":"#),
    ];
    for (from, to) in cases {
        let params = json!({
            "ref": {"type": "ref/prompt", "name": "a"}, "argument": {"name": "b", "value": ""},
            "context": {"arguments": {"c": "d"}}
        });
        let text = params.to_string().replacen(from, to, 1);
        let error = complete::read(Some(&RawJson::parse(text.into()).unwrap())).unwrap_err();
        assert!(matches!(error, ParamsError::Duplicate { .. }), "{error}");
    }
}

#[test]
fn further_round_is_what_the_client_brings() {
    let read = |params: Value| {
        let request = request("tools/call", &params);
        round(&Params::read(request.params.as_ref()).unwrap(), 8)
    };
    assert!(read(json!({"name": "a"})).unwrap().is_none());
    assert!(read(json!({"name": "a", "inputResponses": null})).unwrap().is_none());
    for wrong in [json!(5), json!("no object"), json!([])] {
        let refused = read(json!({"name": "a", "inputResponses": wrong}));
        assert!(matches!(refused, Err(ParamsError::WrongType { name: "inputResponses", .. })));
    }
    let brought = read(json!({"name": "a", "inputResponses": {"k": {}}, "requestState": "12345678"})).unwrap().unwrap();
    assert_eq!(brought.responses.unwrap().as_bytes(), br#"{"k":{}}"#);
    assert_eq!(brought.state.as_deref(), Some("12345678"));
    let refused = [json!({"requestState": 1}), json!({"requestState": "123456789"})];
    for params in refused {
        assert!(matches!(read(params), Err(ParamsError::WrongType { name: "requestState", .. })));
    }
}
