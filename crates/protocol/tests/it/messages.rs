//! Any message that is written is read back as it was: ids, methods, params, results, errors.

use bytes::Bytes;
use outboard_protocol::jsonrpc::{MessageError, NESTING_MAX};
use outboard_protocol::{ErrorObject, Message, Method, RawJson, Request, RequestId, Response, encode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn ids() -> impl Strategy<Value = RequestId> {
    let texts = any::<String>().prop_map(|text| {
        let end = text.floor_char_boundary(outboard_protocol::jsonrpc::ID_BYTES_MAX);
        RequestId::String(text[..end].into())
    });
    prop_oneof![any::<i64>().prop_map(RequestId::Integer), texts]
}

fn methods() -> impl Strategy<Value = String> {
    prop_oneof![Just("tools/call".to_owned()), Just("ping".to_owned()), any::<String>()]
}

/// Any JSON value that nests a few levels.
fn values() -> impl Strategy<Value = Value> {
    let leaves = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaves.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn objects() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any::<String>(), values(), 0..5).prop_map(|members| members.into_iter().collect())
}

fn errors() -> impl Strategy<Value = ErrorObject> {
    let data = prop::option::of(values().prop_filter("null data is no data", |data| !data.is_null()));
    (any::<i64>(), any::<String>(), data).prop_map(|(code, message, data)| {
        let error = ErrorObject::new(code, message);
        match data {
            Some(data) => error.with_data(&data),
            None => error,
        }
    })
}

fn parse(bytes: Vec<u8>) -> Result<Message, MessageError> {
    Message::parse(&Bytes::from(bytes))
}

/// The bytes of a message, each on one line as stdio needs them.
fn one_line(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

proptest! {
    #[test]
    fn requests_come_back(id in ids(), method in methods(), params in objects()) {
        let raw = RawJson::of(&params).unwrap();
        let written = encode::request(&id, &method, &params);
        prop_assert!(one_line(&written));
        let Message::Request(Request { id: read_id, method: read_method, params: read }) = parse(written).unwrap() else {
            panic!("no request");
        };
        prop_assert_eq!((read_id, read_method), (id, Method::parse(&method)));
        prop_assert_eq!(read, Some(raw));
    }

    #[test]
    fn notifications_come_back(method in methods(), params in objects()) {
        let raw = RawJson::of(&params).unwrap();
        let written = encode::notification(&method, &params);
        prop_assert!(one_line(&written));
        let Message::Notification(read) = parse(written).unwrap() else { panic!("no notification") };
        prop_assert_eq!(read.method.as_str(), method);
        prop_assert_eq!(read.params, Some(raw));
    }

    #[test]
    fn results_come_back(id in ids(), result in values()) {
        let text = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
        let Message::Response(Response { id: read_id, outcome }) = parse(text.into_bytes()).unwrap() else {
            panic!("no answer");
        };
        prop_assert_eq!(read_id, Some(id));
        prop_assert_eq!(outcome.unwrap(), RawJson::of(&result).unwrap());
    }

    #[test]
    fn errors_come_back(id in prop::option::of(ids()), error in errors()) {
        let written = encode::error(id.as_ref(), &error);
        prop_assert!(one_line(&written));
        let Message::Response(Response { id: read_id, outcome }) = parse(written).unwrap() else { panic!("no answer") };
        let read = outcome.unwrap_err();
        prop_assert_eq!(read_id, id);
        prop_assert_eq!((read.code, read.message, read.data), (error.code, error.message, error.data));
    }

    #[test]
    fn ids_come_back_from_their_json(id in ids()) {
        let mut written = Vec::new();
        id.write(&mut written);
        prop_assert_eq!(RequestId::from_json(std::str::from_utf8(&written).unwrap()), Some(id));
    }

    #[test]
    fn members_stand_in_any_order_with_any_others(
        id in ids(),
        extra in objects(),
        order in Just(["jsonrpc", "id", "method", "params"].map(str::to_owned).to_vec()).prop_shuffle(),
    ) {
        let known = json!({ "jsonrpc": "2.0", "id": id, "method": "m", "params": { "a": 1 } });
        let extra = extra.iter().filter(|(name, _)| !["result", "error"].contains(&name.as_str()) && known.get(name).is_none());
        let members = order.iter().map(|name| (name, &known[name])).chain(extra);
        let members: Vec<_> = members.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        let Message::Request(read) = parse(format!("{{{}}}", members.join(" ,\r\n\t")).into_bytes()).unwrap() else {
            panic!("no request");
        };
        prop_assert_eq!(read.id, id);
        prop_assert_eq!(read.params, Some(RawJson::of(&json!({ "a": 1 })).unwrap()));
    }

    #[test]
    fn a_member_that_stands_twice_is_refused(id in ids(), twice in 0_usize..4, extra in values()) {
        let members = [("jsonrpc", json!("2.0")), ("id", json!(id)), ("method", json!("m")), ("params", json!({}))];
        let (name, _) = &members[twice];
        let written: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let text = format!("{{{},\"{name}\":{extra}}}", written.join(","));
        let refused = parse(text.into_bytes()).unwrap_err();
        prop_assert!(refused.to_string().contains(&format!("{name} stands more than once")), "{}", refused);
    }

    #[test]
    fn nesting_is_refused_just_beyond_its_bound(levels in 1_usize..200, arrays in any::<bool>()) {
        // The message is one level, and `params` another.
        let (open, close) = if arrays { ("[", "]") } else { ("{\"a\":", "}") };
        let inside = levels.saturating_sub(2);
        let value = format!("{}1{}", open.repeat(inside), close.repeat(inside));
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{value}}}}}"#);
        let refusal = parse(text.into_bytes()).err();
        let too_deep = MessageError::TooDeep { limit: NESTING_MAX };
        prop_assert_eq!(refusal, (inside + 2 > NESTING_MAX).then_some(too_deep));
    }

    #[test]
    fn any_bytes_are_a_message_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = parse(bytes.clone()) {
            prop_assert!(!error.to_string().is_empty());
            if let MessageError::NotUtf8 { offset } = error {
                prop_assert!(std::str::from_utf8(&bytes[..offset]).is_ok());
            }
        }
    }
}
