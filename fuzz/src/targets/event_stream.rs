//! The event stream of an upstream server: however the bytes are cut the same events come out, and they are those that the
//! standard says, within their bounds.
//!
//! The input is the stream.

use std::time::Duration;

use outboard_backend::fuzzing::{EventStream, event_stream};
use outboard_backend::upstream::SseError;

use crate::input;

/// Small, so that inputs meet them.
const LINE_BYTES_MAX: usize = 40;
const EVENT_BYTES_MAX: usize = 64;

pub(super) fn run(data: &[u8]) {
    let whole = read([data]);
    assert_eq!(read(data.chunks(1)), whole, "byte by byte");
    assert_eq!(read(input::pieces(data)), whole, "in pieces");
    assert!(whole.events.iter().all(|(_, data)| data.len() <= EVENT_BYTES_MAX), "an event beyond its bound");

    let lines = lines(data);
    let is_long = |line: &&[u8]| line.len() > LINE_BYTES_MAX;
    match whole.outcome {
        Ok(()) => {
            assert!(!lines.iter().any(|line| is_long(&&**line)), "a line beyond its bound");
            assert_eq!(whole, expected(&lines));
        }
        Err(SseError::LineTooLong { .. }) => assert!(lines.iter().any(|line| is_long(&&**line)), "no line is so long"),
        Err(SseError::EventTooLong { .. }) => assert!(data.len() > EVENT_BYTES_MAX, "no event is so long"),
    }
}

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> EventStream {
    event_stream(chunks, LINE_BYTES_MAX, EVENT_BYTES_MAX)
}

/// The lines of the stream; the last is the one that has not ended.
fn lines(data: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    let mut bytes = data.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
        }
        match (byte, lines.last_mut()) {
            (b'\n' | b'\r', _) => lines.push(Vec::new()),
            (byte, line) => line.into_iter().for_each(|line| line.push(byte)),
        }
    }
    lines
}

/// WHATWG HTML §9.2.6, over a stream that is there as a whole.
fn expected(lines: &[Vec<u8>]) -> EventStream {
    let mut read = EventStream { events: Vec::new(), last_event_id: None, retry: None, outcome: Ok(()) };
    let (mut kind, mut data) = (String::new(), None::<Vec<u8>>);
    let (_, ended) = lines.split_last().expect("there is always a last line");
    for (number, line) in ended.iter().enumerate() {
        let line = if number == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if line.is_empty() {
            let kind = std::mem::take(&mut kind);
            read.events.extend(data.take().map(|data| (kind, data.into())));
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => kind = input::text(value).into_owned(),
            b"data" => {
                data = Some(data.take().map_or_else(|| value.to_vec(), |before| [&before, &b"\n"[..], value].concat()));
            }
            b"id" if !value.contains(&b'\0') => read.last_event_id = Some(input::text(value).into_owned()),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                read.retry = input::text(value).parse().ok().map(Duration::from_millis).or(read.retry);
            }
            _ => {}
        }
    }
    read
}
