//! JSON in one spelling, so that equal values have equal digests however a client orders members and spaces them.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;

/// The SHA-256 of several parts, each behind its length, so that no two lists of parts have the same.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&length_of(part));
        context.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// The length of a part, to be written before it.
pub(super) fn length_of(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).expect("a usize has at most 64 bits").to_be_bytes()
}

/// The value as compact JSON, members sorted by their names.
pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            // Sorted here: whether the map keeps an order of its own is up to a feature of the library that any other
            // crate of a program may switch on.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            write_list(out, ['{', '}'], sorted, |out, (name, member)| {
                write(out, &Value::from(name.as_str()));
                out.push(':');
                write(out, member);
            });
        }
        Value::Array(items) => write_list(out, ['[', ']'], items, write),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write_item: impl Fn(&mut String, T),
) {
    out.push(open);
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_item(out, item);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> String {
        canonical(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn order_and_space_do_not_count_and_everything_else_does() {
        let one = r#"{"b":[1,{"y":null,"x":"é\n"}],"a":1.5}"#;
        assert_eq!(spelled(one), "{\"a\":1.5,\"b\":[1,{\"x\":\"é\\n\",\"y\":null}]}");
        assert_eq!(spelled(one), spelled(" { \"a\" : 15e-1, \"b\" : [ 1, {\"x\":\"\\u00e9\\u000a\",\"y\":null} ] } "));
        for other in
            [r#"{"b":[{"y":null,"x":"é\n"},1],"a":1.5}"#, r#"{"b":[1,{"y":null,"x":"é\n"}],"a":"1.5"}"#, "{}", "[]"]
        {
            assert_ne!(spelled(one), spelled(other), "{other}");
        }
        // Whether a number has a point can matter to a handler.
        assert_ne!(spelled("1"), spelled("1.0"));
    }

    #[test]
    fn parts_that_join_to_the_same_bytes_stay_apart() {
        assert_eq!(digest(&[b"a", b"bc"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"a", b"bc"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"abc"]), digest(&[b"abc", b""]));
    }
}
