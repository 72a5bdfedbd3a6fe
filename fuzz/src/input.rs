//! How an input that stands for several values is cut into them.

use std::borrow::Cow;

/// The first line of the input, without its line feed, and the rest. A line feed cannot stand in a header or in a line of
/// JSON, so nothing is lost by cutting there.
pub(crate) fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at(end);
    (line, rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// The input as text, what is not UTF-8 replaced.
pub(crate) fn text(data: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// The input in pieces of few bytes each, how many its own bytes say.
pub(crate) fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let (piece, tail) = rest.split_at(rest.len().min(1 + usize::from(first % 7)));
        rest = tail;
        Some(piece)
    })
}
