//! Lines of a byte stream, each within a bound.

use std::io;

use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much is asked for at once, in bytes.
const READ_BYTES: usize = 16 << 10;

/// Reads a stream line by line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    limit: usize,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    scanned: usize,
}

/// Why there is no further line.
#[derive(Debug, Error)]
pub(super) enum LineError {
    /// The line is longer than the bound.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
    /// The stream failed.
    #[error("the stream failed")]
    Read(#[source] io::Error),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most `limit` bytes each, their end not counted.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, buffer: BytesMut::new(), scanned: 0 }
    }

    /// The next line, without its end; `None` at the end of the stream. What follows the last line end is no line.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was read stays.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, LineError> {
        loop {
            let unscanned = self.buffer.get(self.scanned..).unwrap_or_default();
            if let Some(offset) = unscanned.iter().position(|byte| *byte == b'\n') {
                let length = self.scanned + offset;
                if length > self.limit {
                    return Err(LineError::TooLong { limit: self.limit });
                }
                self.scanned = 0;
                let mut line = self.buffer.split_to(length + 1);
                line.truncate(length);
                return Ok(Some(line.freeze()));
            }
            self.scanned = self.buffer.len();
            if self.scanned > self.limit {
                return Err(LineError::TooLong { limit: self.limit });
            }
            self.buffer.reserve(READ_BYTES);
            if self.reader.read_buf(&mut self.buffer).await.map_err(LineError::Read)? == 0 {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &[u8], limit: usize) -> (Vec<Bytes>, Result<(), LineError>) {
        let mut lines = Lines::new(text, limit);
        let mut found = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(line)) => found.push(line),
                Ok(None) => return (found, Ok(())),
                Err(error) => return (found, Err(error)),
            }
        }
    }

    #[tokio::test]
    async fn lines_end_at_line_ends_only() {
        let cases: [(&[u8], &[&[u8]]); 6] = [
            (b"", &[]),
            (b"a", &[]),
            (b"a\n", &[b"a"]),
            (b"\n\na\r\nb", &[b"", b"", b"a\r"]),
            (b"\xff\x00\n", &[b"\xff\x00"]),
            (b"12345678\n", &[b"12345678"]),
        ];
        for (text, expected) in cases {
            let (found, end) = all(text, 8).await;
            assert_eq!(found, expected, "{text:?}");
            assert!(end.is_ok());
        }
    }

    #[tokio::test]
    async fn a_line_over_the_bound_is_refused_ended_or_not() {
        for text in [&b"ok\n123456789\nlost\n"[..], b"ok\n123456789"] {
            let (found, end) = all(text, 8).await;
            assert_eq!(found, [b"ok".as_slice()]);
            assert!(matches!(end, Err(LineError::TooLong { limit: 8 })), "{end:?}");
        }
    }
}
