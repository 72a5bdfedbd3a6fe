//! What a child did that was skipped, as numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often a backend's children did something that was skipped or refused, since the start of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines on standard output that are no MCP message.
    pub garbage_lines: u64,
    /// Answers, and progress, for which no request is in flight: unknown ids, second answers, answers that came too late.
    pub unexpected_answers: u64,
    /// Requests from the child that were refused or, from a modern one, left unanswered.
    pub refused_requests: u64,
    /// Log messages for clients that went into our log, because it is not known whose they are or nobody wants them.
    pub kept_log_messages: u64,
    /// Messages to the child that were dropped because it does not read.
    pub not_sent: u64,
    /// Lines on standard error, and log messages that are nobody's, that were not logged.
    pub log_lines_dropped: u64,
    /// Times that the command was started.
    pub starts: u64,
}

/// The same, counting.
#[derive(Debug, Default)]
pub(in crate::stdio) struct Counters {
    pub(in crate::stdio) garbage_lines: Counter,
    pub(in crate::stdio) unexpected_answers: Counter,
    pub(in crate::stdio) refused_requests: Counter,
    pub(in crate::stdio) kept_log_messages: Counter,
    pub(in crate::stdio) not_sent: Counter,
    pub(in crate::stdio) log_lines_dropped: Counter,
    pub(in crate::stdio) starts: Counter,
}

impl Counters {
    pub(in crate::stdio) fn read(&self) -> Counts {
        Counts {
            garbage_lines: self.garbage_lines.read(),
            unexpected_answers: self.unexpected_answers.read(),
            refused_requests: self.refused_requests.read(),
            kept_log_messages: self.kept_log_messages.read(),
            not_sent: self.not_sent.read(),
            log_lines_dropped: self.log_lines_dropped.read(),
            starts: self.starts.read(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(in crate::stdio) struct Counter(AtomicU64);

impl Counter {
    pub(in crate::stdio) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
