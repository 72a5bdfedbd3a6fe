//! The reader of a client's lines as one plain function, for the fuzz targets.

use std::io;

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::lines::{Line, Lines};

/// Reads all lines of at most `bytes_max` bytes; `None` stands for a longer one.
///
/// # Errors
///
/// Those of the reader.
///
/// # Cancel safety
///
/// Not cancel safe: what was read is lost.
pub async fn lines<R: AsyncRead + Unpin>(reader: R, bytes_max: usize) -> io::Result<Vec<Option<Bytes>>> {
    let mut lines = Lines::new(reader, bytes_max);
    let mut read = Vec::new();
    while let Some(line) = lines.next().await? {
        read.push(match line {
            Line::Whole(bytes) => Some(bytes),
            Line::TooLong => None,
        });
    }
    Ok(read)
}
