//! What protocol does not write: the line around a message, and our results.

use outboard_protocol::RequestId;

/// Makes one line of a JSON text, with its line end. Callers may have spread theirs over several: outside of strings a line
/// end is a space to JSON, and inside of them there is none.
pub(super) fn line(text: &[u8]) -> Vec<u8> {
    let spaced = text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    spaced.chain([b'\n']).collect()
}

/// The answer to a request of the child's. `result` is a JSON object, and stays as it is.
pub(super) fn result(id: &RequestId, result: &[u8]) -> Vec<u8> {
    let mut out = b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec();
    id.write(&mut out);
    out.extend_from_slice(b",\"result\":");
    out.extend_from_slice(result);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use outboard_protocol::{ErrorObject, Message, RawJson, encode};

    use super::*;

    #[test]
    fn every_message_is_one_line_and_one_message() {
        let id = RequestId::from(7);
        let spread = RawJson::parse("{\r\n  \"text\": \"a\\nb\"\n}".into()).unwrap();
        let texts = [
            encode::request(&id, "a\"\nb", &spread),
            encode::notification("a\"\nb", &spread),
            result(&id, spread.as_bytes()),
            encode::error(Some(&id), &ErrorObject::new(-32601, "no \"such\"\nmethod")),
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
