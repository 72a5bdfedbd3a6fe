//! Any text can be sent in a header, and is read there as it was.

use outboard_protocol::headers::{
    HeaderCheckError, HeaderMismatch, HeaderParameters, MirroredHeaders, NAME, Values, check_name, decode, encode,
};
use outboard_protocol::{Method, Params, RawJson};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Texts, those that look like encoded ones among them.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \t]{0,2}[!-~]{0,12}[ \t]{0,2}",
        "(=\\?base64\\?)?[A-Za-z0-9+/]{0,8}={0,2}(\\?=)?",
        any::<String>().prop_map(|text| encode(&text).into_owned()),
    ]
}

fn accepts(header: &str, name: &str) -> Result<(), HeaderMismatch> {
    let params = RawJson::of(&json!({ "name": name })).unwrap();
    let params = Params::read(Some(&params)).unwrap();
    let headers = MirroredHeaders { name: Values::One(header.as_bytes()), ..MirroredHeaders::default() };
    check_name(&headers, &Method::ToolsCall, &params).map_err(|error| match error {
        HeaderCheckError::Mismatch(mismatch) => mismatch,
        HeaderCheckError::Params(error) => panic!("{error}"),
    })
}

/// A value that a parameter may have, its type, and whether a header can say it.
fn arguments() -> impl Strategy<Value = (&'static str, Value)> {
    const SAFE: i64 = (1 << 53) - 1;
    prop_oneof![
        texts().prop_map(|text| ("string", text.into())),
        any::<bool>().prop_map(|flag| ("boolean", flag.into())),
        (-SAFE..=SAFE).prop_map(|number| ("integer", number.into())),
        Just(("string", Value::Null)),
    ]
}

proptest! {
    #[test]
    fn any_text_comes_back_from_its_header(text in texts()) {
        let header = encode(&text);
        prop_assert!(header.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')), "{}", header);
        prop_assert_eq!(header.trim_matches([' ', '\t']), &*header);
        prop_assert_eq!(decode(&header), Some(text.as_str().into()));
    }

    #[test]
    fn a_name_is_accepted_in_its_own_encoding_alone(name in texts(), other in texts()) {
        prop_assert_eq!(accepts(&encode(&name), &name), Ok(()));
        if name != other {
            let refused = accepts(&encode(&other), &name).unwrap_err();
            let differs = matches!(&refused, HeaderMismatch::Differs { header, .. } if &**header == NAME);
            prop_assert!(differs, "{}", refused);
        }
    }

    #[test]
    fn headers_made_of_arguments_pass_their_check(values in prop::collection::vec(arguments(), 1..5)) {
        let properties: serde_json::Map<_, _> = values.iter().enumerate().map(|(number, (kind, _))| {
            (format!("p{number}"), json!({ "type": kind, "x-mcp-header": format!("Header-{number}") }))
        }).collect();
        let parameters = HeaderParameters::read(&json!({ "type": "object", "properties": properties })).unwrap();
        let arguments: Value =
            values.iter().enumerate().map(|(number, (_, value))| (format!("p{number}"), value.clone())).collect();

        let made: Vec<_> =
            parameters.headers_of(&arguments).map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
        prop_assert_eq!(made.len(), values.iter().filter(|(_, value)| !value.is_null()).count());
        let raw: Box<RawValue> = serde_json::value::to_raw_value(&arguments).unwrap();
        let received = |asked: &str| Values::of(made.iter().filter(|(name, _)| name == asked).map(|(_, value)| value.as_bytes()));
        prop_assert_eq!(parameters.check(received, Some(&raw)), Ok(()));

        // Without any one of them, the check says which.
        for (missing, _) in &made {
            let refused = parameters.check(|asked| if asked == missing { Values::None } else { received(asked) }, Some(&raw));
            let named = matches!(&refused, Err(HeaderMismatch::Missing { header, .. }) if **header == **missing);
            prop_assert!(named, "{:?}", refused);
        }
    }

    #[test]
    fn integers_are_the_same_however_they_are_spelled(
        number in prop_oneof![-(1_i64 << 53) + 1..1 << 53, (1_i64 << 53) - 100..1 << 53],
        zeros in 1_usize..4,
    ) {
        let schema = json!({ "properties": { "n": { "type": "integer", "x-mcp-header": "N" } } });
        let parameters = HeaderParameters::read(&schema).unwrap();
        let spellings = [number.to_string(), format!("{number}.{}", "0".repeat(zeros)), format!("{number}e0")];
        for (in_header, in_body) in spellings.iter().flat_map(|a| spellings.iter().map(move |b| (a, b))) {
            let arguments: Box<RawValue> = serde_json::from_str(&format!("{{\"n\":{in_body}}}")).unwrap();
            let checked = parameters.check(|_| Values::One(in_header.as_bytes()), Some(&arguments));
            prop_assert_eq!(checked, Ok(()), "{} in the header, {} in the body", in_header, in_body);
        }
    }
}
