//! What an answer must be. The first answer is judged by its meaning; from then on every answer must be the same bytes, but
//! for the id, which stands in the message too: so no server gets through by answering fixed bytes.

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

/// The bytes of the expected answers, cut at the places where the id stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pieces: Vec<Vec<u8>>,
}

/// The answer to a modern `tools/call`.
#[derive(Deserialize)]
struct Answer {
    id: u64,
    result: CallToolResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallToolResult {
    result_type: String,
    content: Vec<Value>,
    #[serde(default)]
    is_error: bool,
}

impl Expected {
    /// Learns the bytes from the answer to the request with this id, if it means the right thing.
    pub(crate) fn learn(answer: &[u8], id: u64, message: &str) -> Result<Self> {
        let Answer { id: answered, result } =
            serde_json::from_slice(answer).context("the first answer is no answer")?;
        ensure!(answered == id, "the first answer has the id {answered}, not {id}");
        let content = [json!({"type": "text", "text": message})];
        ensure!(result.content == content, "the first answer is not the message: {:?}", result.content);
        ensure!(result.result_type == "complete", "the first answer is {}, not complete", result.result_type);
        ensure!(!result.is_error, "the first answer is an error");
        let text = std::str::from_utf8(answer).context("the first answer is not UTF-8")?;
        Ok(Self { pieces: text.split(&id.to_string()).map(|piece| piece.as_bytes().to_vec()).collect() })
    }

    /// Whether these are the bytes of the answer to the request with this id.
    pub(crate) fn matches(&self, answer: &[u8], id: &[u8]) -> bool {
        let mut rest = answer;
        for (index, piece) in self.pieces.iter().enumerate() {
            let separator = if index == 0 { &[][..] } else { id };
            let Some(after) = rest.strip_prefix(separator).and_then(|rest| rest.strip_prefix(piece.as_slice())) else {
                return false;
            };
            rest = after;
        }
        rest.is_empty()
    }

    /// The expected answer with a word in place of the id, to compare servers by.
    pub(crate) fn template(&self) -> String {
        let pieces: Vec<_> = self.pieces.iter().map(|piece| String::from_utf8_lossy(piece)).collect();
        pieces.join("ID")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1234567890,"result":{"resultType":"complete","content":[{"type":"text","text":"no 1234567890"}]}}"#;

    #[test]
    fn answer_that_differs_in_a_byte_does_not_match() {
        let expected = Expected::learn(ANSWER.as_bytes(), 1_234_567_890, "no 1234567890").unwrap();
        let other = ANSWER.replace("1234567890", "1000000007");
        assert!(expected.matches(other.as_bytes(), b"1000000007"));
        let wrong = [
            other.replace("\"no 1000000007\"", "\"no 1234567890\""),
            other.replace("\"id\":1000000007", "\"id\":1000000008"),
            other.replace("complete", "Complete"),
            format!("{other} "),
            other[..other.len() - 1].to_owned(),
            String::new(),
        ];
        for wrong in wrong {
            assert!(!expected.matches(wrong.as_bytes(), b"1000000007"), "{wrong}");
        }
        assert!(expected.template().ends_with("\"text\":\"no ID\"}]}}"), "{}", expected.template());
    }

    #[test]
    fn first_answer_that_means_something_else_is_refused() {
        let cases = [
            (ANSWER.replace("\"id\":1234567890", "\"id\":1"), "has the id 1, not"),
            (ANSWER.replace("no 1234567890", "yes"), "not the message"),
            (ANSWER.replace("complete", "input_required"), "input_required, not complete"),
            (ANSWER.replace("\"content\"", "\"isError\":true,\"content\""), "is an error"),
            ("oops".to_owned(), "no answer"),
        ];
        for (answer, expected) in cases {
            let error = Expected::learn(answer.as_bytes(), 1_234_567_890, "no 1234567890").unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
