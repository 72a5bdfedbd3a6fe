//! The lines of a pipe, as a child and as a client send them: however the bytes arrive, what stands between two line feeds
//! is one line, and longer ones are found out.
//!
//! The input is what comes through the pipe.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{io, slice};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, ReadBuf};

use crate::input;

/// Small, so that inputs meet it.
const BYTES_MAX: usize = 16;

pub(super) fn run(data: &[u8]) {
    let ways = [vec![data], data.chunks(1).collect(), input::pieces(data).collect()];
    for chunks in ways {
        lines_of_a_child(data, &chunks);
        lines_of_a_client(data, &chunks);
    }
}

/// Only lines that have ended, up to the first that is too long.
fn lines_of_a_child(data: &[u8], chunks: &[&[u8]]) {
    let reading = outboard_backend::fuzzing::lines(Chunks(chunks.iter()), BYTES_MAX);
    let (read, whole) = reading.now_or_never().expect("nothing is waited for");
    let mut parts = data.split(|byte| *byte == b'\n').peekable();
    let mut expected = Vec::new();
    while let Some(part) = parts.next_if(|part| part.len() <= BYTES_MAX) {
        expected.push(Bytes::copy_from_slice(part));
    }
    let is_whole = parts.peek().is_none();
    if is_whole {
        expected.pop();
    }
    assert_eq!((read, whole), (expected, is_whole), "{chunks:?}");
}

/// All lines that are not blank; the last needs no end.
fn lines_of_a_client(data: &[u8], chunks: &[&[u8]]) {
    let reading = outboard_transport::fuzzing::lines(Chunks(chunks.iter()), BYTES_MAX);
    let read = reading.now_or_never().expect("nothing is waited for").expect("the pipe holds");
    let parts =
        data.split(|byte| *byte == b'\n').filter(|part| part.len() > BYTES_MAX || !part.trim_ascii().is_empty());
    let expected: Vec<_> = parts.map(|part| (part.len() <= BYTES_MAX).then(|| Bytes::copy_from_slice(part))).collect();
    assert_eq!(read, expected, "{chunks:?}");
}

/// A pipe that gives one chunk at a time.
struct Chunks<'a>(slice::Iter<'a, &'a [u8]>);

impl AsyncRead for Chunks<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Readers ask for more than the longest input.
        if let Some(chunk) = self.0.next() {
            buffer.put_slice(chunk);
        }
        Poll::Ready(Ok(()))
    }
}
