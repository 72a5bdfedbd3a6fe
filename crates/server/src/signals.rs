//! The signals that end the server.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::Mutex;

/// A signal that ends the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM: from whatever runs us as a service.
    Terminate,
    /// SIGINT: from a person at a terminal.
    Interrupt,
}

/// SIGTERM and SIGINT, from the moment this was made.
#[derive(Clone)]
pub(crate) struct Signals {
    both: Arc<Mutex<(unix::Signal, unix::Signal)>>,
}

impl Signals {
    /// Begins to listen: from now on neither signal ends the process by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        let both = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { both: Arc::new(Mutex::new(both)) })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// No signal is lost by dropping the future.
    pub(crate) async fn wait(&self) -> Signal {
        let mut both = self.both.lock().await;
        let (terminate, interrupt) = &mut *both;
        tokio::select! {
            _ = terminate.recv() => Signal::Terminate,
            _ = interrupt.recv() => Signal::Interrupt,
        }
    }
}
