//! What a child writes for nobody in particular, into our log and within a rate: its standard error, line by line, and its
//! log messages for clients that go to none.

use std::sync::{Arc, Mutex, PoisonError};

use outboard_protocol::types::LogMessage;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::{Duration, Instant};

use super::config::StdioBounds;
use super::link::{Counters, Errors};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 << 10;

/// The span over which lines are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Writes a child's standard error into the log until it ends. Whatever the child writes is read at once, so that it never
/// waits for the log; what passes the bounds is counted and dropped.
///
/// The level is that of information: what a server writes there need not be an error (specification: *stdio*).
pub(super) async fn log(mut errors: Errors, backend: Arc<str>, bounds: StdioBounds, counters: Arc<Counters>) {
    let mut sink = Sink::new(&backend, bounds, &counters);
    let mut bytes = vec![0; READ_BYTES];
    loop {
        let read = tokio::select! {
            // First, so that all of what was written is read.
            biased;
            read = errors.stream.read(&mut bytes) => read,
            () = errors.ended.cancelled() => return sink.end(),
        };
        match read {
            Ok(0) | Err(_) => return sink.end(),
            Ok(count) => sink.take(bytes.get(..count).unwrap_or_default()),
        }
    }
}

/// Cuts the stream into lines and the lines to the bounds.
struct Sink<'a> {
    backend: &'a str,
    counters: &'a Counters,
    line_bytes_max: usize,
    /// The line so far, at most one byte longer than the bound.
    line: Vec<u8>,
    rate: Rate,
}

impl<'a> Sink<'a> {
    fn new(backend: &'a str, bounds: StdioBounds, counters: &'a Counters) -> Self {
        let rate = Rate::new(bounds.log_lines_per_second);
        Self { backend, counters, line_bytes_max: bounds.log_line_bytes_max, line: Vec::new(), rate }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let room = (self.line_bytes_max + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(text.get(..room).unwrap_or(text));
            if ended {
                self.line_ended();
            }
        }
    }

    fn end(&mut self) {
        if !self.line.is_empty() {
            self.line_ended();
        }
    }

    fn line_ended(&mut self) {
        let backend = self.backend;
        if self.rate.admits(backend, self.counters) {
            let text = printable(&self.line, self.line_bytes_max);
            tracing::info!(target: "outboard::child", backend, "{text}");
        }
        self.line.clear();
    }
}

/// The log messages of a child that go to no client. Beside [`log`], with a rate of its own.
#[derive(Debug)]
pub(super) struct MessageLog {
    bytes_max: usize,
    rate: Mutex<Rate>,
}

impl MessageLog {
    pub(super) fn new(bounds: &StdioBounds) -> Self {
        Self { bytes_max: bounds.log_line_bytes_max, rate: Mutex::new(Rate::new(bounds.log_lines_per_second)) }
    }

    /// Writes a message into our log, cut as the lines of standard error are.
    pub(super) fn write(&self, message: &LogMessage, backend: &str, counters: &Counters) {
        if self.rate.lock().unwrap_or_else(PoisonError::into_inner).admits(backend, counters) {
            let text = match &message.data {
                Value::String(text) => printable(text.as_bytes(), self.bytes_max),
                data => printable(data.to_string().as_bytes(), self.bytes_max),
            };
            let level = message.level.as_str();
            tracing::info!(target: "outboard::child", backend, level, "{text}");
        }
    }
}

/// The line as text that can do nothing to a terminal, cut to the bound.
fn printable(line: &[u8], bytes_max: usize) -> String {
    let cut = line.get(..bytes_max);
    let text = String::from_utf8_lossy(cut.unwrap_or(line));
    let mut text: String = text
        .trim_end_matches('\r')
        .chars()
        .map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if cut.is_some() && line.len() > bytes_max {
        text.push('…');
    }
    text
}

/// Counts lines per window.
#[derive(Debug)]
struct Rate {
    limit: u32,
    since: Instant,
    lines: u32,
    dropped: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Write it, and first that so many were dropped since the last one.
    Write {
        dropped: u64,
    },
    Drop,
}

impl Rate {
    fn new(limit: u32) -> Self {
        Self { limit, since: Instant::now(), lines: 0, dropped: 0 }
    }

    /// Whether a line is written now; tells in the log what was dropped before it.
    fn admits(&mut self, backend: &str, counters: &Counters) -> bool {
        match self.next(Instant::now()) {
            Verdict::Drop => {
                counters.log_lines_dropped.add();
                false
            }
            Verdict::Write { dropped } => {
                if dropped > 0 {
                    tracing::warn!(target: "outboard::child", backend, dropped, "more lines than are logged in a second");
                }
                true
            }
        }
    }

    fn next(&mut self, now: Instant) -> Verdict {
        if now - self.since >= WINDOW {
            (self.since, self.lines) = (now, 0);
        }
        if self.lines >= self.limit {
            self.dropped += 1;
            return Verdict::Drop;
        }
        self.lines += 1;
        Verdict::Write { dropped: std::mem::take(&mut self.dropped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_and_made_harmless() {
        let cases: [(&[u8], &str); 7] = [
            (b"", ""),
            (b"12345678", "12345678"),
            (b"123456789", "12345678…"),
            (b"a\x1b[2Jb", "a\u{fffd}[2Jb"),
            (b"a\tb\r", "a\tb"),
            (b"a\xffb", "a\u{fffd}b"),
            ("1234567é".as_bytes(), "1234567\u{fffd}…"),
        ];
        for (line, expected) in cases {
            assert_eq!(printable(line, 8), expected, "{line:?}");
        }
    }

    #[test]
    fn what_passes_the_rate_is_dropped_and_told_later() {
        let start = Instant::now();
        let mut rate = Rate { limit: 2, since: start, lines: 0, dropped: 0 };
        let verdicts: Vec<Verdict> = (0..5).map(|_| rate.next(start)).collect();
        assert_eq!(verdicts[1], Verdict::Write { dropped: 0 });
        assert!(verdicts[2..].iter().all(|verdict| *verdict == Verdict::Drop));
        assert_eq!(rate.next(start + WINDOW), Verdict::Write { dropped: 3 });
        assert_eq!(rate.next(start + WINDOW), Verdict::Write { dropped: 0 });
    }

    #[tokio::test]
    async fn a_flood_without_line_ends_is_held_in_the_bound() {
        let bounds = StdioBounds { log_line_bytes_max: 16, log_lines_per_second: 1, ..StdioBounds::default() };
        let counters = Counters::default();
        let mut sink = Sink::new("a", bounds, &counters);
        for _ in 0..1_000 {
            sink.take(&[b'x'; 1_000]);
            assert!(sink.line.len() <= 17);
        }
        sink.take(b"\na\nb\nc");
        sink.end();
        assert_eq!(counters.read().log_lines_dropped, 3);
    }
}
