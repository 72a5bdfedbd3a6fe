//! Lines of a bounded length from a pipe.

use std::io;
use std::mem;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// Reads lines; one that is too long is passed over, however long it is.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: BufReader<R>,
    /// What was read of the line so far.
    line: Vec<u8>,
    /// The line so far is longer than it may be.
    is_too_long: bool,
    bytes_max: usize,
}

/// A line, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// As it was sent.
    Whole(Bytes),
    /// It was longer than it may be.
    TooLong,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R, bytes_max: usize) -> Self {
        Self { input: BufReader::new(input), line: Vec::new(), is_too_long: false, bytes_max }
    }

    /// The next line that is not blank; `None` at the end of the input. A last line needs no end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let read = self.input.fill_buf().await?;
            if read.is_empty() {
                return Ok(self.take_line());
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let part = read.get(..end.unwrap_or(read.len())).unwrap_or_default();
            let consumed = part.len() + usize::from(end.is_some());
            if self.line.len() + part.len() > self.bytes_max {
                self.is_too_long = true;
                self.line = Vec::new();
            } else if !self.is_too_long {
                self.line.extend_from_slice(part);
            }
            self.input.consume(consumed);
            if end.is_some()
                && let Some(line) = self.take_line()
            {
                return Ok(Some(line));
            }
        }
    }

    /// What was read, as a line; `None` when it is blank.
    fn take_line(&mut self) -> Option<Line> {
        if mem::take(&mut self.is_too_long) {
            return Some(Line::TooLong);
        }
        let line = mem::take(&mut self.line);
        (!line.trim_ascii().is_empty()).then(|| Line::Whole(line.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8], bytes_max: usize) -> Vec<Line> {
        let mut lines = Lines::new(input, bytes_max);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(line);
        }
        read
    }

    #[tokio::test]
    async fn lines_are_read_within_their_bound() {
        let whole = |text: &str| Line::Whole(text.to_owned().into());
        let long = "x".repeat(20_000);
        let cases = [
            ("", vec![]),
            ("a\nb\n", vec![whole("a"), whole("b")]),
            ("a\r\n\n \t\r\nb", vec![whole("a\r"), whole("b")]),
            ("12345678\n", vec![whole("12345678")]),
            ("123456789\na\n", vec![Line::TooLong, whole("a")]),
            (&format!("{long}\n{long}\na\n{long}"), vec![Line::TooLong, Line::TooLong, whole("a"), Line::TooLong]),
        ];
        for (input, expected) in cases {
            assert_eq!(lines(input.as_bytes(), 8).await, expected);
        }
    }
}
