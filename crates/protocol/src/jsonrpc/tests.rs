//! What is one message, and what is refused, by which rule.

use super::*;

fn parse(text: &str) -> Result<Message, MessageError> {
    Message::parse(&Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn the_three_kinds_of_message_are_told_apart() {
    let Ok(Message::Request(request)) =
        parse(r#" {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"},"more":[1]}"#)
    else {
        panic!("a request")
    };
    assert_eq!(request.id, RequestId::Integer(7));
    assert_eq!(request.method, Method::ToolsCall);
    assert_eq!(request.params.unwrap().as_bytes(), br#"{"name":"a"}"#);

    let Ok(Message::Notification(told)) = parse(r#"{"jsonrpc":"2.0","method":"x\u002fy"}"#) else {
        panic!("a notification")
    };
    assert_eq!(told.method, Method::Other("x/y".into()));

    let Ok(Message::Response(answer)) = parse(r#"{"jsonrpc":"2.0","id":"a","result":{"b": 1.50}}"#) else {
        panic!("a response")
    };
    assert_eq!(answer.outcome.unwrap().as_bytes(), br#"{"b": 1.50}"#);

    let Ok(Message::Response(answer)) =
        parse(r#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"no","data":{"k":[1]}}}"#)
    else {
        panic!("an error")
    };
    let error = answer.outcome.unwrap_err();
    assert_eq!((error.code, &*error.message), (-32601, "no"));
    assert_eq!(error.data.unwrap().as_bytes(), br#"{"k":[1]}"#);
}

#[test]
fn params_are_a_slice_of_the_body() {
    let body = Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}"#);
    let Ok(Message::Request(request)) = Message::parse(&body) else { panic!("a request") };
    let params = request.params.unwrap();
    assert!(body.as_ptr_range().contains(&params.as_bytes().as_ptr()));
}

#[test]
fn what_is_not_one_message_is_refused_by_its_rule() {
    let invalid = |id: Option<i64>, fault| MessageError::Invalid { id: id.map(RequestId::Integer), fault };
    let syntax = |line, column| MessageError::Syntax { line, column };
    let deep =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{}1{}}}"#, "{\"a\":".repeat(64), "}".repeat(64));
    let cases = [
        ("", syntax(1, 0)),
        ("{\"jsonrpc\":", syntax(1, 11)),
        ("\u{feff}{}", syntax(1, 1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m"} {}"#, syntax(1, 39)),
        (r#"{"jsonrpc":"2.0","id":NaN,"method":"m"}"#, syntax(1, 23)),
        ("[]", MessageError::Batch),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"m"}]"#, MessageError::Batch),
        ("null", invalid(None, Fault::NotAnObject)),
        ("\"x\"", invalid(None, Fault::NotAnObject)),
        ("{}", invalid(None, Fault::Version)),
        (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, invalid(Some(1), Fault::Version)),
        (r#"{"jsonrpc":2.0,"id":1,"method":"m"}"#, invalid(Some(1), Fault::Version)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, invalid(None, Fault::Id)),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, invalid(None, Fault::Id)),
        (r#"{"jsonrpc":"2.0","id":1,"method":3}"#, invalid(Some(1), Fault::Method)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[]}"#, invalid(Some(1), Fault::Params)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":null}"#, invalid(Some(1), Fault::Params)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","method":"n"}"#, invalid(Some(1), Fault::Duplicate("method"))),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#, invalid(None, Fault::Duplicate("id"))),
        (r#"{"id":1,"id":1,"result":{},"result":{}}"#, invalid(None, Fault::Duplicate("result"))),
        (r#"{"jsonrpc":"2.0","id":1}"#, invalid(Some(1), Fault::Kind)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","result":{}}"#, invalid(Some(1), Fault::Kind)),
        (r#"{"jsonrpc":"2.0","result":{}}"#, invalid(None, Fault::Kind)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, invalid(Some(1), Fault::Kind)),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}"#, invalid(Some(1), Fault::Error)),
        (r#"{"Jsonrpc":"2.0","ID":1,"METHOD":"m"}"#, invalid(None, Fault::Version)),
        (&deep, MessageError::TooDeep { limit: NESTING_MAX }),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap_err(), expected, "{text}");
    }
    let bytes = Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}");
    assert_eq!(Message::parse(&bytes).unwrap_err(), MessageError::NotUtf8 { offset: 34 });
}

#[test]
fn no_truncation_of_a_message_panics_or_is_taken_for_it() {
    let whole = r#"{"jsonrpc":"2.0","id":"a\"b","method":"tools/call","params":{"name":"é","arguments":{"x":[1,{}]}}}"#;
    for end in 0..whole.len() {
        let part = Bytes::copy_from_slice(&whole.as_bytes()[..end]);
        assert!(Message::parse(&part).is_err(), "{end}");
    }
    assert!(parse(whole).is_ok());
}
