//! The ids of events, which clients send back: each has one spelling, of a bounded length, and there is none but those that we write.
//!
//! The input is taken as the text of an id, and as the numbers in one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outboard_transport::fuzzing::event_id_line;

/// The kinds of streams, and how many bytes their numbers have.
const KINDS: [(u8, usize); 2] = [(1, 16), (2, 20)];

pub(super) fn run(data: &[u8]) {
    if let Some(line) = event_id_line(data) {
        has_one_spelling(data, &line);
        let bytes = URL_SAFE_NO_PAD.decode(data).expect("an id is base64url");
        let known = bytes.split_first().is_some_and(|(kind, numbers)| KINDS.contains(&(*kind, numbers.len())));
        assert!(known, "{bytes:?} is no id");
    }
    for (kind, length) in KINDS {
        let numbers = data.iter().copied().chain(std::iter::repeat(0)).take(length);
        let id = URL_SAFE_NO_PAD.encode(std::iter::once(kind).chain(numbers).collect::<Vec<_>>());
        let line = event_id_line(id.as_bytes()).expect("any numbers are those of an id");
        has_one_spelling(id.as_bytes(), &line);
    }
}

fn has_one_spelling(text: &[u8], line: &[u8]) {
    assert!(text.len() <= 28, "an id of {} characters", text.len());
    assert_eq!(line, [b"id: ", text, b"\n"].concat());
}
