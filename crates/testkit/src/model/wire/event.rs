//! One event of a stream (WHATWG HTML §9.2.6), as far as MCP uses it.

use serde_json::Value;

use super::Broken;

/// One event of a stream that carries something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: Option<String>,
    /// Its message, where its data is not empty.
    pub message: Option<Value>,
}

impl Told {
    /// Reads the lines of one event; `None` where they are only comments.
    pub(super) fn read(text: &[u8]) -> Result<Option<Self>, Broken> {
        let garbled = || Broken::Garbled { text: String::from_utf8_lossy(text).into_owned() };
        let lines = std::str::from_utf8(text).map_err(|_| garbled())?.lines();
        let mut told = Self { id: None, message: None };
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => told.id = Some(value.to_owned()),
                "data" if !value.is_empty() => told.message = Some(serde_json::from_str(value).map_err(|_| garbled())?),
                _ => {}
            }
        }
        Ok((told.id.is_some() || told.message.is_some()).then_some(told))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_and_comments_passed_over() {
        let told = |id: Option<&str>, message| Some(Told { id: id.map(str::to_owned), message });
        let cases = [
            (": keep-alive\n\n", None),
            ("id: 1\ndata: \nretry: 1000\n\n", told(Some("1"), None)),
            ("event: message\nid: 2\ndata: {\"a\":1}\n\n", told(Some("2"), Some(json!({"a": 1})))),
            ("data:7\n\n", told(None, Some(json!(7)))),
        ];
        for (text, expected) in cases {
            assert_eq!(Told::read(text.as_bytes()).unwrap(), expected, "{text}");
        }
        for text in [&b"data: {\n\n"[..], b"data: \xff\n\n"] {
            assert!(matches!(Told::read(text), Err(Broken::Garbled { .. })));
        }
    }
}
