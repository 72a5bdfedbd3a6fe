//! The reader of a child's lines as one plain function, for the fuzz targets.

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::lines::Lines;

/// Reads all lines of at most `limit` bytes, and whether the end was the end of the stream and not a longer line.
///
/// # Cancel safety
///
/// Not cancel safe: what was read is lost.
pub async fn lines<R: AsyncRead + Unpin>(reader: R, limit: usize) -> (Vec<Bytes>, bool) {
    let mut lines = Lines::new(reader, limit);
    let mut read = Vec::new();
    loop {
        match lines.next().await {
            Ok(Some(line)) => read.push(line),
            end => return (read, end.is_ok()),
        }
    }
}
