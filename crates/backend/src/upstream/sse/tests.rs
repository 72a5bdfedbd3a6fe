//! What streams mean, and that cutting them anywhere changes nothing.

use proptest::prelude::*;

use super::*;

const LIMITS: SseLimits = SseLimits { line_bytes_max: 40, event_bytes_max: 48 };

type Read = (Vec<SseEvent>, Option<String>, Option<Duration>, Result<(), SseError>);

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let (mut parser, mut events) = (SseParser::new(LIMITS), Vec::new());
    let outcome = chunks.into_iter().try_for_each(|chunk| parser.push(chunk, &mut events));
    (events, parser.last_event_id().map(str::to_owned), parser.retry(), outcome)
}

fn event(kind: &str, data: &str) -> SseEvent {
    SseEvent { kind: kind.to_owned(), data: Bytes::copy_from_slice(data.as_bytes()) }
}

#[test]
fn streams_become_events() {
    let cases: [(&str, Vec<SseEvent>); 18] = [
        ("data: a\n\n", vec![event("", "a")]),
        ("data: a\r\n\r\n", vec![event("", "a")]),
        ("data: a\r\r", vec![event("", "a")]),
        ("data: a\r\n\ndata: b\n\r", vec![event("", "a"), event("", "b")]),
        ("data:a\ndata:  b\n\n", vec![event("", "a\n b")]),
        ("data\n\n", vec![event("", "")]),
        ("data:\n\n", vec![event("", "")]),
        ("data\ndata\n\n", vec![event("", "\n")]),
        ("event: message\ndata: a\n\n", vec![event("message", "a")]),
        ("event: x\n\ndata: a\n\n", vec![event("", "a")]),
        ("\u{feff}data: a\n\n", vec![event("", "a")]),
        ("\u{feff}\u{feff}data: a\n\n", vec![]),
        ("data: a\n\n\u{feff}data: b\n\n", vec![event("", "a")]),
        (": keep-alive\n\n:\n\n", vec![]),
        ("other: x\nDATA: y\n data: z\n\n", vec![]),
        ("data: é世\n\n", vec![event("", "é世")]),
        ("data: cut", vec![]),
        ("data: no blank line\n", vec![]),
    ];
    for (stream, expected) in cases {
        let (events, _, _, outcome) = read([stream.as_bytes()]);
        assert_eq!((events, outcome), (expected, Ok(())), "{stream:?}");
    }
}

#[test]
fn ids_and_waiting_times_are_kept() {
    let millis = |millis| Some(Duration::from_millis(millis));
    let cases = [
        ("id: 1\n\n", Some("1"), None),
        ("id: 1\ndata: a\n\nid: 2\n", Some("2"), None),
        ("id: 1\n\nid\n\n", Some(""), None),
        ("id: 1\n\nid: a\0b\n\n", Some("1"), None),
        ("retry: 250\n", None, millis(250)),
        ("retry: 250\nretry: 1s\nretry: -1\nretry:\n", None, millis(250)),
        ("retry: 99999999999999999999\n", None, None),
    ];
    for (stream, id, retry) in cases {
        let (_, read_id, read_retry, _) = read([stream.as_bytes()]);
        assert_eq!((read_id.as_deref(), read_retry), (id, retry), "{stream:?}");
    }
}

#[test]
fn long_lines_and_long_events_are_refused_after_the_events_before_them() {
    let line = SseError::LineTooLong { bytes_max: LIMITS.line_bytes_max };
    let whole = SseError::EventTooLong { bytes_max: LIMITS.event_bytes_max };
    let fits = "x".repeat(LIMITS.line_bytes_max - "data: ".len());
    let cases = [
        (format!("data: a\n\ndata: {fits}\n\n"), 2, Ok(())),
        (format!("data: a\n\ndata: {fits}x\n\n"), 1, Err(line)),
        (format!("data: a\n\n:{fits}{fits}"), 1, Err(line)),
        (format!("data: a\n\ndata: {fits}\ndata: {}\n\n", "y".repeat(13)), 2, Ok(())),
        (format!("data: a\n\ndata: {fits}\ndata: {}\n\n", "y".repeat(14)), 1, Err(whole)),
    ];
    for (stream, count, expected) in cases {
        let (events, _, _, outcome) = read([stream.as_bytes()]);
        assert_eq!((events.len(), outcome), (count, expected), "{stream}");
    }
}

/// Pieces that streams are made of, so that random ones are interesting.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(b"data: ".to_vec()),
        Just(b"data".to_vec()),
        Just(b"id: 7".to_vec()),
        Just(b"retry: 20".to_vec()),
        Just(b"event: x".to_vec()),
        Just(b":".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(BYTE_ORDER_MARK.to_vec()),
        Just("世".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_way_of_cutting_a_stream_gives_the_same_events(stream in streams(), cuts in prop::collection::vec(1_usize..9, 1..9)) {
        let mut sizes = cuts.iter().copied().cycle();
        let mut chunks = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (chunk, tail) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
            chunks.push(chunk);
            rest = tail;
        }
        prop_assert_eq!(read(chunks), read([&stream[..]]));
    }
}
