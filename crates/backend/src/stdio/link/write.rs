//! Messages as they go to a child: one line each.

use outboard_protocol::{ErrorObject, Method, RequestId};

use crate::stdio::object::quoted;

/// Makes one line of a JSON text, with its line end. Callers may have spread theirs over several: outside of strings a line
/// end is a space to JSON, and inside of them there is none.
pub(super) fn line(text: &[u8]) -> Vec<u8> {
    let spaced = text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    spaced.chain([b'\n']).collect()
}

pub(super) fn request(id: i64, method: &Method, params: &[u8]) -> Vec<u8> {
    let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{},\"params\":", quoted(method.as_str()));
    [head.as_bytes(), params, b"}"].concat()
}

pub(super) fn notification(method: &Method, params: Option<&[u8]>) -> Vec<u8> {
    let head = format!("{{\"jsonrpc\":\"2.0\",\"method\":{}", quoted(method.as_str()));
    match params {
        None => [head.as_bytes(), b"}"].concat(),
        Some(params) => [head.as_bytes(), b",\"params\":", params, b"}"].concat(),
    }
}

pub(super) fn result(id: &RequestId, result: &[u8]) -> Vec<u8> {
    answer(id, &[b"\"result\":", result].concat())
}

pub(super) fn error(id: &RequestId, error: &ErrorObject) -> Vec<u8> {
    let error = serde_json::to_vec(error).unwrap_or_else(|_| b"null".to_vec());
    answer(id, &[b"\"error\":", error.as_slice()].concat())
}

fn answer(id: &RequestId, outcome: &[u8]) -> Vec<u8> {
    let mut out = b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec();
    id.write(&mut out);
    out.push(b',');
    out.extend_from_slice(outcome);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use outboard_protocol::Message;

    use super::*;

    #[test]
    fn every_message_is_one_line_and_one_message() {
        let id = RequestId::from(7);
        let strange = Method::Other("a\"\nb".into());
        let texts = [
            request(7, &strange, b"{\r\n  \"text\": \"a\\nb\"\n}"),
            notification(&Method::Initialized, None),
            notification(&strange, Some(b"{\n}")),
            result(&id, b"{\n}"),
            error(&id, &ErrorObject::new(-32601, "no \"such\"\nmethod")),
        ];
        for text in texts {
            let line = line(&text);
            let (last, rest) = line.split_last().unwrap();
            assert_eq!(*last, b'\n');
            assert!(!rest.contains(&b'\n') && !rest.contains(&b'\r'), "{}", String::from_utf8_lossy(rest));
            let message = Message::parse(&rest.to_vec().into()).unwrap();
            if let Message::Request(request) = message {
                assert_eq!(request.params.unwrap().read::<serde_json::Value>().unwrap()["text"], "a\nb");
            }
        }
    }
}
