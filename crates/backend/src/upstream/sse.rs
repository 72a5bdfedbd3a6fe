//! A server-sent event stream, read from bytes within bounds (WHATWG HTML §9.2, *Server-sent events*).
//!
//! Bytes go in as they arrive, events come out: the same ones for every way of cutting the bytes. It does not
//! reconnect, and leaves `data` as bytes, because whoever parses them checks that they are UTF-8.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

/// Bounds of one stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct SseLimits {
    /// Most bytes of one line, its end not counted.
    pub(super) line_bytes_max: usize,
    /// Most bytes of the data of one event.
    pub(super) event_bytes_max: usize,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SseEvent {
    /// The `event` field; empty where there was none, which means `message`.
    pub(super) kind: String,
    /// The `data` fields, joined by line feeds.
    pub(super) data: Bytes,
}

/// Why a stream is given up. The peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// One line is too long.
    #[error("a line of the event stream is longer than {bytes_max} bytes")]
    LineTooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// One event is too long.
    #[error("an event of the stream is longer than {bytes_max} bytes")]
    EventTooLong {
        /// The bound.
        bytes_max: usize,
    },
}

/// Reads one stream. Of no use after its first error.
#[derive(Debug)]
pub(super) struct SseParser {
    limits: SseLimits,
    line: Vec<u8>,
    /// The last byte was CR: a LF that follows belongs to it.
    after_cr: bool,
    /// No line has ended yet: the byte order mark may stand in front.
    at_start: bool,
    kind: String,
    data: Vec<u8>,
    has_data: bool,
    last_event_id: Option<String>,
    retry: Option<Duration>,
}

impl SseParser {
    pub(super) fn new(limits: SseLimits) -> Self {
        Self {
            limits,
            line: Vec::new(),
            after_cr: false,
            at_start: true,
            kind: String::new(),
            data: Vec::new(),
            has_data: false,
            last_event_id: None,
            retry: None,
        }
    }

    /// Reads the next bytes and appends the events that they complete to `events`.
    ///
    /// # Errors
    ///
    /// [`SseError`] when a line or an event is too long; the events before it have been appended.
    pub(super) fn push(&mut self, chunk: &[u8], events: &mut impl Extend<SseEvent>) -> Result<(), SseError> {
        let mut rest = chunk;
        while let Some((&first, tail)) = rest.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = tail;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
            let (part, tail) = rest.split_at(end);
            if self.line.len() + part.len() > self.limits.line_bytes_max {
                return Err(SseError::LineTooLong { bytes_max: self.limits.line_bytes_max });
            }
            self.line.extend_from_slice(part);
            let Some((&terminator, tail)) = tail.split_first() else { break };
            self.after_cr = terminator == b'\r';
            events.extend(self.end_line()?);
            rest = tail;
        }
        Ok(())
    }

    /// The last `id` that was seen: where a broken stream can be resumed.
    pub(super) fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    /// How long to wait before resuming, if the peer said so.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn end_line(&mut self) -> Result<Option<SseEvent>, SseError> {
        let mut line = std::mem::take(&mut self.line);
        let text = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) if self.at_start => text,
            _ => &line,
        };
        self.at_start = false;
        let event = if text.is_empty() { self.dispatch() } else { self.field(text).map(|()| None)? };
        // The buffer is kept for the next line.
        line.clear();
        self.line = line;
        Ok(event)
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        let event = SseEvent { kind: std::mem::take(&mut self.kind), data: std::mem::take(&mut self.data).into() };
        std::mem::take(&mut self.has_data).then_some(event)
    }

    fn field(&mut self, line: &[u8]) -> Result<(), SseError> {
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            // A comment.
            Some(0) => return Ok(()),
            Some(colon) => {
                let (name, value) = line.split_at(colon);
                let value = value.strip_prefix(b":").unwrap_or(value);
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match name {
            b"data" => self.append_data(value)?,
            b"event" => self.kind = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => self.last_event_id = Some(String::from_utf8_lossy(value).into_owned()),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                let text = std::str::from_utf8(value).unwrap_or_default();
                self.retry = text.parse().ok().map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
        Ok(())
    }

    fn append_data(&mut self, value: &[u8]) -> Result<(), SseError> {
        let separator = usize::from(self.has_data);
        if self.data.len() + separator + value.len() > self.limits.event_bytes_max {
            return Err(SseError::EventTooLong { bytes_max: self.limits.event_bytes_max });
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(())
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
