//! The reader of event streams as one plain function, for the fuzz targets.

use std::time::Duration;

use bytes::Bytes;

use super::sse::{SseError, SseLimits, SseParser};

/// All that was read of a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct EventStream {
    /// Kind and data of each event.
    pub events: Vec<(String, Bytes)>,
    /// The last `id`.
    pub last_event_id: Option<String>,
    /// The last `retry`.
    pub retry: Option<Duration>,
    /// Why it was given up.
    pub outcome: Result<(), SseError>,
}

/// Reads a stream that arrives in these chunks, within these bounds.
pub fn event_stream<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    line_bytes_max: usize,
    event_bytes_max: usize,
) -> EventStream {
    let mut parser = SseParser::new(SseLimits { line_bytes_max, event_bytes_max });
    let mut events = Vec::new();
    let outcome = chunks.into_iter().try_for_each(|chunk| parser.push(chunk, &mut events));
    EventStream {
        events: events.into_iter().map(|event| (event.kind, event.data)).collect(),
        last_event_id: parser.last_event_id().map(str::to_owned),
        retry: parser.retry(),
        outcome,
    }
}
