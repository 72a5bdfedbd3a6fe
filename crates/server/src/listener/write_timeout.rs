//! Fails a write that makes no progress, so that a reader who stalls cannot hold a connection and its call for ever.
//!
//! hyper does not poll a body while its write buffer is full: no timer inside a call runs then, only one beneath hyper.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] when none of their bytes were taken for some time.
#[derive(Debug)]
pub(super) struct WriteTimeout<I> {
    inner: I,
    after: Duration,
    /// Runs while a write waits: writes that succeed never set a timer.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<I> WriteTimeout<I> {
    pub(super) const fn new(inner: I, after: Duration) -> Self {
        Self { inner, after, waiting: None }
    }

    fn bound<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let after = self.after;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(after)));
        waiting.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I: Read + Unpin> Read for WriteTimeout<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<I: Write + Unpin> Write for WriteTimeout<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.bound(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.bound(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.bound(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.bound(ended, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;

    const AFTER: Duration = Duration::from_secs(30);
    /// How much the pipe of a test holds, in bytes.
    const ROOM: usize = 4;

    fn pipe() -> (WriteTimeout<TokioIo<DuplexStream>>, DuplexStream) {
        let (writer, reader) = duplex(ROOM);
        (WriteTimeout::new(TokioIo::new(writer), AFTER), reader)
    }

    async fn write(io: &mut WriteTimeout<TokioIo<DuplexStream>>) -> io::Result<usize> {
        poll_fn(|cx| Pin::new(&mut *io).poll_write(cx, &[0; ROOM])).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_waits_for_too_long_fails() {
        let (mut io, _reader) = pipe();
        assert_eq!(write(&mut io).await.unwrap(), ROOM);
        assert!(io.waiting.is_none(), "a write that succeeds sets no timer");
        let start = Instant::now();
        assert_eq!(write(&mut io).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), AFTER.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_no_stalled_one() {
        let (mut io, mut reader) = pipe();
        let start = Instant::now();
        let writing = async {
            for _ in 0..10 {
                write(&mut io).await.unwrap();
            }
        };
        let reading = async {
            loop {
                sleep(AFTER - Duration::from_secs(1)).await;
                reader.read_exact(&mut [0; ROOM]).await.unwrap();
            }
        };
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
        assert!(start.elapsed() > 5 * AFTER);
    }
}
