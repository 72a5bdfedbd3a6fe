//! `Mcp-Param-*`: the headers that are made of arguments pass the check against the same arguments, and no others do.
//!
//! The input is the tool's schema in its first line, the arguments in the second, and then headers as `name: value`.

use std::collections::HashMap;

use outboard_protocol::headers::{HeaderMismatch, HeaderParameters, Values, decode};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::input;

pub(super) fn run(data: &[u8]) {
    let (schema, rest) = input::first_line(data);
    let (arguments, headers) = input::first_line(rest);
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else { return };
    let Ok(parameters) = HeaderParameters::read(&schema) else { return };
    let Ok(raw) = serde_json::from_slice::<&RawValue>(arguments) else { return };
    let received = received(headers);
    let answer = parameters.check(|name| values(&received, name), Some(raw));
    let Ok(arguments) = serde_json::from_str::<Value>(raw.get()) else {
        assert!(parameters.is_empty() || answer == Err(HeaderMismatch::UnreadableArguments), "{answer:?}");
        return;
    };

    let made: HashMap<&str, Vec<u8>> =
        parameters.headers_of(&arguments).map(|(name, value)| (name, value.into_owned().into_bytes())).collect();
    assert_eq!(made.len(), parameters.headers_of(&arguments).count(), "two headers of one name");
    for (name, value) in &made {
        assert!(name.strip_prefix("mcp-param-").is_some_and(is_token) && !name.contains(char::is_uppercase), "{name}");
        assert!(value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')), "{name} may not stand in a header");
    }
    let own = parameters.check(|name| made.get(name).map_or(Values::None, |value| Values::One(value)), Some(raw));
    match own {
        Ok(()) => {}
        // An argument that has no form in a header: the server judges the body.
        Err(HeaderMismatch::Missing { header, .. }) => assert!(!made.contains_key(&*header), "{header} is there"),
        Err(error) => unreachable!("our own headers are refused: {error}"),
    }
    if answer.is_ok() {
        for (name, ours) in &made {
            let theirs = values(&received, name);
            let Values::One(theirs) = theirs else { unreachable!("{name} is missing and accepted") };
            assert!(say_the_same(theirs, ours), "{name}: {theirs:?} is accepted for {ours:?}");
        }
    }
}

/// The headers of the input, names in lower case as HTTP libraries keep them.
fn received(lines: &[u8]) -> Vec<(String, &[u8])> {
    let pairs = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        Some((input::text(name).to_ascii_lowercase(), value.strip_prefix(b":")?))
    });
    pairs.collect()
}

fn values<'a>(received: &[(String, &'a [u8])], name: &str) -> Values<'a> {
    Values::of(received.iter().filter(|(known, _)| known == name).map(|(_, value)| *value))
}

/// Whether two values are the same text, or the same number.
fn say_the_same(a: &[u8], b: &[u8]) -> bool {
    let read = |value: &[u8]| {
        let text = input::text(value).trim_matches([' ', '\t']).to_owned();
        decode(&text).map(|text| text.into_owned())
    };
    let (a, b) = (read(a), read(b));
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    a.is_some() && (a == b || (number(&a).is_some() && number(&a) == number(&b)))
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte))
}
