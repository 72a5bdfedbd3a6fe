//! Writes messages to a pipe: one a line, nothing else.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

/// Writes what is queued until nobody can queue any more.
pub(super) async fn write<W: AsyncWrite + Unpin>(mut queued: mpsc::Receiver<Vec<u8>>, mut output: W) -> io::Result<()> {
    while let Some(message) = queued.recv().await {
        write_line(&mut output, message).await?;
        // What waits already goes out together.
        while let Ok(message) = queued.try_recv() {
            write_line(&mut output, message).await?;
        }
        output.flush().await?;
    }
    Ok(())
}

async fn write_line<W: AsyncWrite + Unpin>(output: &mut W, mut message: Vec<u8>) -> io::Result<()> {
    // What another server sent may have been laid out in lines. In JSON that is nothing but layout: strings escape theirs.
    message.retain(|byte| *byte != b'\n');
    message.push(b'\n');
    output.write_all(&message).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_message_is_one_line() {
        let (queue, queued) = mpsc::channel(4);
        for message in ["{}", "{\n\"a\":\"\\n\"\r\n}"] {
            queue.send(message.into()).await.unwrap();
        }
        drop(queue);
        let mut output = Vec::new();
        write(queued, &mut output).await.unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "{}\n{\"a\":\"\\n\"\r}\n");
    }
}
